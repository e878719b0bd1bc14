"""Measurements that rules about medicines speak of: which codes they have, in which unit, how long
a value counts.

A row without a unit asks only whether something was looked at (a gene test, an HbA1c). Codes are
those of the event table (``LOINC//2823-3``); ``gene:TPMT`` is a gene result of any form.

No pharmacist has signed off these facts. How long a value counts is ours where no label says it.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from nof1.core.units import conversion
from nof1.knowledge.base import SHIPPED, Base, listed
from nof1.knowledge.facts import number, read, wrong

TABLE = "measurements.tsv"
GENE = "gene:"


class Measurement(NamedTuple):
    """One thing that is measured.

    Attributes
    ----------
    name : as rules and readers call it: ``potassium``.
    codes : codes of the event table; ``gene:TPMT`` for a gene.
    unit : UCUM unit of all limits; empty: only whether it was measured counts.
    low, high : values outside are not plausible and decide nothing.
    days : how long a value counts where a rule says nothing else.
    """

    name: str
    codes: tuple[str, ...]
    unit: str
    low: float
    high: float
    days: float
    source: str
    citation: str


@functools.cache
def measurements(base: Base = SHIPPED) -> Mapping[str, Measurement]:
    """All rows by name.

    Raises
    ------
    InputError : a row has no code or an impossible range, or a name or a code stands twice with a
        unit.
    """
    made: dict[str, Measurement] = {}
    seen: set[str] = set()
    for line, row in enumerate(read(base, TABLE, Measurement._fields), start=2):
        low = number(TABLE, line, row["low"], 0.0)
        high = number(TABLE, line, row["high"], float("inf"))
        days = number(TABLE, line, row["days"], 90.0)
        codes = listed(row["codes"])
        twice = row["name"] in made or (row["unit"] and not seen.isdisjoint(codes))
        if not codes or not low < high or days <= 0 or twice:
            raise wrong(TABLE, line, "This measurement cannot be.", ("codes, low < high, days",))
        if row["unit"]:
            seen |= set(codes)
        values = {"codes": codes, "low": low, "high": high, "days": days}
        made[row["name"]] = Measurement(**{**row, **values})  # type: ignore[arg-type]
    return MappingProxyType(made)


def known_name(base: Base, table: str, line: int, name: str) -> str:
    """A name of a measurement, as a cell of another table has it.

    Raises
    ------
    InputError : there is no measurement of this name.
    """
    if name not in measurements(base):
        raise wrong(table, line, "This measurement is not known.", sorted(measurements(base)))
    return name


def in_unit(value: float, unit: str | None, wanted: str) -> float | None:
    """A value in the unit of a rule; None when the two units cannot meet: nothing is guessed.

    >>> in_unit(4.2, "meq/L", "mmol/L"), in_unit(4.2, None, "mmol/L"), in_unit(1.0, "kg", "mmol/L")
    (4.2, None, None)
    """
    if unit == wanted:
        return value
    move = conversion(unit, wanted) if unit else None
    return None if move is None else value * move.factor + move.offset
