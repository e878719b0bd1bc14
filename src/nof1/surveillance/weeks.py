"""Epidemiological weeks, by the epiweeks library only: no week rule is written here by hand.

MMWR weeks (United States CDC) run from Sunday to Saturday, ISO 8601 weeks from Monday to Sunday;
some years have a week 53. A week is named here by its LAST day.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

import polars as pl

from nof1.core.extras import require

System = Literal["cdc", "iso"]
SATURDAY = 5  # of date.weekday()
NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def week_end(year: int, week: int, system: System = "cdc") -> date | None:
    """The last day of a week; None when the year has no such week.

    >>> week_end(2020, 53).isoformat(), week_end(2021, 53)
    ('2021-01-02', None)
    """
    epiweeks = require("epiweeks", "surveillance")
    try:
        end: date = epiweeks.Week(year, week, system=system).enddate()
    except ValueError:
        return None
    return end


def week_ends(year: pl.Series, week: pl.Series, system: System = "cdc") -> pl.Series:
    """``week_end`` of whole columns (integers, or null); null where there is no such week."""
    pairs = pl.DataFrame({"year": year, "week": week})
    unique = pairs.unique().drop_nulls()
    ends = [week_end(int(y), int(w), system) for y, w in unique.iter_rows()]
    table = unique.with_columns(pl.Series("end", ends, pl.Date))
    return pairs.join(table, on=["year", "week"], how="left", maintain_order="left")["end"]


def epiweek(day: date, system: System = "cdc") -> tuple[int, int]:
    """Year and week of a day.

    >>> epiweek(date(2024, 1, 6))
    (2024, 1)
    """
    week = require("epiweeks", "surveillance").Week.fromdate(day, system=system)
    return int(week.year), int(week.week)


def label(day: date, system: System = "cdc") -> str:
    """The week of a day as people write it.

    >>> label(date(2024, 1, 6))
    '2024-W01'
    """
    year, week = epiweek(day, system)
    return f"{year}-W{week:02d}"


def wednesday_of(reference: date) -> date:
    """The Wednesday before a reference Saturday: the day on which hubs take what is known."""
    return reference - timedelta(days=3)
