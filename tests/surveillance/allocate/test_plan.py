"""The plan against every possible plan of small problems, and its limits."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from nof1.core.errors import InputError
from nof1.surveillance.allocate import plan as module
from nof1.surveillance.allocate.plan import finished, solve, tail_mean
from nof1.surveillance.allocate.problem import Problem, conflicts

NAMES = ("a", "b", "c")


def random_problem(seed, **changes):
    rng = np.random.default_rng(seed)
    need = rng.gamma(2.0, 1.5, size=(12, 3)).round(1)
    return Problem(NAMES, need, **{"supply": int(rng.integers(3, 9)), **changes})


def value_of(problem, given):
    """The objective of a plan, from its definition; None when it breaks a limit."""
    given = np.array(given)
    now = problem.now if problem.now is not None else np.zeros(3)
    store = problem.supply - now.sum()
    moved = max(0, np.clip(given - now, 0, None).sum() - store)
    if given.sum() > problem.supply or np.any(given < problem.floor * np.median(problem.need, 0)):
        return None
    if problem.capacity is not None and np.any(given > problem.capacity):
        return None
    losses = [sum(max(0, n - g) for n, g in zip(row, given, strict=True)) for row in problem.need]
    worst = sorted(losses)[::-1][:3]  # a quarter of 12 scenarios
    cost = 0 if problem.cost is None else moved * problem.cost[0, 1]
    return np.mean(losses) + problem.cvar_weight * np.mean(worst) + cost


def best_of_all(problem):
    """The least objective over every plan of whole units: the slow oracle."""
    top = int(problem.supply) + 1
    values = [value_of(problem, given) for given in product(range(top), repeat=3)]
    return min((one for one in values if one is not None), default=None)


VARIANTS = {
    "plain": {},
    "tail": {"cvar_weight": 2.0, "cvar_level": 0.75},
    "tail only": {"cvar_weight": 1000.0, "cvar_level": 0.75},
    "capacity": {"capacity": np.array([1, 3, 2]), "cvar_weight": 0.5, "cvar_level": 0.75},
    "floor": {"floor": 0.4, "cvar_weight": 0.5, "cvar_level": 0.75, "supply": 8},
    "moves": {"now": np.array([3, 0, 1]), "cost": np.full((3, 3), 0.3), "supply": 5},
    "dear moves": {"now": np.array([4, 0, 0]), "cost": np.full((3, 3), 5.0), "supply": 4},
    "all": {
        "now": np.array([5, 0, 0]),
        "cost": np.full((3, 3), 0.1),
        "supply": 6,
        "floor": 0.3,
        "capacity": np.array([3, 3, 3]),
        "cvar_weight": 1.0,
        "cvar_level": 0.75,
    },
}


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("name", VARIANTS)
def test_no_plan_of_whole_units_is_better(name, seed):
    problem = random_problem(seed, **VARIANTS[name])
    made = solve(problem, gap=0.0)
    assert made.objective == pytest.approx(best_of_all(problem), abs=1e-6)
    assert value_of(problem, made.allocated) == pytest.approx(made.objective, abs=1e-6)
    assert made.gap <= 1e-4
    assert not made.stopped


def test_the_exact_way_and_the_solver_agree(monkeypatch):
    problem = random_problem(9, supply=7)
    quick = solve(problem)
    monkeypatch.setattr(module.marginal, "fits", lambda _: False)
    assert solve(problem, gap=0.0).objective == pytest.approx(quick.objective, abs=1e-9)
    assert quick.gap == 0


def test_the_tail_mean_counts_parts_of_a_scenario():
    losses = np.array([0.0, 1.0, 2.0, 4.0])
    assert tail_mean(losses, 0.75) == 4.0
    assert tail_mean(losses, 0.625) == pytest.approx((4 + 0.5 * 2) / 1.5)
    assert tail_mean(losses, 0.999) == 4.0


def test_a_weight_on_the_tail_lowers_it():
    rng = np.random.default_rng(5)
    need = rng.gamma([4, 1, 0.3], [10, 30, 120], size=(100, 3))
    problem = Problem(NAMES, need, 90)
    mild, wary = solve(problem), solve(replace(problem, cvar_weight=10.0))
    assert wary.cvar < mild.cvar
    assert wary.expected_unmet >= mild.expected_unmet


def test_a_plan_stopped_by_time_or_gap_says_how_far_it_may_be():
    problem = random_problem(2, supply=6, cvar_weight=1.0)
    worst = finished(problem, np.array([0, 0, 0]), bound=1.0, stopped=True)
    assert worst.stopped
    assert worst.gap == pytest.approx(1 - 1 / worst.objective)
    best = solve(problem, gap=0.0)
    loose = solve(problem, gap=0.9)
    assert loose.bound <= best.objective + 1e-9
    assert loose.objective <= best.objective / (1 - 0.9)


def test_no_time_at_all_is_refused():
    rng = np.random.default_rng(1)
    problem = Problem(tuple("abcdefghij"), rng.gamma(2, 20, size=(200, 10)), 300, cvar_weight=1.0)
    with pytest.raises(InputError, match="time limit ended the search") as caught:
        solve(problem, seconds=0.0)
    assert "--seconds" in caught.value.next_step


def test_nothing_to_share_and_nothing_needed():
    empty = solve(random_problem(1, supply=0, cvar_weight=1.0))
    assert empty.allocated.tolist() == [0, 0, 0]
    assert empty.gap == 0
    assert empty.expected_unmet > 0
    calm = solve(Problem(NAMES, np.zeros((5, 3)), 10))
    assert (calm.allocated.sum(), calm.reserve, calm.expected_unmet) == (0, 10, 0)


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_more_than_anyone_needs_stays_in_reserve(weight):
    problem = random_problem(3, supply=1000, cvar_weight=weight)
    made = solve(problem)
    assert made.expected_unmet == 0
    assert made.reserve == 1000 - made.allocated.sum()
    assert np.all(made.allocated <= np.ceil(problem.need.max(axis=0)))


def test_limits_in_the_way_are_named():
    problem = random_problem(1, supply=2, floor=0.9)
    assert [one.limit for one in conflicts(problem)] == ["supply"]
    with pytest.raises(InputError, match=r"The floor asks for \d+ units and there are 2") as caught:
        solve(problem)
    assert "Lower --floor" in caught.value.next_step
    tight = replace(problem, supply=50, capacity=np.array([0, 9, 9]))
    with pytest.raises(InputError, match="more than the capacity of 1 places: a"):
        solve(tight)
    both = replace(problem, capacity=np.array([0, 9, 9]))
    assert [one.limit for one in conflicts(both)] == ["capacity", "supply"]
