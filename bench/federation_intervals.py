"""The mean of differences over seeds, with the interval in which the true mean lies.

Both members of a pair see the same patients, folds and seed, so only their difference is looked at.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A mean with its limits; limits are NaN with fewer than two seeds."""

    mean: float
    low: float
    high: float
    seeds: int

    @property
    def worst(self) -> float:
        """The lower limit, or the mean where there is none."""
        return self.mean if math.isnan(self.low) else self.low


def paired(
    differences: Sequence[float], test_to_learn: float = 0.0, level: float = LEVEL
) -> Interval:
    """Student's interval of the mean of differences, one a seed.

    Parameters
    ----------
    test_to_learn : 0 when every seed has patients of its own. When the seeds split one table anew,
        the number judged over the number learned from: differences then share patients, their
        spread understates what another table would give, and the variance of the mean is taken
        as (1/seeds + test_to_learn) times the variance (Nadeau and Bengio, Machine Learning 52
        (2003) 239).

    Raises
    ------
    ValueError : no difference, or one that is not a finite number.
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
        raise ValueError("One finite difference a seed is needed.")
    mean, count = float(values.mean()), len(values)
    if count < 2:
        return Interval(mean, math.nan, math.nan, count)
    spread = math.sqrt((1 / count + test_to_learn) * float(values.var(ddof=1)))
    half = float(stdtrit(count - 1, 0.5 + level / 2)) * spread
    return Interval(mean, mean - half, mean + half, count)
