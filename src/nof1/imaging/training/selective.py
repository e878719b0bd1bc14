"""How much better the answers become when the unsure ones are not given."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nof1.learn.calibration import wilson
from nof1.learn.figures import checked

KEPT = (1.0, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5)


@dataclass(frozen=True)
class Selective:
    """One point of the curve.

    Attributes
    ----------
    kept : share of the pictures that get an answer, the surest first.
    rows : their number.
    accuracy : share of right answers among them (yes when the risk is ``threshold`` or more),
        with its 95 % Wilson interval.
    """

    kept: float
    rows: int
    accuracy: float
    low: float
    high: float

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)


def selective_curve(
    y: ArrayLike, risk: ArrayLike, *, threshold: float = 0.5
) -> tuple[Selective, ...]:
    """Accuracy among the surest shares of the pictures; sure is far from the threshold.

    The distance is taken on each side in units of that side, so a threshold of 0.1 does not make
    every "yes" surer than every "no".

    References
    ----------
    El-Yaniv & Wiener, JMLR 11 (2010) 1605 (risk against coverage).
    """
    labels, risks, _ = checked(y, risk)
    side = np.where(risks >= threshold, 1 - threshold, threshold)
    sure = np.abs(risks - threshold) / np.maximum(side, 1e-9)
    order = np.argsort(-sure, kind="stable")
    right = ((risks >= threshold) == (labels == 1))[order].astype(np.float64)
    points = []
    for kept in KEPT:
        rows = max(1, round(kept * len(labels)))
        accuracy = float(right[:rows].mean())
        points.append(Selective(kept, rows, accuracy, *wilson(accuracy, rows)))
    return tuple(points)


def area_under_risk(y: ArrayLike, risk: ArrayLike, *, threshold: float = 0.5) -> float:
    """Mean error over all shares kept: 0 is perfect; the plain error is its value without order.

    >>> area_under_risk([0, 1], [0.1, 0.9])
    0.0
    """
    labels, risks, _ = checked(y, risk)
    side = np.where(risks >= threshold, 1 - threshold, threshold)
    order = np.argsort(-np.abs(risks - threshold) / np.maximum(side, 1e-9), kind="stable")
    wrong = ((risks >= threshold) != (labels == 1))[order]
    return float((np.cumsum(wrong) / np.arange(1, len(wrong) + 1)).mean())
