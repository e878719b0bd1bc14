import math

import numpy as np
import pytest
from scipy import stats

from nof1.core.errors import ModelError, UsageError
from nof1.federation.private.noise import (
    LARGEST,
    STEP,
    NoisySum,
    discrete_gaussian,
    may_collude,
)
from nof1.learn.sums import federate
from private_samples import nothing

SIZE, NOISE, SENSITIVITY = 4000, 3.0, 2.0
CHANCE = 1e-9  # of a false alarm of a check on right noise


def summed(draws, dishonest=1):
    """The noise of a sum of empty vectors over sites with these sources."""

    def site(draw):
        def run(total):
            noisy = NoisySum(total, len(draws), dishonest, draw)
            return noisy(np.zeros(SIZE), SENSITIVITY, NOISE)

        return run

    return federate([site(draw) for draw in draws], fixed_point=True)[0]


def is_right(noise, sigma):
    """Whether the noise has this standard deviation and is Gaussian, as far as draws can tell."""
    chi = float((noise**2).sum() / sigma**2)
    spread = min(stats.chi2.cdf(chi, len(noise)), stats.chi2.sf(chi, len(noise)))
    return spread > CHANCE and stats.kstest(noise / sigma, "norm").pvalue > CHANCE


def wanted(honest, sites=3, dishonest=1):
    return NOISE * SENSITIVITY * math.sqrt(honest / (sites - dishonest))


def test_the_sum_of_all_sites_has_the_noise_that_was_promised_and_more():
    noise = summed([discrete_gaussian] * 3)
    assert is_right(noise, wanted(3))
    assert not is_right(noise, wanted(2))
    assert np.all(noise / STEP == np.rint(noise / STEP))


def test_without_the_noise_of_a_dishonest_site_the_promise_still_holds():
    assert is_right(summed([discrete_gaussian, discrete_gaussian, nothing]), wanted(2))


def test_a_planted_bug_of_a_tenth_of_the_noise_is_found():
    def tenth(size, sigma):
        return discrete_gaussian(size, sigma / 10)

    assert not is_right(summed([tenth] * 3), wanted(3))
    assert not is_right(summed([discrete_gaussian, discrete_gaussian, tenth]), wanted(3))


def test_sites_without_noise_are_found():
    assert not is_right(summed([discrete_gaussian, nothing, nothing]), wanted(2))
    assert not is_right(summed([discrete_gaussian, discrete_gaussian, nothing]), wanted(3))


def test_noise_that_is_not_gaussian_is_found():
    def flat(size, sigma):
        rng = np.random.default_rng(0)
        return np.rint(rng.uniform(-1, 1, size) * sigma * math.sqrt(3)).astype(np.int64)

    assert not is_right(summed([flat, nothing, nothing], dishonest=2), wanted(1, dishonest=2))


def test_draws_differ_between_calls_and_sites():
    first, second = (discrete_gaussian(50, 1e8) for _ in range(2))
    assert not np.array_equal(first, second)


def test_what_was_sent_is_in_the_sum():
    noisy = NoisySum(lambda vector: vector, 1, 0, nothing)
    vector = np.array([[1.5, -2.25], [0.0, 1e6]])
    np.testing.assert_array_equal(noisy(vector, 1.0, 1.0), vector)
    assert (noisy.releases, noisy.bytes_sent) == (1, 32)


@pytest.mark.parametrize("bad", [math.nan, math.inf, LARGEST])
def test_values_that_cannot_be_carried_are_not_sent(bad):
    sent = []
    noisy = NoisySum(lambda vector: sent.append(vector) or vector, 3, 1, nothing)
    with pytest.raises(ModelError):
        noisy(np.array([bad]), 1.0, 1.0)
    assert not sent


@pytest.mark.parametrize("noise", [0.0, 1e-9, -1.0, math.nan])
def test_noise_that_is_none_is_not_taken(noise):
    sent = []
    noisy = NoisySum(lambda vector: sent.append(vector) or vector, 3, 1)
    with pytest.raises(UsageError):
        noisy(np.zeros(3), 1.0, noise)
    assert not sent


def test_fewer_than_half_may_be_dishonest_unless_more_is_asked_for():
    assert [may_collude(sites) for sites in (3, 4, 5, 6, 7)] == [1, 1, 2, 2, 3]
    with pytest.raises(UsageError):
        NoisySum(lambda vector: vector, 3, 3)
