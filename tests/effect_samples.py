"""Trials with known effects, small enough to be analysed in a test."""

from dataclasses import dataclass

import numpy as np

from nof1.learn.additive import Recipe as Box
from nof1.learn.boosting import Settings
from nof1.learn.effect.arms import Arms
from nof1.learn.effect.recipe import Recipe
from nof1.learn.objectives import sigmoid

QUICK = Recipe(
    folds=3,
    nuisance=Box(n_bags=2, max_pairs=0, max_bins=16, boost=Settings(0.4, 40)),
    effect=Box(n_bags=3, max_pairs=0, max_bins=16, boost=Settings(0.4, 40)),
    resamples=60,
)
NAMES = ("age", "frailty", "gene", "kidney", "score")


@dataclass(frozen=True)
class Drawn:
    """A trial in which everything is known."""

    X: np.ndarray
    treated: np.ndarray
    y: np.ndarray
    effect: np.ndarray
    risks: np.ndarray
    propensity: np.ndarray
    lonely: np.ndarray

    def arms(self, **more) -> Arms:
        return Arms.of(self.X, self.treated, self.y, names=NAMES, **more)


def drawn(n=1500, seed=0, *, gain=1.0, lonely=False) -> Drawn:
    """People with ``gene`` gain much from the option, others little; age decides who gets it.

    ``gain`` 0 makes the risk difference the same for everybody; ``lonely`` gives the option to
    everybody with a score above 1.2.
    """
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 5))
    X[:, 2] = rng.random(n) < 0.3
    X[rng.random(n) < 0.15, 3] = np.nan
    chance = sigmoid(0.8 * X[:, 0])
    alone = lonely & (X[:, 4] > 1.2)
    chance = np.where(alone, 1.0, chance)
    base = sigmoid(-0.6 + 0.6 * X[:, 0] + 0.4 * X[:, 1])
    other = sigmoid(-0.6 + 0.6 * X[:, 0] + 0.4 * X[:, 1] - 0.2 - 1.4 * X[:, 2])
    if gain == 0:
        base = 0.2 + 0.4 * base
        other = base - 0.1
    treated = (rng.random(n) < chance).astype(float)
    risk = np.where(treated == 1, other, base)
    y = (rng.random(n) < risk).astype(float)
    return Drawn(X, treated, y, other - base, np.column_stack([base, other]), chance, alone)
