import numpy as np
import pytest

from nof1.learn import pairs
from nof1.learn.glassbox import GlassBoxClassifier
from nof1.learn.pairs import coarsen, pair_codes, purify


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


def slow_cuts(count, smallest):
    """Each cut looked at by itself, as ``kernels.step_plane`` lays the quadrants."""
    found = np.zeros(count.shape, bool)
    for a in range(count.shape[0] - 1):
        for b in range(count.shape[1] - 1):
            rows = (slice(min(a, 1), a + 1), slice(a + 1, None))
            columns = (slice(min(b, 1), b + 1), slice(b + 1, None))
            groups = [count[r, c].sum() for r in rows for c in columns]
            found[a, b] = all(one == 0 or one >= smallest for one in groups)
    return found


@pytest.mark.parametrize("seed", range(20))
def test_a_plane_is_cut_only_where_each_quadrant_is_of_enough_people(seed):
    rng = np.random.default_rng(seed)
    count = rng.integers(0, 9, rng.integers(2, 7, 2)) * rng.integers(0, 2)
    count = count.astype(float) + rng.integers(0, 5, count.shape)
    found = pairs.allowed_cuts(count, 10)
    inside = found[:-1, :-1]
    np.testing.assert_array_equal(inside, slow_cuts(count, 10)[:-1, :-1])
    assert not found[-1].any()
    assert not found[:, -1].any()


def test_a_step_never_stands_on_fewer_people_than_the_smallest_group():
    """Two features that act together, and a corner of six people who are otherwise: without the
    rule the plane follows those six."""
    rng = np.random.default_rng(3)
    x = rng.integers(0, 4, (1500, 2)).astype(float)
    x[np.flatnonzero((x == 3).all(axis=1))[6:], 1] = 2
    corner, apart = (x == 3).all(axis=1), (x[:, 0] >= 2) != (x[:, 1] >= 2)
    y = (rng.random(1500) < np.where(corner, 0.98, np.where(apart, 0.75, 0.2))).astype(int)
    count = np.histogram2d(*x.T, bins=[4, 4], range=[[0, 4], [0, 4]])[0]
    fewest = []
    for smallest in (1, 10):
        model = GlassBoxClassifier(max_pairs=1, smallest_group=smallest, n_bags=4, seed=0)
        (plane,) = (one for one in model.fit(x, y).shapes_.terms if len(one.features) == 2)
        fewest.append(_smallest_quadrant(plane, count))
    assert fewest[0] == 6
    assert fewest[1] >= 10


def _smallest_quadrant(plane, count):
    """Fewest people in a quadrant around a corner where the plane has a step."""
    mixed = np.diff(np.diff(plane.scores[1:, 1:], axis=0), axis=1)
    found = [
        part.sum()
        for a, b in zip(*np.nonzero(np.abs(mixed) > 1e-7), strict=True)
        for part in (
            count[: a + 1, : b + 1], count[a + 1 :, : b + 1], count[: a + 1, b + 1 :],
            count[a + 1 :, b + 1 :],
        )
    ]  # fmt: skip
    return min(found, default=np.inf)
