"""AuditEvents, held against a reader that nobody here wrote."""

import json
from datetime import UTC, datetime, timedelta

import pytest

pytest.importorskip("sqlalchemy")
from fhir.resources.R4B.auditevent import AuditEvent

from ledger_samples import CANARY, exchange, feedback
from nof1.advice.ledger.export import to_fhir
from nof1.advice.ledger.store import open_ledger


@pytest.fixture
def made(tmp_path):
    with open_ledger(tmp_path) as ledger:
        ledger.record(exchange(1))
        ledger.record(feedback(1))
        ledger.record(exchange(2, status=401, keep=False, person=None, client=None, patient=None))
        ledger.record(exchange(3, status=500, hook=None, person="Patient/patient-canary-7"))
        ledger.forget(datetime.now(UTC) + timedelta(seconds=1))
        entries = list(ledger.entries())
        return entries, [to_fhir(entry, ledger.head().ledger) for entry in entries]


def test_each_is_a_valid_audit_event(made):
    _, events = made
    for event in events:  # fhir.resources 8.3.0 (models of R4B)
        AuditEvent.model_validate(event)
    assert [event["action"] for event in events] == ["E", "C", "E", "E", "D"]
    assert [event["outcome"] for event in events] == ["0", "0", "4", "8", "0"]
    assert len({event["id"] for event in events}) == 5


def test_they_name_no_patient(made):
    text = json.dumps(made[1])
    assert not any(word in text for word in (CANARY, "patient-canary-7", "TOKEN-CANARY"))


def test_they_lead_back_to_the_entry(made):
    entries, events = made
    for entry, event in zip(entries, events, strict=True):
        (thing,) = [one for one in event["entity"] if "detail" in one]
        details = {one["type"]: one["valueString"] for one in thing["detail"]}
        assert details["hash"] == entry.hash
        assert details["request-sha256"] == entry.request_hash
        assert thing["what"]["identifier"]["value"] == str(entry.seq)
        people = [one["what"]["identifier"]["value"] for one in event["entity"] if one != thing]
        assert people == ([entry.patient] if entry.patient else [])


def test_one_agent_asked(made):
    for event in made[1]:
        assert [agent["requestor"] for agent in event["agent"]].count(True) == 1
    first, third = made[1][0], made[1][2]
    assert first["agent"][2]["who"] == {"reference": "Practitioner/dr1"}
    assert third["agent"][0]["who"]["identifier"]["value"] == "not named"
