"""Bins that tell nothing of one patient: cells that are public, and noised counts in them.

A column's cells come from what is public: its kind (a count, an age, a flag), a range that the job
names, or, for a number of which nothing is known, two further noised histograms that look for the
range. Cuts of the model's bins are borders of cells, never anybody's value. One patient stands in
one cell of each column, so a histogram of p columns has sensitivity sqrt(p).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nof1.core.errors import UsageError
from nof1.federation.private.noise import NoisySum
from nof1.learn.bins import Codes, encode, readable_cut
from nof1.learn.sums import FloatArray

CELLS = 32
BINS = 16
SURE = 3.0
"""Standard deviations of noise above which a cell counts as filled."""
RAREST_MISSING = 0.02
"""Share of missing values below which they get no value of their own."""
WIDE = np.array([-(2.0**k) for k in range(20, -12, -1)] + [0.0] + [2.0**k for k in range(-11, 21)])
"""Public cells for a number of which nothing is known: powers of two."""

Edges = FloatArray
"""Inner borders of a column's cells, rising; a value at a border belongs above it."""


@dataclass(frozen=True)
class Binned:
    """One column: its cuts and what the noised counts say about them.

    Attributes
    ----------
    cuts : (b,) rising. shares : (b + 2,) of the patients in each bin, the missing one first.
    ranks : (b + 1,) middle of each bin (without the missing one) in rank, 0 to 1.
    """

    cuts: FloatArray
    shares: FloatArray
    ranks: FloatArray

    @property
    def missing(self) -> bool:
        """Whether missing values are frequent enough for a value of their own."""
        return bool(self.shares[0] >= RAREST_MISSING)


def even(low: float, high: float, cells: int = CELLS) -> Edges:
    """Borders of equally wide cells over a public range.

    Raises
    ------
    UsageError : not two finite numbers in rising order.
    """
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise UsageError(
            f"The range {low:g} to {high:g} is none.",
            where="private bins",
            allowed="two numbers, the smaller one first",
        )
    inner = np.linspace(low, high, cells + 1)[1:-1]
    slack = (high - low) / cells * 1e-3
    cuts = np.array([readable_cut(one - slack, one + slack) for one in inner])
    return np.unique(cuts)


def private_bins(
    X: FloatArray, grids: Sequence[Edges | None], total: NoisySum, noise: float
) -> list[Binned]:
    """Bins of every column from noised counts.

    Parameters
    ----------
    X : (n, p) this site's rows, one a patient; NaN is missing.
    grids : public borders of each column's cells, or None where nothing is known.
    noise : multiplier of all releases of this function together.
    """
    unknown = [j for j, grid in enumerate(grids) if grid is None]
    weight = len(grids) + 2 * len(unknown)  # squared sensitivities of the three histograms
    known = list(grids)
    if unknown:
        each = noise * math.sqrt(weight / len(unknown))
        for j, edges in zip(unknown, _ranges(X[:, unknown], total, each), strict=True):
            known[j] = edges
    edges_of = [grid for grid in known if grid is not None]
    each = noise * math.sqrt(weight / len(grids))
    counts, sigma = _counted(X, edges_of, total, each)
    return [_binned(edges, count, sigma) for edges, count in zip(edges_of, counts, strict=True)]


def codes_of(X: FloatArray, binned: Sequence[Binned]) -> Codes:
    """Bin of each value (p, n): 0 missing, then from low to high."""
    return encode(X, [one.cuts for one in binned])


def _counted(
    X: FloatArray, grids: Sequence[Edges], total: NoisySum, noise: float
) -> tuple[list[FloatArray], float]:
    """Noised counts of each column's cells, the missing one first, and their noise."""
    codes = encode(X, grids)
    own = [
        np.bincount(code, minlength=len(edges) + 2).astype(np.float64)
        for code, edges in zip(codes, grids, strict=True)
    ]
    flat = np.concatenate(own)
    sensitivity = math.sqrt(len(grids))
    summed = total(flat, sensitivity, noise)
    parts = np.split(summed, np.cumsum([len(one) for one in own])[:-1])
    return list(parts), total.sigma(sensitivity, noise, flat.size)


def _ranges(X: FloatArray, total: NoisySum, noise: float) -> list[Edges]:
    """Cells for columns of which nothing is known: where values lie, first coarsely, then finer."""
    counts, sigma = _counted(X, [WIDE] * X.shape[1], total, noise)
    outer = np.concatenate([[2 * WIDE[0]], WIDE, [2 * WIDE[-1]]])
    coarse = [even(*_filled(outer, count[1:], sigma)) for count in counts]
    counts, sigma = _counted(X, coarse, total, noise)
    return [
        even(*_filled(_outer(edges), count[1:], sigma))
        for edges, count in zip(coarse, counts, strict=True)
    ]


def _outer(edges: Edges) -> FloatArray:
    """The borders with an outermost one on both sides."""
    width = edges[1] - edges[0]
    return np.concatenate([[edges[0] - width], edges, [edges[-1] + width]])


def _filled(borders: FloatArray, counts: FloatArray, sigma: float) -> tuple[float, float]:
    """The range of the cells that are surely filled; all of it when none is."""
    sure = np.flatnonzero(counts > SURE * sigma)
    if not len(sure):
        return float(borders[0]), float(borders[-1])
    return float(borders[sure[0]]), float(borders[sure[-1] + 1])


def _binned(edges: Edges, counts: FloatArray, sigma: float) -> Binned:
    """Merge cells to bins of about equal share; noise below zero is taken out first."""
    clean = on_simplex(counts, max(float(counts.sum()), sigma))
    missing = float(clean[0] / clean.sum())
    present = clean[1:]
    whole = max(float(present.sum()), 1e-9)
    rank = np.cumsum(present) / whole
    wanted = np.arange(1, BINS) / BINS
    places: set[int] = set()
    if len(edges):
        places = set(np.abs(rank[:-1][:, None] - wanted).argmin(axis=0).tolist())
    kept = np.array([k for k in sorted(places) if 0.01 <= rank[k] <= 0.99], dtype=np.int64)
    if not len(kept) and len(edges):
        kept = np.array([int(np.abs(rank[:-1] - 0.5).argmin())])
    ends = np.concatenate([[0.0], rank[kept], [1.0]])
    shares = np.concatenate([[missing], (1 - missing) * np.diff(ends)])
    return Binned(edges[kept], shares, (ends[:-1] + ends[1:]) / 2)


def on_simplex(counts: FloatArray, whole: float) -> FloatArray:
    """The nearest counts (least squares) that are not negative and add up to ``whole``.

    >>> on_simplex(np.array([5.0, 1.0, -2.0]), 4.0).tolist()
    [4.0, 0.0, 0.0]
    """
    falling = np.sort(counts)[::-1]
    steps = (np.cumsum(falling) - whole) / np.arange(1, len(counts) + 1)
    last = int(np.flatnonzero(falling > steps)[-1])
    return np.asarray(np.maximum(counts - steps[last], 0.0), dtype=np.float64)
