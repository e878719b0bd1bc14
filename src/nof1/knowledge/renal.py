"""What labels ask for at reduced kidney function: bands, and WHICH measure the label means.

``egfr``: CKD-EPI 2021, mL/min/1.73 m2. ``crcl``: Cockcroft-Gault, mL/min. ``creatinine``: mg/dL in
serum. A band holds from ``low`` up to, but not including, ``high``. Between bands, and above the
last one, the label asks for no change. Dialysis is not covered.

No pharmacist has signed off these facts. A medicine that is not in the table has no known limit
HERE; that is not the same as having none.
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
from nof1.knowledge.facts import number, read, step, wrong

TABLE = "renal.tsv"
MEASURES: Mapping[str, str] = {
    "egfr": "eGFR CKD-EPI 2021, mL/min/1.73 m2",
    "crcl": "creatinine clearance Cockcroft-Gault, mL/min",
    "creatinine": "serum creatinine, mg/dL",
}


class Band(NamedTuple):
    """One band of kidney function for one medicine.

    Attributes
    ----------
    drug : a medicine of ``drugs.tsv``, or a class.
    use : for which use or form the band holds (``atrial fibrillation``); empty: for all.
    measure : ``egfr``, ``crcl`` or ``creatinine`` (``MEASURES``).
    low, high : the band is low <= value < high; high may be infinite.
    action : ``contraindicated``, ``avoid``, ``reduce``, ``interval``, ``adjust``, ``monitor``.
    detail : the dose or interval, or what to watch; text : what a person reads.
    """

    drug: str
    use: str
    measure: str
    low: float
    high: float
    action: str
    detail: str
    text: str
    source: str
    citation: str

    def holds(self, value: float) -> bool:
        """Whether a value of this band's measure is inside."""
        return self.low <= value < self.high


@functools.cache
def bands(base: Base = SHIPPED) -> tuple[Band, ...]:
    """All bands, sorted by medicine, use, measure and place.

    Raises
    ------
    InputError : a measure is not known, a band is empty, or two bands of one medicine, use and
        measure overlap.
    """
    made = [_band(row, line) for line, row in enumerate(read(base, TABLE, Band._fields), start=2)]
    made.sort()
    for one, after in itertools.pairwise(made):
        if one[:3] == after[:3] and after.low < one.high:
            raise InputError("Two bands overlap.", where=f"knowledge/{TABLE}, {one.drug} {one.use}")
    return tuple(made)


@functools.lru_cache(maxsize=8192)
def of(drug: str, base: Base = SHIPPED) -> tuple[Band, ...]:
    """All bands of one medicine (its own, else those of its classes); none: not in the table."""
    table, name = _by_subject(base), classes.name_of(drug, base)
    if name in table:
        return table[name]
    found = [band for one in sorted(classes.of(name, base)) for band in table.get(one, ())]
    return tuple(found)


def measures(drug: str, base: Base = SHIPPED) -> tuple[str, ...]:
    """Measures that the label needs: ``("crcl",)``; none: not in the table."""
    return tuple(sorted({band.measure for band in of(drug, base)}))


def at(drug: str, values: Mapping[str, float | None], base: Base = SHIPPED) -> tuple[Band, ...]:
    """Bands that hold for the given values, the most cautious first.

    Parameters
    ----------
    values : measure (``MEASURES``) -> value; a measure that is missing or None is not checked
        (see ``unknown``).

    Raises
    ------
    InputError : the table is damaged.
    """
    found = []
    for band in of(drug, base):
        value = values.get(band.measure)
        if value is not None and not math.isnan(value) and band.holds(value):
            found.append(band)
    return tuple(sorted(found, key=lambda band: (step(band.action), band)))


def unknown(drug: str, values: Mapping[str, float | None], base: Base = SHIPPED) -> tuple[str, ...]:
    """Measures that the label needs and that are not given: the check could not be made."""

    def missing(value: float | None) -> bool:
        return value is None or math.isnan(value)

    return tuple(name for name in measures(drug, base) if missing(values.get(name)))


def _band(row: dict[str, str], line: int) -> Band:
    if row["measure"] not in MEASURES:
        raise wrong(TABLE, line, "This measure is not known.", MEASURES)
    low = number(TABLE, line, row["low"], 0.0)
    high = number(TABLE, line, row["high"], math.inf)
    if not 0 <= low < high:
        raise wrong(TABLE, line, "This band is empty.", ("0 <= low < high",))
    return Band(**{**row, "low": low, "high": high})  # type: ignore[arg-type]


@functools.cache
def _by_subject(base: Base) -> Mapping[str, tuple[Band, ...]]:
    found: dict[str, tuple[Band, ...]] = {}
    for band in bands(base):
        found[band.drug] = (*found.get(band.drug, ()), band)
    return MappingProxyType(found)
