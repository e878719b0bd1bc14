"""Rows that cannot be compared are refused with the way out."""

import numpy as np
import pytest

from effect_samples import drawn
from nof1.core.errors import InputError, ModelError
from nof1.learn.effect.arms import Arms, patient_sums


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"treated": np.full(100, 2.0)}, "neither 0 nor 1"),
        ({"y": np.full(100, 0.5)}, "neither 0 nor 1"),
        ({"y": np.full(100, np.nan)}, "not finite"),
        ({"treated": np.zeros(99)}, "shape"),
    ],
)
def test_wrong_rows_are_refused(change, words):
    trial = drawn(100)
    given = {"X": trial.X, "treated": trial.treated, "y": trial.y} | change
    with pytest.raises(InputError, match=words):
        Arms.of(given["X"], given["treated"], given["y"])


def test_an_empty_arm_is_refused():
    trial = drawn(200)
    with pytest.raises(ModelError, match=r"almost.* empty"):
        Arms.of(trial.X, np.zeros(200), trial.y)


def test_an_arm_counts_only_people_with_a_known_outcome():
    trial = drawn(200)
    weight = np.where(trial.treated == 1, 0.0, 1.0)
    with pytest.raises(ModelError, match=r"almost.* empty"):
        trial.arms(weight=weight)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_an_outcome_that_never_or_always_happens_is_refused(value):
    trial = drawn(200)
    with pytest.raises(ModelError, match="never or always"):
        Arms.of(trial.X, trial.treated, np.full(200, value))


def test_folds_hold_a_patient_together_and_do_not_move_with_the_order():
    trial = drawn(300)
    keys = np.arange(300) // 3
    arms = trial.arms(keys=keys)
    folds = arms.folds(5, seed=1)
    assert all(len(set(folds[keys == one])) == 1 for one in range(100))
    order = np.random.default_rng(0).permutation(300)
    assert (arms.at(order).folds(5, seed=1) == folds[order]).all()
    assert set(folds) == set(range(5))


def test_sums_by_patient():
    keys = np.array([7, 7, 9], dtype=np.uint64)
    assert patient_sums(keys, np.array([1.0, 2.0, 5.0])).ravel().tolist() == [3.0, 5.0]
