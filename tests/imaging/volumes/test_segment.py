"""The small UNet on synthetic volumes: learns, is measured on held-out patients, refuses."""

from dataclasses import replace

import numpy as np
import pytest

from imaging.volumes.marked_samples import marked
from nof1.core.errors import InputError
from nof1.imaging.volumes.segment import train

NAMES = ("ball", "rod")
VOLUMES = [marked(number) for number in range(12)]


@pytest.fixture(scope="module")
def model():
    return train(VOLUMES, NAMES, steps=140)


def test_held_out_patients_reach_a_dice_above_0_9(model):
    for name in NAMES:
        figure = model.figures[name]
        assert figure.value > 0.9
        assert figure.low <= figure.value <= figure.high
    assert model.counts == {
        "volumes": 8,
        "patients": 8,
        "held_out_volumes": 4,
        "held_out_patients": 4,
    }


def test_a_patient_with_two_volumes_stands_on_one_side():
    again = [replace(one, labels=one.labels) for one in VOLUMES]
    found = train([*VOLUMES, *again], NAMES, steps=1).counts
    assert found["volumes"] == 2 * found["patients"]
    assert found["held_out_volumes"] == 2 * found["held_out_patients"]


def test_the_same_seed_gives_the_same_model():
    first, again, other = (train(VOLUMES, NAMES, steps=2, seed=seed) for seed in (1, 1, 2))
    assert first.onnx == again.onnx
    assert first.onnx != other.onnx


def test_the_steps_are_told():
    told = []
    train(VOLUMES, NAMES, steps=3, progress=lambda step, steps: told.append((step, steps)))
    assert told == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("volumes", "names", "reason"),
    [
        (VOLUMES[:8], NAMES, "There are 8 patients"),
        ([replace(one, patient="same") for one in VOLUMES], NAMES, "There are 1 patients"),
        ([*VOLUMES[:4], *(marked(n, rod=False) for n in range(20, 30))], NAMES, "label 'rod'"),
        (VOLUMES, ("ball",), "label without a name"),
        (VOLUMES, ("ball", "ball"), "not different"),
        (VOLUMES, (), "not different"),
        ([*VOLUMES, marked(30, unit="raw")], NAMES, "others in 'HU'"),
        ([*VOLUMES, replace(marked(30), labels=np.zeros((2, 2, 2), int))], NAMES, "volume 13"),
        ([*VOLUMES, replace(marked(30), labels=marked(30).labels * 1.0)], NAMES, "whole numbers"),
    ],
)
def test_too_little_or_mixed_material_is_refused(volumes, names, reason):
    with pytest.raises(InputError, match=reason):
        train(volumes, names, steps=1)
