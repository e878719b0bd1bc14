"""Masks as NIfTI, over the volume they were made on: the way out where there is no DICOM study."""

from __future__ import annotations

import gzip
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import InputError
from nof1.core.extras import require
from nof1.imaging.image import Image

# NIfTI's axes are R, A, S where DICOM's are L, P, S; its indices run (column, row, slice).
TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
REVERSED = np.eye(4)[[2, 1, 0, 3]]


def write_nifti(image: Image, masks: Mapping[str, NDArray[np.bool_]]) -> tuple[bytes, list[str]]:
    """The ``.nii.gz`` file of a label volume, and the name of each label (1, 2, ...).

    Masks may overlap: where they do, the later one stands. The grid and the place are those of
    ``image``; the same masks give the same bytes.

    Raises
    ------
    InputError : for a picture that is no volume with an affine, for masks of another shape, for
        none or more than 255.
    """
    if image.pixels.ndim != 3 or image.affine is None:
        raise InputError(
            "Masks go out as NIfTI only for a volume that says where it lies.",
            allowed="a volume with an affine",
            next_step="Read the DICOM series or the NIfTI file.",
        )
    if not 0 < len(masks) < 256:
        raise InputError("The number of masks is not between 1 and 255.", where="masks")
    labels = np.zeros(image.pixels.shape, dtype=np.uint8)
    for number, (name, mask) in enumerate(masks.items(), 1):
        if mask.shape != labels.shape or mask.dtype != np.bool_:
            raise InputError(
                f"A mask has the shape {mask.shape} and the type {mask.dtype}.",
                where=name,
                allowed=f"yes/no of the shape {labels.shape}",
            )
        labels[mask] = number
    nibabel = require("nibabel", "imaging")
    made = nibabel.Nifti1Image(labels.T, TO_RAS @ image.affine @ REVERSED)
    made.header.set_xyzt_units("mm")
    return gzip.compress(made.to_bytes(), mtime=0), list(masks)
