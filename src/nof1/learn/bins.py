"""Bins that all sites agree on, found by sums alone.

A value is looked at as a float32 whose bits are put in numeric order, which makes a grid of 2^32
steps. All sites count their rows in wide cells of that grid, then again in the cells where a
quantile lies, until the cells are narrow enough. Nobody's minimum, maximum or rows are asked for.

Code 0 is missing. Code ``c >= 1`` means that ``c - 1`` cuts are at or below the value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.core.errors import UsageError
from nof1.learn.rows import columns
from nof1.learn.sums import CountedSum, FloatArray

Codes = NDArray[np.uint8]
GridKeys = NDArray[np.int64]

MAX_BINS = 255
SMALLEST_GROUP = 10
"""No bin of a model may hold fewer patients than this."""

_FIRST_BITS, _NEXT_BITS, _ALL_BITS = 8, 4, 32


def single(values: ArrayLike) -> FloatArray:
    """Values rounded to float32 (and drawn into its range): what a bin code is made from."""
    limit = float(np.finfo(np.float32).max)
    clipped = np.clip(np.asarray(values, dtype=np.float64), -limit, limit)
    return clipped.astype(np.float32).astype(np.float64)


def to_grid(values: ArrayLike) -> GridKeys:
    """Position of float32 values on the order-preserving grid, 0 to 2^32 - 1.

    >>> bool(np.all(np.diff(to_grid([-2.0, -0.5, 0.0, 1e-9, 7.0])) > 0))
    True
    """
    return _places(np.asarray(values, dtype=np.float64)).astype(np.int64)


def _places(values: FloatArray) -> NDArray[np.uint32]:
    """The same in half the memory: a negative's bits are turned round, others lifted above them."""
    limit = float(np.finfo(np.float32).max)
    short = np.clip(values, -limit, limit).astype(np.float32) + np.float32(0)  # no -0.0
    bits = short.view(np.uint32)
    return np.where(bits >> 31, ~bits, bits | np.uint32(2**31))


def from_grid(key: int) -> float:
    """The float32 at a position of the grid."""
    bits = key - 2**31 if key >= 2**31 else 2**32 - 1 - key
    return float(np.array(bits, dtype=np.uint32).view(np.float32))


def readable_cut(below: float, above: float) -> float:
    """The decimal with the fewest digits in ``(below, above]``: easy to read, nobody's value.

    >>> readable_cut(64.7, 65.3), readable_cut(3, 4), readable_cut(0.1234, 0.1239)
    (65.0, 4.0, 0.1236)
    """
    middle = below / 2 + above / 2
    for digits in range(17):
        for target in (middle, above):
            cut = float(f"{target:.{digits}e}")
            if below < cut <= above:
                return cut
    return above


@dataclass
class _Cells:
    """Cells of one feature: sorted, not empty, ``first`` to ``first + width - 1``."""

    first: GridKeys
    width: GridKeys
    count: FloatArray


class _Column:
    """One feature at this site: sorted grid places, and how much weight lies below each.

    Where all rows weigh the same, as they do with one row a patient, the weight is a count.
    """

    def __init__(self, values: FloatArray, shares: FloatArray) -> None:
        counted = ~np.isnan(values) & (shares > 0)
        places, weights = _places(values[counted]), shares[counted]
        self.each = float(weights[0]) if len(weights) else 0.0
        if (weights == self.each).all():
            self.places, self.below = np.sort(places), None
        else:
            order = np.argsort(places, kind="stable")
            self.places = places[order]
            self.below = np.r_[0.0, np.cumsum(weights[order])]

    def weigh(self, first: GridKeys, width: GridKeys) -> FloatArray:
        lower, upper = self._rank(first), self._rank(first + width)
        if self.below is None:
            return np.asarray((upper - lower) * self.each, dtype=np.float64)
        weight: FloatArray = self.below[upper] - self.below[lower]
        return weight

    def _rank(self, keys: GridKeys) -> NDArray[np.int64]:
        """How many rows lie below grid positions, of which the last is 2^32."""
        inside = np.minimum(keys, 2**_ALL_BITS - 1).astype(np.uint32)
        rank = np.searchsorted(self.places, inside)
        return np.where(keys >= 2**_ALL_BITS, len(self.places), rank)


def agree_cuts(
    X: FloatArray,
    shares: FloatArray,
    total: CountedSum,
    *,
    max_bins: int = 64,
    smallest: float = SMALLEST_GROUP,
) -> list[FloatArray]:
    """Cuts of every feature: one bin per value when there are few, else quantiles.

    Parameters
    ----------
    X : (n_rows, n_features), NaN is missing.
    shares : (n_rows,) 1 / (rows of the same patient), so that a sum never exceeds the patients.
    max_bins : most bins of a feature without the missing bin, 2 to 255.
    smallest : fewest patients in a bin; smaller ones join their neighbour.

    Returns
    -------
    list of ascending cuts, float64, one array for each feature; empty for a constant.
    """
    if not 2 <= max_bins <= MAX_BINS:
        raise UsageError(f"{max_bins} bins.", where="max_bins", allowed=f"2 to {MAX_BINS}")
    own = [_Column(values, shares) for values in columns(X)]
    cells = [_Cells(np.zeros(1, np.int64), np.full(1, 2**_ALL_BITS), np.ones(1)) for _ in own]
    depth, bits = 0, _FIRST_BITS
    while depth < _ALL_BITS:
        chosen = [_to_split(cell, max_bins) for cell in cells]
        if not any(mask.any() for mask in chosen):
            break
        cells = _split(own, cells, chosen, bits, total)
        depth, bits = depth + bits, _NEXT_BITS
    return [_cuts(cell, max_bins, smallest) for cell in cells]


def _targets(cells: _Cells, max_bins: int) -> FloatArray:
    """Weights below the wanted quantile cuts."""
    targets: FloatArray = np.arange(1.0, max_bins) * (float(cells.count.sum()) / max_bins)
    return targets


def _to_split(cells: _Cells, max_bins: int) -> NDArray[np.bool_]:
    """All cells while there are few of them; later the heavy ones in which a quantile lies."""
    wide = cells.width > 1
    if len(cells.count) <= max_bins:
        return wide
    after = np.cumsum(cells.count)
    targets = _targets(cells, max_bins)
    inside = np.searchsorted(targets, after, "left") > np.searchsorted(
        targets, after - cells.count, "right"
    )
    heavy = cells.count > 0.25 * cells.count.sum() / max_bins
    chosen: NDArray[np.bool_] = wide & inside & heavy
    return chosen


def _split(
    own: Sequence[_Column],
    cells: Sequence[_Cells],
    chosen: Sequence[NDArray[np.bool_]],
    bits: int,
    total: CountedSum,
) -> list[_Cells]:
    """Count the children of the chosen cells of all features in one sum."""
    children = [_children(cell, mask, bits) for cell, mask in zip(cells, chosen, strict=True)]
    counts = [
        column.weigh(first, width) for column, (first, width) in zip(own, children, strict=True)
    ]
    summed = total.together(*counts)
    return [
        _replace(cell, mask, _Cells(*child, count))
        for cell, mask, child, count in zip(cells, chosen, children, summed, strict=True)
    ]


def _children(cells: _Cells, mask: NDArray[np.bool_], bits: int) -> tuple[GridKeys, GridKeys]:
    steps = np.arange(2**bits)
    width = cells.width[mask] // 2**bits
    first = (cells.first[mask][:, None] + steps * width[:, None]).ravel()
    return first, np.repeat(width, 2**bits)


def _replace(cells: _Cells, mask: NDArray[np.bool_], children: _Cells) -> _Cells:
    first = np.concatenate([cells.first[~mask], children.first])
    width = np.concatenate([cells.width[~mask], children.width])
    count = np.concatenate([cells.count[~mask], children.count])
    kept = np.flatnonzero(count > 1e-9)
    kept = kept[np.argsort(first[kept])]
    return _Cells(first[kept], width[kept], count[kept])


def _cuts(cells: _Cells, max_bins: int, smallest: float) -> FloatArray:
    """Choose borders between cells; merge bins of fewer than ``smallest`` patients."""
    after = np.cumsum(cells.count)
    if len(after) < 2:
        return np.empty(0)
    borders = np.arange(1, len(after))
    if len(after) > max_bins:
        targets = _targets(cells, max_bins)
        right = np.clip(np.searchsorted(after[:-1], targets), 0, len(after) - 2)
        left = np.maximum(right - 1, 0)
        nearer = targets - after[left] < after[right] - targets
        borders = np.unique(np.where(nearer, left, right)) + 1
    borders = _merge_small(borders, after, smallest)
    last_below = cells.first + cells.width - 1
    return np.array(
        [
            readable_cut(from_grid(int(last_below[b - 1])), from_grid(int(cells.first[b])))
            for b in borders
        ]
    )


def _merge_small(
    borders: NDArray[np.int64], after: FloatArray, smallest: float
) -> NDArray[np.int64]:
    kept: list[int] = []
    below = 0.0
    for border in borders:
        weight = after[border - 1]
        if weight - below >= smallest - 1e-6 and after[-1] - weight >= smallest - 1e-6:
            kept.append(int(border))
            below = weight
    return np.array(kept, dtype=np.int64)


def encode(X: FloatArray, cuts: Sequence[FloatArray]) -> Codes:
    """Bin codes (n_features, n_rows), uint8, one row of the result for each feature."""
    codes = np.empty((len(cuts), len(X)), dtype=np.uint8)
    for j, (column, edges) in enumerate(zip(columns(X), cuts, strict=True)):
        values = single(column)
        codes[j] = np.searchsorted(edges, values, side="right") + 1
        codes[j][np.isnan(values)] = 0
    return codes
