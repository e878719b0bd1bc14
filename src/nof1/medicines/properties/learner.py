"""The learner: boosted trees (LightGBM) and a forest, averaged with equal weight.

Settings were chosen once, by inner folds of the training part of ESOL, FreeSolv, BBBP and one Tox21
label, and are the same for every table; nothing is tuned on test folds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.medicines.properties.forest import Forest, grow

TREES, TREES_TO_CLASSIFY = 100, 200  # of the forest
ROUNDS, ROUNDS_OF_MANY = 800, 300  # of boosting
MANY = 3_000  # rows; above, fewer and larger boosting steps are as good
SETTINGS: dict[str, Any] = {
    "num_leaves": 15,
    "min_data_in_leaf": 5,
    "feature_fraction": 0.2,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


@dataclass(frozen=True)
class Learner:
    """A fitted pair.

    Attributes
    ----------
    text : LightGBM's own text format.
    """

    text: str
    forest: Forest

    def predict(self, table: NDArray[np.float32]) -> NDArray[np.float64]:
        """(n,) expected value, or score of yes between 0 and 1 (not yet calibrated)."""
        boosted = np.asarray(self._booster.predict(table, num_threads=1), dtype=np.float64)
        found: NDArray[np.float64] = (boosted + self.forest.predict(table)) / 2
        return found

    @cached_property
    def _booster(self) -> Any:
        import lightgbm

        return lightgbm.Booster(model_str=self.text)


def fit(
    table: NDArray[np.float32], y: NDArray[np.float64], *, classify: bool, seed: int = 0
) -> Learner:
    """Fit both; ``y`` is (n,) without NaN, 0 and 1 for a classification."""
    import lightgbm

    many = len(y) > MANY
    settings = {
        **SETTINGS,
        "objective": "binary" if classify else "regression",
        "learning_rate": 0.06 if many else 0.03,
        "seed": seed,
    }
    data = lightgbm.Dataset(table, y, params={"min_data_in_bin": 1, "feature_pre_filter": False})
    booster = lightgbm.train(settings, data, ROUNDS_OF_MANY if many else ROUNDS)
    trees = TREES_TO_CLASSIFY if classify and not many else TREES
    forest = grow(table, y, classify=classify, trees=trees, seed=seed)
    return Learner(booster.model_to_string(), forest)
