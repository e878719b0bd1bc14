"""From a task file to a model folder with its card."""

import json
import re

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra imaging (torch, onnxruntime)")

from imaging.training.films import squares
from nof1.core.errors import InputError
from nof1.imaging.nets.ensemble import Ensemble
from nof1.imaging.nets.residual import Plan
from nof1.imaging.training.course import Course
from nof1.imaging.training.crossvalidating import crossvalidated
from nof1.imaging.training.loading import load
from nof1.imaging.training.progress import bar
from nof1.imaging.training.running import run
from nof1.imaging.training.splits import folds
from nof1.imaging.training.task import ImagingTask

TASK = """
name: squares
pictures: {npz: films.npz, array: images}
table: {csv: rows.csv, key: file, name: name}
findings: [{name: square, column: told, present: [yes], absent: [no]}]
patient: person
split: {test_share: 0.25}
subgroups: [{name: sex, column: sex}, {name: age, column: age, limits: [40]}]
network: {widths: [4, 8]}
training: {size: 16, seeds: 2, epochs: 3, batch: 16, rate: 0.01, precision: float32}
"""


@pytest.fixture
def task(tmp_path):
    images, y = squares(240)
    names = np.array([f"film{number}.png" for number in range(240)])
    np.savez(tmp_path / "films.npz", images=images, name=names)
    lines = ["file,told,person,sex,age"]
    for number in range(239):  # the last picture has no row
        told = "yes" if y[number] else "no"
        age = "?" if number == 3 else 20 + number % 60
        lines.append(f"film{number}.png,{told},p{number // 2},{'FM'[number % 2]},{age}")
    (tmp_path / "rows.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_it_trains_tests_and_saves(task):
    text = TASK.replace("patient: person\n", "")
    (task / "task.yaml").write_text(text)
    found = run(ImagingTask.load(task / "task.yaml"), task / "model")
    card = found.folder.about["card"]
    assert card["pictures"] == {"train": 179, "test": 60, "inner": 26}
    assert card["set_aside"] == {
        "pictures without a row in the table": 1,
        "pictures with 'square' not known": 1,
    }
    assert "no patient column" in card["notes"][0]
    assert card["findings"][0]["auroc"]["value"] > 0.7
    assert {row["attribute"] for row in card["findings"][0]["subgroups"]} == {"sex", "age"}
    ensemble = Ensemble.open(task / "model")
    inputs = found.data.images[found.rows][:, None] / np.float32(255)
    assert np.abs(ensemble.logits(inputs) - found.tested.logits).max() <= 1e-4


def test_nothing_of_a_patient_is_in_the_folder(task):
    lines = (task / "rows.csv").read_text().splitlines()
    (task / "rows.csv").write_text("\n".join([*lines, "film239.png,no,p119,F,77"]) + "\n")
    (task / "task.yaml").write_text(TASK)
    found = run(ImagingTask.load(task / "task.yaml"), task / "model")
    text = (task / "model" / "model.json").read_text()
    assert "film1" not in text
    assert '"p1' not in text
    assert str(task) not in text
    assert found.folder.about["card"]["patients"]["test"] == 30
    train = set(np.delete(np.arange(240), found.rows) // 2)
    assert not train & set(found.rows // 2)


def test_a_picture_without_a_patient_is_refused(task):
    (task / "task.yaml").write_text(TASK)
    with pytest.raises(InputError, match="1 pictures have no patient"):
        load(ImagingTask.load(task / "task.yaml"))


def test_a_patient_on_both_sides_is_refused(task):
    text = TASK.replace("{test_share: 0.25}", "{column: sex, train: [F], test: [M, '']}")
    lines = (task / "rows.csv").read_text().splitlines()
    (task / "rows.csv").write_text("\n".join([*lines, "film239.png,no,p119,M,77"]) + "\n")
    (task / "task.yaml").write_text(text.replace(", ''", ""))
    with pytest.raises(InputError, match="120 patients") as caught:
        load(ImagingTask.load(task / "task.yaml"))
    assert "p1" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("array: images", "array: films", "films"),
        ("column: told", "column: tolt", "tolt"),
        ("films.npz", "none.npz", "cannot be read"),
        ("rows.csv", "none.csv", "cannot be read"),
        ("key: file", "key: fil", "fil"),
    ],
)
def test_missing_parts_are_named(task, old, new, what):
    (task / "task.yaml").write_text(TASK.replace(old, new))
    with pytest.raises(InputError, match=what):
        load(ImagingTask.load(task / "task.yaml"))


def test_an_npz_with_objects_is_refused(task):
    np.savez(task / "films.npz", images=np.array([{}], dtype=object))
    (task / "task.yaml").write_text(TASK)
    with pytest.raises(InputError, match="cannot be read"):
        load(ImagingTask.load(task / "task.yaml"))


def test_a_table_of_files_is_read_and_what_fails_is_counted(tmp_path):
    pil = pytest.importorskip("PIL.Image", reason="needs the extra imaging (pillow)")
    images, y = squares(24)
    lines = ["file,told"]
    for number, image in enumerate(images):
        pil.fromarray(image).save(tmp_path / f"f{number}.png")
        lines.append(f"f{number}.png,{'yes' if y[number] else 'no'}")
    (tmp_path / "broken.png").write_bytes(b"nonsense")
    lines += ["broken.png,yes", "absent.png,no"]
    (tmp_path / "films.csv").write_text("\n".join(lines))
    text = re.sub(r"pictures:.*\ntable:.*", "pictures: {csv: films.csv, file: file}", TASK)
    text = re.sub(r"patient:.*\n|subgroups:.*\n", "", text)
    (tmp_path / "task.yaml").write_text(text)
    found = load(ImagingTask.load(tmp_path / "task.yaml"))
    assert found.images.shape == (24, 16, 16)
    assert (found.labels[:, 0] == y).all()
    assert sum(found.aside.values()) == 2
    assert not any("broken" in reason for reason in found.aside)


def test_every_picture_is_answered_by_members_that_never_saw_its_patient():
    images, y = squares(90)
    patients = np.arange(90) // 3
    seen = []

    def only_top(stack):
        seen.append(len(stack))
        changed = stack.copy()
        changed[:, 8:] = 0
        return changed

    how = {"seeds": (1,), "plan": Plan(widths=(4,)), "course": Course(epochs=1, batch=16)}
    part = folds(y, patients, 3)
    found = crossvalidated(images, y, fold=part, groups=patients, transform=only_top, **how)
    assert seen == [90]
    assert (found.values[:, 0] == y).all()
    assert found.risk.shape == (90, 1)
    with pytest.raises(InputError, match="two folds"):
        crossvalidated(images, y, fold=np.arange(90) % 3, groups=patients, **how)


def test_a_log_file_gets_no_bar(tmp_path):
    with (tmp_path / "log").open("w") as stream:
        assert bar(5, stream) is None


def test_the_card_is_plain_json(task):
    (task / "task.yaml").write_text(TASK.replace("patient: person\n", ""))
    found = run(ImagingTask.load(task / "task.yaml"), task / "model", half=True)
    assert json.loads((task / "model" / "model.json").read_text())["half"] is True
    assert found.folder.about["members"][0]["passes"] == 3
