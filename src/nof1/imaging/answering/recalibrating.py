"""Fit the probabilities again on cases of the site, and keep the new ones only if they are better.

Calibration does not travel: fitted on another hospital's pictures it can even make things worse. So
"after" is measured by cross-fitting (whole patients), on the same cases as "before", and the model
is changed only where the Brier score falls by more than the interval of the paired difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.core.errors import InputError
from nof1.imaging.answering.reader import Reader
from nof1.imaging.nets.folder import extend_folder
from nof1.imaging.training.calibrating import MISSING, Calibration
from nof1.imaging.training.labels import checked_labels
from nof1.imaging.training.loading import load
from nof1.imaging.training.splits import folds
from nof1.imaging.training.task import ImagingTask
from nof1.learn.comparison import difference
from nof1.learn.discrimination import brier
from nof1.learn.evaluate import evaluate

FEWEST = 200
FOLDS = 5
SHOWN = ("brier", "calibration_slope", "calibration_in_the_large", "ece_debiased")


@dataclass(frozen=True, eq=False)
class Comparison:
    """One finding before and after: figures by name, and after - before of the Brier score."""

    finding: str
    before: dict[str, Any]
    after: dict[str, Any]
    change: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "finding": self.finding,
            "before": self.before,
            "after": self.after,
            "change_of_brier": self.change,
        }


@dataclass(frozen=True, eq=False)
class Recalibration:
    """What came of it. ``kept`` says whether the new calibration is better and was taken."""

    cases: int
    findings: tuple[Comparison, ...]
    kept: bool
    calibration: Calibration

    @property
    def verdict(self) -> str:
        """In words."""
        if self.kept:
            return "The new calibration is better on them and was taken."
        return "It is not better by more than chance: the old calibration stays."


def compare(
    reader: Reader, logits: ArrayLike, values: ArrayLike, patients: ArrayLike | None = None
) -> Recalibration:
    """Old and new calibration on the site's cases.

    Parameters
    ----------
    logits : (members, n, K) of the model for the cases.
    values : (n, K) truth of 0, 1 and -1 (not known).
    patients : (n,) or None where nobody knows.

    Raises
    ------
    InputError : fewer than 200 cases, or a finding with fewer than 20 of one answer.
    """
    members, truth = np.asarray(logits, dtype=np.float64), np.asarray(values)
    _check(truth, reader.ensemble.classes)
    before = reader.calibration.risk(members)
    after = _cross_fitted(members, truth, patients, reader.calibration.question)
    found = tuple(
        _compared(name, truth[:, k], before[:, k], after[:, k], patients)
        for k, name in enumerate(reader.ensemble.classes)
    )
    return Recalibration(
        cases=int((truth != MISSING).any(axis=1).sum()),
        findings=found,
        kept=all(one.change["high"] is not None and one.change["high"] < 0 for one in found),
        calibration=Calibration.fit(members, truth, reader.calibration.question),
    )


def _check(truth: NDArray[Any], classes: Sequence[str]) -> None:
    known = int((truth != MISSING).any(axis=1).sum())
    if known < FEWEST:
        raise InputError(
            f"{known} cases with a label are too few.",
            allowed=f"{FEWEST} or more of the site",
            next_step="Collect more cases, or leave the calibration as it is.",
        )
    for name, column in zip(classes, truth.T, strict=True):
        least = min(int((column == one).sum()) for one in (0, 1))
        if least < 20:
            raise InputError(
                f"{name}: one answer has only {least} cases.", allowed="20 or more of each"
            )


def _cross_fitted(
    members: NDArray[np.float64], truth: NDArray[Any], patients: ArrayLike | None, question: str
) -> NDArray[np.float64]:
    """(n, K) probabilities, each from a calibration that did not see the patient."""
    strata = np.unique(truth, axis=0, return_inverse=True)[1].reshape(-1)
    part = folds(strata, patients, FOLDS)
    after = np.empty(truth.shape, dtype=np.float64)
    for one in range(FOLDS):
        rest = part != one
        fitted = Calibration.fit(members[:, rest], truth[rest], question)
        after[~rest] = fitted.risk(members[:, ~rest])
    return after


def _compared(
    name: str,
    truth: NDArray[Any],
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    patients: ArrayLike | None,
) -> Comparison:
    known = truth != MISSING
    people = None if patients is None else np.asarray(patients)[known]
    y = truth[known]
    gap = difference(brier(y, after[known]), brier(y, before[known]), patients=people)
    figures = [_figures(y, one[known], people) for one in (before, after)]
    return Comparison(name, figures[0], figures[1], gap.to_dict())


def _figures(
    y: NDArray[Any], risk: NDArray[np.float64], patients: NDArray[Any] | None
) -> dict[str, Any]:
    found = evaluate(y, risk, patients=patients, resamples=200).to_dict()["figures"]
    return {name: found[name] for name in SHOWN}


def take(folder: str | Path, found: Recalibration, site: str, day: str) -> None:
    """Put the new calibration into the model's folder; the one of training stays beside it."""
    reader = Reader.open(folder)
    about = reader.about
    extend_folder(
        folder,
        {
            "calibration": found.calibration.to_dict(),
            "calibration_of_training": about.get("calibration_of_training", about["calibration"]),
            "recalibrated": {
                "site": site,
                "day": day,
                "cases": found.cases,
                "findings": [one.to_dict() for one in found.findings],
            },
        },
    )


def of_task(reader: Reader, task: str | Path) -> Recalibration:
    """The comparison on the cases that a task file names; its split is not used.

    Raises
    ------
    InputError : the file does not fit, or asks for other findings than the model's.
    """
    asked = ImagingTask.load(task)
    if asked.classes != reader.ensemble.classes:
        raise InputError(
            "The cases have other findings than the model.",
            where=Path(task).name,
            allowed=list(reader.ensemble.classes),
        )
    data = load(replace(asked, size=reader.ensemble.size))
    squares = (data.images.astype(np.float32) / 255)[:, None]
    flat = data.labels[:, 0] if len(asked.classes) == 1 else data.labels
    values = checked_labels(flat, asked.classes, len(squares)).values
    return compare(reader, reader.ensemble.logits(squares), values, data.patients)
