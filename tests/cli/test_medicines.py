"""``nof1 medicines rank`` as people and programs meet it."""

from __future__ import annotations

import json

import pytest

from cli.test_cli import run
from nof1.core import audit

HEART = ("--condition", "SNOMED//22298006")
AT = ("--at", "2022-06-01")
SOMEBODY = "Synthetic-a-0002"


@pytest.fixture
def told(small_hospital, capsys):
    """Run the command in the small hospital."""

    def asked(*arguments, patient=SOMEBODY):
        place = ("-w", str(small_hospital.workspace.root))
        return run(capsys, "medicines", "rank", patient, *arguments, *place)

    return asked


def test_text_of_80_columns_with_the_order_and_the_notice(told):
    code, out, err = told(*HEART, *AT)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].endswith("SYNTHETIC DATA")
    assert "-- prevents another heart attack: platelets" in out
    assert "why here" in out
    assert "No pharmacist has signed off" in " ".join(out.split())
    assert lines[-1] == "Research and education use; not a medical device."


def test_json_and_page_say_the_same(told, tmp_path):
    page = tmp_path / "page.html"
    code, out, _ = told(*HEART, *AT, "--json", "--page", str(page))
    assert code == 0
    data = json.loads(out)
    assert data["schema"] == "nof1/medicines-rank/1"
    assert data["subject"] == {"id": SOMEBODY, "site": "site-a"}
    assert data["synthetic"] is True
    assert json.loads(page.with_suffix(".json").read_text(encoding="utf-8")) == data
    html = page.read_text(encoding="utf-8")
    assert "SYNTHETIC DATA" in html
    for row in data["rows"]:
        assert row["medicine"]["name"] in html


def test_the_ask_is_in_the_audit_log_without_the_patient(told, small_hospital):
    told(*HEART, *AT)
    last = list(audit.entries(small_hospital.workspace.audit))[-1]
    assert last["action"] == "medicines rank"
    assert last["details"]["condition"] == "myocardial infarction"
    assert SOMEBODY not in json.dumps(last)


def test_a_moment_before_the_records_knows_nothing(told):
    code, out, _ = told(*HEART, "--at", "1900-01-01", "--json")
    data = json.loads(out)
    assert code == 0
    assert data["current"] == []
    assert {row["renal"]["status"] for row in data["rows"]} == {"not_known"}


@pytest.mark.parametrize(
    ("arguments", "patient", "said"),
    [
        (HEART, "nobody", "no patient with this identifier"),
        (("--condition", "hart attack"), SOMEBODY, "heart attack|myocardial infarction"),
        (("--condition", "ICD10CM//Q99.9"), SOMEBODY, "not in our table"),
        ((*HEART, "--at", "yesterday"), SOMEBODY, "cannot be read"),
        ((*HEART, "--site", "site-b"), SOMEBODY, "no patient with this identifier"),
        ((), SOMEBODY, "condition"),
    ],
)
def test_what_is_wrong_is_refused_with_a_next_step(told, arguments, patient, said):
    code, out, err = told(*arguments, patient=patient)
    assert (code, out) == (2, "")
    assert any(part in err for part in said.split("|"))
    assert "Next step: " in err or "Allowed: " in err
    assert "Traceback" not in err
    assert SOMEBODY not in err
