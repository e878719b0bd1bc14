"""Train, store, read, predict, explain: one small model of two labels."""

import json

import numpy as np
import pytest

pytest.importorskip("rdkit", reason="needs the extra drugs (rdkit)")

from medicines.properties import samples
from nof1.core import artefacts
from nof1.core.errors import ModelError
from nof1.medicines.chemistry.molecules import standardise
from nof1.medicines.properties import explain, learner
from nof1.medicines.properties.model import PropertyModel
from nof1.medicines.properties.train import gate, train


def ask(model, *smiles):
    done = standardise(smiles)
    return model.predict(done.smiles, done.molecules)


def test_three_splits_stand_side_by_side_with_naive_answers_and_coverage(trained):
    done, _ = trained
    for label, main in zip(done.card["labels"], ("rmse", "auroc"), strict=True):
        assert list(label["splits"]) == ["random", "scaffold", "balanced scaffold"]
        for split in label["splits"].values():
            figure = split["metrics"][main]
            assert figure["low"] <= figure["value"] <= figure["high"]
            assert split["coverage"]["all"]["predictions"] >= 18
        assert label["status"] == "speaks"
    random = done.card["labels"][0]["splits"]["random"]
    assert random["metrics"]["rmse"]["value"] < 0.5 * random["naive"]
    card = done.artefact.files["card.md"].decode()
    assert "## solubility (regression)" in card
    assert "not a medical device" in card


def test_a_stored_model_answers_as_before_and_holds_no_pickle_and_no_label(trained):
    done, models = trained
    artefact = artefacts.load(models, "made")
    again = PropertyModel.read(artefact)
    asked = samples.compounds()[::7]
    assert ask(again, *asked) == ask(done.model, *asked)
    assert set(artefact.files) == {
        "property.json",
        "numbers.safetensors",
        "compounds.json",
        "trees-0.lgb.txt",
        "trees-1.lgb.txt",
        "card.json",
        "card.md",
    }
    assert all(isinstance(one, str) for one in json.loads(artefact.files["compounds.json"]))


def test_predictions_are_near_with_interval_and_domain(trained):
    model = trained[0].model
    for one in ask(model, *samples.compounds()[::11]):
        value, polar = one.answers
        assert value.low < value.value < value.high
        assert one.known
        assert one.verdict.zone == "inside"
        assert abs(value.value - samples.solubility(one.smiles)) < 1.5
        assert 0 <= polar.value <= 1


def test_outside_of_the_domain_the_prediction_is_withheld_with_the_reason(trained):
    one = ask(trained[0].model, "O=P(O)(O)C12CC3CC(C1)CC(C3)C2")[0]
    assert one.verdict.zone == "outside"
    for answer in one.answers:
        assert answer.value is None
        assert "training had no compound with P" in answer.withheld


def test_the_order_of_asking_does_not_matter_and_none_is_fine(trained):
    model = trained[0].model
    asked = samples.compounds()[:5]
    assert ask(model, *asked)[::-1] == ask(model, *asked[::-1])
    assert model.predict([], []) == []


def test_hidden_atoms_show_what_the_model_learned(trained):
    model = trained[0].model
    molecule = standardise(["CCCCc1ccccc1"]).molecules[0]
    parts = explain.contributions(model, molecule, 0)
    assert len(parts) == molecule.GetNumAtoms()
    assert parts.sum() < 0  # carbon lowers this property
    assert explain.contributions(model, standardise(["OCCc1ccccc1"]).molecules[0], 0)[0] > 0
    svg = explain.drawing(molecule, parts, "solubility")
    assert svg.startswith("<?xml")
    assert "</svg>" in svg
    assert "href" not in svg
    assert explain.strongest(molecule, parts)[0].startswith("atom ")


def test_a_model_that_is_no_better_than_naive_is_withheld(tmp_path, monkeypatch):
    monkeypatch.setattr(learner, "TREES", 5)
    monkeypatch.setattr(learner, "ROUNDS", 10)
    noise = np.random.default_rng(5).normal(size=180)
    path = tmp_path / "noise.csv"
    rows = [f"{s},{v}" for s, v in zip(samples.compounds(), noise, strict=True)]
    path.write_text("\n".join(["smiles,y", *rows]))
    done = train(tmp_path / "models", path, ["y"], name="noise", repeats=1)
    assert done.model.failed == {"y": "no better than the naive answer on random splits"}
    assert done.card["labels"][0]["status"] == "withheld"
    one = ask(done.model, samples.compounds()[0])[0]
    assert one.answers[0].withheld == done.model.failed["y"]


def test_the_gate_names_a_label_without_figures(trained):
    label = trained[0].model.labels[1]
    figures = {label.name: {"random": {"repeats": 0, "why": "one class"}}}
    assert gate([label], figures) == {label.name: "no figure: one class"}


def test_another_artefact_is_refused(tmp_path):
    artefact = artefacts.save(tmp_path, "other", {"a.json": b"{}"})
    with pytest.raises(ModelError, match="no model of compounds"):
        PropertyModel.read(artefact)
