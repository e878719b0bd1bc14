"""A corrected dose as one click, where the correction is one number: the order with it, unsigned.

Three slips have such an answer. A weekly medicine that is ordered daily: the same dose once a week.
More than three times the largest dose, and the same number in the next smaller unit is a usual
amount: that unit. One dose a day above the largest: the largest. Nothing is offered for an order
that says more about its dose than one number, unit and frequency, since words would then contradict
it; and nothing that the order checks, asked again with the corrected order, still speak against.

Reference: HL7 CDS Hooks (3.0 ballot), "Action": an update holds the whole resource.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nof1.advice.orders import doses
from nof1.advice.orders.doses import MILLIGRAMS, WEEKLY, Largest
from nof1.advice.orders.shapes import INTERRUPTIVE, PASSIVE, Advice, Alert, Draft
from nof1.knowledge.base import SHIPPED, Base

SMALLER = {"g": "mg", "mg": "ug", "mcg": "ng", "ug": "ng", "µg": "ng", "μg": "ng"}
LEAST = 1 / 20  # of the largest dose: what is less is hardly a dose of an adult
UCUM = "http://unitsofmeasure.org"
PLAIN = frozenset({"timing", "route", "doseAndRate", "id", "sequence", "asNeededBoolean"})


@dataclass(frozen=True)
class Corrected:
    """The order as it may have been meant: ``words`` of the change, the draft, the resource."""

    words: str
    draft: Draft
    resource: dict[str, Any]


def corrected(
    alert: Alert,
    drafts: Sequence[Draft],
    resource: Mapping[str, Any] | None,
    check: Callable[[tuple[Draft, ...]], Advice],
    base: Base = SHIPPED,
) -> Corrected | None:
    """The correction of an order with a dose alert; None when there is not exactly one.

    Parameters
    ----------
    drafts : all drafts of the request. resource : the alert's order as it was sent.
    check : the order checks of this patient.
    """
    draft = alert.draft
    row = None if draft is None else doses.largest(base).get(draft.medicine or "")
    if alert.family != "dose" or draft is None or row is None or not _simple(resource, draft):
        return None
    found = [one for one in _meant(draft, row, alert.tier) if _quiet(one[1], drafts, check)]
    if len(found) != 1 or resource is None:
        return None
    words, meant = found[0]
    return Corrected(words, meant, _written(resource, meant))


def _meant(draft: Draft, row: Largest, tier: int) -> Iterator[tuple[str, Draft]]:
    """What may have been meant, with the words of the change."""
    dose, unit, per_day = draft.dose, draft.unit or "", draft.per_day
    if dose is None or per_day is None or unit.lower() not in MILLIGRAMS:
        return
    if row.period_days == WEEKLY and per_day > doses.OFTEN:
        if tier == INTERRUPTIVE:  # in cancer a scheme of some days can be meant
            yield f"{dose:g} {unit} once a week", replace(draft, per_day=1 / WEEKLY)
        return
    amount = dose * MILLIGRAMS[unit.lower()] * max(per_day * row.period_days, 1.0)
    smaller = SMALLER.get(unit.lower())
    if amount > doses.FAR * row.largest_mg:
        if smaller is not None and LEAST <= amount / 1000 / row.largest_mg <= 1.0:
            yield f"{dose:g} {smaller} instead of {unit}", replace(draft, unit=smaller)
    elif per_day == 1.0 and row.period_days == 1.0 and unit.lower() == "mg":
        text = f"{row.largest_mg:g} mg, the label's largest"
        yield text, replace(draft, dose=row.largest_mg)


def _quiet(
    meant: Draft, drafts: Sequence[Draft], check: Callable[[tuple[Draft, ...]], Advice]
) -> bool:
    """Whether nothing of tier 1 or 2 about its dose is left, and its dose was checked."""
    others = tuple(one for one in drafts if one.raw_index != meant.raw_index)
    answer = check((*others, meant))
    loud = any(
        one.family == "dose" and one.tier < PASSIVE and one.draft == meant for one in answer.alerts
    )
    blind = any(one.family == "dose" and one.subject == meant.medicine for one in answer.gaps)
    return not loud and not blind


def _simple(resource: Mapping[str, Any] | None, draft: Draft) -> bool:
    """Whether the order is a request with one dose, and no words that could contradict it."""
    if resource is None or resource.get("resourceType") != "MedicationRequest":
        return False
    given = resource.get("dosageInstruction")
    if not isinstance(given, list) or len(given) != 1 or not isinstance(given[0], dict):
        return False
    rates = given[0].get("doseAndRate")
    one = rates[0] if isinstance(rates, list) and len(rates) == 1 else None
    if not isinstance(one, dict) or not set(given[0]) <= PLAIN or "dispenseRequest" in resource:
        return False
    quantity, timing = one.get("doseQuantity"), given[0].get("timing")
    return (
        set(one) <= {"doseQuantity", "type"}
        and isinstance(quantity, dict)
        and quantity.get("value") == draft.dose
        and isinstance(timing, dict)
        and "note" not in resource
        and isinstance(resource.get("id"), str)
    )


def _written(resource: Mapping[str, Any], meant: Draft) -> dict[str, Any]:
    """The resource with the dose and frequency of ``meant``; nothing else is touched."""
    made = copy.deepcopy(dict(resource))
    dosage = made["dosageInstruction"][0]
    quantity = {"value": meant.dose, "unit": meant.unit, "system": UCUM, "code": _ucum(meant)}
    dosage["doseAndRate"][0]["doseQuantity"] = quantity
    if meant.per_day == 1 / WEEKLY:
        dosage["timing"] = {"repeat": {"frequency": 1, "period": 1, "periodUnit": "wk"}}
    return made


def _ucum(meant: Draft) -> str:
    unit = (meant.unit or "").lower()
    return "ug" if unit in ("mcg", "µg", "μg") else unit
