"""What share of a day's reports has come in after h days: chain ladder by weekday of REPORT.

The number of reports with delay d about a day is taken as a multiple of those with smaller delays
(Mack, ASTIN Bulletin 23 (1993) 213). The multiple depends on d and on the weekday on which the
report comes in, so that quiet week-ends do not look like a falling epidemic. Old report days fade
(half after about five weeks): delays change. Units with few reports lean on all units together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Days = NDArray[np.int64]
FADE = 0.98  # weight of a report day relative to the next: half after 34 days
CELL = 10.0  # expected reports at which a (weekday, delay) cell counts as much as its margins
UNIT = 20.0  # expected reports at which a unit's own delay counts as much as that of all units
ROUNDS = 4  # of fitting the two margins in turn; they settle within three
LEAST = -0.5  # corrections never take back more than half of what was there in one step


@dataclass(frozen=True)
class Shares:
    """Expected shares as they were known on each of some days s.

    Attributes
    ----------
    complete : (days, units, delays) share of a day's final count that is in after h days, for the
        reference day s - h; above 0, and 1 at the longest delay.
    kept : same shape; share of the present reports that will not be taken back, 0 to 1.
    """

    complete: Floats
    kept: Floats


def shares(
    new: Floats, usable: NDArray[np.bool_], begins: Days, weekdays: Days, asked: Days
) -> Shares:
    """Shares as known on each day of ``asked``, from report days up to that day only.

    Parameters
    ----------
    new : (units, days, delays), see ``Triangle.new``.
    usable : (units, days) False for report days that must teach nothing (failed reporting).
    begins : (units,) first reference day whose reports were followed from the start.
    weekdays : (days,) 0 = Monday.
    asked : ascending positions of days.
    """
    units, _, delays = new.shape
    cumulative = new.cumsum(axis=2)
    sums = np.zeros((2, units, 7, delays))  # new reports, and reports there before
    taken = np.zeros((units, delays))
    complete = np.empty((len(asked), units, delays))
    kept = np.empty_like(complete)
    at = 0
    for day in range(int(asked[-1]) + 1 if len(asked) else 0):
        sums *= FADE
        taken *= FADE
        delay = np.arange(1, min(day, delays - 1) + 1)
        teaches = usable[:, day, None] & (day - delay >= begins[:, None])
        came = new[:, day - delay, delay] * teaches
        base = np.maximum(cumulative[:, day - delay, delay - 1], 0) * teaches
        sums[0, :, weekdays[day], delay] += came.T
        sums[1, :, weekdays[day], delay] += base.T
        taken[:, delay] += np.minimum(came, 0)
        if day == asked[at]:
            complete[at] = _complete(factors(sums[0], sums[1]), int(weekdays[day]))
            kept[at] = _kept(taken, sums[1].sum(axis=1))
            at += 1
    return Shares(complete, kept)


def factors(came: Floats, base: Floats) -> Floats:
    """(units, 7, delays) reports with delay d for each report with a smaller one.

    Parameters
    ----------
    came, base : (units, 7, delays) faded sums of new reports and of those there before, by weekday
        of report and delay; delay 0 is not used.
    """
    pooled_came, pooled_base = came.sum(axis=0), base.sum(axis=0)
    by_delay, by_day = np.ones(came.shape[2]), np.ones(7)
    for _ in range(ROUNDS):
        by_delay = _ratio(pooled_came.sum(0), (pooled_base * by_day[:, None]).sum(0))
        adds = by_delay > 0  # corrections keep the weekday pattern of the reports
        by_day = _relative(pooled_came[:, adds], pooled_base[:, adds] * by_delay[adds], CELL, 1)
    margins = by_delay * by_day[:, None]
    pooled = margins * _relative(pooled_came, pooled_base * margins, CELL)
    expected = base * pooled
    own_delay = _relative(came, expected, UNIT, 1)[:, None]
    expected = expected * own_delay
    own_day = _relative(came[..., adds], expected[..., adds], UNIT, 2)[..., None]
    found: Floats = np.maximum(pooled * own_delay * own_day, LEAST)
    return found


def _relative(came: Floats, expected: Floats, lean: float, axis: int | None = None) -> Floats:
    """How much more came than expected (1 = as expected), leaning towards 1; for corrections,
    which are negative on both sides, likewise. Summed over ``axis`` first."""
    if axis is not None:
        came, expected = came.sum(axis=axis), expected.sum(axis=axis)
    ratio: Floats = (came * np.sign(expected) + lean) / (np.abs(expected) + lean)
    return ratio


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


def _complete(factor: Floats, weekday: int) -> Floats:
    """(units, delays) from the factors as known on a day of this weekday."""
    delays = factor.shape[2]
    back = np.arange(delays)
    reference = (weekday - np.arange(7)) % 7  # by h modulo 7
    grown = 1 + factor[:, (reference[:, None] + back) % 7, back]  # units, h modulo 7, delay
    after = np.ones((len(factor), 7, delays))
    after[..., :-1] = np.cumprod(grown[..., :0:-1], axis=2)[..., ::-1]  # product over d > h
    return 1 / after[:, back % 7, back]


def _kept(taken: Floats, base: Floats) -> Floats:
    lost = np.clip(_ratio(-taken, base), 0, 1)
    after = np.ones_like(lost)
    after[:, :-1] = np.cumprod(1 - lost[:, :0:-1], axis=1)[:, ::-1]
    return after
