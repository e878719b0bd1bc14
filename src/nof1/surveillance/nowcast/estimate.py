"""The nowcast: from a table of reports to joint draws of the counts when all reports are in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nof1.core.errors import UsageError
from nof1.surveillance.nowcast import errors, triangle
from nof1.surveillance.nowcast.reporting import Reporting, judge
from nof1.surveillance.nowcast.sampling import draw
from nof1.surveillance.nowcast.triangle import Triangle
from nof1.surveillance.nowcast.views import Views, look
from nof1.surveillance.series import Dates

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Days = NDArray[np.int64]
DRAWS = 1000
SEED = 20240101
ENOUGH_DAYS = 28  # report days without which a delay is a guess
WARM_UP = 21  # report days before the first past view
MORE_VIEWS = 56  # past days beyond the memory, so that past nowcasts can be scored


@dataclass(frozen=True)
class Nowcast:
    """Counts of the newest days, as they will be when all reports are in.

    Attributes
    ----------
    as_of : nothing reported later was used.
    units : (units,) place and stratum.
    dates : (window,) datetime64[D] the newest days, ascending; the last is ``as_of``.
    reported : (units, window) counts known on ``as_of``.
    draws : (draws, units, window) joint draws of the final counts; NaN where no nowcast could be
        made, see ``unknown``.
    complete : (units, window) expected share already reported, NaN where there is no nowcast.
    history_dates, history : (days,), (units, days) everything reported about the days before the
        window, complete but for late corrections.
    unknown : (units,) why newest days have no nowcast, ``""`` when all have one.
    last_report : (units,) datetime64[D] the last day with regular reporting.
    notes : what a reader must know beside the numbers.
    max_delay : the longest delay in days.
    """

    as_of: date
    units: tuple[tuple[str, str], ...]
    dates: Dates
    reported: Floats
    draws: Floats
    complete: Floats
    history_dates: Dates
    history: Floats
    unknown: tuple[str, ...]
    last_report: Dates
    notes: tuple[str, ...]
    max_delay: int


@dataclass(frozen=True)
class Made:
    """What a nowcast is made of; past nowcasts are scored from the same parts."""

    triangle: Triangle
    reporting: Reporting
    views: Views | None  # None when there are too few report days
    cumulative: Floats
    begins: Days


def nowcast(
    reports: pl.DataFrame,
    as_of: date,
    *,
    strata: bool = False,
    max_delay: int | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Nowcast:
    """Nowcast every place (or every stratum of every place) from the reports known on ``as_of``.

    Parameters
    ----------
    reports : place, stratum, date, reported, count; later reports are left out here.
    strata : one unit for each stratum; else one for each place.
    max_delay : longest delay in days; None takes the one by which 99.5 % had come in.

    Raises
    ------
    InputError : unreadable reports, or none known by ``as_of``.
    UsageError : a longest delay that makes no sense.
    """
    made = prepare(reports, as_of, strata=strata, max_delay=max_delay)
    return finish(made, as_of, draws=draws, seed=seed)


def finish(made: Made, as_of: date, *, draws: int = DRAWS, seed: int = SEED) -> Nowcast:
    """The nowcast of what ``prepare`` made."""
    at = made.reporting.last
    window = made.triangle.max_delay + 1
    counts, complete = _final(made, at, draws, seed)
    reported = made.triangle.reported
    split = max(reported.shape[1] - window, 0)
    return Nowcast(
        as_of=as_of,
        units=made.triangle.units,
        dates=made.triangle.dates[split:],
        reported=reported[:, split:],
        draws=counts,
        complete=complete,
        history_dates=made.triangle.dates[:split],
        history=reported[:, :split],
        unknown=tuple(_unknown(made, unit) for unit in range(len(at))),
        last_report=made.triangle.dates[at],
        notes=tuple(_notes(made)),
        max_delay=made.triangle.max_delay,
    )


def prepare(
    reports: pl.DataFrame, as_of: date, *, strata: bool = False, max_delay: int | None = None
) -> Made:
    """Check and lay out the reports, judge the report days, and look back from each past day.

    Raises
    ------
    UsageError : ``max_delay`` is not 1 to 365 days.
    """
    if max_delay is not None and not 1 <= max_delay <= 365:
        raise UsageError("The longest delay is out of range.", where="--max-delay", allowed="1-365")
    rows = triangle.of_units(triangle.checked(reports, as_of), strata)
    laid = triangle.build(rows, as_of, max_delay or triangle.longest_delay(rows, as_of))
    reporting = judge(laid)
    begins = followed_from(laid)
    cumulative = laid.new.cumsum(axis=2)
    days = len(laid.dates)
    earliest = int(np.searchsorted(laid.dates, np.datetime64(laid.first_report)))
    if days - earliest < ENOUGH_DAYS or not _delays_seen(laid, earliest):
        return Made(laid, reporting, None, cumulative, begins)
    last = int(reporting.last.min())
    first = days - 1 - errors.MEMORY - MORE_VIEWS - laid.max_delay
    first = min(max(first, earliest + WARM_UP), last)
    views = look(laid, reporting, begins, first)
    return Made(laid, reporting, views, cumulative, begins)


def followed_from(laid: Triangle) -> Days:
    """(units,) first reference day whose reports were followed from delay 0 on: the unit's first
    report day. Reports about earlier days came in one pile and say nothing about delays."""
    came = laid.by_report_day() != 0
    begins: Days = np.where(came.any(axis=1), came.argmax(axis=1), came.shape[1])
    return begins


def _delays_seen(laid: Triangle, earliest: int) -> bool:
    """Is there more than one report day, and any report about a day that was followed?"""
    came = laid.by_report_day()
    return bool((came > 0).any(axis=0).sum() > 1 and laid.new[:, earliest:].sum() > 0)


def _final(made: Made, at: Days, draws: int, seed: int) -> tuple[Floats, Floats]:
    """Draws and shares on the window of newest days; NaN after a unit's last report day."""
    units, days, delays = made.triangle.new.shape
    window = min(delays, days)
    counts = np.full((draws, units, window), np.nan)
    complete = np.full((units, window), np.nan)
    if made.views is None:
        return counts, complete
    learnt = errors.learn(made.views, made.cumulative, at, made.begins)
    seen, unit = at - made.views.first, np.arange(units)
    reported = made.views.reported[seen, unit]
    drawn = draw(learnt, reported, made.views.kept[seen, unit], draws, seed)
    share = made.views.complete[seen, unit]
    for one in unit:  # newest first becomes oldest first, moved back by the days without reports
        gone = days - 1 - int(at[one])
        if gone < window:
            last = window - gone
            counts[:, one, :last] = drawn[:, one, :last][:, ::-1]
            complete[one, :last] = share[one, :last][::-1]
    return counts, complete


def _unknown(made: Made, unit: int) -> str:
    laid = made.triangle
    if made.views is None:
        came = (laid.by_report_day() > 0).any(axis=0)
        if not came.any():
            return "not one report came in: nothing is known, which is not the same as no cases"
        if came.sum() == 1:
            return "all reports came in on one day: the delay cannot be known"
        return f"fewer than {ENOUGH_DAYS} report days: too few to know the delay"
    if made.reporting.last[unit] < len(laid.dates) - 1:
        last = laid.dates[made.reporting.last[unit]]
        return f"regular reporting ended on {last}: later days are not known, not quiet"
    return ""


def _notes(made: Made) -> list[str]:
    laid = made.triangle
    notes = []
    if laid.before:
        notes.append(f"{laid.before} reports were dated before their own day and set aside.")
    late, total = laid.late.sum(), max(laid.reported.sum(), 1.0)
    if late > 0.02 * total:
        notes.append(
            f"{late / total:.0%} of the reports came later than {laid.max_delay} days and are not "
            "nowcast; a longer --max-delay takes them in."
        )
    if (laid.new < 0).any():
        notes.append("Corrections took reports back; the intervals allow for more of them.")
    recent = slice(-laid.max_delay - 1, None)
    piles = laid.dates[recent][made.reporting.pile[:, recent].any(axis=0)]
    if len(piles):
        notes.append(f"Piles of reports came in at once on {_days(piles)}.")
    failed = laid.dates[recent][made.reporting.failed[:, recent].any(axis=0)]
    if len(failed):
        notes.append(f"Reporting failed or was very low in some places on {_days(failed)}.")
    young = int((len(laid.dates) - made.begins < ENOUGH_DAYS).sum())
    if young and made.views is not None:
        notes.append(
            f"{young} of {len(made.begins)} series are newer than {ENOUGH_DAYS} days: their delays "
            "are those of the others."
        )
    return notes


def _days(dates: Dates) -> str:
    shown = ", ".join(str(day) for day in dates[-5:])
    return shown if len(dates) <= 5 else f"{shown} and {len(dates) - 5} earlier days"
