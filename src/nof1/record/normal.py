"""Usual ranges of adults, to draw a band under a course of values.

A band is for the eye. The laboratory's own range is the one that counts, a target for one patient
can differ, and no rule or model reads this table. Ranges hold for one unit; a value in another
unit gets no band. ``normal_sources.csv`` says where each comes from.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

ADULT_YEARS = 18


@dataclass(frozen=True)
class Normal:
    """A usual range in ``unit``; an end that is None has no limit."""

    unit: str
    low: float | None
    high: float | None
    source: str

    def words(self) -> str:
        """
        >>> Normal("%", 4.0, 5.6, "x").words(), Normal("mg/dL", None, 100.0, "x").words()
        ('4 to 5.6', 'up to 100')
        """
        if self.low is None:
            return f"up to {self.high:g}"
        return f"from {self.low:g}" if self.high is None else f"{self.low:g} to {self.high:g}"


def normal(code: str, unit: str | None, sex: str, age_years: float | None) -> Normal | None:
    """The usual range of a code in a unit; None where none is known for such a person.

    Parameters
    ----------
    sex : M or F as the record has it; ranges that differ need one of them.
    age_years : ranges are those of adults; None (not known) gives no range.
    """
    if age_years is None or age_years < ADULT_YEARS:
        return None
    found = _ranges().get(code, {})
    one = found.get(sex) or found.get("")
    return one if one is not None and one.unit == unit else None


@cache
def sources() -> Mapping[str, str]:
    """Source key -> citation."""
    return {row["source"]: row["citation"] for row in _rows("normal_sources.csv")}


@cache
def _ranges() -> dict[str, dict[str, Normal]]:
    made: dict[str, dict[str, Normal]] = {}
    for row in _rows("normal.csv"):
        low, high = (float(row[end]) if row[end] else None for end in ("low", "high"))
        made.setdefault(row["code"], {})[row["sex"]] = Normal(row["unit"], low, high, row["source"])
    return made


def _rows(name: str) -> list[dict[str, str]]:
    text = resources.files("nof1.record").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
