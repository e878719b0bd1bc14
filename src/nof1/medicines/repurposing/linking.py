"""The link predictor: a logistic regression on the signals, so that it can be explained.

Known uses are the positives; all other pairs, of which some are uses that nobody wrote down, are
the negatives. So the score orders pairs; it is no probability, and least of all one of benefit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit

from nof1.medicines.repurposing.likeness import Floats, Likeness
from nof1.medicines.repurposing.pairs import Bools
from nof1.medicines.repurposing.signals import names, signals

RIDGE = 1.0  # penalty on squared weights of standardised signals


@dataclass(frozen=True, eq=False)
class Linker:
    """A fitted model.

    Attributes
    ----------
    names : of the signals (s).
    weights : (s,) for signals of mean 0 and standard deviation 1; positive speaks for a use.
    mean, scale : (s,) of the signals over all pairs.
    intercept : log odds of the average pair.
    """

    names: tuple[str, ...]
    weights: Floats
    mean: Floats
    scale: Floats
    intercept: float

    def parts(self, values: Floats) -> Floats:
        """What each signal adds to the log odds, against the average pair: same shape as values."""
        found: Floats = (values - self.mean) / self.scale * self.weights
        return found

    def score(self, values: Floats) -> Floats:
        """Log odds of pairs from their signals (..., s); higher speaks for a use."""
        found: Floats = self.parts(values).sum(axis=-1) + self.intercept
        return found


def learnable(used: Bools, *, cold: bool) -> Bools:
    """Pairs (m, d) to learn from: those that are not known only through themselves.

    Every medicine of the table is used for something. One that is used for a single disease has no
    other use exactly in that pair, and a model would learn that such pairs are always right.
    """
    other_uses = used.sum(axis=1, keepdims=True) - used.astype(np.int64) > 0
    if cold:
        return np.broadcast_to(other_uses, used.shape)
    others = used.sum(axis=0, keepdims=True) - used.astype(np.int64) > 0
    return np.asarray(other_uses & others)


def fit(used: Bools, likeness: Likeness, *, cold: bool = False) -> tuple[Linker, Floats]:
    """The model of a table of uses, and the signals (m, d, s) of all its pairs.

    ``cold`` : only what is known about a disease without a medicine.
    """
    values = signals(used, likeness, cold=cold)
    rows = learnable(used, cold=cold)
    return _fitted(names(likeness, cold=cold), values[rows], used[rows]), values


def _fitted(names: tuple[str, ...], values: Floats, answer: Bools) -> Linker:
    mean, scale = values.mean(axis=0), values.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    intercept, *weights = _likeliest((values - mean) / scale, answer.astype(np.float64))
    return Linker(names, np.array(weights), mean, scale, float(intercept))


def _likeliest(values: Floats, answer: Floats) -> Floats:
    """Penalised maximum likelihood: the intercept, then one weight for each signal."""
    design = np.column_stack([np.ones(len(values)), values])
    ridge = np.array([0.0, *[RIDGE] * values.shape[1]])
    share = (answer.sum() + 0.5) / (len(answer) + 1)

    def loss(weights: Floats) -> tuple[float, Floats]:
        odds = design @ weights
        lost = np.logaddexp(0, odds).sum() - answer @ odds + (ridge * weights**2).sum() / 2
        return float(lost), design.T @ (expit(odds) - answer) + ridge * weights

    start = np.array([logit(share), *[0.0] * values.shape[1]])
    done = minimize(loss, start, jac=True, method="L-BFGS-B", options={"ftol": 1e-12})
    return np.asarray(done.x)
