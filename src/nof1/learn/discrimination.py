"""How well a score separates those with the outcome from those without, and how close it is.

All functions take labels ``y`` (1 = outcome), a ``score`` (higher = more risk) and optional row
weights. For survival at a horizon take labels and weights from
:func:`nof1.learn.censoring.horizon_labels`; the AUROC is then the cumulative/dynamic one.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from nof1.learn.figures import (
    LEVEL,
    Estimate,
    Figure,
    IntArray,
    bootstrap,
    checked,
    percentile_figure,
)
from nof1.learn.sums import FloatArray


def auroc(y: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None) -> Estimate:
    """Area under the ROC curve with DeLong's influence values.

    P(score of a case > score of a non-case) + half of P(equal). 0.5 is chance, 1 perfect order.

    References
    ----------
    DeLong, DeLong & Clarke-Pearson, Biometrics 44 (1988) 837. Weights as in Uno et al., JASA 102
    (2007) 527 when they are inverse probabilities of censoring.

    >>> auroc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).value
    0.75
    """
    labels, scores, weights = checked(y, score, weight)
    case, control = weights * labels, weights * (1 - labels)
    if case.sum() <= 0 or control.sum() <= 0:
        return Estimate(math.nan, np.zeros(len(labels)))
    place = np.unique(scores, return_inverse=True)[1].astype(np.int64)
    below = _mid_rank(place, control) / control.sum()  # of each case, non-cases below it
    above = 1 - _mid_rank(place, case) / case.sum()  # of each non-case, cases above it
    value = float(case @ below / case.sum())
    influence = case * (below - value) / case.sum() + control * (above - value) / control.sum()
    return Estimate(value, influence * len(labels))


def _mid_rank(place: IntArray, mass: FloatArray) -> FloatArray:
    """Mass strictly below each row's score plus half the mass at it."""
    at = np.bincount(place, weights=mass)
    ranks: FloatArray = (np.cumsum(at) - at / 2)[place]
    return ranks


def auroc_figure(
    y: ArrayLike,
    score: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    patients: ArrayLike | None = None,
    level: float = LEVEL,
) -> Figure:
    """AUROC with its interval; perfect separation gets the one-sided exact limit.

    With no observed inversion the variance is 0, which is not certainty: the limit then is
    ``((1 - level) / 2) ** (1 / m)`` with m the number of rows in the smaller class.
    """
    labels, _, weights = checked(y, score, weight)
    estimate = auroc(y, score, weight)
    figure = estimate.figure(level=level, patients=patients, unit_interval=True)
    if estimate.value not in (0.0, 1.0):
        return figure
    seen = weights > 0
    smaller = max(1, int(min(labels[seen].sum(), (1 - labels[seen]).sum())))
    limit = ((1 - level) / 2) ** (1 / smaller)
    if estimate.value == 1.0:
        return Figure(1.0, limit, 1.0, level, "no inversion seen")
    return Figure(0.0, 0.0, 1 - limit, level, "every pair inverted")


def average_precision(
    y: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None
) -> FloatArray:
    """Area under the precision-recall curve as the step sum ``sum (R_k - R_{k-1}) P_k``.

    The naive answer is the prevalence, not 0.5. ``weight`` may be (n,) or (resamples, n): the
    result has the leading shape.

    References
    ----------
    Davis & Goadrich, ICML 2006 (why the points are not joined by straight lines).
    """
    labels, scores = np.asarray(y, dtype=np.float64), np.asarray(score, dtype=np.float64)
    weights = np.ones(len(labels)) if weight is None else np.asarray(weight, dtype=np.float64)
    order = np.argsort(-scores, kind="stable")
    falling = scores[order]
    last = np.flatnonzero(np.append(falling[1:] != falling[:-1], True))
    mass = weights[..., order]
    true = np.cumsum(mass * labels[order], axis=-1)[..., last]
    all_flagged = np.cumsum(mass, axis=-1)[..., last]
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(all_flagged > 0, true / all_flagged, 0.0)
        recall_step = np.diff(true, axis=-1, prepend=0.0) / true[..., -1:]
    total: FloatArray = np.sum(recall_step * precision, axis=-1)
    return total


def average_precision_figure(
    y: ArrayLike,
    score: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    patients: ArrayLike | None = None,
    level: float = LEVEL,
    resamples: int = 500,
    seed: int = 0,
) -> Figure:
    """Average precision with a patient-level percentile bootstrap interval."""
    labels, scores, weights = checked(y, score, weight)
    if not 0 < labels @ weights < weights.sum():
        return Figure.missing("needs rows with and without the outcome", level)
    value = float(average_precision(labels, scores, weights))
    draws = bootstrap(
        lambda times: average_precision(labels, scores, times * weights),
        len(labels),
        resamples=resamples,
        seed=seed,
        patients=patients,
    )
    return percentile_figure(value, draws, level)


def brier(y: ArrayLike, risk: ArrayLike, weight: ArrayLike | None = None) -> Estimate:
    """Mean squared difference of risk and outcome: 0 is perfect, lower is better.

    With inverse-probability-of-censoring weights this is the score of Graf et al., Statist. Med. 18
    (1999) 2529, normalised by the sum of the weights.

    >>> brier([0, 1], [0.25, 0.5]).value
    0.15625
    """
    labels, risks, weights = checked(y, risk, weight)
    return mean_estimate((labels - risks) ** 2, weights)


def brier_skill(y: ArrayLike, risk: ArrayLike, weight: ArrayLike | None = None) -> Estimate:
    """1 - Brier / Brier of the prevalence: 0 is the naive answer, 1 perfect, below 0 harmful."""
    labels, risks, weights = checked(y, risk, weight)
    score = mean_estimate((labels - risks) ** 2, weights)
    prevalence = mean_estimate(labels, weights)
    naive = prevalence.value * (1 - prevalence.value)
    if not naive > 0:
        return Estimate(math.nan, np.zeros(len(labels)))
    naive_influence = (1 - 2 * prevalence.value) * prevalence.influence
    influence = -score.influence / naive + score.value * naive_influence / naive**2
    return Estimate(1 - score.value / naive, influence)


def mean_estimate(values: FloatArray, weight: FloatArray) -> Estimate:
    """Weighted mean of ``values`` with its influence values."""
    total = float(weight.sum())
    if total <= 0:
        return Estimate(math.nan, np.zeros(len(values)))
    value = float(weight @ values / total)
    return Estimate(value, weight * (values - value) * (len(values) / total))
