"""The reporting triangle: new reports by unit (place and stratum), reference day and delay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nof1.core.errors import InputError
from nof1.surveillance.series import Dates, calendar

Floats = NDArray[np.float64]
COLUMNS = ("place", "stratum", "date", "reported", "count")
LONGEST_DELAY = 60  # days; what comes later than this is left to the quality report
SHORTEST_DELAY = 7
ALL_BUT = 0.005  # the automatic longest delay leaves out at most this share of the reports
MOST_CELLS = 200_000_000  # 1.6 GB of doubles
MOST_DAYS = 1500  # reference days that are laid out; older ones teach nothing about delays now


@dataclass(frozen=True)
class Triangle:
    """New reports on an even calendar of days.

    Attributes
    ----------
    units : (units,) place and stratum (``""`` = all).
    dates : (days,) datetime64[D] reference days, ascending without gaps; the last is ``as_of``.
    new : (units, days, delays) reports about day t that came in on day t + delay, delays 0 to D;
        negative = taken back. Cells after ``as_of`` are 0, see ``known``.
    late : (units, days) reports with a longer delay than D, known by now.
    before : reports that came in before their own reference day; set aside.
    first_report : the first report day in the table.
    """

    units: tuple[tuple[str, str], ...]
    dates: Dates
    new: Floats
    late: Floats
    before: int
    first_report: date

    @property
    def max_delay(self) -> int:
        """The longest delay D in days."""
        return int(np.size(self.new, 2)) - 1

    @property
    def reported(self) -> Floats:
        """(units, days) everything known by now about each reference day."""
        total: Floats = self.new.sum(axis=2) + self.late
        return total

    @property
    def weekdays(self) -> NDArray[np.int64]:
        """(days,) 0 = Monday."""
        return (self.dates.astype(np.int64) + 3) % 7

    def by_report_day(self) -> Floats:
        """(units, days) reports that came in on each day, over all delays up to D."""
        sums = np.zeros(self.late.shape)
        days = len(self.dates)
        for delay in range(min(self.max_delay + 1, days)):
            sums[:, delay:] += self.new[:, : days - delay, delay]
        return sums


def checked(reports: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The rows known on ``as_of``, in the columns place, stratum, date, reported, count.

    Raises
    ------
    InputError : a column is missing or of another kind, a value is empty, or nothing was known.
    """
    missing = [name for name in COLUMNS if name not in reports.columns and name != "stratum"]
    if missing:
        raise InputError(
            f"The reports have no column {', '.join(missing)}.",
            where="reports",
            allowed="place, stratum (may be left out), date, reported, count",
        )
    if "stratum" not in reports.columns:
        reports = reports.with_columns(pl.lit("").alias("stratum"))
    try:
        rows = reports.select(
            pl.col("place", "stratum").cast(pl.String),
            *(_dates(reports, name) for name in ("date", "reported")),
            pl.col("count").cast(pl.Int64),
        )
    except pl.exceptions.PolarsError:
        raise InputError(
            "A date or a count in the reports cannot be read.",
            where="date, reported, count",
            allowed="dates like 2024-03-09; whole numbers",
        ) from None
    rows = rows.with_columns(pl.col("stratum").fill_null(""))
    empty = [name for name in COLUMNS if rows[name].null_count()]
    if empty:
        raise InputError("The reports have empty values.", where=f"column {', '.join(empty)}")
    rows = rows.filter(pl.col("reported") <= as_of)
    if rows.is_empty():
        raise InputError(
            f"Nothing had been reported by {as_of}.",
            where="reported",
            next_step="Ask for a later day, or check the report dates.",
        )
    return rows


def _dates(reports: pl.DataFrame, name: str) -> pl.Expr:
    text = reports.schema[name] == pl.String
    return pl.col(name).str.to_date("%Y-%m-%d") if text else pl.col(name).cast(pl.Date)


def longest_delay(rows: pl.DataFrame, as_of: date) -> int:
    """The delay in days by which 99.5 % of the reports about days long past had come in.

    Only reference days older than ``LONGEST_DELAY`` can tell (all, when none is that old). The
    answer lies between ``SHORTEST_DELAY`` and ``LONGEST_DELAY``.
    """
    first = rows["reported"].min()
    old = rows.filter(
        (pl.col("date") <= as_of - timedelta(days=LONGEST_DELAY)) & (pl.col("date") >= first)
    )
    used = old if old["count"].clip(lower_bound=0).sum() else rows
    delays = (used["reported"] - used["date"]).dt.total_days().clip(0, LONGEST_DELAY).to_numpy()
    sums = np.bincount(delays, used["count"].clip(lower_bound=0).to_numpy(), LONGEST_DELAY + 1)
    share = sums.cumsum() / max(sums.sum(), 1)
    return max(SHORTEST_DELAY, int(np.argmax(share >= 1 - ALL_BUT)))


def of_units(rows: pl.DataFrame, strata: bool) -> pl.DataFrame:
    """The rows of the units asked for: strata, or each place's total (the rows of stratum ``""``
    where there are any, else the sum of its strata)."""
    if strata:
        parts = rows.filter(pl.col("stratum") != "")
        return parts if len(parts) else rows
    has_total = (pl.col("stratum") == "").any().over("place")
    kept = rows.filter((pl.col("stratum") == "") | ~has_total)
    return kept.with_columns(pl.lit("").alias("stratum"))


def build(rows: pl.DataFrame, as_of: date, max_delay: int) -> Triangle:
    """Lay out checked rows (see ``checked`` and ``of_units``).

    Raises
    ------
    InputError : the table would need too much memory, or no reference day is usable.
    """
    ahead = rows["reported"] < rows["date"]
    before, rows = int(rows.filter(ahead)["count"].abs().sum()), rows.filter(~ahead)
    rows = rows.filter(pl.col("date") > as_of - timedelta(days=MOST_DAYS))
    first, first_report = rows["date"].min(), rows["reported"].min()
    if not isinstance(first, date) or not isinstance(first_report, date):
        raise InputError(
            "No report came in on or after its own day.",
            where="date, reported",
            allowed=f"reports about the {MOST_DAYS} days until {as_of}",
        )
    keys = rows.select("place", "stratum").unique().sort("place", "stratum")
    dates = calendar(first, as_of, 1)
    shape = (len(keys), len(dates), max_delay + 1)
    if np.prod(shape, dtype=np.int64) > MOST_CELLS:
        raise InputError(
            "The reports have too many places, strata and days for one nowcast.",
            where=f"{shape[0]} units, {shape[1]} days, {shape[2]} delays",
            next_step="Ask for fewer places, or a shorter --max-delay.",
        )
    rows = rows.join(keys.with_row_index("unit"), on=["place", "stratum"])
    unit = rows["unit"].to_numpy().astype(np.int64)
    day = (rows["date"].to_numpy() - dates[0]).astype("timedelta64[D]").astype(np.int64)
    delay = (rows["reported"] - rows["date"]).dt.total_days().to_numpy()
    count = rows["count"].to_numpy().astype(float)
    inside = delay <= max_delay
    new, late = np.zeros(shape), np.zeros(shape[:2])
    np.add.at(new, (unit[inside], day[inside], delay[inside]), count[inside])
    np.add.at(late, (unit[~inside], day[~inside]), count[~inside])
    return Triangle(tuple(keys.iter_rows()), dates, new, late, before, first_report)
