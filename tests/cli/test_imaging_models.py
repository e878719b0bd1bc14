"""``nof1 imaging train|adopt|convert|card``: detectors, masks and weights from elsewhere."""

import json
from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pytest

if find_spec("monai") is None:  # to import it takes 3 seconds
    pytest.skip("needs the extra imaging (monai, torch)", allow_module_level=True)
import torch

from cli.test_cli import run as command
from nof1.imaging.anomaly import sight, trial
from nof1.imaging.answering import building, detecting
from nof1.imaging.nets.densenet import Wrapped
from nof1.synthetic.ct import draw_ct, write_nifti, write_series

MASKS = """
name: organs
masks: {folder: data, labels: {1: body, 2: right lung, 3: left lung, 4: bone, 5: nodule}}
training: {steps: 3}
"""
ODD = """
name: odd
pictures: {npz: films.npz, array: films}
anomaly: {normal: {column: told, values: [no]}}
split: {test_share: 0.4}
training: {size: 16, seeds: 1, epochs: 1}
"""
THEIRS = """
name: theirs
pictures: {npz: films.npz, array: films}
findings: [{name: square, column: told, present: [yes], absent: [no]}]
patient: person
split: {test_share: 0.25}
training: {size: 16}
"""


@pytest.fixture
def run(capsys):
    """The command as a person calls it: exit code, and all that was printed."""

    def call(*words):
        code, out, err = command(capsys, "imaging", *map(str, words))
        return SimpleNamespace(exit_code=code, output=out or err)

    return call


@pytest.fixture
def films(tmp_path):
    """280 small pictures; half of them with a bright square."""
    rng = np.random.default_rng(0)
    y = np.arange(280) % 2
    pictures = rng.integers(0, 120, (280, 16, 16)).astype(np.uint8)
    pictures[y == 1, 5:11, 5:11] += 100
    told = np.where(y == 1, "yes", "no")
    np.savez(tmp_path / "films.npz", films=pictures, told=told, person=np.arange(280).astype(str))
    return tmp_path


@pytest.fixture
def quick(monkeypatch):
    """Orientation check and trial have tests of their own; here they would take too long."""
    monkeypatch.setattr(trial, "ROUNDS", 1)
    monkeypatch.setattr(sight, "TWINS", 1)
    for module in (building, detecting):
        monkeypatch.setattr(module, "_orientation", lambda *_: None)


def test_masks_are_trained_told_and_read(run, tmp_path):
    for seed in range(9):
        phantom = draw_ct(seed, shape=(16, 16, 16))
        write_series(tmp_path / "data" / phantom.patient / "image", phantom)
        write_nifti(tmp_path / "data" / phantom.patient / "mask.nii", phantom, labels=True)
    (tmp_path / "task.yaml").write_text(MASKS)
    done = run("train", tmp_path / "task.yaml", "--out", tmp_path / "m")
    assert done.exit_code == 1, done.output
    assert "WITHHELD" in done.output
    card = json.loads(run("card", tmp_path / "m", "--json").output)
    assert card["schema"] == "nof1/imaging-masks-card/1"
    assert set(card["dice"]) == {"body", "right lung", "left lung", "bone", "nodule"}
    read = run(
        "read", tmp_path / "data" / "SYN-CT-00000" / "image", "--model", tmp_path / "m", "--json"
    )
    answer = json.loads(read.output)
    assert answer["models"] == [{"name": "organs", "sha256": card["sha256"]}]
    ours = [one for one in answer["findings"] if one["basis"]["id"] == "organs"]
    assert {one["status"] for one in ours} == {"withheld"}
    refused = run("recalibrate", tmp_path / "m", tmp_path / "task.yaml")
    assert refused.exit_code == 2
    assert "no probabilities" in refused.output


def test_a_detector_is_trained_and_told_and_stays_silent_without_proof(run, films, quick):
    (films / "task.yaml").write_text(ODD)
    done = run("train", films / "task.yaml", "--out", films / "m")
    assert done.exit_code == 1, done.output
    assert "WITHHELD" in done.output
    assert "planted, unseen" in done.output
    card = json.loads(run("card", films / "m", "--json").output)
    assert card["question"] == "unusual"
    assert card["classes"] == ["changed place"]
    refused = run("train", films / "task.yaml", "--out", films / "n", "--checkpoints", films / "c")
    assert refused.exit_code == 2


def test_weights_from_elsewhere_are_adopted_by_the_output_that_is_named(run, films, quick):
    torch.manual_seed(0)
    torch.save(Wrapped("resnet18", 3).net.state_dict(), films / "weights.pt")
    (films / "task.yaml").write_text(THEIRS)
    words = ("adopt", films / "weights.pt", films / "task.yaml", "--out", films / "m")
    unsaid = run(*words)
    assert unsaid.exit_code == 2
    assert "3 outputs" in unsaid.output
    assert run(*words, "--output", "square=7").exit_code == 2
    done = run(*words, "--output", "square=2", "--json")
    assert done.exit_code == 1, done.output  # weights of chance, and too few films for the gates
    card = json.loads(done.output)
    assert card["classes"] == ["square"]
    assert card["card"]["pictures"]["train"] == 210
    assert "Weights from elsewhere" in card["card"]["notes"][0]
    assert "not trained here" in card["card"]["tested_by"]
    assert card["may_speak"]["passed"] is False


def test_adopting_refuses_what_it_would_ignore(run, films):
    torch.save(Wrapped("resnet18", 1).net.state_dict(), films / "weights.pt")
    for old, new in (("size: 16", "size: 16, epochs: 3"), ("test_share: 0.25", "folds: 4")):
        (films / "task.yaml").write_text(THEIRS.replace(old, new))
        done = run("adopt", films / "weights.pt", films / "task.yaml", "--out", films / "m")
        assert done.exit_code == 2
        assert not (films / "m").exists()


def test_converting_must_be_asked_for_and_then_leaves_arrays_only(run, tmp_path):
    net = torch.nn.Sequential(torch.nn.Linear(3, 2))
    net.pathologies = ["Mass", "Edema"]
    torch.save(net, tmp_path / "full.pt")
    words = ("convert", tmp_path / "full.pt", "--out", tmp_path / "w.safetensors")
    asked = run(*words)
    assert asked.exit_code == 2
    assert not (tmp_path / "w.safetensors").exists()
    done = run(*words, "--opt-in", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)
    assert told["tensors"] == 2
    assert ["Mass", "Edema"] in told["texts"]
    assert (tmp_path / "w.safetensors").stat().st_size < 1000
