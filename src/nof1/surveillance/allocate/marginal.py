"""The exact plan when only the expected unmet need counts: unit by unit, to where it helps most.

The help of one more unit for a place is the share of scenarios that still need it, which falls with
each unit. So taking the largest first is best (Fox, Manage Sci 13 (1966) 210), also in whole units.
"""

from __future__ import annotations

import numpy as np

from nof1.surveillance.allocate.problem import Ints, Problem
from nof1.surveillance.scores import Floats

LARGEST = 20_000_000  # units that are ranked one by one; more go to the solver


def fits(problem: Problem) -> bool:
    """Whether this way is exact for a problem: one store, no weight on the tail, not huge."""
    return problem.now is None and problem.cvar_weight == 0 and int(problem.most().sum()) <= LARGEST


def best(problem: Problem) -> Ints:
    """(places,) units of the plan with the least expected unmet need."""
    least, most = problem.least(), problem.most()
    left = problem.supply - int(least.sum())
    if left >= int((most - least).sum()):
        return most
    gains = [
        helps(problem.need[:, j], int(least[j]), int(most[j])) for j in range(len(problem.places))
    ]
    place = np.repeat(np.arange(len(gains)), [len(one) for one in gains])
    ranked = np.argsort(-np.concatenate(gains), kind="stable")[:left]
    return least + np.bincount(place[ranked], minlength=len(gains)).astype(np.int64)


def helps(need: Floats, first: int, last: int) -> Floats:
    """Mean need met by each unit from ``first + 1`` to ``last``, falling.

    >>> helps(np.array([0.0, 1.5, 2.0]), 0, 2).round(3).tolist()
    [0.667, 0.5]
    """
    ordered = np.sort(need)
    units = np.arange(first, last + 1, dtype=np.float64)
    below = np.searchsorted(ordered, units, side="right")
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    met = (sums[below] + units * (len(need) - below)) / len(need)
    gained: Floats = np.diff(met)
    return gained
