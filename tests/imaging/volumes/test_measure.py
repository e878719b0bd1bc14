"""Measures of masks: geometry whose millilitres are known, and what is said about the grid."""

from dataclasses import replace

import numpy as np
import pytest
from pydicom import Dataset

from imaging.volumes import phantoms
from nof1.core.errors import InputError
from nof1.imaging.volumes.masks import find_masks
from nof1.imaging.volumes.measure import measure, measure_all, slice_gaps

SHAPE = (40, 60, 60)


def ball_image(radius, spacing):
    mask = phantoms.ball(SHAPE, spacing, (0, 0, 0), radius)
    pixels = np.where(mask, 50.0, -200.0)
    return phantoms.image(pixels, spacing), mask


@pytest.mark.parametrize("spacing", [(1, 1, 1), (1.5, 0.7, 0.7), (2, 1, 1.3)])
def test_a_ball_of_ten_voxels_is_right_within_two_percent(spacing):
    radius = 10 * max(spacing)
    image, mask = ball_image(radius, spacing)
    found = measure(image, mask, "ball")
    assert found.volume_ml == pytest.approx(4 / 3 * np.pi * radius**3 / 1000, rel=0.02)
    assert (found.at_least, found.borders) == (False, ())
    assert (found.mean, found.sd, found.percentiles[50]) == (50, 0, 50)


def test_a_box_is_exact():
    mask = np.zeros(SHAPE, bool)
    mask[3:7, 10:20, 30:35] = True
    found = measure(phantoms.image(np.zeros(SHAPE), (2, 1, 1)), mask, "box")
    assert found.volume_ml == pytest.approx(4 * 10 * 5 * 2 / 1000)
    assert found.box == ((3, 6), (10, 19), (30, 34))


def test_a_chest_through_all_steps_is_right_within_two_percent():
    pixels, _ = phantoms.chest(np.random.default_rng(4))
    image = phantoms.image(pixels, phantoms.CHEST_MM)
    found = {one.name: one for one in measure_all(image, find_masks(image).named())}
    assert found["left lung"].volume_ml == pytest.approx(phantoms.LUNG_ML, rel=0.02)
    assert found["right lung"].volume_ml == pytest.approx(phantoms.LUNG_ML, rel=0.02)
    assert found["left lung"].mean == pytest.approx(phantoms.LUNG, abs=2)
    body_ml = np.pi * 95 * 140 * 40 * 3 / 1000
    assert found["body"].volume_ml == pytest.approx(body_ml, rel=0.02)
    assert found["body"].at_least
    assert found["body"].borders == ("first slice", "last slice")
    spine_ml = (np.pi * 18 * 22 - np.pi * 8 * 8) * 40 * 3 / 1000
    assert found["bone"].volume_ml == pytest.approx(spine_ml, rel=0.02)


def test_a_cut_off_organ_is_at_least_this():
    image, _ = ball_image(12, (1, 1, 1))
    mask = phantoms.ball(SHAPE, (1, 1, 1), (-18, 0, 0), 12)
    found = measure(image, mask, "organ")
    assert found.at_least
    assert found.borders == ("first slice",)
    assert "at least" in str(found)
    assert "first slice" in found.notes[0]


def test_the_edge_is_what_half_a_voxel_changes():
    image, mask = ball_image(15, (1, 1, 1))
    shell = 4 / 3 * np.pi * (15.5**3 - 14.5**3) / 2 / 1000
    assert measure(image, mask, "ball").edge_ml == pytest.approx(shell, rel=0.1)


def test_a_tilted_gantry_keeps_the_volume_and_is_said():
    spacing = (2.0, 1.0, 1.0)
    image, mask = ball_image(12, spacing)
    tilted = image.affine.copy()
    tilted[1, 0] = 2 * np.tan(np.radians(15))
    found = measure(replace(image, affine=tilted), mask, "ball")
    assert found.volume_ml == pytest.approx(measure(image, mask, "ball").volume_ml)
    assert any("Tilted by 15.0 degrees" in note for note in found.notes)


def test_thick_slices_and_other_units_are_said():
    image, mask = ball_image(60, (8, 2, 2))
    notes = measure(replace(image, unit="raw"), mask, "ball").notes
    assert any("Thick slices (8.0 mm)" in note for note in notes)
    assert any("not Hounsfield" in note for note in notes)


def test_missing_slices_are_said():
    image, mask = ball_image(12, (1, 1, 1))
    heights = [z for z in range(41) if z != 20]
    datasets = []
    for z in heights:
        one = Dataset()
        one.ImagePositionPatient = [0, 0, z]
        datasets.append(one)
    found = measure(replace(image, datasets=tuple(datasets)), mask, "ball")
    assert any("1 gaps" in note for note in found.notes)
    assert slice_gaps([(0, 0, z) for z in range(40)]) == 0


def test_an_empty_mask_has_no_mean():
    image, mask = ball_image(12, (1, 1, 1))
    found = measure(image, np.zeros_like(mask), "nothing")
    assert (found.volume_ml, found.mean, found.box) == (0, None, None)
    assert found.to_dict()["percentiles"] == {}
    assert "Nothing of this was found here." in found.notes


@pytest.mark.parametrize("wrong", [np.zeros((2, 3, 4), bool), np.zeros(SHAPE, np.uint8)])
def test_a_mask_of_another_shape_or_type_is_refused(wrong):
    image, _ = ball_image(12, (1, 1, 1))
    with pytest.raises(InputError, match="mask has the shape"):
        measure(image, wrong, "ball")


def test_without_voxel_sizes_there_is_no_volume():
    image, mask = ball_image(12, (1, 1, 1))
    with pytest.raises(InputError, match="how large a voxel is"):
        measure(replace(image, affine=None, spacing_mm=None), mask, "ball")
