"""What is asked of a network: one finding, several findings, or one of several kinds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.core.errors import InputError
from nof1.imaging.nets.torchkit import Tensor, functional, torch

Question = Literal["findings", "kinds"]
MISSING = -1


@dataclass(frozen=True, eq=False)
class Labels:
    """Checked labels.

    Attributes
    ----------
    question : ``findings``: each class is present or not, on its own (sigmoid); ``kinds``: exactly
        one class is right (softmax).
    values : (n, K) of 0, 1 and -1 (not known).
    classes : K names.
    """

    question: Question
    values: NDArray[np.int8]
    classes: tuple[str, ...]

    @property
    def known(self) -> NDArray[np.bool_]:
        """(n,) rows with at least one known label."""
        rows: NDArray[np.bool_] = (self.values != MISSING).any(axis=1)
        return rows

    @property
    def strata(self) -> NDArray[np.int64]:
        """(n,) one code for each pattern of labels; what a split spreads evenly."""
        return np.unique(self.values, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)

    def weights(self, balanced: bool) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(K,) weights of an absent and a present finding; 1 unless ``balanced``.

        Balanced: both sides of a finding weigh the same in total. The probabilities are then no
        longer those of the data; the recalibration on the inner part puts that right.
        """
        one = np.ones(len(self.classes), dtype=np.float32)
        if not balanced:
            return one, one
        known = np.maximum((self.values != MISSING).sum(axis=0), 1)
        share = np.clip((self.values == 1).sum(axis=0) / known, 0.02, 0.98)
        if self.question == "kinds":
            present = 1 / (share * len(self.classes))
            return one, present.astype(np.float32)
        return (0.5 / (1 - share)).astype(np.float32), (0.5 / share).astype(np.float32)


def checked_labels(labels: ArrayLike, classes: Sequence[str], count: int) -> Labels:
    """Labels as a table.

    Parameters
    ----------
    labels : (n,) of 0 and 1 for one class; (n,) class numbers for several kinds; (n, K) of 0, 1
        for several findings. -1 is "not known".

    Raises
    ------
    InputError : shapes that do not fit, other values, or a class without both answers.
    """
    names = tuple(classes)
    values = np.asarray(labels)
    if values.ndim == 2 and values.shape[1] == 1 and len(names) == 1:
        values = values[:, 0]
    _check_shape(values, names, count)
    if values.ndim == 1 and len(names) > 1:
        table = np.where(values[:, None] == MISSING, MISSING, values[:, None] == range(len(names)))
        question: Question = "kinds"
    else:
        table, question = values.reshape(count, len(names)), "findings"
    found = Labels(question, table.astype(np.int8), names)
    _check_answers(found)
    return found


def _check_shape(values: NDArray[np.generic], names: tuple[str, ...], count: int) -> None:
    if not names or len(set(names)) < len(names):
        raise InputError("The classes have no names, or one name stands twice.", where="classes")
    if len(values) != count or (values.ndim == 2 and values.shape[1] != len(names)):
        raise InputError(
            f"Labels of shape {values.shape} do not fit {count} pictures and {len(names)} classes.",
            where="labels",
            allowed="(pictures,) or (pictures, classes)",
        )
    highest = len(names) - 1 if values.ndim == 1 and len(names) > 1 else 1
    if not np.isin(values, np.arange(MISSING, highest + 1)).all():
        raise InputError(
            "A label is out of range.", where="labels", allowed=f"0 to {highest}, -1 for not known"
        )


def _check_answers(labels: Labels) -> None:
    for name, column in zip(labels.classes, labels.values.T, strict=True):
        if not ((column == 1).any() and (column == 0).any()):
            raise InputError(
                f"{name!r} has only one answer in these pictures.",
                where="labels",
                allowed="pictures with it and without it",
            )


def loss_of(
    question: Question, logits: Tensor, values: Tensor, absent: Tensor, present: Tensor
) -> Tensor:
    """Mean cross entropy over the known labels, weighted; logits and values (n, K)."""
    known = values != MISSING
    target = values.clamp(min=0).float()
    if question == "kinds":
        each = -(functional.log_softmax(logits, dim=1) * target).sum(dim=1)
        weight = (target * present).sum(dim=1) * known[:, 0]
        return (each * weight).sum() / weight.sum().clamp(min=1e-6)
    each = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    weight = torch.where(target > 0, present, absent) * known
    return (each * weight).sum() / weight.sum().clamp(min=1e-6)
