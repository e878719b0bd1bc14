"""Dice and its mean over patients."""

import numpy as np
import pytest

from nof1.core.errors import InputError
from nof1.imaging.volumes.dice import dice, mean_dice

ONE = np.array([True, True, False, False])


def test_dice_of_known_masks():
    assert dice(ONE, ONE) == 1
    assert dice(ONE, ~ONE) == 0
    assert dice(ONE, np.array([True, False, False, False])) == pytest.approx(2 / 3)
    assert np.isnan(dice(ONE & ~ONE, ONE & ~ONE))


def test_shapes_must_agree():
    with pytest.raises(InputError, match="do not compare"):
        dice(ONE, ONE[:2])


def test_the_interval_draws_patients_not_volumes():
    rng = np.random.default_rng(0)
    levels = rng.uniform(0.6, 1, 12)
    patients = np.repeat(np.arange(12), 10)
    scores = levels[patients]
    by_patient = mean_dice(scores, patients)
    by_volume = mean_dice(scores, np.arange(120))
    assert by_patient.value == by_volume.value == pytest.approx(scores.mean())
    assert by_patient.high - by_patient.low > 2 * (by_volume.high - by_volume.low)


def test_nothing_to_find_is_left_out_and_few_patients_are_not_estimable():
    assert mean_dice([0.8, 0.9, 1.0, float("nan")], list("abcd")).value == pytest.approx(0.9)
    few = mean_dice([0.8, 0.9], list("ab"))
    assert few.value is None
    assert "2 held-out" in few.note
