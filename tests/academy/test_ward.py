"""The ward is the workspace: its people, its model, its features, bit for bit."""

from dataclasses import replace
from shutil import copytree

import numpy as np
import pytest

from nof1.academy import truth
from nof1.academy.ward import Ward, features_of, risks
from nof1.core.artefacts import save
from nof1.core.errors import InputError, ModelError
from nof1.core.finding import Subject
from nof1.core.workspace import create


def test_one_person_gets_what_the_batch_gives(ward):
    for person in ward.people[:40]:
        x = features_of(ward.scorer, ward.events(person), person.at)[0]
        assert np.array_equal(x, ward.X[person.row], equal_nan=True)


def test_what_is_told_is_the_scorer_s_answer(ward):
    answered = 0
    for person in ward.people[:40]:
        subject = Subject(id="x", site=person.site)
        (found,) = ward.scorer.findings(subject, ward.events(person), person.at, ward.names)
        if found.value is not None:
            assert found.value.amount == ward.told[person.row]
            answered += 1
    assert answered > 30
    assert np.array_equal(risks(ward.scorer, ward.X), ward.told)


def test_others_never_took_what_the_model_is_about(ward):
    index = set(ward.scorer.task.index.event.codes.codes)
    assert len(ward.others) > 100
    for person in ward.others[:40]:
        events = ward.events(person)
        before = events.filter(events["time"] <= person.at)
        assert not index & set(before["code"])


def test_outcomes_drawn_again_follow_the_true_risks(ward):
    risk = np.array([person.risk for person in ward.people])
    expected, spread = risk.sum(), np.sqrt((risk * (1 - risk)).sum())
    assert abs(ward.again.sum() - expected) < 4 * spread
    first = np.array([person.outcome for person in ward.people])
    assert (ward.again != first).any()


def test_recent_people_come_before(ward):
    at = ward.people[100].at
    rows = ward.recent(at, 50)
    times = [ward.people[row].at for row in rows]
    assert len(rows) <= 50
    assert max(times) == at
    assert times == sorted(times)


def test_a_workspace_that_is_not_synthetic_is_refused(tmp_path):
    with pytest.raises(InputError, match="not marked as synthetic"):
        Ward.open(create(tmp_path / "ws"))


def test_a_withheld_model_and_no_model_are_refused(teaching, ward, tmp_path):
    for name, models in (
        ("none", ()),
        ("withheld", (replace(ward.scorer.model, withheld=("x",)),)),
    ):
        workspace = create(tmp_path / name, shards=2, synthetic=True)
        workspace.record.symlink_to(teaching.record)
        copytree(truth.find(teaching), workspace.root / "academy" / "truth")
        for model in models:
            save(workspace.models, model.name, model.files())
        with pytest.raises(ModelError, match="no model" if name == "none" else "withheld"):
            Ward.open(workspace)
