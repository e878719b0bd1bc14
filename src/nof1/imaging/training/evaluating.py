"""How good a trained ensemble is on pictures it has not seen.

Every figure comes from ``nof1.learn``. The AUROC's interval is a bootstrap over patients; beside it
stand the AUROCs of the single members, so a lucky seed shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_softmax

from nof1.imaging.training.calibrating import MISSING, Calibration
from nof1.imaging.training.selective import area_under_risk, selective_curve
from nof1.learn.discrimination import auroc, auroc_figure
from nof1.learn.evaluate import Evaluation, evaluate
from nof1.learn.figures import Figure, bootstrap, percentile_figure

Floats = NDArray[np.float64]
RESAMPLES = 500


@dataclass(frozen=True, eq=False)
class Answers:
    """What a model said about pictures whose truth is known.

    Attributes
    ----------
    classes : K names.
    logits : (members, n, K); risk : (n, K) calibrated probabilities.
    values : (n, K) truth, 0, 1, and -1 for not known.
    question : ``findings`` or ``kinds``, see :class:`nof1.imaging.training.labels.Labels`.
    sets : for each class (n, 2) prediction sets, or None.
    patients : (n,) or None where nobody knows.
    """

    classes: tuple[str, ...]
    logits: NDArray[np.float32]
    risk: Floats
    values: NDArray[np.int8]
    question: str = "findings"
    sets: tuple[NDArray[np.bool_] | None, ...] = ()
    patients: ArrayLike | None = None

    def part(self, rows: ArrayLike) -> Answers:
        """The answers to some of the pictures; ``rows`` is a mask or row numbers."""
        take = np.asarray(rows)
        return Answers(
            self.classes,
            self.logits[:, take],
            self.risk[take],
            self.values[take],
            self.question,
            tuple(None if one is None else one[take] for one in self.sets),
            None if self.patients is None else np.asarray(self.patients)[take],
        )


def answers(
    logits: ArrayLike,
    calibration: Calibration,
    values: ArrayLike,
    classes: tuple[str, ...],
    patients: ArrayLike | None = None,
) -> Answers:
    """Answers of a calibrated ensemble; shapes as in :class:`Answers`."""
    members = np.asarray(logits, dtype=np.float32)
    sets = tuple(calibration.sets(members, k) for k in range(len(classes)))
    return Answers(
        classes=classes,
        logits=members,
        risk=calibration.risk(members),
        values=np.asarray(values, dtype=np.int8),
        question=calibration.question,
        sets=sets,
        patients=patients,
    )


def patient_auroc(
    y: ArrayLike, score: ArrayLike, patients: ArrayLike | None, *, resamples: int = RESAMPLES
) -> Figure:
    """AUROC with a percentile interval over resampled patients (rows where nobody knows them).

    Without a single inversion every resample says 1, which is not certainty: the interval then is
    the exact one-sided limit of ``nof1.learn.discrimination.auroc_figure``.
    """
    labels, scores = np.asarray(y), np.asarray(score, dtype=np.float64)
    value = auroc(labels, scores).value
    if value in (0.0, 1.0):
        return auroc_figure(labels, scores, patients=patients)

    def each(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.array([auroc(labels, scores, one).value for one in weights])

    draws = bootstrap(each, len(labels), resamples=resamples, patients=patients)
    return percentile_figure(value, draws)


@dataclass(frozen=True, eq=False)
class FindingFigures:
    """Figures of one class.

    Attributes
    ----------
    auroc : of the ensemble, interval over patients; ``members`` the AUROC of each member.
    evaluation : everything ``nof1.learn.evaluate`` says, subgroup table included.
    selective : accuracy among the surest shares; ``area_under_risk`` their mean error.
    """

    name: str
    auroc: Figure
    members: tuple[float, ...]
    evaluation: Evaluation
    selective: tuple[Any, ...]
    area_under_risk: float

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "name": self.name,
            "auroc": self.auroc.to_dict(),
            "members": list(self.members),
            "selective": [one.to_dict() for one in self.selective],
            "area_under_risk": self.area_under_risk,
            **self.evaluation.to_dict(),
        }


def figures(
    found: Answers,
    calibration: Calibration | None = None,
    groups: Mapping[str, ArrayLike] | None = None,
    *,
    resamples: int = RESAMPLES,
) -> tuple[FindingFigures, ...]:
    """Figures of each class with both answers among the known rows.

    Parameters
    ----------
    calibration : says how much noise the coverage of its prediction sets has.
    groups : attribute name to (n,) labels, for the subgroup table.
    """
    every = []
    for k, name in enumerate(found.classes):
        known = found.values[:, k] != MISSING
        if len(np.unique(found.values[known, k])) == 2:
            every.append(
                _finding(found.part(known), k, name, calibration, groups, known, resamples)
            )
    return tuple(every)


def _finding(
    found: Answers,
    k: int,
    name: str,
    calibration: Calibration | None,
    groups: Mapping[str, ArrayLike] | None,
    known: NDArray[np.bool_],
    resamples: int,
) -> FindingFigures:
    y, risk = found.values[:, k], found.risk[:, k]
    table = calibration.conformal[k] if calibration and calibration.conformal else None
    sets = found.sets[k] if found.sets else None
    evaluation = evaluate(
        y,
        risk,
        conformal=table if sets is not None else None,
        sets=sets if table is not None else None,
        patients=found.patients,
        groups={key: np.asarray(one)[known] for key, one in (groups or {}).items()},
        resamples=resamples,
    )
    return FindingFigures(
        name=name,
        auroc=patient_auroc(y, risk, found.patients, resamples=resamples),
        members=tuple(auroc(y, one).value for one in _member_scores(found, k)),
        evaluation=evaluation,
        selective=selective_curve(y, risk),
        area_under_risk=area_under_risk(y, risk),
    )


def _member_scores(found: Answers, k: int) -> Floats:
    """(members, n) what each member alone orders the pictures by."""
    members = found.logits.astype(np.float64)
    chosen = log_softmax(members, axis=2) if found.question == "kinds" else members
    return chosen[:, :, k]
