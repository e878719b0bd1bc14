"""Maps from a learner's decision (logit) to a calibrated risk, fitted on calibration rows by sums.

The logistic map (Platt) is the default: two numbers, with their covariance, enough for a model
whose order of patients is right. The binned map is monotone and free of shape, for many calibration
rows. Both are plain numbers (JSON), and need from each site only sums (``secure_sum``).

References
----------
Platt, in *Advances in Large Margin Classifiers* (1999); Zadrozny & Elkan, KDD 2002 (isotonic).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from nof1.core.errors import ModelError
from nof1.learn.calibration import to_logit
from nof1.learn.figures import checked
from nof1.learn.sums import FloatArray, SecureSum, local_sum

PRIOR = 1.0  # pseudo rows at the identity map: keeps separable data finite


@dataclass(frozen=True)
class LogisticRecalibration:
    """``logit risk = intercept + slope * decision``.

    Parameters
    ----------
    covariance : variance of intercept, their covariance, variance of slope.
    rows : (weighted) calibration rows behind it.
    """

    intercept: float
    slope: float
    covariance: tuple[float, float, float]
    rows: float

    @classmethod
    def fit(
        cls,
        decision: ArrayLike,
        y: ArrayLike,
        weight: ArrayLike | None = None,
        *,
        secure_sum: SecureSum = local_sum,
    ) -> LogisticRecalibration:
        """Newton steps on summed gradients; 9 numbers leave a site per step, at most 50 steps.

        A normal prior worth about one row holds the slope at 1 and the intercept at 0.

        Raises
        ------
        ModelError : when the calibration rows have one outcome only.
        """
        labels, x, weights = checked(y, decision, weight)
        total = secure_sum(np.array([weights @ labels, weights.sum()]))
        if not 0 < total[0] < total[1]:
            raise ModelError(
                "The calibration rows all have the same outcome.",
                allowed="rows with and without the outcome",
                next_step="Use a longer period, a longer horizon or a larger calibration share.",
            )
        beta = np.zeros(2)
        for _ in range(50):
            gradient, information, squared = _summed_step(x, labels, weights, beta, secure_sum)
            gradient -= PRIOR * 0.25 * (beta - [0.0, 1.0])
            information += PRIOR * 0.25 * np.eye(2)
            step = np.linalg.solve(information, gradient)
            beta = beta + step * min(1.0, 5 / max(float(np.abs(step).max()), 1e-300))
            if np.abs(step).max() < 1e-10:
                break
        bread = np.linalg.inv(information)
        cov = bread @ squared @ bread
        return cls(
            float(beta[0]),
            float(beta[1]),
            (float(cov[0, 0]), float(cov[0, 1]), float(cov[1, 1])),
            float(total[1]),
        )

    def logit(self, decision: ArrayLike) -> FloatArray:
        """Recalibrated log odds."""
        return self.intercept + self.slope * np.asarray(decision, dtype=np.float64)

    def risk(self, decision: ArrayLike) -> FloatArray:
        """Recalibrated risk, 0 to 1."""
        risks: FloatArray = expit(self.logit(decision))
        return risks

    def variance(self, decision: ArrayLike) -> FloatArray:
        """Variance of the recalibrated log odds that comes from the recalibration itself."""
        x = np.asarray(decision, dtype=np.float64)
        v0, v01, v1 = self.covariance
        return v0 + 2 * v01 * x + v1 * x**2

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "kind": "logistic",
            "intercept": self.intercept,
            "slope": self.slope,
            "covariance": list(self.covariance),
            "rows": self.rows,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> LogisticRecalibration:
        """Read back what :meth:`to_dict` wrote."""
        v0, v01, v1 = data["covariance"]
        return cls(data["intercept"], data["slope"], (v0, v01, v1), data["rows"])


def _summed_step(
    x: FloatArray, y: FloatArray, weight: FloatArray, beta: FloatArray, secure_sum: SecureSum
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Gradient (2,), information (2, 2) and outer product of the row gradients (2, 2)."""
    design = np.column_stack([np.ones(len(x)), x])
    risk = expit(design @ beta)
    rows = design * (weight * (y - risk))[:, None]
    information = (design * (weight * risk * (1 - risk))[:, None]).T @ design
    parts = [rows.sum(axis=0), information.ravel(), (rows.T @ rows).ravel()]
    summed = secure_sum(np.concatenate(parts))
    return summed[:2].copy(), summed[2:6].reshape(2, 2).copy(), summed[6:].reshape(2, 2)


@dataclass(frozen=True)
class BinnedRecalibration:
    """Monotone map through binned observed frequencies (isotonic), straight lines between bins.

    Parameters
    ----------
    decision, risk : (k,) increasing knots and the risk at each.
    """

    decision: tuple[float, ...]
    risk_at: tuple[float, ...]

    @classmethod
    def fit(
        cls,
        decision: ArrayLike,
        y: ArrayLike,
        weight: ArrayLike | None = None,
        *,
        edges: ArrayLike | None = None,
        secure_sum: SecureSum = local_sum,
    ) -> BinnedRecalibration:
        """Sums per bin of the decision, then pooled until they increase.

        ``edges`` are the inner bin limits; give the same to every site. Default: 19 limits evenly
        spaced from -5 to 5 on the logit scale.
        """
        labels, x, weights = checked(y, decision, weight)
        limits = np.linspace(-5, 5, 19) if edges is None else np.asarray(edges, dtype=np.float64)
        cell = np.searchsorted(limits, x)
        parts = [weights, weights * labels, weights * x]
        sums = [np.bincount(cell, weights=part, minlength=len(limits) + 1) for part in parts]
        mass, cases, place = np.split(secure_sum(np.concatenate(sums)), 3)
        if not 0 < cases.sum() < mass.sum():
            raise ModelError(
                "The calibration rows all have the same outcome.",
                allowed="rows with and without the outcome",
                next_step="Use a longer period, a longer horizon or a larger calibration share.",
            )
        filled = mass > 0
        pooled = _increasing(cases[filled] / mass[filled], mass[filled])
        knots = place[filled] / mass[filled]
        return cls(tuple(map(float, knots)), tuple(map(float, pooled)))

    def risk(self, decision: ArrayLike) -> FloatArray:
        """Recalibrated risk, 0 to 1; constant beyond the outer knots."""
        return np.interp(np.asarray(decision, dtype=np.float64), self.decision, self.risk_at)

    def logit(self, decision: ArrayLike) -> FloatArray:
        """Recalibrated log odds (finite)."""
        return to_logit(self.risk(decision))

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {"kind": "binned", "decision": list(self.decision), "risk": list(self.risk_at)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> BinnedRecalibration:
        """Read back what :meth:`to_dict` wrote."""
        return cls(tuple(data["decision"]), tuple(data["risk"]))


def _increasing(values: FloatArray, mass: FloatArray) -> FloatArray:
    """Weighted isotonic regression (pool adjacent violators)."""
    blocks: list[list[float]] = []  # mean, mass, bins
    for value, weight in zip(values, mass, strict=True):
        blocks.append([float(value), float(weight), 1])
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            mean, weight_last, bins = blocks.pop()
            before = blocks[-1]
            total = before[1] + weight_last
            before[0] = (before[0] * before[1] + mean * weight_last) / total
            before[1], before[2] = total, before[2] + bins
    return np.repeat([block[0] for block in blocks], [int(block[2]) for block in blocks])
