"""OMOP CDM 5.3 and 5.4: a folder of CSV or parquet, a DuckDB file, or a PostgreSQL address.

Standard concepts become ``VOCABULARY//code``; rows without one (concept_id 0) keep the source's
own code as ``OMOP_SOURCE//<table>//<source_value>``. Bare dates mean 00:00 of that day. A birth
date without month or day is the 1 January or the first of the month, and counted as a note.
The record's ``source_row`` is the row of the file; for a database it is the primary key.

Reference: OMOP Common Data Model, https://ohdsi.github.io/CommonDataModel/.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from nof1.core.errors import InputError
from nof1.record.events import BIRTH, DEATH, RAW_SCHEMA, TIME
from nof1.record.importers import Batch, Quarantined
from nof1.record.importers.omop_concepts import Concepts
from nof1.record.importers.omop_sources import FolderSource, Source, is_duckdb, open_source
from nof1.record.importers.omop_tables import (
    DEATH_COLUMNS,
    EVENT_TABLES,
    GENDERS,
    OPERATORS,
    PERIOD_COLUMNS,
    PERSON_COLUMNS,
    VISITS,
    VOCABULARY_TABLES,
    EventTable,
)
from nof1.record.scalars import identifiers, numbers, times
from nof1.record.tables import ROW, Chunk

PERIOD_START = "OBSERVATION_PERIOD"
FOLLOW_UP_END = "END_OF_FOLLOW_UP"
"""One per observation period; the last one of a patient ends the follow-up."""


def recognises(path: Path) -> bool:
    """A folder or DuckDB file with a table ``person`` that has OMOP's columns."""
    try:
        if is_duckdb(path):
            return "person" in open_source(path, {}).tables
        tables = FolderSource(path).tables if path.is_dir() else {}
    except InputError:
        return False
    return {"person_id", "gender_concept_id"} <= set(tables.get("person", ()))


def resembles(path: Path) -> bool:
    """A DuckDB file, or a folder with a clinical table of OMOP but without ``person``."""
    if is_duckdb(path):
        return True
    try:
        tables = FolderSource(path).tables if path.is_dir() else {}
    except InputError:
        return False
    return any({"person_id", t.concept} <= set(tables.get(t.name, ())) for t in EVENT_TABLES)


def read(path: Path | str, settings: Mapping[str, Any]) -> Iterator[Batch]:
    """The events of a CDM, table by table.

    Parameters
    ----------
    settings : ``schema`` of a database, ``encoding`` of CSV files, ``timezone`` of clock times.

    Raises
    ------
    InputError : the table person, or a column that a table cannot do without, is missing.
    """
    source = open_source(path, settings)
    _require(source, "person", ["person_id"])
    reader = _Reader(source, str(settings.get("timezone", "UTC")))
    yield Batch(pl.DataFrame(schema=RAW_SCHEMA), notes=_absent(source))
    yield from reader.persons()
    yield from reader.deaths()
    yield from reader.periods()
    for table in EVENT_TABLES:
        if table.name in source.tables:
            yield from reader.events(table)
    yield from reader.concepts.descriptions()


def _absent(source: Source) -> dict[str, int]:
    """Tables that are not there, and tables that are there but hold no events for us."""
    known = {"person", "death", "observation_period", *(table.name for table in EVENT_TABLES)}
    absent = sorted(known - set(source.tables))
    unread = sorted(
        name
        for name, columns in source.tables.items()
        if name not in known | VOCABULARY_TABLES and "person_id" in columns
    )
    notes = {
        f"tables that are absent: {', '.join(absent)}": len(absent),
        f"tables that are not read: {', '.join(unread)}": len(unread),
        "no concept table: codes are OMOP//<id>": int("concept" not in source.tables),
    }
    return {note: count for note, count in notes.items() if count}


def _require(source: Source, table: str, columns: list[str]) -> None:
    have = source.tables.get(table)
    missing = [column for column in columns if column not in (have or ())]
    if missing:
        raise InputError(
            f"The OMOP table {table} is absent."
            if have is None
            else f"The OMOP table {table} lacks {', '.join(missing)}.",
            where=table if have is None else source.files(table)[0],
            allowed="OMOP CDM 5.3 or 5.4",
            next_step="Export the table with all columns of the CDM.",
        )


class _Reader:
    """Turns rows of one source into events."""

    def __init__(self, source: Source, timezone: str) -> None:
        self.source, self.timezone = source, timezone
        self.concepts = Concepts(source)
        self._persons = pl.Series("person_id", [], dtype=pl.Int64)

    def persons(self) -> Iterator[Batch]:
        """Birth, gender, race and ethnicity."""
        for rows in self._rows("person", ["person_id"], PERSON_COLUMNS):
            frame, notes = rows.frame, Counter[str]()
            rows.add(birth=self._birth(frame, notes))
            unread = pl.col("birth").is_null() & pl.col("year_of_birth").is_not_null()
            rows.refuse_where(unread, "the date of birth cannot be read")
            self._persons = pl.concat([self._persons, identifiers(frame["person_id"])])
            born = rows.events(pl.lit(BIRTH), pl.col("birth"), where=pl.col("birth").is_not_null())
            facts = [self._fact(rows, name) for name in ("gender", "race", "ethnicity")]
            yield rows.batch([born, *facts], notes)

    def _fact(self, rows: _Rows, name: str) -> pl.DataFrame:
        """A static fact such as ``GENDER//F``; no row where the source says nothing."""
        known = self.concepts.look_up(rows.frame[f"{name}_concept_id"])
        rows.add(id=known["id"], bare=known["bare"], display=known["name"])
        named = pl.col("id").replace_strict(GENDERS, default=None, return_dtype=pl.String)
        value = pl.coalesce(named, "bare", pl.col(f"{name}_source_value").cast(pl.String))
        code = pl.format(f"{name.upper()}//{{}}", value)
        return rows.events(code, pl.lit(None, TIME), text="display", where=value.is_not_null())

    def _birth(self, frame: pl.DataFrame, notes: Counter[str]) -> pl.Series:
        parts = frame.select(
            identifiers(frame[f"{part}_of_birth"]).alias(part) for part in ("year", "month", "day")
        )
        padded = [
            parts["year"].cast(pl.String).str.zfill(4),
            *(parts[part].fill_null(1).cast(pl.String).str.zfill(2) for part in ("month", "day")),
        ]
        built = times(pl.select(pl.format("{}-{}-{}", *padded)).to_series())
        exact = times(frame["birth_datetime"], timezone=self.timezone)
        coarse = exact.is_null() & built.is_not_null()
        coarse &= parts["month"].is_null() | parts["day"].is_null()
        if coarse.any():
            notes["birth date without month or day: the first was taken"] += int(coarse.sum())
        return exact.zip_with(exact.is_not_null(), built)

    def deaths(self) -> Iterator[Batch]:
        """Death, with the code of its cause as text."""
        for rows in self._rows("death", ["person_id"], DEATH_COLUMNS):
            self._add_time(rows, "death", "time", required=True)
            rows.add(cause=self.concepts.look_up(rows.frame["cause_concept_id"])["code"])
            yield rows.batch([rows.events(pl.lit(DEATH), pl.col("time"), text="cause")])

    def periods(self) -> Iterator[Batch]:
        """Start and end of each observation period."""
        for rows in self._rows("observation_period", PERIOD_COLUMNS[:3], PERIOD_COLUMNS):
            self._add_time(rows, "observation_period_start", "start", required=True)
            self._add_time(rows, "observation_period_end", "end", required=True)
            starts = rows.events(pl.lit(PERIOD_START), pl.col("start"))
            yield rows.batch([starts, rows.events(pl.lit(FOLLOW_UP_END), pl.col("end"))])

    def events(self, table: EventTable) -> Iterator[Batch]:
        """The events of one clinical table."""
        _require(self.source, table.name, ["person_id", table.concept])
        if not set(table.times[:2]) & set(self.source.tables[table.name]):
            _require(self.source, table.name, [table.times[1]])
        for rows in self._rows(table.name, table.identity, table.columns):
            notes = Counter[str]()
            self._add_code(rows, table, notes)
            self._add_time(rows, table.start, "time", required=True)
            parts = self._results(rows) if table.values else self._plain(rows, table)
            yield rows.batch(parts, notes)

    def _plain(self, rows: _Rows, table: EventTable) -> list[pl.DataFrame]:
        """Start and end events of a row without results."""
        if table.end is not None:
            self._add_time(rows, table.end, "end", required=False)
        parts = [rows.events(pl.format(f"{table.prefix}{{}}", "code"), pl.col("time"))]
        if table.admission:
            ways = (("admitted_from", "admitting_source"), ("discharged_to", "discharge_to"))
            for (name, old_name), moment in zip(ways, ("time", "end"), strict=True):
                newer = identifiers(rows.frame[f"{name}_concept_id"])
                older = identifiers(rows.frame[f"{old_name}_concept_id"])
                rows.add(
                    way=self.concepts.look_up(newer.zip_with(newer.is_not_null(), older))["code"]
                )
                known = pl.col("way").is_not_null() & pl.col(moment).is_not_null()
                code = pl.format(f"{name.upper()}//{{}}", "way")
                parts.append(rows.events(code, pl.col(moment), where=known))
        if table.end is not None:
            code = pl.format(f"{table.end_prefix}{{}}", "code")
            parts.append(rows.events(code, pl.col("end"), where=pl.col("end").is_not_null()))
        return parts

    def _results(self, rows: _Rows) -> list[pl.DataFrame]:
        """A number with its unit, or a coded or textual value."""
        frame = rows.frame
        value = self.concepts.look_up(frame["value_as_concept_id"])
        unit = self.concepts.look_up(frame["unit_concept_id"])
        operator = identifiers(frame["operator_concept_id"])
        number = numbers(frame["value_as_number"])
        rows.add(number=number, bare=value["bare"], display=value["name"], unit=unit["bare"])
        rows.add(sign=operator.replace_strict(OPERATORS, default=None, return_dtype=pl.String))
        rows.add(unit_known=unit["known"])
        unread = pl.col("number").is_null() & pl.col("value_as_number").is_not_null()
        rows.refuse_where(unread, "the value is no number")
        coded = pl.col("number").is_null() & pl.col("bare").is_not_null()
        texts = pl.coalesce(pl.col("value_as_string", "value_source_value").cast(pl.String))
        words = (
            pl.when(coded)
            .then(pl.coalesce("display", texts))
            .when(pl.col("number").is_null())
            .then(texts)
            .otherwise(pl.format("{}{}", "sign", "number"))
        )
        own_unit = pl.when("unit_known").then("unit")
        rows.frame = rows.frame.with_columns(
            words=words, unit=pl.coalesce(own_unit, pl.col("unit_source_value").cast(pl.String))
        )
        code = pl.when(coded).then(pl.format("{}//{}", "code", "bare")).otherwise("code")
        return [rows.events(code, pl.col("time"), value="number", unit="unit", text="words")]

    def _add_code(self, rows: _Rows, table: EventTable, notes: Counter[str]) -> None:
        """Column ``code``: the concept, or the source's own code where there is none."""
        known = self.concepts.look_up(rows.frame[table.concept])
        visit = known["id"].replace_strict(VISITS, default=None, return_dtype=pl.String)
        short = visit if table.admission else visit.clear(len(visit))
        rows.add(short=short, concept=known["code"])
        source = pl.format(
            f"OMOP_SOURCE//{table.name}//{{}}", pl.col(table.source_value).cast(pl.String)
        )
        rows.frame = rows.frame.with_columns(code=pl.coalesce("short", "concept", source))
        unmapped = int(known["id"].is_null().sum())
        strange = int((known["id"].is_not_null() & ~known["known"]).sum())
        if unmapped:
            notes[f"{table.name}: rows without a standard concept"] += unmapped
        if strange and self.concepts.present:
            notes[f"{table.name}: rows with a concept that the concept table lacks"] += strange

    def _add_time(self, rows: _Rows, stem: str, name: str, *, required: bool) -> None:
        """Column ``name``: the datetime, or else the date; unreadable ones are refused."""
        found = pl.Series(name, [None] * rows.frame.height, TIME)
        present = pl.Series([False] * rows.frame.height, dtype=pl.Boolean)
        for kind in ("datetime", "date"):
            if f"{stem}_{kind}" in rows.frame.columns:
                column = rows.frame[f"{stem}_{kind}"]
                present |= column.is_not_null()
                found = found.zip_with(found.is_not_null(), times(column, timezone=self.timezone))
        rows.add(**{name: found, "present": present})
        unread = pl.col(name).is_null() & pl.col("present")
        rows.refuse_where(unread, f"{stem}: the date cannot be read")
        if required:
            rows.refuse_where(pl.col(name).is_null(), f"{stem}: no date")

    def _rows(self, table: str, identity: Sequence[str], columns: Sequence[str]) -> Iterator[_Rows]:
        if table not in self.source.tables:
            return
        files = self.source.files(table)
        yield _Rows(
            Chunk(pl.DataFrame(schema=dict.fromkeys(columns, pl.String))), table, identity, files
        )
        for chunk in self.source.read(table, columns):
            rows = _Rows(chunk, table, identity, files)
            if table != "person":
                people = identifiers(rows.frame["person_id"])
                rows.add(stranger=people.is_not_null() & ~people.is_in(self._persons.implode()))
                rows.refuse_where(pl.col("stranger"), "the person is not in the table person")
            yield rows


class _Rows:
    """Rows of one table on their way to events.

    ``identity`` are the columns that make a record: the primary key first, then what happened to
    whom and when, because in real extracts keys that should be unique are not.
    """

    def __init__(
        self, chunk: Chunk, table: str, identity: Sequence[str], files: Sequence[str]
    ) -> None:
        self.quarantined = list(chunk.quarantined)
        self.files, self._table = files, table
        self._file = chunk.file or files[0]
        key = identifiers(chunk.frame[identity[0]])
        row = chunk.frame[ROW] if ROW in chunk.frame.columns else key
        self.frame = chunk.frame.with_columns(
            _patient=_identifier_text(chunk.frame["person_id"]),
            _record=pl.concat_str(pl.lit(table), *map(_plain_text, identity), separator="/"),
            _row=row,
        )

    def add(self, **columns: pl.Series) -> None:
        """Add or replace columns."""
        self.frame = self.frame.with_columns(**columns)

    def refuse_where(self, condition: pl.Expr, reason: str) -> None:
        """Send rows to quarantine."""
        bad = self.frame.select(condition.fill_null(False)).to_series()
        if bad.any():
            rows = self.frame.filter(bad)["_row"]
            self.quarantined += [Quarantined(self._file, row, reason) for row in rows]
            self.frame = self.frame.filter(~bad)

    def events(
        self,
        code: pl.Expr,
        time: pl.Expr,
        *,
        value: str | None = None,
        unit: str | None = None,
        text: str | None = None,
        where: pl.Expr | None = None,
    ) -> pl.DataFrame:
        """One event per row."""
        nothing = pl.lit(None)
        frame = self.frame if where is None else self.frame.filter(where)
        return frame.select(
            patient="_patient",
            time=time,
            code=code,
            numeric_value=nothing if value is None else pl.col(value),
            text_value=nothing if text is None else pl.col(text),
            unit=nothing if unit is None else pl.col(unit),
            recorded=nothing,
            record="_record",
            source_file=pl.lit(self._file),
            source_row="_row",
        ).cast(RAW_SCHEMA)

    def batch(self, parts: list[pl.DataFrame], notes: Mapping[str, int] | None = None) -> Batch:
        """The events of the rows that were not refused meanwhile; silent rows are counted."""
        whole = pl.concat(parts)
        silent = self.frame.height - self.frame["_row"].is_in(whole["source_row"].implode()).sum()
        excluded = {f"{self._table}: rows that state nothing": int(silent)}
        return Batch(whole, self.quarantined, excluded, notes or {}, self.files)


def _plain_text(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.String).str.strip_suffix(".0").fill_null("")


def _identifier_text(column: pl.Series) -> pl.Series:
    """Person ids as text: 7.0 is "7"; what is no whole number stays as it is written."""
    whole = identifiers(column).cast(pl.String)
    return whole.zip_with(whole.is_not_null(), column.cast(pl.String))
