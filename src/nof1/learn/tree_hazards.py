"""LightGBM for the time to an event: boosted log relative hazards on a piecewise baseline.

The same likelihood as the glass box's (see ``timeline.Exposure``): the baseline follows the trees
in every round, so no person-period table is needed. Hazard ratios do not change with time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.core.errors import ModelError
from nof1.learn.bins import agree_cuts
from nof1.learn.challenger import (
    Part,
    TreeModel,
    grow,
    hash_order,
    held_out,
    needs_one_place,
    tree_codes,
)
from nof1.learn.files import need_file, read_json
from nof1.learn.followup import FollowUp, check_survival
from nof1.learn.rows import check_monotone, patient_shares
from nof1.learn.sums import CountedSum, FloatArray, SecureSum, local_sum
from nof1.learn.timeline import (
    Timeline,
    cumulative_incidence,
    hazard_ratio,
    timeline_from_dict,
)

SCHEMA = "nof1/tree-hazards/1"


@dataclass(frozen=True, eq=False)
class TreeHazards:
    """Trees and baseline rates (n_causes, n_intervals) of each cause."""

    timeline: Timeline
    causes: tuple[TreeModel, ...]
    rates: FloatArray

    def contributions(self, X: ArrayLike) -> FloatArray:
        """TreeSHAP values on the log hazard of the outcome: (n_rows, n_features)."""
        return self.causes[0].contributions(X)

    def cumulative_incidence(self, X: ArrayLike, times: ArrayLike) -> FloatArray:
        """Probability of each cause by each time: (n_causes, n_rows, n_times)."""
        scores = np.stack([cause.decision(X) for cause in self.causes])
        hazards = hazard_ratio(scores)[:, :, None] * self.rates[:, None, :]
        return cumulative_incidence(hazards, self.timeline, times)

    def save(self) -> dict[str, bytes]:
        """One pair of files for each cause, and the baseline as JSON."""
        meta = {
            "schema": SCHEMA,
            "edges_days": self.timeline.edges_days.tolist(),
            "rates": self.rates.tolist(),
        }
        files = {"hazards.json": json.dumps(meta).encode()}
        for number, cause in enumerate(self.causes, 1):
            files |= {f"cause{number}-{name}": body for name, body in cause.save().items()}
        return files

    @classmethod
    def load(cls, files: Mapping[str, bytes]) -> TreeHazards:
        meta = read_json(files, "hazards.json")
        if meta.get("schema") != SCHEMA:
            raise ModelError(f"The model has schema {meta.get('schema')!r}.", allowed=SCHEMA)
        rates = np.array(meta["rates"], dtype=np.float64)
        parts = ("trees.json", "trees.txt")
        causes = [
            TreeModel.load({part: need_file(files, f"cause{number}-{part}") for part in parts})
            for number in range(1, len(rates) + 1)
        ]
        return cls(timeline_from_dict(meta), tuple(causes), rates)


def train_tree_hazards(
    X: ArrayLike,
    y: tuple[ArrayLike, ArrayLike],
    *,
    names: Sequence[str] | None = None,
    monotone: Any = None,
    sample_weight: ArrayLike | None = None,
    keys: ArrayLike | None = None,
    seed: int = 0,
    n_intervals: int = 30,
    secure_sum: SecureSum = local_sum,
) -> TreeHazards:
    """Train one model for each cause; ``y`` is (duration, cause).

    Raises
    ------
    InputError, ModelError : as for the other survival learners.
    UsageError : ``secure_sum`` spans several sites.
    """
    needs_one_place(secure_sum)
    total = CountedSum()
    rows = check_survival(X, y, names, sample_weight, keys, total, n_intervals)
    signs = check_monotone(monotone, rows.names)
    cuts = tuple(agree_cuts(rows.X, patient_shares(rows.keys), total, max_bins=255))
    order = hash_order(rows.keys, rows.X)
    codes, held = tree_codes(rows.X, cuts)[order], held_out(rows.keys[order], seed)
    follow_up, weights = rows.follow_up.at(order), rows.weights[order]
    causes, rates = [], []
    for number in range(1, rows.n_causes + 1):
        text = _grow_cause(codes, weights, held, follow_up, number, signs, seed)
        model = TreeModel(rows.names, cuts, 0.0, text)
        whole = follow_up.exposure(number, weights[:, None])
        whole.settle(model.decision(rows.X)[order][:, None], total)
        causes.append(model)
        rates.append(whole.rates[:, 0])
    return TreeHazards(follow_up.timeline, tuple(causes), np.stack(rates))


def _grow_cause(
    codes: FloatArray,
    weights: FloatArray,
    held: NDArray[np.bool_],
    follow_up: FollowUp,
    number: int,
    signs: NDArray[np.int8],
    seed: int,
) -> str:
    total = CountedSum()
    learn, watch = (
        follow_up.at(np.flatnonzero(mask)).exposure(number, weights[mask][:, None])
        for mask in (~held, held)
    )

    def objective(scores: FloatArray, _: Any) -> tuple[FloatArray, FloatArray]:
        learn.settle(scores[:, None], total)
        g, h = learn.gradients(scores[:, None])
        return (g * learn.weights)[:, 0], (h * learn.weights)[:, 0]

    def metric(scores: FloatArray, _: Any) -> tuple[str, float, bool]:
        watch.rates = learn.rates
        losses = watch.losses(scores[:, None]) * watch.weights
        return "exposure loss", float(losses.sum() / max(len(scores), 1)), False

    part = Part(codes, (follow_up.cause == number).astype(np.float64), weights)
    return grow(part, held, signs, seed, objective=objective, metric=metric)
