"""What became of each person by the horizon, and how much those who are known must stand for.

Leaving an option (per protocol) and the end of observation both hide the outcome. People who
stayed get the inverse of their chance to stay, which depends on what is known of them.

Reference: Robins & Finkelstein, Biometrics 56 (2000) 779.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1.learn.censoring import censoring_curve
from nof1.learn.sums import FloatArray, SecureSum, local_sum
from nof1.learn.survival import LinearSurvival
from nof1.predict.dataset import Dataset, Rows
from nof1.predict.effect.question import EffectTask

TIMES = 512  # cells of the censoring curve up to the horizon
LEAST_STAY = 0.05  # nobody stands for more than 20 people who left
LEAST_LEAVERS = 20


@dataclass(frozen=True)
class Known:
    """Outcome ``y`` (n,) and weight (n,); a weight of 0 means that it is not known."""

    y: FloatArray
    weight: FloatArray
    left: int


def outcome(
    question: EffectTask,
    data: Dataset,
    treated: FloatArray,
    left_days: FloatArray,
    keys: Rows,
    total: SecureSum = local_sum,
) -> Known:
    """The outcome of the estimand.

    Parameters
    ----------
    treated, left_days : (n,) see ``trial.Trial``.
    """
    found, horizon = data.outcome, question.estimand.horizon_days
    if found.kind == "binary":
        weight = np.ones(len(found.label))
        left = left_days < np.minimum(found.duration_days, horizon)
        if _anywhere(left, total):
            weight = _stay(data, treated, found.duration_days, left_days, horizon, keys, total)
        return Known(found.label, weight * ~left, int(left.sum()))
    days, cause = found.duration_days, found.cause
    left = left_days < np.minimum(days, horizon)
    seen, why = np.where(left, left_days, days), np.where(left, 0, cause)
    weight = _observed(seen, np.where(left, 1, why), horizon, total)
    if _anywhere(left, total):
        weight = weight * _stay(data, treated, days, left_days, horizon, keys, total)
    known = (why > 0) | (seen >= horizon)
    if question.estimand.measure == "restricted_mean":
        return Known(np.minimum(seen, horizon), weight * known, int(left.sum()))
    return Known(((why == 1) & (seen <= horizon)).astype(float), weight * known, int(left.sum()))


def _anywhere(left: NDArray[np.bool_], total: SecureSum) -> bool:
    """Whether anybody left at any site: all sites then weight, or none."""
    return bool(total(np.array([float(left.sum())]))[0] > 0)


def _observed(seen: FloatArray, why: FloatArray, horizon: float, total: SecureSum) -> FloatArray:
    """Inverse of the chance to be observed until the own end or the horizon."""
    grid = np.append(np.linspace(0, horizon, TIMES + 1)[1:], 100 * horizon)
    curve = censoring_curve(seen, why, grid_days=grid, secure_sum=total)
    return 1 / np.maximum(curve.before(np.minimum(seen, horizon)), 1e-9)


def _stay(
    data: Dataset, treated: FloatArray, days: FloatArray, left_days: FloatArray, horizon: float,
    keys: Rows, total: SecureSum,
) -> FloatArray:  # fmt: skip
    """Inverse of the chance not to have left the option until the own end or the horizon."""
    end = np.minimum(np.minimum(days, horizon), left_days)
    gone = (left_days < np.minimum(days, horizon)).astype(np.int64)
    leavers = total(np.array([gone.sum(), len(gone) - gone.sum()], dtype=np.float64))
    if leavers.min() < LEAST_LEAVERS:
        return np.ones(len(days))
    X = np.column_stack([data.X, treated])
    names = (*data.columns, "treatment")
    model = LinearSurvival().fit(
        X, (np.maximum(end, 1e-3), gone), names, keys=keys, secure_sum=total
    )
    grid = np.linspace(0, horizon, 65)[1:]
    stays = model.predict_survival(X, grid)
    place = np.clip(np.searchsorted(grid, end, side="left") - 1, -1, len(grid) - 1)
    own = np.where(place < 0, 1.0, stays[np.arange(len(end)), np.maximum(place, 0)])
    return np.asarray(1 / np.maximum(own, LEAST_STAY))
