"""Counts and spans from CSV files, for people who have no workspace yet.

Counts: ``date`` (last day of a day or week, YYYY-MM-DD), ``count``; and if wanted ``place``,
``outbreak`` (1 where the week belongs to a known outbreak), ``latitude``, ``longitude``.
Spans: ``place`` (``*`` for all), ``first``, ``last``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from nof1.core.errors import InputError
from nof1.surveillance.alarms.tested import Bools, Floats
from nof1.surveillance.series import WEEK, Panel, calendar

ALL = "*"
ONE = "all"  # the place of a file without places
MOST_STEPS = 200_000


@dataclass(frozen=True)
class Counts:
    """A panel with its known outbreaks (times, places) and coordinates (places, 2) or None."""

    panel: Panel
    outbreaks: Bools
    coordinates: Floats | None


def read_counts(path: Path, as_of: date | None = None) -> Counts:
    """Read a table of counts. Weeks without a row are missing, not zero.

    Parameters
    ----------
    as_of : rows after this day are not used; None: all.

    Raises
    ------
    InputError : names the column and the first row that is wrong.
    """
    table = _table(path, ("date", "count"))
    table = table.with_columns(
        _parsed(table, "date", pl.Date, path, "YYYY-MM-DD"),
        _parsed(table, "count", pl.Float64, path, "a whole number, or nothing"),
        pl.col("place") if "place" in table.columns else pl.lit(ONE).alias("place"),
    ).drop_nulls(["date", "place"])
    if as_of is not None:
        table = table.filter(pl.col("date") <= as_of)
    if table.is_empty():
        raise InputError("The file has no rows that may be used.", where=path.name)
    double = table.filter(pl.struct("place", "date").is_duplicated())
    if len(double):
        raise InputError(
            f"{len(double)} rows give a place and date more than once.",
            where=f"{path.name}, date {double['date'][0]}",
            allowed="one row for each place and date",
            next_step="Sum them first, or give strata as places of their own.",
        )
    return _counts(table, path, as_of)


def _counts(table: pl.DataFrame, path: Path, as_of: date | None) -> Counts:
    days = table["date"].unique().sort()
    step = _step(days.to_numpy(), path)
    first, last = days[0], days[-1]
    dates = calendar(first, last, step)
    places = tuple(table["place"].unique().sort().to_list())
    number = {place: at for at, place in enumerate(places)}
    down = (table["date"].to_numpy() - dates[0]).astype("timedelta64[D]").astype(int) // step
    across = table["place"].replace_strict(number, return_dtype=pl.Int64).to_numpy()
    values = np.full((len(dates), len(places)), np.nan)
    values[down, across] = table["count"].to_numpy()
    outbreaks = np.zeros(values.shape, bool)
    if "outbreak" in table.columns:
        marked = _parsed(table, "outbreak", pl.Float64, path, "0 or 1")
        outbreaks[down, across] = table.select(marked)["outbreak"].fill_null(0).to_numpy() > 0
    panel = Panel(path.stem, dates, places, values, as_of or last, step)
    return Counts(panel, outbreaks, _coordinates(table, places, path))


def _step(days: np.ndarray, path: Path) -> int:
    gaps = np.diff(days).astype("timedelta64[D]").astype(int)
    if len(gaps) == 0 or not (gaps % WEEK).any():
        return WEEK
    if gaps.sum() > MOST_STEPS:
        raise InputError("The dates span too many days.", where=path.name, allowed="200,000 days")
    return 1


def _coordinates(table: pl.DataFrame, places: tuple[str, ...], path: Path) -> Floats | None:
    if not {"latitude", "longitude"} <= set(table.columns):
        return None
    both = [_parsed(table, name, pl.Float64, path, "degrees") for name in ("latitude", "longitude")]
    first = table.select("place", *both).drop_nulls().group_by("place").first()
    found = pl.DataFrame({"place": places}).join(first, on="place", how="left").sort("place")
    degrees: Floats = found.select("latitude", "longitude").to_numpy().astype(float)
    return None if np.isnan(degrees).any() else degrees


def read_spans(path: Path, panel: Panel) -> Bools:
    """(times, places) True in the spans of a file: known outbreaks, or weeks of no use.

    Raises
    ------
    InputError : columns, dates or places that do not fit.
    """
    table = _table(path, ("place", "first", "last"))
    table = table.with_columns(
        _parsed(table, "first", pl.Date, path, "YYYY-MM-DD"),
        _parsed(table, "last", pl.Date, path, "YYYY-MM-DD"),
    )
    covered = np.zeros(panel.values.shape, bool)
    for line, (place, first, last) in enumerate(
        table.select("place", "first", "last").iter_rows(), start=2
    ):
        known = place in panel.places or place in (ALL, None, "")
        if first is None or last is None or first > last or not known:
            raise InputError(
                "A span has an unknown place, or no first day before its last.",
                where=f"{path.name}, line {line}",
                allowed="a place of the data or *, first and last as YYYY-MM-DD",
            )
        # A step that ends inside the span, or holds its last day, belongs to it.
        rows = (panel.dates >= np.datetime64(first)) & (
            panel.dates < np.datetime64(last) + panel.step_days
        )
        columns = slice(None) if place in (ALL, None, "") else [panel.places.index(place)]
        covered[np.flatnonzero(rows)[:, None], np.arange(len(panel.places))[columns]] = True
    return covered


def weekly_marks(marks: Bools, panel: Panel) -> Bools:
    """Marks of a daily panel for its weeks: a week with a marked day is marked."""
    if panel.step_days == WEEK:
        return marks
    weeks = panel.weekly().dates
    ends = np.searchsorted(panel.dates, weeks)
    found = [marks[max(end - WEEK + 1, 0) : end + 1].any(axis=0) for end in ends]
    return np.array(found, bool).reshape(len(weeks), marks.shape[1])


def _table(path: Path, needed: tuple[str, ...]) -> pl.DataFrame:
    try:
        table = pl.read_csv(path, infer_schema_length=0)
    except FileNotFoundError:
        raise InputError("There is no such file.", where=str(path)) from None
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError):
        raise InputError("The file is not a CSV table.", where=path.name) from None
    table = table.rename({name: name.strip().lower() for name in table.columns})
    missing = [name for name in needed if name not in table.columns]
    if missing:
        raise InputError(
            f"The column {missing[0]!r} is missing.",
            where=path.name,
            allowed=f"columns {', '.join(needed)}; found {', '.join(table.columns[:12])}",
        )
    return table


def _parsed(
    table: pl.DataFrame, name: str, kind: type[pl.DataType], path: Path, allowed: str
) -> pl.Series:
    if table[name].dtype == kind:
        return table[name]
    texts = table[name].str.strip_chars()
    texts = texts.set(texts.is_in(["", "NA", "NaN", "nan"]).fill_null(False), None)
    if kind == pl.Date:
        values = texts.str.to_date("%Y-%m-%d", strict=False)
    else:
        values = texts.cast(kind, strict=False)
    wrong = (values.is_null() & texts.is_not_null()).arg_true()
    if len(wrong):
        raise InputError(
            f"{len(wrong)} cells of the column {name!r} cannot be read.",
            where=f"{path.name}, line {int(wrong[0]) + 2}",
            allowed=allowed,
        )
    return values.alias(name)
