"""Masks of body, lungs and bone: known geometry, and a public CT with its reference labels."""

from dataclasses import replace

import numpy as np
import pytest

from imaging.volumes import phantoms
from nof1.core.errors import InputError
from nof1.imaging.image import Header
from nof1.imaging.volumes.masks import check_hounsfield, find_masks
from shared_data import needs


def dice(one, other):
    return 2 * (one & other).sum() / (one.sum() + other.sum())


@pytest.fixture(scope="module")
def chest():
    pixels, parts = phantoms.chest(np.random.default_rng(1))
    return phantoms.image(pixels, phantoms.CHEST_MM), parts


@pytest.fixture(scope="module")
def masks(chest):
    return find_masks(chest[0])


def test_a_noisy_chest_is_taken_apart(chest, masks):
    _, parts = chest
    assert dice(masks.body, parts["body"]) > 0.99
    assert dice(masks.lungs, parts["low"] | parts["high"]) > 0.99
    assert dice(masks.bone, parts["spine"] & ~parts["canal"]) > 0.98


def test_the_table_is_no_body(chest, masks):
    assert not masks.body[:, 115:118].any()


def test_windpipe_and_gas_are_not_lung_and_this_is_said(chest, masks):
    _, parts = chest
    assert not (masks.lungs & (parts["airway"] | parts["gas"])).any()
    voxel_ml = np.prod(phantoms.CHEST_MM) / 1000
    air_ml = (parts["airway"] | parts["gas"]).sum() * voxel_ml
    said = next(note for note in masks.notes if "airways or gas" in note)
    assert float(said.split()[0]) == pytest.approx(air_ml, rel=0.1)


def test_the_canal_of_the_spine_stays_open(chest, masks):
    _, parts = chest
    assert (masks.bone & parts["canal"]).sum() < 0.1 * parts["canal"].sum()


@pytest.mark.parametrize("flip", [False, True])
def test_left_is_the_patients_left(chest, flip):
    pixels, parts = phantoms.chest()
    masks = find_masks(phantoms.image(pixels, phantoms.CHEST_MM, flip_columns=flip))
    left, right = ("low", "high") if flip else ("high", "low")
    assert dice(masks.left_lung, parts[left]) > 0.99
    assert dice(masks.right_lung, parts[right]) > 0.99


def test_without_an_affine_no_side_is_named(chest):
    masks = find_masks(replace(chest[0], affine=None))
    assert (masks.left_lung, masks.right_lung) == (None, None)
    assert any("which side is left" in note for note in masks.notes)
    assert masks.lungs.any()


def test_lungs_that_touch_are_cut_apart_and_this_is_said():
    pixels, parts = phantoms.chest(airway=False, gas=False)
    pixels[18:22, 55:57, 60:100] = phantoms.LUNG
    masks = find_masks(phantoms.image(pixels, phantoms.CHEST_MM))
    assert dice(masks.left_lung, parts["high"]) > 0.97
    assert any("estimate" in note for note in masks.notes)


def test_axes_may_come_in_any_order(chest, masks):
    image = chest[0]
    order = (2, 0, 1)
    turned = replace(
        image,
        pixels=np.ascontiguousarray(np.transpose(image.pixels, order)),
        spacing_mm=tuple(image.spacing_mm[axis] for axis in order),
        affine=image.affine[:, [*order, 3]],
    )
    found = find_masks(turned)
    assert (found.body == np.transpose(masks.body, order)).all()
    assert (found.left_lung == np.transpose(masks.left_lung, order)).all()


def test_an_empty_mask_is_said_not_hidden():
    pixels = np.full((10, 60, 60), phantoms.AIR)
    pixels[phantoms.cylinder(pixels.shape, (3, 2, 2), (0, 0), 40)] = phantoms.WATER
    masks = find_masks(phantoms.image(pixels, (3, 2, 2)))
    assert list(masks.named()) == ["body"]
    assert "No lung was found in this volume." in masks.notes


def test_smooth_contrast_is_not_bone():
    rng = np.random.default_rng(2)
    pixels, _ = phantoms.chest(rng, airway=False, gas=False)
    aorta = phantoms.cylinder(pixels.shape, phantoms.CHEST_MM, (30, 0), 14)
    pixels[aorta] = 220 + rng.normal(0, 15, aorta.sum())
    masks = find_masks(phantoms.image(pixels, phantoms.CHEST_MM))
    assert (masks.bone & aorta).sum() < 0.05 * aorta.sum()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"unit": "raw"}, "not in Hounsfield units"),
        ({"header": Header(modality="MR")}, "modality MR"),
        ({"pixels": np.ones((4, 5, 6), np.float32)}, "cannot be Hounsfield"),
        ({"pixels": np.full((4, 5, 6), np.nan, np.float32)}, "cannot be Hounsfield"),
        ({"pixels": np.full((20, 40, 40), -1000, np.float32)}, "No body"),
        ({"pixels": np.full((40, 40), -500, np.float32)}, "not a volume"),
        ({"affine": np.zeros((4, 4))}, "not a grid"),
    ],
)
def test_what_is_not_ct_in_hounsfield_units_is_refused(chest, change, reason):
    with pytest.raises(InputError, match=reason):
        find_masks(replace(chest[0], **change))


def test_a_nifti_without_modality_may_be_ct(chest):
    check_hounsfield(replace(chest[0], header=Header()))


def test_lungs_and_bone_agree_with_a_published_segmentation():
    """Labels of TotalSegmentator 2 (its tests' example_seg.nii.gz): 10-14 lobes, 25-50 and 69-78
    and 91-116 bones. Measured here: lungs 0.965, bone 0.825, at 3 mm."""
    nibabel = pytest.importorskip("nibabel")
    folder = needs("imaging/volumes")
    scan = nibabel.load(folder / "example_ct_sm.nii.gz")
    labels = np.asanyarray(nibabel.load(folder / "example_seg.nii.gz").dataobj).T
    to_lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ scan.affine
    image = phantoms.image(np.asanyarray(scan.dataobj).T, (3, 3, 3), affine=to_lps[:, [2, 1, 0, 3]])
    masks = find_masks(image)
    assert dice(masks.lungs, (labels >= 10) & (labels <= 14)) > 0.95
    assert dice(masks.left_lung, np.isin(labels, (10, 11))) > 0.94
    assert dice(masks.right_lung, np.isin(labels, (12, 13, 14))) > 0.95
    bones = [*range(25, 51), *range(69, 79), *range(91, 117)]
    assert dice(masks.bone, np.isin(labels, bones)) > 0.8
    assert (masks.body | (labels == 0)).all()
