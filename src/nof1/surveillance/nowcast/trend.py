"""What the days around suggest for each day: weekday of onset x local exponential growth.

A quasi-Poisson regression with a kernel in time and the share already reported as offset, so that
half-reported days count with what they hold and no more. It borrows strength where the delay
correction alone would be a few reports times a large factor.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
WINDOW = 56  # days that are looked at
KERNEL_DAYS = 8.0  # a day's weight falls by e in this time
WEEKDAY_DAYS = 35.0  # the same for the weekday pattern, which changes slowly
WEEKDAY_COUNTS = 30.0  # counts at which a unit's own weekday pattern counts as much as all units'
SPREAD = 0.005  # squared relative scatter of a day around a smooth curve
DELAY_SPREAD = 0.02  # squared relative error of the delay correction at half reported
SLOPE_SD = 0.05  # prior for the growth rate per day around 0
STEPS = 6  # of Newton; the curve settles within five
LARGE = 20.0  # of a logarithm


def weekday_pattern(finals: Floats, weights: Floats, weekdays: NDArray[np.int64]) -> Floats:
    """(days, units, 7) size of each weekday of onset relative to the mean of its week.

    Parameters
    ----------
    finals : (days, units, window) estimated final counts, newest first.
    weights : same shape; how much each may say.
    weekdays : (days, window) 0 = Monday.
    """
    sums = np.cumsum(np.concatenate([np.zeros_like(finals[..., :1]), finals], axis=2), axis=2)
    centred = (sums[..., 7:] - sums[..., :-7]) / 7
    middle, weight = finals[..., 3:-3], weights[..., 3:-3]
    hot = np.eye(7)[weekdays[:, 3:-3]]  # days, window, 7
    above = np.einsum("auw,awj->auj", weight * middle, hot)
    below = np.einsum("auw,awj->auj", weight * centred, hot)
    pooled = (above.sum(1) + 1) / (below.sum(1) + 1)
    pattern = (above + WEEKDAY_COUNTS * pooled[:, None]) / (below + WEEKDAY_COUNTS)
    pattern /= pattern.mean(axis=2, keepdims=True)
    found: Floats = pattern
    return found


def local_trend(
    reported: Floats, complete: Floats, pattern: Floats, leaning: Floats | float = 0.0
) -> Floats:
    """Expected final counts (..., window), newest first, from a local log-linear fit.

    Parameters
    ----------
    reported : (..., window) counts so far, newest first.
    complete : same shape; expected share reported, above 0.
    pattern : same shape; size of the weekday.
    leaning : (...) growth rate per day towards which few counts lean.
    """
    level, slope = _line(reported, complete, pattern, leaning)
    back = np.arange(reported.shape[-1], dtype=float)
    curve = np.exp(np.clip(level[..., None] - slope[..., None] * back, -LARGE, LARGE))
    expected: Floats = pattern * curve
    return expected


def common_growth(reported: Floats, complete: Floats, pattern: Floats) -> Floats:
    """(..., 1) growth rate per day of all units together; 0 where there is only one.

    An epidemic that grows everywhere is seen in the sum long before it is seen in a small place;
    a place that leaned on no growth instead would lag behind it.

    Parameters
    ----------
    reported, complete, pattern : (..., units, window), see ``local_trend``.
    """
    if reported.shape[-2] == 1:
        return np.zeros((*reported.shape[:-2], 1))
    kernel = np.exp(-np.arange(reported.shape[-1]) / KERNEL_DAYS)
    size = _level(reported, complete * pattern, kernel)[..., None]
    full = (size * pattern).sum(-2, keepdims=True)
    share = (size * pattern * complete).sum(-2, keepdims=True) / full
    together = full / size.sum(-2, keepdims=True)
    slope: Floats = _line(reported.sum(-2, keepdims=True), share, together, 0.0)[1]
    return slope


def _level(reported: Floats, offset: Floats, kernel: Floats) -> Floats:
    counts = np.maximum((kernel * reported).sum(-1), 0)
    level: Floats = (counts + 0.5) / (kernel * offset).sum(-1)
    return level


def _line(
    reported: Floats, complete: Floats, pattern: Floats, leaning: Floats | float
) -> tuple[Floats, Floats]:
    """Log level today and growth rate per day, by Newton's steps."""
    back = np.arange(reported.shape[-1], dtype=float)
    kernel = np.exp(-back / KERNEL_DAYS)
    offset = complete * pattern
    spread = SPREAD + DELAY_SPREAD * np.maximum(1 - complete, 0) / complete
    level = np.log(_level(reported, offset, kernel))
    slope = np.zeros_like(level) + leaning
    for _ in range(STEPS):
        log_mean = np.clip(level[..., None] - slope[..., None] * back, -LARGE, LARGE)
        mean = offset * np.exp(log_mean)
        weight = kernel * mean / (1 + mean * spread)
        miss = weight * (reported - mean) / mean
        away = (slope - leaning) / SLOPE_SD**2
        gain = np.stack([miss.sum(-1), -(miss * back).sum(-1) - away], -1)
        cross = -(weight * back).sum(-1)
        sums = weight.sum(-1) + 1e-6
        squares = (weight * back**2).sum(-1) + 1 / SLOPE_SD**2
        divisor = sums * squares - cross**2
        level = level + np.clip((squares * gain[..., 0] - cross * gain[..., 1]) / divisor, -2, 2)
        slope = slope + np.clip((sums * gain[..., 1] - cross * gain[..., 0]) / divisor, -0.5, 0.5)
    return level, slope
