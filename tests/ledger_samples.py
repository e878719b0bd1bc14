"""Exchanges and feedback for the tests of the ledger; every patient's word in them is a canary."""

import json
from datetime import UTC, datetime

from nof1.advice.ledger.shapes import Exchange, Feedback, Shown

ASKED = datetime(2026, 5, 1, 8, 30, tzinfo=UTC)
CANARY = "Quirinius Canary"
VERSIONS = {"nof1": "0.1.0", "rules": "a" * 64, "knowledge": "2026-05-01"}


def request(number=1):
    """A CDS Hooks request with a patient's name and a token in it."""
    body = {
        "hook": "order-sign",
        "hookInstance": f"instance-{number}",
        "fhirAuthorization": {"access_token": "TOKEN-CANARY", "token_type": "Bearer"},
        "context": {"patientId": "patient-canary-7"},
        "prefetch": {"patient": {"resourceType": "Patient", "name": [{"text": CANARY}]}},
    }
    return json.dumps(body).encode()


def response(number=1):
    """An answer that names the patient."""
    return json.dumps({"cards": [{"uuid": f"card-{number}", "detail": CANARY}]}).encode()


def exchange(number=1, **changed):
    """One question and its answer."""
    values = {
        "service": "nof1-order-sign",
        "request": request(number),
        "response": response(number),
        "status": 200,
        "asked_at": ASKED,
        "versions": VERSIONS,
        "hook": "order-sign",
        "instance": f"instance-{number}",
        "patient": "patient-canary-7",
        "person": "Practitioner/dr1",
        "client": "https://ehr.example/fhir",
        "cards": (Shown(f"card-{number}", "interactions", 1),),
    }
    return Exchange(**values | changed)


def feedback(number=1, **changed):
    """What became of the card of ``exchange(number)``; the comment is a canary."""
    values = {
        "service": "nof1-order-sign",
        "card": f"card-{number}",
        "outcome": "overridden",
        "given_at": ASKED,
        "request": json.dumps({"userComment": CANARY}).encode(),
        "reason": "http://terminology.example|patient-refused",
        "person": "Practitioner/dr1",
        "client": "https://ehr.example/fhir",
    }
    return Feedback(**values | changed)
