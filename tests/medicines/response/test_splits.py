import numpy as np
import pytest

from nof1.core.errors import InputError
from nof1.medicines.response.splits import SPLITS, folds
from response_samples import planted


@pytest.mark.parametrize("kind", SPLITS)
def test_each_measured_pair_is_tested_once_and_never_trained_on(kind):
    screen = planted()
    masks = folds(screen, kind, 4, seed=1)
    np.testing.assert_array_equal(sum(mask.astype(int) for mask in masks), screen.measured)
    for mask in masks:
        left = screen.masked(mask).measured
        assert not (left & mask).any()


def test_no_held_out_group_has_a_pair_in_training():
    screen = planted()
    for kind, labels, axis in (
        ("cell-line", screen.lines, 0),
        ("tissue", screen.tissues, 0),
        ("drug", screen.drugs, 1),
    ):
        for mask in folds(screen, kind, 4, seed=1):
            rest = screen.measured & ~mask
            tested = {labels[k] for k in np.flatnonzero(mask.any(axis=1 - axis))}
            trained = {labels[k] for k in np.flatnonzero(rest.any(axis=1 - axis))}
            assert not tested & trained


@pytest.mark.parametrize("kind", ["pairs", "drug"])
def test_one_substance_under_two_ids_is_held_out_together(kind):
    screen = planted()
    twins = ("same", "same", *screen.compounds[2:])
    screen = type(screen)(**{**vars(screen), "compounds": twins})
    for mask in folds(screen, kind, 3, seed=0):
        both = screen.measured[:, :2].all(axis=1)
        np.testing.assert_array_equal(mask[both, 0], mask[both, 1])


def test_the_seed_decides_and_one_group_is_refused():
    screen = planted()
    one, two, other = (folds(screen, "cell-line", 5, seed) for seed in (0, 0, 1))
    assert all((a == b).all() for a, b in zip(one, two, strict=True))
    assert any((a != b).any() for a, b in zip(one, other, strict=True))
    alone = type(screen)(**{**vars(screen), "tissues": ("lung",) * 96})
    with pytest.raises(InputError, match="at least two groups"):
        folds(alone, "tissue", 5, 0)
