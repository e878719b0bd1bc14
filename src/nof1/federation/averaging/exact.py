"""Linear heads by exact sums: the same optimum as on all rows in one place.

The loss of a logistic or softmax layer over fixed features is convex, and its value, gradient and
curvature are sums over rows. Sites add these sums, and Newton's steps from them are the steps that
one site with all rows would take. So nothing is lost by not pooling, however different sites are;
plain averaging of weights would lose something (``averages``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, log_softmax, softmax

from nof1.core.errors import ModelError
from nof1.federation.averaging.joint import Joint
from nof1.learn.sums import FloatArray

FARTHEST = 10.0  # standard deviations at which a feature is cut, so that every sum has a bound
FINER = 256.0  # gradients travel in steps of 2^-32
MOST_STEPS, MOST_HALVES = 60, 40
ENOUGH = 1e-9  # gradient per row at which it has arrived
FREE = 1e-6  # penalty on the constant: nearly none, and the softmax has one answer
MOST_NUMBERS = 2000  # of one head; its curvature has the square of that


@dataclass(frozen=True, eq=False)
class Question:
    """One head at one site.

    Attributes
    ----------
    x : (n, P) standardised features, within ``FARTHEST``.
    y : (n, C) of 0 and 1: one column for yes or no, or one for each kind.
    known : (n,) 1 where the answer is known, else 0.
    """

    x: FloatArray
    y: FloatArray
    known: FloatArray

    @property
    def shape(self) -> tuple[int, int]:
        """(C, P + 1): weights and the constant of each answer."""
        return self.y.shape[1], self.x.shape[1] + 1

    def loss(self, beta: FloatArray) -> float:
        """Summed cross entropy of ``beta`` (C, P + 1) over the known rows, in nats."""
        return float(self.known @ self._losses(self._logits(beta)))

    def parts(self, beta: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Loss (1,), gradient (C, P + 1) and upper half of the curvature, summed over the rows."""
        logits, rows = self._logits(beta), _with_one(self.x)
        risk = expit(logits) if self.shape[0] == 1 else softmax(logits, axis=1)
        gradient = ((risk - self.y) * self.known[:, None]).T @ rows
        size = gradient.size
        curve = self._curvature(risk, rows).reshape(size, size)
        loss = np.array([self.known @ self._losses(logits)])
        return loss, FINER * gradient, curve[np.triu_indices(size)]

    def _logits(self, beta: FloatArray) -> FloatArray:
        return np.asarray(self.x @ beta[:, :-1].T + beta[:, -1])

    def _losses(self, logits: FloatArray) -> FloatArray:
        if self.shape[0] == 1:
            one = logits[:, 0]
            return np.asarray(np.logaddexp(0, one) - self.y[:, 0] * one)
        return np.asarray(-(self.y * log_softmax(logits, axis=1)).sum(axis=1))

    def _curvature(self, risk: FloatArray, rows: FloatArray) -> FloatArray:
        answers, wide = self.shape
        found = np.empty((answers, wide, answers, wide))
        for a in range(answers):
            for b in range(answers):
                weight = risk[:, a] * (float(a == b) - risk[:, b]) * self.known
                found[a, :, b] = (rows * weight[:, None]).T @ rows
        return found


@dataclass(frozen=True, eq=False)
class _Place:
    """Where a head stands: its weights, and the penalised sums of all sites there."""

    beta: FloatArray
    loss: float
    gradient: FloatArray
    curvature: FloatArray

    def step(self) -> FloatArray:
        """Newton's step from here."""
        made = np.linalg.solve(self.curvature, self.gradient.ravel())
        return np.asarray(self.beta - made.reshape(self.beta.shape))


def solve(
    questions: Sequence[Question],
    decay: float,
    joint: Joint,
    start: Sequence[FloatArray] | None = None,
) -> list[FloatArray]:
    """The heads (C, P + 1) with the smallest penalised loss over the rows of all sites.

    Minimised is ``sum of losses + rows * decay / 2 * |weights|^2``; the constant is all but free.

    Raises
    ------
    ModelError : a head is too wide; sums that no honest sites have, or that lead nowhere.
    """
    sizes = [math.prod(one.shape) for one in questions]
    if max(sizes) > MOST_NUMBERS:
        raise ModelError(
            f"A head of {max(sizes)} numbers is too large for exact sums.",
            where="federation",
            allowed=f"at most {MOST_NUMBERS}",
            next_step="Use a frozen network with fewer features.",
        )
    rows = joint.sums(*(np.array([one.known.sum()]) for one in questions))
    beta = [np.zeros(one.shape) for one in questions] if start is None else list(start)
    at: list[_Place] | None = None
    halves = 0
    for _ in range(MOST_STEPS):
        here = _summed(questions, beta, rows, decay, joint)
        worse = [] if at is None else _worse(here, at)
        if at is not None and any(worse):
            halves += 1
            kept = [old if bad else new for new, old, bad in zip(here, at, worse, strict=True)]
            tried = [
                (new.beta + old.beta) / 2 if bad else new.step()
                for new, old, bad in zip(here, at, worse, strict=True)
            ]
        else:
            kept, tried = here, [one.step() for one in here]
        if not any(worse) and all(_arrived(one, n) for one, n in zip(here, rows, strict=True)):
            return [one.beta for one in here]
        if halves > MOST_HALVES:
            break
        at, beta = kept, joint.shared(*tried)
    raise ModelError(
        "The sums of the sites lead nowhere: they contradict each other.",
        where="federation",
        next_step="Stop the federation and compare the sites; one of them sends other sums.",
    )


def _summed(
    questions: Sequence[Question],
    beta: Sequence[FloatArray],
    rows: Sequence[FloatArray],
    decay: float,
    joint: Joint,
) -> list[_Place]:
    own = [part for q, b in zip(questions, beta, strict=True) for part in q.parts(b)]
    total = joint.sums(*own)
    found = []
    for place, (b, count) in enumerate(zip(beta, rows, strict=True)):
        loss, gradient, upper = total[3 * place : 3 * place + 3]
        _check(float(loss[0]), gradient / FINER, float(count[0]))
        held = np.full(b.shape, decay * float(count[0]))
        held[:, -1] = FREE * float(count[0])
        square = np.zeros((b.size, b.size))
        square[np.triu_indices(b.size)] = upper
        square = square + np.triu(square, 1).T + np.diag(held.ravel())
        penalty = math.fsum((held * b**2 / 2).ravel().tolist())
        found.append(_Place(b, float(loss[0]) + penalty, gradient / FINER + held * b, square))
    return found


def _check(loss: float, gradient: FloatArray, rows: float) -> None:
    """Refuse sums that rows with features within ``FARTHEST`` cannot have."""
    if loss < -1e-3 or float(np.abs(gradient).max()) > FARTHEST * rows + 1:
        raise ModelError(
            "A site's sums are not what an honest site sends: the total is out of bounds.",
            where="federation",
            next_step="Stop the federation and compare the sites; the masks hide which one it was.",
        )


def _worse(here: Sequence[_Place], at: Sequence[_Place]) -> list[bool]:
    return [new.loss > old.loss + 1e-6 * max(1.0, abs(old.loss)) for new, old in zip(
        here, at, strict=True)]  # fmt: skip


def _arrived(one: _Place, rows: FloatArray) -> bool:
    return float(np.abs(one.gradient).max()) <= ENOUGH * max(float(rows[0]), 1.0)


def _with_one(x: FloatArray) -> FloatArray:
    return np.hstack([x, np.ones((len(x), 1))])
