"""CSV, TSV and parquet tables that a mapping file explains (``nof1.record.importers.mapping``).

A row whose time, number or patient cannot be read goes to quarantine; in a wide table only the
event of that column does. A row without anything that is an event is counted. A number written
with a sign ("> 89", "<0.02") is kept as the number, with the text beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import polars as pl

from nof1.core.errors import InputError
from nof1.record.description import schema_of
from nof1.record.events import BIRTH, DEATH, RAW_SCHEMA, TIME
from nof1.record.importers import Batch, Quarantined
from nof1.record.importers.mapping import (
    SCHEMA,
    UNITS,
    Anchor,
    EventRule,
    MappingFile,
    Moment,
    TableRule,
    load_mapping,
    pieces,
)
from nof1.record.reading import DEFAULT_LIMIT, files_below, relative_name
from nof1.record.scalars import bounds, numbers, times
from nof1.record.tables import ROW, Chunk, read_table

FOLLOW_UP_END = "END_OF_FOLLOW_UP"
MICROSECONDS = 1_000_000
OLDEST_YEARS = 130
_TABLES = (".csv", ".tsv", ".txt", ".parquet")
_NOTHING = {
    "_number": pl.lit(None, pl.Float64),
    "_unit": pl.lit(None, pl.String),
    "_recorded": pl.lit(None, TIME),
}


def recognises(path: Path) -> bool:
    """A folder with a mapping file in it, or the mapping file itself."""
    return bool(_mapping_files(path))


def is_mapped(path: Path, settings: Mapping[str, Any]) -> bool:
    """Does the mapping of the settings name this file, or a file of this folder?"""
    rules = load_mapping(Path(settings["mapping"]))
    return any(_rule(rules, name) for _, name in _files(path))


def read(path: Path, settings: Mapping[str, Any]) -> Iterator[Batch]:
    """The events of all files that the mapping names.

    Parameters
    ----------
    settings : ``mapping`` (else the one in the folder), ``encoding``, ``timezone``,
        ``limit_bytes``.

    Raises
    ------
    InputError : the mapping is wrong, or a file lacks a column that it names.
    """
    rules = load_mapping(_mapping(path, settings))
    folder = path.parent if schema_of(path) == SCHEMA else path
    reader = _Reader(rules, folder, settings)
    files = _files(folder)
    others = any(folder.is_relative_to(other) for other in settings.get("elsewhere", ()))
    notes = _unread(rules, [name for _, name in files], only_tables=others)
    yield Batch(pl.DataFrame(schema=RAW_SCHEMA), notes=notes)
    for file, name in files:
        rule = _rule(rules, name)
        if rule is not None:
            yield from reader.table(file, name, rule)


def _mapping_files(path: Path) -> list[Path]:
    candidates = sorted(path.glob("*.y*ml")) if path.is_dir() else [path]
    return [file for file in candidates if schema_of(file) == SCHEMA]


def _mapping(path: Path, settings: Mapping[str, Any]) -> Path:
    found = [Path(settings["mapping"])] if settings.get("mapping") else _mapping_files(path)
    if len(found) != 1:
        raise InputError(
            "The folder holds several mapping files." if found else "There is no mapping file.",
            where=path.name,
            allowed=[file.name for file in found] or f"a YAML file with `schema: {SCHEMA}`",
            next_step="Name one with the setting `mapping`.",
        )
    return found[0]


def _files(path: Path) -> list[tuple[Path, str]]:
    return [(file, relative_name(file, path)) for file in files_below(path)]


def _matches(name: str, pattern: str) -> bool:
    return any(fnmatchcase(n, pattern) for n in (name, name.removesuffix(".gz")))


def _rule(rules: MappingFile, name: str) -> TableRule | None:
    return next((rule for rule in rules.tables if _matches(name, rule.file)), None)


def _unread(rules: MappingFile, names: list[str], *, only_tables: bool) -> dict[str, int]:
    """Files without a rule and rules without a file; other importers may read what is no table."""
    known = [rule.file for rule in rules.tables] + [a.file for a in rules.anchors.values()]
    strange = [n for n in names if not any(_matches(n, k) for k in known) and not n.endswith("ml")]
    if only_tables:
        strange = [n for n in strange if n.removesuffix(".gz").lower().endswith(_TABLES)]
    absent = [k for k in known if not any(_matches(n, k) for n in names)]
    return {f"the file {n} is not in the mapping: not read": 1 for n in strange} | {
        f"the file {k} of the mapping is absent": 1 for k in absent
    }


class _Reader:
    """Reads the tables of one mapping."""

    def __init__(self, rules: MappingFile, root: Path, settings: Mapping[str, Any]) -> None:
        self.rules, self.root = rules, root
        self.encoding = str(settings.get("encoding", rules.encoding))
        self.timezone = str(settings.get("timezone") or rules.timezone or "UTC")
        self.limit = int(settings.get("limit_bytes", DEFAULT_LIMIT))
        self._anchors: dict[str, pl.DataFrame] = {}

    def table(self, path: Path, name: str, rule: TableRule) -> Iterator[Batch]:
        """The events of one file."""
        yield Batch(pl.DataFrame(schema=RAW_SCHEMA), files=[name])
        for chunk in self._chunks(path, name, rule.columns):
            rows = _Rows(chunk, name, rule, self.timezone)
            if rule.anchor is not None:
                rows.join_anchor(self._anchor(rule.anchor))
            yield rows.batch()

    def _chunks(self, path: Path, name: str, columns: list[str]) -> Iterator[Chunk]:
        chunks = read_table(
            path, name, root=self.root, columns=columns, encoding=self.encoding, limit=self.limit
        )
        for chunk in chunks:
            texts = pl.col(pl.String)
            known = pl.when(~texts.is_in(self.rules.missing)).then(texts).name.keep()
            yield Chunk(_whole(chunk.frame).with_columns(known), chunk.quarantined, chunk.file)

    def _anchor(self, name: str) -> pl.DataFrame:
        """Rows of _key, _patient and _zero; read once."""
        if name not in self._anchors:
            self._anchors[name] = self._read_anchor(self.rules.anchors[name])
        return self._anchors[name]

    def _read_anchor(self, anchor: Anchor) -> pl.DataFrame:
        found = [(f, n) for f, n in _files(self.root) if _matches(n, anchor.file)]
        if not found:
            raise InputError(
                "The file that gives the other tables their patients is absent.",
                where=anchor.file,
                next_step="Import the folder that holds all files of the mapping.",
            )
        columns = sorted({anchor.key, anchor.patient} | anchor.time.columns)
        parts = []
        for path, name in found:
            for chunk in self._chunks(path, name, columns):
                zero = moments(chunk.frame, anchor.time, self.timezone)
                part = chunk.frame.with_columns(_zero=zero)
                key, patient = _text(anchor.key, "_key"), _text(anchor.patient, "_patient")
                parts.append(part.select(key, patient, "_zero"))
        whole = pl.concat(parts).filter(pl.col("_key").is_not_null())
        return whole.unique("_key", keep="first", maintain_order=True)


class _Rows:
    """Rows of one chunk on their way to events."""

    def __init__(self, chunk: Chunk, name: str, rule: TableRule, timezone: str) -> None:
        self.rule, self.name, self.timezone = rule, name, timezone
        self.quarantined = list(chunk.quarantined)
        self.excluded: Counter[str] = Counter()
        self.frame = chunk.frame
        for column, words in rule.translate.items():
            self.frame = self.frame.with_columns(pl.col(column).replace(words))
        if rule.patient is not None:
            self.frame = self.frame.with_columns(_text(rule.patient, "_patient"))
        self._exclude()

    def join_anchor(self, anchor: pl.DataFrame) -> None:
        """Give each row its patient and the zero of its times."""
        keyed = self.frame.with_columns(_text(self.rule.key or "", "_key"))
        self.frame = keyed.join(anchor, on="_key", how="left", maintain_order="left")
        where = f"the anchor {self.rule.anchor}"
        self._refuse(pl.col("_patient").is_null(), f"no patient: {where} lacks this key")
        self._refuse(pl.col("_zero").is_null(), f"no time: {where} has none for this key")

    def batch(self) -> Batch:
        """All events of the rows."""
        parts = [self._events(rule) for rule in self.rule.events]
        if self.rule.birth is not None:
            parts.append(self._birth())
        if self.rule.survival is not None:
            parts += self._survival()
        whole = pl.concat([pl.DataFrame(schema=RAW_SCHEMA), *parts])
        self._count_silent(whole)
        return Batch(whole, self.quarantined, excluded=self.excluded, files=[self.name])

    def _count_silent(self, events: pl.DataFrame) -> None:
        """Rows that gave neither an event nor a refusal are counted as left out."""
        told = pl.Series([item.row for item in self.quarantined], dtype=pl.Int64)
        rows = self.frame[ROW]
        silent = ~rows.is_in(events["source_row"].implode()) & ~rows.is_in(told.implode())
        self.excluded[f"{self.name}: rows whose cells are empty or match no rule"] += int(
            silent.sum()
        )

    def _exclude(self) -> None:
        for rule in self.rule.exclude:
            hit = self.frame[rule.column].cast(pl.String).is_in(rule.equals).fill_null(False)
            if hit.any():
                self.excluded[rule.reason] += int(hit.sum())
                self.frame = self.frame.filter(~hit)

    def _refuse(self, condition: pl.Expr, reason: str) -> None:
        self.frame = self._kept(self.frame, condition, reason)

    def _kept(self, frame: pl.DataFrame, condition: pl.Expr, reason: str) -> pl.DataFrame:
        """The frame without the rows of the condition, which go to quarantine."""
        bad = frame.select(condition.fill_null(False)).to_series()
        if not bad.any():
            return frame
        self.quarantined += [Quarantined(self.name, row, reason) for row in frame.filter(bad)[ROW]]
        return frame.filter(~bad)

    def _events(self, rule: EventRule) -> pl.DataFrame:
        """The events of one rule."""
        frame = self.frame
        for column, texts in rule.where.items():
            frame = frame.filter(pl.col(column).cast(pl.String).is_in(texts))
        code = pl.coalesce(_filled(template) for template in rule.code)
        frame = frame.with_columns(_code=code, _unit=pl.lit(rule.unit, pl.String))
        if rule.category:
            frame = frame.filter(pl.col("_code").is_not_null())  # an empty cell is no event
        frame = self._with_number(frame, rule)
        if rule.unit_column is not None:
            frame = frame.with_columns(_text(rule.unit_column, "_unit"))
        return self._timed(frame, rule)

    def _with_number(self, frame: pl.DataFrame, rule: EventRule) -> pl.DataFrame:
        if rule.value is None:
            number = pl.Series([None] * frame.height, dtype=pl.Float64)
            told = pl.lit(None, pl.String) if rule.text is None else _text(rule.text)
            return frame.with_columns(_number=number, _text=told)
        raw = frame[rule.value]
        plain = numbers(raw)
        bound = bounds(raw) if plain.null_count() > raw.null_count() else plain.clear(len(raw))
        frame = frame.with_columns(_number=plain.zip_with(plain.is_not_null(), bound))
        sign = pl.when(bound.is_not_null()).then(_text(rule.value))
        fallback = pl.lit(None, pl.String) if rule.text is None else _text(rule.text)
        told = pl.coalesce(sign, pl.when(pl.col("_number").is_null()).then(fallback))
        frame = frame.with_columns(_text=told)
        empty = pl.col("_number").is_null() & pl.col("_text").is_null()
        unread = empty & pl.col(rule.value).is_not_null()
        return self._kept(frame, unread, f"column {rule.value}: no number").filter(~empty)

    def _timed(self, frame: pl.DataFrame, rule: EventRule) -> pl.DataFrame:
        frame = frame.with_columns(
            _time=moments(frame, rule.time, self.timezone),
            _recorded=moments(frame, rule.recorded or Moment(), self.timezone),
        )
        frame = self._dated(frame, rule.time, optional=rule.optional)
        return self._finished(frame)

    def _dated(self, frame: pl.DataFrame, time: Moment, *, optional: bool) -> pl.DataFrame:
        """Rows with a time; the others are refused, or left out where time is optional."""
        if time.static:
            return frame
        absent = pl.col("_time").is_null()
        if optional and time.columns:
            nothing = pl.all_horizontal(pl.col(sorted(time.columns)[:1]).is_null())
            frame = frame.filter(~nothing)
        names = ", ".join(sorted(time.columns)) or "anchor"
        return self._kept(frame, absent, f"no time that can be read (column {names})")

    def _finished(self, frame: pl.DataFrame) -> pl.DataFrame:
        nothing = pl.lit(None, pl.String)
        stem = self.name.rsplit("/", 1)[-1].split(".", 1)[0]
        record = pl.format(f"{stem}/{{}}", _text(self.rule.record)) if self.rule.record else nothing
        return frame.select(
            patient="_patient",
            time="_time",
            code="_code",
            numeric_value="_number",
            text_value="_text",
            unit="_unit",
            recorded="_recorded",
            record=record,
            source_file=pl.lit(self.name),
            source_row=ROW,
        ).cast(RAW_SCHEMA)

    def _birth(self) -> pl.DataFrame:
        """Date of birth: the moment less the age."""
        rule = self.rule.birth
        assert rule is not None
        raw = self.frame[rule.age]
        age = numbers(raw)
        bound = bounds(raw)
        frame = self.frame.with_columns(
            _age=age.zip_with(age.is_not_null(), bound), _known=raw.is_not_null()
        )
        frame = frame.with_columns(_text=pl.when(bound.is_not_null()).then(_text(rule.age)))
        frame = frame.filter(pl.col("_known"))
        frame = self._kept(frame, pl.col("_age").is_null(), f"column {rule.age}: no number")
        outside = ~pl.col("_age").is_between(0, OLDEST_YEARS)
        frame = self._kept(frame, outside, f"column {rule.age}: not between 0 and {OLDEST_YEARS}")
        lived = (frame["_age"] * UNITS["years"] * MICROSECONDS).round().cast(pl.Int64)
        moment = moments(frame, rule.at, self.timezone) - lived.cast(pl.Duration("us"))
        frame = self._dated(frame.with_columns(_time=moment), rule.at, optional=False)
        return self._finished(frame.with_columns(_code=pl.lit(BIRTH), **_NOTHING))

    def _survival(self) -> list[pl.DataFrame]:
        """The end of follow-up of everyone, and the death of those who died."""
        rule = self.rule.survival
        assert rule is not None
        frame = self.frame.with_columns(_died=numbers(self.frame[rule.event]))
        strange = ~pl.col("_died").is_in([0.0, 1.0]) | pl.col("_died").is_null()
        frame = self._kept(frame, strange, f"column {rule.event}: not 0 or 1")
        frame = frame.with_columns(_time=moments(frame, rule.end, self.timezone), **_NOTHING)
        end = self._dated(frame, rule.end, optional=False).with_columns(
            _code=pl.lit(FOLLOW_UP_END), _text=pl.lit(None, pl.String)
        )
        death = end.filter(pl.col("_died") == 1).with_columns(_code=pl.lit(DEATH))
        return [self._finished(end), self._finished(death)]


def moments(frame: pl.DataFrame, moment: Moment, timezone: str) -> pl.Series:
    """The time of each row; null where it is absent or cannot be read."""
    if moment.static:
        return pl.Series([None] * frame.height, dtype=TIME)
    if moment.template is None:
        base = frame["_zero"]
    else:
        _, columns = pieces(moment.template)
        alone = moment.template == f"{{{columns[0]}}}" if columns else False
        written = frame.select(pl.col(columns[0]) if alone else _filled(moment.template))
        base = times(_as_long_as(frame, written), format=moment.format, timezone=timezone)
    if moment.offset is None:
        return base
    step = numbers(frame[moment.offset]) * moment.seconds * MICROSECONDS
    step = step.set(~(step.is_finite() & (step.abs() < 2**62)).fill_null(False), None)
    return base + step.round().cast(pl.Int64).cast(pl.Duration("us"))


def _filled(template: str) -> pl.Expr:
    """A template with the texts of its columns; null where one of them is."""
    format, columns = pieces(template)
    return (
        pl.format(format, *(_text(column) for column in columns)) if columns else pl.lit(template)
    )


def _as_long_as(frame: pl.DataFrame, column: pl.DataFrame) -> pl.Series:
    """A single column; a constant is repeated for each row of the frame."""
    series = column.to_series()
    return series if series.len() == frame.height else pl.Series([series[0]] * frame.height)


def _text(column: str, name: str | None = None) -> pl.Expr:
    """A column as text."""
    return pl.col(column).cast(pl.String).alias(name or column)


def _whole(frame: pl.DataFrame) -> pl.DataFrame:
    """Float columns of whole numbers as integers: parquet files keep identifiers so."""
    floats = [c for c in frame.columns if frame[c].dtype.is_float() and c != ROW]
    whole = [c for c in floats if (frame[c].drop_nulls().abs() < 2**53).all()]
    whole = [c for c in whole if (frame[c].drop_nulls() % 1 == 0).all()]
    return frame.with_columns(pl.col(whole).cast(pl.Int64))
