"""How good were the forecasts? Proper scores of quantiles, coverage, skill and its uncertainty.

Lower scores are better and have the unit of the forecast (admissions). A score is NaN where the
truth or one of the quantiles is missing: a forecast that could not be judged is not a perfect one.

References
----------
Bracher et al., PLoS Comput Biol 17 (2021) e1008618 (weighted interval score and its three parts);
Bosse et al., PLoS Comput Biol 19 (2023) e1011393 (scores of log counts);
Cramer et al., PNAS 119 (2022) e2113561119 (pairwise relative skill); Kuensch, Ann Statist 17 (1989)
1217 (block bootstrap).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.core.errors import InputError, UsageError

Floats = NDArray[np.float64]
# The hub's 23 levels. In hundredths of a per cent, so that 0.1 is exactly 0.1.
LEVELS: Floats = np.array([100, 250, *range(500, 9501, 500), 9750, 9900]) / 10000.0
BLOCK_WEEKS = 4  # forecasts of neighbouring weeks err together: one epidemic, four horizons
DRAWS = 2000


@dataclass(frozen=True)
class Wis:
    """Weighted interval scores and the three parts they are the sum of; all of the truth's shape.

    Attributes
    ----------
    total : the score; 0 is a certain and right forecast.
    dispersion : paid for wide intervals.
    underprediction : paid where the truth lies ABOVE an interval (the forecast was too low).
    overprediction : paid where the truth lies BELOW an interval (the forecast was too high).
    """

    total: Floats
    dispersion: Floats
    underprediction: Floats
    overprediction: Floats


@dataclass(frozen=True)
class Ratio:
    """A ratio of two mean scores with a percentile bootstrap interval; below 1 the first is better.

    ``weeks`` is the number of different weeks the two were compared on. ``low`` and ``high`` are
    NaN with fewer than two blocks of weeks: one block drawn again and again would look certain.
    """

    value: float
    low: float
    high: float
    weeks: int


def wis(truth: ArrayLike, quantiles: ArrayLike, levels: Floats = LEVELS) -> Wis:
    """Weighted interval score of each forecast.

    With K central intervals and the median this is the sum of the quantile (pinball) losses over
    all levels, divided by ``K + 1/2``.

    Parameters
    ----------
    truth : (...) what happened; NaN where it is not known.
    quantiles : (..., levels) ascending along the last axis.
    levels : (levels,) symmetric around 0.5, which must be among them.

    Raises
    ------
    InputError : shapes that do not fit, levels that are not symmetric, or crossing quantiles.

    >>> float(wis([10.0], np.full((1, 23), 12.0)).total[0])
    2.0
    """
    y, q = _checked(truth, quantiles, levels)
    half = len(levels) // 2
    lower, upper = q[..., :half], q[..., :half:-1]
    weight = levels[:half] / (half + 0.5)  # alpha / 2 = the lower level of the interval
    spread = ((upper - lower) * weight).sum(axis=-1)
    # 2/alpha times alpha/2 is 1: each miss counts by its distance, whatever the interval.
    low = np.clip(lower - y[..., None], 0, None).sum(axis=-1)
    high = np.clip(y[..., None] - upper, 0, None).sum(axis=-1)
    error = y - q[..., half]
    over = (low + 0.5 * np.clip(-error, 0, None)) / (half + 0.5)
    under = (high + 0.5 * np.clip(error, 0, None)) / (half + 0.5)
    unknown = np.where(np.isnan(y), np.nan, 0.0)
    return Wis(spread + over + under, spread + unknown, under, over)


def log_wis(truth: ArrayLike, quantiles: ArrayLike, levels: Floats = LEVELS) -> Floats:
    """Weighted interval score of ``log(1 + count)``: relative errors, so small places count too.

    Negative values (corrections, a forecast without a floor) are read as 0.
    """
    y, q = _checked(truth, quantiles, levels)
    return wis(np.log1p(np.clip(y, 0, None)), np.log1p(np.clip(q, 0, None)), levels).total


def absolute_error(truth: ArrayLike, quantiles: ArrayLike, levels: Floats = LEVELS) -> Floats:
    """Distance between the truth and the median."""
    y, q = _checked(truth, quantiles, levels)
    return np.abs(y - q[..., len(levels) // 2])


def covered(
    truth: ArrayLike, quantiles: ArrayLike, interval: float, levels: Floats = LEVELS
) -> Floats:
    """1 where the central interval holds the truth (ends included), 0 where not, NaN if unknown.

    Parameters
    ----------
    interval : for example 0.95, which asks for the levels 0.025 and 0.975.

    Raises
    ------
    UsageError : the forecasts have no such interval.
    """
    y, q = _checked(truth, quantiles, levels)
    at = np.flatnonzero(np.abs(levels - (1 - interval) / 2) < 1e-9)
    if not len(at) or not 0 < interval < 1:
        known = sorted({round(float(1 - 2 * level), 3) for level in levels if level < 0.5})
        raise UsageError(
            f"The quantiles have no central interval of {interval:g}.",
            where="interval",
            allowed=[f"{one:g}" for one in known],
        )
    low, high = q[..., at[0]], q[..., -1 - at[0]]
    unknown = np.isnan(y) | np.isnan(low) | np.isnan(high)
    inside: Floats = np.where(unknown, np.nan, (low <= y) & (y <= high))
    return inside


def coverage(
    truth: ArrayLike, quantiles: ArrayLike, interval: float, levels: Floats = LEVELS
) -> float:
    """Share of the judged forecasts whose central interval held the truth; NaN if none was judged.

    A calibrated forecast has a coverage equal to ``interval``; less means too narrow.
    """
    return mean(covered(truth, quantiles, interval, levels))


def pit(truth: ArrayLike, quantiles: ArrayLike, levels: Floats = LEVELS) -> Floats:
    """Probability that the forecast gave to "at most the truth", between 0 and 1.

    Even over many forecasts when they are calibrated; heaped near 0 and 1 when too narrow. Between
    two quantiles it is interpolated; outside the outermost ones it is half of the tail's
    probability. Where several quantiles equal the truth (often 0) it is their middle.
    """
    y, q = _checked(truth, quantiles, levels)
    values, rows = y.reshape(-1), q.reshape(-1, len(levels))
    return np.array([_pit(*one, levels) for one in zip(values, rows, strict=True)]).reshape(y.shape)


def mean(scores: ArrayLike) -> float:
    """Mean over the scores that are known; NaN when none is."""
    known = np.asarray(scores, dtype=np.float64)
    known = known[~np.isnan(known)]
    return float(known.mean()) if len(known) else float("nan")


def relative_skill(scores: ArrayLike, names: Sequence[str], baseline: str) -> dict[str, float]:
    """Pairwise relative skill of several models, scaled so that the baseline has 1.

    Each pair is compared on the tasks both answered: the ratio of their mean scores. A model's
    skill is the geometric mean of its ratios to all models (itself included, which is 1), divided
    by the baseline's. Below 1 is better. A model that shares no task with another has NaN.

    Parameters
    ----------
    scores : (models, tasks) scores, NaN where a model gave no forecast.
    names : (models,) names.
    baseline : one of ``names``.

    Raises
    ------
    UsageError : the baseline is not among the models.
    """
    table = np.asarray(scores, dtype=np.float64)
    if baseline not in names or table.shape[0] != len(names):
        raise UsageError(
            f"There is no model {baseline!r} to compare with.",
            where="baseline",
            allowed=list(names),
        )
    logs = np.array([[_log_ratio(one, other) for other in table] for one in table])
    theta = logs.mean(axis=1)
    scaled = np.exp(theta - theta[list(names).index(baseline)])
    return dict(zip(names, map(float, scaled), strict=True))


def bootstrap_ratio(
    model: ArrayLike,
    baseline: ArrayLike,
    week: ArrayLike,
    *,
    level: float = 0.95,
    block: int = BLOCK_WEEKS,
    draws: int = DRAWS,
    seed: int = 0,
) -> Ratio:
    """Mean score of a model over the baseline's, with an interval from blocks of weeks.

    Whole runs of ``block`` neighbouring weeks are drawn with replacement (circular), because the
    errors of places and of neighbouring weeks are not independent; rows are tasks.

    Parameters
    ----------
    model, baseline : (tasks,) scores; a task that one of them lacks (NaN) is left out of both.
    week : (tasks,) the week of each task, for example its reference date; any sortable labels.

    Raises
    ------
    InputError : no task in common.
    """
    a, b = np.asarray(model, dtype=np.float64), np.asarray(baseline, dtype=np.float64)
    both = ~(np.isnan(a) | np.isnan(b))
    if not both.any():
        raise InputError(
            "The two forecasts have no judged task in common.",
            where="scores",
            allowed="at least one place, horizon and week that both forecast",
        )
    weeks, at = np.unique(np.asarray(week)[both], return_inverse=True)
    top, bottom = np.bincount(at, a[both]), np.bincount(at, b[both])
    picked = block_draws(len(weeks), block=block, draws=draws, seed=seed)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = top[picked].sum(axis=1) / bottom[picked].sum(axis=1)
        value = float(np.divide(top.sum(), bottom.sum()))
    tails = [50 * (1 - level), 50 * (1 + level)]
    enough = len(weeks) >= 2 * block and np.isfinite(ratios).any()
    low, high = np.nanpercentile(ratios, tails) if enough else (np.nan, np.nan)
    return Ratio(value, float(low), float(high), len(weeks))


def block_draws(
    weeks: int, *, block: int = BLOCK_WEEKS, draws: int = DRAWS, seed: int = 0
) -> NDArray[np.intp]:
    """(draws, weeks) positions of weeks, drawn as circular blocks of ``block`` neighbours."""
    size = max(1, min(block, weeks))
    number = -(-weeks // size)
    starts = np.random.default_rng(seed).integers(0, weeks, size=(draws, number))
    whole = (starts[:, :, None] + np.arange(size)) % weeks
    picked: NDArray[np.intp] = whole.reshape(draws, -1)[:, :weeks]
    return picked


def _log_ratio(one: Floats, other: Floats) -> float:
    both = ~(np.isnan(one) | np.isnan(other))
    if not both.any():
        return float("nan")
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.log(one[both].mean()) - np.log(other[both].mean()))


def _pit(value: float, row: Floats, levels: Floats) -> float:
    if np.isnan(value) or np.isnan(row).any():
        return float("nan")
    if value < row[0]:
        return float(levels[0] / 2)
    if value > row[-1]:
        return float((1 + levels[-1]) / 2)
    same = levels[row == value]
    if len(same):
        return float((same[0] + same[-1]) / 2)
    return float(np.interp(value, row, levels))


def _checked(truth: ArrayLike, quantiles: ArrayLike, levels: Floats) -> tuple[Floats, Floats]:
    y, q = np.asarray(truth, dtype=np.float64), np.asarray(quantiles, dtype=np.float64)
    if q.shape != (*y.shape, len(levels)):
        raise InputError(
            f"Quantiles of shape {q.shape} do not fit a truth of shape {y.shape}.",
            where="quantiles",
            allowed=f"(..., {len(levels)}), one value a level",
        )
    even = np.allclose(levels + levels[::-1], 1.0) and len(levels) % 2 == 1
    if not even or np.any(np.diff(levels) <= 0):
        raise InputError(
            "The quantile levels are not symmetric around the median.",
            where="levels",
            allowed="ascending, with 0.5, and with 1 - p for each p",
        )
    if np.any(np.diff(q, axis=-1) < -1e-9):
        raise InputError(
            f"{int((np.diff(q, axis=-1) < -1e-9).any(axis=-1).sum())} forecasts cross.",
            where="quantiles",
            allowed="a higher level has an equal or higher value",
            next_step="Sort the quantiles of each forecast before scoring.",
        )
    return y, q
