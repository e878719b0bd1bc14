"""Additive burdens over all medicines: what the ordered one adds to a sum that is too high.

Nothing is raised when the order adds nothing, when no other medicine adds to the sum, or when the
rules of pairs say the same about each of the others at the same or a louder tier.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from nof1.advice.orders import tiers, values
from nof1.advice.orders.company import Answer, Company, Raised, meets
from nof1.core.finding import EventRef
from nof1.genome.medicines import Taken
from nof1.knowledge import burdens, conditions
from nof1.knowledge.base import Base
from nof1.knowledge.measurements import measurements
from nof1.medicines.ranking.columns import Open, reason
from nof1.medicines.ranking.others import NOTHING_TAKEN

NAMED = 5  # medicines that a summary names


class Part(NamedTuple):
    """What one part of a sum is made of: its points, and the medicine that has them."""

    points: float
    taken: Taken


def burden(drug: str, company: Company, base: Base) -> Answer:
    """Every score to which the medicine adds, with the highest limit that the sum reaches."""
    raised = []
    for score, own in burdens.of(drug, base).items():
        others = _others(score, drug, company, base)
        before = sum(one.points for one in others.values())
        had = others[own.part].points if own.part in others else 0.0
        total = before - had + max(own.points, had)
        if others and total > before:
            rest = [part.taken for name, part in others.items() if name != own.part]
            raised += list(_reached(drug, own, total, rest, company, base))
    opens = []
    if company.none_recorded:
        opens.append(Open(NOTHING_TAKEN, "Ask what is taken.", "medicines"))
    if company.known.strangers or company.strangers:
        text = "A medicine that is not known here may add to a sum: not counted."
        opens.append(Open(text, "Read its label.", "a medicine's name"))
    return Answer("burden", tuple(raised), tuple(opens))


def _others(score: str, drug: str, company: Company, base: Base) -> dict[str, Part]:
    """The parts of a sum without the ordered medicine; of one part the most points count."""
    found: dict[str, Part] = {}
    for one in company.known.medicines:
        points = burdens.of(one.name, base).get(score) if one.name != drug else None
        if points is not None:
            name = points.part or one.name
            if name not in found or found[name].points < points.points:
                found[name] = Part(points.points, one)
    return found


def _reached(
    drug: str,
    own: burdens.Points,
    total: float,
    rest: Sequence[Taken],
    company: Company,
    base: Base,
) -> Iterator[Raised]:
    """The loudest limit that holds, unless the pairs have said it already."""
    if not rest:
        return
    held = [
        (limit, here)
        for limit in burdens.limits(own.score, base)
        if (here := _holds(limit, own, total, company, base)) is not None
    ]
    if held:
        limit, here = min(held, key=lambda one: tiers.rule("burden", one[0].rule, drug).tier)
        if not _said_by_pairs(drug, limit.rule, rest, base):
            yield _raise(drug, own, limit, total, rest, here, company, base)


def _holds(
    limit: burdens.Burden, own: burdens.Points, total: float, company: Company, base: Base
) -> tuple[EventRef, ...] | None:
    """The events that a limit asks for; None when it does not hold."""
    age = company.known.age_years
    if total < limit.sum or own.points < limit.added:
        return None
    if limit.low and (age is None or age < limit.low):
        return None
    here = _recorded(limit.condition, company, base)
    return here if here or not limit.condition else None


def _recorded(condition: str, company: Company, base: Base) -> tuple[EventRef, ...]:
    if not condition:
        return ()
    found = company.known.diagnoses
    return tuple(
        event for code, event in found.items() if condition in conditions.recognised([code], base)
    )


def _said_by_pairs(drug: str, rule: str, rest: Sequence[Taken], base: Base) -> bool:
    mine = tiers.rule("burden", rule, drug).tier
    pairs = [meets(drug, one.name, base) for one in rest]
    return all(
        found and tiers.rule("interactions", f"tier {found[0].pair.tier}", drug).tier <= mine
        for found in pairs
    )


def _raise(
    drug: str,
    own: burdens.Points,
    limit: burdens.Burden,
    total: float,
    rest: Sequence[Taken],
    events: tuple[EventRef, ...],
    company: Company,
    base: Base,
) -> Raised:
    names = sorted(one.name for one in rest)
    listed = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if names[NAMED:] else "")
    known = "; ".join(_values(limit, company, base))
    made = reason(
        limit,
        f"with {listed}: {_words(limit.score)}{'' if own.part else f' of {total:g}'}",
        f"With {listed}: ",
        (*events, *(one.event for one in rest)),
        base,
    )
    if known:
        made = replace(made, text=f"{made.text} Known: {known}.")
    return Raised(limit.rule, made, (limit.score, frozenset((drug, *names))))


def _words(score: str) -> str:
    return score if score == "triple whammy" else f"{score} load"


def _values(limit: burdens.Burden, company: Company, base: Base) -> Iterator[str]:
    for name in limit.measurements:
        one = measurements(base)[name]
        value = values.last(company.known, one, one.days)
        if value.amount is not None:
            yield values.shown(value.amount, one, value.time)
