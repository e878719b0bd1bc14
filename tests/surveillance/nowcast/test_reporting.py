"""Stops, holidays and piles are named; a quiet place and a real fall are not."""

from datetime import timedelta

import numpy as np
import polars as pl
from scipy.stats import nbinom
from tests.surveillance.reports_samples import FIRST, counted, epidemic, last_day

from nof1.surveillance.nowcast.reporting import SIZE, at_most, judge
from nof1.surveillance.nowcast.triangle import build, checked


def judged(reports, days=120):
    made = build(checked(reports, last_day(days)), last_day(days), 7)
    return judge(made)


def test_probability_is_the_negative_binomial():
    counts, means = np.array([0.0, 3, 10]), np.array([2.0, 3, 40])
    expected = nbinom.cdf(counts, SIZE, SIZE / (SIZE + means))
    assert np.allclose(at_most(counts, means), expected)
    assert at_most(np.array([-1.0]), np.array([2.0]))[0] == 0


def test_regular_reporting_is_not_flagged():
    found = judged(epidemic(120)[0])
    assert not found.failed.any()
    assert not found.pile.any()
    assert found.last.tolist() == [119]


def test_a_stop_is_dated_to_its_first_silent_day():
    reports, _ = epidemic(120)
    for silent in (1, 3, 15, 40):
        kept = reports.filter(pl.col("reported") <= last_day() - timedelta(days=silent))
        assert judged(kept).last.tolist() == [119 - silent]


def test_a_stop_of_a_small_place_is_seen_after_some_days():
    reports, _ = epidemic(120, level=4)
    one = judged(reports.filter(pl.col("reported") <= last_day() - timedelta(days=1)))
    week = judged(reports.filter(pl.col("reported") <= last_day() - timedelta(days=8)))
    assert one.last.tolist() == [119]
    assert week.last.tolist() == [111]


def test_a_holiday_in_the_past_teaches_no_delay():
    reports, _ = epidemic(120)
    day = FIRST + timedelta(days=100)
    moved = pl.when(pl.col("reported") == day).then(day + timedelta(days=1))
    found = judged(reports.with_columns(moved.otherwise("reported").alias("reported")))
    assert np.flatnonzero(found.failed[0]).tolist() == [100]
    assert not found.usable[0, [100, 101]].any()
    assert found.usable[0, 102]
    assert found.last.tolist() == [119]


def test_days_without_reports_every_week_are_regular():
    counts = np.zeros((120, 8))
    for day in range(120):
        counts[day, (7 - day % 7) % 7 if day % 7 > 4 else 0] = 50  # week-ends come on Monday
    found = judged(counted(counts))
    assert not found.failed.any()


def test_a_fall_by_half_each_week_is_not_a_stop():
    rng = np.random.default_rng(2)
    level = 400 * 0.5 ** (np.maximum(np.arange(120) - 80, 0) / 7)
    counts = np.stack([rng.poisson(level * share) for share in (0.5, 0.3, 0.2)], axis=1)
    found = judged(counted(np.pad(counts, ((0, 0), (0, 5)))))
    assert not found.failed.any()


def test_a_pile_is_seen_and_becomes_the_level_if_it_stays():
    counts = np.full((120, 2), 10.0)
    counts[100:, 0] = 300
    found = judged(counted(counts))
    assert found.pile[0, 100]
    assert not found.pile[0, 114:].any()
    assert not found.failed.any()


def test_few_reports_for_three_weeks_become_the_level():
    counts = np.full((150, 2), 100.0)
    counts[90:] = 8
    found = judged(counted(counts), 150)
    assert found.failed[0, 91:97].all()
    assert not found.failed[0, 130:].any()
    assert found.last.tolist() == [149]


def test_a_place_that_never_reported_has_no_stop():
    counts = np.zeros((120, 2))
    counts[0, 0] = 1
    found = judged(pl.concat([counted(counts), epidemic(120, place="B")[0]]))
    assert found.last.tolist() == [119, 119]
