"""How much a medicine changes the chance of an outcome: relative effects from trials.

The figures were entered from knowledge of the papers, not read again beside them, and nobody has
signed them off. A figure holds for people like those of its trial, against what they were compared
with. Applied to one patient's own risk it assumes that the relative effect is the same for all. A
pair that is not here has no known effect HERE, which is not the same as having none.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from typing import NamedTuple

from nof1.knowledge import indications
from nof1.knowledge.base import SHIPPED, Base, listed
from nof1.knowledge.facts import number, read, wrong

TABLE = "effects.tsv"
PLACEBO, DEATH = "placebo", "death"
MEASURES: Mapping[str, str] = {
    "RR": "risk ratio",
    "HR": "hazard ratio",
    "OR": "odds ratio",
}


class Effect(NamedTuple):
    """The effect of a medicine on one outcome, relative to something else.

    Attributes
    ----------
    disease : of ``diseases.tsv``, the people of the trial had it (or were close to it).
    outcome : names of diseases, any of them counts; or ``death`` alone.
    against : another medicine, or ``placebo`` (also no such medicine, or usual care).
    measure : of ``MEASURES``. ratio : below 1 the outcome is rarer with the medicine.
    low, high : the interval, of coverage ``level`` (0.95).
    measured : the outcome in the words of the trial; people : who took part.
    """

    disease: str
    medicine: str
    outcome: frozenset[str]
    against: str
    measure: str
    ratio: float
    low: float
    high: float
    level: float
    measured: str
    people: str
    source: str
    citation: str

    def turned(self) -> Effect:
        """The same seen from the other medicine.

        >>> round(of("myocardial infarction", "ticagrelor")[0].turned().ratio, 2)
        1.19
        """
        return self._replace(
            medicine=self.against,
            against=self.medicine,
            ratio=1 / self.ratio,
            low=1 / self.high,
            high=1 / self.low,
        )

    def applied(self, risk: float, ratio: float | None = None) -> float:
        """The risk (0 to 1) with the medicine of somebody who has ``risk`` without.

        A hazard ratio is applied to the hazard (proportional hazards), an odds ratio to the odds.

        >>> effect = of("myocardial infarction", "ramipril")[0]
        >>> round(effect.applied(0.10), 3)
        0.08

        Parameters
        ----------
        ratio : another ratio than the estimate, for example an end of the interval.
        """
        by = self.ratio if ratio is None else ratio
        if self.measure == "RR":
            return min(1.0, risk * by)
        if self.measure == "HR":
            return float(1 - (1 - risk) ** by)
        odds = risk * by
        return odds / (1 - risk + odds) if odds else 0.0


@functools.cache
def effects(base: Base = SHIPPED) -> tuple[Effect, ...]:
    """All rows.

    Raises
    ------
    InputError : a name, a measure or an interval cannot be right, or a row stands twice.
    """
    made, seen = [], set[tuple[object, ...]]()
    known = indications.diseases(base)
    for line, row in enumerate(read(base, TABLE, Effect._fields), start=2):
        one = _effect(row, line)
        names = (one.outcome - {DEATH}) | {one.disease}
        mixed = DEATH in one.outcome and len(one.outcome) > 1
        if not one.outcome or mixed or not names <= known.keys():
            raise wrong(TABLE, line, "A disease of this row is not known.", ("diseases.tsv",))
        if one[:4] in seen:
            raise wrong(TABLE, line, "This effect stands in two rows.", ("one row",))
        seen.add(one[:4])
        made.append(one)
    return tuple(made)


def of(disease: str, medicine: str, base: Base = SHIPPED) -> tuple[Effect, ...]:
    """Effects of a medicine in people with the disease, in the order of the table.

    Effects that were measured the other way round (another medicine against this one) are turned.
    """
    rows = [one for one in effects(base) if one.disease == disease]
    own = [one for one in rows if one.medicine == medicine]
    return (*own, *(one.turned() for one in rows if one.against == medicine))


def outcomes(disease: str, base: Base = SHIPPED) -> frozenset[frozenset[str]]:
    """Outcomes that matter to people with the disease: itself, and those of its effects."""
    found = {one.outcome for one in effects(base) if one.disease == disease}
    return frozenset({frozenset({disease}), *found})


def means(code: str, outcome: frozenset[str], base: Base = SHIPPED) -> bool:
    """Whether a code of the event table stands for one of the outcome's diseases.

    >>> means("ICD10CM//I25.2", frozenset({"myocardial infarction"}))
    True
    >>> means("ICD10CM//I25.2", frozenset({"coronary artery disease"}))
    False
    """
    found = indications.diseases(base)
    vocabulary, _, rest = code.partition("//")
    mine = [found[name] for name in outcome if name in found]
    if vocabulary == "SNOMED":
        return any(rest in one.snomed for one in mine)
    plain = rest.replace(".", "")
    starts = tuple(start.replace(".", "") for one in mine for start in one.icd10cm)
    if vocabulary != "ICD10CM" or not plain.startswith(starts):
        return False
    return indications.find(code, base).name in outcome  # the longest beginning wins


def _effect(row: dict[str, str], line: int) -> Effect:
    if row["measure"] not in MEASURES:
        raise wrong(TABLE, line, "This measure is not known.", MEASURES)
    ratio, low, high, level = (
        number(TABLE, line, row[name], math.nan) for name in ("ratio", "low", "high", "level")
    )
    if not (0 < low <= ratio <= high < math.inf and 0.5 <= level < 1):
        raise wrong(TABLE, line, "This interval cannot be.", ("0 < low <= ratio <= high, level",))
    values = {"ratio": ratio, "low": low, "high": high, "level": level}
    return Effect(**{**row, **values, "outcome": frozenset(listed(row["outcome"]))})  # type: ignore[arg-type]
