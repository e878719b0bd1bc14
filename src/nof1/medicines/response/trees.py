"""LightGBM on the residual of a naive predictor: one model for all pairs of lines and drugs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nof1.learn.sums import FloatArray
from nof1.medicines.response.screen import Screen, places, positions, take

LINE_COMPONENTS, DRUG_COMPONENTS = 20, 15
ROUNDS = 150
PARAMETERS: dict[str, Any] = {
    "objective": "regression",
    "learning_rate": 0.08,
    "num_leaves": 31,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.5,
    "lambda_l2": 5.0,
    "max_bin": 63,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


@dataclass(frozen=True, eq=False)
class Trees:
    """Trees with what turns a pair into features.

    Attributes
    ----------
    base : the naive predictor whose residual is modelled.
    centre, axes : of the drugs' principal components; ``drug_mean`` (drugs,) of the residual's
        response scale, 0 for a new drug.
    """

    base: str
    drugs: tuple[str, ...]
    tissues: tuple[str, ...]
    classes: tuple[str, ...]
    drug_level: FloatArray = field(repr=False)
    centre: FloatArray = field(repr=False)
    axes: FloatArray = field(repr=False)
    text: str = field(repr=False)

    def predict(self, screen: Screen, scores: FloatArray, guess: FloatArray) -> FloatArray:
        """(lines, drugs): the naive ``guess`` (lines, drugs) plus what the trees add."""
        import lightgbm

        lines, drugs = np.indices(guess.shape)
        table = self.table(screen, scores, lines.ravel(), drugs.ravel())
        added = lightgbm.Booster(model_str=self.text).predict(table, num_threads=1)
        return guess + np.asarray(added, dtype=np.float64).reshape(guess.shape)

    def table(self, screen: Screen, scores: FloatArray, lines: Any, drugs: Any) -> FloatArray:
        """Features (pairs, columns) of the pairs of line and drug positions."""
        tissue = places(screen.tissues, positions(self.tissues)).astype(float)
        group = places(screen.classes, positions(self.classes)).astype(float)
        level = take(self.drug_level, places(screen.drugs, positions(self.drugs)), np.nan)
        chemistry = (np.nan_to_num(screen.chemistry) - self.centre) @ self.axes.T
        left = np.column_stack([tissue, scores[:, :LINE_COMPONENTS]])
        right = np.column_stack([group, level, chemistry])
        made: FloatArray = np.column_stack([left[lines], right[drugs]]).astype(np.float32)
        return made


def fit_trees(seen: Screen, scores: FloatArray, base: str, guess: FloatArray, seed: int) -> Trees:
    """Fit the residual of ``guess`` (lines, drugs) on the measured pairs."""
    import lightgbm

    centre, axes = _drug_axes(np.nan_to_num(seen.chemistry))
    level = np.nanmean(seen.response, axis=0)
    tissues, classes = (tuple(sorted(set(names))) for names in (seen.tissues, seen.classes))
    made = Trees(base, seen.drugs, tissues, classes, level, centre, axes, "")
    lines, drugs = np.nonzero(seen.measured)
    table = made.table(seen, scores, lines, drugs)
    settings = PARAMETERS | {"seed": seed}
    categories = [0, 1 + min(scores.shape[1], LINE_COMPONENTS)]
    rows = lightgbm.Dataset(
        table,
        (seen.response - guess)[lines, drugs],
        params=settings,
        categorical_feature=categories,
        free_raw_data=True,
    )
    text = lightgbm.train(settings, rows, ROUNDS).model_to_string()
    return Trees(base, seen.drugs, tissues, classes, level, centre, axes, text)


def _drug_axes(chemistry: FloatArray) -> tuple[FloatArray, FloatArray]:
    centre = chemistry.mean(axis=0)
    most = min(DRUG_COMPONENTS, *chemistry.shape)
    axes = np.linalg.svd(chemistry - centre, full_matrices=False)[2][:most]
    return centre, axes
