"""Importers: one module per source format, all with the same two functions.

A module becomes an importer by having

- ``recognises(path) -> bool``: does this file or folder hold my format? Decided from content,
  never from the name alone;
- ``read(path, settings) -> Iterator[Batch]``: the events, in batches that fit in memory.

It is registered by its name in ``BUILT_IN``, or, from another room or package, by an entry point of
the group ``nof1.importers``; every registered importer passes the shared tests. A module with
``AFTER_OTHERS = True`` is read last: its settings then hold functions that tell what the other
sources say (``residences``, ``deaths``, ``sexes``).
Importing the same ``source_file`` again replaces all of its rows, so that rows gone at the source
are gone here. Formats in ``BY_RECORD`` replace record by record instead: their files are no fixed
units (two bulk exports both have a ``Patient.000.ndjson``).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

import polars as pl

from nof1.core.errors import InputError, UsageError
from nof1.record.description import load
from nof1.record.reading import files_below

BUILT_IN = ("fhir", "omop", "meds", "exposures", "tabular")
BY_RECORD = ("fhir",)


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
    events : frame of ``nof1.record.events.RAW_SCHEMA``. All rows of one record stand in one batch
        and name one row of the source. Two columns may be added: ``site`` when the source itself
        names the site of each row, ``record_key`` when it is a record of nof1 already.
    quarantined : refused rows.
    excluded : reason -> count of well-formed rows that are no facts about the patient (a refuted
        diagnosis, a cancelled order).
    notes : reason -> count of rows that were kept, but that a person should know about (a concept
        that is missing from the vocabulary, a year of birth without month).
    files : source files that were read, so that a file without any row left empties the record's.
    retracted : identifiers (column ``record``) of records the source has withdrawn.
    codes : frame of code, description and parent_codes (list of codes), or None.
    ancestors : frame of ancestor and code (both codes; a code is its own ancestor), or None.
    """

    events: pl.DataFrame
    quarantined: list[Quarantined] = field(default_factory=list)
    excluded: Mapping[str, int] = field(default_factory=dict)
    notes: Mapping[str, int] = field(default_factory=dict)
    files: Sequence[str] = ()
    retracted: list[str] = field(default_factory=list)
    codes: pl.DataFrame | None = None
    ancestors: pl.DataFrame | None = None


class Importer(Protocol):
    """The two functions every importer module has."""

    def recognises(self, path: Path) -> bool: ...

    def read(self, path: Path, settings: Mapping[str, Any]) -> Iterator[Batch]: ...


ACCEPTED = (
    "FHIR R4 (NDJSON or JSON)",
    "OMOP CDM 5.3 or 5.4 (a folder of CSV or parquet; a DuckDB file; a postgresql:// address)",
    "a MEDS 0.4 folder",
    "tables with a mapping file",
    "exposure tables with their description",
    "genotypes (a VCF or BCF file, or a folder with some)",
)


@functools.cache
def names() -> tuple[str, ...]:
    """All registered importers: the built-in ones, then those of entry points by name."""
    return (*BUILT_IN, *sorted(_entries()))


@functools.cache
def _entries() -> dict[str, str]:
    found = entry_points(group="nof1.importers")
    return {point.name: point.value for point in found if point.name not in BUILT_IN}


def importer(name: str) -> Importer:
    """The importer module of this name.

    Raises
    ------
    UsageError : there is none.
    """
    if name not in names():
        raise UsageError(f"There is no importer {name!r}.", where="format", allowed=names())
    return cast(Importer, import_module(_entries().get(name, f"{__name__}.{name}")))


def comes_last(name: str) -> bool:
    """Whether an importer has to know what the other sources say."""
    return bool(getattr(importer(name), "AFTER_OTHERS", False))


def detect(path: Path, settings: Mapping[str, Any]) -> list[tuple[str, Path]]:
    """Which importers read this file or folder, judged by content.

    Folders in the folder are looked at too: they may hold other formats.

    Parameters
    ----------
    settings : ``format`` names the importer outright; ``mapping`` (a mapping file) makes tables
        that nothing else recognises ``tabular``.

    Returns
    -------
    Pairs of importer name and the path to hand to it.

    Raises
    ------
    InputError : nothing here is recognised.
    """
    if "format" in settings:
        importer(str(settings["format"]))
        return [(str(settings["format"]), path)]
    try:
        return _detect(path, settings) or _nearly(path)
    except OSError as error:
        raise InputError(
            f"The folder cannot be read: {error.strerror}.",
            where=str(path),
            next_step="Check that you are allowed to open it and all folders in it.",
        ) from error


def _nearly(path: Path) -> list[tuple[str, Path]]:
    """Nothing is recognised: say what comes nearest, or let its importer say what it lacks."""
    if not path.exists():
        raise InputError("There is no such file.", where=str(path), next_step="Check the path.")
    if not any(files_below(path)):
        raise InputError("There are no files here.", where=str(path))
    if cast(Any, importer("omop")).resembles(path):
        return [("omop", path)]
    for file in sorted(path.glob("*.y*ml")) if path.is_dir() else []:
        load(file)  # a mapping that is no YAML is not recognised as one
    empty = path.is_file() and not path.stat().st_size
    raise InputError(
        "The file is empty." if empty else "The format is not recognised.",
        where=str(path),
        allowed=ACCEPTED,
        next_step="For plain tables, write a mapping file: docs/importing.md explains how.",
    )


def _detect(path: Path, settings: Mapping[str, Any]) -> list[tuple[str, Path]]:
    found = [(name, path) for name in names() if importer(name).recognises(path)]
    whole = {"omop", "meds", "tabular"} & {name for name, _ in found}  # these read all tables
    if settings.get("mapping") and not whole:
        mapped = cast(Any, importer("tabular")).is_mapped(path, settings)
        found += [("tabular", path)] if mapped else []
    if path.is_dir() and not path.is_symlink():
        known = {name for name, _ in found}  # an importer of the folder reads its parts itself
        parts = (
            p for p in path.iterdir() if not p.name.startswith(".") and (p.is_dir() or not known)
        )
        found += [
            pair for p in sorted(parts) for pair in _detect(p, settings) if pair[0] not in known
        ]
    return found
