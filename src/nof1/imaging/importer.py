"""Readings of pictures as an importer of the record (see ``nof1.imaging.readings``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from nof1.core.errors import InputError
from nof1.core.finding import Status
from nof1.imaging.readings import SCHEMA, Reading, decode, naive
from nof1.record.events import RAW_SCHEMA
from nof1.record.importers import Batch, Quarantined
from nof1.record.reading import first_bytes, inside, relative_name

ENDING = ".ndjson"
SUPERSEDED = "answers that a later line of the file replaces"
WITHHELD = "answers that a model withheld (their event has a reason and no number)"


def recognises(path: Path) -> bool:
    """A file of readings, or a folder with one in it; by content."""
    return bool(_files(path))


def read(path: Path, settings: Mapping[str, Any]) -> Iterator[Batch]:
    """The events of every file of readings, one batch for each file."""
    for file in _files(path):
        yield _batch(file, relative_name(file, path))


def _files(path: Path) -> list[Path]:
    inner = sorted(path.glob(f"*{ENDING}")) if path.is_dir() else [path]
    found = [one for one in inner if one.is_file() and inside(one, path if path.is_dir() else one)]
    return [one for one in found if SCHEMA.encode() in first_bytes(one)]


def _batch(file: Path, name: str) -> Batch:
    rows: dict[str, dict[str, Any]] = {}
    withheld: set[str] = set()
    superseded = 0
    refused: list[Quarantined] = []
    for number, line in enumerate(file.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        try:
            reading = decode(line)
        except (msgspec.DecodeError, InputError):
            refused.append(Quarantined(name, number, f"no reading of the schema {SCHEMA}"))
            continue
        key = f"{reading.patient}/{reading.record}"
        superseded += key in rows
        rows[key] = _row(reading, name, number)
        withheld.discard(key)
        if reading.finding.status is not Status.FOUND:
            withheld.add(key)
    events = pl.DataFrame(list(rows.values()), schema=RAW_SCHEMA)
    return Batch(
        events,
        refused,
        excluded={SUPERSEDED: superseded} if superseded else {},
        notes={WITHHELD: len(withheld)} if withheld else {},
        files=[name],
    )


def _row(reading: Reading, name: str, number: int) -> dict[str, Any]:
    finding = reading.finding
    return {
        "patient": reading.patient,
        "time": naive(reading.taken),
        "code": finding.what.code,
        "numeric_value": finding.value.amount if finding.value else None,
        "text_value": msgspec.json.encode(finding.to_dict()).decode(),
        "unit": finding.value.unit if finding.value else None,
        "recorded": naive(finding.as_of),
        "record": reading.record,
        "source_file": name,
        "source_row": number,
    }
