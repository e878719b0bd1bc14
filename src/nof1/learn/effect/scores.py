"""Doubly robust scores: one number per person whose mean is the effect.

Right when either the propensity or the outcome model is right; its noise is what an effect per
person is learned from and judged by.

Reference: Robins, Rotnitzky & Zhao, JASA 89 (1994) 846; Kennedy, EJS 17 (2023) 3008.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1.learn.effect.arms import Arms, patient_sums
from nof1.learn.effect.nuisance import Nuisance
from nof1.learn.figures import Figure, z_value
from nof1.learn.sums import FloatArray, SecureSum, local_sum

CLIP = 0.01
"""Propensities are held between this and 1 minus it, so that nobody counts a hundred times."""


@dataclass(frozen=True)
class Scores:
    """Scores (n, 2) of the mean outcome under the comparator and under the option of interest."""

    mean: FloatArray

    @property
    def effect(self) -> FloatArray:
        """(n,) score of the effect: option of interest minus comparator."""
        made: FloatArray = self.mean[:, 1] - self.mean[:, 0]
        return made


def scores(arms: Arms, nuisance: Nuisance) -> Scores:
    """Augmented inverse-probability scores of each row.

    ``m_a + 1(A = a) w / P(A = a | x) (y - m_a)``; a row whose outcome is not known (w = 0) counts
    with its expectation.
    """
    chance = np.clip(nuisance.propensity, CLIP, 1 - CLIP)
    made = nuisance.mean.copy()
    for arm, likely in ((0, 1 - chance), (1, chance)):
        took = (arms.treated == arm) * arms.weight / likely
        made[:, arm] += took * (arms.y - nuisance.mean[:, arm])
    return Scores(made)


def average(
    values: FloatArray,
    arms: Arms,
    rows: NDArray[np.bool_],
    total: SecureSum = local_sum,
    level: float = 0.95,
) -> Figure:
    """The mean of the values (n,) of some rows, with its interval; patients are independent."""
    chosen = rows.astype(np.float64)
    mass, first, patients = total(
        np.array([chosen.sum(), chosen @ values, len(np.unique(arms.keys[rows]))])
    )
    if patients < 2:
        return Figure.missing("fewer than two people", level)
    mean = float(first / mass)
    (second,) = total(np.array([(patient_sums(arms.keys, chosen * (values - mean)) ** 2).sum()]))
    half = z_value(level) * float(np.sqrt(second * patients / (patients - 1))) / float(mass)
    return Figure(mean, mean - half, mean + half, level)


def ratio(scored: Scores, arms: Arms, rows: NDArray[np.bool_], total: SecureSum,
          level: float = 0.95) -> Figure:  # fmt: skip
    """Mean outcome under the option of interest divided by that under the comparator.

    The interval is made for the logarithm (delta method).
    """
    chosen = rows.astype(np.float64)
    sums = total(np.concatenate([[chosen.sum()], chosen @ scored.mean]))
    base, other = sums[1:] / max(sums[0], 1.0)
    if base <= 0 or other <= 0:
        return Figure.missing("a mean outcome that is not above 0", level)
    log = average(scored.mean[:, 1] / other - scored.mean[:, 0] / base, arms, rows, total, level)
    if log.low is None or log.high is None or log.value is None:
        return log
    value, off = other / base, log.value
    return Figure(value, value * np.exp(log.low - off), value * np.exp(log.high - off), level)
