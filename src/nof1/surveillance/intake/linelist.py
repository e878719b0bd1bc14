"""Line lists: one row a case, with days of onset, specimen and report, place, age, outbreak.

Only what the store needs is kept: a keyed hash of the case's number (so that a newer export of the
same case corrects it), the place, the age group, the days, and the outbreak mark.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl

from nof1.core.errors import InputError, UsageError, WorkspaceError
from nof1.core.private_file import make_private
from nof1.surveillance.intake import columns, dates
from nof1.surveillance.intake.tables import ROW, Table, split

ROLES = ("id", "onset", "specimen", "report", "place", "age", "stratum", "outbreak")
DAYS = ("onset", "specimen", "report")
AGES = (0, 5, 18, 50, 65)
OLDEST = 120
NO_AGE = "unknown"
YES = ("1", "true", "yes", "y", "ja", "oui", "si", "t")
NO = ("0", "false", "no", "n", "nein", "non", "f")
EVERYWHERE = "ALL"
KEY_FILE = "case-key"
KEY_BYTES = 32


@dataclass(frozen=True)
class Cases:
    """The cases of a file: place, stratum, date, reported (or null), outbreak, and perhaps key."""

    rows: pl.DataFrame
    aside: pl.DataFrame
    notes: tuple[str, ...]
    has_report: bool


def read(
    table: Table,
    said: Mapping[str, str],
    *,
    key: bytes,
    by: Sequence[str] = (),
    date_format: str | None = None,
    ages: Sequence[int] = AGES,
) -> Cases:
    """The cases of a table.

    Parameters
    ----------
    said : role -> column, the user's words.
    key : secret of the workspace under which case numbers are hashed.
    by : which day a case is counted on, the first of these that it has; default: the first of
        onset, specimen and report that the file has, and no other.
    ages : lower ends of the age groups, ascending from 0.

    Raises
    ------
    InputError : no column of days, or days that can be read in two ways.
    """
    found = columns.assign(table.columns, ROLES, said, table.name)
    have = [role for role in DAYS if role in found]
    if not have:
        columns.need(found, ["onset", "report"], table.columns, table.name)
    by = list(by) or have[:1]
    missing = [role for role in by if role not in found]
    if missing:
        columns.need(found, missing, table.columns, table.name)
    read_days = dates.read({r: table.frame[found[r]] for r in have}, table.name, date_format)
    frame = table.frame.with_columns(read_days.columns[role].alias(f"_{role}") for role in have)
    frame, bad = _judged(table, frame, found, have, by)
    frame, more, notes = _columns(table, frame, found, ages)
    frame = frame.with_columns(
        date=pl.coalesce(f"_{role}" for role in by),
        reported=pl.col("_report") if "report" in found else pl.lit(None, pl.Date),
    )
    names = ["place", "stratum", "date", "reported", "outbreak"]
    if "id" in found:
        frame, twice, lines = _keyed(table.name, frame, found["id"], key)
        names, more, notes = ["key", *names], [*more, twice], [*notes, *lines]
    aside = pl.concat([table.aside, *bad, *more])
    words = _guessed(table.name, found, by, have)
    all_notes = (*table.notes, words, *read_days.notes, *notes)
    return Cases(frame.select(*names, ROW), aside, all_notes, "report" in found)


def _judged(
    table: Table,
    frame: pl.DataFrame,
    found: Mapping[str, str],
    have: Sequence[str],
    by: Sequence[str],
) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Rows with days that can be used; the others are set aside."""
    bad = []
    for role in have:
        unreadable = pl.col(found[role]).is_not_null() & pl.col(f"_{role}").is_null()
        frame, out = split(table.name, frame, unreadable, f"the {role} day is no date")
        bad.append(out)
    no_day = pl.all_horizontal(pl.col(f"_{role}").is_null() for role in by)
    reason = f"no {' or '.join(by)} day"
    frame, out = split(table.name, frame, no_day, reason)
    bad.append(out)
    if "report" in have:
        frame, out = split(table.name, frame, pl.col("_report").is_null(), "no report day")
        bad.append(out)
        for role in [one for one in have if one != "report"]:
            late = pl.col(f"_{role}") > pl.col("_report")
            frame, out = split(table.name, frame, late, f"reported before the {role} day")
            bad.append(out)
    return frame, bad


def _columns(
    table: Table, frame: pl.DataFrame, found: Mapping[str, str], ages: Sequence[int]
) -> tuple[pl.DataFrame, list[pl.DataFrame], list[str]]:
    """Place, stratum and outbreak."""
    notes, bad = [], []
    if "place" in found:
        frame = frame.with_columns(place=pl.col(found["place"]))
        frame, out = split(table.name, frame, pl.col("place").is_null(), "no place")
        bad.append(out)
    else:
        frame = frame.with_columns(place=pl.lit(EVERYWHERE))
        notes.append(
            f'{table.name}: no column of places: all cases are in the place "{EVERYWHERE}"'
        )
    frame, lines = _stratum(table.name, frame, found, ages)
    notes += lines
    mark = pl.lit(0, pl.Int64)
    if "outbreak" in found:
        text = pl.col(found["outbreak"]).str.to_lowercase()
        # an outbreak's own number is a mark as well; an empty field and a "no" are none
        mark = (text.is_not_null() & ~text.is_in(NO)).cast(pl.Int64).fill_null(0)
    return frame.with_columns(outbreak=mark), bad, notes


def _stratum(
    name: str, frame: pl.DataFrame, found: Mapping[str, str], ages: Sequence[int]
) -> tuple[pl.DataFrame, list[str]]:
    if "stratum" in found:
        return frame.with_columns(stratum=pl.col(found["stratum"]).fill_null(NO_AGE)), []
    if "age" not in found:
        return frame.with_columns(stratum=pl.lit("")), []
    years = frame[found["age"]].cast(pl.Float64, strict=False)
    possible = years.is_between(0, OLDEST).fill_null(False)
    labels = bands(ages)
    number = np.searchsorted(np.asarray(ages), years.fill_null(0).to_numpy(), side="right") - 1
    group = pl.Series([*labels, NO_AGE]).gather(
        np.where(possible.to_numpy(), np.clip(number, 0, len(labels) - 1), len(labels))
    )
    odd = int((~possible & frame[found["age"]].is_not_null()).sum())
    notes = (
        [
            f"{name}: {odd} ages are not between 0 and {OLDEST} years: "
            f'counted in the group "{NO_AGE}"'
        ]
        if odd
        else []
    )
    return frame.with_columns(stratum=group), notes


def bands(ages: Sequence[int]) -> list[str]:
    """The names of age groups from their lower ends.

    Raises
    ------
    UsageError : they do not ascend from 0.

    >>> bands([0, 5, 65])
    ['0-4', '5-64', '65+']
    """
    if not ages or ages[0] != 0 or any(a >= b for a, b in pairwise(ages)):
        raise UsageError(
            "The age groups do not ascend from 0.", where="--ages", allowed="0,5,18,65"
        )
    uppers = [f"{low}-{high - 1}" for low, high in pairwise(ages)]
    return [*uppers, f"{ages[-1]}+"]


def secret(folder: Path) -> bytes:
    """The secret of the workspace for case numbers; made on first use, readable by the owner only.

    Deleting it unlinks the store from the case numbers; later exports then count cases again.

    Raises
    ------
    WorkspaceError : what is there is no such secret; with a short one numbers could be guessed.
    """
    path = folder / KEY_FILE
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        make_private(path, secrets.token_bytes(KEY_BYTES))
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise WorkspaceError(
            "The secret for case numbers is damaged.",
            where=KEY_FILE,
            next_step="Put it back from your backup. Without one, delete it: whole exports that "
            "come later then count their cases again.",
        )
    return key


def _keyed(
    name: str, frame: pl.DataFrame, column: str, key: bytes
) -> tuple[pl.DataFrame, pl.DataFrame, list[str]]:
    """Rows with the hash of their case number; a number that comes twice counts once."""
    frame, none = split(name, frame, pl.col(column).is_null(), "no case number")
    frame = frame.with_columns(key=hashed(frame[column], key))
    values = ["place", "stratum", "date", "reported", "outbreak"]
    first = frame.unique("key", keep="first", maintain_order=True)
    if first.height == frame.height:
        return frame, none, []
    others = frame.join(first.select(ROW), on=ROW, how="anti")
    pairs = others.join(first, on="key", how="left", suffix="_first")
    differs = pl.any_horizontal(pl.col(v).ne_missing(pl.col(f"{v}_first")) for v in values)
    same = pairs.filter(~differs).height
    _, twice = split(name, pairs, differs, "the case number comes twice with different values")
    notes = [f"{name}: {same} rows repeat a case and count once"] if same else []
    return first, pl.concat([none, twice]), notes


def hashed(texts: pl.Series, key: bytes) -> pl.Series:
    """A keyed 64-bit hash (BLAKE2b) of each text, as UInt64."""
    start = hashlib.blake2b(key=key, digest_size=8)

    def one(text: str) -> bytes:
        mixed = start.copy()
        mixed.update(text.encode())
        return mixed.digest()

    joined = b"".join(map(one, texts.to_list()))
    return pl.Series("key", np.frombuffer(joined, dtype="<u8"), dtype=pl.UInt64)


def _guessed(name: str, found: Mapping[str, str], by: Sequence[str], have: Sequence[str]) -> str:
    roles = ", ".join(f"{role}={column}" for role, column in found.items())
    other = " (days of other kinds do not replace a missing one)" if len(have) > len(by) else ""
    return f"{name}: columns {roles}; a case counts on its {' or '.join(by)} day{other}"


def refuse_empty(cases: Cases, where: str) -> None:
    """Refuse a list of which no row can be used.

    Raises
    ------
    InputError : with the commonest reason.
    """
    if cases.rows.height:
        return
    reasons = cases.aside.group_by("reason").len().sort("len", descending=True)
    raise InputError(
        f"No row of the file can be used: {reasons['reason'][0]} ({reasons['len'][0]} rows).",
        where=where,
        next_step="Look at that column; say another with --column, or the format with "
        "--date-format.",
    )
