"""Reading the files of an import: which kind each path is, and all of one kind as one table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal, NoReturn

import polars as pl

from nof1.core.errors import InputError, UsageError
from nof1.record.reading import files_below
from nof1.surveillance.intake import calendars, columns, counts, linelist, tables
from nof1.surveillance.intake.batch import Full
from nof1.surveillance.intake.tables import Table
from nof1.surveillance.store import Kind, Store
from nof1.surveillance.weeks import System, wednesday_of

Layout = Literal["auto", "linelist", "counts", "asof"]
ENDINGS = (".csv", ".tsv", ".txt", ".parquet")
AS_OF_FILE = re.compile(r"(\d{4}-\d{2}-\d{2})\.(csv|csv\.gz|parquet)")


@dataclass(frozen=True)
class Request:
    """What the user said about an import.

    Attributes
    ----------
    signal : name; ``title``, ``unit`` and ``synthetic`` are kept with it.
    said : role -> column.
    known_on : the day of the files; None: their newest day.
    today : the day of the computer, after which no date can lie.
    full : see ``batch.Batch``; None: by the kind of file.
    week_date : what a weekly date is: "end" (last day), "start" (first day), None: Saturdays only.
    locations_given : the store's list of places was given for these files.
    by, ages, date_format, decimal, target, system : see ``linelist.read`` and ``counts.read``.
    """

    signal: str
    today: date
    title: str = ""
    unit: str = ""
    synthetic: bool = False
    layout: Layout = "auto"
    said: Mapping[str, str] = field(default_factory=dict)
    known_on: date | None = None
    by: Sequence[str] = ()
    ages: Sequence[int] = linelist.AGES
    date_format: str | None = None
    decimal: str | None = None
    target: str | None = None
    system: System = "cdc"
    step_days: int | None = None
    week_date: Literal["end", "start"] | None = None
    full: Full | None = None
    backfill: bool = False
    encoding: str = "utf-8"
    locations_given: bool = False


@dataclass(frozen=True)
class Part:
    """Files read: rows in the columns of their kind plus ``ROW`` and ``file``.

    ``daily``: of a line list, so that a day without a row is a day without a case.
    """

    rows: pl.DataFrame
    aside: pl.DataFrame
    notes: tuple[str, ...]
    kind: Kind
    read: int
    full: Full = "no"
    own_total: bool = False
    unit: str = ""
    daily: bool = False


def files_of(paths: Sequence[Path]) -> list[Path]:
    """The tables that paths name; of folders all tables below.

    Raises
    ------
    InputError : a path is missing, or a folder holds no table.
    """
    for path in paths:
        if not path.exists():
            raise InputError(
                "There is no such file or folder.", where=path.name, next_step="Check the path."
            )
    found = [file for path in paths for file in files_below(path) if path.is_file() or _ends(file)]
    if not found:
        raise InputError(
            "The folder holds no table.", where=paths[0].name, allowed=", ".join(ENDINGS)
        )
    return found


def _ends(path: Path) -> bool:
    return path.name.removesuffix(".gz").lower().endswith(ENDINGS)


def _is_as_of(paths: Sequence[Path], files: Sequence[Path]) -> bool:
    return all(path.is_dir() for path in paths) and all(AS_OF_FILE.fullmatch(f.name) for f in files)


def _as_of(files: Sequence[Path], request: Request) -> Part:
    """A folder with one file for each reference Saturday: known on the Wednesday before."""
    parts = []
    for path in sorted(files, key=lambda one: one.name):
        match = AS_OF_FILE.fullmatch(path.name)
        if match is None:
            raise InputError(
                "A file of the folder is not named by its reference date.",
                where=path.name,
                allowed="names such as 2023-10-14.csv.gz",
            )
        day = date.fromisoformat(match[1])
        calendars.refuse_not_saturday(day, path.name)
        got = _counts(tables.read(path, request.encoding), request, wednesday_of(day))
        parts.append(got)
    whole = _together(parts)
    note = (
        f"{len(files)} files, each known on the Wednesday before its reference Saturday; "
        "only changes are stored"
    )
    return Part(
        whole.rows,
        whole.aside,
        (note, *whole.notes),
        "versions",
        whole.read,
        "all",
        whole.own_total,
        whole.unit,
    )


def _one(path: Path, request: Request, store: Store) -> Part:
    table = tables.read(path, request.encoding)
    layout = request.layout if request.layout != "auto" else _layout(table, request.said)
    if layout == "linelist":
        return _line_list(table, request, store)
    return _counts(table, request, request.known_on)


def _layout(table: Table, said: Mapping[str, str]) -> Layout:
    """A table with a number and a day it is about is one of counts; else a line list."""
    plain = {columns.plain(name) for name in table.columns}
    if {"year", "week"} <= plain or "output_type" in plain:
        return "counts"
    if said and set(said) <= {*linelist.ROLES} and not {"value", "date"} & set(said):
        case = bool({"onset", "specimen", "id", "age", "outbreak"} & set(said))
        if case:
            return "linelist"
    days = {n for role in linelist.DAYS for names in columns.NAMES[role] for n in names}
    value = "value" in said or any(n in plain for names in columns.NAMES["value"] for n in names)
    day = "date" in said or any(n in plain for names in columns.NAMES["date"] for n in names)
    if (value and day) or {"value", "date"} & set(said):
        return "counts"
    if not days & plain and not set(linelist.DAYS) & set(said):
        _refuse_unknown(table)
    return "linelist"


def _refuse_unknown(table: Table) -> NoReturn:
    raise InputError(
        "The file is recognised neither as a line list nor as a table of numbers.",
        where=table.name,
        allowed=f"the columns found: {', '.join(table.columns)}",
        next_step="Of a line list say --column onset=NAME (or report=NAME); of a table of numbers "
        "--column date=NAME --column place=NAME --column value=NAME.",
    )


def _line_list(table: Table, request: Request, store: Store) -> Part:
    cases = linelist.read(
        table,
        request.said,
        key=linelist.secret(store.folder),
        by=request.by,
        date_format=request.date_format,
        ages=request.ages,
    )
    linelist.refuse_empty(cases, table.name)
    rows = cases.rows.with_columns(file=pl.lit(table.name))
    kind: Kind = "reports" if cases.has_report else "versions"
    full: Full = "window" if "key" not in rows.columns else "no"
    read = table.frame.height + table.aside.height
    return Part(rows, cases.aside, cases.notes, kind, read, full, unit="1", daily=True)


def _counts(table: Table, request: Request, known_on: date | None) -> Part:
    got = counts.read(
        table,
        request.said,
        date_format=request.date_format,
        decimal=request.decimal,
        target=request.target,
        system=request.system,
    )
    rows = got.rows.with_columns(file=pl.lit(table.name))
    if known_on is not None:
        rows = rows.with_columns(pl.col("known_on").fill_null(known_on))
    kind: Kind = "reports" if got.has_report else "versions"
    return Part(
        rows,
        got.aside,
        got.notes,
        kind,
        table.frame.height + table.aside.height,
        own_total=got.own_total,
        unit=got.unit,
    )


def _together(parts: Sequence[Part]) -> Part:
    first = parts[0]
    if len({(one.kind, one.daily, tuple(one.rows.columns)) for one in parts}) > 1:
        raise UsageError(
            "The files are of different kinds (line lists, counts, with or without report days).",
            where="PATH...",
            next_step="Import them one by one, each kind into a signal of its own.",
        )
    notes = [note for one in parts for note in one.notes]
    return Part(
        rows=pl.concat([one.rows for one in parts]),
        aside=pl.concat([one.aside for one in parts]),
        notes=tuple(_short(notes)),
        kind=first.kind,
        read=sum(one.read for one in parts),
        full=first.full,
        own_total=any(one.own_total for one in parts),
        unit=first.unit,
        daily=first.daily,
    )


def _short(notes: Sequence[str]) -> list[str]:
    """Each note once: of many files the first says it, with how many more."""
    seen: dict[str, list[str]] = {}
    for note in notes:
        _, mark, text = note.partition(": ")
        seen.setdefault(text if mark else note, []).append(note)
    return [
        same[0] if len(same) == 1 else f"{same[0]} (and {len(same) - 1} more files)"
        for same in seen.values()
    ]


def read(paths: Sequence[Path], request: Request, store: Store) -> Part:
    """All files of an import as one part.

    Raises
    ------
    InputError : a file cannot be read, lacks a column, or can be read in two ways.
    UsageError : the files are of different kinds.
    """
    files = files_of(paths)
    if request.layout == "asof" or (request.layout == "auto" and _is_as_of(paths, files)):
        return _as_of(files, request)
    return _together([_one(path, request, store) for path in files])
