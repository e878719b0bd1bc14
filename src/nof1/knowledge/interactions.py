"""Pairs of medicines that change each other's effect, with what to do about it.

A row names a medicine or a class on each side. Tier 1: worth interrupting a person (the 15 pairs of
Phansalkar 2012, PMC3422823; what a label forbids; methotrexate with trimethoprim). Tier 2: in line.
Tier 3: on demand only, above all pairs of which experts agreed that they should interrupt nobody
(Phansalkar 2013, PMC3628052). Actions are our reading of the source, in one of a few words.

No pharmacist has signed off these facts. The table is short: ``covered`` says whether both
medicines are in it at all. No row for a covered pair means "no interaction in our table", never
"these two are safe together".
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from nof1.core.errors import InputError
from nof1.knowledge import classes
from nof1.knowledge.base import SHIPPED, Base, listed
from nof1.knowledge.facts import read, step, wrong

TABLE = "interactions.tsv"
TIERS = ("1", "2", "3")
SEVERITIES = ("contraindicated", "serious", "moderate", "minor")
AFFECTED = ("first", "second", "both")


class Pair(NamedTuple):
    """One row: what holds for every medicine of one side with every medicine of the other.

    Attributes
    ----------
    first, second : a medicine of ``drugs.tsv`` or a class of ``classes``.
    without : medicines for which the row does not hold, though they are in a class of it.
    tier : 1 interrupt, 2 in line, 3 on demand.
    severity : ``SEVERITIES``, the worst first.
    affected : whose effect changes: ``first``, ``second``, or ``both`` (their effects add up).
    mechanism : in a few words; action : ``facts.ACTIONS``.
    detail : adjust to what, or monitor what; empty when the action says all.
    text : what a person reads, at most 200 characters.
    """

    first: str
    second: str
    without: tuple[str, ...]
    tier: int
    severity: str
    affected: str
    mechanism: str
    action: str
    detail: str
    text: str
    source: str
    citation: str


class Interaction(NamedTuple):
    """A row that holds for two medicines.

    Attributes
    ----------
    drug : the medicine that was asked about, other : the one it meets, by our names.
    affected : name of the medicine whose effect changes, or ``both``.
    pair : the row with tier, severity, action, text, source.
    """

    drug: str
    other: str
    affected: str
    pair: Pair


@functools.cache
def pairs(base: Base = SHIPPED) -> tuple[Pair, ...]:
    """All rows, in the order of the table.

    Raises
    ------
    InputError : a word is not one of those in use, or two rows are about the same two sides.
    """
    made, seen = [], set[frozenset[str]]()
    for line, row in enumerate(read(base, TABLE, Pair._fields), start=2):
        for field, allowed in (("tier", TIERS), ("severity", SEVERITIES), ("affected", AFFECTED)):
            if row[field] not in allowed:
                raise wrong(TABLE, line, f"This {field} is not known.", allowed)
        sides = frozenset((row["first"], row["second"]))
        if sides in seen:
            raise InputError(
                "Two rows are about the same pair.",
                where=f"knowledge/{TABLE}, line {line}: {' and '.join(sorted(sides))}",
            )
        seen.add(sides)
        cells = {**row, "tier": int(row["tier"]), "without": listed(row["without"])}
        made.append(Pair(**cells))  # type: ignore[arg-type]
    return tuple(made)


def between(drug: str, others: Iterable[str], base: Base = SHIPPED) -> tuple[Interaction, ...]:
    """Interactions of one medicine with each of the others, by names or codes.

    The lowest tier comes first, then the most cautious action, then the names. A medicine with
    itself is no interaction (``duplicates`` is about that).
    """
    name = classes.name_of(drug, base)
    found = {one for other in others for one in _both(name, classes.name_of(other, base), base)}
    return tuple(sorted(found, key=lambda i: (i.pair.tier, step(i.pair.action), i.other, i.pair)))


def covered(drug: str, other: str, base: Base = SHIPPED) -> bool:
    """Whether the table speaks about both medicines, so that a row for them would be found.

    True is weak: it does not say that somebody looked at exactly this pair and found nothing.
    False: at least one of the two stands in no row; nothing can be said about the pair.
    """
    return all(known(name, base) for name in (drug, other))


@functools.lru_cache(maxsize=8192)
def known(drug: str, base: Base = SHIPPED) -> bool:
    """Whether any row names this medicine or one of its classes."""
    return not _index(base).keys().isdisjoint(classes.subjects(drug, base))


def _both(name: str, other: str, base: Base) -> list[Interaction]:
    """Rows that hold for two names, whichever stands first in the row."""
    if name == other:
        return []
    mine, theirs = classes.subjects(name, base), classes.subjects(other, base)
    rows = {row for subject in mine for row in _index(base).get(subject, ())}
    found = []
    for row in rows:
        straight = row.first in mine and row.second in theirs
        holds = straight or (row.second in mine and row.first in theirs)
        if holds and not {name, other} & set(row.without):
            first, second = (name, other) if straight else (other, name)
            names = {"first": first, "second": second, "both": "both"}
            found.append(Interaction(name, other, names[row.affected], row))
    return found


@functools.cache
def _index(base: Base) -> Mapping[str, tuple[Pair, ...]]:
    """Name of a medicine or class -> rows that have it on one side."""
    found: dict[str, tuple[Pair, ...]] = {}
    for row in pairs(base):
        for side in {row.first, row.second}:
            found[side] = (*found.get(side, ()), row)
    return MappingProxyType(found)
