"""From a proposal to a new version: two people; figures measured again, or a silent model."""

import json
import shutil
from dataclasses import replace

import pytest

from nof1.core import artefacts, audit
from nof1.core.errors import ModelError, UsageError, WorkspaceError
from nof1.core.workspace import open_workspace
from nof1.predict import proposals, review
from nof1.predict.edit import Edit, curve_of, curves
from nof1.predict.model import Model
from nof1.predict.proposals import Person

ANNA, BEN = Person("local:anna", "Anna", True), Person("local:ben", "Ben", True)
WHY = "The curve falls where the physiology says that it must rise."


@pytest.fixture
def workspace(small_hospital, trained, tmp_path):
    """A copy that may be written to, with one model."""
    root = tmp_path / "ws"
    shutil.copytree(small_hospital.workspace.root, root)
    for version in artefacts.versions(root / "models", trained.artefact.name):
        if version != trained.artefact.version:
            shutil.rmtree(root / "models" / trained.artefact.name / str(version))
    return open_workspace(root)


@pytest.fixture
def name(trained):
    return trained.artefact.name


@pytest.fixture
def asked(trained):
    """The weightiest curve, flat at nothing above its middle."""
    shapes = curves(trained.model.pair.trained)
    term = max((one for one in shapes.terms if len(one.features) == 1), key=lambda t: t.importance)
    middle = term.cuts[0][len(term.cuts[0]) // 2]
    return Edit(shapes.names[term.features[0]], "flat", low=float(middle), value=0.0)


def proposed(workspace, name, asked, trained, by=ANNA):
    return proposals.propose(workspace, name, trained.artefact.version, asked, by, WHY)


def test_an_approved_edit_becomes_a_new_version_with_figures_of_its_own(
    workspace, name, asked, trained
):
    made = proposed(workspace, name, asked, trained)
    made = proposals.decide(workspace, made.id, True, BEN, "I looked at the curve and agree.")
    old = trained.artefact.version
    done = review.store_edited(workspace, name, old, asked, proposals.note_of(made))
    assert done.evaluated, done.reason
    assert artefacts.versions(workspace.models, name) == [old, old + 1]
    before, after = (artefacts.load(workspace.models, name, v) for v in (old, old + 1))
    assert before.content_hash == trained.artefact.content_hash
    cards = [one.json("card.json") for one in (before, after)]
    figures = [one["evaluation"]["figures"]["auroc"]["value"] for one in cards]
    kept = cards[1]["reviews"][0]
    assert kept["gained"]["value"] == pytest.approx(figures[1] - figures[0], abs=0.02)
    assert kept["gained"]["low"] < kept["gained"]["value"] < kept["gained"]["high"]
    assert kept["gained"]["value"] != 0
    assert (kept["proposed_by"]["name"], kept["approved_by"]["name"]) == ("Anna", "Ben")
    assert kept["why"] == WHY
    assert cards[1]["content_hash"] == after.content_hash != before.content_hash
    assert cards[1]["status"] == ("withheld" if Model.read(after).withheld else "speaks")
    assert WHY in after.files["card.md"].decode()
    model = Model.read(after)
    shapes = curves(model.pair.trained)
    place = curve_of(shapes, asked.feature)
    assert not shapes.terms[place].scores[-1]
    assert json.dumps(model._to_dict()["voices"]) == json.dumps(trained.model._to_dict()["voices"])
    with pytest.raises(ModelError, match="newer version"):
        review.store_edited(workspace, name, old, asked, proposals.note_of(made))


def test_without_the_record_the_new_version_is_withheld_and_says_why(
    workspace, name, asked, trained
):
    made = proposed(workspace, name, asked, trained)
    made = proposals.decide(workspace, made.id, True, BEN, "I looked at the curve and agree.")
    shutil.rmtree(workspace.record)
    done = review.store_edited(
        workspace, name, trained.artefact.version, asked, proposals.note_of(made)
    )
    assert (done.evaluated, done.speaks) == (False, False)
    card = done.artefact.json("card.json")
    assert card["status"] == "withheld"
    assert card["gate"]["checks"][0]["reason"] == "not evaluated after an edit"
    assert Model.read(done.artefact).withheld[0].startswith("not evaluated after an edit: ")
    assert "NOT EVALUATED" in done.artefact.files["card.md"].decode()


def test_a_record_that_changed_since_training_gives_no_figures(
    workspace, name, asked, trained, monkeypatch
):
    from nof1.predict import rejudge

    class Fewer:
        def __init__(self, found):
            self.frame = found.frame.head(found.frame.height - 1)

    real = rejudge.compile_cohort
    monkeypatch.setattr(rejudge, "compile_cohort", lambda *given: Fewer(real(*given)))
    made = proposed(workspace, name, asked, trained)
    made = proposals.decide(workspace, made.id, True, BEN, "I looked at the curve and agree.")
    done = review.store_edited(
        workspace, name, trained.artefact.version, asked, proposals.note_of(made)
    )
    assert not done.evaluated
    assert "record has changed" in done.reason


def test_nobody_approves_an_own_proposal_by_account_or_by_name(workspace, name, asked, trained):
    made = proposed(workspace, name, asked, trained)
    for same in (ANNA, replace(BEN, name=" aNNa ")):
        with pytest.raises(UsageError, match="own proposal"):
            proposals.decide(workspace, made.id, True, same, "It is right, I say so.")
    assert proposals.get(workspace, made.id).state == "open"
    assert proposals.decide(workspace, made.id, False, ANNA, "I take it back.").state == "refused"
    with pytest.raises(UsageError, match="decided already"):
        proposals.decide(workspace, made.id, True, BEN, "Now I would agree.")


def test_every_step_is_in_the_audit_log_without_the_reasons(workspace, name, asked, trained):
    made = proposed(workspace, name, asked, trained, Person.named("Dr. Who"))
    proposals.decide(workspace, made.id, True, Person.named("Ben"), "I looked and agree.")
    proposals.finished(workspace, made.id, 7, "")
    found = [one["details"] for one in audit.entries(workspace.audit)
             if one["action"] == proposals.ACTION]  # fmt: skip
    assert [one["step"] for one in found] == ["proposed", "approved", "stored"]
    assert [one["by"] for one in found] == ["Dr. Who", "Ben", "Ben"]
    assert not any(one["signed_in"] for one in found)
    assert WHY not in json.dumps(found)
    assert proposals.get(workspace, made.id).new_version == 7


@pytest.mark.parametrize("why", ["", "short", "x" * 1001])
def test_a_proposal_needs_a_reason(workspace, name, asked, trained, why):
    with pytest.raises(UsageError, match="reason"):
        proposals.propose(workspace, name, trained.artefact.version, asked, ANNA, why)


def test_an_edit_that_changes_nothing_is_no_proposal(workspace, name, asked, trained):
    same = replace(asked, way="cap", low=None, value=10.0)
    with pytest.raises(UsageError, match="changes nothing"):
        proposals.propose(workspace, name, trained.artefact.version, same, ANNA, WHY)


def test_damaged_files_are_counted_and_names_cannot_leave_the_folder(
    workspace, name, asked, trained
):
    made = proposed(workspace, name, asked, trained)
    folder = workspace.root / "governance" / "curves"
    (folder / ("0" * 16 + ".json")).write_text('{"schema": "nof1/curve-proposal/1"}')
    found, damaged = proposals.all_of(workspace, name)
    assert ([one.id for one in found], damaged) == ([made.id], 1)
    for bad in ("../decisions", "0" * 16, "f" * 16, "", "a/b"):
        with pytest.raises(WorkspaceError):
            proposals.get(workspace, bad)


@pytest.mark.parametrize("name_", ["", "x", "<script>alert(1)</script>", "a" * 61, "\x00bc"])
def test_a_name_must_be_one(name_):
    with pytest.raises(UsageError):
        Person.named(name_)
