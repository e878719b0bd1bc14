"""The grid of a volume: which axis is which in the patient, and how much room one voxel takes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import InputError
from nof1.imaging.image import Image

UPRIGHT = (2, 1, 0)  # (slice, row, column) of an axial volume lie along S, P, L
OBLIQUE_SHARE = 0.9  # an axis this far along its patient axis (cosine) is no oblique cut


@dataclass(frozen=True, kw_only=True)
class Grid:
    """How the voxels of one volume lie in the patient.

    Attributes
    ----------
    order : the axes of ``pixels`` that lie nearest to S (head), P (back) and L (left).
    spacing_mm : distance of neighbours along those three, in that order.
    voxel_ml : volume of one voxel.
    left_step : mm that one step along the last axis of ``order`` goes to the patient's left;
        below zero when it goes right; None where the file does not say.
    shear_degrees : largest departure of two axes from a right angle (a tilted gantry).
    oblique : whether an axis lies clearly between two patient axes.
    """

    order: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    voxel_ml: float
    left_step: float | None
    shear_degrees: float = 0.0
    oblique: bool = False

    def axial(self, array: NDArray[Any]) -> NDArray[Any]:
        """A view of the volume with axes (head-foot, front-back, left-right)."""
        return np.transpose(array, self.order)

    def restored(self, array: NDArray[Any]) -> NDArray[Any]:
        """The inverse of :meth:`axial`."""
        return np.transpose(array, np.argsort(self.order))


def grid_of(image: Image) -> Grid:
    """The grid of a volume, from its affine or else from its spacing.

    Raises
    ------
    InputError : when the picture is not a volume, or says neither affine nor spacing.
    """
    if image.pixels.ndim != 3 or min(image.pixels.shape) < 2 or image.pixels.shape[-1] == 3:
        raise InputError(
            f"This picture has the shape {image.pixels.shape}; it is not a volume.",
            where="pixels",
            allowed="(slices, rows, columns), at least 2 slices",
            next_step="Read the whole series (the folder), not one slice.",
        )
    if image.affine is not None:
        return _from_affine(np.asarray(image.affine, dtype=np.float64))
    spacing = image.spacing_mm
    if spacing is None or len(spacing) != 3 or min(spacing) <= 0:
        raise InputError(
            "The file does not say how large a voxel is.",
            where="spacing_mm",
            allowed="an affine, or three distances in mm above 0",
            next_step="Export the series again with its pixel spacing and slice positions.",
        )
    depth, height, width = spacing
    return Grid(
        order=(0, 1, 2),
        spacing_mm=(depth, height, width),
        voxel_ml=depth * height * width / 1000,
        left_step=None,
    )


def _from_affine(affine: NDArray[np.float64]) -> Grid:
    steps = affine[:3, :3]
    lengths = np.linalg.norm(steps, axis=0)
    voxel_ml = abs(float(np.linalg.det(steps))) / 1000
    if not np.isfinite(steps).all() or lengths.min() <= 0 or voxel_ml <= 0:
        raise InputError(
            "The affine of this volume is not a grid: a step is zero, or two run the same way.",
            where="affine",
            next_step="Export the series again.",
        )
    along = steps / lengths  # columns: unit vectors of the three axes in (L, P, S)
    order = max(
        permutations(range(3)),
        key=lambda p: sum(abs(along[UPRIGHT[i], axis]) for i, axis in enumerate(p)),
    )
    nearest = [abs(along[UPRIGHT[i], axis]) for i, axis in enumerate(order)]
    cosines = np.abs(along.T @ along)[np.triu_indices(3, 1)]
    return Grid(
        order=(order[0], order[1], order[2]),
        spacing_mm=(lengths[order[0]], lengths[order[1]], lengths[order[2]]),
        voxel_ml=voxel_ml,
        left_step=float(steps[0, order[2]]),
        shear_degrees=float(np.degrees(np.arcsin(min(cosines.max(), 1.0)))),
        oblique=min(nearest) < OBLIQUE_SHARE,
    )
