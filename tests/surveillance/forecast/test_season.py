"""The calendar of seasons: week 53, turns of the year, Christmas."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof1.surveillance.forecast import season
from nof1.surveillance.series import calendar
from nof1.surveillance.weeks import epiweek


def days(*texts):
    return np.array(texts, dtype="datetime64[D]")


# MMWR 2020 has 53 weeks (CDC's list of weeks), so the season 2020 has 53 and ends on 31 July 2021.
@pytest.mark.parametrize(
    ("day", "named", "week"),
    [
        ("2020-08-01", 2020, 1),
        ("2021-01-02", 2020, 23),
        ("2021-07-31", 2020, 53),
        ("2021-08-07", 2021, 1),
        ("2022-07-30", 2021, 52),
        ("2022-08-06", 2022, 1),
    ],
)
def test_known_weeks(day, named, week):
    assert season.seasons(days(day)).tolist() == [named]
    assert season.weeks(days(day)).tolist() == [week]


def test_every_week_follows_the_one_before_for_30_years():
    dates = calendar(date(1995, 8, 5), date(2025, 7, 26))
    week, named = season.weeks(dates), season.seasons(dates)
    turn = np.diff(named) == 1
    assert set(np.unique(np.diff(named))) == {0, 1}
    assert (np.diff(week)[~turn] == 1).all()
    assert (week[1:][turn] == 1).all()
    assert set(week[:-1][turn]) == {52, 53}


def test_weeks_to_christmas_change_their_sign_on_the_day():
    away = season.to_christmas(days("2023-12-11", "2023-12-25", "2024-01-08"))
    assert away.tolist() == [2.0, 0.0, -2.0]


@given(st.dates(date(1998, 1, 1), date(2035, 1, 1)))
def test_a_season_starts_on_the_sunday_of_week_31(day):
    first = season.start(day)
    assert first <= day < first + timedelta(days=53 * 7)
    assert first.weekday() == 6
    assert epiweek(first)[1] == season.FIRST_WEEK
    before = season.seasons(np.array([first - timedelta(days=1)], dtype="datetime64[D]"))
    assert before.tolist() == [season.seasons(np.array([day], dtype="datetime64[D]"))[0] - 1]


def test_a_span_holds_both_its_ends():
    dates = calendar(date(2023, 8, 5), date(2024, 7, 27))
    inside = season.within(dates, (8, 45))
    assert season.weeks(dates[inside]).tolist() == list(range(8, 46))
