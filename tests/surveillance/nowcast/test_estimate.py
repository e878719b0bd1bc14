"""Whole nowcasts: as-of guard, coverage on simulated epidemics, and every kind of bad input."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from tests.surveillance.reports_samples import FIRST, counted, epidemic, last_day

from nof1.core.errors import InputError, UsageError
from nof1.surveillance.nowcast.estimate import nowcast

DAYS = 150
AS_OF = last_day(DAYS)


def test_reports_after_the_day_change_nothing():
    reports, _ = epidemic(DAYS)
    as_of = last_day(120)
    changed = pl.when(pl.col("reported") > as_of).then(pl.col("count") * 100 + 7)
    tampered = reports.with_columns(changed.otherwise("count").alias("count"))
    cut = reports.filter(pl.col("reported") <= as_of)
    whole = nowcast(tampered, as_of, draws=200)
    assert np.array_equal(whole.draws, nowcast(cut, as_of, draws=200).draws, equal_nan=True)
    assert whole.dates[-1] == np.datetime64(as_of)


@pytest.mark.parametrize("growth", [0.0, 0.04, -0.01])
def test_intervals_hold_the_truth(growth):
    inside = []
    for seed in range(6):
        reports, finals = epidemic(DAYS, level=60 if growth <= 0 else 3, growth=growth, seed=seed)
        found = nowcast(reports, AS_OF, draws=400, max_delay=7)
        low, high = np.quantile(found.draws[:, 0], [0.025, 0.975], axis=0)
        truth = finals[-8:]
        inside.append((truth >= low) & (truth <= high))
        middle = np.median(found.draws[:, 0], axis=0)
        assert np.abs(middle - truth).sum() < np.abs(found.reported[0] - truth).sum()
    assert np.mean(inside) > 0.85


def test_a_quiet_week_end_is_not_a_fall():
    """Reports come in on weekdays only; the nowcast made on a Sunday must not sink."""
    rng = np.random.default_rng(1)
    rows, finals = np.zeros((DAYS, 10)), np.full(DAYS, 200)
    for day in range(DAYS):
        came = rng.multinomial(200, [0.3, 0.25, 0.15, 0.1, 0.08, 0.06, 0.06])
        for delay, count in enumerate(came):
            weekday = (day + delay) % 7
            rows[day, delay + (7 - weekday if weekday > 4 else 0)] += count
    sunday = FIRST + timedelta(days=146)
    found = nowcast(counted(rows), sunday, draws=400, max_delay=9)
    assert sunday.weekday() == 6
    assert found.unknown == ("",)
    middle = np.median(found.draws[:, 0], axis=0)
    assert np.allclose(middle, finals[-10:], rtol=0.2)


def test_the_total_of_strata_is_the_sum_of_their_draws():
    parts = [epidemic(DAYS, seed=s, stratum=name)[0] for s, name in enumerate(("young", "old"))]
    found = nowcast(pl.concat(parts), AS_OF, strata=True, draws=300)
    assert found.units == (("A", "old"), ("A", "young"))
    assert found.draws.shape == (300, 2, found.max_delay + 1)


def test_a_late_stop_is_named_and_not_taken_for_a_calm():
    reports, finals = epidemic(DAYS)
    kept = reports.filter(pl.col("reported") <= AS_OF - timedelta(days=4))
    found = nowcast(kept, AS_OF, draws=300, max_delay=7)
    assert "regular reporting ended on" in found.unknown[0]
    assert np.isnan(found.draws[:, 0, -4:]).all()
    assert np.isnan(found.complete[0, -4:]).all()
    middle = np.median(found.draws[:, 0, :-4], axis=0)
    assert np.allclose(middle, finals[-8:-4], rtol=0.5)


def test_a_stop_longer_than_every_delay_leaves_nothing():
    reports, _ = epidemic(DAYS)
    kept = reports.filter(pl.col("reported") <= AS_OF - timedelta(days=30))
    found = nowcast(kept, AS_OF, draws=50, max_delay=7)
    assert np.isnan(found.draws).all()
    assert "ended on" in found.unknown[0]


def test_silence_about_the_newest_days_is_not_a_calm():
    """Older days are still reported on, but nothing is about the last five: an export cut off."""
    reports, finals = epidemic(DAYS)
    kept = reports.filter(pl.col("date") <= AS_OF - timedelta(days=5))
    found = nowcast(kept, AS_OF, draws=300, max_delay=7)
    assert "ended on" in found.unknown[0]
    assert np.isnan(found.draws[:, 0, -5:]).all()
    middle = np.median(found.draws[:, 0, :-5], axis=0)
    assert np.allclose(middle, finals[-8:-5], rtol=0.5)


def test_one_place_stops_and_the_other_goes_on():
    first, _ = epidemic(DAYS)
    second, _ = epidemic(DAYS, seed=2, place="B")
    kept = first.filter(pl.col("reported") <= AS_OF - timedelta(days=2))
    found = nowcast(pl.concat([kept, second]), AS_OF, draws=100)
    assert found.unknown[0] != ""
    assert found.unknown[1] == ""
    assert not np.isnan(found.draws[:, 1]).any()


@pytest.mark.parametrize(
    ("reports", "said"),
    [
        (epidemic(20, first=last_day(DAYS - 20))[0], "fewer than 28 report days"),
        (epidemic(DAYS)[0].with_columns(reported=pl.lit(AS_OF)), "on one day"),
        (epidemic(DAYS)[0].with_columns(count=pl.lit(0)), "not one report"),
    ],
)
def test_what_cannot_be_nowcast_says_why(reports, said):
    found = nowcast(reports, AS_OF, draws=50)
    assert said in found.unknown[0]
    assert np.isnan(found.draws).all()


def test_a_silent_place_beside_another_gets_a_small_but_open_interval():
    loud, _ = epidemic(DAYS)
    silent = counted(np.array([[1.0]]), place="Z")
    found = nowcast(pl.concat([loud, silent]), AS_OF, draws=2000)
    at = found.units.index(("Z", ""))
    assert np.median(found.draws[:, at]) == 0
    assert found.unknown[at] == ""


def test_a_place_new_last_week_leans_on_the_others():
    old, _ = epidemic(DAYS)
    new, finals = epidemic(8, level=300, seed=3, place="NEW", first=last_day(DAYS - 7))
    found = nowcast(pl.concat([old, new]), AS_OF, draws=500, max_delay=7)
    at = found.units.index(("NEW", ""))
    low, high = np.quantile(found.draws[:, at], [0.005, 0.995], axis=0)
    assert ((finals >= low) & (finals <= high)).mean() > 0.8
    assert any("newer than 28 days" in note for note in found.notes)


def test_corrections_are_noted_and_do_not_break():
    counts = np.zeros((DAYS, 8))
    counts[:, 0], counts[:, 2] = 110, -10
    found = nowcast(counted(counts), AS_OF, draws=400, max_delay=7)
    assert np.allclose(np.median(found.draws[:, 0], axis=0), 100, atol=3)
    assert any("took reports back" in note for note in found.notes)


def test_impossible_and_late_reports_are_counted():
    reports, _ = epidemic(DAYS)
    early = reports.head(3).with_columns(reported=pl.col("date") - pl.duration(days=1))
    late = reports.head(400).with_columns(reported=pl.col("date") + pl.duration(days=60))
    notes = " ".join(nowcast(pl.concat([reports, early, late]), AS_OF, max_delay=7).notes)
    assert "dated before their own day" in notes
    assert "came later than 7 days" in notes


def test_nothing_known_or_an_odd_delay_is_refused():
    reports, _ = epidemic(DAYS)
    with pytest.raises(InputError, match="Nothing had been reported"):
        nowcast(reports, FIRST - timedelta(days=1))
    with pytest.raises(UsageError, match="delay"):
        nowcast(reports, AS_OF, max_delay=0)
