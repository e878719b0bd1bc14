"""What labels ask to be measured before and while a medicine is taken.

No pharmacist has signed off these facts. Labels seldom name a number of days: the days here are how
old the last value may be before we say that it is missing, and are ours where the label has none.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

from nof1.knowledge import classes
from nof1.knowledge.base import SHIPPED, Base
from nof1.knowledge.facts import number, read, wrong
from nof1.knowledge.measurements import known_name

TABLE = "monitoring.tsv"
WHEN = ("always", "before", "during")
EVER = 36_525.0  # days: once in a life is enough


class Asked(NamedTuple):
    """One measurement that a label asks for.

    Attributes
    ----------
    subject : a medicine of ``drugs.tsv``, or a class.
    measurement : a name of ``measurements.tsv``.
    when : ``before`` the first order, ``during`` treatment, or ``always``.
    days : how old the last value may be; an empty cell: once is enough.
    """

    subject: str
    measurement: str
    when: str
    days: float
    source: str
    citation: str


@functools.cache
def asked(base: Base = SHIPPED) -> tuple[Asked, ...]:
    """All rows.

    Raises
    ------
    InputError : a word, a number of days or a measurement cannot be right, or a row stands twice.
    """
    made, seen = [], set[tuple[str, ...]]()
    for line, row in enumerate(read(base, TABLE, Asked._fields), start=2):
        known_name(base, TABLE, line, row["measurement"])
        days = number(TABLE, line, row["days"], EVER)
        same = (row["subject"], row["measurement"], row["when"])
        if row["when"] not in WHEN or days <= 0 or same in seen:
            raise wrong(TABLE, line, "This row cannot be, or stands twice.", WHEN)
        seen.add(same)
        made.append(Asked(**{**row, "days": days}))  # type: ignore[arg-type]
    return tuple(made)


@functools.lru_cache(maxsize=4096)
def of(drug: str, taken: bool, base: Base = SHIPPED) -> tuple[Asked, ...]:
    """What is asked for of a medicine, each measurement once, with the fewest days.

    Parameters
    ----------
    taken : whether it is taken already (``during``) or new (``before``).
    """
    subjects, when = classes.subjects(drug, base), "during" if taken else "before"
    rows = [row for row in asked(base) if row.subject in subjects and row.when in ("always", when)]
    found: dict[str, Asked] = {}
    for row in sorted(rows, key=lambda one: one.days):
        found.setdefault(row.measurement, row)
    return tuple(found.values())


def covered(drug: str, base: Base = SHIPPED) -> bool:
    """Whether the table speaks of a medicine at all."""
    return bool(of(drug, True, base) or of(drug, False, base))
