"""The lungs on CT: air-filled tissue inside the body, without airways and without gas of the gut.

The edge of a lung lies half-way between lung (-850 HU) and soft tissue (40 HU): -400 HU. Windpipe,
main bronchi and gut hold plain air (-1000 HU), lung does not: that tells them apart once the mixed
voxels at the edge are set aside. Vessels inside the lung are counted as lung.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from nof1.imaging.volumes import regions
from nof1.imaging.volumes.regions import Mask

LUNG_HU = -400.0
PLAIN_AIR_HU = -930.0  # a small round piece with a core below this is an airway or gas
GAS_HU = -930.0  # a piece whose inner part has a median below this is gas ...
EMPTY_LUNG_HU = -985.0  # ... unless it is as large as a lung: then emphysema reaches down to here
LUNG_ML = 500.0
RIM_MM = 3.0  # mixed voxels at the edge of a piece, set aside before its density is read
AIRWAY_MM2 = 900.0  # cross-section of a wide adult windpipe with its branching
SMALLEST_ML = 10.0
CLOSING_MM = 5.0
VESSEL_MM2 = 300.0  # a larger hole is the dome of the liver or a mass, not a vessel
LUNG_SHARE = 0.1  # each side holds at least this share, or it is not called a side


@dataclass(frozen=True, eq=False)
class Lungs:
    """Both lungs, and each side where the two can be told apart (axes head, back, left-right).

    ``joined``: the sides had to be cut apart. ``gas_ml``: air taken for airways or gas of the gut.
    """

    both: Mask
    sides: tuple[Mask, Mask] | None
    joined: bool = False
    gas_ml: float = 0.0


def lungs(hu: NDArray[np.float32], body: Mask, spacing_mm: tuple[float, float, float]) -> Lungs:
    """The lungs of an axial volume in HU. ``sides``: first the one at lower column numbers."""
    air: Mask = body & (hu < LUNG_HU)
    tissue = _airy_tissue(hu, _without_airways(hu, air, spacing_mm), spacing_mm)
    gas_ml = float((air & ~tissue).sum()) * float(np.prod(spacing_mm)) / 1000
    both = _with_vessels(tissue, body, spacing_mm)
    if not both.any():
        return Lungs(both, None, gas_ml=gas_ml)
    box = regions.box_of(both, margin=1)
    sides, joined = _sides(both[box], spacing_mm)
    if sides is None:
        return Lungs(both, None, joined, gas_ml)
    low, high = (np.zeros_like(both) for _ in range(2))
    low[box], high[box] = sides
    return Lungs(both, (low, high), joined, gas_ml)


def _without_airways(
    hu: NDArray[np.float32], air: Mask, spacing_mm: tuple[float, float, float]
) -> Mask:
    """The air without small pieces, in each slice, whose core is plain air."""
    out = air.copy()
    largest = AIRWAY_MM2 / (spacing_mm[1] * spacing_mm[2])
    for number in np.flatnonzero(air.any(axis=(1, 2))):
        labels, sizes = regions.pieces(air[number])
        inner = np.where(regions.core(air[number]), labels, 0)
        voxels = np.bincount(inner.ravel(), minlength=len(sizes))
        total = np.bincount(inner.ravel(), weights=hu[number].ravel(), minlength=len(sizes))
        plain = (voxels > 0) & (total < PLAIN_AIR_HU * voxels) & (sizes <= largest)
        plain[0] = False
        out[number] &= ~plain[labels]
    return out


def _airy_tissue(
    hu: NDArray[np.float32], air: Mask, spacing_mm: tuple[float, float, float]
) -> Mask:
    """Large pieces whose core has the density of lung."""
    labels, sizes = regions.pieces(air)
    voxel_ml = float(np.prod(spacing_mm)) / 1000
    large = 1 + np.flatnonzero(sizes[1:] * voxel_ml >= SMALLEST_ML)
    if not len(large):
        return np.zeros_like(air)
    inner = regions.eroded_per_slice(air, RIM_MM, (spacing_mm[1], spacing_mm[2]))
    medians = np.asarray(ndimage.median(hu, np.where(inner, labels, 0), large))
    floor = np.where(sizes[large] * voxel_ml >= LUNG_ML, EMPTY_LUNG_HU, GAS_HU)
    return regions.kept(labels, large[medians > floor])


def _with_vessels(tissue: Mask, body: Mask, spacing_mm: tuple[float, float, float]) -> Mask:
    plane = (spacing_mm[1], spacing_mm[2])
    closed = regions.closed_per_slice(tissue, CLOSING_MM, plane)
    full = regions.filled_per_slice(closed, VESSEL_MM2, plane[0] * plane[1])
    return full & body


def _sides(
    both: Mask, spacing_mm: tuple[float, float, float]
) -> tuple[tuple[Mask, Mask] | None, bool]:
    """The two sides, ordered by column, and whether they had to be cut apart."""
    total = int(both.sum())
    distance = None
    for cut in range(5):
        if distance is None and cut:
            distance = ndimage.distance_transform_edt(both, spacing_mm)
        seeds = both if distance is None else distance > cut * min(spacing_mm[1:])
        labels, sizes = regions.pieces(seeds)
        large = 1 + np.flatnonzero(sizes[1:] >= LUNG_SHARE * total)
        if len(large) >= 2 and _lie_apart(labels, large, both):
            return _grown(both, labels, large, spacing_mm), cut > 0
    return None, False


def _lie_apart(labels: regions.Labels, large: NDArray[np.int64], both: Mask) -> bool:
    """Whether pieces lie on both sides of the middle of all."""
    columns = np.flatnonzero(both.any(axis=(0, 1)))
    middle = (columns[0] + columns[-1]) / 2
    centres = [centre[2] for centre in ndimage.center_of_mass(labels > 0, labels, large)]
    return bool(min(centres) < middle < max(centres))


def _grown(
    both: Mask,
    labels: regions.Labels,
    large: NDArray[np.int64],
    spacing_mm: tuple[float, float, float],
) -> tuple[Mask, Mask]:
    """Each voxel goes to the side of the nearest large piece."""
    centres = np.array([c[2] for c in ndimage.center_of_mass(labels > 0, labels, large)])
    columns = np.flatnonzero(both.any(axis=(0, 1)))
    middle = (columns[0] + columns[-1]) / 2
    low = regions.kept(labels, large[centres < middle])
    high = regions.kept(labels, large[centres >= middle])
    to_low = ndimage.distance_transform_edt(~low, spacing_mm)
    to_high = ndimage.distance_transform_edt(~high, spacing_mm)
    nearer = to_low <= to_high
    return both & nearer, both & ~nearer
