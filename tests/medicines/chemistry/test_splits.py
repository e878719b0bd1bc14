"""Splits: every row once, scaffolds never on both sides, and the published order of filling."""

import numpy as np
import pytest

pytest.importorskip("rdkit", reason="needs the extra drugs (rdkit)")

from hypothesis import given, settings
from hypothesis import strategies as st

from nof1.core.errors import UsageError
from nof1.medicines.chemistry import splits
from nof1.medicines.chemistry.molecules import standardise

groups = st.lists(st.integers(0, 9), min_size=10, max_size=80)


@given(groups, st.integers(0, 3))
@settings(deadline=None)
def test_every_row_comes_once_and_scaffolds_stay_together(of, seed):
    for split in (
        splits.scaffold(of),
        splits.balanced_scaffold(of, seed=seed),
        splits.random(len(of)),
    ):
        parts = [split.train, split.validation, split.test]
        assert sorted(np.concatenate(parts).tolist()) == list(range(len(of)))
        if split.name != "random":
            seen = [{of[row] for row in part} for part in parts]
            assert not seen[0] & seen[1] | seen[0] & seen[2] | seen[1] & seen[2]


def test_large_scaffolds_go_to_training_and_equal_ones_from_the_end():
    of = ["b"] * 2 + ["a"] * 6 + ["c", "d"]
    split = splits.scaffold(of, (0.6, 0.2, 0.2))
    assert split.train.tolist() == [2, 3, 4, 5, 6, 7]
    assert split.validation.tolist() == [0, 1]
    assert split.test.tolist() == [8, 9]
    single = splits.scaffold(list("abcdefghij"))
    assert single.train.tolist() == [2, 3, 4, 5, 6, 7, 8, 9]  # the last first, as published
    assert (single.validation.tolist(), single.test.tolist()) == ([1], [0])


def test_seeds_change_the_repeatable_splits_and_only_them():
    of = [number % 40 for number in range(200)]
    assert splits.random(200, seed=1).test.tolist() != splits.random(200, seed=2).test.tolist()
    assert splits.random(200, seed=1).test.tolist() == splits.random(200, seed=1).test.tolist()
    balanced = [splits.balanced_scaffold(of, seed=seed).test.tolist() for seed in (1, 2)]
    assert balanced[0] != balanced[1]


def test_the_scaffold_is_the_ring_system_with_its_linkers():
    smiles = ["Cc1ccccc1CCc1ccncc1O", "CCO", "C[C@H]1CCCN1"]
    assert splits.scaffolds(standardise(smiles).molecules) == [
        "c1ccc(CCc2ccncc2)cc1",
        "",
        "C1CCNC1",
    ]


def test_shares_must_add_up():
    with pytest.raises(UsageError):
        splits.random(10, (0.8, 0.1, 0.2))


def test_folds_are_even():
    assert sorted(np.bincount(splits.folds(23, 5)).tolist()) == [4, 4, 5, 5, 5]
