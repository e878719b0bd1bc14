"""``nof1 audit``: the log and the ledger as people and programs meet them."""

import json
import shutil
import sqlite3

import pytest

pytest.importorskip("sqlalchemy")

from ledger_samples import CANARY, exchange, feedback
from nof1.advice.hooks import versions
from nof1.advice.hooks.room import Room
from nof1.advice.hooks.service import Service
from nof1.advice.ledger.store import open_ledger
from nof1.cli import main
from nof1.core import audit as log
from nof1.core.workspace import create


@pytest.fixture(autouse=True)
def quiet_tree(monkeypatch):
    """The tests of a day may run while somebody writes in the source tree."""
    found = versions.code()
    monkeypatch.setattr(versions, "code_on_disk", lambda: found)


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
        connection.executescript(statement)
    connection.close()


def test_an_anchor_of_either_chain_is_found(capsys, kept):
    with open_ledger(kept.audit) as ledger:
        ours = ledger.entry(1).hash
    for anchor in (ours, log.head(kept.audit)):
        code, out, _ = run(capsys, "verify", "-w", kept.root, "--json", "--anchor", anchor)
        assert (code, json.loads(out)["anchor_found"]) == (0, True)
    code, out, _ = run(capsys, "verify", "-w", kept.root, "--anchor", "f" * 64)
    assert (code, "The anchor is NOT" in out) == (1, True)


def keep_head(capsys, workspace, file):
    code, out, _ = run(capsys, "head", "-w", workspace.root, "--json")
    assert code == 0
    file.write_text(out)
    return json.loads(out)


def test_the_heads_are_printed_for_a_second_place(capsys, kept, tmp_path):
    found = keep_head(capsys, kept, tmp_path / "head.json")
    assert found["log"] == {"entries": 1, "head": log.head(kept.audit)}
    assert (found["ledger"]["seq"], found["trusted"]) == (2, True)
    code, out, _ = run(capsys, "head", "-w", kept.root)
    assert code == 0
    assert all(found["ledger"][name] in out for name in ("ledger", "hash", "signature", "key"))


def test_without_a_ledger_the_head_of_the_log_is_printed(capsys, workspace, tmp_path):
    found = keep_head(capsys, workspace, tmp_path / "head.json")
    assert (found["ledger"], found["log"]["entries"]) == (None, 1)
    assert "Ledger: none yet" in run(capsys, "head", "-w", workspace.root)[1]
    anchored = ("--anchored", tmp_path / "head.json")
    assert run(capsys, "verify", "-w", workspace.root, *anchored)[0] == 0


def test_a_head_that_nobody_trusted_signed_is_not_for_keeping(capsys, kept):
    alter(kept, "UPDATE nof1_head SET signature = '00'")
    code, out, _ = run(capsys, "head", "-w", kept.root)
    assert (code, "NOT TRUSTED" in out) == (1, True)
    code, out, _ = run(capsys, "head", "-w", kept.root, "--json")
    assert (code, json.loads(out)["trusted"]) == (1, False)


def test_a_kept_head_is_contained_later(capsys, kept, tmp_path):
    keep_head(capsys, kept, tmp_path / "head.json")
    with open_ledger(kept.audit) as ledger:
        ledger.record(exchange(2))
    log.append(kept.audit, "ask")
    anchored = ("--anchored", tmp_path / "head.json")
    code, out, _ = run(capsys, "verify", "-w", kept.root, *anchored)
    assert (code, "The anchored head is contained." in out) == (0, True)
    code, out, _ = run(capsys, "verify", "-w", kept.root, "--json", *anchored)
    found = json.loads(out)
    assert (found["anchor_found"], found["problems"], found["ledger"]["notes"]) == (True, [], [])


LAST_TWO = (
    "DELETE FROM nof1_entry WHERE seq > 2; DELETE FROM nof1_card WHERE seq > 2;"
    "DELETE FROM nof1_sealed WHERE seq > 2;"
)
TAMPERED = {
    "a byte of an entry": (
        "UPDATE nof1_entry SET request_hash = replace(request_hash, substr(request_hash, 1, 1), "
        "'x') WHERE seq = 2",
        "Entry 2 does not hold.",
    ),
    "the last rows deleted": (LAST_TWO, "The head names entry 4, but 2 entries are there."),
    "two rows swapped": (
        "UPDATE nof1_entry SET seq = 99 WHERE seq = 2; UPDATE nof1_entry SET seq = 2 WHERE seq = 3;"
        "UPDATE nof1_entry SET seq = 3 WHERE seq = 99",
        "Entry 2 does not hold.",
    ),
    "a head without the key": (
        LAST_TWO
        + "UPDATE nof1_head SET seq = 2, hash = (SELECT hash FROM nof1_entry WHERE seq = 2)",
        "The signature of the head does not fit.",
    ),
}


@pytest.mark.parametrize("done", TAMPERED)
def test_what_was_done_to_the_database_is_named(capsys, kept, tmp_path, done):
    with open_ledger(kept.audit) as ledger:
        for number in (3, 4):
            ledger.record(exchange(number))
    keep_head(capsys, kept, tmp_path / "head.json")
    statement, told = TAMPERED[done]
    alter(kept, statement)
    for more in ((), ("--anchored", tmp_path / "head.json")):
        code, out, _ = run(capsys, "verify", "-w", kept.root, *more)
        assert (code, told in out) == (1, True), out
    assert "contained" not in out


def test_a_head_forged_with_another_key_is_named(capsys, kept, tmp_path):
    """Somebody without the key signs a shorter chain with one of his own."""
    with open_ledger(tmp_path / "stranger") as other:
        other.record(exchange(1))
        forged = other.head()
    columns = ", ".join(f"{name} = '{value}'" for name, value in forged.to_dict().items())
    alter(kept, f"UPDATE nof1_head SET {columns}")
    code, out, _ = run(capsys, "verify", "-w", kept.root)
    assert (code, "signed with a key that is not trusted here" in out) == (1, True)
    (tmp_path / "forged.json").write_text(json.dumps({"ledger": forged.to_dict()}))
    code, out, _ = run(capsys, "verify", "-w", kept.root, "--anchored", tmp_path / "forged.json")
    assert (code, "The anchored head is signed with a key" in out) == (1, True)


def test_an_older_copy_of_the_whole_folder_is_named(capsys, kept, tmp_path):
    shutil.copytree(kept.audit, tmp_path / "older")
    with open_ledger(kept.audit) as ledger:
        ledger.record(exchange(2))
    log.append(kept.audit, "ask")
    keep_head(capsys, kept, tmp_path / "head.json")
    shutil.rmtree(kept.audit)
    shutil.copytree(tmp_path / "older", kept.audit)
    assert run(capsys, "verify", "-w", kept.root)[0] == 0  # by itself it is whole
    code, out, _ = run(capsys, "verify", "-w", kept.root, "--anchored", tmp_path / "head.json")
    assert code == 1
    assert "Rolled back: entry 3 was anchored, and the ledger ends at entry 2." in out
    assert "The anchored head is NOT in the log" in out
    (kept.audit / "ledger.db").unlink()
    code, out, _ = run(capsys, "verify", "-w", kept.root, "--anchored", tmp_path / "head.json")
    assert (code, "The ledger that was anchored is not here." in out) == (1, True)


def test_an_anchor_is_given_in_one_way_and_its_file_must_be_one(capsys, kept, tmp_path):
    file = tmp_path / "head.json"
    file.write_text("{}")
    code, _, err = run(capsys, "verify", "-w", kept.root, "--anchored", file)
    assert (code, "no head" in err) == (2, True)
    code, _, err = run(capsys, "verify", "-w", kept.root, "--anchored", file, "--anchor", "a")
    assert (code, "not both" in err) == (2, True)
    code, _, err = run(capsys, "verify", "-w", kept.root, "--anchored", tmp_path / "none.json")
    assert (code, "Traceback" in err) == (2, False)


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
    assert "The request was refused or failed" in out
    code, out, _ = run(capsys, "replay", "--last", "1", "-w", asked.root, "--json")
    assert [one["seq"] for one in json.loads(out)["others"]] == [3]


def test_a_replayed_answer_that_differs_is_a_fault(capsys, asked, monkeypatch):
    from nof1.advice.hooks import card

    monkeypatch.setattr(card, "NOTICE", "Another notice.")
    code, out, _ = run(capsys, "replay", "1", "-w", asked.root, "--json")
    (other,) = json.loads(out)["others"]
    assert (code, other["state"], other["changed"]) == (1, "different", [])
    assert other["first_difference"] > 0
    assert (
        run(capsys, "replay", "1", "-w", asked.root)[1].count("The same versions, but other") == 1
    )


def test_a_replay_with_other_code_names_it_and_counts_what_is_equal_all_the_same(
    capsys, asked, monkeypatch
):
    monkeypatch.setattr(versions, "code", lambda: "c" * 64)
    monkeypatch.setattr(versions, "code_on_disk", lambda: "c" * 64)
    code, out, _ = run(capsys, "replay", "-w", asked.root, "--json")
    found = json.loads(out)
    assert (code, found["same"], found["different"], found["not_comparable"]) == (1, 0, 0, 3)
    assert found["why"] == {"refused": 1, "versions": 2}
    assert (found["changed"], found["equal_now"]) == ({"code": 2}, 2)
    _, out, _ = run(capsys, "replay", "-w", asked.root)
    assert "Other versions now: code (2)" in out
    assert f"now {'c' * 12}: nof1's own files were changed" in out
    assert "2 answers of other versions 2 would have the same bytes now" in out


def test_nothing_is_told_when_the_program_was_changed_during_the_replay(capsys, asked, monkeypatch):
    monkeypatch.setattr(versions, "code_on_disk", lambda: "changed")
    code, out, err = run(capsys, "replay", "-w", asked.root)
    assert (code, out) == (2, "")
    assert "changed while the replay ran" in err


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
    assert (code, json.loads(out)["why"]) == (1, {"forgotten": 2, "refused": 1})
    assert run(capsys, "verify", "-w", asked.root)[0] == 0
    code, _, err = run(capsys, "forget", "--before", "yesterday", "-w", asked.root)
    assert (code, "YYYY-MM-DD" in err) == (2, True)


def test_the_address_of_a_database_is_not_repeated(capsys, kept, monkeypatch):
    monkeypatch.setenv("NOF1_DATABASE", "mysql://u:SECRET@h/db")
    code, out, err = run(capsys, "verify", "-w", kept.root)
    assert (code, out) == (2, "")
    assert "SECRET" not in err
