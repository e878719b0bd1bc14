"""What the boosted terms are fitted to: a yes/no outcome, a number, or the time to an event.

Scores have shape (n_rows, n_bags). The bags differ only in the rows they learn from (``weights``).
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nof1.learn.sums import CountedSum, FloatArray

Places = NDArray[np.int64]


class Objective(Protocol):
    """Row losses with two derivatives, and the level (intercept or baseline) they need."""

    weights: FloatArray
    """(n_rows, n_bags): 0 where the bag does not learn from the row."""

    def start(self, total: CountedSum) -> FloatArray:
        """Fit the level alone; returns the intercepts (n_bags,)."""
        ...

    def gradients(self, scores: FloatArray) -> tuple[FloatArray, FloatArray]:
        """First and second derivative of the loss by the score, not weighted."""
        ...

    def weigh(self, scores: FloatArray, both: FloatArray) -> None:
        """Write the weighted first and then second derivatives into ``both`` (n_rows, 2 n_bags)."""
        ...

    def losses_at(self, scores: FloatArray, rows: Places, bags: Places) -> FloatArray:
        """Negative log likelihoods (n,) of some rows in some bags with these scores (n,)."""
        ...

    def extra(self, scores: FloatArray) -> FloatArray:
        """Further statistics to sum in the same round; may be empty."""
        ...

    def relevel(self, g: FloatArray, h: FloatArray, extra: FloatArray) -> FloatArray:
        """Use summed gradients (n_bags,) and extras; returns the change of the intercepts."""
        ...


BLOCK = 2048
"""Rows that are worked on together, so that what is between two steps stays in the cache."""


def blocks(n_rows: int) -> list[slice]:
    """The rows in blocks."""
    return [slice(start, start + BLOCK) for start in range(0, n_rows, BLOCK)]


def sigmoid(scores: FloatArray) -> FloatArray:
    """Logistic function without overflow."""
    small = np.exp(-np.abs(scores))
    return np.where(scores >= 0, 1.0, small) / (1.0 + small)


class Bernoulli:
    """Yes/no outcome: negative log likelihood of the logistic model."""

    def __init__(self, labels: FloatArray, weights: FloatArray) -> None:
        self.labels = labels
        self.weights = weights

    def start(self, total: CountedSum) -> FloatArray:
        events, rows = total.together(self.labels @ self.weights, self.weights.sum(axis=0))
        share = np.clip(events / np.maximum(rows, 1e-12), 1e-6, 1 - 1e-6)
        intercepts: FloatArray = np.log(share / (1 - share))
        return intercepts

    def gradients(self, scores: FloatArray) -> tuple[FloatArray, FloatArray]:
        risk = sigmoid(scores)
        return risk - self.labels[:, None], risk * (1 - risk)

    def weigh(self, scores: FloatArray, both: FloatArray) -> None:
        from nof1.learn import passes

        for part in blocks(len(scores)):
            some = scores[part]
            small = np.abs(some)
            np.exp(np.negative(small, out=small), out=small)
            passes.logistic(small, some, self.labels[part], self.weights[part], both[part])

    def losses_at(self, scores: FloatArray, rows: Places, bags: Places) -> FloatArray:
        losses: FloatArray = np.logaddexp(0, np.where(self.labels[rows] == 1, -scores, scores))
        return losses

    def extra(self, scores: FloatArray) -> FloatArray:
        return np.empty(0)

    def relevel(self, g: FloatArray, h: FloatArray, extra: FloatArray) -> FloatArray:
        return np.clip(-g / np.maximum(h, 1e-12), -1, 1)


class Gaussian:
    """A number with normal noise of a known variance: negative log likelihood up to a constant.

    ``variance`` puts losses and gains on the scale of log likelihoods, so that the thresholds of
    boosting mean the same as for a yes/no outcome.
    """

    def __init__(self, values: FloatArray, weights: FloatArray, variance: float) -> None:
        self.values = values
        self.weights = weights
        self.variance = variance

    def start(self, total: CountedSum) -> FloatArray:
        first, mass = total.together(self.values @ self.weights, self.weights.sum(axis=0))
        means: FloatArray = first / np.maximum(mass, 1e-12)
        return means

    def gradients(self, scores: FloatArray) -> tuple[FloatArray, FloatArray]:
        g = (scores - self.values[:, None]) / self.variance
        return g, np.full_like(g, 1 / self.variance)

    def weigh(self, scores: FloatArray, both: FloatArray) -> None:
        g, h = np.split(both, 2, axis=1)
        np.multiply((scores - self.values[:, None]) / self.variance, self.weights, out=g)
        np.multiply(1 / self.variance, self.weights, out=h)

    def losses_at(self, scores: FloatArray, rows: Places, bags: Places) -> FloatArray:
        losses: FloatArray = (scores - self.values[rows]) ** 2 / (2 * self.variance)
        return losses

    def extra(self, scores: FloatArray) -> FloatArray:
        return np.empty(0)

    def relevel(self, g: FloatArray, h: FloatArray, extra: FloatArray) -> FloatArray:
        return -g / np.maximum(h, 1e-12)
