"""Do 12 of 100 people with a risk of 12 % have the outcome?

Every function takes labels, predicted risks (0 to 1) and optional row weights (inverse probability
of censoring for a survival horizon).

References
----------
Cox, Biometrika 45 (1958) 562 (recalibration); Van Calster et al., BMC Medicine 17 (2019) 230
(hierarchy of calibration); Kumar, Liang & Ma, NeurIPS 2019 (bias of the binned error).
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit, ndtr

from nof1.learn.figures import LEVEL, Estimate, Figure, IntArray, bootstrap, checked, z_value
from nof1.learn.sums import FloatArray

EDGE = 1e-9  # risks are read as at least this far from 0 and 1


def to_logit(risk: ArrayLike) -> FloatArray:
    """Log odds of a risk, finite also at 0 and 1."""
    odds: FloatArray = logit(np.clip(np.asarray(risk, dtype=np.float64), EDGE, 1 - EDGE))
    return odds


@dataclass(frozen=True)
class LogisticFit:
    """``logit P(y = 1) = intercept + slope * x`` with what is needed for intervals.

    ``influence`` is (n, 2), for intercept and slope; ``converged`` is False when the data are
    separable or one class is missing.
    """

    intercept: float
    slope: float
    influence: FloatArray
    converged: bool


def logistic_fit(y: FloatArray, x: FloatArray, weight: FloatArray) -> LogisticFit:
    """Weighted two-parameter logistic regression by Newton steps with sandwich influence."""
    unit = max(float(np.abs(x).max(initial=0.0)), 1e-300)  # keeps the Newton steps well scaled
    design = np.column_stack([np.ones(len(x)), x / unit])
    beta, converged = np.zeros(2), False
    for _ in range(50):
        risk = expit(design @ beta)
        gradient = design.T @ (weight * (y - risk))
        information = (design * (weight * risk * (1 - risk))[:, None]).T @ design
        if not np.linalg.cond(information) < 1e12:
            break
        step = np.linalg.solve(information, gradient)
        beta = beta + step * min(1.0, 5 / max(float(np.abs(step).max()), 1e-300))
        if np.abs(step).max() < 1e-9:
            converged = True
            break
    if not converged:
        return LogisticFit(math.nan, math.nan, np.zeros((len(x), 2)), False)
    scores = design * (weight * (y - expit(design @ beta)))[:, None]
    influence = len(x) * np.linalg.solve(information, scores.T).T / [1.0, unit]
    return LogisticFit(float(beta[0]), float(beta[1]) / unit, influence, True)


def calibration_slope(
    y: ArrayLike, risk: ArrayLike, weight: ArrayLike | None = None
) -> tuple[Estimate, Estimate]:
    """Slope and intercept of the outcome regressed on the logit of the risk.

    Slope 1 is right; below 1 the risks are too extreme (overfitting), above 1 too timid.
    """
    labels, risks, weights = checked(y, risk, weight)
    fit = logistic_fit(labels, to_logit(risks), weights)
    return Estimate(fit.slope, fit.influence[:, 1]), Estimate(fit.intercept, fit.influence[:, 0])


def calibration_in_the_large(
    y: ArrayLike, risk: ArrayLike, weight: ArrayLike | None = None
) -> Estimate:
    """Intercept with the slope fixed at 1: 0 is right, above 0 the risks are too low (logit units).

    >>> round(calibration_in_the_large([0, 1], [0.5, 0.5]).value, 12)
    0.0
    """
    labels, risks, weights = checked(y, risk, weight)
    total = float(weights.sum())
    if not 0 < labels @ weights < total:
        return Estimate(math.nan, np.zeros(len(labels)))
    offset, shift = to_logit(risks), 0.0
    for _ in range(100):
        fitted = expit(offset + shift)
        gradient = float(weights @ (labels - fitted))
        information = float(weights @ (fitted * (1 - fitted)))
        step = float(np.clip(gradient / max(information, 1e-300), -2, 2))
        shift += step
        if abs(step) < 1e-12:
            break
    influence = weights * (labels - fitted) * (len(labels) / information)
    return Estimate(shift, influence)


def observed_expected(y: ArrayLike, risk: ArrayLike, weight: ArrayLike | None = None) -> Estimate:
    """Observed divided by expected number of outcomes: 1 is right, above 1 risks are too low."""
    labels, risks, weights = checked(y, risk, weight)
    expected = float(weights @ risks)
    if expected <= 0:
        return Estimate(math.nan, np.zeros(len(labels)))
    value = float(weights @ labels) / expected
    return Estimate(value, weights * (labels - value * risks) * (len(labels) / expected))


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """One point of the calibration curve.

    ``rows`` counts rows with a known outcome; ``predicted`` and ``observed`` are weighted means;
    ``low``/``high`` the Wilson interval of ``observed`` at the effective number of rows.
    """

    rows: int
    predicted: float
    observed: float
    low: float
    high: float

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)


def wilson(share: float, count: float, level: float = LEVEL) -> tuple[float, float]:
    """Wilson interval of a proportion out of ``count`` (JASA 22 (1927) 209).

    >>> [round(v, 3) for v in wilson(0.1, 50)]
    [0.043, 0.214]
    """
    if count <= 0:
        return 0.0, 1.0
    z = z_value(level)
    centre = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z * math.sqrt(share * (1 - share) / count + z**2 / (4 * count**2)) / (1 + z**2 / count)
    return max(0.0, centre - half), min(1.0, centre + half)


def equal_mass_bins(risk: FloatArray, weight: FloatArray, bins: int) -> IntArray:
    """Bin number 0 .. bins-1 of each row, about equal weight in each; equal risks stay together."""
    values, place = np.unique(risk, return_inverse=True)
    mass = np.bincount(place, weights=weight, minlength=len(values))
    middle = (np.cumsum(mass) - mass / 2) / max(mass.sum(), 1e-300)
    codes: IntArray = np.minimum((middle * bins).astype(np.int64), bins - 1)[place]
    return codes


def bin_count(rows: int) -> int:
    """Number of bins: 10, fewer in small data so that each holds about 20 rows or more."""
    return int(np.clip(rows // 20, 2, 10))


def calibration_curve(
    y: ArrayLike,
    risk: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    bins: int | None = None,
    level: float = LEVEL,
) -> tuple[CalibrationBin, ...]:
    """Predicted against observed in bins of equal mass, with Wilson intervals; for charts."""
    labels, risks, weights = checked(y, risk, weight)
    known = weights > 0
    place = equal_mass_bins(risks, weights, bins or bin_count(int(known.sum())))
    curve = []
    for one in np.unique(place[known]):
        rows = known & (place == one)
        mass = weights[rows]
        observed = float(np.clip(mass @ labels[rows] / mass.sum(), 0.0, 1.0))
        low, high = wilson(observed, float(mass.sum() ** 2 / (mass @ mass)), level)
        predicted = float(mass @ risks[rows] / mass.sum())
        curve.append(CalibrationBin(int(rows.sum()), predicted, observed, low, high))
    return tuple(curve)


def _binned_error(
    labels: FloatArray, risks: FloatArray, weights: FloatArray, place: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Plug-in and debiased expected calibration error for weights of shape (..., n)."""
    order = np.argsort(place, kind="stable")
    starts = np.flatnonzero(np.append(True, np.diff(place[order]) > 0))
    mass = weights[..., order]
    total = np.add.reduceat(mass, starts, axis=-1)
    safe = np.where(total > 0, total, 1.0)
    observed = np.add.reduceat(mass * labels[order], starts, axis=-1) / safe
    predicted = np.add.reduceat(mass * risks[order], starts, axis=-1) / safe
    effective = total**2 / np.maximum(np.add.reduceat(mass**2, starts, axis=-1), 1e-300)
    gap = np.abs(observed - predicted)
    # observed shrunk by one case and one non-case: a bin without cases is not free of noise
    steady = (observed * effective + 1) / (effective + 2)
    sd = np.sqrt(steady * (1 - steady) / np.maximum(effective, 1))
    ratio = gap / sd
    expected_gap = sd * np.sqrt(2 / np.pi) * np.exp(-(ratio**2) / 2) + gap * (2 * ndtr(ratio) - 1)
    share = total / total.sum(axis=-1, keepdims=True)
    plain = np.sum(share * gap, axis=-1)
    return plain, np.maximum(0.0, plain - np.sum(share * (expected_gap - gap), axis=-1))


def expected_calibration_error(
    y: ArrayLike,
    risk: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    bins: int | None = None,
    patients: ArrayLike | None = None,
    level: float = LEVEL,
    resamples: int = 500,
    seed: int = 0,
) -> tuple[Figure, Figure]:
    """Mean absolute gap of predicted and observed over equal-mass bins: (plug-in, debiased).

    The plug-in value is biased upward: even a perfect model shows about
    ``0.8 * sqrt(bins * p(1 - p) / n)``. The debiased value subtracts the bias expected from the
    binomial noise in each bin. Intervals: bootstrap draws centred on the value, because a
    resample carries the noise twice.

    References
    ----------
    Kumar, Liang & Ma, NeurIPS 2019, section 4 (debiasing by the normal approximation).
    """
    labels, risks, weights = checked(y, risk, weight)
    known = int((weights > 0).sum())
    if known < 20 or not 0 < labels @ weights < weights.sum():
        missing = Figure.missing("needs 20 rows with known outcome and both outcomes", level)
        return missing, missing
    place = equal_mass_bins(risks, weights, bins or bin_count(known))
    values = [float(part) for part in _binned_error(labels, risks, weights, place)]
    both = bootstrap(
        lambda times: np.column_stack(_binned_error(labels, risks, times * weights, place)),
        len(labels),
        resamples=resamples,
        seed=seed,
        patients=patients,
    )
    notes = (f"{bins or bin_count(known)} equal-mass bins; biased upward", "bias subtracted")
    figures = []
    for value, draws, note in zip(values, both.T, notes, strict=True):
        low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2]) - draws.mean() + value
        figures.append(
            Figure(value, float(np.clip(low, 0, value)), float(max(high, value)), level, note)
        )
    return figures[0], figures[1]
