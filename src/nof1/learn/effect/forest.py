"""EconML's causal forest as challenger: what the glass box of an effect is raced against.

It is compared with on the same folds and scores, and never speaks about a patient: a forest cannot
be read, and it needs all rows in one place. The extra ``causal`` installs it.

Settings that end: as many columns tried at a split as R's grf takes by default, in the nuisances as
well (all columns, scikit-learn's default for a number, took over 350 CPU seconds at 5,000 rows).

References
----------
Athey, Tibshirani & Wager, Ann. Statist. 47 (2019) 1148; Battocchi et al., EconML (software).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import UsageError
from nof1.core.extras import require
from nof1.learn.effect.arms import Arms
from nof1.learn.effect.recipe import Recipe
from nof1.learn.sums import FloatArray, SecureSum, local_sum

TREES, NUISANCE_TREES, LEAF = 500, 100, 10
OFTEN_MISSING = 0.01
"""A feature that more people miss gets a column that says so."""
ONE_ERROR = 0.6826894921370859
"""Level of an interval of one standard error to either side."""


@dataclass(frozen=True)
class Filled:
    """How missing values are put in: medians, and columns that say so."""

    middle: FloatArray
    said: NDArray[np.bool_]

    @classmethod
    def learn(cls, X: FloatArray) -> Filled:
        """From the rows that a forest learns from."""
        gone = np.isnan(X)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a column without any value
            middle = np.nan_to_num(np.nanmedian(X, axis=0))
        return cls(middle, gone.mean(axis=0) > OFTEN_MISSING)

    def of(self, X: FloatArray) -> FloatArray:
        """(n, p + columns that say what is missing), without NaN."""
        gone = np.isnan(X)
        return np.hstack([np.where(gone, self.middle, X), gone[:, self.said]])


@dataclass(frozen=True)
class Grown:
    """A trained forest of EconML."""

    model: Any
    filled: Filled

    def effect(self, X: FloatArray) -> FloatArray:
        """(n,) option of interest minus comparator."""
        return np.asarray(self.model.effect(self.filled.of(X)), dtype=np.float64).ravel()

    def limits(self, X: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
        """Lower and upper limit, each (n,), by the forest's own little bags."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            low, high = self.model.effect_interval(self.filled.of(X), alpha=1 - level)
        return np.ravel(low), np.ravel(high)


def ready() -> None:
    """Say how to install EconML when it is not there.

    Raises
    ------
    MissingExtra : the extra ``causal`` is not installed.
    """
    require("econml", "causal")


def grow(arms: Arms, used: FloatArray, seed: int, kind: str = "forest") -> Grown:
    """A forest from the rows with ``used`` 1 and a known outcome.

    Parameters
    ----------
    kind : ``forest`` (CausalForestDML), or ``dr`` (ForestDRLearner: a forest of doubly robust
        scores).
    """
    learn = (used * arms.weight) > 0
    filled = Filled.learn(arms.X[learn])
    X = filled.of(arms.X[learn])
    tried = min(int(np.sqrt(X.shape[1]) + 20), X.shape[1])
    model = _model(kind, tried, seed, arms.binary)
    outcome = arms.y[learn].astype(int) if arms.binary else arms.y[learn]
    weight = arms.weight[learn]
    even = bool(np.all(weight == weight[0]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(
            outcome, arms.treated[learn].astype(int), X=X, sample_weight=None if even else weight
        )
    return Grown(model, filled)


def _model(kind: str, tried: int, seed: int, chance: bool) -> Any:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    plain = {"n_estimators": NUISANCE_TREES, "min_samples_leaf": LEAF, "max_features": tried,
             "n_jobs": 1, "random_state": seed}  # fmt: skip
    outcome = (RandomForestClassifier if chance else RandomForestRegressor)(**plain)
    option = RandomForestClassifier(**plain)
    shared = {"discrete_outcome": chance, "n_estimators": TREES, "max_features": tried, "cv": 2,
              "n_jobs": 1, "random_state": seed}  # fmt: skip
    if kind == "forest":
        make = require("econml.dml", "causal").CausalForestDML
        return make(model_y=outcome, model_t=option, discrete_treatment=True, **shared)
    make = require("econml.dr", "causal").ForestDRLearner
    return make(model_regression=outcome, model_propensity=option, min_propensity=0.01, **shared)


def cross_forest(
    known: Any, rows: FloatArray, recipe: Recipe, total: SecureSum
) -> tuple[FloatArray, FloatArray]:
    """Out-of-fold effects (n,) and two bags (n, 2) that are the standard error apart from them."""
    if total is not local_sum:
        raise UsageError(
            "EconML's forest cannot be trained on sums over sites.",
            where="challenger forest",
            allowed="one site",
            next_step="Leave the challenger out of federated training.",
        )
    arms, folds = known.arms, known.nuisance.folds
    raw, error = np.zeros(len(folds)), np.zeros(len(folds))
    for fold in range(recipe.folds):
        here = folds == fold
        grown = grow(arms, rows * ~here, recipe.seed + fold)
        raw[here] = grown.effect(arms.X[here])
        low, high = grown.limits(arms.X[here], ONE_ERROR)
        error[here] = (high - low) / 2
    return raw, raw[:, None] + error[:, None] * np.array([-1.0, 1.0]) / np.sqrt(2)


def never(*_: object) -> Any:
    """A forest is not trained to speak, and not stored.

    Raises
    ------
    UsageError : always.
    """
    raise UsageError(
        "EconML's forest is only compared with; it is never stored and never speaks.",
        where="learner forest",
        next_step="Ask for it as a challenger: nof1 effect TASK.yaml --challenger forest",
    )
