"""What has to be known besides the effect: the chance of each option, and the outcome under each.

Every row's values come from models that have not seen its patient (cross-fitting), so that an
overfitted model cannot pass its own noise on as an effect.

Reference: Chernozhukov et al., Econometrics J. 21 (2018) C1.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nof1.learn.additive import Recipe as Box
from nof1.learn.binned import Binned, Placed
from nof1.learn.effect.arms import Arms
from nof1.learn.effect.one_armed import one_armed
from nof1.learn.effect.recipe import Recipe
from nof1.learn.effect.regions import lonely
from nof1.learn.files import read_json
from nof1.learn.objectives import sigmoid
from nof1.learn.regression import fit_regression
from nof1.learn.shapes import ShapeModel
from nof1.learn.sums import FloatArray, SecureSum, local_sum


@dataclass(frozen=True)
class Response:
    """A glass box of a mean: its score, through the logistic function when it is a chance."""

    shapes: ShapeModel
    chance: bool

    def mean(self, X: FloatArray) -> FloatArray:
        """(n,) in the unit of the outcome; 0 to 1 for a chance."""
        return self._unit(self.shapes.decision(X))

    def bags(self, X: FloatArray) -> FloatArray:
        """(n, bags) whose standard deviation is the standard error."""
        return self._unit(self.shapes.bag_decisions(X))

    def placed_mean(self, rows: Placed) -> FloatArray:
        """``mean`` of rows whose bins are known."""
        return self._unit(self.shapes.placed_decision(rows))

    def placed_bags(self, rows: Placed) -> FloatArray:
        """``bags`` of rows whose bins are known."""
        return self._unit(self.shapes.placed_bags(rows))

    def _unit(self, scores: FloatArray) -> FloatArray:
        return sigmoid(scores) if self.chance else scores


def fit_response(
    X: FloatArray,
    y: FloatArray,
    weight: FloatArray,
    arms: Arms,
    names: tuple[str, ...],
    chance: bool,
    box: Box,
    total: SecureSum,
    bins: Binned,
) -> Response:
    """A glass box of ``y`` on rows with a weight; ``arms`` gives the patients' keys, ``bins`` are
    those of ``X``.

    Raises
    ------
    ModelError : a chance that is (almost) 0 or 1 for everybody.
    """
    if not chance:
        shapes = fit_regression(
            X, y, names=names, sample_weight=weight, keys=arms.keys, recipe=box, secure_sum=total,
            bins=bins,
        )  # fmt: skip
        return Response(shapes, False)
    from nof1.learn.glassbox import GlassBoxClassifier

    model = GlassBoxClassifier(
        n_bags=box.n_bags, max_bins=box.max_bins, max_pairs=box.max_pairs, pair_bins=box.pair_bins,
        smallest_group=box.smallest_group, learning_rate=box.boost.learning_rate,
        max_cycles=box.boost.max_cycles, batches=box.boost.batches, seed=box.seed,
    )  # fmt: skip
    model.fit(X, y, names=names, sample_weight=weight, keys=arms.keys, secure_sum=total, bins=bins)
    return Response(model.shapes_, True)


def fit_propensity(
    arms: Arms, used: FloatArray, recipe: Recipe, total: SecureSum = local_sum
) -> Response:
    """The chance of the option of interest, on rows with ``used`` 1 (outcome known or not)."""
    box = replace(recipe.nuisance, seed=recipe.seed + 1)
    bins = arms.bins(box, total)
    return fit_response(arms.X, arms.treated, used, arms, arms.names, True, box, total, bins)


def fit_arm(
    arms: Arms, arm: float, used: FloatArray, recipe: Recipe, total: SecureSum = local_sum
) -> Response:
    """The outcome of people who took one option (1 of interest, 0 comparator)."""
    weight = used * arms.weight * (arms.treated == arm)
    box = replace(recipe.nuisance, seed=recipe.seed + 2 + int(arm))
    bins = arms.bins(box, total)
    return fit_response(arms.X, arms.y, weight, arms, arms.names, arms.binary, box, total, bins)


@dataclass(frozen=True)
class Nuisance:
    """Cross-fitted values of each row.

    Attributes
    ----------
    propensity : (n,) chance of the option of interest.
    mean : (n, 2) expected outcome under the comparator (column 0) and the option of interest (1).
    bags : (n, 2, bags) the same from each bag of the models.
    folds : (n,) fold of each row.
    alone : (n,) whether the row lies in a region in which hardly anybody took one of the options.
    """

    propensity: FloatArray
    mean: FloatArray
    bags: FloatArray
    folds: NDArray[np.int64]
    alone: NDArray[np.bool_]


def crossfit(arms: Arms, recipe: Recipe, total: SecureSum = local_sum) -> Nuisance:
    """Nuisances of every row from models of the other folds; all sites walk through all folds."""
    folds = arms.folds(recipe.folds, recipe.seed)
    propensity, mean = np.zeros(len(folds)), np.zeros((len(folds), 2))
    bags = np.zeros((len(folds), 2, recipe.nuisance.n_bags))
    alone = np.zeros(len(folds), dtype=bool)
    for fold in range(recipe.folds):
        used, here = (folds != fold).astype(np.float64), folds == fold
        option = fit_propensity(arms, used, recipe, total)
        rows = arms.bins(recipe.nuisance, total).at(here)
        propensity[here] = option.placed_mean(rows)
        alone[here] = lonely(one_armed(arms, used, option.shapes, recipe, total), arms.X[here])
        for arm in (0, 1):
            response = fit_arm(arms, arm, used, recipe, total)
            mean[here, arm] = response.placed_mean(rows)
            bags[here, arm] = response.placed_bags(rows)
    return Nuisance(propensity, mean, bags, folds, alone)


def save_response(response: Response) -> bytes:
    """One glass box as JSON."""
    return json.dumps({"chance": response.chance, "shapes": response.shapes.to_dict()}).encode()


def load_response(files: Mapping[str, bytes], part: str) -> Response:
    """The glass box of the file ``part``.json."""
    stored = read_json(files, f"{part}.json")
    return Response(ShapeModel.from_dict(stored["shapes"]), bool(stored["chance"]))
