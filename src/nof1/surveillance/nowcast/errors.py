"""What past nowcasts teach: how to mix delay correction and trend, and how wide to be.

A past nowcast is judged by what has come in SINCE, as known now: nothing waits until a day is
final, and nothing later than now is used. The errors of neighbouring days go together, so sixty
past days are about nine independent ones; the intervals are widened for that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1.surveillance.nowcast.views import Views

Floats = NDArray[np.float64]
Days = NDArray[np.int64]
MEMORY = 60  # past days that are asked
FADE = 0.98  # weight of a past day relative to the next
REVEALED = 0.5  # share of what was outstanding that must have come in before an error counts
ALIKE_DAYS = 7.0  # neighbouring past days that count as one
PRIOR_SPREAD = 0.1  # squared relative error of the outstanding count, where nothing is known
PRIOR_DAYS = 0.25  # independent days that the prior counts as
UNIT_DAYS = 3.0  # independent days at which a unit's own errors count as much as all units'
SMALLEST, LARGEST = 1e-3, 10.0  # bounds of the squared relative error


@dataclass(frozen=True)
class Learnt:
    """What is used for the nowcast of each unit on its last regular report day.

    Attributes
    ----------
    mean : (units, delays) expected final count for h days back.
    spread : (units, delays) squared relative error of the outstanding count; 1 / size of the
        negative binomial.
    standard : (past, units, delays) past errors over their expected size, 0 where not judged.
    weight : (past, units, delays) how much each counts; sums to 1 over the past, or is all 0.
    share : (units, delays) weight of the delay correction, 0 = trend only, 1 = correction only.
    """

    mean: Floats
    spread: Floats
    standard: Floats
    weight: Floats
    share: Floats


@dataclass(frozen=True)
class _Past:
    """Past days' views, (past, units, delays), and what is known about the same days now."""

    corrected: Floats
    trend: Floats
    then: Floats
    now: Floats
    revealed: Floats  # share of the outstanding that has come in
    complete_now: Floats
    weight: Floats


def learn(views: Views, cumulative: Floats, at: Days, begins: Days) -> Learnt:
    """Learn from the ``MEMORY`` days before ``at``.

    Parameters
    ----------
    cumulative : (units, days, delays) reports up to each delay; only cells known on day ``at`` of
        the unit are read.
    at : (units,) position of each unit's last regular report day, not before ``views.first``.
    begins : (units,) first reference day whose reports were followed; older ones are not judged.
    """
    unit = np.arange(len(at))
    past = _past(views, cumulative, at, begins)
    share = _shares(past)
    seen = at - views.first
    mean = _mix(views.corrected[seen, unit], views.trend[seen, unit], share)
    expected = (_mix(past.corrected, past.trend, share) - past.then) * past.revealed
    expected = np.maximum(expected, 1e-3)
    error = past.now - past.then - expected
    spread = _spread(error, expected, past.weight)
    standard = np.where(past.weight > 0, error / np.sqrt(expected + spread * expected**2), 0.0)
    total = past.weight.sum(axis=0)
    weight = np.divide(past.weight, total, out=np.zeros_like(past.weight), where=total > 0)
    independent = np.maximum(total / ALIKE_DAYS, 1)
    widened = np.clip(spread * (1 + 1 / independent), SMALLEST, LARGEST)
    return Learnt(mean, widened, standard, weight, share)


def _past(views: Views, cumulative: Floats, at: Days, begins: Days) -> _Past:
    delays = views.reported.shape[2]
    steps = np.arange(1, MEMORY + 1)[:, None]
    seen = at - views.first - steps  # past, units
    there = seen >= 0
    row, unit = np.maximum(seen, 0), np.arange(len(at))
    age = steps + np.arange(delays)  # past, delays: how old the reference day is now
    delay = np.minimum(age, delays - 1)[:, None]
    day = np.maximum(at[:, None] - age[:, None], 0)  # past, units, delays
    now = cumulative[unit[:, None], day, delay]
    complete_now = views.complete[(at - views.first)[:, None], unit[:, None], delay]
    then = views.complete[row, unit]
    outstanding = 1 - then
    revealed = np.divide(
        complete_now - then,
        outstanding,
        out=np.zeros_like(then),
        where=np.abs(outstanding) > 1e-3,
    )
    followed = at[:, None] - age[:, None] >= begins[:, None]
    counts = there[..., None] & (revealed >= REVEALED) & followed
    weight = np.where(counts, FADE ** steps[..., None], 0.0)
    found = (array[row, unit] for array in (views.corrected, views.trend, views.reported))
    corrected, trend, reported = found
    revealed = np.clip(revealed, 0, 1)
    return _Past(corrected, trend, reported, now, revealed, complete_now, weight)


def _shares(past: _Past) -> Floats:
    """(units, delays) weight of the correction that would have served best, 0 to 1."""
    truth = np.maximum(past.now, 0) / past.complete_now
    by_delay, by_trend = _log(past.corrected) - _log(truth), _log(past.trend) - _log(truth)
    apart = (past.weight * (by_delay - by_trend) ** 2).sum(axis=0)
    gain = (past.weight * by_trend * (by_trend - by_delay)).sum(axis=0)
    apart, gain = _smooth(apart), _smooth(gain)
    own = (gain + 0.02) / (apart + 0.04)  # one half where nothing is known
    pooled = (gain.sum(axis=0) + 0.02) / (apart.sum(axis=0) + 0.04)
    days = past.weight.sum(axis=0) / ALIKE_DAYS
    leaning = UNIT_DAYS if len(own) > 1 else 0.0
    best: Floats = (days * own + leaning * pooled) / np.maximum(days + leaning, 1e-9)
    return best.clip(0, 1)


def _mix(corrected: Floats, trend: Floats, share: Floats) -> Floats:
    mixed: Floats = np.exp(share * _log(corrected) + (1 - share) * _log(trend)) - 0.5
    return mixed.clip(0)


def _spread(error: Floats, expected: Floats, weight: Floats) -> Floats:
    """Squared relative error beyond chance (Poisson), of all units and then of each."""
    beyond = (weight * (error**2 - expected)).sum(axis=0)
    squares = (weight * expected**2).sum(axis=0)
    days = weight.sum(axis=0).max(axis=0) / ALIKE_DAYS
    raw = np.maximum(_smooth(beyond.sum(axis=0)), 0) / (_smooth(squares.sum(axis=0)) + 1e-9)
    leaning: Floats = (days * raw + PRIOR_DAYS * PRIOR_SPREAD) / (days + PRIOR_DAYS)
    pooled = leaning[None].clip(SMALLEST, LARGEST)
    if len(error[0]) == 1:
        return pooled
    chance = expected + pooled * expected**2
    total = np.maximum(weight.sum(axis=0), 1e-9)
    ratio = _smooth((weight * error**2 / chance).sum(axis=0) / total)
    typical = np.sqrt(squares / total) + 1e-3
    # where nearly all of the variance is chance, errors say little about what is beyond it
    beyond_chance = pooled * typical / (1 + pooled * typical)
    own_days = weight.sum(axis=0) / ALIKE_DAYS * beyond_chance**2
    ratio = (own_days * ratio + UNIT_DAYS) / (own_days + UNIT_DAYS)
    found: Floats = (ratio * (1 + pooled * typical) - 1) / typical
    return found.clip(SMALLEST, LARGEST)


def _log(counts: Floats) -> Floats:
    logs: Floats = np.log(counts + 0.5)
    return logs


def _smooth(values: Floats) -> Floats:
    """A mean over neighbouring delays with weights 1, 2, 1."""
    padded = np.concatenate([values[..., :1], values, values[..., -1:]], axis=-1)
    smooth: Floats = (padded[..., :-2] + 2 * padded[..., 1:-1] + padded[..., 2:]) / 4
    return smooth
