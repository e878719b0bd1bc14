"""Conformal intervals for a response: a drug's own errors say how wide its interval is.

Held-out errors of lines like the ones to come are the calibration set (for a new cell line: errors
on lines that the fit had not seen). A drug with enough of them has its own quantile (Mondrian);
one with few uses all drugs' errors, each in units of its drug's typical error. Vovk, Gammerman &
Shafer, *Algorithmic Learning in a Random World* (2005), chapter 4; the errors are cross-conformal
(from several folds), so coverage is measured in the card, not only promised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from nof1.learn.sums import FloatArray
from nof1.medicines.response.screen import places, positions, take

LEVEL = 0.90
ENOUGH = 60  # errors for a quantile of one's own
PRIOR = 10.0


@dataclass(frozen=True, eq=False)
class Intervals:
    """Half widths (drugs,) and that of a new drug, in the response's unit."""

    drugs: tuple[str, ...]
    half: FloatArray = field(repr=False)
    new_drug: float
    level: float = LEVEL

    def of(self, drugs: Sequence[str]) -> FloatArray:
        """(drugs,) half widths."""
        return take(self.half, places(drugs, positions(self.drugs)), self.new_drug)


def fit_intervals(errors: FloatArray, drugs: Sequence[str], level: float = LEVEL) -> Intervals:
    """From held-out errors (lines, drugs), NaN where there is none."""
    sizes = np.abs(errors)
    counts = np.isfinite(sizes).sum(axis=0)
    whole = float(np.nanmean(sizes**2))
    scale = np.sqrt((np.nansum(sizes**2, axis=0) + PRIOR * whole) / (counts + PRIOR))
    pooled = quantile(sizes / scale, level)
    half = np.array(
        [
            quantile(sizes[:, j], level) if counts[j] >= ENOUGH else pooled * scale[j]
            for j in range(len(drugs))
        ]
    )
    return Intervals(tuple(drugs), half, quantile(sizes, level), level)


def quantile(sizes: FloatArray, level: float) -> float:
    """The conformal quantile: the smallest size that covers (n + 1) x level of n + 1.

    >>> quantile(np.arange(1.0, 20.0), 0.9)
    18.0
    """
    known = np.sort(sizes[np.isfinite(sizes)])
    if not known.size:
        return float("inf")
    rank = int(np.ceil((known.size + 1) * level))
    return float(known[min(rank, known.size) - 1])
