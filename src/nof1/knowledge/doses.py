"""The largest doses: of a day by route and use, of one dose, and by weight for children.

A row holds for one medicine by one route from ``low`` up to, but not including, ``high`` years.
Amounts are mg, units of activity or mEq; with ``per`` = ``kg`` they are for each kilogram of body
weight, and ``cap`` is the largest amount whatever the weight. A row with an empty ``use`` holds for
every use; the others are names of ``condition_codes.tsv`` or words.

The numbers are from section 2 of US labels, or of the formularies that the row names, written down
from general knowledge; no pharmacist has signed them off. What is below may still be too much for
one person (kidneys, liver, age); no row is no all-clear.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from nof1.core.errors import InputError
from nof1.knowledge import classes
from nof1.knowledge.base import SHIPPED, Base
from nof1.knowledge.facts import number, read, wrong

TABLE = "doses.tsv"
UNITS = ("mg", "unit", "mEq")
ADULT = 18.0
LONGEST_DAYS = 31.0
ROUTES: Mapping[str, str] = MappingProxyType(
    {
        "oral": "by mouth",
        "iv": "into a vein",
        "im": "into a muscle",
        "sc": "under the skin",
        "rectal": "rectally",
        "sublingual": "under the tongue",
        "transdermal": "through the skin",
        "inhaled": "inhaled",
        "nasal": "into the nose",
    }
)


class Dose(NamedTuple):
    """One largest dose.

    Attributes
    ----------
    medicine : as in ``drugs.tsv``. route : of ``ROUTES``. unit : of ``UNITS``.
    use : a use that the row is limited to; empty: every use. per : ``kg`` or empty.
    low, high : low <= age in years < high; high may be infinite.
    period_days : days to which ``largest`` belongs: 1, 7 for a week.
    once : the largest single dose; cap : the largest amount of a period whatever the weight; both
        infinite where none is named.
    weekly : the medicine is given once a week and never daily.
    note : for whom or when.
    """

    medicine: str
    route: str
    use: str
    unit: str
    per: str
    low: float
    high: float
    period_days: float
    largest: float
    once: float
    cap: float
    weekly: bool
    note: str
    source: str
    citation: str

    def of_period(self, weight_kg: float | None) -> float | None:
        """The largest amount of a period, in ``unit``; None: it needs a weight."""
        if self.per and weight_kg is None:
            return None
        return min(self.largest * (weight_kg or 1.0 if self.per else 1.0), self.cap)

    def of_once(self, weight_kg: float | None) -> float | None:
        """The largest single dose, in ``unit``; None: it needs a weight."""
        if self.per and weight_kg is None:
            return None
        return min(self.once * (weight_kg or 1.0 if self.per else 1.0), self.cap)


COLUMNS = (*Dose._fields[:11], "only", *Dose._fields[12:])


@functools.cache
def doses(base: Base = SHIPPED) -> tuple[Dose, ...]:
    """All rows.

    Raises
    ------
    InputError : a word is not one of those in use, a number is none, or two rows of one medicine,
        route and use overlap in age.
    """
    made = [_dose(row, line) for line, row in enumerate(read(base, TABLE, COLUMNS), start=2)]
    made.sort(key=lambda one: (*one[:3], one.low))
    for one, after in itertools.pairwise(made):
        if one[:3] == after[:3] and after.low < one.high:
            where = f"knowledge/{TABLE}, {one.medicine}, {one.route}"
            raise InputError("Two rows of one medicine hold at one age.", where=where)
    return tuple(made)


def _dose(row: Mapping[str, str], line: int) -> Dose:
    for field, allowed in (("unit", UNITS), ("per", ("", "kg")), ("route", tuple(ROUTES))):
        if row[field] not in allowed:
            raise wrong(TABLE, line, f"This {field} is not known.", allowed)
    if row["only"] not in ("", "weekly"):
        raise wrong(TABLE, line, "This word is not known.", ("weekly", "empty"))
    low, high = number(TABLE, line, row["low"], 0.0), number(TABLE, line, row["high"], math.inf)
    amounts = [number(TABLE, line, row[name], math.inf) for name in ("largest", "once", "cap")]
    days = number(TABLE, line, row["period_days"], 1.0)
    sound = 0 <= low < high and all(one > 0 for one in amounts) and math.isfinite(amounts[0])
    if not sound or not 0 < days <= LONGEST_DAYS:
        raise wrong(TABLE, line, "The numbers of this row cannot be right.", ("above 0",))
    cells = {**row, "low": low, "high": high, "period_days": days}
    cells |= dict(zip(("largest", "once", "cap"), amounts, strict=True))
    cells["weekly"] = cells.pop("only") == "weekly"
    return Dose(**cells)  # type: ignore[arg-type]


def of(drug: str, base: Base = SHIPPED) -> tuple[Dose, ...]:
    """All rows of one medicine; none: not in the table."""
    return _by_medicine(base).get(classes.name_of(drug, base), ())


def at(drug: str, route: str, age_years: float, base: Base = SHIPPED) -> tuple[Dose, ...]:
    """Rows by one route at one age; those of adults are not taken for a child."""
    rows = (one for one in of(drug, base) if one.route == route)
    return tuple(one for one in rows if one.low <= age_years < one.high)


@functools.cache
def _by_medicine(base: Base) -> Mapping[str, tuple[Dose, ...]]:
    found: dict[str, list[Dose]] = {}
    for one in doses(base):
        found.setdefault(one.medicine, []).append(one)
    return MappingProxyType({name: tuple(rows) for name, rows in found.items()})
