"""Duplicate therapy: two medicines that do the same, of which one is enough.

A row names a class of which one medicine at a time is usual. Two medicines with the same
ingredient, alone or in a combination, are a duplicate too, and need no row. Two of a class can be
meant (a change from one to the other, two insulins): the finding asks, it does not judge.

No pharmacist has signed off these facts. No row is no all-clear.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import NamedTuple

from nof1.knowledge import classes
from nof1.knowledge.base import SHIPPED, Base
from nof1.knowledge.facts import read, step

TABLE = "duplicates.tsv"


class Group(NamedTuple):
    """A class of which one medicine at a time is usual.

    Attributes
    ----------
    group : a class of ``classes``.
    action : ``facts.ACTIONS``; detail : what to do; text : what a person reads.
    """

    group: str
    action: str
    detail: str
    text: str
    source: str
    citation: str


class Duplicate(NamedTuple):
    """A medicine, another of the same class, and the row that says so (None: same ingredient)."""

    drug: str
    other: str
    group: Group | None


@functools.cache
def groups(base: Base = SHIPPED) -> tuple[Group, ...]:
    """All rows, in the order of the table."""
    return tuple(Group(**row) for row in read(base, TABLE, Group._fields))


def of(drug: str, others: Iterable[str], base: Base = SHIPPED) -> tuple[Duplicate, ...]:
    """Which of the other medicines do the same as this one, the most cautious first.

    Give ``others`` without the prescription that is asked about: the same ingredient in it counts.
    """
    name, mine = classes.name_of(drug, base), classes.of(drug, base)
    found = set()
    for other in map(lambda one: classes.name_of(one, base), others):
        if classes.ingredients(name, base) & classes.ingredients(other, base):
            found.add(Duplicate(name, other, None))
            continue
        shared = mine & classes.of(other, base)
        found |= {Duplicate(name, other, row) for row in groups(base) if row.group in shared}
    return tuple(sorted(found, key=_order))


def _order(one: Duplicate) -> tuple[int, str, str]:
    if one.group is None:
        return 0, one.other, ""
    return step(one.group.action), one.other, one.group.group
