"""The plan: whole units for each place, by a mixed-integer programme solved with HiGHS.

Least expected unmet need, plus a weight times the mean of the worst scenarios (CVaR), plus the
cost of transfers. For scenario s and place j, ``u[s, j] >= need[s, j] - x[j]`` and ``u >= 0``; the
CVaR follows Rockafellar & Uryasev, J Risk 2 (2000) 21: ``t + mean(max(sum_j u[s, j] - t, 0)) /
(1 - level)``, least over t.

Reference: HiGHS, Huangfu & Hall, Math Program Comput 10 (2018) 119.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import sparse

from nof1.core.errors import InputError
from nof1.surveillance.allocate import marginal, solver
from nof1.surveillance.allocate.moves import Transfer, transfers
from nof1.surveillance.allocate.problem import Conflict, Ints, Problem, conflicts
from nof1.surveillance.allocate.solver import Programme
from nof1.surveillance.scores import Floats

SECONDS = 20.0
GAP = 1e-4
WHIFF = 1e-6  # cost of any move, so that no unit is moved for nothing


@dataclass(frozen=True)
class Plan:
    """An integer plan and how good it is known to be.

    Attributes
    ----------
    allocated : (places,) whole units each place has to use.
    transfers : moves between places; empty when all units come from one store.
    reserve : units that no place needs in any scenario (or may hold); they stay where they are.
    expected_unmet : mean unmet need over the scenarios.
    cvar : mean unmet need in the worst ``1 - cvar_level`` of the scenarios.
    objective : what was minimised; ``bound``: no plan can have less.
    gap : (objective - bound) / objective: 0 is proven best, 0.02 at most 2 % from the best.
    stopped : the time limit ended the search; ``gap`` says what that may have cost.
    """

    allocated: Ints
    transfers: tuple[Transfer, ...]
    reserve: int
    expected_unmet: float
    cvar: float
    objective: float
    bound: float
    gap: float
    stopped: bool


def solve(problem: Problem, *, seconds: float = SECONDS, gap: float = GAP) -> Plan:
    """The best plan.

    Parameters
    ----------
    seconds : time limit; the best plan found until then is given, with its honest gap.
    gap : the search ends when the plan is proven to be this near to the best (relative).

    Raises
    ------
    InputError : the limits allow no plan; the message names the limit and what would fit.
    MissingExtra : HiGHS is not installed.
    """
    in_the_way = conflicts(problem)
    if in_the_way:
        raise no_plan(in_the_way)
    if problem.supply == 0 or not problem.need.any():
        return finished(problem, np.zeros(len(problem.places), dtype=np.int64), None)
    if marginal.fits(problem):
        return finished(problem, marginal.best(problem), None)
    model = _Model(problem)
    done = solver.solve(model.programme(), seconds=seconds, gap=gap)
    allocated = np.rint(done.columns[model.x]).astype(np.int64)
    # what the whiff of cost on moves added to the bound is taken off again
    whiff = 0.0 if problem.now is None else WHIFF * float(problem.now.sum())
    return finished(problem, allocated, done.bound - whiff, stopped=done.stopped)


def no_plan(found: list[Conflict]) -> InputError:
    """The refusal that names every limit in the way."""
    return InputError(
        "No plan keeps all limits. " + " ".join(one.message for one in found),
        where=", ".join(one.limit for one in found),
        allowed="floors that the supply and the capacities allow",
        next_step=" ".join(dict.fromkeys(one.next_step for one in found)),
    )


def tail_mean(losses: Floats, level: float) -> float:
    """Mean of the worst ``1 - level`` of equally likely losses (CVaR), parts of a scenario counted.

    >>> tail_mean(np.array([0.0, 0.0, 1.0, 3.0]), 0.5)
    2.0
    """
    ordered = np.sort(losses)[::-1]
    count = (1 - level) * len(ordered)
    weight = np.clip(count - np.arange(len(ordered)), 0, 1)
    return float((ordered * weight).sum() / count)


def finished(
    problem: Problem, allocated: Ints, bound: float | None, *, stopped: bool = False
) -> Plan:
    """A plan with its figures, from the scenarios and not from the solver's columns.

    ``bound`` None: the plan is known to be the best.
    """
    losses, moved = problem.unmet(allocated), transfers(problem, allocated)
    expected, cvar = float(losses.mean()), tail_mean(losses, problem.cvar_level)
    value = expected + problem.cvar_weight * cvar + sum(one.cost for one in moved)
    low = value if bound is None else max(0.0, min(bound, value))
    return Plan(
        allocated=allocated,
        transfers=moved,
        reserve=problem.supply - int(allocated.sum()),
        expected_unmet=expected,
        cvar=cvar,
        objective=value,
        bound=low,
        gap=(value - low) / value if value > 1e-9 else 0.0,
        stopped=stopped,
    )


class _Model:
    """Columns: x (places), u (need entries above the floor), t and z (tail), moves, issued."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.least, self.most = problem.least(), problem.most()
        scenarios, places = problem.need.shape
        # A need at or below what the place gets anyway is never unmet.
        self.at = np.argwhere(problem.need > self.least[None, :])
        self.tail = problem.cvar_weight > 0
        self.moves = problem.now is not None
        sizes = [places, len(self.at), 1 + scenarios if self.tail else 0]
        sizes += [places * places, places] if self.moves else [0, 0]
        ends = np.cumsum([0, *sizes])
        self.x, self.u, self.z, self.t, self.c = (slice(int(a), int(b)) for a, b in pairwise(ends))
        self.size = int(ends[-1])
        self.rows: list[sparse.csr_matrix] = []
        self.low: list[Floats] = []
        self.high: list[Floats] = []
        self._need_rows()
        if self.tail:
            self._tail_rows()
        self._stock_rows()

    def _add(self, parts: list[tuple[Any, Any, Any]], low: Floats, high: Floats) -> None:
        """Rows from (row, column, value) triples."""
        row, column, value = (np.concatenate([np.ravel(p[i]) for p in parts]) for i in range(3))
        shape = (len(low), self.size)
        self.rows.append(sparse.csr_matrix((value, (row, column)), shape=shape))
        self.low.append(low)
        self.high.append(high)

    def _need_rows(self) -> None:
        count = len(self.at)
        row, one = np.arange(count), np.ones(count)
        need = self.problem.need[self.at[:, 0], self.at[:, 1]]
        parts = [(row, self.u.start + row, one), (row, self.at[:, 1], one)]
        self._add(parts, need, np.full(count, np.inf))

    def _tail_rows(self) -> None:
        scenarios = len(self.problem.need)
        row, one = np.arange(scenarios), np.ones(scenarios)
        count = len(self.at)
        parts = [
            (row, self.z.start + 1 + row, one),
            (row, np.full(scenarios, self.z.start), one),
            (self.at[:, 0], self.u.start + np.arange(count), -np.ones(count)),
        ]
        self._add(parts, np.zeros(scenarios), np.full(scenarios, np.inf))

    def _stock_rows(self) -> None:
        places = len(self.problem.places)
        row, one = np.arange(places), np.ones(places)
        if self.problem.now is None:
            self._add([(0 * row, row, one)], np.zeros(1), np.array([float(self.problem.supply)]))
            return
        now = self.problem.now.astype(float)
        source, target = np.divmod(np.arange(places * places), places)
        move, ones = self.t.start + np.arange(places * places), np.ones(places * places)
        # used <= standing + issued from the store + moved in - moved out
        parts = [
            (row, row, one),
            (row, self.c.start + row, -one),
            (target, move, -ones),
            (source, move, ones),
        ]
        self._add(parts, np.full(places, -np.inf), now)
        self._add([(source, move, ones)], np.zeros(places), now)
        store = float(self.problem.supply - now.sum())
        self._add([(0 * row, self.c.start + row, one)], np.zeros(1), np.array([store]))

    def _cost(self) -> Floats:
        problem = self.problem
        scenarios, places = problem.need.shape
        cost = np.zeros(self.size)
        cost[self.u] = 1 / scenarios
        if self.tail:
            cost[self.z] = problem.cvar_weight / ((1 - problem.cvar_level) * scenarios)
            cost[self.z.start] = problem.cvar_weight
        if self.moves:
            each = problem.cost if problem.cost is not None else np.zeros((places, places))
            cost[self.t] = each.reshape(-1) + WHIFF
        return cost

    def programme(self) -> Programme:
        """The rows and columns as HiGHS takes them."""
        low, high = np.zeros(self.size), np.full(self.size, np.inf)
        low[self.x], high[self.x] = self.least, self.most
        matrix = sparse.vstack(self.rows).tocsc()
        rows = np.concatenate(self.low), np.concatenate(self.high)
        return Programme(self._cost(), low, high, matrix, *rows, whole=self.x)
