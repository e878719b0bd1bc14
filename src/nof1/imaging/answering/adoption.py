"""A network with weights from elsewhere as a model of the site: calibrated, tested, gated, judged.

It is not trained here: the training side of the split calibrates it, the testing side gives its
figures, and the same trial as for an own model decides whether it may speak.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import InputError, UsageError
from nof1.imaging.answering.building import Built, Looks, Say, gated_and_judged
from nof1.imaging.nets.folder import ABOUT
from nof1.imaging.nets.weights import Loaded
from nof1.imaging.training.adopting import FEWEST, adopted, chosen, open_weights
from nof1.imaging.training.evaluating import answers, figures
from nof1.imaging.training.fitting import Fitted
from nof1.imaging.training.labels import checked_labels
from nof1.imaging.training.loading import DataSet, load
from nof1.imaging.training.running import Rows, Run, card_of, sides
from nof1.imaging.training.saving import save
from nof1.imaging.training.splits import inner_part
from nof1.imaging.training.task import ImagingTask

APART = 0.5  # share of the calibration patients that set the limits of the gates


def adopt(
    weights: str | Path,
    task: ImagingTask,
    out: str | Path,
    *,
    outputs: Mapping[str, int] | None = None,
    say: Say = lambda _: None,
) -> Built:
    """Make a model of weights from a local file or a MONAI bundle.

    Parameters
    ----------
    outputs : finding of the task -> output of the network, counted from 0; without it the network
        must have the task's findings in the task's order.
    out : the model's folder; new.

    Raises
    ------
    InputError, ModelError, UsageError : weights or pictures do not fit, there are fewer than 200
        pictures to calibrate on, or ``out`` holds a model.
    """
    _check(task, Path(out))
    say("reading the weights")
    loaded = _with_outputs(open_weights(weights), task, outputs)
    looks = Looks()
    say("reading the films")
    data = load(task, looks.add)
    train, test = sides(task, data)
    labels = data.labels[:, 0] if len(task.classes) == 1 and data.labels.ndim > 1 else data.labels
    people = data.patients
    say("calibrating and testing")
    fitted = adopted(
        loaded,
        data.images[train],
        labels[train],
        classes=task.classes,
        groups=None if people is None else people[train],
    )
    return _saved(task, Path(out), fitted, (data, labels), (train, test), looks, say)


def _check(task: ImagingTask, out: Path) -> None:
    if (out / ABOUT).exists():
        raise UsageError(
            "There is already a model here.", where=out.name, next_step="Choose another folder."
        )
    if task.anomaly or task.split.way == "folds":
        raise InputError(
            "Weights from elsewhere need findings or kinds, and pictures for testing alone.",
            where=task.name,
            allowed="findings or kinds; a split of arrays, column or test_share",
        )
    if task.network or task.training or task.augmentation:
        raise InputError(
            "A network from elsewhere is not trained here: `network` and `training` have no use.",
            where=task.name,
            allowed="training: {size: ...}",
            next_step="Remove them.",
        )


def _with_outputs(loaded: Loaded, task: ImagingTask, outputs: Mapping[str, int] | None) -> Loaded:
    if not outputs:
        if loaded.classes != len(task.classes):
            raise InputError(
                f"The network has {loaded.classes} outputs, the task {len(task.classes)} findings.",
                next_step="Say which output is which: --output NAME=NUMBER, counted from 0.",
            )
        return loaded
    if set(outputs) != set(task.classes):
        raise InputError(
            "The outputs are not those of the task's findings.",
            where="--output",
            allowed=list(task.classes),
        )
    return chosen(loaded, [outputs[name] for name in task.classes])


def _saved(
    task: ImagingTask,
    out: Path,
    fitted: Fitted,
    found: tuple[DataSet, NDArray[np.int64]],
    split: tuple[Rows, Rows],
    looks: Looks,
    say: Say,
) -> Built:
    (data, labels), (train, test) = found, split
    people = data.patients
    truth = checked_labels(labels, task.classes, len(labels)).values
    tested = answers(
        fitted.logits(data.images[test]),
        fitted.calibration(),
        truth[test],
        task.classes,
        None if people is None else people[test],
    )
    groups = {name: values[test] for name, values in data.groups.items()}
    told = figures(tested, fitted.calibration(), groups)
    card = card_of(task, data, fitted, split, told)
    card["tested_by"] = (
        f"pictures that took no part in calibration; the network was not trained here, and "
        f"calibrated on {len(train)} pictures ({FEWEST} or more are needed)"
    )
    folder = save(fitted, out, name=task.name, sections={"card": card})
    fold = np.ones(len(data.images), dtype=np.int64)
    fold[test] = 0
    # the network saw none of these pictures, so any part of them may set the gates' limits
    whose = None if people is None else people[train]
    apart = inner_part(np.zeros(len(train)), whose, APART)
    run = Run(folder, replace(fitted, inner=apart), tested, test, train, fold, data, told)
    return gated_and_judged(task, run, looks, say)
