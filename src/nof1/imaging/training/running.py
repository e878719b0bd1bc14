"""From a task to a model folder with its card: load, split, fit, answer, count, save."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import InputError
from nof1.core.finding import NOTICE
from nof1.imaging.nets.folder import ModelFolder
from nof1.imaging.nets.residual import Plan, plan_for
from nof1.imaging.training.augmenting import Augmentation
from nof1.imaging.training.course import Course, OnEpoch
from nof1.imaging.training.crossvalidating import crossvalidated
from nof1.imaging.training.evaluating import Answers, FindingFigures, answers, figures
from nof1.imaging.training.fitting import Fitted, fit
from nof1.imaging.training.labels import checked_labels
from nof1.imaging.training.loading import DataSet, load
from nof1.imaging.training.people import OnFilm
from nof1.imaging.training.saving import save
from nof1.imaging.training.splits import folds
from nof1.imaging.training.task import ImagingTask, plain

SCHEMA = "nof1/imaging-card/1"
LIMITS = (
    "The figures hold for pictures like those in the test part; another site, age group or machine "
    "needs its own test.",
    "The calibration was fitted on pictures like the training pictures and does not travel; fit it "
    "again on 200 or more cases of the site.",
    "An AUROC without the frame-only figure beside it may be the skill of a shortcut.",
)
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Run:
    """What a training left.

    Attributes
    ----------
    folder : the model's folder; its ``model.json`` holds the card.
    fitted : the members.
    tested : answers to the test pictures (of all pictures with folds); ``rows`` in ``data``.
    train : rows in ``data`` that the saved members were trained on.
    fold : (n,) part of each picture of ``data``: with a split 0 for testing and 1 for training.
    """

    folder: ModelFolder
    fitted: Fitted
    tested: Answers
    rows: Rows
    train: Rows
    fold: Rows
    data: DataSet
    figures: tuple[FindingFigures, ...]


def run(
    task: ImagingTask,
    out: str | Path,
    *,
    checkpoints: str | Path | None = None,
    sections: Mapping[str, Any] | None = None,
    half: bool = False,
    on_epoch: OnEpoch | None = None,
    on_film: OnFilm | None = None,
) -> Run:
    """Train, test and save.

    With ``folds`` the figures come from cross-validation and the saved members are then trained on
    all pictures: the card says so.

    Parameters
    ----------
    out : the model's folder; new.
    checkpoints : a folder from which a stopped run goes on.
    on_film : called with each film as it came; see ``loading.load``.

    Raises
    ------
    InputError, ModelError, UsageError : the task's files do not fit, or ``out`` holds a model.
    """
    data = load(task, on_film)
    options = settings(task)
    train, test = sides(task, data)
    tested = None
    if task.split.way == "folds":
        tested = _crossed(task, data, test, options, on_epoch)
    fitted = _fitted(task, data, train, options, checkpoints, on_epoch)
    if tested is None:
        truth = checked_labels(_flat(task, data.labels), task.classes, len(data.labels)).values
        patients = None if data.patients is None else data.patients[test]
        logits = fitted.logits(data.images[test])
        tested = answers(logits, fitted.calibration(), truth[test], task.classes, patients)
    groups = {name: values[test] for name, values in data.groups.items()}
    found = figures(tested, fitted.calibration(), groups)
    card = card_of(task, data, fitted, (train, test), found)
    folder = save(
        fitted, out, name=task.name, sections={**(sections or {}), "card": card}, half=half
    )
    return Run(folder, fitted, tested, test, train, _fold(task, data, train, test), data, found)


def _fold(task: ImagingTask, data: DataSet, train: Rows, test: Rows) -> Rows:
    fold = np.ones(len(data.images), dtype=np.int64)
    if task.split.way == "folds":
        fold[test] = _parts(task, data, test, task.split.folds)
    else:
        fold[test] = 0
    return fold


def settings(task: ImagingTask) -> dict[str, Any]:
    """What ``fit`` takes besides pictures and labels."""
    plan = plan_for(task.size)
    network = {**plan.to_dict(), **task.network}
    course = Course(augmentation=Augmentation(**task.augmentation), **task.training)
    return {"plan": Plan.from_dict(network), "course": course, "seeds": task.seeds}


def sides(task: ImagingTask, data: DataSet) -> tuple[Rows, Rows]:
    """Row numbers of training and testing; with folds both are all rows with a label.

    Raises
    ------
    InputError : one of them is empty.
    """
    known = (data.labels.reshape(len(data.labels), -1) >= 0).any(axis=1)
    every = np.flatnonzero(known)
    if task.split.way == "folds":
        return every, every
    if data.side is not None:
        train, test = (np.flatnonzero(known & (data.side == side)) for side in ("train", "test"))
    else:
        part = _parts(task, data, every, max(2, round(1 / task.split.share)))
        train, test = every[part != 0], every[part == 0]
    if not (len(train) and len(test)):
        raise InputError("One side of the split has no picture with a label.", where="split")
    return train, test


def _parts(task: ImagingTask, data: DataSet, rows: Rows, count: int) -> Rows:
    patients = None if data.patients is None else data.patients[rows]
    strata = np.unique(data.labels[rows], axis=0, return_inverse=True)[1].reshape(-1)
    return folds(strata, patients, count, seed=task.split.seed)


def _flat(task: ImagingTask, labels: Rows) -> Rows:
    return labels[:, 0] if len(task.classes) == 1 else labels


def _fitted(
    task: ImagingTask,
    data: DataSet,
    rows: Rows,
    options: dict[str, Any],
    checkpoints: str | Path | None,
    on_epoch: OnEpoch | None,
) -> Fitted:
    return fit(
        data.images[rows],
        _flat(task, data.labels[rows]),
        groups=None if data.patients is None else data.patients[rows],
        classes=task.classes,
        folder=checkpoints,
        on_epoch=on_epoch,
        **options,
    )


def _crossed(
    task: ImagingTask,
    data: DataSet,
    rows: Rows,
    options: dict[str, Any],
    on_epoch: OnEpoch | None,
) -> Answers:
    return crossvalidated(
        data.images[rows],
        _flat(task, data.labels[rows]),
        fold=_parts(task, data, rows, task.split.folds),
        groups=None if data.patients is None else data.patients[rows],
        classes=task.classes,
        on_epoch=on_epoch,
        **options,
    )


def card_of(
    task: ImagingTask,
    data: DataSet,
    fitted: Fitted,
    rows: tuple[Rows, Rows],
    found: tuple[FindingFigures, ...],
) -> dict[str, Any]:
    """The card as data: counts, figures and limits, no patient's value."""
    train, test = rows
    people = {
        side: None if data.patients is None else len(np.unique(data.patients[part]))
        for side, part in (("train", train), ("test", test))
    }
    return {
        "schema": SCHEMA,
        "notice": NOTICE,
        "validated_by": "nobody: no clinician has reviewed this model",
        "task": plain(task),
        "pictures": {"train": len(train), "test": len(test), "inner": int(fitted.inner.sum())},
        "patients": people,
        "set_aside": data.aside,
        "tested_by": "cross-validation; the saved members were trained on all pictures"
        if task.split.way == "folds"
        else "pictures that took no part in training, stopping or calibration",
        "findings": [one.to_dict() for one in found],
        "notes": list(fitted.notes),
        "limits": list(LIMITS),
    }
