"""How different the two arms are, before and after weighting by the propensity.

Reference: Austin, Statist. Med. 28 (2009) 3083 (standardised differences; 0.1 is a usual limit).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri

from nof1.learn.effect.arms import Arms
from nof1.learn.effect.scores import CLIP
from nof1.learn.sums import FloatArray, SecureSum, local_sum

LIMIT = 0.1


@dataclass(frozen=True)
class Balance:
    """Standardised difference of one column: treatment minus comparator, in standard deviations.

    ``after`` is that of the weighted arms; None where a column does not vary within the arms: one
    that differs between them all the same is the choice itself, and comes first. ``error`` is its
    standard error: a value that few people have differs by chance. A column with missing values has
    a second row for being missing.
    """

    name: str
    before: float | None
    after: float | None
    error: float | None = None

    def apart(self, limit: float = LIMIT, looked_at: int = 1) -> bool:
        """Whether the weighted arms differ by more than the limit, beyond chance: beyond that of
        the largest of ``looked_at`` differences (Bonferroni)."""
        if self.after is None or self.error is None:
            return False
        chance = -float(ndtri(0.025 / looked_at)) * self.error
        return abs(self.after) - chance > limit

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)


def balance(
    arms: Arms, propensity: FloatArray, rows: FloatArray, total: SecureSum = local_sum
) -> tuple[Balance, ...]:
    """One row for each column, and for its missing values, the largest difference before first.

    Parameters
    ----------
    rows : (n,) 1 for the people who are compared.
    """
    chance = np.clip(propensity, CLIP, 1 - CLIP)
    weights = np.where(arms.treated == 1, 1 / chance, 1 / (1 - chance)) * rows
    missing = np.isnan(arms.X)
    found: list[tuple[float, Balance]] = []
    sums = total(_moments(arms, missing, rows, weights)).reshape(2, 2, 6, len(arms.names))
    gaps, errors = _differences(sums)
    for part, more in ((0, ""), (1, " is missing")):
        figures = np.column_stack([*gaps[:, part], errors[part]])
        for name, row in zip(arms.names, figures, strict=True):
            if part == 0 or not np.isnan(row[0]):
                apart = float(np.nan_to_num(abs(row[0]), nan=0.0, posinf=np.inf))
                found.append((apart, Balance(name + more, *(_number(one) for one in row))))
    return tuple(row for _, row in sorted(found, key=lambda pair: -pair[0]))


def _moments(arms: Arms, missing: Any, rows: FloatArray, weights: FloatArray) -> FloatArray:
    """(before/after, arm, 6 moments, column): mass, present mass, sum, sum of squares, and the
    squared masses, of all and of those with a value."""
    values = np.where(missing, 0.0, arms.X)
    parts = []
    for weight in (rows, weights):
        for arm in (0, 1):
            own = weight * (arms.treated == arm)
            mass = np.full(values.shape[1], own.sum())
            squared = np.full(values.shape[1], (own**2).sum())
            parts += [mass, own @ ~missing, own @ values, own @ values**2, squared,
                      own**2 @ ~missing]  # fmt: skip
    return np.concatenate(parts)


def _differences(sums: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Differences (before/after, value/missing, column), and the errors of those after."""
    mass, present, first, second, squared, squared_present = (sums[:, :, k] for k in range(6))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = first / present
        spread = np.maximum(second / present - mean**2, 0)
        share = 1 - present / mass
        gap = (mean[:, 1] - mean[:, 0]) / np.sqrt((spread[:1, 1] + spread[:1, 0]) / 2)
        chance = share * (1 - share)
        lost = (share[:, 1] - share[:, 0]) / np.sqrt((chance[:1, 1] + chance[:1, 0]) / 2)
        known = np.sqrt((squared_present[1] / present[1] ** 2).sum(axis=0))
        all_ = np.sqrt((squared[1] / mass[1] ** 2).sum(axis=0))
    return np.stack([gap, lost], axis=1), np.stack([known, all_])


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
