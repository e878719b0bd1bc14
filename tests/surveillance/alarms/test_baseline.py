"""Baselines: reference windows, parts of the year, week 53, short history."""

from datetime import date

import numpy as np
import pytest

from nof1.surveillance.alarms.baseline import Windows, baselines, reference_weeks

DATES = np.arange(np.datetime64("2012-01-07"), np.datetime64("2024-01-07"), 7)


@pytest.mark.parametrize("end", ["2021-01-02", "2020-12-26", "2023-07-15", "2020-02-29"])
def test_reference_weeks_are_at_most_three_days_off(end):
    """2020 has 53 MMWR weeks: stepping back 52 weeks would drift by a week."""
    k = int(np.searchsorted(DATES, np.datetime64(end)))
    day = DATES[k].item()
    for years, at in enumerate(reference_weeks(DATES, k, Windows()), start=1):
        try:
            same = day.replace(year=day.year - years)
        except ValueError:
            same = date(day.year - years, 3, 1)
        assert abs((DATES[at].item() - same).days) <= 3


def test_groups_cover_the_years_once():
    windows = Windows(years=4, half_window=3, periods=10, newest_left_out=26, by_date=False)
    base = baselines(DATES, [400], windows)
    assert base.years.tolist() == [4]
    assert base.weeks.tolist() == list(range(400 - 4 * 52 - 3, 400 - 26))
    assert (base.groups == 9).sum() == 4 * 7
    sizes = np.bincount(base.groups)[:9]
    assert sizes.sum() == len(base.weeks) - 28
    assert base.groups.max() == 9


def test_one_period_takes_the_windows_only():
    base = baselines(DATES, [400], Windows(years=3, periods=1, by_date=False))
    expected = [400 - 52 * y + s for y in (3, 2, 1) for s in range(-3, 4)]
    assert base.weeks.tolist() == expected
    original = Windows(years=3, periods=1, newest_left_out=None, by_date=False)
    assert baselines(DATES, [400], original).weeks.tolist() == expected


def test_short_history_takes_what_there_is_or_nothing():
    assert baselines(DATES, [180, 100], Windows()).years.tolist() == [3, 0]
    base = baselines(DATES, [100], Windows())
    assert len(base.weeks) == 0
    assert base.starts.tolist() == [0, 0]
