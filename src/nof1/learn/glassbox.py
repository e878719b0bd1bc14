"""The glass box for a yes/no outcome: an additive model that a clinician can read curve by curve.

An explainable boosting machine (Lou et al. 2012, 2013; Nori et al. 2019) written on one primitive,
``secure_sum``: one hospital and a federation run the same loop and get the same model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from nof1.core.errors import ModelError
from nof1.learn.additive import (
    Recipe,
    assemble,
    find_pairs,
    fit_curves,
    held_out_slope,
    with_weight,
)
from nof1.learn.binned import Binned
from nof1.learn.boosting import Settings
from nof1.learn.objectives import Bernoulli, sigmoid
from nof1.learn.rows import (
    check_events,
    check_features,
    check_keys,
    check_labels,
    check_monotone,
    check_weights,
)
from nof1.learn.shapes import ShapeModel
from nof1.learn.sums import CountedSum, FloatArray, SecureSum, local_sum


class GlassBoxClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Curves and a few planes, added up to the log odds of the outcome.

    Parameters
    ----------
    n_bags : models on different 85 % of the patients, averaged.
    max_bins : most bins of a curve, 2 to 255.
    max_pairs, pair_bins : most pairwise terms to try, 0 for none; most bins along each side of one.
    smallest_group : no bin with fewer patients.
    learning_rate, max_cycles, ridge, threshold, batches : see ``boosting.Settings``.
    seed : of the hash that draws bags and validation parts.

    Attributes
    ----------
    classes_ : array([0, 1]); 1 means that the outcome happened.
    shapes_ : the trained ``ShapeModel``; the only thing that is kept.
    rounds_, bytes_sent_ : sums that training needed, and the bytes this site sent in them.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.linspace(0, 1, 400).reshape(-1, 1)
    >>> model = GlassBoxClassifier(n_bags=2).fit(x, (x[:, 0] > 0.5).astype(int))
    >>> bool(model.predict_proba([[0.9]])[0, 1] > 0.9)
    True
    """

    def __init__(
        self,
        *,
        n_bags: int = 8,
        max_bins: int = 64,
        max_pairs: int = 30,
        pair_bins: int = 8,
        smallest_group: int = 10,
        learning_rate: float = 0.15,
        max_cycles: int = 200,
        ridge: float = 1.0,
        threshold: float = 1.25,
        batches: int = 4,
        seed: int = 0,
    ) -> None:
        self.n_bags = n_bags
        self.max_bins = max_bins
        self.max_pairs = max_pairs
        self.pair_bins = pair_bins
        self.smallest_group = smallest_group
        self.learning_rate = learning_rate
        self.max_cycles = max_cycles
        self.ridge = ridge
        self.threshold = threshold
        self.batches = batches
        self.seed = seed

    def recipe(self) -> Recipe:
        """The settings in the form that training uses."""
        boost = Settings(
            self.learning_rate,
            self.max_cycles,
            ridge=self.ridge,
            threshold=self.threshold,
            batches=self.batches,
        )
        return Recipe(
            n_bags=self.n_bags,
            max_bins=self.max_bins,
            max_pairs=self.max_pairs,
            pair_bins=self.pair_bins,
            smallest_group=self.smallest_group,
            seed=self.seed,
            boost=boost,
        )

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        names: Sequence[str] | None = None,
        monotone: Any = None,
        sample_weight: ArrayLike | None = None,
        keys: ArrayLike | None = None,
        secure_sum: SecureSum = local_sum,
        bins: Binned | None = None,
    ) -> GlassBoxClassifier:
        """Train.

        Parameters
        ----------
        X : (n_rows, n_features), NaN is missing.
        y : (n_rows,) 1 the outcome happened, 0 it did not.
        names : of the features.
        monotone : direction of each feature (+1 rising, -1 falling, 0 free), or {name: direction}.
        keys : whole numbers, equal for rows of one patient: one patient is never on both sides of a
            validation split. Default: a hash of the row's content.
        secure_sum : adds a vector over all sites.
        bins : of these rows, when they were agreed on already with the same settings.

        Raises
        ------
        InputError : features, labels, weights or keys of the wrong kind; infinite values.
        ModelError : the outcome (almost) never or always happens.
        """
        table, labels_of = check_features(X, names)
        labels = check_labels(y, len(table))
        weights = check_weights(sample_weight, len(table))
        signs = check_monotone(monotone, labels_of)
        hashed = check_keys(keys, table, labels)
        total = CountedSum(secure_sum)
        kept = with_weight(weights)
        if kept is not None:
            labels = labels[kept]
        n_events, n_rows = total(np.array([labels.sum(), len(labels)], dtype=float))
        check_events(n_events, n_rows - n_events)
        recipe = self.recipe()

        def objective(learn: FloatArray) -> Bernoulli:
            return Bernoulli(labels, learn)

        curves = fit_curves(
            table, labels_of, hashed, weights, signs, objective, recipe, total, bins, kept
        )
        pairs = find_pairs(curves, recipe, total)
        scores = pairs.scores if pairs else curves.boosted.scores
        slope = held_out_slope(scores, curves.held_out, objective, total)
        shapes = assemble(curves, recipe, pairs, slope=slope)
        scores = shapes.placed_decision(curves.placed)
        weights = weights if kept is None else weights[kept]
        self.shapes_ = level(shapes, scores, labels, weights, total)
        self.classes_ = np.array([0, 1])
        self.n_features_in_ = table.shape[1]
        self.rounds_, self.bytes_sent_ = total.rounds, total.bytes_sent
        return self

    def decision_function(self, X: ArrayLike) -> FloatArray:
        """Log odds of the outcome (n_rows,)."""
        return self._shapes().decision(X)

    def predict_proba(self, X: ArrayLike) -> FloatArray:
        """Probability of no outcome and of the outcome: (n_rows, 2)."""
        risk = sigmoid(self.decision_function(X))
        return np.column_stack([1 - risk, risk])

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """1 where the risk is at least one half."""
        return (self.decision_function(X) >= 0).astype(np.int64)

    def _shapes(self) -> ShapeModel:
        if not hasattr(self, "shapes_"):
            raise ModelError("The glass box is not trained yet.", next_step="Call fit first.")
        return self.shapes_


def level(
    shapes: ShapeModel,
    scores: FloatArray,
    labels: FloatArray,
    weights: FloatArray,
    total: CountedSum,
    steps: int = 4,
) -> ShapeModel:
    """Move the intercept until the mean risk of all training rows, whose scores (n_rows,) are
    given, is the share of outcomes."""
    change = 0.0
    for _ in range(steps):
        risk = sigmoid(scores + change)
        g, h = total(np.array([weights @ (risk - labels), weights @ (risk * (1 - risk))]))
        change -= float(np.clip(g / max(h, 1e-12), -1, 1))
    return shapes.shifted(change)
