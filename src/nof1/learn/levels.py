"""A coarse reading of each feature, shared by the domain check and the drift baseline.

Level 0 is missing; 1 to 8 are ranges between (at most seven of) the cuts; 9 and 10 are far below
the first and far above the last cut, by more than the distance between them. The cuts are those of
the learner's bins, so no site has to show its smallest or largest value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.core.errors import InputError
from nof1.learn.sums import FloatArray

Codes = NDArray[np.uint8]

MISSING, RANGES, FAR_BELOW, FAR_ABOVE = 0, 8, 9, 10
LEVELS = 11
FEW = 10
"""Counts of 1 to 9 people are stored as 5: rare, but not who."""


@dataclass(frozen=True)
class Levels:
    """Cuts of each feature and its name.

    Parameters
    ----------
    names : (p,) feature names.
    cuts : per feature at most 7 increasing cuts; a value at a cut belongs above it.
    """

    names: tuple[str, ...]
    cuts: tuple[tuple[float, ...], ...]

    @classmethod
    def fit(cls, cuts: Sequence[ArrayLike], names: Sequence[str]) -> Levels:
        """Take at most seven of the given cuts of each feature, evenly in rank, ends included."""
        if len(cuts) != len(names):
            raise InputError(
                f"{len(cuts)} lists of cuts do not fit {len(names)} features.", where="cuts"
            )
        chosen = []
        for own in cuts:
            sorted_cuts = np.unique(np.asarray(own, dtype=np.float64))
            places = np.linspace(0, len(sorted_cuts) - 1, RANGES - 1).round().astype(int)
            keep = sorted(set(places.tolist())) if len(sorted_cuts) else []
            chosen.append(tuple(float(sorted_cuts[place]) for place in keep))
        return cls(tuple(names), tuple(chosen))

    def codes(self, values: ArrayLike) -> Codes:
        """Level of each value: (n, p) float with NaN = missing to (n, p) uint8.

        Raises
        ------
        InputError : when the number of features differs.
        """
        table = np.atleast_2d(np.asarray(values, dtype=np.float64))
        if table.ndim != 2 or table.shape[1] != len(self.names):
            raise InputError(
                f"The features have shape {table.shape}.",
                where="values",
                allowed=f"(rows, {len(self.names)})",
            )
        blocks = [self._codes(table[n : n + 4096]) for n in range(0, len(table), 4096)]
        return np.concatenate(blocks) if blocks else np.zeros(table.shape, dtype=np.uint8)

    @cached_property
    def _edges(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Cuts padded with infinity (p, 7), and the limits of far below and far above (p,)."""
        padded = np.full((len(self.cuts), RANGES - 1), np.inf)
        below, above = np.full(len(self.cuts), -np.inf), np.full(len(self.cuts), np.inf)
        for feature, cuts in enumerate(self.cuts):
            padded[feature, : len(cuts)] = cuts
            if len(cuts) > 1:
                span = cuts[-1] - cuts[0]
                below[feature], above[feature] = cuts[0] - span, cuts[-1] + span
        return padded, below, above

    def _codes(self, table: FloatArray) -> Codes:
        padded, below, above = self._edges
        levels = 1 + (table[:, :, None] >= padded).sum(axis=2)
        levels = np.where(table < below, FAR_BELOW, np.where(table > above, FAR_ABOVE, levels))
        return np.where(np.isnan(table), MISSING, levels).astype(np.uint8)

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {"names": list(self.names), "cuts": [list(one) for one in self.cuts]}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Levels:
        """Read back what :meth:`to_dict` wrote."""
        return cls(tuple(data["names"]), tuple(tuple(one) for one in data["cuts"]))


def level_counts(codes: Codes) -> FloatArray:
    """How many rows have each level: (p, LEVELS)."""
    return np.stack(
        [np.bincount(column, minlength=LEVELS).astype(np.float64) for column in codes.T]
    )


def without_small(counts: FloatArray) -> FloatArray:
    """Counts of 1 to 9 people replaced by 5, so that a model file shows no single person."""
    return np.where((counts > 0) & (counts < FEW), FEW / 2, counts)
