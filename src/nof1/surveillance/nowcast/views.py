"""Each past day's view of the days before it: reported then, delay-corrected, and by trend."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1.surveillance.nowcast.delays import shares
from nof1.surveillance.nowcast.reporting import Reporting
from nof1.surveillance.nowcast.trend import (
    WEEKDAY_DAYS,
    WINDOW,
    common_growth,
    local_trend,
    weekday_pattern,
)
from nof1.surveillance.nowcast.triangle import Triangle

Floats = NDArray[np.float64]
Days = NDArray[np.int64]


@dataclass(frozen=True)
class Views:
    """What was seen on each of the days ``first``, ``first`` + 1, ... of the triangle.

    All arrays are (seen days, units, delays); entry (s, u, h) is about reference day s - h.

    Attributes
    ----------
    first : position of the first day in the triangle.
    reported : counts known on that day.
    complete : expected share reported.
    kept : share of the present reports that will not be taken back.
    corrected : reported / complete, never below 0.
    trend : reported + what is outstanding of the count that the days around suggest
        (Bornhuetter and Ferguson, Proc Casualty Actuarial Society 59 (1972) 181).
    """

    first: int
    reported: Floats
    complete: Floats
    kept: Floats
    corrected: Floats
    trend: Floats


def look(triangle: Triangle, reporting: Reporting, begins: Days, first: int) -> Views:
    """The views of all days from ``first`` to the last; none uses a later report.

    Parameters
    ----------
    begins : (units,) first reference day whose reports were followed from the start.
    first : at least ``WINDOW`` // 2; days before the triangle's first are taken as not there.
    """
    days, delays = triangle.new.shape[1:]
    seen = np.arange(first, days)
    found = shares(triangle.new, reporting.usable, begins, triangle.weekdays, seen)
    cumulative = triangle.new.cumsum(axis=2)
    width = max(WINDOW, delays)
    day = seen[:, None] - np.arange(width)
    delay = np.minimum(np.arange(width), delays - 1)
    there = day >= 0
    reported = cumulative[:, np.maximum(day, 0), delay].transpose(1, 0, 2) * there[:, None]
    complete = found.complete[..., delay]
    corrected = np.maximum(reported, 0) / complete
    window = slice(0, WINDOW)
    weights = np.exp(-np.arange(WINDOW) / WEEKDAY_DAYS) * np.minimum(complete[..., window], 1)
    weekday = triangle.weekdays[day % days]
    pattern = weekday_pattern(
        corrected[..., window], weights * there[:, None, window], weekday[:, window]
    )
    by_day = np.take_along_axis(pattern, np.broadcast_to(weekday[:, None], reported.shape), axis=2)
    # a day that is not there has no share of the trend: its offset is next to nothing
    offset = np.where(there[:, None], complete, 1e-9)
    known = np.maximum(reported, 0)
    trend = local_trend(known, offset, by_day, common_growth(known, offset, by_day))
    cut = slice(0, delays)
    reported, expected = reported[..., cut], trend[..., cut]
    filled = reported + np.maximum(1 - found.complete, 0) * expected
    return Views(
        first, reported, found.complete, found.kept, corrected[..., cut], np.maximum(filled, 0)
    )
