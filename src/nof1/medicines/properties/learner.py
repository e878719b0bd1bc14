"""The learner: boosted trees (LightGBM) and a forest, averaged; for few numbers, a kernel too.

Settings were chosen once, by inner folds of the training part of ESOL, FreeSolv, BBBP and five
Tox21 labels, and are the same for every table; nothing is tuned on test folds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.medicines.chemistry.descriptors import NAMES
from nof1.medicines.properties import kernel
from nof1.medicines.properties.forest import Forest, grow
from nof1.medicines.properties.kernel import Kernel

TREES, TREES_TO_CLASSIFY = 100, 200  # of the forest
ROUNDS, ROUNDS_OF_MANY = 800, 300  # of boosting
MANY = 3_000  # rows; above, fewer and larger boosting steps are as good, and no kernel
SMOOTH = 2 / 3  # weight of the kernel's answer beside the trees'
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
    """Fitted trees, and for a small table of numbers the kernel learner beside them.

    Attributes
    ----------
    text : LightGBM's own text format.
    electronic : number of last columns, about charge, that the trees do not see.
    """

    text: str
    forest: Forest
    kernel: Kernel | None = None
    electronic: int = 0

    def predict(self, table: NDArray[np.float32]) -> NDArray[np.float64]:
        """(n,) expected value, or score of yes between 0 and 1 (not yet calibrated)."""
        seen = _trees(table, self.electronic)
        boosted = np.asarray(self._booster.predict(seen, num_threads=1), dtype=np.float64)
        found: NDArray[np.float64] = (boosted + self.forest.predict(seen)) / 2
        if self.kernel is None:
            return found
        return SMOOTH * self.kernel.predict(_smooth(table, self.electronic)) + (1 - SMOOTH) * found

    @cached_property
    def _booster(self) -> Any:
        import lightgbm

        return lightgbm.Booster(model_str=self.text)


def smooth(rows: int, *, classify: bool) -> bool:
    """Whether a table of so many rows gets the kernel learner."""
    return not classify and rows <= MANY


def fit(
    table: NDArray[np.float32],
    y: NDArray[np.float64],
    *,
    classify: bool,
    seed: int = 0,
    electronic: int = 0,
) -> Learner:
    """Fit all of them.

    Parameters
    ----------
    y : (n,) without NaN, 0 and 1 for a classification.
    electronic : number of last columns that are about charge.
    """
    import lightgbm

    many = len(y) > MANY
    settings = {
        **SETTINGS,
        "objective": "binary" if classify else "regression",
        "learning_rate": 0.06 if many else 0.03,
        "seed": seed,
    }
    seen = _trees(table, electronic)
    data = lightgbm.Dataset(seen, y, params={"min_data_in_bin": 1, "feature_pre_filter": False})
    rounds = ROUNDS_OF_MANY if many else ROUNDS
    booster = lightgbm.train(settings, data, rounds, keep_training_booster=True)
    trees = TREES_TO_CLASSIFY if classify and not many else TREES
    forest = grow(seen, y, classify=classify, trees=trees, seed=seed, many=many)
    even = (
        kernel.fit(_smooth(table, electronic), y)
        if electronic and smooth(len(y), classify=classify)
        else None
    )
    return Learner(booster.model_to_string(), forest, even, electronic)


def _trees(table: NDArray[np.float32], electronic: int) -> NDArray[np.float32]:
    """The columns for the trees."""
    return np.ascontiguousarray(table[:, : table.shape[1] - electronic])


def _smooth(table: NDArray[np.float32], electronic: int) -> NDArray[np.float32]:
    """The columns for the kernel: descriptors and charges, no counts."""
    last = table[:, table.shape[1] - electronic :]
    return np.hstack([table[:, : len(NAMES)], last])
