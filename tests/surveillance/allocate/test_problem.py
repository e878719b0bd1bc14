"""The limits of a problem."""

from dataclasses import replace

import numpy as np
import pytest

from nof1.core.errors import InputError
from nof1.surveillance.allocate.problem import Problem, best_floor, conflicts

NEED = np.array([[2.0, 10.0], [4.0, 10.0], [9.5, 10.0]])
BASE = Problem(("a", "b"), NEED, 10)


def test_least_and_most():
    one = replace(BASE, floor=0.6, capacity=np.array([5, 100]))
    assert one.least().tolist() == [3, 6]
    assert one.most().tolist() == [5, 10]
    assert BASE.most().tolist() == [10, 10]
    assert BASE.unmet(np.array([4, 8])).tolist() == [2, 2, 7.5]


def test_the_best_floor_is_the_highest_that_fits():
    floor = best_floor(BASE)
    assert conflicts(replace(BASE, floor=floor)) == []
    assert conflicts(replace(BASE, floor=floor + 0.001)) != []
    assert best_floor(replace(BASE, supply=1000)) == 1.0
    assert best_floor(replace(BASE, supply=0)) == 0.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"need": np.zeros((0, 2))}, "no scenarios"),
        ({"need": -NEED}, "missing or negative"),
        ({"need": NEED * np.nan}, "missing or negative"),
        ({"supply": -1}, "supply of -1"),
        ({"floor": 1.2}, "floor of 1.2"),
        ({"floor": float("nan")}, "floor of nan"),
        ({"cvar_level": 1.0}, "tail that cannot be"),
        ({"cvar_weight": float("nan")}, "tail that cannot be"),
        ({"capacity": np.array([1])}, "wrong capacity"),
        ({"now": np.array([-1, 2])}, "wrong now"),
        ({"now": np.array([8, 8])}, "16 units in the places but a supply of 10"),
        ({"cost": np.full((2, 2), -1.0)}, "wrong transfer costs"),
        ({"cost": np.full((2, 2), np.nan)}, "wrong transfer costs"),
    ],
)
def test_what_cannot_be_is_refused(change, message):
    with pytest.raises(InputError, match=message):
        replace(BASE, **change)
