"""Cross-validation by patient: every picture is answered by members that never saw its patient.

The shortcut gates ask the same question of pictures in which the finding is hidden: give them the
same folds (``nof1.imaging.gates.shortcuts.audit_folds``) and compare.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.core.errors import InputError
from nof1.imaging.training.evaluating import Answers, answers
from nof1.imaging.training.fitting import fit
from nof1.imaging.training.labels import checked_labels
from nof1.imaging.training.splits import crossing

Transform = Callable[[NDArray[Any]], NDArray[Any]]


def crossvalidated(
    images: ArrayLike,
    labels: ArrayLike,
    *,
    fold: ArrayLike,
    groups: ArrayLike | None = None,
    classes: Sequence[str] = ("finding",),
    transform: Transform | None = None,
    on_fold: Callable[[int], None] | None = None,
    **training: Any,
) -> Answers:
    """Answers to every picture from the members of the folds it is not in.

    Each fold's members are trained, stopped and calibrated without that fold.

    Parameters
    ----------
    fold : (n,) number of the part each picture is in; whole patients.
    transform : changes the pictures (n, size, size) before training and before answering, for
        example to leave the outer frame only.
    on_fold : called with each fold's number before its training.
    training : as for :func:`nof1.imaging.training.fitting.fit`.

    Raises
    ------
    InputError : a patient in two folds, or as ``fit``.
    """
    stack = np.asarray(images)
    stack = stack if transform is None else transform(stack)
    part = np.asarray(fold)
    split = groups is not None and crossing(groups, [part == one for one in np.unique(part)])
    if split:
        raise InputError(f"{split} patients have pictures in two folds.", where="fold")
    asked = checked_labels(labels, classes, len(stack))
    found: list[tuple[NDArray[np.int64], Answers]] = []
    for number in np.unique(part):
        if on_fold:
            on_fold(int(number))
        rows = np.flatnonzero(part == number)
        found.append((rows, _answered(stack, labels, rows, groups, asked, training)))
    return _joined(found, groups)


def _answered(
    stack: NDArray[Any],
    labels: ArrayLike,
    rows: NDArray[np.int64],
    groups: ArrayLike | None,
    asked: Any,
    training: dict[str, Any],
) -> Answers:
    others = np.setdiff1d(np.arange(len(stack)), rows)
    fitted = fit(
        stack[others],
        np.asarray(labels)[others],
        groups=None if groups is None else np.asarray(groups)[others],
        classes=asked.classes,
        **training,
    )
    logits = fitted.logits(stack[rows])
    return answers(logits, fitted.calibration(), asked.values[rows], asked.classes)


def _joined(found: list[tuple[NDArray[np.int64], Answers]], groups: ArrayLike | None) -> Answers:
    order = np.argsort(np.concatenate([rows for rows, _ in found]))
    every = [one for _, one in found]
    first = every[0]
    sets = [
        None if any(one.sets[k] is None for one in every) else [one.sets[k] for one in every]
        for k in range(len(first.classes))
    ]
    return Answers(
        classes=first.classes,
        logits=np.concatenate([one.logits for one in every], axis=1)[:, order],
        risk=np.concatenate([one.risk for one in every])[order],
        values=np.concatenate([one.values for one in every])[order],
        question=first.question,
        sets=tuple(None if one is None else np.concatenate(one)[order] for one in sets),  # type: ignore[arg-type]
        patients=groups,
    )
