"""Rows that cannot be compared are refused with the way out."""

from dataclasses import replace

import numpy as np
import pytest

from effect_samples import QUICK, drawn
from nof1.core.errors import InputError, ModelError
from nof1.learn.effect.arms import Arms, patient_sums
from nof1.learn.sums import local_sum


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


def test_bins_are_agreed_on_once_for_each_kind_of_box_and_each_sum():
    arms, sums = drawn(300).arms(), []

    def counted(vector):
        sums.append(len(vector))
        return vector

    first = arms.bins(QUICK.nuisance, counted)
    asked = len(sums)
    assert arms.bins(QUICK.effect, counted) is first, "the same bins and smallest group"
    assert len(sums) == asked > 0
    assert arms.bins(replace(QUICK.nuisance, max_bins=8), counted) is not first
    assert arms.bins(QUICK.nuisance, local_sum) is not first, "other sites, other bins"


def test_bins_of_some_rows_are_not_those_of_all():
    arms = drawn(300).arms()
    half = np.arange(300) % 2 == 0
    whole = arms.bins(QUICK.nuisance, local_sum)
    assert arms.at(half).bins(QUICK.nuisance, local_sum).codes.shape == (5, 150)
    assert arms.bins(QUICK.nuisance, local_sum) is whole


def test_another_outcome_of_the_same_people_shares_their_bins_and_is_checked():
    trial = drawn(300)
    arms = trial.arms()
    bins = arms.bins(QUICK.nuisance, local_sum)
    other = arms.another(1 - trial.y, np.ones(300))
    assert other.bins(QUICK.nuisance, local_sum) is bins
    assert (other.y == 1 - trial.y).all()
    with pytest.raises(ModelError, match="never or always"):
        arms.another(np.zeros(300), np.ones(300))


def test_the_option_is_the_last_feature_where_it_is_asked_for():
    trial = drawn(300)
    bins = trial.arms().bins_with_option(QUICK.nuisance, local_sum)
    assert (bins.codes[-1] == trial.treated + 1).all()
    assert len(bins.cuts) == 6
