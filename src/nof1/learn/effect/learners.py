"""Learners of an effect per person, made of glass boxes so that it can be read.

``s`` is one model of the outcome with the option as a feature, ``t`` two models (one for each arm),
``dr`` a model of the doubly robust scores, ``m`` one shrunken modifier for each feature. Which of
them fits best is a question to the data. ``forest`` is the challenger, no glass box.

References
----------
Künzel et al., PNAS 116 (2019) 4156 (S and T); Kennedy, EJS 17 (2023) 3008 (DR).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from nof1.core.errors import UsageError
from nof1.learn.effect import forest
from nof1.learn.effect.arms import Arms
from nof1.learn.effect.modifiers import Modified, fit_line, fit_modified
from nof1.learn.effect.nuisance import (
    Nuisance,
    Response,
    fit_arm,
    fit_response,
    load_response,
    save_response,
)
from nof1.learn.effect.recipe import Recipe
from nof1.learn.files import Files
from nof1.learn.regression import fit_regression
from nof1.learn.sums import FloatArray, SecureSum

OPTION = "treatment"
Drawn = tuple[FloatArray, FloatArray]
"""Effects (n,) and bags (n, bags)."""


class EffectModel(Protocol):
    """An effect per person: option of interest minus comparator, in the unit of the outcome."""

    def effect(self, X: FloatArray) -> FloatArray:
        """(n,)"""
        ...

    def bags(self, X: FloatArray) -> FloatArray:
        """(n, bags) whose standard deviation is the standard error."""
        ...

    def base(self) -> Response | None:
        """The outcome under the comparator, where the model holds it."""
        ...

    def save(self) -> Files:
        """JSON files by name."""
        ...


@dataclass(frozen=True)
class Known:
    """What learners are given: the arms, nuisances and scores (n,) of the effect."""

    arms: Arms
    nuisance: Nuisance
    score: FloatArray


Fit = Callable[[Known, FloatArray, Recipe, SecureSum], EffectModel]
"""(known, used (n,) 1 for rows to learn from, recipe, sum over sites)"""


@dataclass(frozen=True)
class Single:
    """One outcome model; the option is its last feature."""

    response: Response

    def effect(self, X: FloatArray) -> FloatArray:
        return self.response.mean(_given(X, 1)) - self.response.mean(_given(X, 0))

    def bags(self, X: FloatArray) -> FloatArray:
        return self.response.bags(_given(X, 1)) - self.response.bags(_given(X, 0))

    def base(self) -> Response | None:
        return None

    def save(self) -> Files:
        return {"outcome.json": save_response(self.response)}

    @classmethod
    def load(cls, files: Mapping[str, bytes]) -> Single:
        return cls(load_response(files, "outcome"))


@dataclass(frozen=True)
class Two:
    """One outcome model for each arm."""

    comparator: Response
    treated: Response

    def effect(self, X: FloatArray) -> FloatArray:
        return self.treated.mean(X) - self.comparator.mean(X)

    def bags(self, X: FloatArray) -> FloatArray:
        return self.treated.bags(X) - self.comparator.bags(X)

    def base(self) -> Response | None:
        return self.comparator

    def save(self) -> Files:
        parts = {"arm_comparator": self.comparator, "arm_treated": self.treated}
        return {f"{name}.json": save_response(one) for name, one in parts.items()}

    @classmethod
    def load(cls, files: Mapping[str, bytes]) -> Two:
        return cls(load_response(files, "arm_comparator"), load_response(files, "arm_treated"))


@dataclass(frozen=True)
class Direct:
    """The effect itself as curves and planes."""

    response: Response

    def effect(self, X: FloatArray) -> FloatArray:
        return self.response.mean(X)

    def bags(self, X: FloatArray) -> FloatArray:
        return self.response.bags(X)

    def contributions(self, X: FloatArray) -> list[tuple[tuple[str, ...], float]]:
        """What each term moves the effect of one row (1, p) away from the average."""
        shapes = self.response.shapes
        parts = shapes.contributions(X)[0]
        return [
            (tuple(shapes.names[j] for j in term.features), float(part))
            for term, part in zip(shapes.terms, parts, strict=True)
        ]

    def base(self) -> Response | None:
        return None

    def save(self) -> Files:
        return {"effect.json": save_response(self.response)}

    @classmethod
    def load(cls, files: Mapping[str, bytes]) -> Direct:
        return cls(load_response(files, "effect"))


def fit_single(known: Known, used: FloatArray, recipe: Recipe, total: SecureSum) -> Single:
    """The S-learner."""
    arms, box = known.arms, replace(recipe.effect, seed=recipe.seed + 5)
    X, names = np.column_stack([arms.X, arms.treated]), (*arms.names, OPTION)
    weight = used * arms.weight
    bins = arms.bins_with_option(box, total)
    return Single(fit_response(X, arms.y, weight, arms, names, arms.binary, box, total, bins))


def fit_two(known: Known, used: FloatArray, recipe: Recipe, total: SecureSum) -> Two:
    """The T-learner."""
    first, second = (fit_arm(known.arms, arm, used, recipe, total) for arm in (0, 1))
    return Two(first, second)


def fit_direct(known: Known, used: FloatArray, recipe: Recipe, total: SecureSum) -> Direct:
    """The DR-learner."""
    arms, box = known.arms, replace(recipe.effect, seed=recipe.seed + 6)
    shapes = fit_regression(
        arms.X, known.score, names=arms.names, sample_weight=used, keys=arms.keys, recipe=box,
        secure_sum=total, bins=arms.bins(box, total),
    )  # fmt: skip
    return Direct(Response(shapes, False))


def fit_modifiers(known: Known, used: FloatArray, recipe: Recipe, total: SecureSum) -> Modified:
    """The line of modifiers."""
    return fit_modified(known.arms, known.nuisance, used, recipe, total)


def refitted(fit: Fit) -> Callable[[Known, FloatArray, Recipe, SecureSum], Drawn]:
    """Out-of-fold effects: each fold's from a model of the others."""

    def cross(known: Known, rows: FloatArray, recipe: Recipe, total: SecureSum) -> Drawn:
        X, folds = known.arms.X, known.nuisance.folds
        parts = []
        for fold in range(recipe.folds):
            model = fit(known, rows * (folds != fold), recipe, total)
            parts.append((folds == fold, model.effect(X[folds == fold]),
                          model.bags(X[folds == fold])))  # fmt: skip
        return _joined(parts)

    return cross


def cross_two(known: Known, rows: FloatArray, recipe: Recipe, total: SecureSum) -> Drawn:
    """Those of the T-learner are the nuisances themselves."""
    mean, bags = known.nuisance.mean, known.nuisance.bags
    return mean[:, 1] - mean[:, 0], bags[:, 1] - bags[:, 0]


def cross_line(known: Known, rows: FloatArray, recipe: Recipe, total: SecureSum) -> Drawn:
    """Lines of the other folds on the row's own (cross-fitted) nuisances."""
    nuisance, parts = known.nuisance, []
    for fold in range(recipe.folds):
        here = nuisance.folds == fold
        line = fit_line(known.arms, nuisance, rows * ~here, recipe, total)
        X, chance = known.arms.X[here], nuisance.propensity[here]
        effect = line.effect(X, chance, nuisance.mean[here])
        parts.append((here, effect, line.bags(X, chance, nuisance.bags[here])))
    return _joined(parts)


@dataclass(frozen=True)
class Learner:
    """One entry of the registry.

    Attributes
    ----------
    fit : makes a model from the rows with 1.
    cross : effects and bags of all rows, each from models that have not seen the patient.
    load : reads the files of a stored model.
    shrunken : whether its differences between people are already as small as the data say.
    challenger : whether it is only compared with, and only when it is asked for.
    ready : refuses when what it needs is not installed.
    """

    name: str
    title: str
    fit: Fit
    cross: Callable[[Known, FloatArray, Recipe, SecureSum], Drawn]
    load: Callable[[Mapping[str, bytes]], EffectModel]
    shrunken: bool = False
    challenger: bool = False
    ready: Callable[[], None] = lambda: None


REGISTRY: dict[str, Learner] = {
    one.name: one
    for one in (
        Learner("m", "one modifier for each feature", fit_modifiers, cross_line, Modified.load,
                True),
        Learner("s", "S-learner: one outcome model", fit_single, refitted(fit_single), Single.load),
        Learner("t", "T-learner: one model for each arm", fit_two, cross_two, Two.load),
        Learner("dr", "DR-learner: curves of the effect", fit_direct, refitted(fit_direct),
                Direct.load),
        Learner("forest", "EconML's causal forest", forest.never, forest.cross_forest,
                forest.never, challenger=True, ready=forest.ready),
    )
}  # fmt: skip


def learner(name: str) -> Learner:
    """Look a learner up.

    Raises
    ------
    UsageError : an unknown name.
    """
    if name not in REGISTRY:
        raise UsageError(f"No effect learner is called {name!r}.", allowed=sorted(REGISTRY))
    return REGISTRY[name]


def challenger(name: str) -> Learner:
    """Look a challenger up, and see that it can run.

    Raises
    ------
    UsageError : an unknown name, or a learner that is none.
    MissingExtra : what it needs is not installed.
    """
    names = [one.name for one in REGISTRY.values() if one.challenger]
    if name not in names:
        raise UsageError(f"No challenger of effects is called {name!r}.", allowed=names)
    REGISTRY[name].ready()
    return REGISTRY[name]


def _given(X: FloatArray, arm: int) -> FloatArray:
    return np.column_stack([X, np.full(len(X), float(arm))])


def _joined(parts: list[tuple[FloatArray, FloatArray, FloatArray]]) -> Drawn:
    rows = len(parts[0][0])
    raw, bags = np.zeros(rows), np.zeros((rows, parts[0][2].shape[1]))
    for here, effect, drawn in parts:
        raw[here], bags[here] = effect, drawn
    return raw, bags
