"""A trained segmenter: files without pickle or patients, refusals, withheld labels."""

from dataclasses import replace

import numpy as np
import pytest

from imaging.volumes.marked_samples import SHAPE, marked
from nof1.core.artefacts import PICKLE_STARTS
from nof1.core.errors import InputError, ModelError
from nof1.imaging.volumes.dice import dice
from nof1.imaging.volumes.segment import train
from nof1.imaging.volumes.segmenter import Segmenter
from nof1.learn.arrays import unpack
from nof1.learn.figures import Figure

NAMES = ("ball", "rod")
CANARY = "canary-patient-"
NEW = marked(99)


@pytest.fixture(scope="module")
def model():
    volumes = [replace(marked(number), patient=f"{CANARY}{number}") for number in range(9)]
    return train(volumes, NAMES, steps=120)


def test_a_new_volume_is_segmented_through_the_files(model):
    files = model.to_files()
    again = Segmenter.from_files(files)
    one, other = model.segment(NEW.image), again.segment(NEW.image)
    for number, name in enumerate(NAMES, 1):
        assert (one.masks[name] == other.masks[name]).all()
        assert dice(one.masks[name], NEW.labels == number) > 0.85
        assert one.probabilities[name].shape == SHAPE
    assert one.withheld == {}


def test_the_files_hold_no_pickle_no_patient_and_no_path(model):
    files = model.to_files()
    assert set(files) == {"model.json", "net.onnx", "net.safetensors"}
    for content in files.values():
        assert CANARY.encode() not in content
        assert b"site-packages" not in content
        assert not content.startswith(PICKLE_STARTS)
    assert all(array.dtype == np.float32 for array in unpack(files["net.safetensors"]).values())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"unit": "raw"}, "in 'raw'"),
        ({"spacing_mm": (3.0, 1.0, 1.0)}, "unlike those"),
        ({"spacing_mm": (8.0, 2.0, 2.0)}, "unlike those"),
        ({"spacing_mm": None}, "known voxel size"),
        ({"pixels": np.zeros((48, 48), np.float32)}, "known voxel size"),
    ],
)
def test_a_volume_unlike_those_of_the_training_is_refused(model, change, reason):
    with pytest.raises(InputError, match=reason):
        model.segment(replace(NEW.image, **change))


def test_a_weak_label_is_withheld_with_its_figure(model):
    weak = {**model.figures, "rod": Figure(0.5, 0.4, 0.6), "ball": Figure.missing("too few")}
    found = replace(model, figures=weak).segment(NEW.image)
    assert found.masks == {}
    assert "0.50" in found.withheld["rod"]
    assert "too few" in found.withheld["ball"]


@pytest.mark.parametrize("name", ["model.json", "net.onnx", "net.safetensors"])
@pytest.mark.parametrize("damage", ["gone", "changed"])
def test_damaged_files_are_refused(model, name, damage):
    files = model.to_files()
    if damage == "gone":
        del files[name]
    else:
        files[name] = files[name][:-9] + b"x" * 9
    with pytest.raises(ModelError, match="not a segmentation model"):
        Segmenter.from_files(files)
