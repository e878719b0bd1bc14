"""The pool: members' quantiles averaged level by level, with weights and width from their past.

Weights and one factor of the width are chosen to minimise the pinball loss of the forecasts that
were made earlier in the season, all judged by what is known today. Both are pulled towards fixed
values, as if a few weeks of evidence for those had been seen, so the first weeks of a season use
the fixed values and a bad member or a wrong width is corrected as weeks come in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from nof1.surveillance.scores import LEVELS
from nof1.surveillance.series import Floats

# What each member is worth before a season has spoken (docs/forecasting.md says whence).
PRIOR = {"trees": 0.30, "deep": 0.50, "classic": 0.10, "seir": 0.05, "climatology": 0.05}
WEIGHT_WEEKS = 6.0  # weeks of evidence that the fixed weights are worth
WIDTH_WEEKS = 2.0  # the same for the fixed width
NARROWEST, WIDEST = 0.6, 2.0
KEPT_WEEKS = 12  # older forecasts are forgotten
ROUNDS, PACE = 60, 4.0
STEEPEST = 50.0
MIDDLE = len(LEVELS) // 2


@dataclass(frozen=True)
class Past:
    """Forecasts of one earlier week, on the common scale, beside what came.

    Attributes
    ----------
    members : name -> (places, steps, 23) in units of each place's scale.
    came : (places, steps) the same unit; NaN where it is not known yet.
    """

    members: dict[str, Floats]
    came: Floats


@dataclass(frozen=True)
class Mix:
    """Weights by member, summing to 1, and the factor of the width around the median."""

    weights: dict[str, float]
    width: float
    weeks: int


def tune(past: list[Past], names: tuple[str, ...]) -> Mix:
    """Weights and width from earlier weeks of the season; the fixed ones when there are none.

    Parameters
    ----------
    past : one entry a week, oldest first; members that a week lacks are skipped in it.
    names : the members that answer now.
    """
    fixed = np.array([PRIOR[name] for name in names])
    fixed = fixed / fixed.sum()
    if not names:
        return Mix({}, 1.0, 0)
    weeks = [w for w in past[-KEPT_WEEKS:] if set(names) <= set(w.members)]
    made = [np.stack([week.members[name] for name in names]) for week in weeks]
    pairs = [_whole(quantiles, week.came) for quantiles, week in zip(made, weeks, strict=True)]
    pairs = [pair for pair in pairs if pair[1].size]
    if not pairs:
        return Mix(dict(zip(names, fixed.tolist(), strict=True)), 1.0, 0)
    weights = _weights(pairs, fixed)
    width = _width(pairs, weights)
    return Mix(dict(zip(names, weights.tolist(), strict=True)), width, len(pairs))


def pooled(members: dict[str, Floats], mix: Mix) -> Floats:
    """(places, steps, 23): the weighted mean of the members' quantiles, widened by the factor.

    A member that has no answer for a place (NaN) leaves its weight to the others there; NaN where
    no member with a weight has one.
    """
    names = [name for name in mix.weights if name in members]
    if not names:
        return np.full(next(iter(members.values())).shape, np.nan)
    stack = np.stack([members[name] for name in names])
    weight = np.array([mix.weights[name] for name in names])[:, None, None, None]
    weight = np.where(np.isfinite(stack), weight, 0.0)
    total = weight.sum(axis=0)
    with np.errstate(invalid="ignore"):
        mean = (np.nan_to_num(stack) * weight).sum(axis=0) / np.where(total > 0, total, np.nan)
    return widened(np.sort(mean, axis=-1), mix.width)


def widened(quantiles: Floats, factor: float) -> Floats:
    """Quantiles (..., 23) with the distances from the median multiplied by ``factor``."""
    median = quantiles[..., MIDDLE : MIDDLE + 1]
    return np.asarray(median + factor * (quantiles - median))


def pinball(came: Floats, quantiles: Floats) -> Floats:
    """(...) mean over levels of the pinball loss of (..., 23) quantiles; half of the WIS."""
    miss = came[..., None] - quantiles
    return np.asarray(np.maximum(LEVELS * miss, (LEVELS - 1) * miss).mean(axis=-1))


def _whole(quantiles: Floats, came: Floats) -> tuple[Floats, Floats]:
    """(members, n, 23) and (n,) of the tasks that every member answered and that came."""
    keep = np.isfinite(came) & np.isfinite(quantiles).all(axis=(0, 3))
    return quantiles[:, keep], came[keep]


def _weights(pairs: list[tuple[Floats, Floats]], fixed: Floats) -> Floats:
    """Exponentiated gradient on the mean loss of the weeks, pulled towards ``fixed``."""
    weights = fixed.copy()
    size = np.mean([pinball(came, np.tensordot(fixed, q, 1)).mean() for q, came in pairs])
    for _ in range(ROUNDS):
        slope = np.zeros(len(fixed))
        for quantiles, came in pairs:
            over = came[:, None] < np.tensordot(weights, quantiles, 1)
            slope += ((over - LEVELS) * quantiles).mean(axis=(1, 2))
        slope = slope / len(pairs) / max(size, 1e-9)
        pull = np.log(weights / fixed) * WEIGHT_WEEKS / (WEIGHT_WEEKS + len(pairs))
        step = slope + pull
        # Where hardly anything was missed, slopes are huge: no round may wipe a member out.
        weights = weights * np.exp(-PACE / ROUNDS * np.minimum(step - step.min(), STEEPEST))
        weights = weights / weights.sum()
    return weights


def _width(pairs: list[tuple[Floats, Floats]], weights: Floats) -> float:
    mixed = [(np.tensordot(weights, quantiles, 1), came) for quantiles, came in pairs]
    size = max(float(np.mean([pinball(came, made).mean() for made, came in mixed])), 1e-9)

    def loss(log_factor: float) -> float:
        factor = float(np.exp(log_factor))
        seen = np.mean([pinball(came, widened(q, factor)).mean() for q, came in mixed]) / size
        return float(seen + WIDTH_WEEKS / len(mixed) * log_factor**2 / 10)

    span = (np.log(NARROWEST), np.log(WIDEST))
    return float(np.exp(minimize_scalar(loss, bounds=span, method="bounded").x))
