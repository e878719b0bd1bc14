"""Coarse levels: one reading for every value, counts that show no single person."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof1.core.errors import InputError
from nof1.learn.levels import (
    FAR_ABOVE,
    FAR_BELOW,
    LEVELS,
    MISSING,
    Levels,
    level_counts,
    without_small,
)


def test_every_kind_of_value():
    levels = Levels.fit([[0.0, 5.0, 10.0]], ["lab"])
    values = [np.nan, -11, -10, -1, 0, 4.9, 5, 10, 20, 20.1, np.inf, -np.inf]
    codes = levels.codes(np.array(values)[:, None])[:, 0].tolist()
    assert codes[0] == MISSING
    assert codes[1] == FAR_BELOW
    assert codes[2:9] == [1, 1, 2, 2, 3, 4, 4]
    assert codes[9:] == [FAR_ABOVE, FAR_ABOVE, FAR_BELOW]


def test_many_cuts_become_seven_and_none_become_one_level():
    levels = Levels.fit([np.arange(100), [], [0.5]], ["a", "b", "c"])
    assert len(levels.cuts[0]) == 7
    assert (levels.cuts[0][0], levels.cuts[0][-1]) == (0.0, 99.0)
    assert levels.codes([50.0, 1e9, 1e9]).tolist() == [[5, 1, 2]]


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=30))
def test_codes_are_the_slow_reading(values):
    cuts = (-1.0, 0.0, 2.5)

    def slow(value):
        if np.isnan(value):
            return MISSING
        if value < cuts[0] - 3.5:
            return FAR_BELOW
        if value > cuts[-1] + 3.5:
            return FAR_ABOVE
        return 1 + sum(value >= cut for cut in cuts)

    codes = Levels(("a",), (cuts,)).codes(np.array(values)[:, None])[:, 0]
    assert codes.tolist() == [slow(value) for value in values]


def test_counts_add_up_and_small_ones_are_blurred():
    codes = np.array([[0, 1], [1, 1], [1, 10]], dtype=np.uint8)
    counts = level_counts(codes)
    assert counts.shape == (2, LEVELS)
    assert counts.sum(axis=1).tolist() == [3, 3]
    assert without_small(np.array([0.0, 1, 9, 10, 500])).tolist() == [0, 5, 5, 10, 500]


def test_round_trip_and_wrong_shape():
    levels = Levels.fit([[1.0], [2.0, 3.0]], ["a", "b"])
    assert Levels.from_dict(json.loads(json.dumps(levels.to_dict()))) == levels
    with pytest.raises(InputError, match="shape"):
        levels.codes([[1.0, 2.0, 3.0]])
    with pytest.raises(InputError, match="do not fit"):
        Levels.fit([[1.0]], ["a", "b"])
