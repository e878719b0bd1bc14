"""The cheapest moves."""

import numpy as np

from nof1.surveillance.allocate.moves import transfers
from nof1.surveillance.allocate.problem import Problem

NAMES = ("a", "b", "c")
COST = np.array([[0.0, 1.0, 4.0], [1.0, 0.0, 2.0], [4.0, 2.0, 0.0]])


def problem(now, supply, cost=COST):
    return Problem(NAMES, np.full((3, 3), 9.0), supply, now=np.array(now), cost=cost)


def told(moves):
    return {(one.source, one.target): (one.amount, one.cost) for one in moves}


def test_the_nearest_gives_first():
    made = transfers(problem([5, 5, 0], 10), np.array([3, 3, 4]))
    assert told(made) == {("a", "c"): (2, 8.0), ("b", "c"): (2, 4.0)}


def test_the_store_gives_before_any_place_does():
    assert transfers(problem([5, 5, 0], 14), np.array([3, 3, 4])) == ()
    made = transfers(problem([5, 5, 0], 13), np.array([3, 3, 4]))
    assert told(made) == {("b", "c"): (1, 2.0)}


def test_without_units_in_places_nothing_moves():
    one = Problem(NAMES, np.full((3, 3), 9.0), 10)
    assert transfers(one, np.array([3, 3, 4])) == ()


def test_moves_bring_the_plan_about():
    rng = np.random.default_rng(2)
    for _ in range(20):
        now = rng.integers(0, 30, size=3)
        given = rng.permutation(now)
        cost = rng.uniform(0.1, 2, size=(3, 3))
        there = now.copy()
        for one in transfers(problem(now, int(now.sum()), cost), given):
            there[NAMES.index(one.source)] -= one.amount
            there[NAMES.index(one.target)] += one.amount
        assert there.tolist() == given.tolist()
