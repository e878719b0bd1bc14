"""Body, lungs and bone on a CT volume by classical means: densities and shapes, no learning.

Every mask has the shape of ``image.pixels``. What cannot be told is said in ``notes``; a picture
that is not CT in Hounsfield units is refused, because every threshold here is a density.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import InputError
from nof1.imaging.image import Image
from nof1.imaging.volumes.body import body
from nof1.imaging.volumes.bone import COMPACT_HU, bone
from nof1.imaging.volumes.grid import Grid, grid_of
from nof1.imaging.volumes.lungs import Lungs, lungs
from nof1.imaging.volumes.regions import Mask

FAT_HU = -20.0  # every living body has voxels of fat, gas or skin below this
LEAST_SHARE = 0.001
METAL_HU = 2500.0
METAL_VOXELS = 30
LEAST_GAS_ML = 5.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Masks:
    """Yes/no volumes of the shape of the picture.

    ``left_lung`` and ``right_lung`` are the patient's own sides; both None where the lungs cannot
    be told apart or the file does not say which way is left. A mask without voxels means that none
    was found here, not that the patient has none.
    """

    body: Mask
    lungs: Mask
    bone: Mask
    left_lung: Mask | None = None
    right_lung: Mask | None = None
    notes: tuple[str, ...] = ()

    def named(self) -> dict[str, Mask]:
        """The masks that were found, by name."""
        named = {
            "body": self.body,
            "lungs": self.lungs,
            "left lung": self.left_lung,
            "right lung": self.right_lung,
            "bone": self.bone,
        }
        return {name: mask for name, mask in named.items() if mask is not None and mask.any()}


def find_masks(image: Image) -> Masks:
    """Body, lungs and bone of a CT volume.

    Raises
    ------
    InputError : when the picture is not CT, not in Hounsfield units, not a volume, or empty of a
        body; the message says which.
    """
    check_hounsfield(image)
    grid = grid_of(image)
    hu = np.ascontiguousarray(grid.axial(image.pixels))
    found = body(hu, grid.spacing_mm)
    if not found.any():
        raise InputError(
            "No body was found in this volume.",
            where="pixels",
            allowed="a CT volume with a part of a body thicker than 12 mm",
        )
    both = lungs(hu, found, grid.spacing_mm)
    bones = bone(hu, found, grid.spacing_mm)
    left, right = _named_sides(both, grid)
    return Masks(
        body=grid.restored(found),
        lungs=grid.restored(both.both),
        bone=grid.restored(bones),
        left_lung=None if left is None else grid.restored(left),
        right_lung=None if right is None else grid.restored(right),
        notes=_notes(hu, both, bones, grid),
    )


def check_hounsfield(image: Image) -> None:
    """Refuse a picture that is not CT, or whose numbers cannot be Hounsfield units.

    Raises
    ------
    InputError : with what was found and what to do.
    """
    modality = image.header.modality
    if modality not in (None, "CT"):
        raise _refusal(f"This is a picture of modality {modality}; it is not CT.")
    if image.unit != "HU":
        raise _refusal("The numbers of this volume are not in Hounsfield units.")
    values = image.pixels
    low = float(np.mean(values < FAT_HU)) if values.size else 0.0
    if low < LEAST_SHARE or not np.isfinite(values).all():
        raise _refusal(
            "The numbers of this volume cannot be Hounsfield units: hardly one is as low as fat "
            "or air, or some are not numbers."
        )


def _refusal(message: str) -> InputError:
    return InputError(
        message,
        where="pixels",
        allowed="CT in Hounsfield units (air -1000, water 0)",
        next_step="Read the original CT series, whose files hold the rescale to Hounsfield units.",
    )


def _named_sides(found: Lungs, grid: Grid) -> tuple[Mask | None, Mask | None]:
    """(left, right) of the patient."""
    if found.sides is None or not grid.left_step:
        return None, None
    low, high = found.sides
    return (high, low) if grid.left_step > 0 else (low, high)


def _notes(hu: NDArray[np.float32], found: Lungs, bones: Mask, grid: Grid) -> tuple[str, ...]:
    notes = []
    if not found.both.any():
        notes.append("No lung was found in this volume.")
    elif found.sides is None:
        notes.append("The two lungs could not be told apart.")
    elif not grid.left_step:
        notes.append("The file does not say which side is left: the lungs are not named.")
    elif found.joined:
        notes.append("The lungs touch each other; the line between them is an estimate.")
    if found.gas_ml >= LEAST_GAS_ML:
        notes.append(
            f"{found.gas_ml:.0f} mL of air in the body were taken for airways or gas, not for lung."
        )
    if grid.oblique:
        notes.append("The volume is cut obliquely: the masks are less exact.")
    if int((hu > METAL_HU).sum()) > METAL_VOXELS:
        notes.append("Metal or another very dense thing: masks near it are doubtful.")
    if bones.any():
        notes.append(f"Contrast medium and metal above {COMPACT_HU:g} HU count as bone.")
    return tuple(notes)
