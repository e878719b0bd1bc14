"""The compiled search for pairs against plain loops."""

import numpy as np
import pytest

from nof1.learn.planes import interaction_gain, interaction_gains


def slow_gain(g, h):
    """Every cut of both sides, among known values or into missing and known, in plain loops."""

    def gain(a, b):
        return 0.5 * a**2 / (b + 1.0)

    def splits(n):
        known = [(list(range(1, c)), list(range(c, n))) for c in range(2, n)]
        return [*known, ([0], list(range(1, n)))]

    best = 0.0
    for rows in splits(g.shape[0]):
        for columns in splits(g.shape[1]):
            G = np.array([[g[np.ix_(r, c)].sum() for c in columns] for r in rows])
            H = np.array([[h[np.ix_(r, c)].sum() for c in columns] for r in rows])
            value = gain(G, H).sum() + gain(G.sum(), H.sum())
            value -= gain(G.sum(axis=0), H.sum(axis=0)).sum()
            value -= gain(G.sum(axis=1), H.sum(axis=1)).sum()
            best = max(best, value)
    return best


@pytest.mark.parametrize("seed", range(10))
def test_interaction_gain_equals_the_slow_search(seed):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(3, 7, 2))
    g, h = rng.normal(scale=4, size=shape), rng.uniform(0.5, 5, shape)
    assert interaction_gain(g, h) == pytest.approx(slow_gain(g, h))


def test_gains_of_several_pairs_are_those_of_each():
    rng = np.random.default_rng(1)
    shapes = np.array([(4, 3), (2, 6)])
    planes = [(rng.normal(size=shape), rng.uniform(0.5, 5, shape)) for shape in shapes]
    sums = np.concatenate([part.ravel() for plane in planes for part in plane])
    found = interaction_gains(sums, shapes, np.r_[0, np.cumsum(2 * shapes.prod(axis=1))])
    assert found.tolist() == [interaction_gain(g, h) for g, h in planes]
