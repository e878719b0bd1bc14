"""Tails and quantiles against sums of the probabilities, scipy, and each other."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from tests.surveillance.alarms import oracle

from nof1.surveillance.alarms import tails

MEANS = st.floats(0.01, 500)
OVERS = st.one_of(st.just(1.0), st.floats(1.001, 30))


@settings(max_examples=80, deadline=None)
@given(MEANS, OVERS, st.integers(0, 700))
def test_tail_is_the_sum(mean, over, count):
    got = tails.at_least(np.array([float(count)]), np.array([mean]), np.array([over]))
    np.testing.assert_allclose(got[0], oracle.nb_tail(count, mean, over), atol=1e-9)


@settings(max_examples=80, deadline=None)
@given(MEANS, OVERS, st.sampled_from([0.5, 0.9, 0.99, 0.999]))
def test_quantile_is_scipys(mean, over, level):
    got = tails.quantile(level, np.array([mean]), np.array([over]))[0]
    if over > 1:
        want = stats.nbinom.ppf(level, mean / (over - 1), 1 / over)
    else:
        want = stats.poisson.ppf(level, mean)
    assert got == want


def test_unknown_stays_unknown_and_parts_of_cases_round_up():
    nan, one = np.array([np.nan]), np.array([1.0])
    assert np.isnan(tails.at_least(nan, one, one)[0])
    assert np.isnan(tails.quantile(0.9, nan, one)[0])
    assert tails.at_least(one * 1.5, one, one) == tails.at_least(one * 2, one, one)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.5, 20), st.floats(1.0, 5), st.floats(0.05, 1))
def test_thinning_keeps_the_family(mean, over, share):
    """A negative binomial whose cases are each seen with chance ``share``: by adding up."""
    seen, less = tails.thinned(np.array([mean]), np.array([over]), share)
    counts = np.arange(1200)
    whole = (
        stats.nbinom.pmf(counts, mean / (over - 1), 1 / over)
        if over > 1
        else stats.poisson.pmf(counts, mean)
    )
    zero = np.sum(whole * (1 - share) ** counts)
    got = 1 - tails.at_least(np.array([1.0]), seen, less)[0]
    np.testing.assert_allclose(got, zero, atol=1e-7)
