"""The body on CT: everything between the skin, with lungs and gas, without table and clothes.

A voxel at the skin is half air (-1000 HU) and half fat (-100 HU), so the middle, -500 HU, puts the
edge where it is on average right. Table, blankets and tubes are thin: an opening slice by slice
takes them away; what remains grows back by the same width, but only where the tissue is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nof1.imaging.volumes import regions
from nof1.imaging.volumes.regions import Mask

SKIN_HU = -500.0
OPENING_SHARE = 0.015  # of the width: what is thinner than twice this is table, clothes or tubes
OPENING_MM = (2.0, 5.0)  # ... between these, so that the chest wall of a child stays
COARSE_MM = 2.0  # the support is found on pixels of about this size
SMALLEST_PART = 0.02  # an arm or a leg beside the trunk: at least this share of the largest piece
TISSUE_HU = (-250.0, 300.0)  # mean of a real part; a foam or carbon part lies outside


def body(hu: NDArray[np.float32], spacing_mm: tuple[float, float, float]) -> Mask:
    """The body of an axial volume in HU; empty when there is none."""
    tissue: Mask = hu > SKIN_HU
    support = _support(hu, tissue, spacing_mm)
    found = regions.filled_per_slice(tissue & support)
    labels, sizes = regions.pieces(found)
    if len(sizes) < 2:
        return found
    floor = SMALLEST_PART * sizes[1:].max()
    return regions.kept(labels, 1 + np.flatnonzero(sizes[1:] >= floor))


def _support(hu: NDArray[np.float32], tissue: Mask, spacing_mm: tuple[float, float, float]) -> Mask:
    """A generous region around the thick parts, on coarse pixels, back on the fine grid."""
    rows, columns = (max(1, int(COARSE_MM / step)) for step in spacing_mm[1:])
    pixel = (spacing_mm[1] * rows, spacing_mm[2] * columns)
    small = tissue[:, ::rows, ::columns]
    opening = _opening(small, pixel[1])
    thick = regions.eroded_per_slice(small, opening, pixel)
    labels, sizes = regions.pieces(thick)
    parts = _parts(labels, sizes, hu[:, ::rows, ::columns])
    reach = opening + 2 * max(pixel)
    grown = regions.dilated_per_slice(regions.kept(labels, parts), reach, pixel)
    fine = np.repeat(np.repeat(grown, rows, axis=1), columns, axis=2)
    return fine[:, : tissue.shape[1], : tissue.shape[2]]


def _opening(small: Mask, column_mm: float) -> float:
    """Radius of the opening, from the width of the largest piece."""
    labels, sizes = regions.pieces(small)
    if len(sizes) < 2:
        return OPENING_MM[0]
    largest = regions.box_of(labels == 1 + int(sizes[1:].argmax()))
    width = (largest[2].stop - largest[2].start) * column_mm
    return float(np.clip(OPENING_SHARE * width, *OPENING_MM))


def _parts(labels: regions.Labels, sizes: NDArray[np.int64], hu: NDArray[np.float32]) -> list[int]:
    """Numbers of the thick pieces that are patient: large, and of the density of tissue."""
    if len(sizes) < 2:
        return []
    total = np.bincount(labels.ravel(), weights=hu.ravel(), minlength=len(sizes))
    mean = total / np.maximum(sizes, 1)
    low, high = TISSUE_HU
    large = sizes >= SMALLEST_PART * sizes[1:].max()
    return [n for n in range(1, len(sizes)) if large[n] and low <= mean[n] <= high]
