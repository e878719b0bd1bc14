"""Medicines and age: children for whom labels forbid a medicine, and older people.

A row holds from ``low`` up to, but not including, ``high`` years, where its ``condition`` (empty:
always) is met: a name of ``condition_codes.tsv``, which the record can tell, or words, which
somebody has to check. The rows are from US labels and, for older people, facts of the AGS Beers
criteria 2023 and of STOPP (versions 2 and 3), by whole classes and in words of our own.

No pharmacist has signed off these facts. No row is no all-clear: doses for children are elsewhere.
"""

from __future__ import annotations

import functools
import math
import re
from typing import NamedTuple

from nof1.knowledge.base import SHIPPED, Base
from nof1.knowledge.cautions import about
from nof1.knowledge.facts import number, read, wrong

TABLE = "age.tsv"
TAKEN = "taken already"  # an exception: the row speaks of a new start
_UNLESS = re.compile(r"(?:^|; )unless (?P<names>[^;]+)$")


class Limit(NamedTuple):
    """What holds for one medicine at some ages.

    Attributes
    ----------
    subject : a medicine of ``drugs.tsv``, or a class.
    low, high : low <= age in years < high; high may be infinite.
    condition : what must be true as well; empty: nothing.
    action : ``facts.ACTIONS``; detail : the dose, or what to watch; text : what a person reads.
        A detail that ends with "unless A, B" names conditions of ``condition_codes.tsv`` (or
        ``TAKEN``) with which the row does not hold.
    """

    subject: str
    low: float
    high: float
    condition: str
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
    InputError : the ages are no range.
    """
    made = []
    for line, row in enumerate(read(base, TABLE, Limit._fields), start=2):
        low = number(TABLE, line, row["low"], 0.0)
        high = number(TABLE, line, row["high"], math.inf)
        if not 0 <= low < high:
            raise wrong(TABLE, line, "These ages are no range.", ("0 <= low < high",))
        made.append(Limit(**{**row, "low": low, "high": high}))  # type: ignore[arg-type]
    return tuple(made)


@functools.lru_cache(maxsize=8192)
def of(drug: str, base: Base = SHIPPED) -> tuple[Limit, ...]:
    """All rows for one medicine, the most cautious first; none: not in the table."""
    return about(limits(base), drug, base)


def at(drug: str, age_years: float, base: Base = SHIPPED) -> tuple[Limit, ...]:
    """Rows that hold at this age, the most cautious first; check ``condition`` of each."""
    return tuple(one for one in of(drug, base) if one.low <= age_years < one.high)


def exceptions(limit: Limit) -> frozenset[str]:
    """Names of conditions (or ``TAKEN``) with which a row does not hold.

    >>> one = Limit("aspirin", 65.0, 120.0, "", "avoid", "unless taken already", "", "", "")
    >>> sorted(exceptions(one))
    ['taken already']
    """
    found = _UNLESS.search(limit.detail)
    return frozenset(found["names"].split(", ")) if found is not None else frozenset()
