import math

import numpy as np
import pytest

from nof1.core.errors import UsageError
from nof1.federation.private.bins import codes_of, even, on_simplex, private_bins
from private_samples import alone, fast, nothing


def column(seed=0, n=4000):
    return np.random.default_rng(seed).normal(130, 15, (n, 1))


def test_without_noise_bins_hold_about_the_same_share():
    (one,) = private_bins(column(), [even(60, 220, 128)], alone(nothing), 1e-3)
    assert 12 <= len(one.cuts) <= 15
    assert np.all(one.shares[1:] > 0.02)
    assert one.shares.sum() == pytest.approx(1)
    assert not one.missing


def test_cuts_are_borders_of_public_cells():
    grid = even(60, 220)
    (one,) = private_bins(column(), [grid], alone(nothing), 1e-3)
    assert set(one.cuts) <= set(grid)


def test_a_range_that_nobody_named_is_found():
    noise = fast(np.random.default_rng(3))
    (one,) = private_bins(column(n=6000), [None], alone(noise), 10.0)
    assert len(one.cuts) >= 5
    assert np.all((one.cuts > 60) & (one.cuts < 220))


def test_nothing_but_noise_gives_bins_that_can_be_used():
    noise = fast(np.random.default_rng(3))
    binned = private_bins(np.zeros((0, 2)), [even(0, 1), None], alone(noise), 5.0)
    for one in binned:
        assert np.all(np.isfinite(one.cuts))
        assert np.all(one.shares >= 0)
        assert np.all(np.diff(one.ranks) > 0)


def test_missing_values_have_a_bin_of_their_own():
    X = column()
    X[::4] = np.nan
    (one,) = private_bins(X, [even(60, 220)], alone(nothing), 1e-3)
    assert one.missing
    assert one.shares[0] == pytest.approx(0.25, abs=0.01)
    assert set(codes_of(X, [one])[0][::4]) == {0}


def test_the_three_histograms_of_an_unknown_column_cost_what_one_would():
    seen = []

    class Sum:
        def __call__(self, vector, sensitivity, noise):
            seen.append(noise)
            return vector

        def sigma(self, sensitivity, noise, size):
            return 1.0

    private_bins(np.hstack([column(), column(1)]), [None, even(60, 220)], Sum(), 4.0)
    assert len(seen) == 3
    assert sum(noise**-2 for noise in seen) == pytest.approx(4.0**-2)


@pytest.mark.parametrize("limits", [(1.0, 1.0), (2.0, 1.0), (math.nan, 1.0), (0.0, math.inf)])
def test_ranges_that_are_none_are_refused(limits):
    with pytest.raises(UsageError):
        even(*limits)


def test_the_nearest_possible_counts():
    found = on_simplex(np.array([5.0, 1.0, -2.0, 3.0]), 6.0)
    assert found.sum() == pytest.approx(6.0)
    np.testing.assert_allclose(found, [4.0, 0.0, 0.0, 2.0])
