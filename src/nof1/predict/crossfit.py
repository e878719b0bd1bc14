"""Honest figures from all rows: each row is judged by models and calibrations that never saw it.

Every fold is scored by a model trained on the other folds. Recalibration, risk interval and
conformal table for a fold are fitted on the out-of-fold decisions of the *other* folds. So no
figure of the card rests on a row's own outcome, and no row is set aside for calibration alone.

References
----------
Vovk, *Cross-conformal predictors*, Ann. Math. Artif. Intell. 74 (2015) 9; Van Calster et al.,
BMC Medicine 17 (2019) 230 (calibration is to be judged on rows that took no part in it).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import ModelError
from nof1.learn.conformal import Conformal
from nof1.learn.intervals import RiskInterval
from nof1.learn.sums import FloatArray, SecureSum, local_sum

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Decisions:
    """Decisions in log odds: of the model (n,), and of its bags (n, bags)."""

    model: FloatArray
    bags: FloatArray

    def at(self, rows: Rows) -> Decisions:
        """Some rows."""
        return Decisions(self.model[rows], self.bags[rows])


Scorer = Callable[[FloatArray], Decisions]
"""What a trained model gives for rows of features."""


@dataclass(frozen=True)
class Voice:
    """What turns a decision into words: the risk with its interval, and the prediction set."""

    interval: RiskInterval
    conformal: Conformal

    @classmethod
    def fit(
        cls,
        found: Decisions,
        y: FloatArray,
        weight: FloatArray,
        *,
        heaviest: float | None = None,
        secure_sum: SecureSum = local_sum,
    ) -> Voice:
        """Fit both on rows that the model was not trained on.

        ``heaviest`` is the largest possible weight; needed where sites are summed.
        """
        interval = RiskInterval.fit(found.model, found.bags, y, weight, secure_sum=secure_sum)
        table = Conformal.fit(found.model, y, weight, heaviest=heaviest, secure_sum=secure_sum)
        return cls(interval, table)


@dataclass(frozen=True)
class Judged:
    """Every row as judged by others: recalibrated risk with limits (n,), prediction sets (n, 2)."""

    risk: FloatArray
    low: FloatArray
    high: FloatArray
    sets: NDArray[np.bool_]


def out_of_fold(train: Callable[[Rows], Scorer], X: FloatArray, folds: Rows) -> Decisions:
    """Decisions for each row from a model that was trained without the row's fold.

    Parameters
    ----------
    train : row numbers to a trained model's scorer.
    folds : (n,) fold of each row, 0 or more; all rows of one patient in one fold.
    """
    decision = np.empty(len(X))
    bags: FloatArray | None = None
    for rows, others in _each(folds):
        here = train(others)(X[rows])
        bags = np.empty((len(X), here.bags.shape[1])) if bags is None else bags
        decision[rows], bags[rows] = here.model, here.bags
    assert bags is not None
    return Decisions(decision, bags)


def judged(
    found: Decisions, y: FloatArray, weight: FloatArray, folds: Rows, level: float
) -> Judged:
    """Risks, intervals and prediction sets of each row, calibrated on the other folds."""
    risk, low, high = np.empty((3, len(y)))
    sets = np.empty((len(y), 2), dtype=bool)
    for rows, others in _each(folds):
        voice = Voice.fit(found.at(others), y[others], weight[others])
        here = found.at(rows)
        risk[rows] = voice.interval.risk(here.model)
        low[rows], high[rows] = voice.interval.interval(here.model, here.bags, level)
        sets[rows] = voice.conformal.sets(here.model)
    return Judged(risk, low, high, sets)


def applied(voice: Voice, found: Decisions, level: float) -> Judged:
    """The same for rows of a test set, with a voice that was fitted on other rows."""
    low, high = voice.interval.interval(found.model, found.bags, level)
    return Judged(voice.interval.risk(found.model), low, high, voice.conformal.sets(found.model))


def _each(folds: Rows) -> Iterator[tuple[Rows, Rows]]:
    names = np.unique(folds)
    if len(names) < 2:
        raise ModelError(
            "There is only one fold, so nothing can be judged by others.",
            allowed="2 folds or more",
            next_step="Set split.folds, or give more sites.",
        )
    for name in names:
        yield np.flatnonzero(folds == name), np.flatnonzero(folds != name)
