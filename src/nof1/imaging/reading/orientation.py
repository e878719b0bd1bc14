"""A volume in the one order that the rest of the room expects, without resampling."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import InputError
from nof1.imaging.image import Image

AXES = (2, 1, 0)  # slices count along S, rows along P, columns along L
LETTERS = ("RL", "AP", "FH")


def axial(image: Image) -> Image:
    """The volume with slices counting to the head, rows to the back, columns to the left.

    Axes are only exchanged and turned round, so every voxel keeps its value and its place: the
    affine is changed with them. An oblique volume comes as near as that allows. ``sources`` and
    ``datasets`` follow when slices stay slices; else ``datasets`` is empty.

    Raises
    ------
    InputError : when the picture is no volume with a place in the patient.
    """
    if image.affine is None or image.pixels.ndim != 3 or image.pixels.shape[-1] == 3:
        raise InputError(
            "The picture is no volume with a known place in the patient.",
            allowed="a volume (slices, rows, columns) with an affine",
            next_step="Use a series with position and orientation, or a NIfTI file with an affine.",
        )
    order = _order(image.affine)
    pixels, affine = _exchanged(image, order)
    flips = tuple(axis for axis in range(3) if affine[AXES[axis], axis] < 0)
    pixels, affine = np.flip(pixels, flips), _flipped(affine, pixels.shape, flips)
    back = slice(None, None, -1) if 0 in flips and order[0] == 0 else slice(None)
    return replace(
        image,
        pixels=np.ascontiguousarray(pixels),
        affine=affine,
        spacing_mm=tuple(image.spacing_mm[i] for i in order) if image.spacing_mm else None,
        header=replace(image.header, position=_position(affine)),
        sources=image.sources[back],
        datasets=image.datasets[back] if order[0] == 0 else (),
    )


def _order(affine: NDArray[np.float64]) -> tuple[int, ...]:
    """Which axis of the picture runs most along S, P and L: the best assignment of the three."""
    share = np.abs(affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0))
    return max(
        itertools.permutations(range(3)),
        key=lambda order: float(sum(share[AXES[i], order[i]] for i in range(3))),
    )


def _exchanged(
    image: Image, order: tuple[int, ...]
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    assert image.affine is not None
    return image.pixels.transpose(order), image.affine[:, [*order, 3]]


def _flipped(
    affine: NDArray[np.float64], shape: tuple[int, ...], flips: tuple[int, ...]
) -> NDArray[np.float64]:
    out: Any = affine.copy()
    for axis in flips:
        out[:3, 3] += out[:3, axis] * (shape[axis] - 1)
        out[:3, axis] *= -1
    return np.asarray(out, dtype=np.float64)


def _position(affine: NDArray[np.float64]) -> tuple[str, ...]:
    """The row and column direction as DICOM's Patient Orientation writes them."""
    letters = []
    for axis in (2, 1):
        along = int(np.argmax(np.abs(affine[:3, axis])))
        letters.append(LETTERS[along][int(affine[along, axis] > 0)])
    return tuple(letters)
