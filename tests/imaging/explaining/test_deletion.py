"""Hiding what matters must hurt more than hiding anything."""

import numpy as np
import pytest

from nof1.core.errors import InputError
from nof1.imaging.explaining.deletion import blurred, deletion_curve, deletion_gain


def spot(row, column, size=40):
    picture = np.full((size, size), 0.2, dtype=np.float32)
    picture[row : row + 6, column : column + 6] = 0.9
    return picture


def brightest(pictures):
    """A net that only looks for something bright."""
    return np.sort(pictures.reshape(len(pictures), -1), axis=1)[:, -30:].mean(axis=1) * 10


def test_a_right_map_falls_faster_than_chance_and_an_inverted_one_slower():
    picture = spot(5, 25)
    right = deletion_curve(brightest, picture, picture, places=8)
    wrong = deletion_curve(brightest, picture, -picture, places=8)
    assert right.gain > 1.0
    assert wrong.gain < 0
    assert right.by_importance[0] == right.at_random[0]
    assert right.by_importance[-1] == pytest.approx(right.at_random[-1])
    assert right.hidden[0] == 0
    assert right.hidden[-1] == 1


def test_the_gain_over_films_has_an_interval():
    places = [(5, 25), (20, 8), (30, 30), (2, 2)]
    curves = [deletion_curve(brightest, spot(*p), spot(*p), places=8) for p in places]
    assert deletion_gain(curves).lies_above(0)
    assert deletion_gain(curves[:1]).value is None


def test_the_blur_is_a_plain_mean():
    rng = np.random.default_rng(1)
    picture = rng.random((12, 9))
    padded = np.pad(picture, 2, mode="edge")
    slow = [[padded[i : i + 5, j : j + 5].mean() for j in range(9)] for i in range(12)]
    np.testing.assert_allclose(blurred(picture, 2), slow, rtol=1e-5)


def test_shapes_must_agree():
    with pytest.raises(InputError):
        deletion_curve(brightest, np.zeros((4, 4)), np.zeros((5, 5)), places=2)
