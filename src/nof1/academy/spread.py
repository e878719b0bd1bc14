"""Figures over chances, times and worth, each with its spread; the small parts of ``scores``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.special import stdtrit

from nof1.academy.answers import Asked, Pair
from nof1.academy.posterior import LEVEL, Share, share
from nof1.learn.figures import Figure
from nof1.learn.sums import FloatArray

FEWEST = 8  # cases for a mean with an interval
EDGES = (0.0, 0.1, 0.2, 0.4, 0.6, 1.0)  # of the table of chances; the last part holds 1, too


@dataclass(frozen=True, slots=True)
class Said:
    """One line of the calibration table: what was said from ``low`` to ``high``.

    ``said`` is the mean chance said, ``happened`` the share of outcomes, ``true`` the mean true
    risk, all 0 to 1; the means are None in an empty line.
    """

    low: float
    high: float
    said: float | None
    happened: Share
    true: float | None

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {**asdict(self), "happened": self.happened.to_dict()}


@dataclass(frozen=True, slots=True)
class Worth:
    """True cases treated for each 100 patients, net of needless actions (higher is better).

    ``before`` and ``after`` are the reader's acts, ``card`` following every card, ``best`` acting
    by the true risk. By the true risk, not by the outcomes, so that chance plays no part.
    """

    before: float
    after: float
    card: float
    best: float

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)


def mean_figure(values: FloatArray) -> Figure:
    """The mean with Student's interval; cases are taken as independent."""
    count = len(values)
    if count < FEWEST:
        return Figure.missing(f"too few cases to say ({count} of at least {FEWEST})")
    half = float(stdtrit(count - 1, (1 + LEVEL) / 2)) * float(values.std(ddof=1)) / math.sqrt(count)
    mean = float(values.mean())
    return Figure(mean, max(mean - half, 0.0), mean + half, LEVEL)


def table(said: FloatArray, outcome: FloatArray, risk: FloatArray) -> list[Said]:
    """What was said against what happened, in fixed parts. Arrays (n,): chance, 0/1, true risk."""
    rows = []
    place = np.digitize(said, EDGES[1:-1])
    for part, (low, high) in enumerate(pairwise(EDGES)):
        here = place == part
        count = int(here.sum())
        means = [float(one[here].mean()) if count else None for one in (said, risk)]
        rows.append(Said(low, high, means[0], share(int(outcome[here].sum()), count), means[1]))
    return rows


def middle(seconds: Sequence[float]) -> tuple[float, float, float] | None:
    """Lower quartile, median and upper quartile; None of nothing."""
    if not seconds:
        return None
    low, half, high = np.quantile(seconds, [0.25, 0.5, 0.75])
    return float(low), float(half), float(high)


def gain(case: Asked) -> float:
    """What acting in this case is worth, in true cases treated; below 0 it harms."""
    return (case.truth.risk - case.threshold) / (1 - case.threshold)


def worth(pairs: Sequence[Pair]) -> Worth | None:
    """The worth of the acts, for each 100 patients; None of nothing."""
    if not pairs:
        return None
    gains = np.array([gain(case) for case, _ in pairs])
    acts = {
        "before": [answer.before.act for _, answer in pairs],
        "after": [answer.after.act for _, answer in pairs],
        "card": [case.advised for case, _ in pairs],
        "best": [case.truth.right for case, _ in pairs],
    }
    return Worth(**{name: 100 * float(gains @ np.array(one)) / len(gains)
                    for name, one in acts.items()})  # fmt: skip
