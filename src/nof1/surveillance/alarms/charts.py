"""CUSUM and generalised likelihood ratio charts: they add up evidence over weeks.

Counts with in-control mean mu (changing with the season) and variance mu + alpha mu^2. After an
alarm the chart starts again at zero. Method: Hoehle and Paul 2008 (CSDA 52:4357); the chart with a
known size of change is Lucas' and Rossi's CUSUM in likelihood form.

A chart has no p for a single week: what a limit promises is a run length. ``docs/alarms.md`` gives
the measured share of false alarms a year for the limits used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import UsageError
from nof1.surveillance.alarms import seasonal
from nof1.surveillance.alarms.compiled import compiled
from nof1.surveillance.alarms.tested import Bools, Floats, Reason, Tested
from nof1.surveillance.series import Dates

LEAST_TRAINING = 104
SMALLEST = -18.0  # log of a factor that stands for "no cases at all"
POISSON = 1e-8  # below this the extra variance is not looked at


@dataclass(frozen=True)
class Chart:
    """The settings of a chart.

    Attributes
    ----------
    kind : ``"cusum"`` for a known size of change, ``"glr"`` for an unknown one.
    factor : the rise that the CUSUM is built to find, as a factor of the mean.
    limit : alarm when the statistic reaches it (R: ``c.ARL``).
    longest : weeks that the GLR looks back.
    distribution : ``"nb"``, or ``"poisson"`` (no extra variance).
    """

    kind: Literal["cusum", "glr"] = "glr"
    factor: float = 2.0
    limit: float = 5.0
    longest: int = 26
    distribution: Literal["nb", "poisson"] = "nb"

    def __post_init__(self) -> None:
        if not (self.factor > 1 and self.limit > 0 and self.longest > 0):
            raise UsageError(
                "These settings of a chart are not allowed.",
                allowed="factor above 1, limit above 0, a memory of 1 week or more",
            )


def judge(
    dates: Dates,
    values: Floats,
    tests: NDArray[np.int64],
    rule: Chart,
    *,
    excluded: Bools | None = None,
    share: Floats | None = None,
) -> Tested:
    """Run the charts over ``tests`` (ascending); see ``farrington.judge`` for the shapes.

    All weeks before the first tested one teach the season; ``excluded`` ones do not.
    """
    first = int(tests[0]) if len(tests) else 0
    past = np.where(values[:first] >= 0, values[:first], np.nan)
    if excluded is not None:
        past = np.where(excluded[:first], np.nan, past)
    model = seasonal.fit(dates[:first], past)
    mean = model.mean(dates[tests])
    if share is not None:
        mean = mean * share
    extra = model.extra if rule.distribution == "nb" else np.zeros(values.shape[1])
    counts = np.where(values[tests] >= 0, values[tests], np.nan)
    statistic, alarm, needed = run(counts, mean, extra, rule)
    result = Tested(
        dates=dates[tests],
        observed=values[tests],
        expected=mean,
        upper=needed,
        p=np.full(mean.shape, np.nan),
        dispersion=1.0 + extra * mean,
        alarm=alarm,
        few=np.zeros(mean.shape, bool),
        reason=np.zeros(mean.shape, np.int8),
        parts={"statistic": statistic},
    )
    _refuse(result, past)
    return result


def _refuse(result: Tested, past: Floats) -> None:
    weeks = (~np.isnan(past)).sum(axis=0)
    shape = result.observed.shape
    empty = np.broadcast_to(np.nansum(past, axis=0) == 0, shape)
    result.refuse(np.isnan(result.observed), Reason.NO_REPORT)
    result.refuse(result.observed < 0, Reason.NEGATIVE)
    result.refuse(np.broadcast_to(weeks < LEAST_TRAINING, shape), Reason.SHORT)
    result.refuse(empty & (result.observed > 0), Reason.FIRST_CASES)
    result.refuse(empty, Reason.ALL_ZERO)
    result.refuse(np.isnan(result.expected), Reason.NOT_FITTED)


def run(counts: Floats, mean: Floats, extra: Floats, rule: Chart) -> tuple[Floats, Bools, Floats]:
    """Statistic, alarms, and the count that an alarm needs in each week; all (weeks, series).

    Parameters
    ----------
    counts : (weeks, series); NaN: the chart stands still.
    mean : (weeks, series) in-control means.
    extra : (series,) alpha of variance = mean + alpha mean^2; 0: Poisson.
    """
    statistic, needed = np.zeros((2, *counts.shape))
    alarm = np.zeros(counts.shape, bool)
    if rule.kind == "cusum":
        _cusum(counts, mean, extra, np.log(rule.factor), rule.limit, statistic, alarm, needed)
    else:
        _glr(counts, mean, extra, rule.longest, rule.limit, statistic, alarm, needed)
    return statistic, alarm, needed


@compiled
def gain(count, mean, extra, kappa):  # type: ignore[no-untyped-def]
    """Log-likelihood ratio of one week for a mean that is exp(kappa) times as high."""
    if extra <= POISSON:
        return kappa * count + (1.0 - np.exp(kappa)) * mean
    ratio = np.log1p(extra * mean) - np.log1p(extra * mean * np.exp(kappa))
    return kappa * count + (count + 1.0 / extra) * ratio


@compiled
def best_change(count, mean, extra, first, last, kappa):  # type: ignore[no-untyped-def]
    """Most likely kappa >= 0 of the weeks ``first`` to ``last``, by Newton's method."""
    total, expected, slope = 0.0, 0.0, 0.0
    for i in range(first, last + 1):
        if count[i] == count[i]:
            total += count[i]
            expected += mean[i]
            slope += (count[i] - mean[i]) / (1.0 + extra * mean[i])
    if slope <= 0 or expected <= 0:  # the likelihood falls from the start, and it is concave
        return 0.0
    if extra <= POISSON:
        return np.log(total / expected)
    kappa = max(kappa, 0.01)
    for _ in range(100):
        slope, curve = 0.0, 0.0
        for i in range(first, last + 1):
            if count[i] == count[i]:
                higher = mean[i] * np.exp(kappa)
                below = 1.0 + extra * higher
                slope += (count[i] - higher) / below
                curve += higher * (1.0 + extra * count[i]) / (below * below)
        step = max(min(slope / curve, 2.0), -2.0)
        kappa += step
        if abs(step) < 1e-9 or kappa < SMALLEST:
            break
    return max(kappa, 0.0)


@compiled
def ratio(count, mean, extra, start, last, longest):  # type: ignore[no-untyped-def]
    """Largest log-likelihood ratio over all beginnings of the change."""
    best, kappa = 0.0, 0.5
    for first in range(last, max(start, last - longest) - 1, -1):
        kappa = best_change(count, mean, extra, first, last, kappa)
        total = 0.0
        for i in range(first, last + 1):
            if count[i] == count[i]:
                total += gain(count[i], mean[i], extra, kappa)
        best = max(best, total)
    return best


@compiled
def _glr(counts, means, extras, longest, limit, statistic, alarm, needed):  # type: ignore[no-untyped-def]
    weeks, series = counts.shape
    for s in range(series):
        start = 0
        count, mean = counts[:, s].copy(), means[:, s].copy()
        for t in range(weeks):
            needed[t, s] = np.nan
            if not (count[t] == count[t] and mean[t] == mean[t]):
                continue
            statistic[t, s] = ratio(count, mean, extras[s], start, t, longest)
            alarm[t, s] = statistic[t, s] >= limit
            if t == weeks - 1:  # costly, so for the newest week only
                kept, low, high = count[t], -1.0, 1.0
                count[t] = high
                while ratio(count, mean, extras[s], start, t, longest) < limit and high < 1e9:
                    low, high = high, high * 2.0
                    count[t] = high
                while high - low > 1.0:
                    count[t] = np.floor((low + high) / 2.0)
                    if ratio(count, mean, extras[s], start, t, longest) < limit:
                        low = count[t]
                    else:
                        high = count[t]
                count[t] = kept
                needed[t, s] = max(high - 1.0, 0.0)
            if alarm[t, s]:
                start = t + 1


@compiled
def _cusum(counts, means, extras, kappa, limit, statistic, alarm, needed):  # type: ignore[no-untyped-def]
    weeks, series = counts.shape
    for s in range(series):
        before = 0.0
        for t in range(weeks):
            needed[t, s] = np.nan
            if not (counts[t, s] == counts[t, s] and means[t, s] == means[t, s]):
                continue
            none = gain(0.0, means[t, s], extras[s], kappa)
            each = gain(1.0, means[t, s], extras[s], kappa) - none
            now = max(0.0, before + none + each * counts[t, s])
            statistic[t, s] = now
            alarm[t, s] = now >= limit
            needed[t, s] = max(np.ceil((limit - before - none) / each) - 1.0, 0.0)
            before = 0.0 if alarm[t, s] else now
