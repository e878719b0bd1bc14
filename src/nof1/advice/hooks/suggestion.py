"""What one click may change: a slip of the dose, the draft away, or a checked alternative.

A replacement is offered only when the alternative itself was checked for this patient, together
with the other drafts, and nothing above passive information spoke against it. It is a proposal
without a dose: a person must complete it. None is marked as recommended: nothing is chosen before
a person chooses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from nof1.advice.hooks.card import Action, Suggestion, identity
from nof1.advice.hooks.correction import corrected
from nof1.advice.hooks.words import plain, shortened
from nof1.advice.orders.shapes import PASSIVE, Advice, Alert, Draft
from nof1.knowledge import drugs
from nof1.knowledge.base import Base

RELATIVE = re.compile(r"[A-Za-z]{1,64}/[A-Za-z0-9\-.]{1,64}")
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
MOST, LONGEST = 2, 80


@dataclass(frozen=True)
class Asked:
    """One request: the patient's id, the key of its identifiers, the facts, its order checks.

    ``resources`` are the drafts as they were sent, by their place in the Bundle.
    """

    patient: str
    key: str
    base: Base
    check: Callable[[tuple[Draft, ...]], Advice]
    resources: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)


def suggestions(
    alert: Alert, drafts: Sequence[Draft], advice: Advice, asked: Asked
) -> tuple[Suggestion, ...]:
    """The offers of one alert, at most four; none for passive information or a nameless order.

    Parameters
    ----------
    drafts : all drafts of the request. advice : what was said of them.
    """
    draft = alert.draft
    if draft is None or alert.tier >= PASSIVE or not RELATIVE.fullmatch(draft.reference):
        return ()
    kept = tuple(one for one in drafts if one.raw_index != draft.raw_index)
    asked = replace(asked, key=f"{asked.key} {alert.family} {alert.finding.what.display}")
    remove = _removal(draft, asked.key)
    swaps = (_swap(draft, name, kept, advice, asked) for name in alert.alternatives)
    found = islice((one for one in swaps if one is not None), MOST)
    return (*_correction(alert, drafts, asked), remove, *found)


def _correction(alert: Alert, drafts: Sequence[Draft], asked: Asked) -> tuple[Suggestion, ...]:
    draft = alert.draft
    resource = None if draft is None else asked.resources.get(draft.raw_index)
    found = corrected(alert, drafts, resource, asked.check, asked.base)
    if draft is None or found is None:
        return ()
    text = shortened(f"Change the draft order for {draft.display} to {found.words}", LONGEST)
    action = Action("update", text, found.resource)
    key = identity(asked.key, "correct", draft.reference, found.words)
    return (Suggestion(shortened(f"Change to {found.words}", LONGEST), key, (action,)),)


def _removal(draft: Draft, key: str) -> Suggestion:
    label = shortened(f"Remove {draft.display or draft.reference}", LONGEST)
    return Suggestion(label, identity(key, "remove", draft.reference), (_delete(draft),))


def _delete(draft: Draft) -> Action:
    text = shortened(f"Remove the draft order for {draft.display or 'this medicine'}", LONGEST)
    return Action("delete", text, resource_id=draft.reference)


def _swap(
    draft: Draft, name: str, kept: tuple[Draft, ...], before: Advice, asked: Asked
) -> Suggestion | None:
    """The offer to put ``name`` in the draft's place; None when it is unknown or not harmless."""
    drug = drugs.find(name, asked.base)
    if drug is None or not drug.rxnorm:
        return None
    other = replace(
        draft, medicine=drug.name, code=f"RxNorm//{drug.rxnorm}", display=drug.name,
        dose=None, unit=None, per_day=None, route=None,
    )  # fmt: skip
    answer = asked.check((*kept, other))
    blinder = _unchecked(answer, drug.name) - _unchecked(before, draft.medicine) - {"dose"}
    if blinder or any(one.tier < PASSIVE for one in _about(answer, other)):
        return None
    label = shortened(f"Replace by {drug.name}: dose to be completed", LONGEST)
    actions = (_delete(draft), _create(drug, asked.patient))
    return Suggestion(label, identity(asked.key, "swap", draft.reference, drug.name), actions)


def _about(answer: Advice, draft: Draft) -> list[Alert]:
    """Alerts of one order, also those that were filed under the other side of a pair."""
    names = (draft.medicine or "", draft.display)
    return [
        one
        for one in answer.alerts
        if one.draft is None
        or one.draft.raw_index == draft.raw_index
        or any(name and name in one.finding.what.display for name in names)
    ]


def _unchecked(answer: Advice, medicine: str | None) -> set[str]:
    return {one.family for one in answer.gaps if one.subject == medicine}


def _create(drug: drugs.Drug, patient: str) -> Action:
    coding = {"system": RXNORM, "code": drug.rxnorm, "display": drug.name}
    resource = {
        "resourceType": "MedicationRequest",
        "status": "draft",
        "intent": "proposal",
        "medicationCodeableConcept": {"coding": [coding], "text": drug.name},
        "subject": {"reference": f"Patient/{patient}"},
        "note": [{"text": "Proposed by nof1: choose dose, route and duration before signing."}],
    }
    return Action("create", plain(f"Draft an order for {drug.name}, without a dose"), resource)
