"""Importers: one module per source format, all with the same two functions.

A module becomes an importer by having

- ``recognises(path) -> bool``: does this file or folder hold my format? Decided from content,
  never from the name alone;
- ``read(path, settings) -> Iterator[Batch]``: the events, in batches that fit in memory.

It is registered by its name in ``NAMES``; every registered importer passes the shared tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import polars as pl

NAMES = ("fhir", "omop", "meds", "exposures", "tabular")


class Quarantined(NamedTuple):
    """One source row that was refused: where it stands and why, never its values."""

    file: str
    row: int | None
    reason: str


@dataclass(frozen=True)
class Batch:
    """What an importer hands over.

    Attributes
    ----------
    events : frame of ``nof1.record.events.RAW_SCHEMA``; a column ``site`` may be added when the
        source itself names the site of each row.
    quarantined : refused rows.
    excluded : reason -> count of well-formed rows that are no facts about the patient (a refuted
        diagnosis, a cancelled order).
    retracted : identifiers (column ``record``) of records the source has withdrawn.
    codes : frame of code, description and parent_codes (list of codes), or None.
    ancestors : frame of ancestor and code (both codes; a code is its own ancestor), or None.
    """

    events: pl.DataFrame
    quarantined: list[Quarantined] = field(default_factory=list)
    excluded: Mapping[str, int] = field(default_factory=dict)
    retracted: list[str] = field(default_factory=list)
    codes: pl.DataFrame | None = None
    ancestors: pl.DataFrame | None = None


class Importer(Protocol):
    """The two functions every importer module has."""

    def recognises(self, path: Path) -> bool: ...

    def read(self, path: Path, settings: Mapping[str, Any]) -> Iterator[Batch]: ...
