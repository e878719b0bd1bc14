"""The answer of ``nof1 surveillance allocate``: a plan, beside what else could have been done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from nof1.core.errors import InputError
from nof1.surveillance.allocate.past import last_known, parts
from nof1.surveillance.allocate.plan import SECONDS, Plan, solve, tail_mean
from nof1.surveillance.allocate.problem import Ints, Problem
from nof1.surveillance.allocate.regret import PLAN, Regret, rules
from nof1.surveillance.allocate.scenarios import DEFAULT, DRAWS, correlation, scenarios
from nof1.surveillance.allocate.tables import Places
from nof1.surveillance.hub.rows import Forecast
from nof1.surveillance.scores import LEVELS, Floats
from nof1.surveillance.series import Panel

MEDIAN = int(np.flatnonzero(LEVELS == 0.5)[0])
LOW, HIGH = (int(np.flatnonzero(level == LEVELS)[0]) for level in (0.05, 0.95))


@dataclass(frozen=True)
class Asked:
    """What a person can set.

    Attributes
    ----------
    resource : a word: beds, vaccines, staff, tests.
    supply : whole units, or a text such as ``"90%"``: of the sum of the median needs.
    horizon : weeks from the forecast's reference date.
    per_case : units needed for one forecast case.
    floor, cvar_weight, cvar_level : see ``Problem``.
    correlation : of the places; None: from their history.
    """

    resource: str
    supply: str
    horizon: int = 1
    per_case: float = 1.0
    floor: float = 0.0
    cvar_weight: float = 0.0
    cvar_level: float = 0.9
    scenarios: int = DRAWS
    seed: int = 0
    seconds: float = SECONDS
    correlation: float | None = None


@dataclass(frozen=True)
class Known:
    """What is known beside the forecast; each may be missing.

    ``capacity`` and ``now`` are by place and are read for the places of the plan (see
    ``tables.read_units``); ``cost`` is (places, places).
    """

    places: Places
    panel: Panel | None = None
    capacity: Ints | None = None
    now: Ints | None = None
    cost: Floats | None = None


def problem_of(asked: Asked, forecast: Forecast, known: Known) -> Problem:
    """The problem that a forecast and the settings make.

    Raises
    ------
    InputError : no place has a forecast, a supply that cannot be read, or wrong limits.
    """
    names, quantiles, _ = parts(forecast, asked.horizon)
    if not names:
        raise InputError(
            "No place has a forecast for this horizon.",
            where=f"horizon {asked.horizon}",
            allowed="at least one place that is not the sum of all",
        )
    need = asked.per_case * quantiles
    tied: Floats | float = DEFAULT if asked.correlation is None else asked.correlation
    panel = _only(known.panel, names)
    if asked.correlation is None and panel is not None:
        tied = correlation(panel)
    return Problem(
        places=names,
        need=scenarios(need, correlation=tied, draws=asked.scenarios, seed=asked.seed),
        supply=units(asked.supply, float(need[:, MEDIAN].sum())),
        floor=asked.floor,
        capacity=known.capacity,
        now=known.now,
        cost=known.cost,
        cvar_level=asked.cvar_level,
        cvar_weight=asked.cvar_weight,
    )


def units(text: str, median: float) -> int:
    """Whole units of ``"500"`` or ``"90%"`` (of the median need).

    Raises
    ------
    InputError : neither.

    >>> units("90%", 1000.0)
    900
    """
    number, share = text.strip().removesuffix("%"), text.strip().endswith("%")
    try:
        value = float(number)
    except ValueError:
        value = float("nan")
    if not 0 <= value < 1e9 or (not share and value != int(value)):
        raise InputError(
            "The supply cannot be read.",
            where="--supply",
            allowed="whole units of 0 or more (500), or a share of the median need (90%)",
        )
    return round(value / 100 * median) if share else int(value)


def answer(
    asked: Asked, forecast: Forecast, known: Known, regret: Sequence[Regret] | None = None
) -> dict[str, Any]:
    """Make the plan; the keys that stand beside ``documents.head``, with ``notes`` and
    ``not_checked`` for it.

    Raises
    ------
    InputError : the limits allow no plan, or something above is wrong.
    """
    problem = problem_of(asked, forecast, known)
    names, quantiles, gone = parts(forecast, asked.horizon)
    plan = solve(problem, seconds=asked.seconds)
    panel = _only(known.panel, names)
    last = None if panel is None else asked.per_case * last_known(panel)
    people = known.places.people(names)
    return {
        "resource": asked.resource,
        "supply": problem.supply,
        "rows": _rows(problem, plan, asked.per_case * quantiles),
        "reserve": plan.reserve,
        "expected_unmet": plan.expected_unmet,
        "cvar": plan.cvar,
        "cvar_level": asked.cvar_level,
        "objective": plan.objective,
        "bound": plan.bound,
        "gap": plan.gap,
        "alternatives": _alternatives(problem, rules(problem, last, people)),
        "transfers": [
            {"from": one.source, "to": one.target, "amount": one.amount, "cost": one.cost}
            for one in plan.transfers
        ],
        "settings": _settings(asked, forecast, known),
        "regret": None if regret is None else [_told(one) for one in regret],
        "notes": _notes(problem, plan, asked) + _against_rules(regret or ()),
        "not_checked": _not_checked(gone, last, people, regret),
    }


def from_answer(document: Mapping[str, Any]) -> Forecast:
    """The forecast of a kept answer of ``nof1 surveillance forecast``.

    Raises
    ------
    InputError : the answer has no rows of quantiles.
    """
    rows = document.get("rows") or []
    places = tuple(dict.fromkeys(str(row["place"]) for row in rows))
    horizons = tuple(sorted({int(row["horizon"]) for row in rows}))
    values = np.full((len(places), len(horizons), len(LEVELS)), np.nan)
    levels = [f"{level:g}" for level in LEVELS]
    for row in rows:
        given = [row["quantiles"].get(level) for level in levels]
        at = places.index(str(row["place"])), horizons.index(int(row["horizon"]))
        values[at] = [np.nan if one is None else one for one in given]
    if not rows:
        raise InputError(
            "The kept forecast has no rows.",
            where="forecast",
            next_step="Make it again: nof1 surveillance forecast",
        )
    day = date.fromisoformat(str(document["reference_date"]))
    return Forecast("nof1", day, places, horizons, values, str(document.get("target", "")))


def _only(panel: Panel | None, names: Sequence[str]) -> Panel | None:
    """The panel of these places, or None when it lacks one."""
    if panel is None or any(name not in panel.places for name in names):
        return None
    return panel.only(names)


def _rows(problem: Problem, plan: Plan, need: Floats) -> list[dict[str, Any]]:
    unmet = np.clip(problem.need - plan.allocated, 0, None).mean(axis=0)
    made = []
    for i, place in enumerate(problem.places):
        median, given = float(need[i, MEDIAN]), int(plan.allocated[i])
        made.append(
            {
                "place": place,
                "need_median": median,
                "need_low": float(need[i, LOW]),
                "need_high": float(need[i, HIGH]),
                "allocated": given,
                "now": None if problem.now is None else int(problem.now[i]),
                "capacity": None if problem.capacity is None else int(problem.capacity[i]),
                "expected_unmet": float(unmet[i]),
                "share_of_need": given / median if median > 0 else None,
            }
        )
    return made


def _alternatives(problem: Problem, plans: Mapping[str, Ints]) -> list[dict[str, Any]]:
    made = []
    for name, given in plans.items():
        losses = problem.unmet(given)
        made.append(
            {
                "plan": name,
                "expected_unmet": float(losses.mean()),
                "cvar": tail_mean(losses, problem.cvar_level),
            }
        )
    return made


def _settings(asked: Asked, forecast: Forecast, known: Known) -> dict[str, Any]:
    return {
        "forecast": forecast.model,
        "reference_date": forecast.reference_date.isoformat(),
        "horizon": asked.horizon,
        "supply": asked.supply,
        "need_per_case": asked.per_case,
        "floor": asked.floor,
        "cvar_weight": asked.cvar_weight,
        "cvar_level": asked.cvar_level,
        "capacity": known.capacity is not None,
        "units_in_places": known.now is not None,
        "transfer_costs": known.cost is not None,
        "scenarios": asked.scenarios,
        "seed": asked.seed,
    }


def _notes(problem: Problem, plan: Plan, asked: Asked) -> list[str]:
    notes = [
        f"Need is what the forecast says times {asked.per_case:g} units a case; nothing else that "
        f"decides over {asked.resource} is in it. People decide."
    ]
    if not problem.need.any():
        notes.append("No scenario has any need: every place gets 0.")
    elif problem.supply == 0:
        notes.append("The supply is 0: there is nothing to share out.")
    elif plan.reserve > 0:
        notes.append(
            f"{plan.reserve} units are left in reserve: no place has a use for them in any of the "
            f"{len(problem.need)} scenarios" + _or_capacity(problem)
        )
    if plan.stopped or plan.gap > 1e-3:
        notes.append(
            f"The search ended after {asked.seconds:g} s; the plan is at most {100 * plan.gap:.1f} "
            "% from the best one."
        )
    return notes


def _against_rules(regret: Sequence[Regret]) -> list[str]:
    """A warning when a simple rule left less unmet on past weeks than the plan did."""
    plan = next((one for one in regret if one.plan == PLAN), None)
    better = [one.plan for one in regret if plan is not None and one.mean < plan.mean]
    if not better:
        return []
    named = " and ".join(better)
    if plan is not None and plan.low is None:
        return [
            f"On {plan.weeks} past weeks sharing out {named} left less need unmet than the plan; "
            "so few weeks cannot tell which is better."
        ]
    return [
        f"On past weeks sharing out {named} left less need unmet than the plan: the "
        "forecast's uncertainty misleads it. Prefer the simple rule, or mend the forecast."
    ]


def _or_capacity(problem: Problem) -> str:
    full = problem.capacity is not None and bool(np.any(problem.capacity < problem.need.max(0)))
    return ", or the capacity is full." if full else "."


def _not_checked(
    gone: Sequence[str],
    last: Floats | None,
    people: Floats | None,
    regret: Sequence[Regret] | None,
) -> list[dict[str, str]]:
    made = []
    if gone:
        made.append(
            {
                "what": f"{len(gone)} places: {', '.join(gone[:8])}",
                "reason": "the forecast has no quantiles for them; they got nothing",
                "resolve": "forecast them, or set units aside for them by hand",
            }
        )
    for what, value, resolve in (
        ("sharing out by last week", last, "give the counts: --history FILE, or a SIGNAL"),
        ("sharing out by population", people, "give every place's population: --locations FILE"),
    ):
        if value is None:
            reason = "not known for every place"
            made.append({"what": what, "reason": reason, "resolve": resolve})
    if regret is None:
        made.append(
            {
                "what": "the plan's regret on past weeks",
                "reason": "no past forecasts were given",
                "resolve": "--past FOLDER (hub files) and --truth FILE",
            }
        )
    return made


def _told(one: Regret) -> dict[str, Any]:
    return {
        "plan": one.plan,
        "mean_regret": one.mean,
        "low": one.low,
        "high": one.high,
        "unmet": one.unmet,
        "weeks": one.weeks,
    }
