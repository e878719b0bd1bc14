"""``nof1 audit``: the log and the ledger as people and programs meet them."""

import json
import sqlite3

import pytest

pytest.importorskip("sqlalchemy")

from ledger_samples import CANARY, exchange, feedback
from nof1.advice.hooks.room import Room
from nof1.advice.hooks.service import Service
from nof1.advice.ledger.store import open_ledger
from nof1.cli import main
from nof1.core import audit as log
from nof1.core.workspace import create

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as stop:
        main(["audit", *map(str, arguments)])
    out, err = capsys.readouterr()
    return stop.value.code, out, err


@pytest.fixture
def workspace(tmp_path):
    made = create(tmp_path / "ws")
    log.append(made.audit, "ingest", events=1)
    return made


@pytest.fixture
def kept(workspace):
    """A workspace whose ledger holds an exchange and its feedback (not from our service)."""
    with open_ledger(workspace.audit) as ledger:
        ledger.record(exchange(1))
        ledger.record(feedback(1))
    return workspace


@pytest.fixture
def asked(workspace):
    """A workspace whose service answered three order-sign requests, the last one a refusal."""
    with open_ledger(workspace.audit) as ledger:
        service = Service(Room(workspace), keeper=ledger)
        for number in (1, 2):
            raw = order_sign(number)
            assert service.call("nof1-order-sign", raw, "https://ehr.example/iss").status == 200
        assert service.call("nof1-order-sign", b"{}", None).status == 400
    return workspace


def order_sign(number):
    """Warfarin and ibuprofen for one patient, with a token."""
    drafts = [
        {
            "resource": {
                "resourceType": "MedicationRequest",
                "id": name,
                "status": "draft",
                "intent": "order",
                "subject": {"reference": "Patient/p7"},
                "medicationCodeableConcept": {
                    "coding": [{"system": RXNORM, "code": code, "display": name}]
                },
            }
        }
        for name, code in (("warfarin", "11289"), ("ibuprofen", "5640"))
    ]
    patient = {
        "resourceType": "Patient",
        "id": "p7",
        "gender": "female",
        "birthDate": "1950-02-01",
        "name": [{"text": CANARY}],
    }
    body = {
        "hook": "order-sign",
        "hookInstance": f"d1577c69-dfbe-44ad-ba6d-3e05e953b2e{number}",
        "fhirServer": "https://ehr.example/fhir",
        "fhirAuthorization": {
            "access_token": "TOKEN-CANARY",
            "token_type": "Bearer",
            "expires_in": 300,
            "scope": "user/*.read",
            "subject": "cds",
        },
        "context": {
            "userId": "Practitioner/dr1",
            "patientId": "p7",
            "draftOrders": {
                "resourceType": "Bundle",
                "type": "collection",
                "entry": drafts,
            },
        },
        "prefetch": {"patient": patient},
    }
    return json.dumps(body).encode()


def test_verify_without_a_ledger_is_as_before(capsys, workspace):
    code, out, _ = run(capsys, "verify", "-w", workspace.root)
    assert (code, "1 entries, whole" in out, "Ledger" in out) == (0, True, False)
    code, out, _ = run(capsys, "verify", "-w", workspace.root, "--json")
    assert (code, json.loads(out)["ledger"]) == (0, None)
    assert not (workspace.audit / "ledger.db").exists()


def test_verify_checks_the_ledger_too(capsys, kept):
    code, out, _ = run(capsys, "verify", "-w", kept.root, "--json")
    found = json.loads(out)["ledger"]
    assert (code, found["intact"], found["entries"], found["problems"]) == (0, True, 2, [])
    code, out, _ = run(capsys, "verify", "-w", kept.root)
    assert "Ledger: 2 entries, whole" in out
    assert found["head"]["hash"] in out


def test_a_changed_entry_gives_exit_code_1(capsys, kept):
    alter(kept, "UPDATE nof1_entry SET status = 500 WHERE seq = 2")
    code, out, _ = run(capsys, "verify", "-w", kept.root)
    assert code == 1
    assert "Ledger: 1 entries, BROKEN\nEntry 2 does not hold." in out
    code, out, _ = run(capsys, "verify", "-w", kept.root, "--json")
    found = json.loads(out)
    assert (found["intact"], found["ledger"]["broken_entry"], code) == (False, 2, 1)


def test_a_forged_head_gives_a_verdict_and_no_refusal(capsys, kept):
    alter(kept, "UPDATE nof1_head SET signature = '00'")
    code, out, _ = run(capsys, "verify", "-w", kept.root)
    assert (code, "The signature of the head does not fit." in out) == (1, True)


def alter(workspace, statement):
    with sqlite3.connect(workspace.audit / "ledger.db") as connection:
        connection.execute(statement)
    connection.close()


def test_an_anchor_of_either_chain_is_found(capsys, kept):
    with open_ledger(kept.audit) as ledger:
        ours = ledger.entry(1).hash
    for anchor in (ours, log.head(kept.audit)):
        code, out, _ = run(capsys, "verify", "-w", kept.root, "--json", "--anchor", anchor)
        assert (code, json.loads(out)["anchor_found"]) == (0, True)
    code, out, _ = run(capsys, "verify", "-w", kept.root, "--anchor", "f" * 64)
    assert (code, "The anchor is NOT" in out) == (1, True)


def test_export_gives_log_ledger_or_audit_events(capsys, kept):
    _, out, _ = run(capsys, "export", "-w", kept.root)
    assert [json.loads(line)["action"] for line in out.splitlines()] == ["ingest"]
    _, out, _ = run(capsys, "export", "-w", kept.root, "--ledger")
    assert [json.loads(line)["kind"] for line in out.splitlines()] == ["exchange", "feedback"]
    assert CANARY not in out
    _, out, _ = run(capsys, "export", "-w", kept.root, "--fhir")
    kinds = {json.loads(line)["resourceType"] for line in out.splitlines()}
    assert (kinds, len(out.splitlines()), CANARY in out) == ({"AuditEvent"}, 2, False)


@pytest.mark.parametrize(
    "command", [("replay",), ("export", "--fhir"), ("forget", "--before", "2026-01-01")]
)
def test_without_a_ledger_the_others_say_so(capsys, workspace, command):
    before = sorted(path.name for path in workspace.audit.iterdir())
    code, out, err = run(capsys, *command, "-w", workspace.root)
    assert (code, out) == (2, "")
    assert "ledger" in err
    assert sorted(path.name for path in workspace.audit.iterdir()) == before


def test_replay_builds_the_answers_again(capsys, asked):
    code, out, _ = run(capsys, "replay", "1", "2", "-w", asked.root, "--json")
    found = json.loads(out)
    assert (code, found["entries"], found["same"], found["others"]) == (0, 2, 2, [])
    assert list(log.entries(asked.audit))[-1]["details"] == {"entries": 2, "same": 2}


def test_replay_says_openly_what_cannot_be_compared(capsys, asked):
    code, out, _ = run(capsys, "replay", "-w", asked.root)
    assert code == 1
    assert "3 answers: 2 the same byte for byte, 0 DIFFERENT, 1 not comparable" in out
    assert "The request was not kept" in out  # the refused request
    code, out, _ = run(capsys, "replay", "--last", "1", "-w", asked.root, "--json")
    assert [one["seq"] for one in json.loads(out)["others"]] == [3]


def test_a_replayed_answer_that_differs_is_a_fault(capsys, asked, monkeypatch):
    from nof1.advice.hooks import card

    monkeypatch.setattr(card, "NOTICE", "Another notice.")
    code, out, _ = run(capsys, "replay", "1", "-w", asked.root, "--json")
    (other,) = json.loads(out)["others"]
    assert (code, other["state"]) == (1, "different")
    assert other["first_difference"] > 0


def test_entries_and_last_exclude_each_other(capsys, asked):
    code, _, err = run(capsys, "replay", "1", "--last", "2", "-w", asked.root)
    assert (code, "not both" in err) == (2, True)
    code, _, err = run(capsys, "replay", "99", "-w", asked.root)
    assert (code, "no entry 99" in err) == (2, True)


def test_forget_deletes_and_says_so_in_both(capsys, asked):
    code, out, _ = run(capsys, "forget", "--before", "2999-01-01", "-w", asked.root, "--json")
    assert (code, json.loads(out)["deleted"]) == (0, 4)
    assert list(log.entries(asked.audit))[-1]["action"] == "forget"
    code, out, _ = run(capsys, "replay", "-w", asked.root, "--json")
    assert (code, json.loads(out)["not_comparable"]) == (1, 3)
    assert run(capsys, "verify", "-w", asked.root)[0] == 0
    code, _, err = run(capsys, "forget", "--before", "yesterday", "-w", asked.root)
    assert (code, "YYYY-MM-DD" in err) == (2, True)


def test_the_address_of_a_database_is_not_repeated(capsys, kept, monkeypatch):
    monkeypatch.setenv("NOF1_DATABASE", "mysql://u:SECRET@h/db")
    code, out, err = run(capsys, "verify", "-w", kept.root)
    assert (code, out) == (2, "")
    assert "SECRET" not in err
