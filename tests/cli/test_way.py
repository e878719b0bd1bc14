"""The way of a user through the commands, each once, on a small synthetic hospital."""

import json
from datetime import timedelta

import pytest

from nof1.cli import main


@pytest.fixture
def run(capsys):
    def call(*arguments):
        with pytest.raises(SystemExit) as stop:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return stop.value.code, out, err

    return call


@pytest.fixture
def asked(small_hospital, trained):
    """A workspace, a patient of its cohort, and a day after the index."""
    from nof1.record.store import Record

    people = dict(
        Record(small_hospital.workspace.record)
        .subjects()
        .select("subject_id", "patient")
        .iter_rows()
    )
    subject_id, moment, site = trained.cohort.frame.select(
        "subject_id", "prediction_time", "site"
    ).row(0)
    day = moment + timedelta(days=2)
    return small_hospital.workspace.root, people[subject_id], site, f"{day:%Y-%m-%d}"


def test_quality(run, small_hospital, tmp_path):
    page = tmp_path / "quality.html"
    code, out, _ = run("quality", "-w", small_hospital.workspace.root, "--json", "--page", page)
    told = json.loads(out)
    assert told["schema"] == "nof1/quality/1"
    assert code == (1 if told["severities"]["critical"] else 0)
    assert page.exists()
    assert page.with_suffix(".json").exists()


def test_card_and_evaluate(run, trained, small_hospital):
    root, name = small_hospital.workspace.root, trained.artefact.name
    code, out, _ = run("card", name, "-w", root)
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    code, out, _ = run("evaluate", name, "-w", root, "--json")
    told = json.loads(out)
    assert code == (0 if told["gate"]["passed"] else 1)
    assert told["metrics"]["auroc"]["value"] == trained.learners[trained.choice.kept]["auroc"].value


def test_train_prints_its_documented_json(run, small_hospital, own_workspace, tmp_path):
    task = tmp_path / "task.yaml"
    text = small_hospital.task.read_text().replace("\nsplit:", "\nlearners: [linear]\nsplit:")
    text = text.replace("windows: [30d, 365d, full]", "windows: [full]")
    text = text.replace("value_last, value_min, value_max]", "value_last]")
    text = text.replace("folds: 5", "folds: 2")
    task.write_text(text.replace("name: heart", "name: another-heart"))
    code, out, _ = run("train", task, "-w", own_workspace.root, "--json")
    told = json.loads(out)
    assert {"model", "attrition", "splits", "leakage", "metrics", "gate", "learners"} <= set(told)
    assert code == (0 if told["gate"]["passed"] else 1)
    assert {row["name"] for row in told["learners"]} == {"glassbox", "linear"}
    assert {"genes", "lifestyle"} <= {one["group"] for one in told["ablation"]["groups"]}
    assert told["metrics"]["auroc"]["low"] < told["metrics"]["auroc"]["value"]


def test_advise_as_text_json_fhir_and_page(run, asked, tmp_path):
    root, patient, site, day = asked
    page = tmp_path / "patient.html"
    where = (patient, "--site", site, "--at", day, "-w", root)
    code, out, _ = run("advise", *where, "--json", "--page", page)
    told = json.loads(out)
    assert (code, told["schema"], told["synthetic"]) == (0, "nof1/advise/1", True)
    assert told["findings"]
    code, text, _ = run("advise", *where)
    assert code == 0
    assert max(map(len, text.splitlines())) <= 80
    assert "not a medical device" in text
    code, out, _ = run("advise", *where, "--fhir")
    kinds = {e["resource"]["resourceType"] for e in json.loads(out)["entry"]}
    assert "RiskAssessment" in kinds
    assert kinds <= {"RiskAssessment", "DetectedIssue", "Observation"}
    assert "SYNTHETIC DATA" in page.read_text()


def test_advise_before_anything_happened_is_an_open_refusal(run, asked):
    root, patient, site, _ = asked
    _, out, _ = run("advise", patient, "--site", site, "--at", "1990-01-01", "-w", root, "--json")
    risks = [one for one in json.loads(out)["findings"] if one["kind"] == "risk"]
    assert risks
    for finding in risks:  # genes have no date here: they count as always known
        assert finding["status"] in ("not_checked", "withheld")
        assert finding["reason"]
        assert finding["resolve"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("advise", "nobody"), "no patient"),
        (("advise",), "Exactly one"),
        (("advise", "x", "--at", "tomorrow"), "as-of time"),
        (("card", "nothing"), "no model"),
        (("train", "missing.yaml"), "missing.yaml"),
        (("ingest", "missing-folder"), "missing-folder"),
    ],
)
def test_wrong_requests_say_what_to_do(run, small_hospital, arguments, words):
    code, out, err = run(*arguments, "-w", small_hospital.workspace.root, "--json")
    told = json.loads(err)
    assert (code, out) == (2, "")
    assert words in json.dumps(told)
    assert "inside nof1" not in told["error"]


def test_each_question_is_in_the_audit_log_without_the_patient(run, asked):
    root, patient, site, day = asked
    run("advise", patient, "--site", site, "--at", day, "-w", root)
    code, out, _ = run("audit", "export", "-w", root)
    assert code == 0
    assert '"action": "advise"' in out
    assert patient not in out
