"""A figure with its interval, and the two ways to get one: influence values and the bootstrap.

Every statistic of this package accepts one weight per row. A weight is 1 for complete data and the
inverse probability of being observed when follow-up is censored (see
:func:`nof1.learn.censoring.horizon_labels`), so the same code serves binary and survival models.

*Influence values.* For a smooth statistic ``T`` the influence of row i says how much ``T`` moves
when that row counts a little more. ``sum(influence) == 0`` and the variance of ``T`` is the sum
of the squared influences (added up within a patient first) divided by n². This is DeLong's variance
for the AUROC and the sandwich variance for a regression; two statistics on the same rows are
compared by the difference of their influences.

References
----------
Efron & Tibshirani, *An Introduction to the Bootstrap* (1993), chapters 13, 14 and 22.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from nof1.core.errors import InputError
from nof1.learn.sums import FloatArray

IntArray = NDArray[np.int64]

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Figure:
    """One reported number with its interval.

    Parameters
    ----------
    value : the estimate, or None when it cannot be estimated (``note`` says why).
    low, high : limits of the interval at ``level``; None with ``value``.
    level : probability that an interval made this way contains the true value, 0 to 1.
    note : what a reader must know to read it, or why there is no value.
    """

    value: float | None
    low: float | None
    high: float | None
    level: float = LEVEL
    note: str = ""

    @classmethod
    def missing(cls, note: str, level: float = LEVEL) -> Figure:
        """A figure that could not be estimated, with the reason."""
        return cls(None, None, None, level, note)

    def at_level(self, level: float) -> Figure:
        """The same figure with its interval stretched to another level (normal approximation)."""
        if self.value is None or self.low is None or self.high is None:
            return replace(self, level=level)
        factor = z_value(level) / z_value(self.level)
        low = self.value - (self.value - self.low) * factor
        high = self.value + (self.high - self.value) * factor
        return replace(self, low=low, high=high, level=level)

    def lies_above(self, floor: float) -> bool:
        """True when the whole interval is above ``floor``; False when it is not estimable."""
        return self.low is not None and self.low > floor

    def contains(self, value: float) -> bool:
        """True when ``value`` lies in the interval, or when there is no interval."""
        return self.low is None or self.high is None or self.low <= value <= self.high

    def to_dict(self) -> dict[str, Any]:
        """JSON form: value, low, high, level, note."""
        return asdict(self)

    def __str__(self) -> str:
        if self.value is None or self.low is None or self.high is None:
            return f"not estimable: {self.note}"
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A statistic and the influence of each row on it.

    Parameters
    ----------
    value : the statistic; NaN when it cannot be estimated.
    influence : (n,) influence values, mean zero.
    """

    value: float
    influence: FloatArray

    def standard_error(self, patients: ArrayLike | None = None) -> float:
        """Standard error; rows of one patient are added up before they are squared."""
        totals: FloatArray = self.influence
        if patients is not None:
            _, row = np.unique(np.asarray(patients), return_inverse=True)
            totals = np.bincount(row, weights=self.influence).astype(np.float64)
        count = len(totals)
        if count < 2:
            return math.nan
        factor = count / (count - 1)
        return float(np.sqrt(factor * np.sum(totals**2)) / len(self.influence))

    def figure(
        self,
        *,
        level: float = LEVEL,
        patients: ArrayLike | None = None,
        unit_interval: bool = False,
        note: str = "",
    ) -> Figure:
        """Normal interval; on the logit scale for a statistic between 0 and 1.

        The logit scale keeps the interval inside (0, 1) and covers better near the ends.
        """
        se = self.standard_error(patients)
        if not (math.isfinite(self.value) and math.isfinite(se)):
            return Figure.missing(note or "too few rows or classes", level)
        half = z_value(level) * se
        if not unit_interval or not 0 < self.value < 1:
            return Figure(self.value, self.value - half, self.value + half, level, note)
        centre = math.log(self.value / (1 - self.value))
        step = half / (self.value * (1 - self.value))
        return Figure(self.value, sigmoid(centre - step), sigmoid(centre + step), level, note)


def sigmoid(logit: float) -> float:
    """Probability of one logit, without overflow.

    >>> sigmoid(0.0), sigmoid(-1000.0)
    (0.5, 0.0)
    """
    return 1 / (1 + math.exp(-logit)) if logit >= 0 else 1 - 1 / (1 + math.exp(max(logit, -745)))


def z_value(level: float) -> float:
    """Two-sided normal quantile: 1.96 at level 0.95.

    >>> round(z_value(0.95), 3)
    1.96
    """
    if not 0 < level < 1:
        raise InputError("The level is not a probability.", where="level", allowed="0 < level < 1")
    return float(ndtri(0.5 + level / 2))


def checked(
    y: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Labels 0/1, finite scores and non-negative weights as float64 arrays of one length.

    Raises
    ------
    InputError : on different lengths, labels other than 0 and 1, or values that are not finite.
    """
    labels = np.asarray(y, dtype=np.float64)
    scores = np.asarray(score, dtype=np.float64)
    weights = np.ones(len(labels)) if weight is None else np.asarray(weight, dtype=np.float64)
    if not labels.shape == scores.shape == weights.shape or labels.ndim != 1:
        raise InputError(
            f"Labels {labels.shape}, scores {scores.shape} and weights {weights.shape} differ.",
            allowed="one label, one score and one weight for each row",
        )
    if not np.isin(labels, (0.0, 1.0)).all():
        raise InputError("A label is neither 0 nor 1.", where="y", allowed=["0", "1"])
    if not (np.isfinite(scores).all() and np.isfinite(weights).all() and (weights >= 0).all()):
        raise InputError(
            "A score or a weight is not a finite number, or a weight is negative.",
            where="score, weight",
            next_step="Remove or repair these rows; a row without a label gets weight 0.",
        )
    return labels, scores, weights


def resampled_weights(
    count: int,
    *,
    resamples: int = 500,
    seed: int = 0,
    patients: ArrayLike | None = None,
    chunk: int = 64,
) -> Iterator[FloatArray]:
    """Bootstrap as row weights: how often each row was drawn, in blocks of (<= chunk, count).

    Patients are drawn with replacement and bring all their rows. Same seed, same draws.
    """
    rng = np.random.default_rng(seed)
    row = np.arange(count)
    if patients is not None:
        _, row = np.unique(np.asarray(patients), return_inverse=True)
    units = int(row.max()) + 1 if count else 0
    for start in range(0, resamples, chunk):
        size = min(chunk, resamples - start)
        drawn = rng.integers(0, units, size=(size, units))
        drawn += np.arange(size)[:, None] * units
        times = np.bincount(drawn.ravel(), minlength=size * units).reshape(size, units)
        yield times[:, row].astype(np.float64)


def bootstrap(
    statistic: Callable[[FloatArray], FloatArray],
    count: int,
    *,
    resamples: int = 500,
    seed: int = 0,
    patients: ArrayLike | None = None,
) -> FloatArray:
    """Values of ``statistic(weights (b, count)) -> (b,)`` over patient-level resamples."""
    blocks = resampled_weights(count, resamples=resamples, seed=seed, patients=patients)
    return np.concatenate([statistic(block) for block in blocks])


def percentile_figure(value: float, draws: FloatArray, level: float = LEVEL) -> Figure:
    """Percentile bootstrap interval around ``value`` (Efron & Tibshirani 1993, chapter 13)."""
    usable = draws[np.isfinite(draws)]
    if not math.isfinite(value) or len(usable) < len(draws) / 2:
        return Figure.missing("too few events in the resamples", level)
    low, high = np.quantile(usable, [(1 - level) / 2, (1 + level) / 2])
    return Figure(value, min(float(low), value), max(float(high), value), level)
