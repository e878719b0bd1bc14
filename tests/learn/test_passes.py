"""Each compiled pass over rows against an obvious twin."""

import numpy as np
import pytest

from nof1.learn import passes
from nof1.learn.coded import CodedTable
from nof1.learn.objectives import Bernoulli


@pytest.mark.parametrize("common", [0.0, 0.9])
def test_histogram_and_spread_equal_bincount_and_lookup(common):
    rng = np.random.default_rng(0)
    sizes = [5, 12, 3]
    codes = np.stack([rng.integers(0, size, 500) for size in sizes]).astype(np.uint8)
    codes[rng.random(codes.shape) < common] = 1
    counts = [np.bincount(c, minlength=s).astype(float) for c, s in zip(codes, sizes, strict=True)]
    table = CodedTable(codes, counts)
    assert any(table.listed) == (common > 0)
    values = rng.normal(size=(500, 4))
    terms = np.array([0, 2])
    found = table.sums(values, terms, values.sum(axis=0))
    assert (table.bins(terms) == [0, 1, 2, 3, 4, 17, 18, 19]).all()
    wanted = np.vstack(
        [
            np.stack([np.bincount(codes[j], v, minlength=sizes[j]) for v in values.T], axis=1)
            for j in terms
        ]
    )
    np.testing.assert_allclose(found, wanted, atol=1e-11)
    placed = table.histogram(values, terms)
    np.testing.assert_allclose(placed[table.bins(terms)], wanted, atol=1e-11)
    assert not placed[5:17].any()
    lookup = rng.normal(size=(8, 4))
    plain = lookup[codes[0]] + lookup[5 + codes[2]]
    np.testing.assert_allclose(table.spread(lookup, terms), plain, atol=1e-12)


@pytest.mark.parametrize("order", ["C", "F"])
def test_column_sums_are_those_of_numpy_row_by_row(order):
    rng = np.random.default_rng(1)
    g, h, direction = (np.array(rng.normal(size=(3001, 4)), order=order) for _ in range(3))
    rows = np.ascontiguousarray
    assert (passes.column_sums(g) == rows(g).sum(axis=0)).all()
    found = passes.along(np.array(np.hstack([g, h]), order=order), direction)
    assert (found[0] == rows(g * direction).sum(axis=0)).all()
    assert (found[1] == rows(h * direction**2).sum(axis=0)).all()


def test_scores_advance_by_the_direction_and_then_by_the_change():
    rng = np.random.default_rng(2)
    scores, direction = rng.normal(size=(2, 700, 3))
    rate, change = rng.normal(size=(2, 3))
    wanted = scores + direction * rate
    wanted += change
    passes.advance(scores, direction, rate, change)
    assert (scores == wanted).all()


def test_cells_of_pairs_equal_bincount():
    rng = np.random.default_rng(3)
    sizes = np.array([4, 7, 3])
    codes = np.stack([rng.integers(0, size, 20_000) for size in sizes]).astype(np.uint8)
    g, h = rng.normal(size=(2, 20_000))
    pairs = np.array([[0, 1], [1, 2], [0, 2]])
    wanted = []
    for a, b in pairs:
        cells = codes[a].astype(int) * sizes[b] + codes[b]
        wanted += [np.bincount(cells, v, minlength=sizes[a] * sizes[b]) for v in (g, h)]
    starts = np.r_[0, np.cumsum([2 * sizes[a] * sizes[b] for a, b in pairs])]
    found = passes.pair_sums(codes, pairs, sizes[pairs[:, 1]], starts, g, h)
    assert (found == np.concatenate(wanted)).all()


def test_moments_are_those_of_scaled_values_that_are_known():
    rng = np.random.default_rng(4)
    X = rng.normal(size=(400, 3)) * [1, 20, 1]
    X[rng.random(X.shape) < 0.2] = np.nan
    shares = rng.integers(0, 3, 400) / 2.0
    middle, width = np.array([0.0, 1.0, -1.0]), np.array([2.0, 1.0, 0.5])
    known = ~np.isnan(X)
    scaled = np.where(known, np.clip((X - middle) / width, -5, 5), 0.0)
    wanted = [shares @ part for part in (known, scaled, scaled**2, ~known)]
    np.testing.assert_allclose(passes.moments(X, middle, width, 5.0, shares), wanted, atol=1e-11)


def test_weighed_derivatives_are_the_derivatives_times_the_weights():
    rng = np.random.default_rng(5)
    scores = rng.normal(scale=20, size=(3000, 2))  # more rows than one block
    objective = Bernoulli((rng.random(3000) < 0.3).astype(float), rng.uniform(0, 2, (3000, 2)))
    both = np.empty((3000, 4))
    objective.weigh(scores, both)
    g, h = objective.gradients(scores)
    assert (both == np.hstack([g * objective.weights, h * objective.weights])).all()
