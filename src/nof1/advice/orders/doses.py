"""The amount of an order: above the label's largest dose, or given daily where weekly is meant.

The dose of one day (dose times doses a day) is held against the largest one by mouth that the label
of an adult names for any use: what is below may still be too much for this person. Units are mass
units; tablets, millilitres and units of activity are not guessed at.

The numbers were written down from labels; no pharmacist has signed them off. Label: US prescribing
information, section 2 (dosage).
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from nof1.advice.orders.families import Answer, Company, Raised
from nof1.advice.orders.shapes import Draft
from nof1.core.errors import InputError
from nof1.genome.medicines import TOGETHER
from nof1.knowledge.base import Base
from nof1.medicines.ranking.columns import NOT_IN_TABLE, Level, Open, Reason, cited

FILE = Path(__file__).with_name("doses.tsv")
MILLIGRAMS: Mapping[str, float] = MappingProxyType(
    {"g": 1000.0, "gram": 1000.0, "mg": 1.0, "milligram": 1.0, "ug": 1e-3, "mcg": 1e-3,
     "µg": 1e-3, "μg": 1e-3, "microgram": 1e-3, "ng": 1e-6}
)  # fmt: skip
FAR = 3.0  # times the largest dose: a slip of the unit or the point is likelier than an intention
WEEKLY = 7.0
OFTEN = 2.0 / 7.0  # doses a day from which on "once a week" cannot be meant (three days a week)
ADULT = 18.0
BY_MOUTH = ("oral", "po", "mouth", "peroral", "26643006")  # the last: SNOMED CT, oral route
CANCER = ("ICD10CM//C", "ICD10//C", "ICD10CM//D0", "SNOMED//363346000")


class Largest(NamedTuple):
    """The largest amount in ``period_days`` days, in mg by mouth; ``note``: for whom or when."""

    medicine: str
    period_days: float
    largest_mg: float
    note: str
    source: str
    citation: str


@functools.cache
def largest(path: Path = FILE) -> Mapping[str, Largest]:
    """All rows by medicine.

    Raises
    ------
    InputError : a row is not in its form, or a medicine stands twice.
    """
    made: dict[str, Largest] = {}
    for line, text in enumerate(path.read_text(encoding="utf-8").splitlines()[1:], start=2):
        cells = text.split("\t")
        try:
            name, days, amount, *rest = cells
            row = Largest(name, float(days), float(amount), *rest)
            sound = row.largest_mg > 0 and row.period_days in (1.0, WEEKLY) and name not in made
        except (ValueError, TypeError):
            sound = False
        if not sound:
            raise InputError(
                "This row of doses is not in its form, or stands twice.",
                where=f"{path.name}, line {line}",
                allowed=", ".join(Largest._fields),
            )
        made[name] = row
    return MappingProxyType(made)


def dose(draft: Draft, company: Company, base: Base, *, alone: bool = True) -> Answer:
    """What the amount of an order says.

    Parameters
    ----------
    alone : the order has this one ingredient; otherwise its amount is not this ingredient's.
    """
    row = largest().get(draft.medicine or "")
    gap = _gap(draft, row, alone)
    if row is None or gap is not None:
        return Answer("dose", (), (gap,) if gap else ())
    assert draft.dose is not None
    amount = draft.dose * MILLIGRAMS[_unit(draft)]
    raised = [_often(draft, row, company, base)] if row.period_days == WEEKLY else []
    raised += [_above(draft, amount, row, base)] if not any(raised) else []
    opens = []
    if draft.per_day is None:
        opens.append(Open(NO_FREQUENCY, "Say how often.", "frequency"))
    if company.known.age_years is None or company.known.age_years < ADULT:
        opens.append(Open(NO_CHILD, "Check the dose by weight.", "age"))
    return Answer("dose", tuple(one for one in raised if one), tuple(opens))


NO_FREQUENCY = "How often it is given is not said: only one dose was held against the limit."
NO_CHILD = "Only the limit of adults was looked at; doses by weight of children are not here."


def _unit(draft: Draft) -> str:
    return (draft.unit or "").strip().lower()


def _gap(draft: Draft, row: Largest | None, alone: bool) -> Open | None:
    """Why the amount cannot be checked at all."""
    if draft.dose is None:
        return Open("The order names no dose: it was not checked.", "Name the dose.", "dose")
    if draft.dose <= 0:
        return Open("The dose is no amount above zero: not checked.", "Correct the dose.", "dose")
    if not alone or TOGETHER in (draft.medicine or ""):
        return Open("The dose is that of a combination: not checked.", LABEL, "dose")
    if row is None:
        return Open(f"No largest dose of {draft.medicine} is in our table.", LABEL, NOT_IN_TABLE)
    if _unit(draft) not in MILLIGRAMS:
        return Open("The unit of the dose is no mass: not checked.", "Order it in mg.", "unit")
    route = (draft.route or "oral").lower().replace("/", " ").split()
    if not any(word in BY_MOUTH for word in route):
        return Open("The limits here are by mouth; this route is another one.", LABEL, "route")
    return None


LABEL = "Check the dose against the label."


def _above(draft: Draft, amount: float, row: Largest, base: Base) -> Raised | None:
    """The dose of a day (or a week) against the largest; never less than one dose."""
    most = amount * max((draft.per_day or 0.0) * row.period_days, 1.0)
    if most <= row.largest_mg * (1 + 1e-9):
        return None
    span = "week" if row.period_days == WEEKLY else "day"
    note = f" ({row.note})" if row.note else ""
    far = most > FAR * row.largest_mg
    text = (
        f"{_amount(most)} a {span} by mouth; the label's largest is {_amount(row.largest_mg)}"
        f"{note}." + (" A slip of the unit or of the decimal point?" if far else "")
    )
    short = f"{_amount(most)} a {span}: above {_amount(row.largest_mg)}"
    level = Level.CONTRAINDICATED if far else Level.AVOID
    return Raised("far above" if far else "above", _reason(level, short, text, row, base), (text,))


def _often(draft: Draft, row: Largest, company: Company, base: Base) -> Raised | None:
    """A medicine of once a week that is ordered more often."""
    if draft.per_day is None or draft.per_day <= OFTEN:
        return None
    text = f"Ordered {draft.per_day * WEEKLY:.0f} times a week. {row.note.capitalize()}."
    cancer = any(code.startswith(CANCER) for code in company.known.diagnoses)
    short = "ordered more often than weekly"
    level = Level.AVOID if cancer else Level.CONTRAINDICATED
    rule = "daily in cancer" if cancer else "daily for weekly"
    return Raised(rule, _reason(level, short, text, row, base), (text,))


def _reason(level: Level, short: str, text: str, row: Largest, base: Base) -> Reason:
    return Reason(level, short, text, (), cited(row.source, row.citation, base))


def _amount(milligrams: float) -> str:
    return f"{milligrams:,.10g} mg" if milligrams >= 1e-3 else f"{milligrams:.3g} mg"
