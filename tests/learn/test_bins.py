import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nof1.core.errors import UsageError
from nof1.learn.bins import agree_cuts, encode, from_grid, readable_cut, to_grid
from nof1.learn.sums import CountedSum, federate

floats = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(st.lists(floats, min_size=2, max_size=50))
def test_grid_keeps_the_order_and_the_values(values):
    keys = to_grid(values)
    for a, key_a in zip(values, keys, strict=True):
        assert from_grid(int(key_a)) == a
        for b, key_b in zip(values, keys, strict=True):
            assert (a < b) == (key_a < key_b)


@given(floats, floats)
def test_readable_cut_lies_between(a, b):
    low, high = min(a, b), max(a, b)
    if low < high:
        assert low < readable_cut(low, high) <= high


def cuts_of(values, **settings):
    values = np.asarray(values, dtype=float)
    return agree_cuts(values[:, None], np.ones(len(values)), CountedSum(), **settings)[0]


def test_few_values_get_one_bin_each():
    assert cuts_of(np.repeat([0.0, 1, 2, 7], 30)).tolist() == [0.5, 2.0, 4.0]


def test_constant_and_all_missing_have_no_cut():
    assert cuts_of(np.full(100, 3.0)).size == 0
    assert cuts_of(np.full(100, np.nan)).size == 0


def test_cuts_are_close_to_quantiles():
    values = np.random.default_rng(0).lognormal(3, 2, 20_000)
    cuts = cuts_of(values, max_bins=32)
    shares = np.diff(np.r_[0, np.searchsorted(np.sort(values), cuts), len(values)]) / len(values)
    assert len(cuts) == 31
    assert np.all(np.abs(shares - 1 / 32) < 0.6 / 32)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(st.integers(-5, 5).map(float), floats), min_size=1, max_size=200),
    st.integers(2, 20),
    st.integers(1, 15),
)
def test_no_bin_is_smaller_than_allowed(values, max_bins, smallest):
    cuts = cuts_of(values, max_bins=max_bins, smallest=smallest)
    codes = encode(np.array(values)[:, None], [cuts])[0]
    counts = np.bincount(codes, minlength=len(cuts) + 2)
    assert len(cuts) < max_bins
    assert counts[0] == 0
    assert len(cuts) == 0 or counts[1:].min() >= smallest
    assert np.all(np.diff(cuts) > 0)


def test_codes_are_what_the_docstring_says():
    X = np.array([[np.nan], [-1.0], [0.5], [0.6], [3.0], [9.0]])
    assert encode(X, [np.array([0.6, 3.0])])[0].tolist() == [0, 1, 1, 2, 3, 3]


def test_sites_agree_on_the_pooled_cuts_without_empty_site_trouble():
    X = np.random.default_rng(0).normal(size=(3000, 4))
    X[:, 1] = np.round(X[:, 1])
    X[np.random.default_rng(1).random(X.shape) < 0.2] = np.nan
    site_of = np.minimum(np.random.default_rng(2).integers(0, 4, 3000), 3)

    def train(rows):
        return lambda add: agree_cuts(X[rows], np.ones(rows.sum()), CountedSum(add))

    masks = [site_of == site for site in range(4)] + [np.zeros(3000, dtype=bool)]
    pooled = agree_cuts(X, np.ones(3000), CountedSum())
    for result in federate([train(mask) for mask in masks], fixed_point=True):
        for ours, theirs in zip(result, pooled, strict=True):
            assert np.array_equal(ours, theirs)


def test_rounds_stay_few():
    total = CountedSum()
    agree_cuts(np.random.default_rng(0).normal(size=(2000, 50)), np.ones(2000), total)
    assert total.rounds <= 7


def test_too_many_bins_are_refused():
    with pytest.raises(UsageError, match="bins"):
        cuts_of([1.0, 2.0], max_bins=256)
