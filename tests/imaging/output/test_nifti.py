"""Masks as NIfTI: the same grid and place as the volume."""

import nibabel
import numpy as np
import pytest

from nof1.core.errors import InputError
from nof1.imaging.image import Image
from nof1.imaging.output.nifti import write_nifti

AFFINE = np.array([[0, 0.1, 0.7, -20], [0, 0.8, -0.1, 5], [3, 0, 0, 100], [0, 0, 0, 1.0]])
VOLUME = Image(pixels=np.zeros((4, 5, 6), np.float32), affine=AFFINE)


def loaded(content):
    import gzip

    return nibabel.Nifti1Image.from_bytes(gzip.decompress(content))


def test_a_mask_lies_where_its_volume_lies():
    mask = np.zeros(VOLUME.pixels.shape, bool)
    mask[1, 2, 3] = True
    content, names = write_nifti(VOLUME, {"bone": mask})
    made = loaded(content)
    assert names == ["bone"]
    (index,) = np.argwhere(np.asanyarray(made.dataobj) == 1)
    right_front_head = made.affine @ (*index, 1)
    assert right_front_head[:3] == pytest.approx((AFFINE @ (1, 2, 3, 1))[:3] * (-1, -1, 1))


def test_labels_are_numbered_and_the_later_one_stands():
    one, two = np.zeros((2, *VOLUME.pixels.shape), bool)
    one[0], two[0, 0] = True, True
    content, names = write_nifti(VOLUME, {"lungs": one, "left lung": two})
    labels = np.asanyarray(loaded(content).dataobj).T
    assert names == ["lungs", "left lung"]
    assert (labels[0, 0] == 2).all()
    assert (labels[0, 1:] == 1).all()
    assert content == write_nifti(VOLUME, {"lungs": one, "left lung": two})[0]


@pytest.mark.parametrize(
    ("image", "masks", "reason"),
    [
        (Image(pixels=np.zeros((4, 5), np.float32)), {}, "only for a volume"),
        (VOLUME, {}, "between 1 and 255"),
        (VOLUME, {"a": np.zeros((1, 1, 1), bool)}, "has the shape"),
        (VOLUME, {"a": np.zeros((4, 5, 6))}, "the type float64"),
    ],
)
def test_other_things_are_refused(image, masks, reason):
    with pytest.raises(InputError, match=reason):
        write_nifti(image, masks)
