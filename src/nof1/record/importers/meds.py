"""MEDS 0.4 dataset folders: ``data/**/*.parquet`` and ``metadata/``.

A folder that nof1 wrote itself (a generation of a record) comes back unchanged: patients, sites,
record keys and source rows are kept. In a folder of others, the subject id becomes the patient
identifier, and extra columns are kept where they are ours (unit, recorded, site); times are
taken as UTC.

Reference: Medical Event Data Standard 0.4, https://github.com/Medical-Event-Data-Standard/meds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from nof1.core.errors import InputError
from nof1.record.events import RAW_SCHEMA, TIME
from nof1.record.importers import Batch, Quarantined
from nof1.record.reading import files_below, relative_name
from nof1.record.scalars import identifiers, numbers, times
from nof1.record.tables import ROW, header, is_parquet, read_table, require_columns

NEEDED = ("subject_id", "time", "code")
_OURS = ("record_key", "source_file", "source_row", "site")


def recognises(path: Path) -> bool:
    """A folder with ``data/`` whose parquet files have MEDS's columns."""
    files = _data_files(path)
    try:
        return bool(files) and set(NEEDED) <= set(header(files[0]))
    except InputError:
        return False


def read(path: Path, settings: Mapping[str, Any]) -> Iterator[Batch]:
    """The events of a MEDS folder.

    Raises
    ------
    InputError : a file lacks subject_id, time or code, or is damaged.
    """
    codes = path / "metadata" / "codes.parquet"
    ancestors = path / "metadata" / "ancestors.parquet"
    yield Batch(
        pl.DataFrame(schema=RAW_SCHEMA),
        codes=_metadata(codes, ["code", "description", "parent_codes"]),
        ancestors=_metadata(ancestors, ["ancestor", "code"]),
    )
    subjects = _metadata(path / "subjects.parquet", ["subject_id", "patient"])
    for file in _data_files(path):
        name = relative_name(file, path)
        columns = header(file)
        require_columns(columns, NEEDED, name)
        ours = subjects is not None and set(_OURS) <= set(columns)
        yield Batch(pl.DataFrame(schema=RAW_SCHEMA), files=[] if ours else [name])
        for chunk in read_table(file, name, root=path):
            frame, refused = _readable(chunk.frame, name)
            events = _events(frame, name)
            if ours and subjects is not None:
                events = _restored(events, frame, subjects)
            yield Batch(events, [*chunk.quarantined, *refused])


def _data_files(path: Path) -> list[Path]:
    folder = path / "data"
    files = list(files_below(folder)) if folder.is_dir() else []
    return [file for file in files if file.suffix == ".parquet" and is_parquet(file)]


def _metadata(path: Path, columns: list[str]) -> pl.DataFrame | None:
    """A metadata table with the wanted columns it has; None when there is none."""
    if not path.is_file():
        return None
    have = header(path)
    require_columns(have, columns[:1], path.name)
    wanted = [column for column in columns if column in have]
    parts = [chunk.frame for chunk in read_table(path, path.name, columns=wanted)]
    return pl.concat(parts).drop(ROW) if parts else None


def _readable(frame: pl.DataFrame, name: str) -> tuple[pl.DataFrame, list[Quarantined]]:
    """Columns in the types of MEDS; rows where one cannot be read are refused."""
    refused: list[Quarantined] = []
    readers = {
        "subject_id": identifiers,
        "time": times,
        "recorded": times,
        "numeric_value": numbers,
    }
    for column, reader in readers.items():
        if column not in frame.columns:
            continue
        read = reader(frame[column])
        bad = read.is_null() & frame[column].is_not_null()
        reason = f"column {column} cannot be read"
        refused += [Quarantined(name, row, reason) for row in frame.filter(bad)[ROW]]
        frame = frame.with_columns(read.alias(column)).filter(~bad)
    return frame, refused


def _events(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """Rows as an importer hands them over; the subject id is the patient."""
    absent = pl.lit(None)
    have = set(frame.columns)
    given = {column: pl.col(column) for column in ("text_value", "unit") if column in have}
    events = frame.select(
        patient=pl.col("subject_id").cast(pl.String),
        time="time",
        code=pl.col("code").cast(pl.String),
        numeric_value="numeric_value" if "numeric_value" in have else absent,
        text_value=given.get("text_value", absent),
        unit=given.get("unit", absent),
        recorded="recorded" if "recorded" in have else absent.cast(TIME),
        record=absent,
        source_file=pl.lit(name),
        source_row=ROW,
    ).cast(RAW_SCHEMA)
    return events.with_columns(frame["site"].cast(pl.String)) if "site" in have else events


def _restored(events: pl.DataFrame, frame: pl.DataFrame, subjects: pl.DataFrame) -> pl.DataFrame:
    """Rows of a record of nof1: the patient's own identifier and the true source again."""
    people = frame.select("subject_id").join(
        subjects, on="subject_id", how="left", maintain_order="left"
    )
    return events.with_columns(
        patient=people["patient"],
        record_key=frame["record_key"],
        source_file=frame["source_file"],
        source_row=frame["source_row"],
    )
