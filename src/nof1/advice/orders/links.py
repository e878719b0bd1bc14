"""Whether the table of tiers fits the facts: no rule without a tier, no name that leads nowhere."""

from __future__ import annotations

from collections.abc import Iterator

from nof1.advice.orders import families, tiers
from nof1.knowledge import burdens, drugs, interactions
from nof1.knowledge.agreement import Fault, some
from nof1.knowledge.base import SHIPPED, Base

OF_THE_ORDER = frozenset({"medicine", "family", "dose"})  # families that are not in FAMILIES


def faults(base: Base = SHIPPED) -> Iterator[Fault]:
    """Names in ``tiers.tsv`` that lead nowhere, and rules that have no tier.

    Raises
    ------
    InputError : a table is damaged.
    """
    known, named = families.FAMILIES.keys() | OF_THE_ORDER, drugs.drugs(base)
    rows = tiers.rules().values()
    strange = sorted({row.family for row in rows} - known)
    if strange:
        what = f"Rules of families that do not exist: {some(strange)}."
        yield Fault("critical", tiers.FILE.name, what, "Mend the family's name.")
    lost = sorted({row.medicine for row in rows if row.medicine and row.medicine not in named})
    if lost:
        what = f"{len(lost)} names of tiers are no medicine: {some(lost)}."
        yield Fault("critical", tiers.FILE.name, what, "Mend the name, or add it to drugs.tsv.")
    bare = sorted(
        f"{family}/{rule}" for family, rule in _wanted(base) if tiers.find(family, rule) is None
    )
    if bare:
        what = f"{len(bare)} rules have no tier: {some(bare)}."
        yield Fault("critical", tiers.FILE.name, what, "Add a row for each of them.")
    dead = sorted(
        row.rule
        for row in rows
        if row.family == "burden" and ("burden", row.rule) not in _wanted(base)
    )
    if dead:
        what = f"{len(dead)} tiers are of burdens that no row raises: {some(dead)}."
        yield Fault("critical", tiers.FILE.name, what, "Take them out, or mend burdens.tsv.")


def _wanted(base: Base) -> frozenset[tuple[str, str]]:
    """Rules that rows of facts raise by name."""
    pairs = {("interactions", f"tier {row.tier}") for row in interactions.pairs(base)}
    sums = {("burden", row.rule) for row in burdens.burdens(base)}
    return frozenset(pairs | sums)
