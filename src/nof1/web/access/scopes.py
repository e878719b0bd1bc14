"""Scopes in the syntax of SMART App Launch 2: ``patient/Observation.rs``, ``user/Model.r``.

``patient/`` holds for the patients of an account, ``user/`` for whatever a person may see and
``system/`` for programs. ``*`` means every kind of the patient's record and none of the kinds
that are ours. A scope is read strictly: what is not understood is refused and never widened.

Reference: HL7 SMART App Launch 2.2, "Scopes and Launch Context".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from nof1.core.errors import UsageError

ACTIONS = {"create": "c", "read": "r", "update": "u", "delete": "d", "search": "s"}
PATIENT_KINDS = frozenset(
    [
        "AllergyIntolerance",
        "CarePlan",
        "Condition",
        "Consent",
        "Coverage",
        "DetectedIssue",
        "Device",
        "DiagnosticReport",
        "DocumentReference",
        "Encounter",
        "FamilyMemberHistory",
        "Flag",
        "GuidanceResponse",
        "ImagingStudy",
        "Immunization",
        "Media",
        "MedicationAdministration",
        "MedicationDispense",
        "MedicationRequest",
        "MedicationStatement",
        "MolecularSequence",
        "Observation",
        "Patient",
        "Procedure",
        "QuestionnaireResponse",
        "RiskAssessment",
        "ServiceRequest",
        "Specimen",
    ]
)
OWN_KINDS = {
    "Academy": "lessons and cases, all of invented patients",
    "Account": "accounts and roles of this server",
    "AuditEvent": "the log and the ledger: who asked what",
    "Compound": "compounds and their models",
    "Emergency": "emergency access to a patient who is not on one's list",
    "Federation": "training with other hospitals",
    "Governance": "which rules and models may be heard",
    "Import": "bringing records in",
    "Model": "models of patients with their figures",
    "Quality": "what is missing or implausible in the record, in totals",
    "Service": "counts and times of the service (/metrics)",
    "Surveillance": "outbreaks: series, forecasts, alarms",
}
FORM = re.compile(r"(patient|user|system)/(\*|[A-Z][A-Za-z]{1,40})\.(c?r?u?d?s?)")
MOST = 100  # scopes in one list


@dataclass(frozen=True, order=True)
class Scope:
    """One permission.

    ``context`` is patient, user or system; ``kind`` a kind of resource or ``*``; ``letters`` some
    of ``cruds`` in this order (create, read, update, delete, search).
    """

    context: str
    kind: str
    letters: str

    def __str__(self) -> str:
        return f"{self.context}/{self.kind}.{self.letters}"

    def covers(self, action: str, kind: str) -> bool:
        """Whether it speaks of this action on this kind; the patient is another question."""
        wide = self.kind == "*" and kind in PATIENT_KINDS
        return (wide or self.kind == kind) and ACTIONS[action] in self.letters


def parse(text: str) -> Scope:
    """One scope.

    Raises
    ------
    UsageError : another syntax, letters in another order, an unknown kind, a search parameter, or
        ``patient/`` with a kind that is about no patient.

    >>> parse("patient/Observation.rs")
    Scope(context='patient', kind='Observation', letters='rs')
    """
    found = FORM.fullmatch(text)
    if found is None or not found[3]:
        raise _refusal(text, "is not of the form that SMART App Launch 2 gives")
    context, kind, letters = found.groups()
    if kind != "*" and kind not in PATIENT_KINDS and kind not in OWN_KINDS:
        raise _refusal(text, "names a kind that nof1 does not know")
    if context == "patient" and kind in OWN_KINDS:
        raise _refusal(text, "speaks of a patient, and this kind is about none")
    return Scope(context, kind, letters)


def parse_all(text: str | Iterable[str]) -> frozenset[Scope]:
    """Scopes of a list, or of a text with single spaces between them.

    Raises
    ------
    UsageError : see ``parse``; there is none, or there are more than ``MOST``.
    """
    parts = text.split(" ") if isinstance(text, str) else list(text)
    if not 1 <= len(parts) <= MOST:
        raise UsageError("This is no list of scopes.", where="scopes", allowed=f"1 to {MOST}")
    return frozenset(parse(one) for one in parts)


def written(scopes: Iterable[Scope]) -> str:
    """The scopes as one text, sorted.

    >>> written(parse_all("user/Model.r patient/*.rs"))
    'patient/*.rs user/Model.r'
    """
    return " ".join(str(one) for one in sorted(scopes))


def _refusal(text: str, why: str) -> UsageError:
    hint = ""
    if "?" in text:
        hint = "Search parameters (?...) are not supported: leave them away and grant less. "
    elif text.endswith((".read", ".write", ".*")):
        hint = "This is version 1: write .rs for read, .cud for write. "
    shown = text if re.fullmatch(r"[\x21-\x7e]{1,80}", text) else "(unprintable)"
    return UsageError(
        f"The scope {shown} {why}.",
        where="scope",
        allowed="patient|user|system / KIND or * . letters of cruds in this order",
        next_step=f"{hint}Example: patient/Observation.rs; kinds: docs/access.md.",
    )
