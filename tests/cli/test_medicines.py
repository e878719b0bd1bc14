"""``nof1 medicines rank`` as people and programs meet it."""

from __future__ import annotations

import csv
import json
from datetime import timedelta

import polars as pl
import pytest

from cli.test_cli import run
from nof1.advice.hospital import Hospital
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


def test_a_table_lies_beside_the_page(told, tmp_path):
    page = tmp_path / "page.html"
    _, out, _ = told(*HEART, *AT, "--json", "--page", str(page))
    with page.with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    data = json.loads(out)["rows"]
    assert [one["medicine"] for one in rows] == [one["medicine"]["name"] for one in data]
    assert [one["renal_text"] for one in rows] == [one["renal"]["text"] for one in data]


def test_the_own_risk_is_the_one_that_advise_gives(told, trained, small_hospital, capsys):
    """For the same patients at the same moments: found, and not checked."""
    workspace = small_hospital.workspace
    name = trained.artefact.name
    hospital = Hospital(workspace)
    seen = set()
    for patient, site, at in asked(hospital):
        arguments = (*HEART, "--at", at, "--site", site, "--json")
        data = json.loads(told(*arguments, patient=patient)[1])
        own = [one["finding"] for one in data["risks"]]
        place = ("-w", str(workspace.root), "--site", site, "--at", at, "--json")
        said = json.loads(run(capsys, "advise", patient, *place)[1])["findings"]
        assert own == [one for one in said if one["basis"]["id"] == name]
        (one,) = own
        seen.add(one["status"])
        text = data["rows"][0]["efficacy"]["text"]
        words = (one.get("frequency") or {"text": one.get("reason")})["text"]
        assert words[1:] in text
        for row in data["rows"]:
            for benefit in row["expected"]:
                assert benefit["now"] == one["value"]["amount"]
                assert benefit["interval"]["low"] <= benefit["fewer"] <= benefit["interval"]["high"]
    assert "not_checked" in seen
    assert seen & {"found", "withheld"}


def asked(hospital):
    """Patients with the day after they started clopidogrel or ticagrelor, and one without."""
    codes = ["RxNorm//32968", "RxNorm//1116632"]
    found = []
    for number, patient, site in hospital.record.subjects().select(
        "subject_id", "patient", "site"
    ).iter_rows():  # fmt: skip
        events = hospital.record.patient_events(number)
        starts = events.filter(pl.col("code").is_in(codes))["time"]
        if starts.len():
            found.append((patient, site, f"{starts.min() + timedelta(days=1):%Y-%m-%d}"))
        if len(found) == 4:
            return [*found, (SOMEBODY, "site-a", "1990-01-01")]
    raise AssertionError


def test_the_dead_and_the_future_are_refused(told, small_hospital):
    code, _, err = told(*HEART, "--at", "2190-01-01")
    assert (code, "lies in the future" in err) == (2, True)
    record = Hospital(small_hospital.workspace).record
    people = record.subjects().select("subject_id", "patient", "site").iter_rows()
    patient, site = next(
        (patient, site)
        for number, patient, site in people
        if (record.patient_events(number)["code"] == "MEDS_DEATH").any()
    )
    code, out, err = told(*HEART, "--at", "2025-01-01", "--site", site, patient=patient)
    assert (code, out) == (2, "")
    assert "has died" in err
    assert patient not in err


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
    assert (
        "! Nothing of this patient is recorded until then." in told(*HEART, "--at", "1900-01-01")[1]
    )
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
