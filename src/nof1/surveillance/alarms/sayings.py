"""What would make an alarm false, for one place and week, from what the numbers themselves show."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from nof1.surveillance.alarms.tested import Floats

RECENT_DAYS = 28
SHIFTED_WEEKS = 8
HOLIDAYS = ((12, 20, 31), (1, 1, 14))  # month, first day, last day: Christmas to mid January

BATCH = "older cases were entered together: the weeks before are below expectation"
DEFINITION = (
    "the case definition, a test or the number of reporting sites changed: "
    "most of the last eight weeks are above expectation"
)
LATE = "a late correction takes reports back: this week is less than four weeks old"
HOLIDAY = "holidays moved visits and reports from one week to another"
FACILITY = "the cases come from one facility or one batch of tests: look at the line list"
SHARE = "the share of reports expected to be in by now is wrong"
FEW_YEARS = "the expectation rests on fewer years than asked for"


def false_if(
    observed: Floats,
    expected: Floats,
    week: date,
    known_on: date,
    *,
    share: float = 1.0,
    few_years: bool = False,
) -> list[str]:
    """The reasons to check first, most telling first.

    Parameters
    ----------
    observed, expected : (weeks,) of one place up to and including the week of the alarm.
    week : its last day.
    share : part of the reports expected to be in.
    """
    found = []
    before = slice(-3, -1)
    with np.errstate(invalid="ignore"):
        low, usual = np.nansum(observed[before]), np.nansum(expected[before])
        above = np.nanmean(observed[-SHIFTED_WEEKS - 1 : -1] > expected[-SHIFTED_WEEKS - 1 : -1])
    if usual > 0 and low < usual / 2:
        found.append(BATCH)
    if len(observed) > SHIFTED_WEEKS and above >= 0.75:
        found.append(DEFINITION)
    if share < 1:
        found.append(SHARE)
    if known_on - week < timedelta(days=RECENT_DAYS):
        found.append(LATE)
    if any(week.month == month and a <= week.day <= b for month, a, b in HOLIDAYS):
        found.append(HOLIDAY)
    if few_years:
        found.append(FEW_YEARS)
    return [*found, FACILITY]
