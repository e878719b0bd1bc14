"""Bone on CT: bright pieces inside the body with their marrow.

Compact bone is above 300 HU, the edge of spongy bone near 120 HU; a piece that reaches the first is
followed down to the second. Marrow is filled in where it is denser than the fluid of the spinal
canal, which stays open. Cartilage and vessels with contrast medium may be as bright as spongy bone,
but they have no texture: wide smooth parts below the density of compact bone are left out. Metal,
calcified vessels and contrast medium above that density are counted as bone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from nof1.imaging.volumes import regions
from nof1.imaging.volumes.regions import Mask

COMPACT_HU = 300.0
SPONGY_HU = 120.0
MARROW_HU = 60.0  # mean of an enclosed hole above this: marrow, not the canal
SMALL_HOLE_MM2 = 60.0
SMALLEST_ML = 0.5
CLOSING_MM = 4.0
TEXTURE_MM = 5.0  # window of the local spread
SMOOTH_HU = 30.0  # spread of the noise; spongy bone has more than twice this
SMOOTH_RADIUS_MM = 3.0


def bone(hu: NDArray[np.float32], body: Mask, spacing_mm: tuple[float, float, float]) -> Mask:
    """Bone of an axial volume in HU; empty when there is none."""
    plane = (spacing_mm[1], spacing_mm[2])
    bright: Mask = body & (hu > SPONGY_HU)
    bright &= ~_smooth(hu, bright, plane)
    labels, sizes = regions.pieces(bright)
    peak = np.bincount(labels[hu > COMPACT_HU], minlength=len(sizes))
    floor = SMALLEST_ML * 1000 / float(np.prod(spacing_mm))
    good = 1 + np.flatnonzero((sizes[1:] >= floor) & (peak[1:] > 0))
    found = regions.kept(labels, good)
    if not found.any():
        return found
    closed = regions.closed_per_slice(found, CLOSING_MM, plane)
    return _with_marrow(hu, closed & body, plane[0] * plane[1])


def _smooth(hu: NDArray[np.float32], bright: Mask, plane_mm: tuple[float, float]) -> Mask:
    """Wide bright parts without texture and below the density of compact bone."""
    window = [1] + [max(3, 2 * round(TEXTURE_MM / step / 2) + 1) for step in plane_mm]
    box = regions.box_of(bright, margin=max(window))
    out = np.zeros_like(bright)
    values = hu[box].astype(np.float64)
    mean = ndimage.uniform_filter(values, window)
    spread = ndimage.uniform_filter(values * values, window) - mean * mean
    even = bright[box] & (spread < SMOOTH_HU**2) & (mean < COMPACT_HU)
    wide = regions.eroded_per_slice(even, SMOOTH_RADIUS_MM, plane_mm)
    grown = regions.dilated_per_slice(wide, SMOOTH_RADIUS_MM + TEXTURE_MM, plane_mm)
    out[box] = grown & bright[box] & (values < COMPACT_HU)
    return out


def _with_marrow(hu: NDArray[np.float32], found: Mask, pixel_mm2: float) -> Mask:
    out = found.copy()
    for number in np.flatnonzero(found.any(axis=(1, 2))):
        labels, sizes = regions.holes(found[number])
        total = np.bincount(labels.ravel(), weights=hu[number].ravel(), minlength=len(sizes))
        mean = total / np.maximum(sizes, 1)
        marrow = (sizes > 0) & ((mean > MARROW_HU) | (sizes * pixel_mm2 <= SMALL_HOLE_MM2))
        if marrow.any():
            out[number] |= regions.kept(labels, np.flatnonzero(marrow))
    return out
