"""Checks of gaps in time."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from nof1.surveillance.checks import calendar
from nof1.surveillance.series import Panel
from nof1.surveillance.series import calendar as days_of


def panel(values, first=date(2020, 1, 4), step=7, **more):
    values = np.asarray(values, dtype=float)
    last = first + timedelta(days=step * (len(values) - 1))
    places = tuple(f"P{n}" for n in range(values.shape[1]))
    return Panel("s", days_of(first, last, step), places, values, last, step, **more)


def good(weeks=160, places=3):
    return np.full((weeks, places), 20.0)


def spots(remark):
    return {spot.place: (spot.count, spot.example) for spot in remark.spots}


ALL = [
    calendar.missing,
    calendar.stopped,
    calendar.new_places,
    calendar.zeros,
    calendar.history,
]


@pytest.mark.parametrize("check", ALL)
def test_a_good_series_is_clear(check):
    remark = check(panel(good()))
    assert remark.state == "clear"
    assert remark.spots == ()


def test_missing_steps():
    values = good()
    values[10:13, 1] = np.nan
    values[:5, 2] = np.nan  # before the first value nothing is missing
    remark = calendar.missing(panel(values))
    assert remark.state == "warning"
    assert spots(remark) == {"P1": (3, date(2020, 3, 14))}


def test_a_place_that_stopped():
    values = good()
    values[-2:, 0] = np.nan
    values[-1:, 1] = np.nan
    remark = calendar.stopped(panel(values))
    assert list(spots(remark)) == ["P0"]
    assert spots(remark)["P0"][1] == panel(values).dates[-3].item()


def test_a_new_place_and_a_place_of_zeros():
    values = good()
    values[:20, 1] = np.nan
    values[:, 2] = 0
    assert spots(calendar.new_places(panel(values))) == {"P1": (20, date(2020, 5, 23))}
    assert list(spots(calendar.zeros(panel(values)))) == ["P2"]


def test_short_history_is_a_warning_below_a_year():
    assert calendar.history(panel(good(40))).state == "warning"
    remark = calendar.history(panel(good(120)))
    assert remark.state == "note"
    assert spots(remark) == {"all places": (3, date(2020, 1, 4))}


def test_week_53():
    # CDC: of 2020 to 2023 only 2020 has an MMWR week 53; it ended on 2021-01-02
    assert spots(calendar.week53(panel(good()))) == {"all places": (1, date(2021, 1, 2))}
    assert calendar.week53(panel(good(40))).state == "clear"
    assert calendar.week53(panel(good(), step=1)).state == "not_checked"


def test_population():
    assert calendar.population(panel(good())).state == "note"
    people = np.array([10.0, np.nan, 10.0])
    assert spots(calendar.population(panel(good(), population=people))) == {"P1": (1, None)}
    assert calendar.population(panel(good(), population=people * 0 + 5)).spots[0].place == "P1"


def reports(days, place="A"):
    start = date(2024, 1, 1)
    rows = [(place, "", start, start + timedelta(d), 1) for d in days]
    schema = {
        "place": pl.String,
        "stratum": pl.String,
        "date": pl.Date,
        "reported": pl.Date,
        "count": pl.Int64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_reports_that_paused_and_reports_that_stopped():
    both = pl.concat([reports(range(100)), reports([*range(40), *range(60, 100)], "B")])
    newest = date(2024, 1, 1) + timedelta(99)
    assert calendar.stopped_reports(both, newest).state == "clear"
    assert spots(calendar.report_gaps(both)) == {"B": (1, date(2024, 2, 9))}
    ended = pl.concat([reports(range(100)), reports(range(60), "B")])
    assert spots(calendar.stopped_reports(ended, newest)) == {"B": (40, date(2024, 2, 29))}


def test_reports_once_a_week_are_no_gaps():
    weekly = reports(range(0, 100, 7))
    newest = date(2024, 1, 1) + timedelta(98)
    assert calendar.report_gaps(weekly).state == "clear"
    assert calendar.stopped_reports(weekly, newest).state == "clear"
