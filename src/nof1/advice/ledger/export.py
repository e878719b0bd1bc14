"""Ledger entries as FHIR R4 AuditEvent resources, for a hospital's own audit repository.

A patient stands in them as a keyed hash; hashes of request and answer lead back to the entry.
Codes follow the AuditEvent value sets of HL7 FHIR R4 (4.0.1; https://hl7.org/fhir/R4/auditevent.html)
and the DICOM role codes that IHE's Basic Audit Log Patterns use.
"""

from __future__ import annotations

from typing import Any

from nof1.advice.ledger.shapes import Entry, plain

TERMS = "http://terminology.hl7.org/CodeSystem"
DICOM = "http://dicom.nema.org/resources/ontology/DCM"
OURS = "urn:nof1:audit"
SUBTYPES = {"feedback": "What became of a card", "forgotten": "Kept requests deleted"}


def to_fhir(entry: Entry, ledger: str) -> dict[str, Any]:
    """One AuditEvent; ``ledger`` is the identifier of the ledger (``Head.ledger``).

    Outcome 0 is success, 4 a refused request (HTTP 4xx), 8 a failure of the service (5xx).
    """
    made = {
        "resourceType": "AuditEvent",
        "id": f"{ledger[:16]}-{entry.seq}",
        "type": _coding(f"{TERMS}/audit-event-type", "rest", "RESTful Operation"),
        "subtype": [_subtype(entry)],
        "action": {"exchange": "E", "feedback": "C"}.get(entry.kind, "D"),
        "recorded": entry.recorded_at,
        "outcome": "0" if entry.status < 400 else "4" if entry.status < 500 else "8",
        "outcomeDesc": f"HTTP {entry.status}" if entry.kind == "exchange" else None,
        "agent": _agents(entry),
        "source": _source(entry, ledger),
        "entity": _entities(entry, ledger),
    }
    return {key: value for key, value in made.items() if value is not None}


def _subtype(entry: Entry) -> dict[str, str]:
    if entry.kind == "exchange":
        hook = entry.hook or "unknown-hook"
        return _coding(OURS, hook, f"CDS Hooks {hook}")
    return _coding(OURS, entry.kind, SUBTYPES.get(entry.kind, entry.kind))


def _agents(entry: Entry) -> list[dict[str, Any]]:
    person = entry.person is not None
    asking = {
        "type": _concept(DICOM, "110153", "Source Role ID"),
        "who": _identified(f"{OURS}:client", entry.client or "not named"),
        "requestor": not person and entry.kind != "forgotten",
    }
    answering = {
        "type": _concept(DICOM, "110152", "Destination Role ID"),
        "who": _identified(f"{OURS}:service", entry.service),
        "requestor": entry.kind == "forgotten",
    }
    return [asking, answering, *([_person(entry.person)] if entry.person else [])]


def _person(person: str) -> dict[str, Any]:
    hidden = person.startswith("hidden:")
    return {
        "type": _concept(f"{TERMS}/v3-ParticipationType", "IRCP", "information recipient"),
        "who": _identified(f"{OURS}:pseudonym", person) if hidden else {"reference": person},
        "requestor": True,
    }


def _source(entry: Entry, ledger: str) -> dict[str, Any]:
    return {
        "observer": _identified(f"{OURS}:ledger", ledger),
        "type": [_coding(f"{TERMS}/security-source-type", "4", "Application Server")],
    }


def _entities(entry: Entry, ledger: str) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = [
        {
            "what": _identified(f"{OURS}:entry:{ledger}", str(entry.seq)),
            "type": _coding(f"{TERMS}/audit-entity-type", "2", "System Object"),
            "role": _coding(f"{TERMS}/object-role", "4", "Domain Resource"),
            "detail": [{"type": name, "valueString": text} for name, text in _details(entry)],
        }
    ]
    if entry.patient is not None:
        patient = {
            "what": _identified(f"{OURS}:pseudonym", entry.patient),
            "type": _coding(f"{TERMS}/audit-entity-type", "1", "Person"),
            "role": _coding(f"{TERMS}/object-role", "1", "Patient"),
        }
        made.insert(0, patient)
    return made


def _details(entry: Entry) -> list[tuple[str, str]]:
    found = [
        ("hash", entry.hash),
        ("previous", entry.previous),
        ("request-sha256", entry.request_hash),
        ("response-sha256", entry.response_hash),
        ("asked-at", entry.asked_at),
        ("hook-instance", entry.instance or ""),
        ("details", plain(entry.details)),
        *((f"version:{name}", version) for name, version in sorted(entry.versions.items())),
    ]
    return [(name, text) for name, text in found if text]


def _identified(system: str, value: str) -> dict[str, Any]:
    return {"identifier": {"system": system, "value": value}}


def _coding(system: str, code: str, display: str) -> dict[str, str]:
    return {"system": system, "code": code, "display": display}


def _concept(system: str, code: str, display: str) -> dict[str, Any]:
    return {"coding": [_coding(system, code, display)]}
