"""Held-out predictions of every model and every naive predictor, for one kind of split.

Within each outer fold everything is decided on the training pairs alone: the setting of the factor
analysis on a tenth of them, the weights of the average and the interval on inner folds of the same
kind (new lines for new lines, and so on). The test pairs are masked before anything is fitted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import nnls

from nof1.learn.sums import FloatArray
from nof1.medicines.response.components import MODELS, fit_components, setting_for
from nof1.medicines.response.intervals import Intervals, fit_intervals
from nof1.medicines.response.naive import NAIVE, SMOOTH
from nof1.medicines.response.screen import Mask, Screen
from nof1.medicines.response.splits import folds

AVERAGE = "average"
NAIVE_AVERAGE = "naive_average"
INNER = 4
TREE_BASE = {
    "pairs": "tissue_drug_line",
    "cell-line": "tissue_drug",
    "tissue": "drug",
    "drug": "effects",
}
Tell = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Blend:
    """An average of models: base + sum of weight x (model - base), weights >= 0.

    Attributes
    ----------
    base : the naive predictor that was best on the held-out pairs it was made from.
    """

    base: str
    weights: Mapping[str, float]

    def of(self, guesses: Mapping[str, FloatArray]) -> FloatArray:
        """(lines, drugs)."""
        made = guesses[self.base].copy()
        for name, weight in self.weights.items():
            made += weight * (guesses[name] - guesses[self.base])
        return made


@dataclass(frozen=True, eq=False)
class Held:
    """Held-out predictions of one split.

    Attributes
    ----------
    guesses : name -> (lines, drugs), NaN where a pair was in no test fold; ``average`` among them.
    low, high : (lines, drugs) limits of the average's interval.
    blends : of each fold.
    """

    kind: str
    guesses: Mapping[str, FloatArray] = field(repr=False)
    low: FloatArray = field(repr=False)
    high: FloatArray = field(repr=False)
    blends: tuple[Blend, ...]


@dataclass(frozen=True)
class Plan:
    """How the held-out predictions are made."""

    folds: int = 5
    seed: int = 0
    trees: bool = True
    level: float = 0.90


def cross(screen: Screen, kind: str, plan: Plan, tell: Tell) -> Held:
    """Predict each measured pair from folds that do not hold it."""
    guesses: dict[str, FloatArray] = {}
    low, high = (np.full(screen.response.shape, np.nan) for _ in range(2))
    blends = []
    tests = folds(screen, kind, plan.folds, plan.seed)
    for number, test in enumerate(tests):
        tell(f"{kind}: fold {number + 1} of {len(tests)}")
        made, blend, intervals = _one_fold(screen, test, kind, plan)
        blends.append(blend)
        for name, values in made.items():
            guesses.setdefault(name, np.full(test.shape, np.nan))[test] = values[test]
        half = np.broadcast_to(intervals.of(screen.drugs), test.shape)
        low[test] = (made[AVERAGE] - half)[test]
        high[test] = (made[AVERAGE] + half)[test]
    return Held(kind, guesses, low, high, tuple(blends))


def _one_fold(
    screen: Screen, test: Mask, kind: str, plan: Plan
) -> tuple[dict[str, FloatArray], Blend, Intervals]:
    train = screen.masked(test)
    setting = setting_for(train, plan.seed)
    blend, averages, intervals = _inner(train, kind, plan, setting)
    fitted = fit_components(train, setting, trees=plan.trees, base=TREE_BASE[kind], seed=plan.seed)
    made = fitted.predict(screen)
    made |= {NAIVE_AVERAGE: averages.of(made), AVERAGE: blend.of(made)}
    return made, blend, intervals


def _inner(
    train: Screen, kind: str, plan: Plan, setting: tuple[int, float]
) -> tuple[Blend, Blend, Intervals]:
    """Weights, weights among averages, and interval, from folds inside the training pairs."""
    guesses: dict[str, FloatArray] = {}
    for test in folds(train, kind, INNER, plan.seed + 1):
        fitted = fit_components(
            train.masked(test), setting, trees=plan.trees, base=TREE_BASE[kind], seed=plan.seed
        )
        for name, values in fitted.predict(train).items():
            guesses.setdefault(name, np.full(test.shape, np.nan))[test] = values[test]
    blend = fit_blend(guesses, train.response)
    averages = fit_blend(guesses, train.response, (SMOOTH, "tissue_drug"))
    intervals = fit_intervals(train.response - blend.of(guesses), train.drugs, plan.level)
    return blend, averages, intervals


def best_naive(guesses: Mapping[str, FloatArray], response: FloatArray) -> str:
    """The naive predictor with the smallest error on these held-out pairs."""
    errors = {
        name: float(np.nanmean((guesses[name] - response) ** 2))
        for name in (*NAIVE, SMOOTH, NAIVE_AVERAGE)
        if name in guesses
    }
    return min(errors, key=lambda name: errors[name])


def fit_blend(
    guesses: Mapping[str, FloatArray], response: FloatArray, allowed: Sequence[str] = MODELS
) -> Blend:
    """Non-negative least squares of the models' deviations from the best naive predictor.

    With naive predictors as ``allowed`` it is ``naive_average``: the gain of averaging averages is
    nothing personal, so the models have to beat this too.
    """
    plain = {name: values for name, values in guesses.items() if name != NAIVE_AVERAGE}
    base = best_naive(plain, response)
    models = [name for name in allowed if name in guesses]
    seen = np.isfinite(response) & np.isfinite(guesses[base])
    deviations = np.column_stack([(guesses[name] - guesses[base])[seen] for name in models])
    gram = deviations.T @ deviations
    target = deviations.T @ (response - guesses[base])[seen]
    size = np.sqrt(np.maximum(np.diag(gram), 1e-12))
    root = np.linalg.cholesky(gram / np.outer(size, size) + 1e-9 * np.eye(len(models))).T
    found, _ = nnls(root, np.linalg.solve(root.T, target / size))
    weights = {name: float(w / s) for name, w, s in zip(models, found, size, strict=True)}
    return Blend(base, weights)
