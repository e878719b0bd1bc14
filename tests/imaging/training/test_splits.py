"""Whole patients on one side, labels spread evenly."""

import numpy as np
import pytest

from nof1.core.errors import InputError
from nof1.imaging.training.splits import crossing, folds, inner_part, patient_codes


@pytest.fixture
def many():
    rng = np.random.default_rng(0)
    patients = rng.integers(0, 150, 600)
    labels = (rng.random(150) < 0.3)[patients].astype(int)
    return labels, patients


def test_no_patient_is_in_two_folds(many):
    labels, patients = many
    part = folds(labels, patients, 5, seed=3)
    assert crossing(patients, [part == one for one in range(5)]) == 0
    assert set(part) == set(range(5))


def test_sizes_and_labels_are_even(many):
    labels, patients = many
    part = folds(labels, patients, 5)
    sizes = np.bincount(part)
    shares = [labels[part == one].mean() for one in range(5)]
    assert sizes.max() - sizes.min() <= 12
    assert max(shares) - min(shares) < 0.04


def test_the_seed_decides(many):
    labels, patients = many
    assert (folds(labels, patients, 5, seed=1) == folds(labels, patients, 5, seed=1)).all()
    assert (folds(labels, patients, 5, seed=1) != folds(labels, patients, 5, seed=2)).any()


def test_the_inner_part_is_about_the_share(many):
    labels, patients = many
    inside = inner_part(labels, patients, 0.2)
    assert 0.17 < inside.mean() < 0.23


def test_crossing_counts_patients():
    assert crossing(["a", "a", "b", "c"], [[0, 2], [1, 3]]) == 1


@pytest.mark.parametrize("groups", [["a", "b"], ["a", "", "b"], ["a", None, "b"]])
def test_missing_patients_are_refused(groups):
    with pytest.raises(InputError):
        patient_codes(groups, 3)


def test_too_few_patients_are_refused():
    with pytest.raises(InputError, match="Fewer than 5"):
        folds([0, 1, 0, 1], ["a", "a", "b", "b"], 5)
