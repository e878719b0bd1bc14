"""Task files of imaging models: every error names its line."""

import re

import pytest

from nof1.core.errors import InputError
from nof1.imaging.training.task import Column, ImagingTask, plain

GOOD = """
name: chest
pictures: {npz: films.npz, array: images}
table: {csv: rows.csv, key: file, name: name}
findings:
  - {name: mass, column: labels, present: [Mass, Nodule], absent: [None found], separator: "|"}
patient: patient
split: {test_share: 0.25, seed: 3}
subgroups: [{name: age, column: age, limits: [18, 65]}]
network: {kind: residual, widths: [8, 16], stem: 2}
training: {size: 64, seeds: 3, epochs: 5, augmentation: {flip: true, shift: 0.1}}
"""


def load(tmp_path, text):
    (tmp_path / "task.yaml").write_text(text)
    return ImagingTask.load(tmp_path / "task.yaml")


def test_every_key_arrives(tmp_path):
    task = load(tmp_path, GOOD)
    assert task.pictures.path == tmp_path / "films.npz"
    assert task.classes == ("mass",)
    assert task.findings[0].present == ("Mass", "Nodule")
    assert (task.size, task.seeds, task.training["epochs"]) == (64, (1, 2, 3), 5)
    assert task.augmentation == {"flip": True, "shift": 0.1}
    assert task.network["widths"] == (8, 16)
    assert set(task.columns()) == {Column("labels"), Column("age"), Column("patient")}
    assert plain(task)["pictures"]["path"] == "films.npz"


def test_whole_numbers_are_texts_of_labels(tmp_path):
    text = re.sub(r"present: .*\}", "present: [1], absent: [0]}", GOOD)
    assert load(tmp_path, text).findings[0].present == ("1",)


@pytest.mark.parametrize(
    ("old", "new", "line", "word"),
    [
        ("patient: patient", "pateint: patient", 7, "pateint"),
        ("array: images", "arrya: images", 3, "arrya"),
        ("test_share: 0.25", "test_share: 0.9", 8, "0.9"),
        ("kind: residual", "kind: vgg", 10, "vgg"),
        ("epochs: 5", "epochs: many", 11, "number"),
        ("limits: [18, 65]", "limits: [65, 18]", 9, "rise"),
        ("absent: [None found]", "absent: [Mass]", 6, "both"),
        ("seed: 3", "folds: 3, sed: 1", 8, "sed"),
        ("name: chest", "name: ../chest", 2, "name"),
        ("shift: 0.1", "shift: 7", 11, "range"),
    ],
)
def test_mistakes_name_their_line(tmp_path, old, new, line, word):
    assert old in GOOD
    with pytest.raises(InputError) as caught:
        load(tmp_path, GOOD.replace(old, new))
    assert f"line {line}," in caught.value.where
    assert word in str(caught.value)


def test_findings_or_kinds_but_not_both(tmp_path):
    with pytest.raises(InputError, match="findings"):
        load(tmp_path, GOOD + "kinds: {column: view, values: [PA, AP]}\n")
    text = re.sub(r"findings:\n.*\n", "kinds: {column: view, values: [PA, AP]}\n", GOOD)
    assert load(tmp_path, text).classes == ("PA", "AP")


def test_a_split_by_arrays_needs_two_arrays(tmp_path):
    with pytest.raises(InputError, match="no train and test"):
        load(tmp_path, GOOD.replace("{test_share: 0.25, seed: 3}", "{arrays: true}"))
