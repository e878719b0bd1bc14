"""LightGBM as challenger: the black box that the glass box must not lose to.

Trees are grown on agreed bin codes, not on values: the stored model holds only codes and cuts with
at least ten patients on each side. Rows are put in hash order first, so that their order in the
file cannot change the model. LightGBM needs all rows in one place; it does not run on sums.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.core.errors import ModelError, UsageError
from nof1.learn.bins import agree_cuts, encode
from nof1.learn.files import need_file, read_json
from nof1.learn.rows import (
    Keys,
    check_events,
    check_features,
    check_keys,
    check_labels,
    check_monotone,
    check_weights,
    check_width,
    patient_shares,
    row_keys,
    uniform,
)
from nof1.learn.sums import CountedSum, FloatArray, SecureSum, local_sum

SCHEMA = "nof1/lightgbm/1"
VALIDATION_SHARE = 0.15
MOST_ROUNDS = 1000

PARAMETERS: dict[str, Any] = {
    "learning_rate": 0.05,
    "num_leaves": 8,
    "min_data_in_leaf": 20,
    "lambda_l2": 1.0,
    "feature_fraction": 0.7,
    "max_bin": 255,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


@dataclass(frozen=True, eq=False)
class TreeModel:
    """Trained trees: score = ``offset`` + sum of trees.

    Attributes
    ----------
    cuts : of each feature; trees see bin codes.
    text : LightGBM's own text format.
    """

    names: tuple[str, ...]
    cuts: tuple[FloatArray, ...]
    offset: float
    text: str

    @cached_property
    def _booster(self) -> Any:
        import lightgbm

        return lightgbm.Booster(model_str=self.text)

    def _codes(self, X: ArrayLike) -> FloatArray:
        return tree_codes(check_width(X, self.names), self.cuts)

    def decision(self, X: ArrayLike) -> FloatArray:
        """Score (n_rows,): log odds, or log relative hazard."""
        score = self._booster.predict(self._codes(X), raw_score=True, num_threads=1)
        return np.asarray(score, dtype=np.float64) + self.offset

    def contributions(self, X: ArrayLike) -> FloatArray:
        """TreeSHAP values (n_rows, n_features); with the base value they add up to the score."""
        parts = self._booster.predict(self._codes(X), pred_contrib=True, num_threads=1)
        return np.asarray(parts, dtype=np.float64)[:, :-1]

    def save(self) -> dict[str, bytes]:
        """Two files: the trees as text, and everything else as JSON."""
        meta = {
            "schema": SCHEMA,
            "names": list(self.names),
            "cuts": [edges.tolist() for edges in self.cuts],
            "offset": self.offset,
        }
        return {"trees.txt": self.text.encode(), "trees.json": json.dumps(meta).encode()}

    @classmethod
    def load(cls, files: Mapping[str, bytes]) -> TreeModel:
        meta = read_json(files, "trees.json")
        if meta.get("schema") != SCHEMA:
            raise ModelError(f"The model has schema {meta.get('schema')!r}.", allowed=SCHEMA)
        cuts = tuple(np.array(edges, dtype=np.float64) for edges in meta["cuts"])
        return cls(
            tuple(meta["names"]),
            cuts,
            float(meta["offset"]),
            need_file(files, "trees.txt").decode(),
        )


def tree_codes(X: FloatArray, cuts: Sequence[FloatArray]) -> FloatArray:
    """Bin codes (n_rows, n_features) as floats, NaN where missing."""
    codes = encode(X, cuts).T.astype(np.float64)
    codes[codes == 0] = np.nan
    return codes


def needs_one_place(secure_sum: SecureSum) -> None:
    """Refuse to train trees across sites."""
    if secure_sum is not local_sum:
        raise UsageError(
            "LightGBM cannot be trained on sums over sites.",
            where="learner lightgbm",
            allowed="one site (secure_sum = local_sum)",
            next_step="Leave the challenger out of federated training.",
        )


@dataclass(frozen=True)
class Part:
    """Rows in hash order that trees are grown on."""

    codes: FloatArray
    labels: FloatArray
    weights: FloatArray

    def where(self, mask: NDArray[np.bool_]) -> Part:
        return Part(self.codes[mask], self.labels[mask], self.weights[mask])


def held_out(keys: Keys, seed: int) -> NDArray[np.bool_]:
    """Rows of the validation part; never all or none."""
    held = uniform(keys, seed) < VALIDATION_SHARE
    return held if held.any() and not held.all() else np.arange(len(keys)) % 7 == 0


def grow(
    part: Part,
    held: NDArray[np.bool_],
    signs: NDArray[np.int8],
    seed: int,
    *,
    objective: str | Callable[..., Any] = "binary",
    metric: Callable[..., Any] | None = None,
) -> str:
    """Grow trees until the validation part stops improving; returns LightGBM's text.

    ``objective(scores, data)`` and ``metric(scores, data)`` are LightGBM's callables, for what it
    does not know itself.
    """
    import lightgbm

    settings = PARAMETERS | {
        "seed": seed % 2**31,
        "objective": objective,
        "monotone_constraints": signs.tolist(),
        "metric": "None" if metric else "binary_logloss",
    }
    names = [f"f{j}" for j in range(part.codes.shape[1])]
    learn, watch = (
        lightgbm.Dataset(
            rows.codes, rows.labels, weight=rows.weights, feature_name=names, params=settings
        )
        for rows in (part.where(~held), part.where(held))
    )
    stop = lightgbm.early_stopping(50, verbose=False)
    trees = lightgbm.train(
        settings, learn, MOST_ROUNDS, valid_sets=[watch], feval=metric, callbacks=[stop]
    )
    text: str = trees.model_to_string(num_iteration=trees.best_iteration)
    return text


def train_trees(
    X: ArrayLike,
    y: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    monotone: Any = None,
    sample_weight: ArrayLike | None = None,
    keys: ArrayLike | None = None,
    seed: int = 0,
    secure_sum: SecureSum = local_sum,
) -> TreeModel:
    """Train LightGBM for a yes/no outcome.

    Raises
    ------
    InputError : features or labels of the wrong kind.
    ModelError : the outcome (almost) never or always happens.
    UsageError : ``secure_sum`` spans several sites.
    """
    needs_one_place(secure_sum)
    table, labels_of = check_features(X, names)
    labels = check_labels(y, len(table))
    weights = check_weights(sample_weight, len(table))
    signs = check_monotone(monotone, labels_of)
    counted = weights > 0
    check_events(labels[counted].sum(), (1 - labels[counted]).sum())
    hashed = check_keys(keys, table, labels)
    cuts = tuple(agree_cuts(table, patient_shares(hashed), CountedSum(), max_bins=255))
    order = hash_order(hashed, table)
    part = Part(tree_codes(table, cuts)[order], labels[order], weights[order])
    text = grow(part, held_out(hashed[order], seed), signs, seed)
    return TreeModel(labels_of, cuts, 0.0, text)


def hash_order(keys: Keys, X: FloatArray) -> NDArray[np.int64]:
    """An order of rows that does not depend on their order: by key, then by content."""
    return np.lexsort((row_keys(X), keys))
