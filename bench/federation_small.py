"""What a site can make of a joint model with its own patients: recalibrate it, choose, or mix.

Everything here is fitted on a site's own learning rows, from decisions out of fold, and needs no
other site.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.federation_groups import FloatArray
from nof1.learn.linear import newton
from nof1.learn.objectives import sigmoid
from nof1.learn.recalibrate import LogisticRecalibration

INTERCEPT_PRIOR, SLOPE_PRIOR = 0.25, 4.0
"""Precision of the belief that the joint model needs no change at a site (s.d. 2 and 1/2)."""

MARGIN = 1.0
"""A site leaves the joint model only when its own is better by this many standard errors."""


@dataclass(frozen=True)
class OutOfFold:
    """A site's learning rows, each decided on by models that have not seen it.

    Attributes
    ----------
    joint, own : (n,) log odds of the joint model, of the site's own.
    y, weight : (n,) outcome by the horizon; censoring weight, 0 where it is not known.
    fold : (n,).
    """

    joint: FloatArray
    own: FloatArray
    y: FloatArray
    weight: FloatArray
    fold: FloatArray


def recalibrated(seen: OutOfFold, rows: FloatArray | None = None) -> LogisticRecalibration:
    """Intercept and slope of the joint model at this site."""
    chosen = np.ones(len(seen.y), bool) if rows is None else rows
    return LogisticRecalibration.fit(seen.joint[chosen], seen.y[chosen], seen.weight[chosen])


def shifted(seen: OutOfFold) -> float:
    """The change of the joint model's intercept alone at this site, in log odds."""
    change = 0.0
    for _ in range(50):
        risk = sigmoid(seen.joint + change)
        slope = seen.weight @ (risk - seen.y) + INTERCEPT_PRIOR * change
        change -= float(slope / (seen.weight @ (risk * (1 - risk)) + INTERCEPT_PRIOR))
    return change


def prefers_own(seen: OutOfFold) -> bool:
    """Whether the site's own model is clearly better out of fold than the recalibrated joint one.

    Judged by log loss; the recalibration is fitted on the other folds.
    """
    joint = np.empty(len(seen.y))
    for fold in np.unique(seen.fold):
        here = seen.fold == fold
        joint[here] = recalibrated(seen, ~here).logit(seen.joint[here])
    gap = seen.weight * (_loss(seen.own, seen.y) - _loss(joint, seen.y))
    error = gap.std(ddof=1) / np.sqrt(len(gap))
    return bool(gap.mean() < -MARGIN * error)


def _loss(score: FloatArray, y: FloatArray) -> FloatArray:
    return np.asarray(np.logaddexp(0, np.where(y == 1, -score, score)))


def mixed(seen: OutOfFold) -> FloatArray:
    """Intercept, weight of the joint and weight of the own model (3,), drawn towards (0, 1, 0)."""
    return _weighed(seen, np.array([0.0, 1.0, 0.0]))


def blended(seen: OutOfFold) -> FloatArray:
    """As ``mixed``, drawn towards half of each model.

    Log odds of two models that err differently are better averaged than either alone; a site with
    few rows then starts from that average and not from the joint model.
    """
    return _weighed(seen, np.array([0.0, 0.5, 0.5]))


def _weighed(seen: OutOfFold, start: FloatArray) -> FloatArray:
    """The weights (3,) that fit best, drawn towards ``start``."""
    design = np.column_stack([np.ones(len(seen.y)), seen.joint, seen.own])
    before = design @ start

    def derivatives(point: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        score = before + design @ point
        risk = sigmoid(score)
        bend = (design * (seen.weight * risk * (1 - risk))[:, None]).T @ design
        return (
            float(seen.weight @ _loss(score, seen.y)),
            design.T @ (seen.weight * (risk - seen.y)),
            bend,
        )

    prior = np.array([INTERCEPT_PRIOR, SLOPE_PRIOR, SLOPE_PRIOR])
    change = newton(derivatives, np.zeros(3), prior)
    return change + start
