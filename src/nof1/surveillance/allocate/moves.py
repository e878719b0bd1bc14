"""Which units go where: the cheapest moves that bring a plan about."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from nof1.surveillance.allocate.problem import Ints, Problem


@dataclass(frozen=True)
class Transfer:
    """Units moved from one place to another, and their cost."""

    source: str
    target: str
    amount: int
    cost: float


def transfers(problem: Problem, allocated: Ints) -> tuple[Transfer, ...]:
    """The cheapest moves for a plan, in the order of the places; none without units in places.

    Places that have more than they are to use give, those that have less get, and what the store
    holds goes out for nothing. This is a transport problem, so a corner of its linear programme is
    whole (Dantzig 1951); the simplex method returns a corner.
    """
    if problem.now is None:
        return ()
    spare = np.clip(problem.now - allocated, 0, None)
    short = np.clip(allocated - problem.now, 0, None)
    gives, gets = np.flatnonzero(spare), np.flatnonzero(short)
    store = int(problem.supply - problem.now.sum())
    if not len(gets) or store >= short.sum():
        return ()
    amount = np.append(spare[gives], store)
    cost = np.zeros((len(amount), len(gets)))
    if problem.cost is not None:
        cost[:-1] = problem.cost[np.ix_(gives, gets)]
    cost[:-1] += 1e-6  # units of the store go first
    sources, targets = len(amount), len(gets)
    made = linprog(
        cost.reshape(-1),
        A_ub=sparse.kron(sparse.eye(sources), np.ones((1, targets))),
        b_ub=amount,
        A_eq=sparse.kron(np.ones((1, sources)), sparse.eye(targets)),
        b_eq=short[gets],
        method="highs-ds",
    )
    moved = np.rint(made.x).astype(np.int64).reshape(sources, targets)[:-1]
    return tuple(
        Transfer(
            problem.places[gives[i]],
            problem.places[gets[j]],
            int(moved[i, j]),
            0.0 if problem.cost is None else float(moved[i, j] * problem.cost[gives[i], gets[j]]),
        )
        for i, j in np.argwhere(moved > 0)
    )
