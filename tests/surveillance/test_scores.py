"""Scores against slow oracles and identities."""

import math

import numpy as np
import pytest

from nof1.core.errors import InputError, UsageError
from nof1.surveillance import scores
from nof1.surveillance.scores import LEVELS


@pytest.fixture
def forecasts():
    rng = np.random.default_rng(3)
    quantiles = np.sort(rng.gamma(2.0, 40.0, size=(60, 23)), axis=1)
    truth = rng.gamma(2.0, 40.0, size=60).round()
    return truth, quantiles


def pinball(truth, row):
    """Mean quantile loss, doubled: the slow oracle of the weighted interval score."""
    losses = [
        2 * ((truth <= value) - level) * (value - truth)
        for value, level in zip(row, LEVELS, strict=True)
    ]
    return sum(losses) / len(LEVELS)


def interval_score(truth, row):
    """The definition with intervals, one at a time."""
    total = 0.5 * abs(truth - row[11])
    for k in range(11):
        low, high, alpha = row[k], row[22 - k], 2 * LEVELS[k]
        score = high - low
        if truth < low:
            score += 2 / alpha * (low - truth)
        if truth > high:
            score += 2 / alpha * (truth - high)
        total += alpha / 2 * score
    return total / 11.5


def test_levels_are_the_hubs_and_exact():
    assert len(LEVELS) == 23
    assert [*LEVELS[:4], *LEVELS[-3:]] == [0.01, 0.025, 0.05, 0.1, 0.95, 0.975, 0.99]
    assert 0.15 in LEVELS
    assert LEVELS[11] == 0.5


@pytest.mark.parametrize("oracle", [pinball, interval_score])
def test_wis_equals_the_slow_oracles(forecasts, oracle):
    truth, quantiles = forecasts
    slow = [oracle(*one) for one in zip(truth, quantiles, strict=True)]
    assert scores.wis(truth, quantiles).total == pytest.approx(slow, rel=1e-12)


def test_the_parts_add_up_and_point_the_right_way(forecasts):
    made = scores.wis(*forecasts)
    parts = made.dispersion + made.underprediction + made.overprediction
    assert parts == pytest.approx(made.total)
    low = scores.wis([500.0], np.full((1, 23), 10.0))
    assert (low.underprediction[0], low.overprediction[0], low.dispersion[0]) == (490.0, 0.0, 0.0)


def test_any_leading_shape(forecasts):
    truth, quantiles = forecasts
    cube = scores.wis(truth.reshape(3, 4, 5), quantiles.reshape(3, 4, 5, 23)).total
    assert cube.reshape(-1) == pytest.approx(scores.wis(truth, quantiles).total)


def test_unknown_truth_has_no_score(forecasts):
    truth, quantiles = forecasts
    truth[4] = np.nan
    made = scores.wis(truth, quantiles)
    for part in (made.total, made.dispersion, made.underprediction, made.overprediction):
        assert np.isnan(part[4])
        assert not np.isnan(part[5])
    assert np.isnan(scores.covered(truth, quantiles, 0.5)[4])
    assert np.isnan(scores.pit(truth, quantiles)[4])
    assert scores.mean(made.total) == pytest.approx(np.delete(made.total, 4).mean())
    assert math.isnan(scores.mean([np.nan]))


def test_log_wis_judges_relative_errors():
    small = scores.log_wis([1.0], np.full((1, 23), 3.0))[0]
    large = scores.log_wis([999.0], np.full((1, 23), 1999.0))[0]
    assert small == pytest.approx(math.log(2))
    assert large == pytest.approx(math.log(2))
    assert scores.log_wis([-4.0], np.zeros((1, 23)))[0] == 0


def test_coverage_counts_ends_as_inside():
    row = np.arange(1.0, 24.0)[None]  # 0.025 is the value 2, 0.975 the value 22
    assert [scores.covered([y], row, 0.95)[0] for y in (1, 2, 22, 23)] == [0, 1, 1, 0]
    assert scores.coverage([1, 12], np.repeat(row, 2, 0), 0.95) == 0.5
    with pytest.raises(UsageError, match=r"no central interval of 0\.42"):
        scores.covered([1], row, 0.42)


def test_absolute_error_is_of_the_median():
    assert scores.absolute_error([15.0], np.arange(1.0, 24.0)[None])[0] == 3


def test_pit_is_even_for_a_calibrated_forecast():
    from scipy.stats import norm

    truth = np.random.default_rng(1).normal(size=4000)
    places = scores.pit(truth, np.repeat(norm.ppf(LEVELS)[None], 4000, 0))
    counts, _ = np.histogram(places, bins=5, range=(0, 1))
    assert counts == pytest.approx(800, abs=4 * math.sqrt(800))


def test_pit_in_the_tails_and_at_ties():
    row = np.arange(1.0, 24.0)[None]
    assert scores.pit([0.0], row)[0] == 0.005
    assert scores.pit([50.0], row)[0] == 0.995
    assert scores.pit([0.0], np.zeros((1, 23)))[0] == 0.5
    assert scores.pit([12.5], row)[0] == pytest.approx(0.525)


def test_relative_skill_of_complete_forecasts_is_the_plain_ratio():
    table = np.array([[2.0, 4.0, 6.0], [1.0, 2.0, 3.0], [4.0, 4.0, 4.0]])
    skill = scores.relative_skill(table, ["base", "half", "flat"], "base")
    assert skill == pytest.approx({"base": 1.0, "half": 0.5, "flat": 1.0})


def test_relative_skill_uses_the_shared_tasks_only():
    nan = np.nan
    table = np.array([[2.0, 2.0, 100.0], [1.0, 1.0, nan], [nan, 4.0, 4.0]])
    names = ["base", "a", "b"]
    ratio = {
        (i, j): np.mean([x for x, y in zip(p, q, strict=True) if not (np.isnan(x) or np.isnan(y))])
        / np.mean([y for x, y in zip(p, q, strict=True) if not (np.isnan(x) or np.isnan(y))])
        for i, p in zip(names, table, strict=True)
        for j, q in zip(names, table, strict=True)
    }
    theta = {i: math.prod(ratio[i, j] for j in names) ** (1 / 3) for i in names}
    skill = scores.relative_skill(table, names, "base")
    assert skill == pytest.approx({name: theta[name] / theta["base"] for name in names})
    with pytest.raises(UsageError, match="no model 'other'"):
        scores.relative_skill(table, names, "other")


def test_bootstrap_ratio_holds_its_value_and_repeats():
    rng = np.random.default_rng(5)
    base = rng.gamma(2.0, 10.0, size=300)
    week = np.repeat(np.arange(30), 10)
    one = scores.bootstrap_ratio(0.8 * base * rng.uniform(0.8, 1.2, 300), base, week, seed=7)
    assert one.low < one.value < one.high
    assert one.weeks == 30
    assert one.low > 0.7
    assert one.high < 0.9
    assert scores.bootstrap_ratio(0.5 * base, base, week).high == pytest.approx(0.5)


def test_bootstrap_ratio_covers_the_true_ratio_at_the_named_rate():
    """300 sets of 30 independent weeks: the 95 % interval holds 1 about 95 times of 100."""
    rng = np.random.default_rng(11)
    hits = 0
    for seed in range(300):
        a, b = rng.gamma(4.0, 1.0, size=(2, 30))
        made = scores.bootstrap_ratio(a, b, np.arange(30), block=1, draws=300, seed=seed)
        hits += made.low <= 1 <= made.high
    assert 0.88 <= hits / 300 <= 0.99


def test_fewer_weeks_than_two_blocks_give_a_ratio_without_interval():
    base = np.random.default_rng(5).gamma(2.0, 10.0, size=8)
    few = scores.bootstrap_ratio(0.5 * base[:7], base[:7], np.arange(7))
    assert few.value == pytest.approx(0.5)
    assert np.isnan([few.low, few.high]).all()
    assert scores.bootstrap_ratio(0.5 * base, base, np.arange(8)).low == pytest.approx(0.5)


def test_block_draws_keep_neighbours_together():
    picked = scores.block_draws(10, block=5, draws=50, seed=1)
    steps = np.diff(picked.reshape(50, 2, 5), axis=2) % 10
    assert picked.shape == (50, 10)
    assert np.all(steps == 1)


def test_bad_input_is_named(forecasts):
    truth, quantiles = forecasts
    with pytest.raises(InputError, match="do not fit"):
        scores.wis(truth[:5], quantiles)
    with pytest.raises(InputError, match="60 forecasts cross"):
        scores.wis(truth, quantiles[:, ::-1])
    with pytest.raises(InputError, match="not symmetric"):
        scores.wis(truth, quantiles[:, :3], LEVELS[:3])
    with pytest.raises(InputError, match="no judged task in common"):
        scores.bootstrap_ratio([1.0, np.nan], [np.nan, 1.0], [1, 2])
