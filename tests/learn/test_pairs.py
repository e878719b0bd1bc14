import numpy as np
import pytest

from nof1.learn.pairs import coarsen, interaction_gain, pair_codes, purify


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


def test_coarse_bins_keep_missing_apart_and_cuts_true():
    cuts, counts = np.arange(1.0, 21.0), np.r_[5.0, np.full(21, 10.0)]
    axis = coarsen(cuts, counts, 4)
    assert axis.groups[0] == 0
    assert axis.size == 5  # missing and four groups
    for code in range(1, 22):
        value = code - 0.5  # inside bin `code`
        assert axis.groups[code] == 1 + np.sum(axis.cuts <= value)


def test_pair_codes_fit_one_byte_at_the_largest_size():
    axis = coarsen(np.arange(1.0, 30.0), np.full(31, 1.0), 14)
    codes = np.array([[0, 30, 15], [30, 30, 0]], dtype=np.uint8)
    cells = pair_codes(codes, [axis, axis], (0, 1))
    a, b = axis.groups[codes].astype(int)
    assert cells.tolist() == (a * axis.size + b).tolist()


def test_purified_planes_have_no_margins_and_nothing_is_lost():
    rng = np.random.default_rng(0)
    plane, weights = rng.normal(size=(5, 4, 3)), rng.uniform(20, 50, (5, 4))
    pure, rows, columns = purify(plane, weights, 10)
    np.testing.assert_allclose(pure + rows[:, None] + columns[None], plane, atol=1e-12)
    for axis in (0, 1):
        np.testing.assert_allclose((pure * weights[..., None]).sum(axis=axis), 0, atol=1e-8)


def test_rare_rows_move_nothing():
    weights = np.full((3, 3), 20.0)
    weights[0] = 1.0
    _, rows, _ = purify(np.random.default_rng(0).normal(size=(3, 3, 1)), weights, 10)
    assert rows[0, 0] == 0
