"""The heads of a federated imaging model: one linear layer on each frozen network.

Features are standardised by sums over all sites and the penalty is chosen by the summed loss of the
inner parts, from strong to weak, until that loss has risen twice: the early stop of a convex fit.
The standardisation is folded back, so that what is stored is one plain layer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import ModelError
from nof1.federation.averaging.exact import FARTHEST, Question, solve
from nof1.federation.averaging.joint import Joint
from nof1.imaging.training.labels import MISSING
from nof1.learn.sums import FloatArray

DECAYS = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)  # from strong to weak
PATIENCE = 2
FLAT = 1e-6  # a feature whose spread is below this has none
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Heads:
    """Trained heads.

    Attributes
    ----------
    weights : (members, K, D); constant : (members, K); float32, for features as they come.
    decay : the chosen penalty. losses : mean inner loss at each penalty that was tried.
    rows : training rows of all sites, counted once for each member.
    """

    weights: NDArray[np.float32]
    constant: NDArray[np.float32]
    decay: float
    losses: dict[float, float]
    rows: int

    def logits(self, features: FloatArray) -> NDArray[np.float32]:
        """(members, n, K) from (members, n, D)."""
        found = np.einsum("mnd,mkd->mnk", features, self.weights.astype(np.float64))
        whole: FloatArray = found + self.constant[:, None, :].astype(np.float64)
        return whole.astype(np.float32)


def learn(
    features: FloatArray, values: NDArray[np.int8], train: Rows, inner: Rows, kinds: bool,
    joint: Joint,
) -> Heads:  # fmt: skip
    """Train the heads of all members; called at every site.

    Parameters
    ----------
    features : (members, n, D). values : (n, K) of 0, 1, -1. kinds : exactly one answer is right.

    Raises
    ------
    ModelError : a finding has one answer only at all sites together, or as ``exact.solve``.
    """
    check_answers(values, (train, inner), joint)
    mean, spread, rows = _scale(features[:, train], joint)
    own = (features - mean[:, None]) / spread[:, None]
    table = np.clip(own, -FARTHEST, FARTHEST)
    taught, held = (_questions(table[:, part], values[part], kinds) for part in (train, inner))
    losses: dict[float, float] = {}
    best: list[FloatArray] = []
    made: list[FloatArray] | None = None
    for decay in DECAYS:
        made = solve(taught, decay, joint, made)
        losses[decay] = _loss(held, made, joint)
        if losses[decay] == min(losses.values()):
            best = made
        elif list(losses).index(min(losses, key=losses.__getitem__)) <= len(losses) - 1 - PATIENCE:
            break
    weights, constant = _folded(best, mean, spread, values.shape[1])
    return Heads(weights, constant, min(losses, key=losses.__getitem__), losses, rows)


def check_answers(values: NDArray[np.int8], parts: Sequence[Rows], joint: Joint) -> None:
    """Nothing when each part has both answers of each class at all sites together.

    Raises
    ------
    ModelError : it has not.
    """
    counts = [
        np.stack([(values[part] == answer).sum(axis=0) for answer in (0, 1)]).astype(np.float64)
        for part in parts
    ]
    if min(float(one.min()) for one in joint.sums(*counts)) < 1:
        raise ModelError(
            "A finding has only one answer in the pictures of all sites together.",
            where="federation",
            allowed="pictures with it and without it, for training and apart from it",
        )


def _scale(features: FloatArray, joint: Joint) -> tuple[FloatArray, FloatArray, int]:
    """Mean and spread (members, D) of the features over the training rows of all sites."""
    count, summed = joint.sums(np.array([float(features.shape[1])]), features.sum(axis=1))
    mean = summed / count[0]
    (squares,) = joint.sums(((features - mean[:, None]) ** 2).sum(axis=1))
    spread = np.sqrt(np.maximum(squares / count[0], 0.0))
    return mean, np.where(spread < FLAT, 1.0, spread), round(float(count[0]))


def _questions(table: FloatArray, values: NDArray[np.int8], kinds: bool) -> list[Question]:
    """One question a member and finding, or one a member for kinds."""
    answer = np.maximum(values, 0).astype(np.float64)
    known = (values != MISSING).astype(np.float64)
    if kinds:
        return [Question(x, answer, known[:, 0]) for x in table]
    return [
        Question(x, answer[:, k : k + 1], known[:, k])
        for x in table
        for k in range(values.shape[1])
    ]


def _loss(held: Sequence[Question], made: Sequence[FloatArray], joint: Joint) -> float:
    own = np.array([[q.loss(beta), q.known.sum()] for q, beta in zip(held, made, strict=True)])
    (total,) = joint.sums(own)
    return math.fsum((total[:, 0] / total[:, 1]).tolist()) / len(total)


def _folded(
    heads: Sequence[FloatArray], mean: FloatArray, spread: FloatArray, classes: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weights and constants for features as they come; sums without rounding, equal everywhere."""
    table = np.concatenate(heads).reshape(len(mean), classes, -1)
    weights = table[:, :, :-1] / spread[:, None]
    constant = np.array(
        [
            [math.fsum([one[-1], *(-w * m)]) for one, w in zip(rows, scaled, strict=True)]
            for rows, scaled, m in zip(table, weights, mean, strict=True)
        ]
    )
    return weights.astype(np.float32), constant.astype(np.float32)
