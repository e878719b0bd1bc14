"""Each compiled loop against an obvious twin."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from nof1.learn import kernels


def score(g, h):
    return 0.5 * g.sum() ** 2 / (h.sum() + 1e-12)


def slow_curve(g, h, threshold):
    """Every cut tried in plain Python."""
    n = len(g)
    step = np.zeros(n)
    if score(g[:1], h[:1]) > threshold:
        step[0] = -g[0] / h[0] * (1 - threshold / score(g[:1], h[:1]))

    def best(first, end):
        gains = [
            (score(g[first:c], h[first:c]) + score(g[c:end], h[c:end]), c)
            for c in range(first + 1, end)
        ]
        if not gains:
            return 0.0, None
        gain, cut = max(gains, key=lambda pair: pair[0])
        return gain - score(g[first:end], h[first:end]), cut

    gain, cut = best(1, n)
    if cut is None or gain <= threshold:
        return step
    edges = [1, cut, n]
    more, second = max(best(1, cut), best(cut, n), key=lambda pair: pair[0])
    if second is not None and more > threshold:
        edges, gain = sorted([*edges, second]), gain + more
    for first, end in pairwise(edges):
        step[first:end] = -g[first:end].sum() / h[first:end].sum() * (1 - threshold / gain)
    return step


@pytest.mark.parametrize("seed", range(30))
def test_curve_step_equals_the_slow_search(seed):
    rng = np.random.default_rng(seed)
    n = rng.integers(2, 15)
    g, h = rng.normal(scale=5, size=n), rng.uniform(0.1, 5, n)
    step = np.empty(n)
    moved = kernels.step_curve(g, h, 0, 1.0, step)
    wanted = slow_curve(g, h, 1.0)
    np.testing.assert_allclose(step, wanted, atol=1e-9)
    assert moved == bool(np.any(wanted))


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("seed", range(10))
def test_monotone_step_is_monotone(seed, sign):
    rng = np.random.default_rng(seed)
    step = np.empty(12)
    kernels.step_curve(rng.normal(scale=9, size=12), rng.uniform(1, 3, 12), sign, 0.1, step)
    assert np.all(sign * np.diff(step[1:]) >= 0)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-9, 9), min_size=1, max_size=6), st.integers(0, 99))
def test_pooling_equals_isotonic_regression(values, seed):
    weights = np.random.default_rng(seed).uniform(0.1, 4, len(values))
    ours = np.array(values)
    kernels.pool_violators(ours, weights.copy(), 1)
    wanted = (
        IsotonicRegression().fit(range(len(values)), values, weights).predict(range(len(values)))
    )
    np.testing.assert_allclose(ours, wanted, atol=1e-9)


def slow_plane(g, h, threshold):
    n_a, n_b = g.shape
    best, chosen = 0.0, None
    for a in range(n_a - 1):
        for b in range(n_b - 1):
            low_a, low_b = slice(min(a, 1), a + 1), slice(min(b, 1), b + 1)
            blocks = [
                (r, c) for r in (low_a, slice(a + 1, n_a)) for c in (low_b, slice(b + 1, n_b))
            ]
            whole_g = sum(g[block].sum() for block in blocks)
            whole_h = sum(h[block].sum() for block in blocks)
            gain = sum(score(g[k], h[k]) for k in blocks) - 0.5 * whole_g**2 / (whole_h + 1e-12)
            if gain > best + 1e-9:
                best, chosen = gain, blocks
    step = np.zeros_like(g)
    if chosen and best > threshold:
        for block in chosen:
            step[block] = -g[block].sum() / (h[block].sum() + 1e-12) * (1 - threshold / best)
    return step


@pytest.mark.parametrize("seed", range(30))
def test_plane_step_equals_the_slow_search(seed):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(2, 7, 2))
    g, h = rng.normal(scale=5, size=shape), rng.uniform(0.1, 5, shape)
    step = np.empty(shape)
    kernels.step_plane(g, h, np.ones(shape, bool), 1.0, step)
    np.testing.assert_allclose(step, slow_plane(g, h, 1.0), atol=1e-9)
