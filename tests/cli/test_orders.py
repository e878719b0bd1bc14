"""``nof1 advise --order``: draft orders of a patient, as text and as JSON."""

import json

import pytest

from nof1.advice.orders.shapes import Advice
from nof1.cli import main
from nof1.cli.orders import ordered


@pytest.fixture
def run(capsys, small_hospital, trained):
    from nof1.record.store import Record

    root = small_hospital.workspace.root
    people = Record(small_hospital.workspace.record).subjects()
    patient, site = people.select("patient", "site").row(0)

    def call(*arguments):
        place = ("--site", site, "--at", "2030-01-01", "-w", str(root))
        with pytest.raises(SystemExit) as stop:
            main(["advise", patient, *place, *arguments])
        out, err = capsys.readouterr()
        return stop.value.code, out, err

    return call


def test_two_drafts_as_json(run):
    code, out, _ = run("--order", "simvastatin", "--order", "clarithromycin", "--json")
    told = json.loads(out)
    assert (code, told["schema"]) == (0, "nof1/advise/1")
    first = told["orders"]["alerts"][0]
    assert (first["tier"], first["family"]) == (1, "interactions")
    assert first["order"] in ("simvastatin", "clarithromycin")
    assert first["finding"]["kind"] == "alert"
    assert first["finding"]["synthetic"]
    states = {(one["family"], one["state"]) for one in told["orders"]["coverage"]}
    assert ("dose", "not_checked") in states
    assert "findings" in told


def test_the_text_begins_with_what_interrupts_and_says_what_was_not_checked(run):
    code, out, _ = run("--order", "simvastatin", "--order", "clarithromycin", "--order", "zorblax")
    assert code == 0
    head = out.split("Patient ")[0]
    assert head.splitlines()[1].startswith("INTERRUPT  Simvastatin with clarithromycin")
    assert "Not checked: zorblax" in head
    assert max(map(len, head.splitlines())) <= 80


def test_without_orders_nothing_is_said_about_them(run):
    told = json.loads(run("--json")[1])
    assert "orders" not in told


def test_the_fhir_form_says_what_was_not_checked_too(run):
    code, out, _ = run("--order", "aspirin", "--fhir")
    texts = [json.dumps(one["resource"]) for one in json.loads(out)["entry"]]
    assert code == 0
    issues = [text for text in texts if '"DetectedIssue"' in text]
    assert any("Not checked (dose): aspirin" in text for text in issues)


def test_medicines_taken_now_are_held_against_each_other(run):
    code, out, _ = run("--json")
    told = json.loads(out)["taken"]
    assert code == 0
    assert {one["state"] for one in told["coverage"]} <= {"checked", "not_checked"}
    assert told["coverage"]
    assert all(one["tier"] > 1 for one in told["alerts"])


def test_no_medicine_on_record_is_not_called_harmless(run):
    told = run()[1].partition("Medicines taken now")[2]
    assert "No alert" not in told or "Checked: 0" not in told


def test_the_audit_log_counts_orders_and_names_none(run, small_hospital):
    run("--order", "ketoconazole")
    last = (small_hospital.workspace.audit / "audit.jsonl").read_text().splitlines()[-1]
    assert '"check orders"' in last
    assert "ketoconazole" not in last


def test_no_alert_is_said_as_such():
    assert "No alert: what was checked" in ordered(Advice((), ()))
