"""Which statuses of a resource state a fact, and which a plan, a refusal or an error.

The value sets are required bindings of FHIR R4: another word is refused, not guessed. Preliminary
results and tentative (provisional, unconfirmed) diagnoses count as facts, as they do for the
clinician who acts on them; a differential diagnosis is a list of candidates and does not.

Reference: FHIR R4 (4.0.1), ``status`` of each resource, https://hl7.org/fhir/R4/valuesets.html.
"""

from __future__ import annotations

from nof1.record.importers.fhir_datatypes import CodeableConcept
from nof1.record.importers.fhir_rows import NotAFact, Refused, Withdrawn

_RESULT = "partial preliminary final amended corrected appended unknown"
_EVENT = "in-progress on-hold completed stopped unknown"

FACTS: dict[str, frozenset[str]] = {
    kind: frozenset(words.split())
    for kind, words in {
        "Observation": "preliminary final amended corrected unknown",
        "DiagnosticReport": _RESULT,
        "Encounter": "arrived triaged in-progress onleave finished unknown",
        "Procedure": _EVENT,
        "Immunization": "completed",
        "MedicationRequest": "active on-hold completed stopped unknown",
        "MedicationStatement": "active completed stopped on-hold unknown",
        "MedicationAdministration": _EVENT,
        "MedicationDispense": _EVENT,
        "FamilyMemberHistory": "partial completed",
        "ImagingStudy": "registered available unknown",
    }.items()
}
NO_FACTS: dict[str, frozenset[str]] = {
    kind: frozenset(words.split())
    for kind, words in {
        "Observation": "registered cancelled",
        "DiagnosticReport": "registered cancelled",
        "Encounter": "planned cancelled",
        "Procedure": "preparation not-done",
        "Immunization": "not-done",
        "MedicationRequest": "cancelled draft",
        "MedicationStatement": "intended not-taken",
        "MedicationAdministration": "not-done",
        "MedicationDispense": "preparation cancelled declined",
        "FamilyMemberHistory": "health-unknown",
        "ImagingStudy": "cancelled",
    }.items()
}
_VERIFIED = frozenset(("unconfirmed", "provisional", "confirmed"))
_NOT_VERIFIED = frozenset(("refuted", "differential"))
_ORDERS = frozenset(("order", "original-order", "reflex-order", "filler-order", "instance-order"))
_NO_ORDERS = frozenset(("proposal", "plan", "option"))


def require_fact(kind: str, status: str | None) -> None:
    """Pass for a status that states a fact; leave by the exception that fits otherwise."""
    _require(f"{kind}.status", status, FACTS[kind], NO_FACTS[kind])


def require_order(intent: str | None) -> None:
    """Pass for a MedicationRequest that orders, not for one that proposes or plans."""
    _require("MedicationRequest.intent", intent, _ORDERS, _NO_ORDERS)


def require_verified(kind: str, status: CodeableConcept | None) -> None:
    """Pass unless a diagnosis or allergy is refuted, only a candidate, or an error.

    An absent verification status passes: R4 does not require one.
    """
    if status is None or not status.coding:
        return
    codes = [coding.code for coding in status.coding]
    known = [code for code in codes if code in _VERIFIED | _NOT_VERIFIED | {"entered-in-error"}]
    _require(f"{kind}.verificationStatus", next(iter(known), None), _VERIFIED, _NOT_VERIFIED)


def _require(
    element: str, status: str | None, facts: frozenset[str], no_facts: frozenset[str]
) -> None:
    if status in facts:
        return
    if status == "entered-in-error":
        raise Withdrawn
    if status in no_facts:
        raise NotAFact(f"{element} is {status}")
    if status is None:
        raise Refused(f"{element} is missing or unknown to FHIR R4")
    raise Refused(f"{element} has a word that FHIR R4 does not know")
