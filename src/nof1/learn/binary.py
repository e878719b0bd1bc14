"""The learners of a yes/no outcome behind one interface; ``learners`` holds the registry."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from numpy.typing import ArrayLike

from nof1.learn.challenger import TreeModel, train_trees
from nof1.learn.files import Files, read_json
from nof1.learn.linear import LinearModel, train_logistic
from nof1.learn.objectives import sigmoid
from nof1.learn.shapes import ShapeModel
from nof1.learn.sums import FloatArray, SecureSum, local_sum


class BinaryLearner(Protocol):
    """A learner for a yes/no outcome. Attributes exist after ``fit`` or ``load``.

    Attributes
    ----------
    names : features that ``X`` must have, in this order.
    term_names : one for each column of ``contributions``.
    """

    names: tuple[str, ...]
    term_names: tuple[str, ...]

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        names: Sequence[str] | None = None,
        *,
        monotone: Any = None,
        seed: int = 0,
        sample_weight: ArrayLike | None = None,
        keys: ArrayLike | None = None,
        secure_sum: SecureSum = local_sum,
    ) -> BinaryLearner:
        """Train; see ``GlassBoxClassifier.fit`` for the arguments and errors."""
        ...

    def predict(self, X: ArrayLike) -> FloatArray:
        """Risk of the outcome (n_rows,), 0 to 1."""
        ...

    def contributions(self, X: ArrayLike) -> FloatArray:
        """What each term adds to the log odds: (n_rows, n_terms)."""
        ...

    def bag_predictions(self, X: ArrayLike) -> FloatArray | None:
        """Risks (n_rows, n_bags) whose spread is the standard error, or None."""
        ...

    def save(self) -> Files:
        """Files by name: JSON or LightGBM text, no row of the training data."""
        ...

    def load(self, files: Mapping[str, bytes]) -> BinaryLearner:
        """Read what ``save`` gave.

        Raises
        ------
        ModelError : a file is missing, damaged or of another kind.
        """
        ...


class GlassBoxBinary:
    """Additive curves and planes; see ``glassbox``. ``shapes`` is for charts."""

    names: tuple[str, ...]
    term_names: tuple[str, ...]

    def __init__(self, **settings: Any) -> None:
        self.settings = settings

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        names: Sequence[str] | None = None,
        *,
        monotone: Any = None,
        seed: int = 0,
        sample_weight: ArrayLike | None = None,
        keys: ArrayLike | None = None,
        secure_sum: SecureSum = local_sum,
    ) -> GlassBoxBinary:
        # Its base classes cost a CPU second to import; advice, which only reads, goes without.
        from nof1.learn.glassbox import GlassBoxClassifier

        model = GlassBoxClassifier(seed=seed, **self.settings).fit(
            X,
            y,
            names=names,
            monotone=monotone,
            sample_weight=sample_weight,
            keys=keys,
            secure_sum=secure_sum,
        )
        return self._use(model.shapes_)

    def _use(self, shapes: ShapeModel) -> GlassBoxBinary:
        self.shapes = shapes
        self.names = shapes.names
        self.term_names = tuple(term.name for term in shapes.terms)
        return self

    def predict(self, X: ArrayLike) -> FloatArray:
        return sigmoid(self.shapes.decision(X))

    def contributions(self, X: ArrayLike) -> FloatArray:
        return self.shapes.contributions(X)

    def bag_predictions(self, X: ArrayLike) -> FloatArray:
        return sigmoid(self.shapes.bag_decisions(X))

    def save(self) -> Files:
        return {"shapes.json": json.dumps(self.shapes.to_dict()).encode()}

    def load(self, files: Mapping[str, bytes]) -> GlassBoxBinary:
        return self._use(ShapeModel.from_dict(read_json(files, "shapes.json")))


class LinearBinary:
    """Ridge logistic regression; see ``linear``."""

    names: tuple[str, ...]
    term_names: tuple[str, ...]

    def __init__(self, ridge: float = 1.0) -> None:
        self.ridge = ridge

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        names: Sequence[str] | None = None,
        *,
        monotone: Any = None,
        seed: int = 0,
        sample_weight: ArrayLike | None = None,
        keys: ArrayLike | None = None,
        secure_sum: SecureSum = local_sum,
    ) -> LinearBinary:
        """Train; ``monotone`` and ``seed`` change nothing here."""
        return self._use(
            train_logistic(
                X,
                y,
                names=names,
                sample_weight=sample_weight,
                keys=keys,
                ridge=self.ridge,
                secure_sum=secure_sum,
            )
        )

    def _use(self, model: LinearModel) -> LinearBinary:
        self.model = model
        self.names = self.term_names = model.design.names
        return self

    def predict(self, X: ArrayLike) -> FloatArray:
        return sigmoid(self.model.decision(X))

    def contributions(self, X: ArrayLike) -> FloatArray:
        return self.model.contributions(X)

    def bag_predictions(self, X: ArrayLike) -> None:
        return None

    def save(self) -> Files:
        return {"linear.json": json.dumps(self.model.to_dict()).encode()}

    def load(self, files: Mapping[str, bytes]) -> LinearBinary:
        return self._use(LinearModel.from_dict(read_json(files, "linear.json")))


class TreesBinary:
    """LightGBM on agreed bins; see ``challenger``."""

    names: tuple[str, ...]
    term_names: tuple[str, ...]

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        names: Sequence[str] | None = None,
        *,
        monotone: Any = None,
        seed: int = 0,
        sample_weight: ArrayLike | None = None,
        keys: ArrayLike | None = None,
        secure_sum: SecureSum = local_sum,
    ) -> TreesBinary:
        return self._use(
            train_trees(
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

    def _use(self, model: TreeModel) -> TreesBinary:
        self.model = model
        self.names = self.term_names = model.names
        return self

    def predict(self, X: ArrayLike) -> FloatArray:
        return sigmoid(self.model.decision(X))

    def contributions(self, X: ArrayLike) -> FloatArray:
        return self.model.contributions(X)

    def bag_predictions(self, X: ArrayLike) -> None:
        return None

    def save(self) -> Files:
        return self.model.save()

    def load(self, files: Mapping[str, bytes]) -> TreesBinary:
        return self._use(TreeModel.load(files))
