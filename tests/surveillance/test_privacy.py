"""Noise of OpenDP: its size, its budget, and what is refused."""

import numpy as np
import pytest

from nof1.core.errors import InputError, UsageError
from nof1.surveillance.privacy import randomised


@pytest.mark.parametrize("epsilon", [0.1, 1 / 3, 0.7, 1.0, 3.0])
def test_never_more_than_epsilon_is_spent(epsilon):
    done = randomised(np.array([3, 100]), epsilon)
    assert 0.999 * epsilon <= done.epsilon <= epsilon
    assert randomised(np.array([3]), epsilon, cells_per_case=2).scale > 1.9 * done.scale


def test_noise_is_discrete_laplace():
    # the variance of the two-sided geometric law with ratio a = exp(-epsilon) is 2 a / (1 - a)^2
    done = randomised(np.zeros(20_000, dtype=np.int64), 1.0)
    a = np.exp(-1.0)
    variance = 2 * a / (1 - a) ** 2
    assert abs(done.counts.mean()) < 5 * np.sqrt(variance / 20_000)
    assert abs(done.counts.var() / variance - 1) < 0.15
    assert abs((done.counts == 0).mean() - (1 - a) / (1 + a)) < 0.02
    assert (np.abs(done.counts) <= done.accuracy95).mean() > 0.93


def test_each_run_is_different():
    counts = np.full(50, 1000)
    assert (randomised(counts, 1.0).counts != randomised(counts, 1.0).counts).any()


@pytest.mark.parametrize("epsilon", [0.0, -1.0, float("nan"), float("inf"), 50.0])
def test_an_epsilon_without_privacy_is_refused(epsilon):
    with pytest.raises(UsageError, match="epsilon"):
        randomised(np.array([1]), epsilon)


def test_too_large_counts_are_refused():
    with pytest.raises(InputError, match="too large"):
        randomised(np.array([2**60]), 1.0)


def test_an_empty_table_costs_a_query_all_the_same():
    done = randomised(np.zeros(0, dtype=np.int64), 1.0)
    assert done.counts.shape == (0,)
    assert done.epsilon == 1.0
