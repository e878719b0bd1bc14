"""The glass box for the time to an event, with competing causes.

One additive model of the log hazard for each cause, on a piecewise constant baseline: curves are
log hazard ratios, and a plane of a feature with time says how its effect changes. Other causes end
a patient's time at risk; the cumulative incidences add up with survival to one. See ``timeline``
for why no person-period table is needed (piecewise exponential additive model, Bender et al. 2018).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.core.errors import ModelError
from nof1.learn.additive import (
    PAIR_STRICTNESS,
    Curves,
    Recipe,
    assemble,
    coarse_axes,
    fit_curves,
    held_out_slope,
)
from nof1.learn.followup import FollowUp, SurvivalRows, check_survival
from nof1.learn.objectives import Objective
from nof1.learn.pairs import CoarseAxis, FittedPairs, candidate_pairs, fit_pairs, rank_pairs
from nof1.learn.rows import check_monotone, check_width
from nof1.learn.shapes import ShapeModel
from nof1.learn.sums import CountedSum, FloatArray, SecureSum, local_sum, weighed
from nof1.learn.timeline import (
    Exposure,
    Timeline,
    cumulative_incidence,
    hazard_ratio,
    timeline_from_dict,
)

SCHEMA = "nof1/hazards/1"
_NO_AXIS = CoarseAxis(np.empty(0, dtype=np.uint8), np.empty(0))
TIME = "time since prediction"
N_EPOCHS = 4
"""Effects may differ between this many parts of the follow-up with equally many events."""


@dataclass(frozen=True, eq=False)
class CauseModel:
    """Hazard of one cause: baseline rate of the interval times exp(score of the shapes).

    Attributes
    ----------
    shapes : over the features and, last, the time since prediction.
    rates : (n_intervals,) per day; ``bag_rates`` (n_intervals, n_bags).
    epoch_starts : (n_epochs,) first interval of each epoch; ``epoch_times`` a time inside each.
    """

    shapes: ShapeModel
    rates: FloatArray
    bag_rates: FloatArray
    epoch_starts: NDArray[np.int64]
    epoch_times: FloatArray

    @property
    def varies(self) -> bool:
        """Whether any effect changes with time."""
        last = len(self.shapes.names) - 1
        return any(last in term.features for term in self.shapes.terms)

    def epoch_of(self, n_intervals: int) -> NDArray[np.int64]:
        """Epoch of each interval."""
        return np.searchsorted(self.epoch_starts, np.arange(n_intervals), "right") - 1

    def at_epoch(self, X: FloatArray, epoch: int) -> FloatArray:
        """Features with the time column that the shapes expect."""
        return np.column_stack([X, np.full(len(X), self.epoch_times[epoch])])

    def hazards(self, X: FloatArray, bag: int | None = None) -> FloatArray:
        """Hazard of each row in each interval (n_rows, n_intervals)."""
        epochs = self.epoch_of(len(self.rates))
        n_needed = len(self.epoch_times) if self.varies else 1
        scores = np.stack([self._score(X, epoch, bag) for epoch in range(n_needed)], axis=1)
        rates = self.rates if bag is None else self.bag_rates[:, bag]
        relative = hazard_ratio(scores)
        return rates * (relative[:, epochs] if self.varies else relative)

    def _score(self, X: FloatArray, epoch: int, bag: int | None) -> FloatArray:
        table = self.at_epoch(X, epoch)
        return self.shapes.decision(table) if bag is None else self.shapes.bag_decision(table, bag)

    def to_dict(self) -> dict[str, Any]:
        return {
            "shapes": self.shapes.to_dict(),
            "rates": self.rates.tolist(),
            "bag_rates": self.bag_rates.tolist(),
            "epoch_starts": self.epoch_starts.tolist(),
            "epoch_times": self.epoch_times.tolist(),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> CauseModel:
        return cls(
            ShapeModel.from_dict(stored["shapes"]),
            np.array(stored["rates"], dtype=np.float64),
            np.array(stored["bag_rates"], dtype=np.float64),
            np.array(stored["epoch_starts"], dtype=np.int64),
            np.array(stored["epoch_times"], dtype=np.float64),
        )


@dataclass(frozen=True, eq=False)
class HazardModel:
    """Trained hazards of all causes; ``causes[0]`` is the outcome (cause 1)."""

    names: tuple[str, ...]
    timeline: Timeline
    causes: tuple[CauseModel, ...]

    @property
    def n_bags(self) -> int:
        return self.causes[0].shapes.n_bags

    def cumulative_incidence(
        self, X: ArrayLike, times: ArrayLike, bag: int | None = None
    ) -> FloatArray:
        """Probability of each cause by each time: (n_causes, n_rows, n_times).

        Raises
        ------
        UsageError : a time beyond the follow-up of the training data.
        InputError : features of another width, or an infinite value.
        """
        table = check_width(X, self.names)
        hazards = np.stack([cause.hazards(table, bag) for cause in self.causes])
        return cumulative_incidence(hazards, self.timeline, times)

    def risk(self, X: ArrayLike, horizon_days: float) -> FloatArray:
        """Probability (n_rows,) of the outcome (cause 1) by the horizon."""
        return self.cumulative_incidence(X, horizon_days)[0, :, 0]

    def bag_risks(self, X: ArrayLike, horizon_days: float) -> FloatArray:
        """Risks (n_rows, n_bags); their standard deviation over bags is the standard error."""
        parts = [
            self.cumulative_incidence(X, horizon_days, bag)[0, :, 0] for bag in range(self.n_bags)
        ]
        return np.stack(parts, axis=1)

    def contributions(self, X: ArrayLike, horizon_days: float | None = None) -> FloatArray:
        """What each term adds to the log hazard of the outcome: (n_rows, n_terms).

        Terms with time are averaged over the follow-up up to the horizon, weighted by the baseline.
        """
        table = check_width(X, self.names)
        cause = self.causes[0]
        weights = self._epoch_weights(cause, horizon_days)
        if not cause.varies:
            return cause.shapes.contributions(cause.at_epoch(table, 0))
        total = np.zeros((len(table), len(cause.shapes.terms)))
        for epoch, weight in enumerate(weights):
            total += weight * cause.shapes.contributions(cause.at_epoch(table, epoch))
        return total

    def _epoch_weights(self, cause: CauseModel, horizon_days: float | None) -> FloatArray:
        edges = self.timeline.edges_days
        end = edges[-1] if horizon_days is None else horizon_days
        inside = np.clip(end - edges[:-1], 0, self.timeline.widths)
        epochs = cause.epoch_of(len(cause.rates))
        mass = weighed(epochs, cause.rates * inside, len(cause.epoch_times))
        share: FloatArray = mass / mass.sum() if mass.sum() > 0 else np.eye(len(mass))[0]
        return share

    def to_dict(self) -> dict[str, Any]:
        """JSON form; floats survive exactly."""
        return {
            "schema": SCHEMA,
            "names": list(self.names),
            "edges_days": self.timeline.edges_days.tolist(),
            "causes": [cause.to_dict() for cause in self.causes],
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> HazardModel:
        if stored.get("schema") != SCHEMA:
            raise ModelError(f"The model has schema {stored.get('schema')!r}.", allowed=SCHEMA)
        causes = tuple(CauseModel.from_dict(cause) for cause in stored["causes"])
        return cls(tuple(stored["names"]), timeline_from_dict(stored), causes)


class GlassBoxHazards:
    """Trainer of a ``HazardModel``; see ``GlassBoxClassifier`` for the settings.

    Parameters
    ----------
    n_intervals : most pieces of the baseline hazard.
    """

    def __init__(self, recipe: Recipe | None = None, n_intervals: int = 30) -> None:
        self.recipe = recipe or Recipe()
        self.n_intervals = n_intervals

    def fit(
        self,
        X: ArrayLike,
        y: tuple[ArrayLike, ArrayLike],
        *,
        names: Sequence[str] | None = None,
        monotone: Any = None,
        sample_weight: ArrayLike | None = None,
        keys: ArrayLike | None = None,
        secure_sum: SecureSum = local_sum,
    ) -> HazardModel:
        """Train one hazard for each cause that occurs at any site.

        Parameters
        ----------
        y : (duration, cause): durations above 0 in days; cause 0 censored, 1 the outcome, 2.. other
            causes.

        Raises
        ------
        InputError : features, durations, causes, weights or keys of the wrong kind.
        ModelError : the outcome (almost) never or always happens.
        """
        total = CountedSum(secure_sum)
        rows = check_survival(X, y, names, sample_weight, keys, total, self.n_intervals)
        signs = check_monotone(monotone, rows.names)
        models = tuple(
            self._fit_cause(rows, signs, number, total) for number in range(1, rows.n_causes + 1)
        )
        self.rounds_, self.bytes_sent_ = total.rounds, total.bytes_sent
        return HazardModel(rows.names, rows.follow_up.timeline, models)

    def _fit_cause(
        self, rows: SurvivalRows, signs: NDArray[np.int8], number: int, total: CountedSum
    ) -> CauseModel:
        def objective(learn: FloatArray) -> Objective:
            return rows.follow_up.exposure(number, learn)

        recipe, follow_up = self.recipe, rows.follow_up
        curves = fit_curves(
            rows.X, rows.names, rows.keys, rows.weights, signs, objective, recipe, total
        )
        epochs = _Epochs.agree(follow_up, curves, total)
        axes = [*coarse_axes(curves, recipe), epochs.axis]
        fitted = _find_pairs(curves, axes, epochs, follow_up, number, recipe, total)
        slope = held_out_slope(curves.boosted.scores, curves.held_out, objective, total)
        shapes = assemble(curves, recipe, fitted, axes, (*rows.names, TIME), slope)
        blank = np.zeros((follow_up.timeline.n_intervals, recipe.n_bags + 1))
        model = CauseModel(shapes, blank[:, 0], blank[:, 1:], epochs.starts, epochs.times)
        return _with_baseline(model, rows, number, total)


@dataclass(frozen=True)
class _Epochs:
    """Parts of the follow-up in which effects may differ."""

    starts: NDArray[np.int64]
    times: FloatArray
    axis: CoarseAxis

    @classmethod
    def agree(cls, follow_up: FollowUp, curves: Curves, total: CountedSum) -> _Epochs:
        n = follow_up.timeline.n_intervals
        ended = follow_up.cause > 0
        counts = total(weighed(follow_up.leave[ended], curves.shares[ended], n))
        share = (np.cumsum(counts) - counts / 2) / max(float(counts.sum()), 1e-12)
        group = np.minimum((share * N_EPOCHS).astype(np.int64), N_EPOCHS - 1)
        starts = np.r_[0, np.flatnonzero(np.diff(group)) + 1]
        edges = follow_up.timeline.edges_days
        ends = np.r_[edges[starts[1:]], edges[-1]]
        cuts = edges[starts[1:]].astype(np.float32).astype(np.float64)
        groups = np.arange(len(cuts) + 2, dtype=np.uint8)
        return cls(starts, (edges[starts] + ends) / 2, CoarseAxis(groups, cuts))

    def expand(self, follow_up: FollowUp) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Row and epoch of every epoch that a row enters."""
        last = np.searchsorted(self.starts, follow_up.leave, "right") - 1
        rows = np.repeat(np.arange(len(last)), last + 1)
        first = np.r_[0, np.cumsum(last + 1)[:-1]]
        return rows, np.arange(len(rows)) - np.repeat(first, last + 1)

    def exposure(
        self, follow_up: FollowUp, number: int, weights: FloatArray
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], Exposure]:
        """Rows, epochs and objective of the expanded follow-up."""
        rows, epoch = self.expand(follow_up)
        ends = np.r_[self.starts[1:], follow_up.timeline.n_intervals] - 1
        stays = follow_up.leave[rows] > ends[epoch]
        leave = np.where(stays, ends[epoch], follow_up.leave[rows])
        partial = np.where(stays, follow_up.timeline.widths[ends[epoch]], follow_up.partial[rows])
        event = ((follow_up.cause[rows] == number) & ~stays).astype(np.float64)
        return (
            rows,
            epoch,
            Exposure(follow_up.timeline, self.starts[epoch], leave, partial, event, weights[rows]),
        )


def _find_pairs(
    curves: Curves,
    axes: list[CoarseAxis],
    epochs: _Epochs,
    follow_up: FollowUp,
    number: int,
    recipe: Recipe,
    total: CountedSum,
) -> FittedPairs | None:
    """Pairs of features, and of a feature with time, on the expanded follow-up."""
    importance = curves.importance()
    allowed = (curves.signs == 0) & np.array([len(edges) > 0 for edges in curves.cuts])
    pairs = candidate_pairs(importance, allowed, recipe.pair_features)
    if recipe.max_pairs == 0 or not pairs:
        return None
    used = sorted({feature for pair in pairs for feature in pair})
    time = len(curves.cuts)
    rows, epoch, objective = epochs.exposure(follow_up, number, curves.objective.weights)
    codes = np.vstack([curves.codes[used][:, rows], (epoch + 1).astype(np.uint8)])
    place = {feature: k for k, feature in enumerate([*used, time])}
    wanted = [(place[a], place[b]) for a, b in pairs]
    timed = [(k, place[time]) for k in range(len(used))] if len(epochs.starts) > 1 else []
    some_axes = [axes[j] for j in [*used, time]]
    offset = curves.boosted.scores[rows]
    objective.settle(offset, total)
    g, h = (part * objective.weights for part in objective.gradients(offset))
    gradients = (g.mean(axis=1), h.mean(axis=1))
    ranked = [
        pair
        for some in (wanted, timed)
        for pair in rank_pairs(codes, some_axes, some, gradients, total, recipe.max_pairs)
    ]
    if not ranked:
        return None
    settings = replace(recipe.boost, batches=1, threshold=PAIR_STRICTNESS * recipe.boost.threshold)
    fitted = fit_pairs(
        codes,
        some_axes,
        ranked,
        objective,
        curves.held_out[rows],
        curves.shares[rows],
        offset,
        settings,
        total,
        recipe.smallest_group,
    )
    back = [*used, time]
    return replace(fitted, pairs=tuple((back[a], back[b]) for a, b in fitted.pairs))


def _with_baseline(
    model: CauseModel, survival: SurvivalRows, number: int, total: CountedSum
) -> CauseModel:
    """Fit the baseline rates to the finished scores, of the mean model and of each bag."""
    epochs = _Epochs(model.epoch_starts, model.epoch_times, _NO_AXIS)
    n_bags = model.shapes.n_bags
    rows, epoch, objective = epochs.exposure(
        survival.follow_up, number, np.repeat(survival.weights[:, None], n_bags + 1, axis=1)
    )
    table = np.column_stack([survival.X[rows], model.epoch_times[epoch]])
    scores = np.column_stack([model.shapes.decision(table), model.shapes.bag_decisions(table)])
    objective.settle(scores, total)
    return replace(
        model, rates=objective.rates[:, 0].copy(), bag_rates=objective.rates[:, 1:].copy()
    )
