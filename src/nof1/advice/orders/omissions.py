"""Medicines that are usual for a diagnosis or beside another medicine, and are not recorded.

For an order only those are said that hang on the ordered medicine (an opioid without a laxative);
those that hang on a diagnosis belong to the view of the patient (``orders.standing``). Nothing is
proposed where something speaks against the usual medicine, and nothing is said to be missing while
the record tells of no medicine at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from nof1.advice.orders.company import Answer, Company, Raised, meets
from nof1.advice.orders.laboratory import laboratory
from nof1.core.finding import EventRef
from nof1.knowledge import classes
from nof1.knowledge import omissions as facts
from nof1.knowledge.base import Base
from nof1.knowledge.rows import review_of
from nof1.medicines.ranking import allergy, organs, person
from nof1.medicines.ranking.columns import (
    Level,
    Open,
    Reason,
    cited,
    level_of,
    reason,
)

NO_AGE = "Whether a usual medicine is missing depends on age: no date of birth that can be right."
NO_MEDICINES = "No medicine is recorded, so none can be called missing."
MISSING = " may be missing"
STRANGER = "A medicine that is not known here may be the one that seems to be missing."


def omissions(drug: str, company: Company, base: Base) -> Answer:
    """What is usual beside this medicine and is neither taken nor ordered."""
    rows = facts.triggered(drug, base)
    here = frozenset[str]()
    if any(one.needs or one.also or one.score for one in rows):
        here = facts.recognised(company.known.diagnoses, base)
    return _answer(rows, here, drug, company, base)


def of_patient(company: Company, base: Base) -> Answer:
    """What is usual for the recorded diagnoses and is not recorded as taken."""
    rows = tuple(one for one in facts.omissions(base) if not one.trigger)
    known = company.known
    if company.none_recorded:
        return Answer("omissions", (), (Open(NO_MEDICINES, "Ask what is taken.", "medicines"),))
    if not known.diagnoses:
        return Answer("omissions", (), (Open(person.NO_DIAGNOSIS, "Ask.", "diagnoses"),))
    return _answer(rows, facts.recognised(known.diagnoses, base), "", company, base)


def _answer(
    rows: Iterable[facts.Omission],
    here: frozenset[str],
    drug: str,
    company: Company,
    base: Base,
) -> Answer:
    raised, opens = [], []
    for row in rows:
        why = _holds(row, here, drug, company, base)
        if isinstance(why, Open):
            opens.append(why)
        elif why is not None:
            against = _against(row.usual, company, base)
            if against is None:
                raised.append(_raise(row, why, base))
            else:
                text = f"Not proposed ({row.id}): {against.short} speaks against {row.usual}."
                opens.append(Open(text, "Weigh it by hand.", row.usual))
    if raised and company.known.strangers:
        opens.append(Open(STRANGER, "Read what it is.", "a medicine's name"))
    return Answer("omissions", tuple(raised), tuple(dict.fromkeys(opens)))


def _holds(
    row: facts.Omission, here: frozenset[str], drug: str, company: Company, base: Base
) -> tuple[EventRef, ...] | Open | None:
    """The events by which a row holds; None when it does not; or why that is not known."""
    known = company.known
    names = frozenset((*(one.name for one in known.medicines), *([drug] if drug else ())))
    taken = _subjects(names, base)
    if (row.needs and here.isdisjoint(row.needs)) or (row.also and here.isdisjoint(row.also)):
        return None
    if not here.isdisjoint(row.blocked) or not taken.isdisjoint(row.given):
        return None
    if row.beside and taken.isdisjoint(row.beside):
        return None
    if known.age_years is None:
        return Open(NO_AGE, "Add it.", "date of birth")
    if not row.low <= known.age_years < row.high:
        return None
    if row.score == facts.STROKE_RISK and stroke_risk(here, known.age_years) < row.least:
        return None
    return _events({*row.needs, *row.also}, company, base)


@lru_cache(maxsize=1024)
def _subjects(names: frozenset[str], base: Base) -> frozenset[str]:
    return frozenset().union(*(classes.subjects(name, base) for name in names))


def stroke_risk(diagnoses: Iterable[str], age_years: float) -> int:
    """CHA2DS2-VA, 0 to 8: heart failure, hypertension, age, diabetes, stroke, vessels.

    Reference: ESC guideline on atrial fibrillation 2024, doi:10.1093/eurheartj/ehae176.

    >>> stroke_risk({"hypertension", "ischaemic stroke"}, 76)
    5
    """
    here = frozenset(diagnoses)
    ones = (
        {"heart failure", "heart failure with reduced ejection fraction"},
        {"hypertension", "uncontrolled hypertension"},
        {"type 1 diabetes mellitus", "type 2 diabetes mellitus"},
        {"myocardial infarction", "old myocardial infarction", "peripheral arterial disease"},
    )
    stroke = {"ischaemic stroke", "ischemic stroke", "transient ischaemic attack"}
    points = sum(not here.isdisjoint(one) for one in ones)
    points += 2 if not here.isdisjoint(stroke) else 0
    return points + (2 if age_years >= 75 else 1 if age_years >= 65 else 0)


def _events(wanted: set[str], company: Company, base: Base) -> tuple[EventRef, ...]:
    return tuple(
        event
        for code, event in company.known.diagnoses.items()
        if wanted and not wanted.isdisjoint(facts.recognised([code], base))
    )


def _against(usual: str, company: Company, base: Base) -> Reason | None:
    """The first thing that speaks against the usual medicine."""
    known, kidney = company.known, company.kidney
    columns = (
        allergy.allergies(known, usual, base),
        person.conditions(known, usual, base),
        organs.renal(known, kidney, usual, "", base),
        organs.hepatic(known, usual, base),
        person.pregnancy(known, usual, base),
        person.age(known, usual, base),
    )
    said = [one for column in columns for one in column.reasons]
    said += [one.reason for one in laboratory(usual, company, base).raised]
    for other in known.medicines:
        rows = meets(usual, other.name, base)
        said += [reason(row.pair, f"with {other.name}", "", (), base) for row in rows
                 if row.pair.tier == 1]  # fmt: skip
    return next((one for one in said if one.level <= Level.AVOID), None)


def _raise(row: facts.Omission, events: tuple[EventRef, ...], base: Base) -> Raised:
    detail = f" ({row.detail})" if row.detail else ""
    text = f"{row.text} Usual: {row.usual}{detail}."
    place = cited(row.source, row.citation, base, review_of(row, base))
    made = Reason(level_of(row.action), f"{row.usual}{MISSING}", text, events, place)
    return Raised("missing", made, (row.id,))
