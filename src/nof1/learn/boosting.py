"""Cyclic boosting of additive terms on histograms, for several bags at once, on secure sums.

In each cycle every awake term gets one small Newton step. Terms share a round of sums in batches;
since a batch may hold near copies of one measurement, the joint step is scaled by a line search
(its exact second-order minimum), so that copies cannot overshoot together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1.learn.coded import CodedTable
from nof1.learn.objectives import Objective
from nof1.learn.sums import CountedSum, FloatArray, weighed

Places = NDArray[np.int64]
Stepper = Callable[[FloatArray, FloatArray, Places, Places, FloatArray], NDArray[np.bool_]]
"""(g, h, starts, terms, step) -> moved (n_terms, n_bags): writes the Newton steps into ``step``.

The tables hold the bins of the terms alone; those of the k-th begin at ``starts[k]``.
"""

FINER = 2.0**12
"""Derivatives travel multiplied by this, which is exact, so that fixed point rounds them less."""


@dataclass(frozen=True)
class Settings:
    """How to boost.

    Attributes
    ----------
    learning_rate : share of the joint Newton step that is taken, 0 to 1.
    max_cycles : most passes over all terms.
    patience : cycles without a better validation loss before a bag stops.
    ridge : penalty on a term's values, as the precision of a normal prior on a two-bin term.
    threshold : gain in log likelihood below which a step fades to nothing.
    batches : rounds of sums that share the terms of one cycle.
    nap : cycles that a term which did not move is left alone.
    """

    learning_rate: float = 0.15
    max_cycles: int = 200
    patience: int = 8
    ridge: float = 1.0
    threshold: float = 1.25
    batches: int = 4
    nap: int = 4


@dataclass(frozen=True)
class Boosted:
    """Tables (n_bins, n_bags) and intercepts (n_bags,) at each bag's best cycle, and the scores
    (n_rows, n_bags) of this site's rows there."""

    tables: FloatArray
    intercepts: FloatArray
    scores: FloatArray
    cycles: int


class HeldOut:
    """The pairs of a row and a bag that held it out, in the order of the rows.

    Attributes
    ----------
    rows, bags, weights : (n_pairs,).
    """

    def __init__(self, held_out: FloatArray) -> None:
        self.n_bags = held_out.shape[1]
        self._flat = np.flatnonzero(held_out)
        self.rows, self.bags = np.divmod(self._flat, self.n_bags)
        self.weights: FloatArray = held_out.ravel()[self._flat]

    def pick(self, values: FloatArray) -> FloatArray:
        """The pairs' values (n_pairs,) of (n_rows, n_bags)."""
        return np.asarray(values.ravel()[self._flat])

    def by_bag(self, values: FloatArray) -> FloatArray:
        """Weighted sums (n_bags,) of the pairs' values."""
        return weighed(self.bags, values * self.weights, self.n_bags)

    def by_row(self, values: FloatArray) -> FloatArray:
        """Weighted sums of the pairs' values over the bags of each row that has any."""
        if not len(self.rows):
            return np.empty(0)
        begin = np.flatnonzero(np.r_[True, self.rows[1:] != self.rows[:-1]])
        return np.asarray(np.add.reduceat(values * self.weights, begin))


class Booster:
    """One training: state of all bags, this site's rows, and the sums over all sites."""

    def __init__(
        self,
        table: CodedTable,
        objective: Objective,
        held_out: FloatArray,
        stepper: Stepper,
        settings: Settings,
        total: CountedSum,
        muted: NDArray[np.bool_],
    ) -> None:
        self.table, self.objective, self.held_out = table, objective, HeldOut(held_out)
        self.stepper, self.settings, self.total = stepper, settings, total
        self.muted = muted  # (n_bins,) bins with too few patients never get a value of their own
        n_bags, sizes = held_out.shape[1], table.sizes
        self.ridge = np.repeat(2.0 * settings.ridge / np.maximum(sizes - 1, 2), sizes)[:, None]
        self.tables = np.zeros((table.n_bins, n_bags))
        self.best_loss = np.full(n_bags, np.inf)
        self.best_cycle = np.zeros(n_bags, dtype=np.int64)
        self.active = np.ones(n_bags, dtype=bool)
        self.asleep_until = np.zeros(table.n_terms, dtype=np.int64)

    def fit(self, intercepts: FloatArray, offset: FloatArray | None = None) -> Boosted:
        """Boost until no bag improves; ``offset`` (n_rows, n_bags) is a fixed part of the score."""
        self.intercepts = intercepts.copy()
        shape = (self.table.n_rows, self.held_out.n_bags)
        self.scores = np.zeros(shape) if offset is None else offset.copy()
        self.scores += self.intercepts
        self._both = np.empty((shape[0], 2 * shape[1]))  # g, then h
        self._direction = np.empty(shape)
        self.best = Boosted(self.tables.copy(), self.intercepts.copy(), self.scores.copy(), 0)
        cycle = 0
        for cycle in range(self.settings.max_cycles + 1):
            terms = np.flatnonzero(self.asleep_until <= cycle)
            moved = self._cycle(cycle, terms)
            if not self.active.any() or (not moved and len(terms) == self.table.n_terms):
                break
            if not moved:
                self.asleep_until[:] = 0
        return Boosted(self.best.tables, self.best.intercepts, self.best.scores, cycle)

    def _cycle(self, cycle: int, terms: Places) -> bool:
        any_moved = False
        n_batches = max(1, min(self.settings.batches, len(terms)))
        for batch in range(n_batches):
            chosen = terms[batch::n_batches]
            moved = self._batch(chosen, cycle if batch == 0 else None)
            if moved is None:
                return any_moved
            still = chosen[~moved.any(axis=1)]
            self.asleep_until[still] = cycle + 1 + self.settings.nap
            any_moved = any_moved or bool(moved.any())
        return any_moved

    def _batch(self, terms: Places, cycle: int | None) -> NDArray[np.bool_] | None:
        """One joint step; None when the validation losses (at a cycle's start) say stop."""
        from nof1.learn import passes

        self.objective.weigh(self.scores, self._both)
        whole = passes.column_sums(self._both)
        sums = self.table.sums(self._both, terms, whole)
        loss = np.empty(0) if cycle is None else self._held_out_loss()
        on = np.tile(self.active, 2)
        binned, levels, extra, loss = self.total.together(
            FINER * sums[:, on],
            FINER * whole.reshape(2, -1),
            self.objective.extra(self.scores),
            loss,
        )
        binned, levels = binned / FINER, levels / FINER
        if cycle is not None:
            self._judge(cycle, loss)
            if not self.active.any():
                return None
        sums[:, on] = binned
        places = self.table.bins(terms)
        step, moved = self._steps(sums, levels, terms, places)
        change = self.objective.relevel(levels[0], levels[1], extra) * self.active
        self._advance(step, terms, places, np.asarray(moved.any(axis=1)), change)
        return moved

    def _held_out_loss(self) -> FloatArray:
        held = self.held_out
        losses = self.objective.losses_at(held.pick(self.scores), held.rows, held.bags)
        return held.by_bag(losses)

    def _judge(self, cycle: int, loss: FloatArray) -> None:
        """Keep the state of bags that improved; stop those that have not for a while."""
        better = self.active & (loss < self.best_loss - 1e-5 * np.abs(loss))
        self.best_loss[better] = loss[better]
        self.best_cycle[better] = cycle
        np.copyto(self.best.tables, self.tables, where=better)
        np.copyto(self.best.intercepts, self.intercepts, where=better)
        np.copyto(self.best.scores, self.scores, where=better)
        self.active &= cycle - self.best_cycle < self.settings.patience

    def _steps(
        self, sums: FloatArray, levels: FloatArray, terms: Places, places: Places
    ) -> tuple[FloatArray, NDArray[np.bool_]]:
        """The Newton steps in a table of the terms' bins alone, and which terms moved."""
        muted, ridge = self.muted[places], self.ridge[places]
        g, h = np.split(sums, 2, axis=1)
        g = g - h * (levels[0] / np.maximum(levels[1], 1e-12))  # the level is not the terms' work
        g[muted] = 0.0
        step = np.zeros_like(g)
        starts = self.table.starts(terms)
        moved = self.stepper(g + ridge * self.tables[places], h + ridge, starts, terms, step)
        step[:, ~self.active] = 0.0
        step[muted] = 0.0
        return step, moved & self.active

    def _advance(
        self,
        step: FloatArray,
        terms: Places,
        places: Places,
        moved: NDArray[np.bool_],
        change: FloatArray,
    ) -> None:
        """Scale the joint step by line search; apply it, and the change of the intercepts."""
        from nof1.learn import passes

        walked = np.repeat(moved, self.table.sizes[terms])
        self.table.spread(step[walked], terms[moved], self._direction)
        (sums,) = self.total.together(FINER * passes.along(self._both, self._direction))
        slope, bend = sums
        full = np.where(bend > 0, -slope / np.maximum(bend, 1e-12), 0.0)
        rate = self.settings.learning_rate * np.clip(full, 0.0, 1.0)
        self.tables[places] += step * rate
        self.intercepts += change
        passes.advance(self.scores, self._direction, rate, change)
