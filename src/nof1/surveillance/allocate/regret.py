"""Was the plan worth it? Unmet need on past weeks beyond what hindsight would have left unmet.

The regret of a plan is its unmet need minus that of the oracle, which knows what came and has the
same supply but no floor; in per cent of all need. 0 is as good as hindsight. In a week in which the
supply does not allow the floor, the plan has the highest floor that it allows. The comparison is
the allocation score of Gerding, Reich, Rogers & Ray, J R Stat Soc A (2024) qnae136.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from nof1.core.errors import InputError
from nof1.surveillance.allocate.plan import solve
from nof1.surveillance.allocate.problem import Ints, Problem, best_floor, conflicts
from nof1.surveillance.allocate.scenarios import DEFAULT, DRAWS, scenarios
from nof1.surveillance.scores import BLOCK_WEEKS, Floats, block_draws
from nof1.surveillance.scores import DRAWS as BOOTSTRAPS

PLAN, MEDIAN, POPULATION, LAST = "plan", "by median", "by population", "by last week"


@dataclass(frozen=True)
class Week:
    """One past week: what was forecast then, what was known then, and what came.

    Attributes
    ----------
    day : reference date.
    places : names of the places.
    quantiles : (places, 23) forecast of the week for which units are shared out.
    came : (places,) what came.
    last : (places,) last value known then; None: not compared with.
    population : (places,); None: not compared with.
    correlation : of the places, see ``scenarios``.
    """

    day: date
    places: tuple[str, ...]
    quantiles: Floats
    came: Floats
    last: Floats | None = None
    population: Floats | None = None
    correlation: Floats | float = DEFAULT


@dataclass(frozen=True)
class Regret:
    """Regret of one way of sharing out, in per cent of all need, with a block bootstrap interval.

    ``unmet`` is the unmet need in per cent of all need, the oracle's included. ``low`` and ``high``
    are None with fewer than two blocks of weeks: one block drawn again and again looks certain.
    """

    plan: str
    mean: float
    low: float | None
    high: float | None
    unmet: float
    weeks: int


@dataclass(frozen=True)
class Settings:
    """How the plans are made: the supply as a share of what came, and the plan's own limits."""

    share: float = 0.9
    floor: float = 0.0
    cvar_level: float = 0.9
    cvar_weight: float = 0.0
    draws: int = DRAWS
    seed: int = 0


def regrets(weeks: Sequence[Week], settings: Settings | None = None) -> list[Regret]:
    """Regret of the plan and of the simple rules over past weeks, the plan first.

    Weeks with nothing to share out (no need) do not count. A rule is left out where a week lacks
    what it needs (population, last value).

    Raises
    ------
    InputError : no week with any need.
    """
    asked = settings or Settings()
    judged = [week for week in weeks if week.came.sum() > 0]
    if not judged:
        raise InputError(
            "No past week had any need.", where="regret", allowed="weeks with counts above 0"
        )
    rows = [_unmet(week, asked) for week in judged]
    need = np.array([week.came.sum() for week in judged])
    best = np.array([row["oracle"] for row in rows])
    picked = block_draws(len(judged), draws=BOOTSTRAPS)
    names = [one for one in rows[0] if one != "oracle" and all(one in row for row in rows)]
    made = []
    for name in names:
        unmet = np.array([row[name] for row in rows])
        excess = unmet - best
        spread = excess[picked].sum(axis=1) / need[picked].sum(axis=1)
        low, high = map(float, np.percentile(100 * spread, [2.5, 97.5]))
        enough = len(judged) >= 2 * BLOCK_WEEKS
        mean = 100 * excess.sum() / need.sum()
        made.append(
            Regret(
                name,
                float(mean),
                low if enough else None,
                high if enough else None,
                float(100 * unmet.sum() / need.sum()),
                len(judged),
            )
        )
    return made


def _unmet(week: Week, asked: Settings) -> dict[str, float]:
    """Unmet need of one week by each way; ``oracle`` is the least possible."""
    supply = round(asked.share * float(week.came.sum()))
    problem = Problem(
        week.places,
        scenarios(week.quantiles, correlation=week.correlation, draws=asked.draws, seed=asked.seed),
        supply,
        floor=asked.floor,
        cvar_level=asked.cvar_level,
        cvar_weight=asked.cvar_weight,
    )
    if conflicts(problem):
        problem = replace(problem, floor=best_floor(problem))
    plans = {PLAN: solve(problem).allocated, **rules(problem, week.last, week.population)}
    unmet = {name: float(np.clip(week.came - plan, 0, None).sum()) for name, plan in plans.items()}
    return {**unmet, "oracle": max(0.0, float(week.came.sum()) - supply)}


def rules(
    problem: Problem, last: Floats | None = None, population: Floats | None = None
) -> dict[str, Ints]:
    """What the simple rules would give each place: by median forecast, people, last week."""
    weights = {MEDIAN: problem.median, POPULATION: population, LAST: last}
    return {
        name: proportional(weight, problem.supply, problem.capacity)
        for name, weight in weights.items()
        if weight is not None and np.isfinite(weight).all()
    }


def proportional(weight: Floats, supply: int, capacity: Ints | None = None) -> Ints:
    """Whole units in proportion to weights (largest remainders), not above any capacity.

    What a full place cannot take goes to the others in the same way; with no weight at all every
    place counts the same.

    >>> proportional(np.array([1.0, 1.0, 2.0]), 6).tolist()
    [2, 1, 3]
    """
    limit = np.full(len(weight), supply, dtype=np.int64) if capacity is None else capacity
    given = np.zeros(len(weight), dtype=np.int64)
    left = min(supply, int(limit.sum()))
    while left > 0:
        open_ = given < limit
        part = np.where(open_, weight, 0.0)
        part = np.where(open_, 1.0, 0.0) if part.sum() <= 0 else part
        exact = left * part / part.sum()
        whole = np.floor(exact).astype(np.int64)
        rest = left - int(whole.sum())
        whole[np.argsort(-(exact - whole), kind="stable")[:rest]] += 1
        whole = np.minimum(whole, limit - given)
        given, left = given + whole, left - int(whole.sum())
    return given
