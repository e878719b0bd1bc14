"""The learners of the time to an event behind one interface; ``learners`` holds the registry."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from nof1.learn.additive import Recipe
from nof1.learn.cox import CoxModel, train_cox
from nof1.learn.files import Files, read_json
from nof1.learn.hazards import GlassBoxHazards, HazardModel
from nof1.learn.sums import FloatArray, SecureSum, local_sum
from nof1.learn.tree_hazards import TreeHazards, train_tree_hazards

Outcome = tuple[ArrayLike, ArrayLike]
"""(duration_days above 0, cause): cause 0 censored, 1 the outcome, 2.. competing."""


class SurvivalModel(Protocol):
    """What all trained survival models can do."""

    def cumulative_incidence(self, X: ArrayLike, times: ArrayLike) -> FloatArray: ...

    def contributions(self, X: ArrayLike) -> FloatArray: ...


class SurvivalLearner(Protocol):
    """A learner for the time to an event. Attributes exist after ``fit`` or ``load``.

    Attributes
    ----------
    names : features that ``X`` must have, in this order.
    term_names : one for each column of ``contributions``.
    max_days : last time for which risks may be asked.
    """

    names: tuple[str, ...]
    term_names: tuple[str, ...]
    max_days: float

    def fit(
        self,
        X: ArrayLike,
        y: Outcome,
        names: Sequence[str] | None = None,
        *,
        monotone: Any = None,
        seed: int = 0,
        sample_weight: ArrayLike | None = None,
        keys: ArrayLike | None = None,
        secure_sum: SecureSum = local_sum,
    ) -> SurvivalLearner:
        """Train; see ``GlassBoxHazards.fit`` for the arguments and errors."""
        ...

    def predict_cumulative_incidence(self, X: ArrayLike, times: ArrayLike) -> FloatArray:
        """Probability of each cause by each time in days: (n_causes, n_rows, n_times)."""
        ...

    def risk(self, X: ArrayLike, horizon_days: float) -> FloatArray:
        """Probability (n_rows,) of the outcome by the horizon."""
        ...

    def bag_risks(self, X: ArrayLike, horizon_days: float) -> FloatArray | None:
        """Risks (n_rows, n_bags) whose spread is the standard error, or None."""
        ...

    def contributions(self, X: ArrayLike) -> FloatArray:
        """What each term adds to the log hazard of the outcome: (n_rows, n_terms)."""
        ...

    def save(self) -> Files:
        """Files by name: JSON or LightGBM text, no row of the training data."""
        ...

    def load(self, files: Mapping[str, bytes]) -> SurvivalLearner:
        """Read what ``save`` gave; ModelError when a file is missing or damaged."""
        ...


class _Survival:
    """What the three learners share once they hold a trained model."""

    names: tuple[str, ...]
    term_names: tuple[str, ...]
    max_days: float
    model: SurvivalModel

    def predict_cumulative_incidence(self, X: ArrayLike, times: ArrayLike) -> FloatArray:
        return self.model.cumulative_incidence(X, times)

    def predict_survival(self, X: ArrayLike, times: ArrayLike) -> FloatArray:
        """Probability (n_rows, n_times) that nothing has happened by each time."""
        alive: FloatArray = 1 - self.model.cumulative_incidence(X, times).sum(axis=0)
        return np.maximum(alive, 0.0)

    def risk(self, X: ArrayLike, horizon_days: float) -> FloatArray:
        return self.model.cumulative_incidence(X, horizon_days)[0, :, 0]

    def bag_risks(self, X: ArrayLike, horizon_days: float) -> FloatArray | None:
        return None

    def contributions(self, X: ArrayLike) -> FloatArray:
        return self.model.contributions(X)


class GlassBoxSurvival(_Survival):
    """Additive log hazards; see ``hazards``."""

    model: HazardModel

    def __init__(self, recipe: Recipe | None = None) -> None:
        self.recipe = recipe or Recipe(max_pairs=60, pair_features=40)

    def fit(
        self,
        X: ArrayLike,
        y: Outcome,
        names: Sequence[str] | None = None,
        *,
        monotone: Any = None,
        seed: int = 0,
        sample_weight: ArrayLike | None = None,
        keys: ArrayLike | None = None,
        secure_sum: SecureSum = local_sum,
    ) -> GlassBoxSurvival:
        trainer = GlassBoxHazards(replace(self.recipe, seed=seed))
        return self._use(
            trainer.fit(
                X,
                y,
                names=names,
                monotone=monotone,
                sample_weight=sample_weight,
                keys=keys,
                secure_sum=secure_sum,
            )
        )

    def _use(self, model: HazardModel) -> GlassBoxSurvival:
        self.model, self.names, self.max_days = model, model.names, model.timeline.end
        self.term_names = tuple(term.name for term in model.causes[0].shapes.terms)
        return self

    def bag_risks(self, X: ArrayLike, horizon_days: float) -> FloatArray:
        return self.model.bag_risks(X, horizon_days)

    def save(self) -> Files:
        return {"hazards.json": json.dumps(self.model.to_dict()).encode()}

    def load(self, files: Mapping[str, bytes]) -> GlassBoxSurvival:
        return self._use(HazardModel.from_dict(read_json(files, "hazards.json")))


class LinearSurvival(_Survival):
    """Ridge proportional hazards; see ``cox``."""

    model: CoxModel

    def __init__(self, ridge: float = 1.0) -> None:
        self.ridge = ridge

    def fit(
        self,
        X: ArrayLike,
        y: Outcome,
        names: Sequence[str] | None = None,
        *,
        monotone: Any = None,
        seed: int = 0,
        sample_weight: ArrayLike | None = None,
        keys: ArrayLike | None = None,
        secure_sum: SecureSum = local_sum,
    ) -> LinearSurvival:
        """Train; ``monotone`` and ``seed`` change nothing here."""
        return self._use(
            train_cox(
                X,
                y,
                names=names,
                sample_weight=sample_weight,
                keys=keys,
                ridge=self.ridge,
                secure_sum=secure_sum,
            )
        )

    def _use(self, model: CoxModel) -> LinearSurvival:
        self.model, self.max_days = model, model.timeline.end
        self.names = self.term_names = model.design.names
        return self

    def save(self) -> Files:
        return {"cox.json": json.dumps(self.model.to_dict()).encode()}

    def load(self, files: Mapping[str, bytes]) -> LinearSurvival:
        return self._use(CoxModel.from_dict(read_json(files, "cox.json")))


class TreesSurvival(_Survival):
    """LightGBM log hazards; see ``tree_hazards``."""

    model: TreeHazards

    def fit(
        self,
        X: ArrayLike,
        y: Outcome,
        names: Sequence[str] | None = None,
        *,
        monotone: Any = None,
        seed: int = 0,
        sample_weight: ArrayLike | None = None,
        keys: ArrayLike | None = None,
        secure_sum: SecureSum = local_sum,
    ) -> TreesSurvival:
        return self._use(
            train_tree_hazards(
                X,
                y,
                names=names,
                monotone=monotone,
                sample_weight=sample_weight,
                keys=keys,
                seed=seed,
                secure_sum=secure_sum,
            )
        )

    def _use(self, model: TreeHazards) -> TreesSurvival:
        self.model, self.max_days = model, model.timeline.end
        self.names = self.term_names = model.causes[0].names
        return self

    def save(self) -> Files:
        return self.model.save()

    def load(self, files: Mapping[str, bytes]) -> TreesSurvival:
        return self._use(TreeHazards.load(files))
