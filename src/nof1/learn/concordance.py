"""Concordance of a risk score with the order of event times, in O(n log n).

A pair is comparable when one row has the outcome and the other is known to be still without it at
that time (a later time, or censored at the same time). Concordant: the earlier one had the higher
score. Equal scores count one half. A competing event (cause >= 2) is a known "never": such a row is
comparable with every outcome (Wolbers et al., Epidemiology 20 (2009) 555).
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nof1.core.errors import InputError
from nof1.learn.censoring import StepCurve, censoring_curve, checked_survival, horizon_labels
from nof1.learn.discrimination import mean_estimate
from nof1.learn.figures import Estimate, IntArray
from nof1.learn.sums import FloatArray


def harrell_c(
    duration_days: ArrayLike, cause: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None
) -> Estimate:
    """Harrell's C: share of comparable pairs in the right order. 0.5 is chance, 1 perfect.

    It depends on the censoring pattern; :func:`uno_c` does not.

    References
    ----------
    Harrell et al., JAMA 247 (1982) 2543; Harrell, Lee & Mark, Statist. Med. 15 (1996) 361.
    """
    days, why = checked_survival(duration_days, cause)
    weights = np.ones(len(days)) if weight is None else np.asarray(weight, dtype=np.float64)
    return _concordance(days, why, score, (why == 1).astype(np.float64), weights)


def uno_c(
    duration_days: ArrayLike,
    cause: ArrayLike,
    score: ArrayLike,
    *,
    limit_days: float | None = None,
    curve: StepCurve | None = None,
) -> Estimate:
    """Uno's C: each pair is weighted by ``1 / G(T-)²`` so that censoring cancels out.

    Only outcomes before ``limit_days`` count (default: all observed). The influence values take the
    censoring curve as known, which makes the interval slightly wide.

    References
    ----------
    Uno et al., Statist. Med. 30 (2011) 1105.
    """
    days, why = checked_survival(duration_days, cause)
    followed = (curve or censoring_curve(days, why)).before(days)
    used = (why == 1) & (followed > 0)
    if limit_days is not None:
        used &= days < limit_days
    mass = np.where(used, 1 / np.where(followed > 0, followed, 1) ** 2, 0.0)
    return _concordance(days, why, score, mass, np.ones(len(days)))


def _concordance(
    days: FloatArray, why: Any, score: ArrayLike, mass: FloatArray, weights: FloatArray
) -> Estimate:
    scores = np.asarray(score, dtype=np.float64)
    if scores.shape != days.shape or not np.isfinite(scores).all():
        raise InputError("Scores must be finite, one for each row.", where="score")
    never = np.where(why >= 2, np.inf, days)
    event = (why == 1).astype(np.int64)
    order = np.lexsort((event, never))
    place = np.unique(scores, return_inverse=True)[1].astype(np.int64)
    case = weights * mass
    sums = np.zeros((len(days), 4))
    sums[order] = _ordered_sums(
        never[order], event[order], place[order], case[order], weights[order]
    )
    comparable = float(case @ sums[:, 1])
    if comparable <= 0:
        return Estimate(math.nan, np.zeros(len(days)))
    value = float(case @ sums[:, 0]) / comparable
    as_case = case * (sums[:, 0] - value * sums[:, 1])
    as_control = weights * (sums[:, 2] - value * sums[:, 3])
    return Estimate(value, (as_case + as_control) * (len(days) / comparable))


def _ordered_sums(
    time: FloatArray, event: IntArray, place: IntArray, case: FloatArray, weight: FloatArray
) -> FloatArray:
    """Concordant and comparable mass of each row, as the case and as the other one, (n, 4)."""
    sums = np.zeros((len(time), 4))
    if len(time):
        as_case, as_other = _kernels()
        as_case(time, event, place, weight, sums)
        as_other(time, event, place, case, sums)
    return sums


def _add(tree: Any, place: int, mass: float) -> None:
    """Add to a Fenwick tree: running sums in O(log n)."""
    place += 1
    while place < len(tree):
        tree[place] += mass
        place += place & -place


def _below(tree: Any, place: int) -> float:
    """Sum of the tree before ``place``."""
    total = 0.0
    while place > 0:
        total += tree[place]
        place -= place & -place
    return total


@cache
def _kernels() -> Any:
    """Compiled at first use: both sums of each row as the case, and as the other one."""
    from numba import njit

    add, below = njit(_add), njit(_below)

    @njit
    def as_case(time, event, place, weight, sums):  # type: ignore[no-untyped-def]
        # rows sorted by time; at equal times rows without the outcome come first
        later, at_risk = np.zeros(place.max() + 2), 0.0
        stop = len(time)
        while stop > 0:  # backwards: who is known to be later than each case
            start = stop - 1
            while start > 0 and time[start - 1] == time[stop - 1]:
                start -= 1
            first_event = start
            while first_event < stop and event[first_event] == 0:
                add(later, place[first_event], weight[first_event])
                at_risk += weight[first_event]
                first_event += 1
            for row in range(first_event, stop):
                lower, upto = below(later, place[row]), below(later, place[row] + 1)
                sums[row, 0], sums[row, 1] = (lower + upto) / 2, at_risk
            for row in range(first_event, stop):
                add(later, place[row], weight[row])
                at_risk += weight[row]
            stop = start

    @njit
    def as_other(time, event, place, case, sums):  # type: ignore[no-untyped-def]
        earlier, cases = np.zeros(place.max() + 2), 0.0
        start = 0
        while start < len(time):  # forwards: which cases were earlier than each row
            stop = start
            while stop < len(time) and time[stop] == time[start]:
                stop += 1
            for wanted in (1, 0):  # events see earlier times only, the others this time too
                for row in range(start, stop):
                    if event[row] == wanted:
                        lower, upto = below(earlier, place[row]), below(earlier, place[row] + 1)
                        sums[row, 2], sums[row, 3] = cases - (lower + upto) / 2, cases
                for row in range(start, stop):
                    if wanted == 1 and event[row] == 1:
                        add(earlier, place[row], case[row])
                        cases += case[row]
            start = stop

    return as_case, as_other


def integrated_brier(
    duration_days: ArrayLike,
    cause: ArrayLike,
    risk: ArrayLike,
    times_days: ArrayLike,
    *,
    curve: StepCurve | None = None,
) -> Estimate:
    """Brier score averaged over time (trapezoid rule between first and last time).

    Parameters
    ----------
    risk : (n, k) predicted probability of the outcome by each of the k ``times_days``.

    References
    ----------
    Graf et al., Statist. Med. 18 (1999) 2529.
    """
    times = np.asarray(times_days, dtype=np.float64)
    risks = np.asarray(risk, dtype=np.float64)
    days, why = checked_survival(duration_days, cause)
    if risks.shape != (len(days), len(times)) or len(times) < 2 or (np.diff(times) <= 0).any():
        raise InputError(
            f"Risks {risks.shape} do not fit {len(days)} rows and {len(times)} times.",
            allowed="one column of risks for each of two or more increasing times",
        )
    gaps = np.diff(times)
    share = (np.append(gaps, 0) + np.append(0, gaps)) / 2 / (times[-1] - times[0])
    value, influence = 0.0, np.zeros(len(days))
    for column, part in enumerate(share):
        y, weight = horizon_labels(days, why, float(times[column]), curve=curve)
        one = mean_estimate((y - risks[:, column]) ** 2, weight)
        value, influence = value + part * one.value, influence + part * one.influence
    return Estimate(value, influence)
