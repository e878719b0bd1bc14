"""Columns for linear models: robustly scaled, standardised by sums, missing told apart.

A missing value becomes the mean, and where enough patients miss a feature a second column says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nof1.learn.bins import SMALLEST_GROUP, agree_cuts
from nof1.learn.rows import check_width
from nof1.learn.sums import CountedSum, FloatArray

WIDEST = 5.0
"""Values further than this many interquantile widths from the median cut are drawn in."""


@dataclass(frozen=True, eq=False)
class Design:
    """How features become columns; every array is (n_features,).

    Attributes
    ----------
    middle, width : centre and 1/64 to 63/64 interquantile width; a value is first scaled by these.
    mean, sd : of the scaled values over all sites; sd is 0 for a column without information.
    missing_share : share of patients without the value; 0 where too few miss it to say so.
    """

    names: tuple[str, ...]
    middle: FloatArray
    width: FloatArray
    mean: FloatArray
    sd: FloatArray
    missing_share: FloatArray

    @property
    def n_columns(self) -> int:
        """Two for each feature: value and missingness."""
        return 2 * len(self.names)

    def columns(self, X: FloatArray) -> FloatArray:
        """Standardised values, then centred missingness: (n_rows, 2 * n_features)."""
        table = check_width(X, self.names)
        scaled = _scaled(table, self.middle, self.width)
        values = (scaled - self.mean) / np.where(self.sd > 0, self.sd, 1.0)
        values[:, self.sd == 0] = 0.0
        values[np.isnan(table)] = 0.0
        missing = np.where(self.missing_share > 0, np.isnan(table) - self.missing_share, 0.0)
        return np.hstack([values, missing])

    def to_dict(self) -> dict[str, Any]:
        parts = ("middle", "width", "mean", "sd", "missing_share")
        return {"names": list(self.names)} | {p: getattr(self, p).tolist() for p in parts}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Design:
        parts = ("middle", "width", "mean", "sd", "missing_share")
        arrays = {part: np.array(stored[part], dtype=np.float64) for part in parts}
        return cls(tuple(stored["names"]), **arrays)


def _scaled(X: FloatArray, middle: FloatArray, width: FloatArray) -> FloatArray:
    return np.clip((X - middle) / width, -WIDEST, WIDEST)


def agree_design(
    X: FloatArray, names: Sequence[str], shares: FloatArray, total: CountedSum
) -> Design:
    """Centre, width, mean and standard deviation of each feature over all sites."""
    from nof1.learn import passes

    cuts = agree_cuts(X, shares, total, max_bins=64)
    middle = np.array([edges[len(edges) // 2] if len(edges) else 0.0 for edges in cuts])
    width = np.array([_width(edges) for edges in cuts])
    count, first, second, missing = passes.moments(X, middle, width, WIDEST, shares)
    count, first, second, missing, rows = total.together(
        count, first, second, missing, shares.sum(keepdims=True)
    )
    mean = first / np.maximum(count, 1e-12)
    variance = np.maximum(second / np.maximum(count, 1e-12) - mean**2, 0.0)
    informative = (variance > 1e-12) & np.array([len(edges) > 0 for edges in cuts])
    told = (missing >= SMALLEST_GROUP - 1e-6) & (count >= SMALLEST_GROUP - 1e-6)
    return Design(
        tuple(names),
        middle,
        width,
        mean,
        np.where(informative, np.sqrt(variance), 0.0),
        np.where(told, missing / max(float(rows[0]), 1e-12), 0.0),
    )


def _width(edges: FloatArray) -> float:
    """Distance between the outer cuts; 1 when there is one cut (a yes/no feature) or none."""
    return float(edges[-1] - edges[0]) if len(edges) > 1 else 1.0
