"""Training, from a task file to a stored model, on a small synthetic hospital."""

import json
from dataclasses import replace

import numpy as np
import pytest

from nof1.core import artefacts
from nof1.core.errors import ModelError
from nof1.predict.model import Model
from nof1.predict.train import train_task

SHORT = """\
name: short
description: A heart attack within a year of the first antiplatelet medicine (synthetic).
kind: {kind}
code_sets:
  antiplatelet: [RxNorm//32968, RxNorm//1116632]
  heart_attack: {{codes: [SNOMED//22298006], prefixes: [ICD10CM//I21]}}
index: {{of: antiplatelet, event: first}}
outcome: {{of: heart_attack}}
prior_outcome: keep
time_at_risk: {{start_days: 0, end_days: 365}}
censoring: {{observation_end: 2024-01-01}}
competing: [{{name: death, death: true}}]
features: {{windows: [full], aggregates: [count, value_last], min_patients: 60,
           allow_outcome_history: true}}
learners: [{learners}]
split: {split}
"""


def task_file(folder, kind="binary", learners="linear", split="{method: patient, folds: 3}"):
    path = folder / "short.yaml"
    path.write_text(SHORT.format(kind=kind, learners=learners, split=split))
    return path


def test_a_trained_model_is_found_again_exactly(small_hospital, trained):
    root = small_hospital.workspace.models
    artefact = artefacts.load(root, trained.artefact.name, trained.artefact.version)
    assert artefact.content_hash == trained.artefact.content_hash
    read = Model.read(artefact)
    stored = {k: v for k, v in artefact.files.items() if not k.startswith("card.")}
    assert read.files() == stored


def test_all_learners_stand_on_the_card_and_the_glass_box_learned_something(trained):
    assert set(trained.learners) == {"glassbox", "linear", "lightgbm"}
    assert trained.learners["glassbox"]["auroc"].low > 0.6
    figures = trained.card.to_dict()["evaluation"]["figures"]
    assert 0.85 < figures["conformal_coverage"]["value"] < 0.95


def test_the_card_says_what_it_must(trained):
    card = trained.card.to_dict()
    text = trained.artefact.files["card.md"].decode()
    assert card["synthetic"] is True
    assert "SYNTHETIC DATA" in text
    assert "not a medical device" in text
    assert card["data"]["events"] == int((trained.cohort.frame["cause"] == 1).sum())
    assert card["attrition"][0]["people"] == 1500


def test_no_patient_is_in_the_model_files(small_hospital, trained):
    from nof1.record.store import Record

    people = Record(small_hospital.workspace.record).subjects()
    content = b"\n".join(trained.artefact.files.values()).decode()
    for name in (*people["patient"], *map(str, people["subject_id"])):
        assert name not in content


def test_a_failed_gate_is_stored_as_withheld(trained):
    gates = [verdict.gate for verdict in trained.verdicts]
    assert bool(trained.model.withheld) == (not all(gate.passed for gate in gates))
    assert trained.card.to_dict()["status"] == ("withheld" if trained.model.withheld else "speaks")


def test_training_again_gives_the_same_bytes(own_workspace, tmp_path):
    task = task_file(tmp_path)
    first, second = (train_task(own_workspace, task) for _ in range(2))
    assert second.artefact.version == first.artefact.version + 1
    assert first.artefact.files["model.json"] == second.artefact.files["model.json"]
    assert first.artefact.files["shapes.json"] == second.artefact.files["shapes.json"]


@pytest.mark.parametrize(
    ("split", "words"),
    [
        ("{method: site}", "leaving one site out"),
        ("{method: time, at: 2021-06-01, folds: 3}", "later patients"),
    ],
)
def test_external_validation_by_site_and_time(own_workspace, tmp_path, split, words):
    done = train_task(own_workspace, task_file(tmp_path, split=split))
    assert words in done.model.validated_in
    judged = done.card.to_dict()["evaluation"]["rows"]
    rounds = [len(rows) for _, rows in done.splits.rounds()]
    assert judged == sum(rounds)


def test_survival_with_a_competing_death(own_workspace, tmp_path):
    path = task_file(tmp_path, kind="survival")
    path.write_text(path.read_text() + "horizons_days: [180, 365]\n")
    done = train_task(own_workspace, path)
    assert [verdict.horizon_days for verdict in done.verdicts] == [180, 365]
    assert done.learners["glassbox"]["harrell_c"].value > 0.55
    X = np.full((2, len(done.model.columns)), np.nan)
    early, late = (done.model.pair.trained.decision(X, days) for days in (180.0, 365.0))
    assert (early < late).all()


def test_an_outcome_among_the_features_stops_the_run(own_workspace, tmp_path):
    path = task_file(tmp_path)
    path.write_text(path.read_text().replace("allow_outcome_history: true", "age: true"))
    with pytest.raises(ModelError, match="outcome code"):
        train_task(own_workspace, path)


def test_a_model_of_another_version_is_refused(trained):
    data = json.loads(trained.artefact.files["model.json"]) | {"schema": "nof1/model/99"}
    changed = replace(
        trained.artefact,
        files={**trained.artefact.files, "model.json": json.dumps(data).encode()},
    )
    with pytest.raises(ModelError, match="another version"):
        Model.read(changed)
