"""Planted changes: seen, where the mask says, of every kind, and the same for the same seed."""

import numpy as np
import pytest

from nof1.core.errors import InputError
from nof1.imaging.anomaly.planting import CHANGES, LEARNING, PROOF, plant


@pytest.fixture(scope="module")
def films():
    rng = np.random.default_rng(0)
    ramp = np.linspace(60, 180, 48)[None, :, None] + np.linspace(-30, 30, 48)[None, None, :]
    return np.clip(ramp + rng.normal(0, 12, (12, 48, 48)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("kind", list(CHANGES))
def test_the_change_is_where_the_mask_says(films, kind):
    changed, masks = plant(films, [kind], seed=1)
    gap = np.abs(changed.astype(int) - films)
    inside = np.array([g[m].mean() for g, m in zip(gap, masks, strict=True)])
    outside = np.array([g[~m].mean() for g, m in zip(gap, masks, strict=True)])
    assert (inside > 4 * outside).all()
    assert (inside >= 3).all()
    assert (masks.mean(axis=(1, 2)) < 0.3).all()


def test_the_same_seed_gives_the_same_changes_and_another_does_not(films):
    first, masks = plant(films, LEARNING, seed=3)
    again, _ = plant(films, LEARNING, seed=3)
    other, _ = plant(films, LEARNING, seed=4)
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert masks.dtype == bool


def test_no_kind_of_the_proof_is_used_for_learning():
    assert not set(LEARNING) & set(PROOF)
    assert set(LEARNING) | set(PROOF) == set(CHANGES)


def test_shade_is_brighter_and_hole_is_darker(films):
    for kind, sign in (("shade", 1), ("hole", -1)):
        changed, masks = plant(films, [kind], seed=5)
        gap = (changed.astype(int) - films)[masks]
        assert sign * gap.mean() > 8


def test_wrong_films_are_refused(films):
    with pytest.raises(InputError):
        plant(films.astype(float), ["shade"], seed=0)
    with pytest.raises(InputError):
        plant(films[:1], ["foreign"], seed=0)
    with pytest.raises(InputError, match="unknown kind"):
        plant(films, ["haze"], seed=0)
