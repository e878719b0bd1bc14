"""One label: learner, calibrated score and conformal limits, all from training compounds alone."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from nof1.learn.recalibrate import LogisticRecalibration
from nof1.medicines.properties.compounds import FOLDS, Training
from nof1.medicines.properties.conformal import LEVEL, Bounds, calibrate
from nof1.medicines.properties.learner import Learner, fit

ENOUGH = 1_000  # held-out compounds for the limits; of a rare class, ENOUGH_OF_A_CLASS
ENOUGH_OF_A_CLASS = 60
CLIP = 1e-4


@dataclass(frozen=True)
class Fitted:
    """What answers for one label.

    Attributes
    ----------
    calibration : from score to probability; None for a regression.
    calibrated_on : number of held-out compounds behind calibration and limits.
    cpu : seconds that the final learner took, without the inner folds; not stored.
    """

    learner: Learner
    bounds: Bounds
    calibration: LogisticRecalibration | None
    calibrated_on: int
    cpu: float = 0.0

    def predict(self, table: NDArray[np.float32]) -> NDArray[np.float64]:
        """(n,) value, or calibrated probability of yes."""
        return probability(self.learner.predict(table), self.calibration)


def probability(
    score: NDArray[np.float64], calibration: LogisticRecalibration | None
) -> NDArray[np.float64]:
    """Calibrated probability of a score; a regression's value stays as it is."""
    if calibration is None:
        return score
    return calibration.risk(logit(np.clip(score, CLIP, 1 - CLIP)))


def fit_label(
    training: Training, y: NDArray[np.float64], *, classify: bool, level: float = LEVEL
) -> Fitted:
    """Inner folds for the limits, then the learner on all labelled rows.

    The limits come from learners with four fifths of the compounds, so they are rather too wide
    than too narrow for the final one.

    Parameters
    ----------
    y : (n,) labels of the training compounds, NaN where missing.
    """
    known = ~np.isnan(y)
    held, score = _held_out(training, y, known, classify)
    calibration = None
    if classify:
        decision = logit(np.clip(score, CLIP, 1 - CLIP))
        calibration = LogisticRecalibration.fit(decision, y[held])
    zones: Sequence[str] = training.zones[held].tolist()
    bounds = calibrate(
        y[held], probability(score, calibration), zones, classify=classify, level=level
    )
    start = time.process_time()
    learner = fit(
        training.table[known],
        y[known],
        classify=classify,
        seed=training.seed,
        electronic=training.columns.electronic,
    )
    return Fitted(learner, bounds, calibration, len(held), time.process_time() - start)


def _held_out(
    training: Training, y: NDArray[np.float64], known: NDArray[np.bool_], classify: bool
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Rows predicted by a learner that had not seen them: folds until there are enough."""
    rows: list[NDArray[np.int64]] = []
    scores: list[NDArray[np.float64]] = []
    for number in range(FOLDS):
        own = np.flatnonzero(known & (training.fold == number))
        others = np.flatnonzero(known & (training.fold != number))
        if classify and len(np.unique(y[others])) < 2:
            continue
        learner = fit(
            training.table[others],
            y[others],
            classify=classify,
            seed=number,
            electronic=training.columns.electronic,
        )
        rows.append(own)
        scores.append(learner.predict(training.table[own]))
        if _enough(y[np.concatenate(rows)], classify):
            break
    return np.concatenate(rows), np.concatenate(scores)


def _enough(y: NDArray[np.float64], classify: bool) -> bool:
    smaller = min(y.sum(), len(y) - y.sum()) if classify else ENOUGH_OF_A_CLASS
    return len(y) >= ENOUGH and bool(smaller >= ENOUGH_OF_A_CLASS)
