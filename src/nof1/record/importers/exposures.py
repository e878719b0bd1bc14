"""Exposure tables: surroundings (air quality, deprivation, ...) by region and date.

A description file (``schema: nof1/exposures/1``) names the tables and says where patients live:
in a table of its own, or in ``REGION//<region>`` events of the record. Each patient gets
``EXPOSURE//<name>`` events for the times lived in the region. A value that describes a day, month
or year is dated at its beginning, but counts as *recorded* at its end: before that nobody could
know it. After a patient's death nothing is added. Rows of regions where no patient lives give no
events and are counted.

    schema: nof1/exposures/1
    patients: {file: homes.csv, patient: id, region: county, from: since}   # or {code: REGION}
    tables:
      - file: air.csv
        region: county
        date: day               # left out: a static fact of the region
        period: day             # day, month or year
        values: {pm25: ug/m3, no2: ug/m3}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from nof1.core.errors import InputError
from nof1.record.description import Entry, load, schema_of
from nof1.record.events import RAW_SCHEMA, TIME
from nof1.record.importers import Batch, Quarantined
from nof1.record.reading import files_below, relative_name
from nof1.record.scalars import numbers, times
from nof1.record.tables import ROW, Chunk, read_table

SCHEMA = "nof1/exposures/1"
AFTER_OTHERS = True  # where patients live, and when they died, may stand in another source
PERIODS = {"day": "1d", "month": "1mo", "year": "1y"}
HOMES = pl.Schema(
    {"patient": pl.String(), "region": pl.String(), "since": TIME, "until": TIME, "died": TIME}
)
_ROWS_AT_ONCE = 2_000  # each may concern every patient of a region


@dataclass(frozen=True)
class ExposureTable:
    """One table; ``values`` maps columns to units (None: no unit)."""

    file: str
    region: str
    date: str | None
    period: str
    values: Mapping[str, str | None]


def recognises(path: Path) -> bool:
    """A folder with an exposure description in it, or the description itself."""
    return len(_descriptions(path)) > 0


def read(path: Path, settings: Mapping[str, Any]) -> Iterator[Batch]:
    """The exposure events of all patients whose region is known.

    Parameters
    ----------
    settings : ``residences`` and ``deaths``, functions without arguments that give the REGION
        events of the record (frame of patient, region, since) and its deaths (patient, died);
        ``encoding``.

    Raises
    ------
    InputError : the description is wrong, or a file or column that it names is missing.
    """
    descriptions = _descriptions(path)
    if len(descriptions) != 1:
        raise InputError(
            "There must be one exposure description.", where=path.name, allowed=f"schema: {SCHEMA}"
        )
    folder = path if path.is_dir() else path.parent
    top = load(descriptions[0]).fields(("schema", "patients", "tables"), ("patients", "tables"))
    encoding = str(settings.get("encoding", "utf-8"))
    found = _homes(top["patients"], folder, settings, encoding)
    homes = _lives(found.rows, settings["deaths"]())
    yield Batch(_no_events(), found.refused, {_HOMELESS: found.empty}, _homeless(homes))
    for entry in top["tables"].items():
        yield from _table_batches(entry, folder, homes, encoding)


def _descriptions(path: Path) -> list[Path]:
    candidates = sorted(path.glob("*.y*ml")) if path.is_dir() else [path]
    return [file for file in candidates if schema_of(file) == SCHEMA]


def _table(entry: Entry) -> ExposureTable:
    names = ("file", "region", "date", "period", "values")
    fields = entry.fields(names, ("file", "region", "values"))
    period = fields["period"].text(list(PERIODS)) if "period" in fields else "day"
    values = {
        name: None if unit.content is None else unit.text()
        for name, unit in fields["values"].fields().items()
    }
    date = fields["date"].text() if "date" in fields else None
    return ExposureTable(fields["file"].text(), fields["region"].text(), date, period, values)


@dataclass
class _Homes:
    """Rows of patient, region, since; what was refused; and rows without patient or region."""

    rows: pl.DataFrame
    refused: list[Quarantined] = field(default_factory=list)
    empty: int = 0


_HOMELESS = "home without patient or region"


def _homes(entry: Entry, folder: Path, settings: Mapping[str, Any], encoding: str) -> _Homes:
    """Where patients live, and since when (null: always)."""
    names = ("code", "file", "patient", "region", "from")
    fields = entry.fields(names)
    if ("code" in fields) == ("file" in fields):
        raise entry.problem("Patients' regions come from `code` or from a `file`.", names)
    if "code" in fields:
        fields["code"].text(["REGION"])
        return _Homes(settings["residences"]())
    entry.fields(names, ("file", "patient", "region"))
    homes = _Homes(pl.DataFrame(schema={n: HOMES[n] for n in ("patient", "region", "since")}))
    for part in _home_rows(fields, folder, encoding, homes.refused):
        known = part.drop_nulls(["patient", "region"])
        homes.empty += part.height - known.height
        homes.rows.extend(known)
    return homes


def _lives(rows: pl.DataFrame, deaths: pl.DataFrame) -> pl.DataFrame:
    """Homes with their end: the next home of the patient, or death."""
    ordered = rows.unique().sort("patient", "since", "region")
    # one address may name several regions (country, county): they begin and end together
    moves = ordered.select("patient", "since").unique().sort("patient", "since")
    until = pl.col("since").shift(-1).over("patient").alias("until")
    spans = moves.with_columns(until)
    with_end = ordered.join(spans, on=["patient", "since"], how="left", nulls_equal=True)
    with_end = with_end.join(deaths, on="patient", how="left")
    return with_end.select(list(HOMES)).cast(HOMES)


def _home_rows(
    fields: Mapping[str, Entry], folder: Path, encoding: str, refused: list[Quarantined]
) -> Iterator[pl.DataFrame]:
    names = {name: entry.text() for name, entry in fields.items()}
    columns = [names[n] for n in ("patient", "region", "from") if n in names]
    for chunk in _chunks(folder, fields["file"], columns, encoding):
        frame = chunk.frame
        since = times(frame[names["from"]]) if "from" in names else pl.Series([None], dtype=TIME)
        part = frame.select(
            patient=pl.col(names["patient"]).cast(pl.String),
            region=pl.col(names["region"]).cast(pl.String),
            since=since if len(since) == frame.height else pl.lit(None, TIME),
        )
        if "from" in names:
            unread = part["since"].is_null() & frame[names["from"]].is_not_null()
            rows = frame.filter(unread)[ROW]
            refused += [Quarantined(chunk.file, row, "the date cannot be read") for row in rows]
            part = part.filter(~unread)
        refused += chunk.quarantined
        yield part


def _homeless(homes: pl.DataFrame) -> dict[str, int]:
    return {} if homes.height else {"no patient's region is known: no exposures": 1}


def _table_batches(
    entry: Entry, folder: Path, homes: pl.DataFrame, encoding: str
) -> Iterator[Batch]:
    table = _table(entry)
    columns = [table.region, *([table.date] if table.date else []), *table.values]
    for chunk in _chunks(folder, entry.fields()["file"], columns, encoding):
        quarantined = list(chunk.quarantined)
        frame = _dated(chunk, table, quarantined)
        yield Batch(_no_events(), quarantined, files=[chunk.file])
        for start in range(0, frame.height, _ROWS_AT_ONCE):
            part = frame[start : start + _ROWS_AT_ONCE]
            events, refused = _events(part, table, homes, chunk.file)
            told = pl.Series([*events["source_row"], *(item.row for item in refused)])
            silent = part.height - int(part[ROW].is_in(told.cast(pl.Int64).implode()).sum())
            excluded = {f"{chunk.file}: nobody lived there then, or no value": silent}
            yield Batch(events, refused, excluded, files=[chunk.file])


def _no_events() -> pl.DataFrame:
    return pl.DataFrame(schema=RAW_SCHEMA)


def _chunks(folder: Path, file: Entry, columns: list[str], encoding: str) -> Iterator[Chunk]:
    found = {relative_name(path, folder): path for path in files_below(folder)}
    name = file.text() if file.text() in found else f"{file.text()}.gz"
    if name not in found:
        raise file.problem("This file is absent.", sorted(found))
    yield from read_table(found[name], name, root=folder, columns=columns, encoding=encoding)


def _dated(chunk: Chunk, table: ExposureTable, quarantined: list[Quarantined]) -> pl.DataFrame:
    """Rows with ``_time``; rows without a readable date are refused."""
    if table.date is None:
        return chunk.frame.with_columns(_time=pl.lit(None, TIME))
    written = chunk.frame[table.date].cast(pl.String)
    short = pl.when(written.str.len_chars() == 4).then(written + "-01-01")
    month = pl.when(written.str.len_chars() == 7).then(written + "-01")
    full = chunk.frame.select(pl.coalesce(short, month, written).alias("t")).to_series()
    frame = chunk.frame.with_columns(_time=times(full))
    bad = frame["_time"].is_null()
    reason = f"column {table.date}: no date that can be read"
    quarantined += [Quarantined(chunk.file, row, reason) for row in frame.filter(bad)[ROW]]
    return frame.filter(~bad)


def _events(
    frame: pl.DataFrame, table: ExposureTable, homes: pl.DataFrame, file: str
) -> tuple[pl.DataFrame, list[Quarantined]]:
    """One event per value, and per patient who lived in the region at that time."""
    keyed = frame.with_columns(region=pl.col(table.region).cast(pl.String))
    lived = keyed.join(homes, on="region", how="inner", maintain_order="left")
    static = pl.col("_time").is_null()
    started = pl.col("since").is_null() | (pl.col("since") <= pl.col("_time"))
    left = pl.col("until").is_not_null() & (pl.col("until") <= pl.col("_time"))
    left |= pl.col("died").is_not_null() & (pl.col("died") < pl.col("_time"))
    # A static fact belongs to the present home only.
    lived = lived.filter((static & pl.col("until").is_null()) | (~static & started & ~left))
    parts, refused = [], []
    for name, unit in table.values.items():
        number = numbers(keyed[name])
        bad = number.is_null() & keyed[name].is_not_null()
        rows = keyed.filter(bad)[ROW]
        refused += [Quarantined(file, row, f"column {name}: no number") for row in rows]
        rows_with = lived.with_columns(_number=numbers(lived[name]))
        parts.append(_named(rows_with, name, unit, table.period, file))
    return pl.concat(parts), refused


def _named(
    lived: pl.DataFrame, name: str, unit: str | None, period: str, file: str
) -> pl.DataFrame:
    return (
        lived.filter(pl.col("_number").is_not_null())
        .select(
            patient="patient",
            time="_time",
            code=pl.lit(f"EXPOSURE//{name}"),
            numeric_value="_number",
            text_value=pl.lit(None),
            unit=pl.lit(unit),
            recorded=pl.col("_time").dt.offset_by(PERIODS[period]),
            record=pl.format("{}#{}/{}/{}", pl.lit(file), ROW, "patient", pl.lit(name)),
            source_file=pl.lit(file),
            source_row=ROW,
        )
        .cast(RAW_SCHEMA)
    )
