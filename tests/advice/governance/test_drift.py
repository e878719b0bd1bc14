"""Drift of a trained model's inputs, risks and calibration, against what it was trained on."""

import shutil
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from nof1.advice.governance import drift
from nof1.advice.governance.decisions import path, read
from nof1.advice.governance.state import Governance
from nof1.core.artefacts import save
from nof1.core.errors import ModelError
from nof1.core.workspace import Workspace, create
from nof1.learn.drift import Drift
from nof1.record.store import Record

EARLY = datetime(2015, 1, 1)


@pytest.fixture
def workspace(small_hospital, trained, tmp_path):
    """The small hospital's record, with its model, and a log of its own."""
    made = create(tmp_path / "ws", shards=2, synthetic=True)
    shutil.copytree(small_hospital.workspace.record, made.record)
    save(made.models, trained.model.name, trained.model.files())
    return made


def changed(workspace, model, **more):
    """A newer version of the model."""
    save(workspace.models, model.name, replace(model, **more).files())
    return drift.look(workspace, model.name, EARLY)


def test_the_training_people_themselves_have_not_drifted(workspace, trained):
    made = drift.look(workspace, trained.model.name, EARLY)
    assert made.state == "steady"
    assert made.rows >= trained.cohort.frame.height
    assert (made.features, made.alarm) == ((), False)
    assert made.outcomes > 500
    assert made.content_hash


def test_nobody_new_is_not_checked(workspace, trained):
    made = drift.look(workspace, trained.model.name)
    assert made.state == "not_checked"
    assert "only 0 predictions since" in made.reason


def test_other_inputs_than_in_training_are_seen_and_named(workspace, trained):
    model = trained.model
    place = model.columns.index("age_years")
    counts = model.drift.counts.copy()
    counts[place] = np.roll(counts[place], 4)  # training people were of other ages
    made = changed(workspace, model, drift=Drift(model.drift.levels, counts))
    assert made.state == "drifted"
    assert [one["words"] for one in made.features] == ["Age in years"]
    assert made.reason == "Age in years drifted since 2015-01-01"


def test_other_risks_than_in_training_are_seen(workspace, trained):
    model = trained.model
    counts = model.drift.counts.copy()
    counts[-1] = np.roll(counts[-1], 2)
    made = changed(workspace, model, drift=Drift(model.drift.levels, counts))
    assert made.reason.startswith("the risk drifted since")


def test_outcomes_that_no_longer_fit_the_risks_are_seen(workspace, trained, monkeypatch):
    real = drift._scored

    def halved(model, record, rows):
        X, risk = real(model, record, rows)
        return X, risk / 2 if rows.columns != ["subject_id", "prediction_time"] else risk

    monkeypatch.setattr(drift, "_scored", halved)
    made = drift.look(workspace, trained.model.name, EARLY)
    assert (made.state, made.alarm) == ("drifted", True)
    assert "no longer fit the outcomes" in made.reason


def test_only_predictions_whose_whole_time_at_risk_is_known_are_judged(workspace, trained):
    record = Record(workspace.record)
    last = record.scan().select(pl.col("time").max()).collect().item()
    late = drift.look(workspace, trained.model.name, last - timedelta(days=300))
    assert late.outcomes == 0


def test_a_model_without_counts_is_not_checked(workspace, trained):
    assert "keeps no counts" in changed(workspace, trained.model, drift=None).reason


def test_another_kind_of_model_is_not_checked(workspace):
    save(workspace.models, "other", {"other.json": b"{}"})
    made = drift.look(workspace, "other")
    assert (made.state, made.rows) == ("not_checked", 0)


def test_without_a_record_nothing_can_be_compared(workspace, trained):
    empty = Workspace(workspace.root / "empty")
    shutil.copytree(workspace.models, empty.models)
    made = drift.look(empty, trained.model.name)
    assert made.state == "not_checked"
    assert "The record is empty" in made.reason


def test_an_unknown_model_is_an_error(workspace):
    with pytest.raises(ModelError):
        drift.look(workspace, "nobody")


def test_a_verdict_is_kept_and_takes_force(workspace, trained):
    found = drift.look(workspace, trained.model.name, EARLY)
    drift.keep(workspace, found)
    (kept,) = read(path(workspace))
    assert (kept.kind, kept.value, kept.details["rows"]) == ("drift", "steady", found.rows)
    verdict = Governance(workspace).state().drift[trained.model.name]
    assert (verdict.state, verdict.content_hash) == ("steady", found.content_hash)


def test_a_verdict_holds_no_patient(workspace, trained):
    drift.keep(workspace, drift.look(workspace, trained.model.name, EARLY))
    text = path(workspace).read_text()
    for patient in Record(workspace.record).subjects()["patient"].head(50):
        assert patient not in text
