"""Which past weeks a tested week is compared with, and in which part of the year each lies.

For week ``k`` the reference weeks are the same week one, two, ... years back. Every reference
week and ``half_window`` weeks to either side form the last group; with ``periods`` > 1 the weeks
between are cut into ``periods - 1`` further groups of nearly equal length (Noufaily et al. 2013,
Statistics in Medicine 32:1206). The newest weeks are left out so that an outbreak that has just
begun does not raise its own baseline.

The same week a year back is found by the date: the nearest same weekday to the same day of that
year. So a year with 53 weeks needs no special rule. ``by_date=False`` steps back 52 weeks instead,
as R's surveillance does for a series without dates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from nof1.surveillance.series import Dates

WEEKS_A_YEAR = 52
WEEKDAYS = 7


@dataclass(frozen=True)
class Windows:
    """The shape of a baseline.

    Attributes
    ----------
    years : how many years back (R: ``b``).
    half_window : weeks to either side of a reference week (R: ``w``).
    periods : groups of the year (R: ``noPeriods``); 1 takes only the reference windows.
    newest_left_out : weeks before the tested week that are not used; None: the reference windows
        of past years only (the original algorithm).
    least_years : with less than ``years`` of history, use what there is down to this many years.
    by_date : find the same week by its date, else 52 weeks back.
    """

    years: int = 5
    half_window: int = 3
    periods: int = 10
    newest_left_out: int | None = 26
    least_years: int = 3
    by_date: bool = True


@dataclass(frozen=True)
class Baselines:
    """The baselines of all tested weeks, one after the other.

    Attributes
    ----------
    tests : (tests,) positions of the tested weeks.
    starts : (tests + 1,) where each week's part of ``weeks`` and ``groups`` begins.
    weeks : positions of the baseline weeks, ascending within a test.
    groups : group of each, 0 to ``periods - 1``; the last is the tested week's own.
    years : (tests,) years that were used; 0 where the history is too short.
    """

    tests: NDArray[np.int64]
    starts: NDArray[np.int64]
    weeks: NDArray[np.int64]
    groups: NDArray[np.int8]
    years: NDArray[np.int64]


def baselines(dates: Dates, tests: Sequence[int], windows: Windows) -> Baselines:
    """The baseline of every tested week.

    Parameters
    ----------
    dates : (times,) last day of each week.
    tests : positions in ``dates``.
    """
    starts, weeks, groups, years = [0], [], [], []
    for k in tests:
        references = reference_weeks(dates, k, windows)
        label = _labels(len(dates), k, references, windows)
        used = np.flatnonzero(label >= 0)
        weeks.append(used)
        groups.append(label[used])
        starts.append(starts[-1] + len(used))
        years.append(len(references))
    return Baselines(
        np.asarray(tests, np.int64),
        np.asarray(starts, np.int64),
        np.concatenate([*weeks, np.empty(0, np.int64)]).astype(np.int64),
        np.concatenate([*groups, np.empty(0, np.int8)]).astype(np.int8),
        np.asarray(years, np.int64),
    )


def reference_weeks(dates: Dates, k: int, windows: Windows) -> list[int]:
    """Positions of the same week one, two, ... years before week ``k``; empty if too few exist."""
    found: list[int] = []
    for years in range(1, windows.years + 1):
        at = _years_back(dates, k, years) if windows.by_date else k - WEEKS_A_YEAR * years
        if at is None or at - windows.half_window < 0:
            break
        found.append(at)
    return found if len(found) >= windows.least_years else []


def _years_back(dates: Dates, k: int, years: int) -> int | None:
    day: date = dates[k].item()
    try:
        same = day.replace(year=day.year - years)
    except ValueError:  # 29 February
        same = date(day.year - years, 3, 1)
    away = (same.weekday() - day.weekday()) % WEEKDAYS
    shift = -away if away <= WEEKDAYS // 2 else WEEKDAYS - away
    at = int(k + (np.datetime64(same) + shift - dates[k]) // np.timedelta64(WEEKDAYS, "D"))
    return at if at >= 0 else None


def _labels(times: int, k: int, references: list[int], windows: Windows) -> NDArray[np.int8]:
    """(times,) group of each week, -1 where it is not in the baseline."""
    label = np.full(times, -1, np.int8)
    own, half = windows.periods - 1, windows.half_window
    if not references:
        return label
    if windows.newest_left_out is not None:
        label[max(0, k - half) : k + 1] = own
    later = k
    for at in references:
        label[at - half : at + half + 1] = own
        if windows.periods > 1:
            label[at + half + 1 : later - half] = _parts(later - at - 2 * half - 1, own)
        later = at
    left_out = 0 if windows.newest_left_out is None else windows.newest_left_out
    label[max(0, k - left_out) :] = -1
    return label


def _parts(length: int, parts: int) -> NDArray[np.int8]:
    """``length`` weeks cut into ``parts`` runs 0, 1, ...; the first ones take the remainder."""
    size, rest = divmod(max(length, 0), parts)
    sizes = [size + (part < rest) for part in range(parts)]
    return np.repeat(np.arange(parts, dtype=np.int8), sizes)
