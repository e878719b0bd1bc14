"""Findings as FHIR R4 resources: RiskAssessment, DetectedIssue or Observation, as fits.

Probabilities are percentages, as R4 asks of ``RiskAssessment.prediction.probabilityDecimal``.
The interval travels in an extension, since R4 lets a prediction carry one probability only.
A finding that was withheld or not checked keeps its reason and gives no number.

Reference: HL7 FHIR R4 (4.0.1), https://hl7.org/fhir/R4/riskassessment.html.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import msgspec

from nof1.core.finding import Coding, Evidence, Finding, Kind, Status, Value

INTERVAL = "urn:nof1:fhir:interval"
ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
TEST_DATA = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "code": "HTEST",
    "display": "test health data",
}
SYSTEMS = {
    "LOINC": "http://loinc.org",
    "SNOMED": "http://snomed.info/sct",
    "RxNorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "ICD10CM": "http://hl7.org/fhir/sid/icd-10-cm",
    "ICD10": "http://hl7.org/fhir/sid/icd-10",
    "ATC": "http://www.whocc.no/atc",
    "CVX": "http://hl7.org/fhir/sid/cvx",
}


def to_fhir(finding: Finding) -> dict[str, Any]:
    """One FHIR R4 resource for one finding.

    Risk and forecast become RiskAssessment; medication, alert and outbreak become DetectedIssue;
    effect, image and genotype become Observation.
    """
    made = _SHAPES[finding.kind](finding)
    return {key: value for key, value in made.items() if value not in (None, [], {})}


def bundle(findings: tuple[Finding, ...]) -> dict[str, Any]:
    """All findings as one FHIR Bundle of type ``collection``."""
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": to_fhir(finding)} for finding in findings],
    }


def _risk_assessment(finding: Finding) -> dict[str, Any]:
    return _common(finding, "RiskAssessment") | {
        "status": "final",
        "subject": _subject(finding),
        "occurrenceDateTime": finding.as_of.isoformat(),
        "method": _concept(Coding(code=finding.basis.id, display=_basis_text(finding))),
        "prediction": [_prediction(finding)],
        "note": _notes(finding),
    }


def _prediction(finding: Finding) -> dict[str, Any]:
    made: dict[str, Any] = {"outcome": _concept(finding.what)}
    if finding.value is None:
        made["_probabilityDecimal"] = {"extension": [_absent(finding)]}
        made["rationale"] = _refusal_text(finding)
        return made
    made["probabilityDecimal"] = round(100 * finding.value.amount, 4)
    made["extension"] = [_interval(finding.value, 100.0, "%")]
    if finding.horizon_days is not None:
        start = finding.counted_from or finding.as_of
        end = start + timedelta(days=finding.horizon_days)
        made["whenPeriod"] = {"start": start.isoformat(), "end": end.isoformat()}
    if finding.evidence:
        made["rationale"] = "; ".join(_reason(item) for item in finding.evidence)
    return made


def _detected_issue(finding: Finding) -> dict[str, Any]:
    return _common(finding, "DetectedIssue") | {
        "status": "final",
        "code": _concept(finding.what),
        "patient": _subject(finding) if finding.subject.kind == "patient" else None,
        "identifiedDateTime": finding.as_of.isoformat(),
        "detail": finding.reason or _value_text(finding),
        "evidence": [{"code": [{"text": _reason(item)}]} for item in finding.evidence],
        "mitigation": [{"action": {"text": finding.resolve}}] if finding.resolve else [],
    }


def _observation(finding: Finding) -> dict[str, Any]:
    made = _common(finding, "Observation") | {
        "status": "final",
        "code": _concept(finding.what),
        "subject": _subject(finding),
        "effectiveDateTime": finding.as_of.isoformat(),
        "method": _concept(Coding(code=finding.basis.id, display=_basis_text(finding))),
        "note": _notes(finding) + [{"text": _reason(item)} for item in finding.evidence],
    }
    if finding.value is not None:
        made["valueQuantity"] = _quantity(finding.value.amount, finding.value.unit)
        made["extension"] = [_interval(finding.value, 1.0, finding.value.unit)]
    elif finding.status in _ABSENT_CODES:
        made["dataAbsentReason"] = _absent_concept(finding)
        made["note"].append({"text": _refusal_text(finding)})
    else:
        made["valueString"] = finding.reason
    return made


_SHAPES = {
    Kind.RISK: _risk_assessment,
    Kind.FORECAST: _risk_assessment,
    Kind.MEDICATION: _detected_issue,
    Kind.ALERT: _detected_issue,
    Kind.OUTBREAK: _detected_issue,
    Kind.EFFECT: _observation,
    Kind.IMAGE: _observation,
    Kind.GENOTYPE: _observation,
}
_ABSENT_CODES = {Status.WITHHELD: "not-performed", Status.NOT_CHECKED: "unknown"}


def _common(finding: Finding, kind: str) -> dict[str, Any]:
    digest = hashlib.sha256(msgspec.json.encode(finding)).hexdigest()[:32]
    made: dict[str, Any] = {"resourceType": kind, "id": digest}
    if finding.synthetic:
        made["meta"] = {"security": [TEST_DATA]}
    return made


def _subject(finding: Finding) -> dict[str, str]:
    kind = "Patient" if finding.subject.kind == "patient" else "Location"
    return {"reference": f"{kind}/{finding.subject.id}"}


def _concept(coding: Coding) -> dict[str, Any]:
    vocabulary, _, code = coding.code.partition("//")
    if vocabulary not in SYSTEMS:
        return {"text": coding.display}
    return {
        "coding": [{"system": SYSTEMS[vocabulary], "code": code, "display": coding.display}],
        "text": coding.display,
    }


def _quantity(amount: float, unit: str) -> dict[str, Any]:
    return {
        "value": amount,
        "unit": unit,
        "system": "http://unitsofmeasure.org",
        "code": unit,
    }


def _interval(value: Value, scale: float, unit: str) -> dict[str, Any]:
    low, high = (round(scale * end, 6) for end in (value.interval.low, value.interval.high))
    bounds = {"low": _quantity(low, unit), "high": _quantity(high, unit)}
    return {
        "url": INTERVAL,
        "extension": [
            {"url": "level", "valueDecimal": value.interval.level},
            {"url": "range", "valueRange": bounds},
        ],
    }


def _absent(finding: Finding) -> dict[str, str]:
    return {"url": ABSENT, "valueCode": _ABSENT_CODES.get(finding.status, "unknown")}


def _absent_concept(finding: Finding) -> dict[str, Any]:
    system = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
    return {"coding": [{"system": system, "code": _ABSENT_CODES[finding.status]}]}


def _refusal_text(finding: Finding) -> str:
    word = finding.status.replace("_", " ").capitalize()
    return f"{word}: {finding.reason} What would resolve it: {finding.resolve}"


def _reason(item: Evidence) -> str:
    if item.contribution is None:
        return item.text
    return f"{item.text} ({'raises' if item.contribution > 0 else 'lowers'} it)"


def _value_text(finding: Finding) -> str | None:
    return None if finding.value is None else f"{finding.value.amount:g} {finding.value.unit}"


def _basis_text(finding: Finding) -> str:
    basis = finding.basis
    version = f"{basis.version} ({basis.content_hash[:12]})"
    return f"{basis.id} {version}, validated in: {basis.validated_in}"


def _notes(finding: Finding) -> list[dict[str, str]]:
    texts = [finding.frequency.text] if finding.frequency else []
    if finding.value is not None and finding.reason:
        texts.append(finding.reason)
    return [{"text": text} for text in (*texts, *finding.notes, finding.notice)]
