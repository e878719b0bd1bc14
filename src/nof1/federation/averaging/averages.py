"""Federated averaging: every site takes a few steps on its own data, and the weights are averaged.

Used for deep networks, where an exact sum would cost one round for every step. The result is
**not** the model of the pooled data: sites that differ pull their copies apart between two averages
(McMahan et al., AISTATS 2017; Li et al., ICLR 2020). What can be exact is in ``exact``.

What a site sends is its weighted *change*, cut to a norm that all know; the average of such changes
cannot be longer, so a total that is longer was poisoned, and every site sees it and stops.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nof1.core.errors import ModelError
from nof1.federation.averaging.joint import Joint
from nof1.learn.sums import FloatArray

Step = Callable[[FloatArray, int], FloatArray]
"""(shared weights, round) -> the site's own weights after its local steps."""
Judge = Callable[[FloatArray], tuple[float, float]]
"""weights -> (summed loss, number of rows) of the site's validation rows."""
SLACK = 1e-6  # of the bound, for rounding


@dataclass(frozen=True)
class Course:
    """How an averaging goes.

    Attributes
    ----------
    rounds : at most. patience : rounds without a better validation loss before it stops.
    bound : largest Euclidean norm of one site's change in one round.
    """

    rounds: int = 40
    patience: int = 8
    bound: float = 10.0


@dataclass(frozen=True, eq=False)
class Averaged:
    """The best weights (n,), the validation losses (mean over rows) before and after each round,
    which of them is the best, and how many training rows all sites have."""

    weights: FloatArray
    losses: tuple[float, ...]
    best: int
    rows: int


def average(
    start: FloatArray, step: Step, judge: Judge, rows: int, course: Course, joint: Joint
) -> Averaged:
    """Average until the validation loss of all sites no longer falls; called at every site.

    Parameters
    ----------
    start : (n,) the same at all sites.
    rows : training rows of this site, its weight in the average; 0 joins without being counted.

    Raises
    ------
    ModelError : no site has training or validation rows; a site's change, or the total, holds what
        cannot be.
    """
    weights = best = np.array(start, dtype=np.float64)
    losses, whole = [_loss(joint, judge, weights)], _whole(joint, rows)
    found = 0
    for number in range(course.rounds):
        change = clipped(step(weights, number) - weights, course.bound) if rows else 0.0 * weights
        weights = weights + _mean(joint, change, rows, whole, course.bound)
        losses.append(_loss(joint, judge, weights))
        if losses[-1] < losses[found]:
            found, best = number + 1, weights
        elif number + 1 - found >= course.patience:
            break
    return Averaged(best, tuple(losses), found, whole)


def clipped(change: FloatArray, bound: float) -> FloatArray:
    """The change, shortened to the bound.

    Raises
    ------
    ModelError : NaN or infinity. Nothing is sent then.
    """
    if not np.isfinite(change).all():
        raise ModelError(
            "The training went astray at this site: a weight is no number.",
            where="federation",
            next_step="Look at the site's data for extreme values; lower the learning rate.",
        )
    norm = length(change)
    return change * (bound / norm) if norm > bound else change


def length(vector: FloatArray) -> float:
    """The Euclidean norm, the same on every processor."""
    return math.sqrt(math.fsum(np.square(vector).tolist()))


def _whole(joint: Joint, rows: int) -> int:
    (total,) = joint.sums(np.array([float(rows)]))
    if total[0] < 1:
        raise ModelError("No site has rows to train on.", where="federation")
    return round(float(total[0]))


def _mean(joint: Joint, change: FloatArray, rows: int, whole: int, bound: float) -> FloatArray:
    """The average change, checked against what honest sites can add up to."""
    total, weight = joint.sums(rows * change, np.array([float(rows)]))
    mean = total / whole
    if round(float(weight[0])) != whole or length(mean) > bound * (1 + SLACK):
        raise ModelError(
            "A site's update is not what an honest site sends: the total is out of bounds.",
            where="federation",
            allowed=f"an average change of at most {bound:g}, with the weights of the start",
            next_step="Stop the federation and compare the sites; the masks hide which one it was.",
        )
    return mean


def _loss(joint: Joint, judge: Judge, weights: FloatArray) -> float:
    (summed,) = joint.sums(np.array(judge(weights), dtype=np.float64))
    if summed[1] < 1:
        raise ModelError("No site has rows for validation.", where="federation")
    return float(summed[0] / summed[1])
