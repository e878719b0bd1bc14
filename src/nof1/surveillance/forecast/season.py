"""The calendar of a winter disease: which season, which week of it, how far from Christmas.

A season runs from MMWR week 31 (about the first of August) to week 30 of the next year and is
named by the year in which it starts. Weeks without much disease teach a forecaster little, so
learners see weeks 8 to 45 of a season (late September to the end of May).
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nof1.core.extras import require
from nof1.surveillance.series import Dates, Floats
from nof1.surveillance.weeks import epiweek

Ints = NDArray[np.int64]
FIRST_WEEK = 31  # of the year: where a season starts
TAUGHT = (8, 45)  # weeks of a season that learners see
ACTIVE = (10, 45)  # weeks of a season that set the scale of a place


@lru_cache(maxsize=8192)
def _place(day: date) -> tuple[int, int, float]:
    """Season, week of the season (1 to 53), weeks until 25 December of the season."""
    year, week = epiweek(day)
    season = year if week >= FIRST_WEEK else year - 1
    first = require("epiweeks", "surveillance").Week(season, FIRST_WEEK).startdate()
    return season, (day - first).days // 7 + 1, (date(season, 12, 25) - day).days / 7


def seasons(dates: Dates) -> Ints:
    """(times,) the season of each date, for example 2023 for January 2024.

    >>> seasons(np.array(["2024-01-06", "2024-09-07"], dtype="datetime64[D]")).tolist()
    [2023, 2024]
    """
    return np.array([_place(day)[0] for day in dates.tolist()], dtype=np.int64)


def weeks(dates: Dates) -> Ints:
    """(times,) the week of the season of each date, from 1."""
    return np.array([_place(day)[1] for day in dates.tolist()], dtype=np.int64)


def to_christmas(dates: Dates) -> Floats:
    """(times,) weeks until the season's 25 December; negative after it."""
    return np.array([_place(day)[2] for day in dates.tolist()])


def within(dates: Dates, span: tuple[int, int]) -> NDArray[np.bool_]:
    """(times,) whether a date lies in a span of weeks of its season."""
    week = weeks(dates)
    return np.asarray((week >= span[0]) & (week <= span[1]))


def start(day: date) -> date:
    """The first day of the season of ``day``.

    >>> start(date(2024, 1, 6)).isoformat()
    '2023-07-30'
    """
    first: date = require("epiweeks", "surveillance").Week(_place(day)[0], FIRST_WEEK).startdate()
    return first
