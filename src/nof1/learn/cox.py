"""Proportional hazards by Newton steps on sums: the linear baseline for the time to an event.

The baseline hazard is constant within agreed intervals and follows the coefficients (Breslow 1974),
which is Cox's model with time known to the interval. Each step needs one sum of about
(p + n_intervals) * p entries; no risk set of any site is seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nof1.core.errors import ModelError
from nof1.learn.design import Design, agree_design
from nof1.learn.followup import FollowUp, check_survival
from nof1.learn.linear import newton
from nof1.learn.rows import add_up, patient_shares
from nof1.learn.sums import CountedSum, FloatArray, SecureSum, local_sum
from nof1.learn.timeline import (
    PRIOR_EVENTS,
    Timeline,
    by_interval,
    cumulative_incidence,
    hazard_ratio,
    timeline_from_dict,
)

SCHEMA = "nof1/cox/1"


@dataclass(frozen=True, eq=False)
class CoxModel:
    """Proportional hazards of each cause.

    Attributes
    ----------
    coefficients : (n_causes, 2 * n_features), log hazard ratios for the columns of ``design``.
    rates : (n_causes, n_intervals), baseline hazards per day.
    """

    design: Design
    timeline: Timeline
    coefficients: FloatArray
    rates: FloatArray

    def contributions(self, X: ArrayLike, cause: int = 0) -> FloatArray:
        """What each feature adds to the log hazard of a cause: (n_rows, n_features)."""
        parts = self.design.columns(np.asarray(X, dtype=np.float64)) * self.coefficients[cause]
        half = len(self.design.names)
        return np.asarray(parts[:, :half] + parts[:, half:])

    def cumulative_incidence(self, X: ArrayLike, times: ArrayLike) -> FloatArray:
        """Probability of each cause by each time: (n_causes, n_rows, n_times)."""
        scores = [add_up(0.0, self.contributions(X, c)) for c in range(len(self.rates))]
        relative = hazard_ratio(np.stack(scores))
        hazards = relative[:, :, None] * self.rates[:, None, :]
        return cumulative_incidence(hazards, self.timeline, times)

    def to_dict(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "design": self.design.to_dict(),
            "edges_days": self.timeline.edges_days.tolist(),
            "coefficients": self.coefficients.tolist(),
            "rates": self.rates.tolist(),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> CoxModel:
        if stored.get("schema") != SCHEMA:
            raise ModelError(f"The model has schema {stored.get('schema')!r}.", allowed=SCHEMA)
        return cls(
            Design.from_dict(stored["design"]),
            timeline_from_dict(stored),
            np.array(stored["coefficients"], dtype=np.float64),
            np.array(stored["rates"], dtype=np.float64),
        )


def train_cox(
    X: ArrayLike,
    y: tuple[ArrayLike, ArrayLike],
    *,
    names: Sequence[str] | None = None,
    sample_weight: ArrayLike | None = None,
    keys: ArrayLike | None = None,
    ridge: float = 1.0,
    n_intervals: int = 100,
    secure_sum: SecureSum = local_sum,
) -> CoxModel:
    """Train a ridge proportional hazards model for each cause; ``y`` is (duration, cause).

    Raises
    ------
    InputError, ModelError : as for the other survival learners.
    """
    total = CountedSum(secure_sum)
    rows = check_survival(X, y, names, sample_weight, keys, total, n_intervals)
    design = agree_design(rows.X, rows.names, patient_shares(rows.keys), total)
    columns = design.columns(rows.X)
    fits = [
        _fit_cause(columns, rows.weights, rows.follow_up, number, ridge, total)
        for number in range(1, rows.n_causes + 1)
    ]
    coefficients, rates = (np.stack(parts) for parts in zip(*fits, strict=True))
    return CoxModel(design, rows.follow_up.timeline, coefficients, rates)


def _fit_cause(
    columns: FloatArray,
    weights: FloatArray,
    follow_up: FollowUp,
    number: int,
    ridge: float,
    total: CountedSum,
) -> tuple[FloatArray, FloatArray]:
    """Coefficients and baseline rates; the rates are profiled out of the likelihood."""
    objective = follow_up.exposure(number, weights[:, None])

    def derivatives(point: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        score = columns @ point
        objective.settle(score[:, None], total)
        g, h = (weights * part[:, 0] for part in objective.gradients(score[:, None]))
        loss = (weights * objective.losses(score[:, None])[:, 0]).sum()
        by_interval = _expected_columns(columns, score, weights, follow_up, objective.rates[:, 0])
        value, slope, bend, mixed = total.together(
            np.array([loss]), columns.T @ g, (columns * h[:, None]).T @ columns, by_interval
        )
        events = objective.events[:, 0] + PRIOR_EVENTS
        return (
            float(value[0] + objective.prior_loss()[0]),
            slope,
            bend - (mixed / events[:, None]).T @ mixed,
        )

    penalty = np.full(columns.shape[1], ridge)
    point = newton(derivatives, np.zeros(columns.shape[1]), penalty)
    objective.settle((columns @ point)[:, None], total)
    return point, objective.rates[:, 0].copy()


def _expected_columns(
    columns: FloatArray,
    score: FloatArray,
    weights: FloatArray,
    follow_up: FollowUp,
    rates: FloatArray,
) -> FloatArray:
    """Sum of columns over expected events in each interval: (n_intervals, n_columns)."""
    mass = (weights * hazard_ratio(score))[:, None] * columns
    n, leave = len(rates), follow_up.leave
    partly = by_interval(leave, mass * follow_up.partial[:, None], n)
    whole = mass.sum(axis=0) - by_interval(leave, mass, n).cumsum(axis=0)
    expected: FloatArray = rates[:, None] * (whole * follow_up.timeline.widths[:, None] + partly)
    return expected
