"""Dates as people write them. What can be read in two ways is refused, never guessed.

The same text in every date column of a file means the same: one value such as 23/4/2024 shows that
the whole file writes the day first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from nof1.core.errors import InputError, UsageError
from nof1.surveillance.weeks import System, week_end

WORDS = {
    "dmy": "day, month, year",
    "mdy": "month, day, year",
    "ymd": "year, month, day",
    "excel": "day numbers of a spreadsheet that count from 1900",
    "excel1904": "day numbers of a spreadsheet that count from 1904",
    "mmwr": "weeks such as 2024-W05, Sunday to Saturday",
    "isoweek": "weeks such as 2024-W05, Monday to Sunday",
}
ALLOWED = [*WORDS, "or a pattern such as %d.%m.%y"]
_YMD = r"^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ].*)?$"
_COMPACT = r"^(\d{4})(\d{2})(\d{2})$"
_TWO_WAYS = r"^(\d{1,2})[/-](\d{1,2})[/-](\d{4})(?:[T ].*)?$"
_DOTS = r"^(\d{1,2})\.(\d{1,2})\.(\d{4})(?:[T ].*)?$"
_SERIAL = r"^\d{5}(?:\.0*)?$"
_WEEK = r"^(\d{4})(?:-?[Ww]|-)?(\d{2})$"
_NAMED = ("%d %b %Y", "%d-%b-%Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d%b%Y")
_EPOCH = {"excel": date(1899, 12, 30), "excel1904": date(1904, 1, 1)}


@dataclass(frozen=True)
class Dates:
    """The date columns of a file.

    Attributes
    ----------
    columns : by name; null where there was nothing or nothing readable.
    unreadable : by name, how many texts are no date.
    notes : how the dates were read, where that was not plain.
    """

    columns: dict[str, pl.Series]
    unreadable: dict[str, int]
    notes: tuple[str, ...] = ()


def read(columns: Mapping[str, pl.Series], where: str, date_format: str | None = None) -> Dates:
    """Turn text columns into dates.

    Parameters
    ----------
    columns : text columns of one file by name.
    date_format : a word of ``WORDS``, or a pattern of Python's strptime; None: only what can be
        read in one way.

    Raises
    ------
    InputError : dates that can be read in two ways, and no ``date_format``.
    UsageError : a ``date_format`` that is neither a word nor a pattern.
    """
    texts = pl.concat([one.rename("text") for one in columns.values()]).unique().drop_nulls()
    if date_format is not None:
        table, notes = _asked(texts, date_format), list[str]()
    else:
        table, notes = _plain(texts, where)
    pairs = pl.DataFrame({"text": texts, "date": table})
    read_columns, unreadable = {}, {}
    for name, column in columns.items():
        got = pl.DataFrame({"text": column}).join(
            pairs, on="text", how="left", maintain_order="left"
        )
        read_columns[name] = got["date"].alias(name)
        unreadable[name] = got["date"].null_count() - column.null_count()
    return Dates(read_columns, unreadable, tuple(notes))


def _asked(texts: pl.Series, date_format: str) -> pl.Series:
    if date_format in ("dmy", "mdy", "ymd"):
        return _ordered(texts, date_format)
    if date_format in _EPOCH:
        days = texts.cast(pl.Float64, strict=False).floor().cast(pl.Int64, strict=False)
        return _shifted(days, _EPOCH[date_format])
    if date_format in ("mmwr", "isoweek"):
        return _weeks(texts, "cdc" if date_format == "mmwr" else "iso")
    if "%" not in date_format:
        raise UsageError("The date format is not known.", where="--date-format", allowed=ALLOWED)
    return _patterned(texts, date_format)


def _plain(texts: pl.Series, where: str) -> tuple[pl.Series, list[str]]:
    """Dates that can be read in one way only."""
    notes: list[str] = []
    two_ways = texts.str.contains(_TWO_WAYS)
    found = _ordered(texts, "ymd")
    if two_ways.any():
        order = _order(texts.filter(two_ways), where)
        notes.append(f"{where}: dates read as {WORDS[order]} (other dates of the file show it)")
        found = _first(found, _ordered(texts, order))
    found = _first(
        found,
        _ordered(texts.str.replace_all(r"\.", "/"), "dmy").zip_with(
            texts.str.contains(_DOTS),
            pl.Series([None], dtype=pl.Date).new_from_index(0, len(texts)),
        ),
    )
    for pattern in _NAMED:
        if found.null_count() == 0:
            break
        found = _first(found, texts.str.to_date(pattern, strict=False))
    rest = texts.filter(found.is_null())
    _refuse_numbers(rest, len(texts), where)
    return found, notes


def _order(texts: pl.Series, where: str) -> str:
    """Day first or month first, where the numbers show it."""
    one = texts.str.extract(_TWO_WAYS, 1).cast(pl.Int64)
    two = texts.str.extract(_TWO_WAYS, 2).cast(pl.Int64)
    day_first, month_first = bool((one > 12).any()), bool((two > 12).any())
    if day_first != month_first:
        return "dmy" if day_first else "mdy"
    why = "some show the day first and some the month" if day_first else "day or month first?"
    raise InputError(
        f"Dates such as 3/4/2024 can be read in two ways ({why}).",
        where=where,
        allowed="dates as 2024-04-03, or the format said",
        next_step="Say --date-format dmy (3 April) or --date-format mdy (March 4).",
    )


def _refuse_numbers(rest: pl.Series, total: int, where: str) -> None:
    """Weeks and day numbers have two readings each: refuse them when the file is full of them."""
    for pattern, what, step in (
        (_SERIAL, "numbers such as 45352 (a spreadsheet's days)", "excel or excel1904"),
        (_WEEK, "weeks such as 2024-W05", "mmwr or isoweek"),
    ):
        if total and rest.str.contains(pattern).sum() > total / 2:
            raise InputError(
                f"The dates are {what}: they can be read in two ways.",
                where=where,
                allowed="dates as 2024-04-03, or the format said",
                next_step=f"Say --date-format {step}.",
            )


def _ordered(texts: pl.Series, order: str) -> pl.Series:
    """Dates of numbers with marks between them."""
    pattern = {"ymd": _YMD}.get(order, r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?:[T ].*)?$")
    parts = {name: texts.str.extract(pattern, at + 1) for at, name in enumerate(order)}
    if order == "ymd":
        compact = {name: texts.str.extract(_COMPACT, at + 1) for at, name in enumerate(order)}
        parts = {name: _first(part, compact[name]) for name, part in parts.items()}
    joined = pl.DataFrame(parts).select(
        pl.concat_str(
            "y", pl.lit("-"), pl.col("m").str.zfill(2), pl.lit("-"), pl.col("d").str.zfill(2)
        )
    )
    return joined.to_series().str.to_date("%Y-%m-%d", strict=False)


def _patterned(texts: pl.Series, pattern: str) -> pl.Series:
    def one(text: str) -> date | None:
        try:
            return datetime.strptime(text, pattern).date()
        except ValueError:
            return None

    return pl.Series([one(text) for text in texts], dtype=pl.Date)


def _weeks(texts: pl.Series, system: System) -> pl.Series:
    years = texts.str.extract(_WEEK, 1).cast(pl.Int64)
    weeks = texts.str.extract(_WEEK, 2).cast(pl.Int64)
    ends = [
        week_end(year, week, system) if year is not None and week is not None else None
        for year, week in zip(years, weeks, strict=True)
    ]
    return pl.Series(ends, dtype=pl.Date)


def _shifted(days: pl.Series, epoch: date) -> pl.Series:
    ends = [epoch + timedelta(days=n) if n is not None and 0 < n < 10**6 else None for n in days]
    return pl.Series(ends, dtype=pl.Date)


def _first(one: pl.Series, two: pl.Series) -> pl.Series:
    return one.zip_with(one.is_not_null(), two)
