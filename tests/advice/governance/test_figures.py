"""Shares and rates: intervals that hold, and none that is too sure of nothing."""

import numpy as np
import pytest

from nof1.advice.governance import figures


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [
        # scipy 1.17.1, scipy.stats.beta.ppf([0.025, 0.975], count + 0.5, of - count + 0.5)
        (12, 80, 0.08470, 0.24006),
        (1, 2, 0.06083, 0.93917),
        (0, 20, 0.0, 0.1166),
        (20, 20, 0.8834, 1.0),
    ],
)
def test_the_interval_is_that_of_jeffreys(count, of, low, high):
    made = figures.share(count, of)
    assert (made.low, made.high) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


def test_nothing_seen_is_no_share():
    made = figures.share(0, 0)
    assert (made.value, made.low, made.high) == (None, 0.0, 1.0)
    assert made.text() == made.short() == "no answer"


def test_counts_stand_beside_each_share():
    assert figures.share(12, 80).text() == "12 of 80 (15%; 8% to 24%)"
    assert figures.share(12, 80).short() == "12/80 15% (8-24)"
    assert figures.share(12, 80).to_dict()["count"] == 12


def test_intervals_of_shares_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(5)
    drawn = rng.binomial(60, 0.1, size=2_000)
    made = [figures.share(int(one), 60) for one in drawn]
    assert np.mean([one.low <= 0.1 <= one.high for one in made]) > 0.92


def test_credibility_below_a_threshold():
    assert figures.below(0, 60, 0.1) > 0.99
    assert figures.below(6, 60, 0.1) == pytest.approx(0.5, abs=0.1)
    assert figures.below(30, 60, 0.1) < 1e-6
    assert figures.below(0, 0, 0.1) == pytest.approx(0.2048, abs=1e-3)  # scipy.stats.beta.cdf


def test_a_rate_of_none_is_not_none_for_sure():
    made = figures.rate([0] * 50, [2] * 50, [str(n) for n in range(50)])
    assert (made.value, made.low) == (0.0, 0.0)
    assert made.high == pytest.approx(3.689, abs=1e-3)  # Garwood's exact bound of 0 in 100


def test_a_rate_is_per_hundred_with_its_counts():
    made = figures.rate([1, 0, 2], [10, 10, 10], ["a", "b", "c"])
    assert (made.value, made.count, made.of) == (10.0, 3, 30)
    assert made.low < 10.0 < made.high


def test_alerts_of_few_patients_make_a_wider_interval():
    counts, units = [1, 0] * 50, [2] * 100
    alone = figures.rate(counts, units, [str(n) for n in range(100)])
    together = figures.rate(counts, units, [str(n % 2) for n in range(100)])
    assert together.high - together.low > alone.high - alone.low


def test_without_units_there_is_no_rate():
    made = figures.rate([], [], [])
    assert made.value is None
    assert made.text() == "not known"


def test_the_same_data_give_the_same_interval():
    given = ([1, 0, 2], [10, 10, 10], ["a", "b", "c"])
    assert figures.rate(*given) == figures.rate(*given)
