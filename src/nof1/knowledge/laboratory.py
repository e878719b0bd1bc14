"""Laboratory values, heart rate and blood pressure against medicines.

A row holds where ``low`` <= value < ``high``, in the unit of the measurement, for a value that is
not older than ``days``. No pharmacist has signed off these facts. No row is no all-clear.
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

from nof1.knowledge.base import SHIPPED, Base
from nof1.knowledge.cautions import about
from nof1.knowledge.facts import number, read, wrong
from nof1.knowledge.measurements import known_name, measurements

TABLE = "laboratory.tsv"
NEEDED = ("", "needed")


class Limit(NamedTuple):
    """What one value says about one medicine.

    Attributes
    ----------
    subject : a medicine of ``drugs.tsv``, or a class.
    measurement : a name of ``measurements.tsv``.
    low, high : low <= value < high; high may be infinite.
    days : how long a value counts for this row.
    missing : ``needed``: without a value the medicine is not cleared.
    action : ``facts.ACTIONS``; detail : what to do or watch; text : what a person reads.
    """

    subject: str
    measurement: str
    low: float
    high: float
    days: float
    missing: str
    action: str
    detail: str
    text: str
    source: str
    citation: str


@functools.cache
def limits(base: Base = SHIPPED) -> tuple[Limit, ...]:
    """All rows.

    Raises
    ------
    InputError : a range, a word or a measurement cannot be right, or two rows of one subject and
        measurement overlap.
    """
    made: list[Limit] = []
    for line, row in enumerate(read(base, TABLE, Limit._fields), start=2):
        name = known_name(base, TABLE, line, row["measurement"])
        low = number(TABLE, line, row["low"], -math.inf)
        high = number(TABLE, line, row["high"], math.inf)
        days = number(TABLE, line, row["days"], measurements(base)[name].days)
        if not low < high or days <= 0 or row["missing"] not in NEEDED:
            raise wrong(TABLE, line, "This limit cannot be.", ("low < high", "days", *NEEDED))
        one = Limit(**{**row, "low": low, "high": high, "days": days})  # type: ignore[arg-type]
        if any(_overlap(one, other) for other in made):
            raise wrong(TABLE, line, "Two rows hold for the same value.", ("one row a value",))
        made.append(one)
    return tuple(made)


@functools.lru_cache(maxsize=4096)
def of(drug: str, base: Base = SHIPPED) -> tuple[Limit, ...]:
    """All rows for one medicine, the most cautious first; none: not in the table."""
    return about(limits(base), drug, base)


def _overlap(one: Limit, other: Limit) -> bool:
    same = (one.subject, one.measurement) == (other.subject, other.measurement)
    return same and max(one.low, other.low) < min(one.high, other.high)
