"""A model is stored with its gates, and speaks only when it has shown what it claims."""

import numpy as np
import pytest

from nof1.imaging.answering.building import _failures, _shortcut, build
from nof1.imaging.answering.reader import Reader
from nof1.imaging.gates.verdict import GateReport
from nof1.imaging.training.task import ImagingTask
from nof1.synthetic.films import film_set

TASK = """\
name: tiny
pictures: {npz: films.npz, array: images}
findings: [{name: opacity, column: opacity, present: ["1"], absent: ["0"]}]
patient: patient
split: {test_share: 0.25}
population: {age: age, sex: sex, modality: DX, body_part: CHEST}
training: {size: 32, seeds: 2, epochs: 1, inner: 0.5}
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("task")
    films = film_set(300, size=48, seed=3)
    truth = {name: films.truth[name].to_numpy().astype(str) for name in films.truth.columns}
    np.savez(
        folder / "films.npz",
        images=films.images,
        opacity=truth["opacity"],
        patient=truth["patient"],
        sex=truth["sex"],
        age=truth["age_years"],
    )
    (folder / "task.yaml").write_text(TASK, encoding="utf-8")
    return build(ImagingTask.load(folder / "task.yaml"), folder / "model")


def test_one_pass_is_not_enough_and_the_model_is_stored_as_withheld(built):
    assert not built.passed
    assert built.folder.about["may_speak"] == {"passed": False, "reasons": list(built.reasons)}


def test_the_folder_holds_every_gate_and_who_was_in_training(built):
    gates = built.folder.about["gates"]
    assert gates["domains"] == ["network", "statistics"]
    assert gates["orientation"]
    assert gates["population"]["modalities"] == ["DX"]
    assert gates["population"]["sexes"] == ["F", "M"]
    Reader.open(built.folder.path)


def test_the_card_holds_the_frame_beside_the_model_and_the_leakage(built):
    card = built.folder.about["card"]
    assert set(card["shortcuts"]["opacity"]) == {"full", "frame_only", "difference"}
    assert card["leakage"]["judgement"] == "passed"
    assert card["pictures"]["test"] + card["pictures"]["train"] == 300


def test_no_patient_of_the_training_is_in_the_folder(built):
    everything = b"".join(
        path.read_bytes() for path in built.folder.path.rglob("*") if path.is_file()
    )
    assert b"SYN-3-" not in everything


def figure(value, low, high):
    return {"value": value, "low": low, "high": high}


@pytest.mark.parametrize(
    ("frame", "gain", "words"),
    [
        (figure(0.5, 0.4, 0.6), figure(0.2, 0.1, 0.3), None),
        (figure(0.84, 0.8, 0.87), figure(0.014, -0.013, 0.042), "not better"),
        (figure(0.8, 0.77, 0.83), figure(0.08, 0.03, 0.12), "only 0.08 better"),
        (figure(0.7, 0.66, 0.74), figure(0.2, 0.15, 0.25), None),
        (figure(0.5, None, None), figure(0.2, None, None), "too few"),
    ],
)
def test_a_model_that_knows_little_more_than_the_frame_is_withheld(frame, gain, words):
    said = _shortcut({"full": {}, "frame_only": frame, "difference": gain})
    assert (said == []) if words is None else (words in said[0])


def test_a_leak_and_no_figures_are_reasons(built):
    leak = GateReport(gate="leakage", judgement="failed", because="2 copies cross the split")
    assert len(_failures(leak, {}, ())) == 2
