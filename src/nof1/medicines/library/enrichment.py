"""How well a ranking finds the actives early: enrichment factor, BEDROC, AUROC.

All three are a mean over the actives of what each one's place in the list is worth. So their
interval is a bootstrap over the actives, whole chemical series at a time, for this list of others;
and two rankings of the same molecules are compared active by active.

References
----------
Truchon & Bayly, J. Chem. Inf. Model. 47 (2007) 488 (BEDROC; alpha 20 gives the first 8 % of the
list four fifths of the weight). The enrichment factor is the share of the actives in the first 1 %,
divided by 1 %. Places of equal scores are shared.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.learn.figures import LEVEL, Figure, bootstrap, percentile_figure

ALPHA = 20.0
FIRST = 0.01
MEASURES = ("ef1", "bedroc", "auroc")
RESAMPLES = 1000
Values = NDArray[np.float64]


def worth(actives: ArrayLike, others: ArrayLike) -> dict[str, Values]:
    """What the place of each active is worth: measure -> (n,); the mean is the measure.

    Parameters
    ----------
    actives, others : scores of the actives (n,) and of all others (m,); higher is better.
    """
    good, rest = np.asarray(actives, float), np.asarray(others, float)
    everything = np.concatenate([good, rest])
    n, size = len(good), len(everything)
    top = max(1, math.ceil(FIRST * size))
    first = np.where(np.arange(size) < top, size / top, 0.0)
    early = np.exp(-ALPHA * (np.arange(size) + 1) / size)
    slope, start = _bedroc_scale(n / size, size)
    ordered = np.sort(rest)
    below = np.searchsorted(ordered, good, "left") + np.searchsorted(ordered, good, "right")
    return {
        "ef1": _at_places(everything, first)[:n],
        "bedroc": _at_places(everything, early)[:n] * slope + start,
        "auroc": below / (2 * max(len(rest), 1)),
    }


def by_chance(actives: int, others: int) -> dict[str, float]:
    """What a random order gives on average."""
    size = actives + others
    slope, start = _bedroc_scale(actives / size, size)
    early = np.exp(-ALPHA * (np.arange(size) + 1) / size)
    return {"ef1": 1.0, "bedroc": float(early.mean() * slope + start), "auroc": 0.5}


def figure(values: Values, series: Sequence[str], seed: int = 0, level: float = LEVEL) -> Figure:
    """The mean over the actives with its bootstrap interval, as a difference may be: unlimited.

    Parameters
    ----------
    values : (n,) what each active's place is worth, or a difference of two rankings.
    series : (n,) the chemical series of each; a series is drawn as a whole.
    """
    if len(set(series)) < 2:
        return Figure.missing("all actives are of one chemical series", level)
    draws = bootstrap(
        lambda times: times @ values / np.maximum(times.sum(axis=1), 1),
        len(values),
        resamples=RESAMPLES,
        seed=seed,
        patients=np.asarray(series),
    )
    return percentile_figure(float(values.mean()), draws, level)


def share(values: Values, series: Sequence[str], seed: int = 0, level: float = LEVEL) -> Figure:
    """As :func:`figure`, for BEDROC and AUROC: a resample cannot be better than 1."""
    found = figure(values, series, seed, level)
    if found.value is None or found.low is None or found.high is None:
        return found
    return replace(found, low=max(found.low, 0.0), high=min(found.high, 1.0))


def _at_places(scores: Values, weights: Values) -> Values:
    """The weight of each one's place; equal scores get the mean weight of their places."""
    _, group, times = np.unique(-scores, return_inverse=True, return_counts=True)
    ends = np.cumsum(times)
    total = np.concatenate([[0.0], np.cumsum(weights)])
    shared = (total[ends] - total[ends - times]) / times
    found: Values = shared[group]
    return found


def _bedroc_scale(share: float, size: int) -> tuple[float, float]:
    """BEDROC is this slope times the mean of ``exp(-alpha place / size)``, plus this start."""
    chance = (1 - math.exp(-ALPHA)) / math.expm1(ALPHA / size) / size
    half = ALPHA / 2
    spread = math.cosh(half) - math.cosh(half - ALPHA * share)
    slope = share * math.sinh(half) / spread / chance
    return slope, 1 / (1 - math.exp(ALPHA * (1 - share)))
