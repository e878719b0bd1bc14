"""A calibrated earliest time: "with 90 % the outcome does not come before day L".

The model gives each person an incidence curve F(t | person). The bound is the first time at which F
exceeds a threshold q, and q is chosen on calibration rows so that the outcome comes before the
bound in a share of at most ``1 - level`` of them. Censored rows are accounted for by inverse
probability of censoring: an outcome at T counts ``1 / G(T-)``. Only early outcomes matter for the
bound, where little censoring has happened, so the weights stay small.

The coverage ``P(T >= L) >= level`` is marginal (over people, not for one person), holds
asymptotically under independent censoring, and in finite samples without censoring.

References
----------
Candès, Lei & Ren, J. R. Statist. Soc. B 85 (2023) 24; Gui et al., Biometrika 111 (2024) 1033.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nof1.core.errors import InputError, ModelError
from nof1.learn.censoring import StepCurve, censoring_curve, checked_survival
from nof1.learn.discrimination import mean_estimate
from nof1.learn.figures import Estimate
from nof1.learn.sums import FloatArray, SecureSum, local_sum

CELLS = 2000


@dataclass(frozen=True)
class EarliestTime:
    """Lower bound of the time to the outcome.

    Parameters
    ----------
    threshold : incidence at which the bound lies, 0 to 1.
    level : aimed share of people whose outcome does not come before their bound.
    """

    threshold: float
    level: float

    @classmethod
    def fit(
        cls,
        duration_days: ArrayLike,
        cause: ArrayLike,
        incidence_at_duration: ArrayLike,
        *,
        level: float = 0.9,
        curve: StepCurve | None = None,
        secure_sum: SecureSum = local_sum,
    ) -> EarliestTime:
        """Choose the threshold from the predicted incidence at each row's own duration.

        Parameters
        ----------
        incidence_at_duration : (n,) F(duration | person), 0 to 1; used where cause is 1.

        Raises
        ------
        ModelError : when there are too few rows for the level.
        """
        days, why = checked_survival(duration_days, cause)
        score = np.asarray(incidence_at_duration, dtype=np.float64)
        if score.shape != days.shape or not ((score >= 0) & (score <= 1)).all():
            raise InputError("Incidences must lie between 0 and 1.", where="incidence_at_duration")
        weight = _weights(days, why, curve)
        cell = np.minimum((score * CELLS).astype(np.int64), CELLS - 1)
        sums = np.append(np.bincount(cell, weights=weight, minlength=CELLS), len(days))
        summed = secure_sum(sums)
        rows = summed[-1]
        missed = np.cumsum(summed[:-1]) + 1  # the new person counts as one more early outcome
        allowed = (1 - level) * (rows + 1)
        if allowed < 1:
            raise ModelError(
                f"{int(rows)} calibration rows are too few for level {level:g}.",
                next_step="Use a larger calibration share or a lower level.",
            )
        below = np.searchsorted(missed, allowed, side="right")
        return cls(float(below / CELLS), level)

    def days(self, times_days: ArrayLike, incidence: ArrayLike) -> FloatArray:
        """The bound of each person (days): first time with incidence above the threshold.

        Parameters
        ----------
        times_days : (k,) increasing times; incidence : (n, k) non-decreasing along each row.

        Returns
        -------
        (n,) days; infinite when the incidence stays below the threshold to the last time.
        """
        times = np.asarray(times_days, dtype=np.float64)
        above = np.atleast_2d(np.asarray(incidence, dtype=np.float64)) >= self.threshold
        return np.where(above.any(axis=1), times[above.argmax(axis=1)], np.inf)

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {"threshold": self.threshold, "level": self.level}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> EarliestTime:
        """Read back what :meth:`to_dict` wrote."""
        return cls(data["threshold"], data["level"])


def earliest_time_coverage(
    duration_days: ArrayLike,
    cause: ArrayLike,
    earliest_days: ArrayLike,
    *,
    curve: StepCurve | None = None,
) -> Estimate:
    """1 - (weighted) share of rows with the outcome before their bound."""
    days, why = checked_survival(duration_days, cause)
    early = days < np.asarray(earliest_days, dtype=np.float64)
    missed = mean_estimate(_weights(days, why, curve) * early, np.ones(len(days)))
    return Estimate(1 - missed.value, -missed.influence)


def _weights(days: FloatArray, why: Any, curve: StepCurve | None) -> FloatArray:
    """1 / G(T-) for rows with the outcome, 0 for the others."""
    followed = (curve or censoring_curve(days, why)).before(days)
    return np.where((why == 1) & (followed > 0), 1 / np.where(followed > 0, followed, 1), 0.0)
