"""Figures of held-out predictions, each with an interval from drawing whole clusters again.

Pairs of one cell line are not independent, so lines (or tissues, or drugs, as the split says) are
drawn with replacement, never pairs. All predictors see the same draws: differences are paired.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nof1.learn.sums import FloatArray
from nof1.medicines.response.screen import Places

DRAWS = 1000
FEWEST_PAIRS = 10


@dataclass(frozen=True)
class Figure:
    """A value with its 95 % interval; NaN where it cannot be made."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, value: float, draws: FloatArray) -> Figure:
        """From the value and its bootstrap draws."""
        known = draws[np.isfinite(draws)]
        if not known.size:
            return cls(value, float("nan"), float("nan"))
        low, high = np.quantile(known, [0.025, 0.975])
        return cls(value, float(low), float(high))

    def to_dict(self) -> dict[str, float | None]:
        """JSON form; NaN becomes null."""
        parts = {"value": self.value, "low": self.low, "high": self.high}
        return {name: x if np.isfinite(x) else None for name, x in parts.items()}


@dataclass(frozen=True, eq=False)
class Draws:
    """How often each cluster is drawn: (1 + draws, clusters); row 0 is the data as they are."""

    cluster: Places
    weights: FloatArray

    @classmethod
    def of(cls, cluster: Places, seen: Any, seed: int, draws: int = DRAWS) -> Draws:
        """Draw the clusters that hold a measured pair."""
        found, numbers = np.unique(cluster[seen], return_inverse=True)
        place = np.full(cluster.shape, -1, dtype=np.int64)
        place[seen] = numbers
        count = len(found)
        random = np.random.default_rng(seed)
        drawn = random.multinomial(count, np.full(count, 1 / count), size=draws)
        return cls(place, np.vstack([np.ones(count), drawn]))

    def total(self, values: FloatArray) -> FloatArray:
        """(1 + draws,) weighted sums of (lines, drugs) values; NaN counts as nothing."""
        seen = self.cluster >= 0
        sums = np.bincount(
            self.cluster[seen], np.nan_to_num(values[seen]), minlength=self.weights.shape[1]
        )
        made: FloatArray = self.weights @ sums
        return made

    def by_drug(self, values: FloatArray) -> FloatArray:
        """(1 + draws, drugs) weighted sums over lines."""
        sums = np.zeros((self.weights.shape[1], values.shape[1]))
        lines, drugs = np.nonzero(self.cluster >= 0)
        np.add.at(sums, (self.cluster[lines, drugs], drugs), np.nan_to_num(values[lines, drugs]))
        made: FloatArray = self.weights @ sums
        return made


def root_mean_square(draws: Draws, error: FloatArray) -> FloatArray:
    """(1 + draws,) RMSE."""
    count = draws.total(np.isfinite(error).astype(float))
    made: FloatArray = np.sqrt(draws.total(error**2) / np.maximum(count, 1))
    return made


def r_squared(draws: Draws, response: FloatArray, error: FloatArray) -> FloatArray:
    """(1 + draws,) share of the pooled variance that is explained."""
    count = np.maximum(draws.total(np.isfinite(response).astype(float)), 1)
    mean = draws.total(response) / count
    around = draws.total(response**2) - count * mean**2
    made: FloatArray = 1 - draws.total(error**2) / np.maximum(around, 1e-12)
    return made


def normalised_pearson(
    draws: Draws, response: FloatArray, guess: FloatArray, naive: FloatArray
) -> FloatArray:
    """(1 + draws,) mean over drugs of the correlation of response and guess, both less ``naive``.

    0 for the naive predictor itself: only what is personal counts. Drugs with fewer than ten pairs
    are left out.
    """
    truth, said = response - naive, guess - naive
    seen = np.isfinite(truth) & np.isfinite(said)
    truth, said = np.where(seen, truth, 0.0), np.where(seen, said, 0.0)
    count = draws.by_drug(seen.astype(float))
    enough = np.maximum(count, 1)
    means = [draws.by_drug(x) / enough for x in (truth, said, truth**2, said**2, truth * said)]
    top = means[4] - means[0] * means[1]
    below = (means[2] - means[0] ** 2) * (means[3] - means[1] ** 2)
    usable = (count >= FEWEST_PAIRS) & (means[2] > means[0] ** 2)
    each = np.where(below > 1e-18, top / np.sqrt(np.maximum(below, 1e-18)), 0.0)
    kept = np.maximum(usable.sum(axis=1), 1)
    made: FloatArray = np.where(usable, each, 0.0).sum(axis=1) / kept
    return made


def figures(
    response: FloatArray, guesses: Mapping[str, FloatArray], naive: str, draws: Draws
) -> dict[str, dict[str, Figure]]:
    """Predictor -> RMSE, R2, normalised Pearson and the RMSE less that of ``naive``."""
    base = root_mean_square(draws, guesses[naive] - response)
    made = {}
    for name, guess in guesses.items():
        error = guess - response
        rmse = root_mean_square(draws, error)
        r2 = r_squared(draws, response, error)
        pearson = normalised_pearson(draws, response, guess, guesses[naive])
        parts = {"rmse": rmse, "r2": r2, "normalised_pearson": pearson, "difference": rmse - base}
        made[name] = {key: Figure.of(float(x[0]), x[1:]) for key, x in parts.items()}
    return made
