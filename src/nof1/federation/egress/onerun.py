"""Auditing differential privacy with one training run.

``m`` canary patients are made, a fair coin decides for each whether it trains, and the recipe is
run once. Whoever looks at the model then guesses the coins of those ``r`` canaries about which the
model is clearest. For an (epsilon, delta) private recipe the number of right guesses is (up to a
term in delta) no larger than a binomial number with ``r`` tries of chance
``e^epsilon / (1 + e^epsilon)``; more right guesses refute epsilon. It is a lower bound: a small one
proves nothing.

Reference: Steinke, Nasr & Jagielski, *Privacy Auditing with One (1) Training Run*, NeurIPS 2023,
the theorem for approximate differential privacy. Its canaries are here patients put together from
columns of many patients, with an outcome by coin, so no canary resembles anybody.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from nof1.core.errors import UsageError
from nof1.federation.egress.trainer import Ints, Scorer, Target, Trainer
from nof1.learn.sums import FloatArray

CONFIDENCE = 0.95
FEWEST, MOST = 100, 1_000  # canaries
SHARES = (0.1, 0.25, 0.5, 1.0)  # of the canaries that are guessed at; fixed beforehand
LARGEST = 64.0  # epsilon


@dataclass(frozen=True)
class Audit:
    """What the audit found.

    Attributes
    ----------
    canaries, guesses, right : m, r and the right guesses of the share with the largest bound.
    lower : epsilon is at least this, with ``confidence``.
    visible : the largest bound that all right guesses would have shown.
    """

    canaries: int
    guesses: int
    right: int
    lower: float
    visible: float
    delta: float
    confidence: float

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "canaries": self.canaries,
            "guesses": self.guesses,
            "right": self.right,
            "epsilon_at_least": round(self.lower, 4),
            "largest_visible_epsilon": round(self.visible, 4),
            "delta": self.delta,
            "confidence": self.confidence,
        }


def p_value(canaries: int, guesses: int, right: int, epsilon: float, delta: float) -> float:
    """Largest chance of so many right guesses when the recipe is (epsilon, delta) private.

    P[B >= v] + 2 m delta max over i of (P[B >= v - i] - P[B >= v]) / i, with B binomial.

    >>> p_value(10, 10, 10, 0.0, 0.0) == 0.5**10
    True
    """
    if not 0 <= right <= guesses <= canaries or epsilon < 0 or not 0 <= delta <= 1:
        raise UsageError("The numbers of the audit do not fit.", where="audit")
    chance = 1 / (1 + math.exp(-epsilon))
    reached = float(binom.sf(right - 1, guesses, chance))
    if delta == 0 or right == 0:
        return min(1.0, reached)
    below = np.cumsum(binom.pmf(np.arange(right - 1, -1, -1), guesses, chance))
    steepest = float((below / np.arange(1, right + 1)).max())
    return min(1.0, reached + 2 * canaries * delta * steepest)


def lower_bound(
    canaries: int, guesses: int, right: int, delta: float, confidence: float = CONFIDENCE
) -> float:
    """The largest epsilon that so many right guesses refute; 0 when they refute none.

    >>> round(lower_bound(100, 100, 100, 0.0), 2)
    3.49
    """
    allowed = 1 - confidence
    if p_value(canaries, guesses, right, 0.0, delta) > allowed:
        return 0.0
    low, high = 0.0, LARGEST
    for _ in range(50):
        middle = (low + high) / 2
        if p_value(canaries, guesses, right, middle, delta) <= allowed:
            low = middle
        else:
            high = middle
    return low


def canaries(
    X: FloatArray, target: Target, horizon_days: float, rng: np.random.Generator, count: int
) -> tuple[FloatArray, Target]:
    """People who never lived: each column drawn on its own from this site, the outcome by coin."""
    rows = np.stack([rng.choice(column, count) for column in X.T], axis=1)
    label = rng.integers(0, 2, count).astype(np.float64)
    if target.kind == "binary":
        days, cause = np.zeros(count), label.astype(np.int64)
    else:
        days = horizon_days * np.where(label == 1, rng.uniform(0.05, 0.95, count), 1.0)
        cause = label.astype(np.int64)
    return rows, Target(target.kind, label, np.ones(count, bool), days, cause)


def audit(
    trainer: Trainer,
    X: FloatArray,
    target: Target,
    patients: Ints,
    *,
    delta: float,
    horizon_days: float,
    seed: int,
    usual: Scorer | None = None,
    made: tuple[FloatArray, Target] | None = None,
    confidence: float = CONFIDENCE,
) -> Audit:
    """Train once with canaries among the patients, and guess which.

    Parameters
    ----------
    usual : what is expected of a row without any canary, such as the stored model; taken off.
    made : the canaries; default half as many as there are rows, from 100 to 1,000.
    seed : of canaries and coins; the trainer must not know it.
    """
    rng = np.random.default_rng(seed)
    if made is None:
        many = int(np.clip(len(X) // 2, FEWEST, MOST))
        made = canaries(X, target, horizon_days, rng, many)
    rows, outcome = made
    coins = rng.integers(0, 2, len(rows)) == 1
    inside = np.flatnonzero(coins)
    keys = np.r_[patients, _new_keys(patients, len(rows))[inside]]
    scorer = trainer(np.vstack([X, rows[inside]]), target.and_(outcome.at(inside)), keys)
    score = scorer(rows) - (usual(rows) if usual is not None else 0.0)
    return judged((2 * outcome.label - 1) * score, coins, delta, confidence)


def judged(
    score: FloatArray, coins: NDArray[np.bool_], delta: float, confidence: float = CONFIDENCE
) -> Audit:
    """The best bound over the shares, each at its part of the error (Bonferroni).

    Half of the guesses say "inside", about the highest scores, and half say "outside".
    """
    many, order = len(coins), np.argsort(score, kind="stable")
    level = 1 - (1 - confidence) / len(SHARES)
    best: Audit | None = None
    for share in SHARES:
        half = max(1, int(many * share / 2))
        right = int(coins[order[-half:]].sum() + (~coins[order[:half]]).sum())
        bound = lower_bound(many, 2 * half, right, delta, level)
        if best is None or bound > best.lower:
            best = Audit(many, 2 * half, right, bound, 0.0, delta, confidence)
    assert best is not None
    visible = max(
        lower_bound(many, size, size, delta, level)
        for size in (2 * max(1, int(many * share / 2)) for share in SHARES)
    )
    return Audit(many, best.guesses, best.right, best.lower, visible, delta, confidence)


def _new_keys(patients: Ints, count: int) -> Ints:
    """Numbers of patients that nobody has."""
    made: Ints = np.setdiff1d(np.arange(1, count + len(patients) + 1), patients)[:count]
    return made
