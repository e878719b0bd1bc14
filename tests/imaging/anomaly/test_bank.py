"""The memory of normal places: distances, the coreset, and nobody's own features in it."""

import numpy as np
import pytest

from nof1.core.errors import ModelError
from nof1.imaging.anomaly.bank import Bank, _centres


def maps(films=20, depth=6, side=6, seed=0):
    return np.random.default_rng(seed).normal(size=(films, depth, side, side)).astype(np.float32)


def test_a_strange_place_is_far_and_it_is_that_place():
    bank = Bank.fit(maps(), entries=40)
    strange = maps(1, seed=1)
    strange[0, :, 4, 1] += 12
    far = bank.distance(strange)[0]
    assert far.shape == (6, 6)
    row, column = np.unravel_index(far.argmax(), far.shape)
    assert abs(row - 4) <= 1
    assert abs(column - 1) <= 1
    assert far.max() > 2 * np.median(bank.distance(maps(5, seed=2)))


def test_the_distance_is_that_of_a_slow_loop():
    from scipy import ndimage

    bank = Bank.fit(maps(), entries=30)
    seen = maps(1, seed=3)
    smooth = ndimage.uniform_filter(seen.astype(float), (1, 1, 3, 3))
    place = (smooth[0, :, 2, 3] - bank.centre) / bank.spread
    slow = min(np.sqrt(((place - entry) ** 2).mean()) for entry in bank.entries)
    assert bank.distance(seen)[0, 2, 3] == pytest.approx(slow)


def test_greedy_centres_cover_better_than_random_ones():
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal(0, 0.1, (500, 2)), rng.normal(5, 0.1, (3, 2))])
    chosen = _centres(points, 5, rng)

    def widest(centres):
        return np.sqrt(((points[:, None] - centres) ** 2).sum(axis=2)).min(axis=1).max()

    assert widest(chosen) < 1
    assert widest(points[:5]) > 5


def test_no_entry_is_one_patient_s():
    seen = maps()
    seen[0, :, 0, 0] += 50  # one film's odd corner
    bank = Bank.fit(seen, entries=60)
    assert np.abs(bank.entries).max() < 5
    places = ((np.moveaxis(seen, 1, 3).reshape(-1, 6) - bank.centre) / bank.spread).astype(float)
    gaps = np.sqrt(((bank.entries[:, None] - places) ** 2).sum(axis=2))
    assert gaps.min() > 1e-6


def test_a_dead_net_and_too_few_films_make_no_memory():
    with pytest.raises(ModelError, match="normal places"):
        Bank.fit(np.zeros((20, 4, 5, 5)))
    with pytest.raises(ModelError):
        Bank.fit(maps(films=4))
