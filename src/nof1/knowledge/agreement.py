"""Whether the tables of medicine safety agree: with ``drugs.tsv``, with the classes, and together.

Each table refuses on its own what cannot be read (unknown words, overlapping bands, a pair twice).
Here is what only several tables can show. No pharmacist has signed off these facts: agreement says
that they are whole, not that they are right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from nof1.knowledge import (
    age,
    allergies,
    burdens,
    classes,
    conditions,
    doses,
    drugs,
    duplicates,
    hepatic,
    interactions,
    laboratory,
    monitoring,
    omissions,
    pregnancy,
    renal,
)
from nof1.knowledge.base import SHIPPED, Base

SHOWN = 8


class Fault(NamedTuple):
    """One thing that was found: ``critical``, ``warning`` or ``info``, where, what, what to do."""

    severity: str
    where: str
    what: str
    next_step: str


def faults(base: Base = SHIPPED) -> Iterator[Fault]:
    """All that does not agree, table by table.

    Raises
    ------
    InputError : a table is damaged.
    """
    medicines, groups = set(drugs.drugs(base)), set(classes.names(base))
    for table, names in subjects(base).items():
        lost = sorted(names - medicines - groups)
        if lost:
            what = f"{len(lost)} names are neither a medicine nor a class: {some(lost)}."
            yield Fault("critical", table, what, "Mend the name, or add it to drugs.tsv.")
    both = sorted(medicines & groups)
    if both:
        what = f"Names of a medicine and of a class at once: {some(both)}."
        yield Fault("critical", classes.TABLE, what, "Give the class another name.")
    lost = sorted({one.drug for one in classes.members(base)} - medicines)
    if lost:
        what = f"{len(lost)} medicines stand in no row of drugs.tsv: {some(lost)}."
        yield Fault("critical", classes.TABLE, what, "Add them to drugs.tsv.")
    clash = [f"{first} with {second}" for first, second in contradictions(base)]
    if clash:
        what = f"{len(clash)} pairs are called dangerous and harmless: {some(clash)}."
        yield Fault("critical", interactions.TABLE, what, "Take one of the two out of a class row.")
    bare = sorted(_unused(base))
    if bare:
        what = f"{len(bare)} conditions have codes, but no medicine: {some(bare)}."
        yield Fault("info", conditions.NAMES, what, "None; they are recognised for nothing.")


def subjects(base: Base = SHIPPED) -> dict[str, set[str]]:
    """Table -> the medicines and classes that its rows name."""
    pairs = interactions.pairs(base)
    crosses = allergies.crosses(base)
    return {
        interactions.TABLE: {name for row in pairs for name in (*row[:2], *row.without)},
        renal.TABLE: {row.drug for row in renal.bands(base)},
        hepatic.TABLE: {row.subject for row in hepatic.limits(base)},
        pregnancy.TABLE: {row.subject for row in pregnancy.risks(base)},
        age.TABLE: {row.subject for row in age.limits(base)},
        conditions.TABLE: {row.subject for row in conditions.conditions(base)},
        allergies.TABLE: {name for row in crosses for name in (row.allergy, row.subject)}
        - {allergies.SAME, allergies.ANY},
        duplicates.TABLE: {row.group for row in duplicates.groups(base)},
        doses.TABLE: {row.medicine for row in doses.doses(base)},
        laboratory.TABLE: {row.subject for row in laboratory.limits(base)},
        monitoring.TABLE: {row.subject for row in monitoring.asked(base)},
        burdens.POINTS: {row.subject for row in burdens.points(base)},
        omissions.TABLE: {
            name
            for row in omissions.omissions(base)
            for name in (*row.trigger, *row.beside, *row.given, row.usual)
        },
    }


def contradictions(base: Base = SHIPPED) -> list[tuple[str, str]]:
    """Pairs of medicines that one row forbids or avoids, and another calls nothing to do."""
    harmless = [row for row in interactions.pairs(base) if row.action == "none"]
    pairs = {
        (first, second)
        for row in harmless
        for first in _members(row.first, base)
        for second in _members(row.second, base)
    }
    return sorted(pair for pair in pairs if len(_said(pair, base)) > 1)


def _said(pair: tuple[str, str], base: Base) -> set[str]:
    """What rows say about two medicines, of the words that oppose each other."""
    actions = {one.pair.action for one in interactions.between(pair[0], pair[1:], base)}
    dangerous = not actions.isdisjoint(("contraindicated", "avoid"))
    return {word for word, said in (("none", "none" in actions), ("danger", dangerous)) if said}


def _members(name: str, base: Base) -> tuple[str, ...]:
    return classes.inside(name, base) if name in classes.names(base) else (name,)


def some(names: Sequence[str], most: int = SHOWN) -> str:
    """The first few of a list of names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _unused(base: Base) -> set[str]:
    used = {row.condition for row in conditions.conditions(base)}
    used |= {row.condition for row in burdens.burdens(base)}
    for one in omissions.omissions(base):
        used |= {*one.needs, *one.also, *one.blocked}
    return {row.condition for row in conditions.codes(base)} - used
