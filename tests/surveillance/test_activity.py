"""Level and trend of a place: thresholds by hand, short histories, late reports, no future."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from scipy.stats import norm

from nof1.core.errors import UsageError
from nof1.surveillance.activity import (
    LEVELS,
    NOT_KNOWN,
    Activity,
    activity,
    grown,
    thresholds,
    trend_of,
)
from nof1.surveillance.series import Panel, calendar

FIRST = date(2018, 7, 7)  # a Saturday
PEAKS = (80.0, 120.0, 100.0, 60.0, 90.0)


def panel(last: date = date(2023, 1, 21), scale: float = 1.0, seasons: int = 5) -> Panel:
    """Weekly counts of two places with one wave every winter; the second has few cases."""
    dates = calendar(FIRST, last)
    days = (dates - np.datetime64(FIRST)).astype(float)
    season = np.minimum((days // 364).astype(int), len(PEAKS) - 1)
    wave = np.array(PEAKS)[season] * np.exp(-(((days % 364) / 7 - 28) ** 2) / 30)
    values = np.column_stack([np.round(wave * scale) + 2, np.round(wave / 100)])
    return Panel(
        "influenza", dates, ("A", "B"), values, last, 7, np.array([50_000.0, 4_000.0]), ("Ay", "Be")
    )


def test_thresholds_are_points_of_the_spread_of_past_top_weeks():
    one = panel()
    season = np.array([day.year - (day.month < 7) for day in one.dates.tolist()])
    limits, past = thresholds(one.values[:, 0], season, 2022)
    tops = np.concatenate([np.sort(one.values[season == y, 0])[-8:] for y in range(2018, 2022)])
    logs = np.log(tops)  # the eight highest weeks of each of four seasons: 30 / 4, rounded
    expected = np.exp(logs.mean() + norm.ppf([0.40, 0.90, 0.975]) * logs.std(ddof=1))
    assert past == 4
    assert np.allclose(limits, expected)


@pytest.mark.parametrize(("weeks_back", "level"), [(12, "low"), (0, "moderate")])
def test_the_level_is_that_of_the_newest_week(weeks_back, level):
    last = date(2023, 1, 14) - timedelta(weeks=weeks_back)
    found = activity(panel(last))[0]
    assert (found.level, found.week) == (level, last)
    assert found.seasons == 4
    assert found.incidence == pytest.approx(found.cases / 50_000 * 100_000)
    assert found.thresholds[0] < found.thresholds[1] < found.thresholds[2]


def test_all_levels_come_in_order_of_cases():
    one = panel(date(2023, 1, 14))
    limits = activity(one)[0].thresholds
    levels = []
    for cases in (1, *limits):
        values = one.values.copy()
        values[-1, 0] = cases
        levels.append(activity(replace(one, values=values))[0].level)
    assert levels == list(LEVELS)


def test_few_cases_and_short_histories_are_not_low():
    few = activity(panel())[1]
    assert few.level == NOT_KNOWN
    assert "too few cases" in few.level_reason
    short = panel().until(date(2020, 12, 26))
    young = activity(replace(short, known_on=date(2020, 12, 26)))[0]
    assert young.level == NOT_KNOWN
    assert young.level_reason == "2 whole past seasons are known; 3 are needed"


def test_a_season_with_few_reported_weeks_does_not_count():
    one = panel()
    values = one.values.copy()
    values[60:90] = np.nan
    assert activity(replace(one, values=values))[0].seasons == 3


def test_reports_that_stopped_are_no_calm():
    one = panel()
    found = activity(replace(one, known_on=date(2023, 2, 20)))[0]
    assert (found.level, found.trend) == (NOT_KNOWN, NOT_KNOWN)
    assert "no week that ended in the 21 days before" in found.level_reason
    values = one.values.copy()
    values[-1] = np.nan  # the newest week is missing: the one before is used, and said
    found = activity(replace(one, values=values))[0]
    assert found.week == date(2023, 1, 14)
    assert found.age_days == 7
    assert found.trend == NOT_KNOWN or found.growing is not None


def test_weeks_whose_reports_still_come_are_left_out():
    one = panel()
    assert activity(one, lag_days=0)[0].week == date(2023, 1, 21)
    assert activity(one, lag_days=7)[0].week == date(2023, 1, 14)
    assert activity(one, lag_days=8)[0].week == date(2023, 1, 7)


def nowcast(day: date, complete: float, as_of: date) -> dict:
    row = {"stratum": "", "date": str(day), "estimate": 70.0, "complete": complete}
    rows = [{"place": place, **row} for place in ("A", "B")]
    other = {**rows[0], "stratum": "65+", "estimate": 1e6, "complete": 0.01}
    return {"as_of": str(as_of), "rows": [*rows, other]}


def test_a_nowcast_of_the_same_day_corrects_the_newest_week():
    one = panel()
    last = one.known_on
    plain = activity(one)[0]
    mended = activity(one, nowcast=nowcast(last, 0.8, last))[0]
    assert mended.cases == pytest.approx(plain.cases / 0.8)
    assert mended.corrected
    other = activity(one, lag_days=7, nowcast=nowcast(last, 0.8, last + timedelta(days=1)))[0]
    assert not other.corrected  # it may know more than was known on this day
    assert other.week == last - timedelta(days=7)
    hardly = activity(one, nowcast=nowcast(last, 0.1, last))[0]
    assert hardly.week == last - timedelta(days=7)  # mostly guessed: not used


def test_a_place_without_an_estimate_does_not_seem_to_fall():
    one = panel()
    last = one.known_on
    document = nowcast(last, 0.8, last)
    document["rows"][0]["estimate"] = None
    mended = activity(one, nowcast=document)
    assert mended[0].week == last - timedelta(days=7)
    assert mended[1].week == last


def test_a_nowcast_of_days_is_averaged_over_its_week():
    days = calendar(date(2018, 7, 1), date(2023, 1, 21), 1)
    values = np.full((len(days), 1), 3.0)
    one = Panel("influenza", days, ("A",), values, date(2023, 1, 21), 1)
    rows = [
        {"place": "A", "stratum": "", "date": f"2023-01-{day}", "estimate": 3, "complete": share}
        for day, share in ((20, 0.5), (21, 0.1))
    ]
    found = activity(one, nowcast={"as_of": "2023-01-21", "rows": rows})[0]
    assert found.cases == pytest.approx(21 / (5.6 / 7))
    assert found.incidence is None


def test_nothing_later_changes_the_activity():
    one = panel(date(2023, 1, 21))
    early = date(2022, 12, 24)
    before = activity(replace(one.until(early), known_on=early))
    later = one.values.copy()
    later[one.dates > np.datetime64(early)] = 1e6
    changed = replace(one, values=later).until(early)
    assert activity(replace(changed, known_on=early)) == before


def test_a_share_in_percent_is_no_number_of_cases():
    with pytest.raises(UsageError, match="unit is %"):
        activity(replace(panel(date(2023, 1, 21)), unit="%"))


def test_growth_of_counts():
    rate, error, growing = grown(80.0, 40.0)
    assert rate == pytest.approx(np.log(80.5 / 40.5) / 2)
    assert error == pytest.approx(np.sqrt(2 * (1 / 80.5 + 1 / 40.5)) / 2)
    assert growing == pytest.approx(norm.cdf(rate / error))
    assert grown(0.0, 0.0)[2] == 0.5


@pytest.mark.parametrize(
    ("rate", "half", "growing", "word"),
    [
        (0.30, 0.10, 0.99, "rising"),
        (-0.30, 0.10, 0.01, "falling"),
        (0.01, 0.10, 0.60, "stable"),
        (0.02, 0.01, 0.99, "stable"),  # surely growing, by 2 % a week
        (0.10, 0.50, 0.70, NOT_KNOWN),
    ],
)
def test_words_for_trends(rate, half, growing, word):
    found, why = trend_of(rate, rate - half, rate + half, growing)
    assert found == word
    assert (why is None) == (word != NOT_KNOWN)


def test_the_trend_of_the_transmission_document_goes_first():
    one = panel(date(2022, 12, 24))
    row = {"place": "A", "date": "2022-12-22", "r": 0.8, "growth_per_day": -0.05}
    row |= {"growth_low": -0.06, "growth_high": -0.04, "probability_growing": 0.001}
    document = {"as_of": "2022-12-24", "rows": [row, {**row, "date": "2022-11-01"}]}
    assert activity(one)[0].trend == "rising"
    told = activity(one, transmission=document)[0]
    assert told.trend == "falling"
    assert told.growth == pytest.approx(np.expm1(-0.35))
    old = {"as_of": "2022-12-24", "rows": [{**row, "date": "2022-11-01"}]}
    assert activity(one, transmission=old)[0].trend == "rising"
    assert isinstance(told, Activity)
    wide = {**row, "growth_low": -0.5, "growth_high": 0.4, "probability_growing": 0.4}
    unsure = {"as_of": "2022-12-24", "rows": [wide]}
    assert activity(one, transmission=unsure)[0].trend == "rising"  # the four weeks tell more
    few = {"as_of": "2022-12-24", "rows": [{**row, "r": None}]}
    assert activity(one, transmission=few)[0].trend == "rising"  # too few cases for a number
