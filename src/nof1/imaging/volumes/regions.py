"""Small tools on yes/no volumes: pieces, holes, opening and closing, slice by slice or as a whole.

All take arrays with the axes (slices, rows, columns); "per slice" means in the plane of the last
two. Distances are in mm, by the exact Euclidean distance transform of scipy.
"""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Mask = NDArray[np.bool_]
Labels = NDArray[np.int32]
Pair = tuple[float, float]


def pieces(mask: Mask) -> tuple[Labels, NDArray[np.int64]]:
    """Connected pieces (faces touch), numbered from 1, and voxels of each (entry 0: outside)."""
    labels, count = ndimage.label(mask)
    return labels, np.bincount(labels.ravel(), minlength=count + 1)


def kept(labels: Labels, numbers: NDArray[np.int64] | list[int]) -> Mask:
    """The union of some numbered pieces."""
    wanted = np.zeros(int(labels.max(initial=0)) + 1, dtype=bool)
    wanted[np.asarray(numbers, dtype=np.int64)] = True
    return cast(Mask, wanted[labels])


def box_of(mask: Mask, margin: int = 0) -> tuple[slice, ...]:
    """The smallest box around a mask, with some voxels to spare; empty slices without a mask."""
    if not mask.any():
        return (slice(0, 0),) * mask.ndim
    box = []
    for axis, size in enumerate(mask.shape):
        others = tuple(i for i in range(mask.ndim) if i != axis)
        found = np.flatnonzero(mask.any(axis=others))
        box.append(slice(max(int(found[0]) - margin, 0), min(int(found[-1]) + 1 + margin, size)))
    return tuple(box)


def holes(plane: Mask) -> tuple[Labels, NDArray[np.int64]]:
    """Pieces of the outside of a plane that do not reach its border, numbered, with their sizes."""
    labels, sizes = pieces(~plane)
    border = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    sizes = sizes.copy()
    sizes[border] = 0
    sizes[0] = 0
    return labels, sizes


def filled_per_slice(mask: Mask, largest_mm2: float = np.inf, pixel_mm2: float = 1.0) -> Mask:
    """Each slice with its holes filled, up to a size."""
    out = mask.copy()
    for number in np.flatnonzero(mask.any(axis=(1, 2))):
        labels, sizes = holes(mask[number])
        small = np.flatnonzero((sizes > 0) & (sizes * pixel_mm2 <= largest_mm2))
        if len(small):
            out[number] |= kept(labels, small)
    return out


def eroded_per_slice(mask: Mask, radius_mm: float, spacing_mm: Pair) -> Mask:
    """Each slice without the rim of this width. The border of the picture is no rim."""
    out = np.zeros_like(mask)
    for number in np.flatnonzero(mask.any(axis=(1, 2))):
        if mask[number].all():
            out[number] = True
            continue
        out[number] = ndimage.distance_transform_edt(mask[number], spacing_mm) > radius_mm
    return out


def dilated_per_slice(mask: Mask, radius_mm: float, spacing_mm: Pair) -> Mask:
    """Each slice grown by this much."""
    out = np.zeros_like(mask)
    for number in np.flatnonzero(mask.any(axis=(1, 2))):
        out[number] = ndimage.distance_transform_edt(~mask[number], spacing_mm) <= radius_mm
    return out


def closed_per_slice(mask: Mask, radius_mm: float, spacing_mm: Pair) -> Mask:
    """Each slice closed with a disk: gaps and bays narrower than twice the radius are filled.

    A margin of zeros keeps the border of the picture from acting as a wall.
    """
    box = box_of(mask)
    margin = [(0, 0)] + [(int(np.ceil(radius_mm / step)) + 1,) * 2 for step in spacing_mm]
    padded = np.pad(mask[box], margin)
    grown = dilated_per_slice(padded, radius_mm, spacing_mm)
    shrunk = eroded_per_slice(grown, radius_mm, spacing_mm)
    (_, _), (rows, _), (columns, _) = margin
    height, width = shrunk.shape[1] - rows, shrunk.shape[2] - columns
    out = mask.copy()
    out[box] |= shrunk[:, rows:height, columns:width]
    return out


def core(mask: Mask) -> Mask:
    """The mask without the voxels that have a neighbour outside: free of mixed voxels."""
    return cast(Mask, ndimage.binary_erosion(mask, border_value=1))
