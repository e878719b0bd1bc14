import numpy as np
import pytest

from nof1.core.errors import InputError, UsageError
from nof1.learn.rows import (
    check_features,
    check_keys,
    check_monotone,
    check_weights,
    patient_shares,
    row_keys,
    uniform,
)


def test_keys_follow_rows_and_not_their_order():
    X = np.random.default_rng(0).normal(size=(50, 3))
    X[3, 1] = np.nan
    order = np.random.default_rng(1).permutation(50)
    assert np.array_equal(row_keys(X)[order], row_keys(X[order]))


def test_equal_rows_have_different_keys_and_signed_zero_does_not_matter():
    assert len(set(row_keys(np.zeros((20, 2))).tolist())) == 20
    assert np.array_equal(row_keys(np.array([[0.0, 1.0]])), row_keys(np.array([[-0.0, 1.0]])))


def test_uniform_is_uniform_and_salts_are_independent():
    keys = row_keys(np.arange(20_000.0)[:, None])
    first, second = uniform(keys, 0, 1), uniform(keys, 0, 2)
    assert np.all((first >= 0) & (first < 1))
    counts = np.bincount((first * 10).astype(int), minlength=10)
    assert counts.min() > 1850
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.03


def test_shares_of_a_patient_add_up_to_one():
    assert patient_shares(np.array([5, 9, 5, 5], dtype=np.uint64)).tolist() == [
        1 / 3,
        1,
        1 / 3,
        1 / 3,
    ]


def test_monotone_by_name_and_unknown_names():
    assert check_monotone({"b": -1}, ("a", "b")).tolist() == [0, -1]
    with pytest.raises(UsageError, match="'c'"):
        check_monotone({"c": 1}, ("a", "b"))
    with pytest.raises(UsageError):
        check_monotone([2, 0], ("a", "b"))


def test_bad_tables_weights_and_keys_are_refused():
    with pytest.raises(InputError, match="dimension"):
        check_features(np.ones(3))
    with pytest.raises(InputError, match="names"):
        check_features(np.ones((2, 2)), ["a", "a"])
    with pytest.raises(InputError, match="weights"):
        check_weights([1, -1], 2)
    with pytest.raises(InputError, match="keys"):
        check_keys([0.5, 1.5], np.ones((2, 1)))
