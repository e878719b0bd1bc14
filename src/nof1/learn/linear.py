"""Ridge logistic regression by Newton steps on summed gradients and Hessians.

The pooled fit equals the federated one: each step needs one sum of p + p^2 entries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nof1.core.errors import ModelError
from nof1.learn.design import Design, agree_design
from nof1.learn.objectives import sigmoid
from nof1.learn.rows import (
    add_up,
    check_events,
    check_features,
    check_keys,
    check_labels,
    check_weights,
    patient_shares,
)
from nof1.learn.sums import CountedSum, FloatArray, SecureSum, local_sum

SCHEMA = "nof1/linear/1"

Derivatives = Callable[[FloatArray], tuple[float, FloatArray, FloatArray]]
"""coefficients -> (loss, gradient, Hessian), each already summed over all sites."""


def newton(
    derivatives: Derivatives, start: FloatArray, ridge: FloatArray, steps: int = 50
) -> FloatArray:
    """Minimise loss + ridge/2 * coefficients^2; steps that do not help are halved.

    Raises
    ------
    ModelError : no convergence.
    """
    point = start.copy()
    value, g, h = _penalised(derivatives, point, ridge)
    for _ in range(steps):
        move: FloatArray = np.asarray(np.linalg.solve(h + 1e-9 * np.eye(len(point)), -g))
        if -float(g @ move) < 1e-13 * (1 + abs(value)):
            return point
        for _ in range(30):
            new_value, new_g, new_h = _penalised(derivatives, point + move, ridge)
            if new_value <= value + 1e-9 * (1 + abs(value)):
                break
            move = move / 2
        point, value, g, h = point + move, new_value, new_g, new_h
    raise ModelError(
        f"Newton's method did not converge in {steps} steps.",
        next_step="Look for a feature that separates the outcome completely, or raise the ridge.",
    )


def _penalised(
    derivatives: Derivatives, point: FloatArray, ridge: FloatArray
) -> tuple[float, FloatArray, FloatArray]:
    value, g, h = derivatives(point)
    return value + 0.5 * float(ridge @ point**2), g + ridge * point, h + np.diag(ridge)


def fit_logistic(
    columns: FloatArray,
    labels: FloatArray,
    weights: FloatArray,
    ridge: float,
    total: CountedSum,
) -> FloatArray:
    """Intercept and coefficients (1 + n_columns,); the intercept is not penalised."""
    design = np.hstack([np.ones((len(columns), 1)), columns])

    def derivatives(point: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        score = design @ point
        risk = sigmoid(score)
        loss = weights @ np.logaddexp(0, np.where(labels == 1, -score, score))
        bend = (design * (weights * risk * (1 - risk))[:, None]).T @ design
        value, g, h = total.together(np.array([loss]), design.T @ (weights * (risk - labels)), bend)
        return float(value[0]), g, h

    penalty = np.r_[0.0, np.full(columns.shape[1], ridge)]
    return newton(derivatives, np.zeros(design.shape[1]), penalty)


@dataclass(frozen=True, eq=False)
class LinearModel:
    """A trained logistic model; ``coefficients`` (2 * n_features,) belong to ``design``."""

    design: Design
    intercept: float
    coefficients: FloatArray

    def contributions(self, X: ArrayLike) -> FloatArray:
        """What each feature (value or its absence) adds to the log odds: (n_rows, n_features)."""
        parts = self.design.columns(np.asarray(X, dtype=np.float64)) * self.coefficients
        half = len(self.design.names)
        return parts[:, :half] + parts[:, half:]

    def decision(self, X: ArrayLike) -> FloatArray:
        """Log odds (n_rows,)."""
        return add_up(self.intercept, self.contributions(X))

    def to_dict(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "design": self.design.to_dict(),
            "intercept": self.intercept,
            "coefficients": self.coefficients.tolist(),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> LinearModel:
        if stored.get("schema") != SCHEMA:
            raise ModelError(f"The model has schema {stored.get('schema')!r}.", allowed=SCHEMA)
        coefficients = np.array(stored["coefficients"], dtype=np.float64)
        return cls(Design.from_dict(stored["design"]), float(stored["intercept"]), coefficients)


def train_logistic(
    X: ArrayLike,
    y: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    sample_weight: ArrayLike | None = None,
    keys: ArrayLike | None = None,
    ridge: float = 1.0,
    secure_sum: SecureSum = local_sum,
) -> LinearModel:
    """Train a ridge logistic model; ``ridge`` = 1/C of scikit-learn on standardised features.

    Raises
    ------
    InputError : features or labels of the wrong kind.
    ModelError : the outcome (almost) never or always happens.
    """
    table, labels_of = check_features(X, names)
    labels = check_labels(y, len(table))
    weights = check_weights(sample_weight, len(table))
    total = CountedSum(secure_sum)
    n_events, n_rows = total(np.array([labels @ (weights > 0), float((weights > 0).sum())]))
    check_events(n_events, n_rows - n_events)
    shares = patient_shares(check_keys(keys, table, labels))
    design = agree_design(table, labels_of, shares, total)
    point = fit_logistic(design.columns(table), labels, weights, ridge, total)
    return LinearModel(design, float(point[0]), point[1:])
