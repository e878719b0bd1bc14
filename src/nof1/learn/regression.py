"""The glass box for a number: the same curves and planes, fitted by least squares.

It is what effect models are made of (a pseudo-outcome has no bounds), and works on ``secure_sum``
like the classifier, so that a federation and one hospital get the same model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from nof1.core.errors import InputError, ModelError
from nof1.learn.additive import (
    Recipe,
    assemble,
    find_pairs,
    fit_curves,
    held_out_slope,
    with_weight,
)
from nof1.learn.binned import Binned
from nof1.learn.objectives import Gaussian
from nof1.learn.rows import check_features, check_keys, check_monotone, check_weights
from nof1.learn.shapes import ShapeModel, Term
from nof1.learn.sums import CountedSum, FloatArray, SecureSum, local_sum

LEAST_ROWS = 20


def fit_regression(
    X: ArrayLike,
    y: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    sample_weight: ArrayLike | None = None,
    keys: ArrayLike | None = None,
    recipe: Recipe | None = None,
    secure_sum: SecureSum = local_sum,
    bins: Binned | None = None,
) -> ShapeModel:
    """An additive model of the mean of ``y``; its score is in the unit of ``y``.

    Parameters
    ----------
    X : (n_rows, n_features), NaN is missing.
    y : (n_rows,) finite numbers.
    sample_weight : (n_rows,) 0 leaves a row out.
    keys : whole numbers, equal for rows of one patient.
    bins : of these rows, when they were agreed on already with the settings of ``recipe``.

    Raises
    ------
    InputError : features, values, weights or keys of the wrong kind.
    ModelError : fewer than 20 rows over all sites, or a ``y`` that does not vary.
    """
    table, labels = check_features(X, names)
    values = _numbers(y, len(table))
    weights = check_weights(sample_weight, len(table))
    hashed = check_keys(keys, table, values)
    total = CountedSum(secure_sum)
    centre, spread = _scale(values, weights, total)
    kept = with_weight(weights)
    if kept is not None:
        values = values[kept]
    scaled = (values - centre) / spread
    signs = check_monotone(None, labels)
    recipe = recipe or Recipe()

    def objective(learn: FloatArray) -> Gaussian:
        return Gaussian(scaled, learn, 1.0)

    curves = fit_curves(table, labels, hashed, weights, signs, objective, recipe, total, bins, kept)
    pairs = find_pairs(curves, recipe, total)
    scores = pairs.scores if pairs else curves.boosted.scores
    slope = held_out_slope(scores, curves.held_out, objective, total)
    shapes = assemble(curves, recipe, pairs, slope=slope)
    made = stretched(shapes, spread, centre)
    weights = weights if kept is None else weights[kept]
    return _levelled(made, made.placed_decision(curves.placed), values, weights, total)


def stretched(shapes: ShapeModel, factor: float, shift: float = 0.0) -> ShapeModel:
    """The model ``shift + factor * score``."""
    terms = tuple(_stretched(term, factor) for term in shapes.terms)
    return ShapeModel(
        shapes.names,
        shift + factor * shapes.intercept,
        shift + factor * shapes.bag_intercepts,
        terms,
    )


def _stretched(term: Term, factor: float) -> Term:
    return replace(
        term,
        scores=term.scores * factor,
        bags=term.bags * factor,
        standard_errors=term.standard_errors * abs(factor),
    )


def _levelled(
    shapes: ShapeModel, score: FloatArray, y: FloatArray, weights: FloatArray, total: CountedSum
) -> ShapeModel:
    """Move the intercept until the mean of all training rows, scored (n_rows,), is right."""
    off, mass = total(np.array([weights @ (y - score), weights.sum()]))
    return shapes.shifted(float(off / mass))


def _numbers(y: ArrayLike, n_rows: int) -> FloatArray:
    values = np.ascontiguousarray(y, dtype=np.float64)
    if values.shape != (n_rows,) or not np.isfinite(values).all():
        raise InputError(
            f"The values have shape {values.shape} or are not finite.",
            where="y",
            allowed=f"{n_rows} finite numbers",
        )
    return values


def _scale(values: FloatArray, weights: FloatArray, total: CountedSum) -> tuple[float, float]:
    """Weighted mean and standard deviation over all sites."""
    rows, mass, first = total(np.array([(weights > 0).sum(), weights.sum(), weights @ values]))
    if rows < LEAST_ROWS:
        raise ModelError(
            f"{rows:.0f} rows are too few for a model.", where="y", allowed=f"{LEAST_ROWS} rows"
        )
    centre = float(first / mass)
    (second,) = total(np.array([weights @ (values - centre) ** 2]))
    spread = float(np.sqrt(second / mass))
    if spread <= 1e-9 * max(1.0, abs(centre)):
        raise ModelError("The values do not vary: there is nothing to learn.", where="y")
    return centre, spread
