"""What p a series can reach: against a sum over all counts; and what that does to discoveries."""

import numpy as np
import pytest

from nof1.surveillance.alarms import attainable, predictive
from nof1.surveillance.alarms.discoveries import adjusted, discrete
from nof1.surveillance.alarms.predictive import Expected

FULL = 2000.0  # mean of a series whose counts are not added up


def expected(means: list[float], over: float = 1.5) -> Expected:
    mean = np.array(means)
    return Expected(mean, np.full(len(mean), 0.01), (0.5, 0.5), (mean * 0 + over, mean * 0 + 2.0))


def pair(means: list[float]) -> tuple[Expected, Expected, Expected]:
    one = expected(means)
    stacked = Expected(
        np.stack([one.mean] * 2),
        np.stack([one.unsure] * 2),
        one.weights,
        tuple(np.stack([over] * 2) for over in one.overs),
    )
    return one, one, stacked.last(2).at(-1)


@pytest.mark.parametrize("least", [0, 4])
def test_chances_are_the_sum_over_all_counts(least):
    now, before, two = pair([0.4, 3.0])
    got = attainable.chances(now, before, two, np.array([least, least]))
    counts = np.arange(40.0)
    for series in range(2):
        one = Expected(
            now.mean[[series]], now.unsure[[series]], now.weights,
            tuple(over[[series]] for over in now.overs),
        )  # fmt: skip
        both = Expected(
            two.mean[[series]], two.unsure[[series]], two.weights,
            tuple(over[[series]] for over in two.overs),
        )  # fmt: skip
        tail = one.upper_tail(counts)
        mass = tail - one.upper_tail(counts + 1)
        for k in (60, 150, 220):
            chance = 0.0
            for x in range(40):
                for z in range(40):
                    pair_p = np.array([[tail[x]], both.upper_tail(np.array([x + z * 1.0]))])
                    joined = predictive.combined(pair_p)[0]
                    if joined <= attainable.LEVELS[k] and x + z >= least:
                        chance += mass[x] * mass[z]
            want = min(chance, attainable.LEVELS[k])
            np.testing.assert_allclose(got[k, series], want, rtol=1e-4, atol=1e-12)


def test_large_counts_keep_the_usual_bound_and_none_exceeds_it():
    now, before, two = pair([0.05, 1.0, FULL])
    got = attainable.chances(now, before, two, np.array([5, 0, 0]))
    np.testing.assert_array_equal(got[:, 2], attainable.LEVELS)
    assert (got <= attainable.LEVELS[:, None]).all()
    assert (np.diff(got, axis=0) >= 0).all()
    assert got[-1, 0] < 1e-3  # five cases are out of reach


def test_discoveries_grow_where_series_cannot_reach_and_nowhere_else():
    rng = np.random.default_rng(1)
    p = rng.uniform(size=200) ** 2
    p[7] = np.nan
    levels = attainable.LEVELS
    usual = np.repeat(levels[:, None], 200, axis=1)
    small = adjusted(p) < 0.2
    assert small.sum() > 3
    np.testing.assert_allclose(discrete(p, usual, levels)[small], adjusted(p)[small], rtol=0.2)
    out_of_reach = usual.copy()
    out_of_reach[:, 100:] = 0.0
    assert np.nanmin(discrete(p, out_of_reach, levels)) < np.nanmin(adjusted(p))
    assert np.isnan(discrete(p, usual, levels)[7])
    assert np.isnan(discrete(np.array([np.nan]), usual[:, :1], levels)).all()
