"""Follow-up that ends before the answer is known: censoring weights and incidence curves.

``duration_days`` is the time from the prediction to the first of outcome, competing event or end of
follow-up; ``cause`` says which: 0 censored, 1 outcome, 2 and above competing events. Somebody with
a competing event can never have the outcome, so at a horizon they are a known "no".

Censoring is taken as independent of the outcome, optionally within ``strata`` (sites, years). That
is an assumption; it cannot be checked from the data alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from nof1.core.errors import InputError
from nof1.learn.figures import IntArray
from nof1.learn.sums import FloatArray, SecureSum, local_sum


def checked_survival(duration_days: ArrayLike, cause: ArrayLike) -> tuple[FloatArray, IntArray]:
    """Durations (days, >= 0) and causes (0, 1, 2, ...) as arrays of one length.

    Raises
    ------
    InputError : on different lengths, negative or missing durations, or unknown causes.
    """
    days = np.asarray(duration_days, dtype=np.float64)
    why = np.asarray(cause, dtype=np.int64)
    if days.ndim != 1 or days.shape != why.shape:
        raise InputError(
            f"Durations {days.shape} and causes {why.shape} differ in length.",
            allowed="one duration and one cause for each row",
        )
    if not np.isfinite(days).all() or (days < 0).any() or (why < 0).any():
        raise InputError(
            "A duration is negative or missing, or a cause is negative.",
            where="duration_days, cause",
            allowed="duration >= 0 days; cause 0 censored, 1 outcome, 2 and above competing",
        )
    return days, why


@dataclass(frozen=True)
class StepCurve:
    """A step function of time that starts at ``start`` and jumps at ``times_days``.

    Parameters
    ----------
    times_days : (k,) increasing jump times.
    values : (k,) value from each jump on.
    """

    times_days: FloatArray
    values: FloatArray
    start: float = 1.0

    def at(self, days: ArrayLike) -> FloatArray:
        """Value at each time, jumps at that time included."""
        return self._read(days, "right")

    def before(self, days: ArrayLike) -> FloatArray:
        """Value just before each time (left limit)."""
        return self._read(days, "left")

    def _read(self, days: ArrayLike, side: Literal["left", "right"]) -> FloatArray:
        place = np.searchsorted(self.times_days, np.asarray(days, dtype=np.float64), side=side)
        values: FloatArray = np.concatenate([[self.start], self.values])[place]
        return values


def censoring_curve(
    duration_days: ArrayLike,
    cause: ArrayLike,
    *,
    grid_days: ArrayLike | None = None,
    secure_sum: SecureSum = local_sum,
) -> StepCurve:
    """P(still followed after t): Kaplan-Meier with the roles of event and censoring exchanged.

    At equal times events come first. Without ``grid_days`` the jumps lie at the observed times
    (single site). With a grid (the same at every site, increasing) times are rounded up to it and
    only counts per grid cell are summed.
    """
    days, why = checked_survival(duration_days, cause)
    times: FloatArray = np.unique(days if grid_days is None else np.asarray(grid_days, float))
    cell = np.minimum(np.searchsorted(times, days, side="left"), len(times) - 1).astype(np.int64)
    counts = [np.bincount(cell, weights=one, minlength=len(times)) for one in (why >= 0, why == 0)]
    ended, lost = np.split(secure_sum(np.concatenate(counts)), 2)
    at_risk = np.cumsum(ended[::-1])[::-1] - (ended - lost)
    factor = 1 - np.divide(lost, at_risk, out=np.zeros(len(times)), where=at_risk > 0)
    return StepCurve(times, np.cumprod(factor))


def horizon_labels(
    duration_days: ArrayLike,
    cause: ArrayLike,
    horizon_days: float,
    *,
    curve: StepCurve | None = None,
    strata: ArrayLike | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Outcome by the horizon (0/1) and the inverse-probability-of-censoring weight of each row.

    A row censored before the horizon has weight 0 (its label is not known); a row with an event at
    T has ``1 / G(T-)``, a row still followed ``1 / G(horizon)``, G the censoring curve.

    Parameters
    ----------
    curve : censoring curve to use (for example the training one, or a federated one).
    strata : fit one curve within each value instead; not together with ``curve``.

    Raises
    ------
    InputError : when nobody is followed up to the horizon.

    References
    ----------
    Graf et al., Statist. Med. 18 (1999) 2529; Blanche et al., Statist. Med. 32 (2013) 5381.
    """
    days, why = checked_survival(duration_days, cause)
    y = ((days <= horizon_days) & (why == 1)).astype(np.float64)
    known = (days > horizon_days) | (why > 0) | ((days == horizon_days) & (why == 0))
    kept = np.ones(len(days))
    groups = np.zeros(len(days), dtype=np.int64)
    if strata is not None and curve is None:
        _, groups = np.unique(np.asarray(strata), return_inverse=True)
    for group in np.unique(groups):
        rows = groups == group
        own = curve if curve is not None else censoring_curve(days[rows], why[rows])
        kept[rows] = own.before(np.minimum(days[rows], horizon_days))
    if not (known & (days >= horizon_days)).any() or (kept[known] <= 0).any():
        raise InputError(
            f"Nobody is followed up to the horizon of {horizon_days:g} days.",
            where="horizon_days",
            allowed=f"at most {days.max(initial=0):g} days with these data",
            next_step="Choose a shorter horizon.",
        )
    return y, np.where(known, 1 / np.where(kept > 0, kept, 1), 0.0)


def incidence_curve(duration_days: ArrayLike, cause: ArrayLike) -> StepCurve:
    """Cumulative incidence of the outcome (Aalen-Johansen); 1 - Kaplan-Meier without competitors.

    References
    ----------
    Aalen & Johansen, Scand. J. Statist. 5 (1978) 141.
    """
    days, why = checked_survival(duration_days, cause)
    times, cell = np.unique(days, return_inverse=True)
    ended = np.bincount(cell, minlength=len(times)).astype(np.float64)
    outcome = np.bincount(cell, weights=(why == 1), minlength=len(times))
    any_event = np.bincount(cell, weights=(why > 0), minlength=len(times))
    at_risk = np.cumsum(ended[::-1])[::-1]
    event_free = np.cumprod(1 - any_event / at_risk)
    before = np.concatenate([[1.0], event_free[:-1]])
    return StepCurve(times, np.cumsum(before * outcome / at_risk), start=0.0)
