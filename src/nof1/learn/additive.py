"""Train an additive model: agree on bins, draw bags, boost curves, add pairs, tidy up.

The outcome enters only through an ``Objective``; a yes/no outcome and the time to an event share
every line here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import UsageError
from nof1.learn.binned import Binned, Placed
from nof1.learn.bins import SMALLEST_GROUP, Codes
from nof1.learn.boosting import Boosted, Booster, Settings
from nof1.learn.coded import CodedTable
from nof1.learn.objectives import Objective
from nof1.learn.pairs import (
    CoarseAxis,
    FittedPairs,
    candidate_pairs,
    coarsen,
    fit_pairs,
    purify,
    rank_pairs,
)
from nof1.learn.rows import Keys, uniform
from nof1.learn.shapes import ShapeModel, Term
from nof1.learn.sums import CountedSum, FloatArray

PAIR_STRICTNESS = 2.5
"""A plane looks at many more cuts than a curve, so chance gains more: a higher threshold."""

SLOPE_RANGE = (0.5, 3.0)
_SLOPE_STEPS = 12
_SLOPE_PRIOR = 16.0
"""Precision of the belief that boosting neither over- nor underfits (slope 1, s.d. 1/4)."""

MakeObjective = Callable[[FloatArray], Objective]


@dataclass(frozen=True)
class Recipe:
    """Settings of the additive model.

    Attributes
    ----------
    n_bags : models on different 85 % of the patients, averaged; their spread is the uncertainty.
    validation_share : patients that a bag holds out to stop early.
    max_bins, pair_bins : most bins of a curve (2 to 255) and along each side of a plane (2 to 15).
    max_pairs : most pairs to try; validation decides how many stay.
    pair_features : pairs are sought among this many most important features.
    smallest_group : no bin with fewer patients, and no step of a plane.
    """

    n_bags: int = 8
    validation_share: float = 0.15
    max_bins: int = 64
    pair_bins: int = 8
    max_pairs: int = 30
    pair_features: int = 30
    smallest_group: int = SMALLEST_GROUP
    seed: int = 0
    boost: Settings = field(default_factory=Settings)

    def __post_init__(self) -> None:
        if self.n_bags < 1 or not 0 < self.validation_share < 1 or not 2 <= self.pair_bins <= 14:
            raise UsageError(
                "A setting of the glass box is out of range.",
                allowed="n_bags >= 1, 0 < validation_share < 1, 2 <= pair_bins <= 14",
            )

    @property
    def spread_factor(self) -> float:
        """From spread over bags to standard error: delete-d jackknife (Shao and Wu 1989)."""
        return float(np.sqrt((1 - self.validation_share) / self.validation_share))


@dataclass
class Curves:
    """Boosted curves with everything that pairs and the final tables need.

    ``bins`` are of all rows; ``table``, ``held_out``, ``objective`` and ``boosted.scores`` of the
    rows ``kept``, which have a weight (None: all have).
    """

    names: tuple[str, ...]
    bins: Binned
    table: CodedTable
    kept: NDArray[np.int64] | None
    signs: NDArray[np.int8]
    held_out: FloatArray
    objective: Objective
    boosted: Boosted

    @property
    def cuts(self) -> list[FloatArray]:
        return self.bins.cuts

    @property
    def codes(self) -> Codes:
        return self.bins.codes

    @property
    def counts(self) -> list[FloatArray]:
        return self.bins.counts

    @property
    def shares(self) -> FloatArray:
        return self.bins.shares

    @property
    def placed(self) -> Placed:
        """The places of the kept rows, for a trained model."""
        return Placed(self.table.codes, self.cuts)

    def tables(self) -> list[FloatArray]:
        """Values (n_bins, n_bags) of each feature."""
        return np.split(self.boosted.tables, self.table.offsets[1:-1])

    def importance(self) -> FloatArray:
        """Spread of each curve over the patients."""
        return np.array(
            [
                _spread(table.mean(axis=1), count)
                for table, count in zip(self.tables(), self.counts, strict=True)
            ]
        )


def _spread(values: FloatArray, counts: FloatArray) -> float:
    weights = counts / max(float(counts.sum()), 1e-12)
    centre = values @ weights
    return float(np.sqrt(((values - centre) ** 2) @ weights))


def with_weight(weights: FloatArray) -> NDArray[np.int64] | None:
    """Places of the rows that have a weight; None when all have."""
    kept = np.flatnonzero(weights > 0)
    return None if len(kept) == len(weights) else kept


def draw_bags(keys: Keys, weights: FloatArray, recipe: Recipe) -> tuple[FloatArray, FloatArray]:
    """Training and held-out weights (n_rows, n_bags), drawn by hash of the row's key."""
    held = np.stack(
        [uniform(keys, recipe.seed, bag) < recipe.validation_share for bag in range(recipe.n_bags)],
        axis=1,
    )
    return weights[:, None] * ~held, weights[:, None] * held


def fit_curves(
    X: FloatArray,
    names: tuple[str, ...],
    keys: Keys,
    weights: FloatArray,
    signs: NDArray[np.int8],
    make_objective: MakeObjective,
    recipe: Recipe,
    total: CountedSum,
    bins: Binned | None = None,
    kept: NDArray[np.int64] | None = None,
) -> Curves:
    """Agree on bins (unless ``bins`` of the same rows are given) and boost one curve for each
    feature and bag.

    Bins and their counts are those of all rows. Boosting sees the rows ``kept`` alone, for which
    the objective is made: they must be all that have a weight.
    """
    from nof1.learn import kernels

    bins = bins or Binned.agree(
        X, keys, total, max_bins=recipe.max_bins, smallest=recipe.smallest_group
    )
    table = bins.table if kept is None else bins.table_of(kept)
    some = slice(None) if kept is None else kept
    learn, held_out = draw_bags(keys[some], weights[some], recipe)
    objective = make_objective(learn)
    stepper = partial(_step, kernels.step_curves, signs, recipe.boost.threshold)
    muted = np.concatenate(bins.counts) < recipe.smallest_group - 1e-6
    booster = Booster(table, objective, held_out, stepper, recipe.boost, total, muted)
    boosted = booster.fit(objective.start(total))
    return Curves(names, bins, table, kept, signs, held_out, objective, boosted)


def _step(
    kernel: Callable[..., NDArray[np.bool_]],
    signs: NDArray[np.int8],
    threshold: float,
    g: FloatArray,
    h: FloatArray,
    starts: NDArray[np.int64],
    terms: NDArray[np.int64],
    step: FloatArray,
) -> NDArray[np.bool_]:
    return kernel(g, h, starts, terms, signs, threshold, step)


def held_out_slope(
    scores: FloatArray, held_out: FloatArray, make_objective: MakeObjective, total: CountedSum
) -> float:
    """Slope by which held-out scores must be stretched to be calibrated (1: already are).

    Boosting with shrunken steps stops a little short. Each row is scored by the bags that held it
    out; a two-parameter Newton fit on sums then finds the slope.
    """
    drawn = held_out > 0
    times = drawn.sum(axis=1)
    mean = (scores * drawn).sum(axis=1) / np.maximum(times, 1)
    weights = np.where(times > 0, held_out.max(axis=1), 0.0)
    objective = make_objective(weights[:, None])
    level, slope = objective.start(total)[0], 1.0
    mass, first = total(np.array([weights.sum(), weights @ mean]))
    mean = mean - first / max(mass, 1e-12)
    for _ in range(_SLOPE_STEPS):
        stretched = (level + slope * mean)[:, None]
        g, h = (weights * part[:, 0] for part in objective.gradients(stretched))
        sums, extra = total.together(
            np.array([g.sum(), g @ mean, h.sum(), h @ mean, h @ mean**2]),
            objective.extra(stretched),
        )
        g0, g1, h0, h1, h2 = sums
        objective.relevel(sums[:1], sums[2:3], extra)
        g1, h2 = g1 + _SLOPE_PRIOR * (slope - 1), h2 + _SLOPE_PRIOR
        change = np.linalg.solve([[h0 + 1e-9, h1], [h1, h2]], [g0, g1])
        level -= float(np.clip(change[0], -2, 2))
        slope -= float(np.clip(change[1], -0.5, 0.5))
    return float(np.clip(slope, *SLOPE_RANGE))


def coarse_axes(curves: Curves, recipe: Recipe) -> list[CoarseAxis]:
    """Every feature on few bins, for planes."""
    return [
        coarsen(edges, count, recipe.pair_bins)
        for edges, count in zip(curves.cuts, curves.counts, strict=True)
    ]


def find_pairs(curves: Curves, recipe: Recipe, total: CountedSum) -> FittedPairs | None:
    """Rank, fit and choose pairs of features; None when no pair is worth it."""
    axes = coarse_axes(curves, recipe)
    allowed = (curves.signs == 0) & np.array([len(edges) > 0 for edges in curves.cuts])
    pairs = candidate_pairs(curves.importance(), allowed, recipe.pair_features)
    if not pairs or recipe.max_pairs == 0:
        return None
    weights = curves.objective.weights
    g, h = curves.objective.gradients(curves.boosted.scores)
    mean = ((g * weights).mean(axis=1), (h * weights).mean(axis=1))
    ranked = rank_pairs(curves.table.codes, axes, pairs, mean, total, recipe.max_pairs)
    if not ranked:
        return None
    settings = replace(recipe.boost, batches=1, threshold=PAIR_STRICTNESS * recipe.boost.threshold)
    return fit_pairs(
        curves.codes,
        axes,
        ranked,
        curves.objective,
        curves.held_out,
        curves.shares,
        curves.boosted.scores,
        settings,
        total,
        recipe.smallest_group,
        curves.kept,
    )


def assemble(
    curves: Curves,
    recipe: Recipe,
    fitted: FittedPairs | None = None,
    axes: Sequence[CoarseAxis] | None = None,
    names: tuple[str, ...] | None = None,
    slope: float = 1.0,
) -> ShapeModel:
    """Average the bags, purify planes, centre curves; only terms that say something are kept."""
    tables = [table * slope for table in curves.tables()]
    intercepts = curves.boosted.intercepts * slope
    axes = coarse_axes(curves, recipe) if axes is None else axes
    names = curves.names if names is None else names
    planes = []
    for pair, plane, count in zip(
        *((fitted.pairs, fitted.planes, fitted.counts) if fitted else ((), (), ())), strict=True
    ):
        pure, *moved = purify(slope * plane, count, recipe.smallest_group)
        for feature, curve in zip(pair, moved, strict=True):
            if feature < len(tables):
                tables[feature] += curve[axes[feature].groups]
        planes.append((pair, pure, count))
    terms = []
    for j, table in enumerate(tables):
        weight = curves.counts[j] / max(float(curves.counts[j].sum()), 1e-12)
        centre = weight @ table
        intercepts += centre
        table -= centre
        table[curves.counts[j] < recipe.smallest_group - 1e-6] = 0.0
        terms.append(_term(names, (j,), (curves.cuts[j],), table, curves.counts[j], recipe))
    for pair, plane, count in planes:
        edges = tuple(axes[j].cuts for j in pair)
        terms.append(_term(names, pair, edges, plane, count, recipe))
    intercept = float(intercepts.mean())
    bags = intercept + recipe.spread_factor * (intercepts - intercept)
    return ShapeModel(names, intercept, bags, tuple(t for t in terms if np.any(t.bags)))


def _term(
    names: tuple[str, ...],
    features: tuple[int, ...],
    cuts: tuple[FloatArray, ...],
    table: FloatArray,
    counts: FloatArray,
    recipe: Recipe,
) -> Term:
    """Mean over bags; bags spread to the size of the standard error; small counts left out."""
    scores = table.sum(axis=-1) / table.shape[-1]
    bags = scores[..., None] + recipe.spread_factor * (table - scores[..., None])
    return Term(
        " & ".join(names[j] for j in features),
        features,
        cuts,
        scores,
        bags.std(axis=-1),
        np.where(counts < recipe.smallest_group - 1e-6, 0.0, np.round(counts, 6)),
        np.ascontiguousarray(np.moveaxis(bags, -1, 0)),
    )
