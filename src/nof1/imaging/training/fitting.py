"""Train a few networks on pictures and labels; each seed is one member of the ensemble.

Early stopping looks at an inner part of the given pictures, split by patient. What is reported
must be measured on pictures that were never given here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.core.errors import InputError
from nof1.imaging.nets.residual import Plan, plan_for
from nof1.imaging.nets.squares import Logits, as_squares, logits_of
from nof1.imaging.nets.torchkit import Module
from nof1.imaging.training.calibrating import Calibration
from nof1.imaging.training.course import Course, Epoch, OnEpoch
from nof1.imaging.training.labels import Question, checked_labels
from nof1.imaging.training.member import Data, prepared
from nof1.imaging.training.precision import threads
from nof1.imaging.training.splits import NO_PATIENTS, inner_part

FEWEST = 8  # pictures in a part


@dataclass(frozen=True, eq=False)
class Fitted:
    """Trained members.

    Attributes
    ----------
    nets : torch networks, best pass each, ready to answer.
    inner : (n,) True for the rows of the inner part of the pictures given.
    inner_logits, inner_values : (members, rows, K) and (rows, K), of that part; for calibration.
    history : the passes of each member.
    notes : what a reader of the figures must know.
    """

    classes: tuple[str, ...]
    question: Question
    size: int
    plan: Plan
    course: Course
    seeds: tuple[int, ...]
    nets: tuple[Module, ...]
    inner: NDArray[np.bool_]
    inner_logits: Logits
    inner_values: NDArray[np.int8]
    precision: str
    history: tuple[tuple[Epoch, ...], ...]
    notes: tuple[str, ...] = ()

    def logits(self, images: ArrayLike) -> Logits:
        """(members, n, K) logits of pictures (n, size, size), ``uint8`` or 0 to 1."""
        squares = as_squares(images)
        with threads(self.course.threads):
            return np.stack([logits_of(net, squares) for net in self.nets])

    def calibration(self) -> Calibration:
        """Probabilities, intervals and prediction sets, fitted on the inner part.

        Raises
        ------
        ModelError : the inner part has one answer only for a finding.
        """
        return Calibration.fit(self.inner_logits, self.inner_values, self.question)

    def decision(self, images: ArrayLike) -> NDArray[np.float64]:
        """(n, K) mean of the members' logits: the ensemble's answer before calibration."""
        mean: NDArray[np.float64] = self.logits(images).astype(np.float64).mean(axis=0)
        return mean


def fit(
    images: ArrayLike,
    labels: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    size: int | None = None,
    seeds: Sequence[int] = (1, 2, 3, 4, 5),
    classes: Sequence[str] = ("finding",),
    plan: Plan | None = None,
    course: Course | None = None,
    inner: ArrayLike | None = None,
    folder: str | Path | None = None,
    on_epoch: OnEpoch | None = None,
) -> Fitted:
    """Train one network for each seed.

    Parameters
    ----------
    images : (n, size, size) squares from :func:`nof1.imaging.nets.prepare.prepare`; ``uint8`` (see
        ``stored``) or 0 to 1.
    labels : see :func:`nof1.imaging.training.labels.checked_labels`.
    groups : (n,) patient of each picture; None only where nobody knows, and then ``notes`` say so.
    inner : (n,) True for the inner part; default a random part of the patients.
    folder : where checkpoints are kept; a run that was stopped goes on from there.
    on_epoch : called after every pass.

    Raises
    ------
    InputError : pictures, labels or groups that do not fit together.
    ModelError : the loss is no number any more.
    """
    squares = as_squares(images, size)
    asked = checked_labels(labels, classes, len(squares))
    way = course or Course()
    mask = inner_part(asked.strata, groups, way.inner, seed=way.split_seed)
    if inner is not None:
        mask = np.asarray(inner, dtype=bool)
    shape = plan or plan_for(squares.shape[-1])
    inside = mask & asked.known
    data = Data(squares, asked, inside, ~mask & asked.known)
    _check_parts(data)
    with threads(way.threads):
        job = prepared(data, shape, way, folder)
        members = [job.train(seed, on_epoch) for seed in seeds]
        inner_logits = np.stack([logits_of(net, squares[inside]) for net, _ in members])
    return Fitted(
        classes=asked.classes,
        question=asked.question,
        size=int(squares.shape[-1]),
        plan=shape,
        course=way,
        seeds=tuple(seeds),
        nets=tuple(net for net, _ in members),
        inner=inside,
        inner_logits=inner_logits,
        inner_values=asked.values[inside],
        precision=job.precision,
        history=tuple(history for _, history in members),
        notes=() if groups is not None else (NO_PATIENTS,),
    )


def _check_parts(data: Data) -> None:
    for name, rows in (("inner part", data.inner), ("training part", data.training)):
        if rows.sum() < FEWEST:
            raise InputError(
                f"The {name} has only {int(rows.sum())} pictures with a known label.",
                allowed=f"{FEWEST} or more",
                next_step="Give more pictures, or change `inner`.",
            )
