"""Time in pieces: intervals agreed by sums, exposure in each, and risks over time from hazards.

Within an interval the hazard is constant (piecewise exponential model, Friedman 1982). With short
intervals this is the discrete-time hazard model, but exact about when within the interval an event
or the end of observation came, and a row's derivatives need no person-period table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.core.errors import ModelError, UsageError
from nof1.learn.bins import SMALLEST_GROUP, agree_cuts, from_grid, to_grid
from nof1.learn.sums import CountedSum, FloatArray, weighed

EXTENSION = 1.05
"""The last hazard is carried on at most to this multiple of the last agreed time."""

PRIOR_EVENTS = 0.5
"""Events at the overall rate that are added to each interval, so that no rate is zero."""


LARGEST_SCORE = 12.0
"""A hazard 160,000 times the usual one, or so many times less, is as far as a score can go: sums of
wild steps that early stopping throws away must still fit into fixed point."""


def hazard_ratio(scores: FloatArray) -> FloatArray:
    """``exp(score)``, the score held within 12 either way."""
    ratio: FloatArray = np.exp(np.clip(scores, -LARGEST_SCORE, LARGEST_SCORE))
    return ratio


@dataclass(frozen=True, eq=False)
class Timeline:
    """Intervals from 0 to the last time with enough patients under observation.

    Attributes
    ----------
    edges_days : (n_intervals + 1,), starts at 0; in the unit of the given durations.
    """

    edges_days: FloatArray

    @property
    def n_intervals(self) -> int:
        return len(self.edges_days) - 1

    @property
    def widths(self) -> FloatArray:
        return np.diff(self.edges_days)

    @property
    def end(self) -> float:
        """Last time up to which risks may be asked for."""
        return float(self.edges_days[-1]) * EXTENSION

    def place(self, duration: FloatArray) -> tuple[NDArray[np.int64], FloatArray]:
        """Interval in which each duration ends, and the time spent in it.

        An end exactly on an edge belongs to the interval before it.
        """
        last = self.n_intervals - 1
        interval = np.clip(np.searchsorted(self.edges_days, duration, "left") - 1, 0, last)
        return interval, np.minimum(duration - self.edges_days[interval], self.widths[interval])


def agree_timeline(
    duration: FloatArray,
    cause: NDArray[np.int64],
    shares: FloatArray,
    total: CountedSum,
    n_intervals: int = 30,
) -> Timeline:
    """Edges at quantiles of the event times of any cause, over all sites.

    The last edge is the latest time at which enough patients were still under observation.

    Raises
    ------
    ModelError : too few patients to agree on any interval.
    """
    event = cause > 0
    end = last_seen(duration, shares, total)
    if end <= 0:
        raise ModelError(
            "Too few patients were under observation.",
            where="y, duration",
            next_step="Check the time at risk and the censoring rule of the task.",
        )
    cuts = agree_cuts(duration[event][:, None], shares[event], total, max_bins=n_intervals)[0]
    inner = cuts[(cuts > 0) & (cuts < end)]
    return Timeline(np.r_[0.0, inner, end])


def last_seen(
    duration: FloatArray, shares: FloatArray, total: CountedSum, smallest: float = SMALLEST_GROUP
) -> float:
    """The latest time that at least ``smallest`` patients reached, at any site; 0 if none.

    Found four bits of the float grid at a time: sixteen counts leave a site in each of 8 rounds.
    """
    keys = to_grid(duration)
    low = 0
    for shift in range(28, -1, -4):
        steps = low + (np.arange(16) << shift)
        reached = total(np.array([shares[keys >= step].sum() for step in steps]))
        enough = np.flatnonzero(reached >= smallest - 1e-6)
        if not len(enough):
            return 0.0
        low = int(steps[enough[-1]])
    return max(0.0, from_grid(low))


def check_times(times: ArrayLike, timeline: Timeline) -> FloatArray:
    """Times (n_times,) within what was observed.

    Raises
    ------
    UsageError : a negative time, or one beyond the follow-up of the training data.
    """
    asked = np.atleast_1d(np.asarray(times, dtype=np.float64))
    if np.any(~(asked >= 0)) or np.any(asked > timeline.end):
        raise UsageError(
            "A time lies outside the follow-up of the training data.",
            where="times",
            allowed=f"0 to {timeline.end:g} days",
            next_step="Ask for an earlier time, or train on longer follow-up.",
        )
    return asked


def cumulative_incidence(hazards: FloatArray, timeline: Timeline, times: ArrayLike) -> FloatArray:
    """Probability of each cause by each time: (n_causes, n_rows, n_times).

    Parameters
    ----------
    hazards : (n_causes, n_rows, n_intervals) per day; causes compete.
    """
    asked = check_times(times, timeline)
    grid = np.unique(np.r_[0.0, timeline.edges_days, asked])
    interval = np.clip(
        np.searchsorted(timeline.edges_days, grid[1:], "left") - 1, 0, timeline.n_intervals - 1
    )
    pieces = hazards[:, :, interval]
    together = pieces.sum(axis=0)
    spent = together * np.diff(grid)
    alive = np.exp(-np.cumsum(np.c_[np.zeros(len(spent)), spent], axis=1))
    lost = -np.expm1(-spent) * alive[:, :-1]
    share = pieces / np.where(together > 0, together, 1.0)
    risk = np.cumsum(
        np.concatenate([np.zeros((*share.shape[:2], 1)), share * lost], axis=2), axis=2
    )
    return risk[:, :, np.searchsorted(grid, asked)]


class Exposure:
    """Hazard of one cause as an objective: events against exposure times relative hazard.

    The negative log likelihood of row i in bag b is ``exp(score) * H - event * (score + log rate)``
    with H the baseline hazard summed over the row's time at risk; the baseline rates (n_intervals,
    n_bags) follow the scores as in Breslow (1974).

    Parameters
    ----------
    entry, leave : first interval at risk and the interval in which the row ends, (n_rows,).
    partial : time spent in the last interval.
    event : 1 where the row ends with this cause.
    weights : (n_rows, n_bags).
    """

    def __init__(
        self,
        timeline: Timeline,
        entry: NDArray[np.int64],
        leave: NDArray[np.int64],
        partial: FloatArray,
        event: FloatArray,
        weights: FloatArray,
    ) -> None:
        self.timeline, self.entry, self.leave = timeline, entry, leave
        self.partial, self.event, self.weights = partial, event, weights
        self.rates = np.ones((timeline.n_intervals, weights.shape[1]))
        self.events = np.zeros_like(self.rates)
        self.overall: FloatArray | None = None

    def settle(self, scores: FloatArray, total: CountedSum) -> None:
        """Sum events and fit the baseline rates to these scores."""
        ended = by_interval(self.leave, self.event[:, None] * self.weights, self.rates.shape[0])
        self.events, exposure = total.together(ended, self.exposure(scores))
        self._set_rates(exposure)

    def start(self, total: CountedSum) -> FloatArray:
        self.settle(np.zeros_like(self.weights), total)
        return np.zeros(self.weights.shape[1])

    def exposure(self, scores: FloatArray) -> FloatArray:
        """Weighted relative hazard times time at risk in each interval: (n_intervals, n_bags)."""
        mass = self.weights * hazard_ratio(scores)
        n = self.rates.shape[0]
        entered = by_interval(self.entry, mass, n).cumsum(axis=0)
        left = by_interval(self.leave, mass, n)
        whole = entered - left.cumsum(axis=0)
        partly = by_interval(self.leave, mass * self.partial[:, None], n)
        exposure: FloatArray = whole * self.timeline.widths[:, None] + partly
        return exposure

    def _set_rates(self, exposure: FloatArray) -> None:
        """Events over exposure, drawn slightly towards the first overall rate."""
        if self.overall is None:
            events = np.maximum(self.events.sum(axis=0), 1e-9)
            self.overall = events / np.maximum(exposure.sum(axis=0), 1e-300)
        added = PRIOR_EVENTS / self.overall
        self.rates = (self.events + PRIOR_EVENTS) / (np.maximum(exposure, 0.0) + added)

    def _before(self) -> FloatArray:
        """Baseline hazard summed up to each edge: (n_intervals + 1, n_bags)."""
        steps = self.rates * self.timeline.widths[:, None]
        return np.vstack([np.zeros(steps.shape[1]), steps.cumsum(axis=0)])

    def _hazard(self) -> FloatArray:
        """Baseline hazard summed over each row's time at risk: (n_rows, n_bags)."""
        before = self._before()
        inside = self.rates[self.leave] * self.partial[:, None]
        hazard: FloatArray = before[self.leave] - before[self.entry] + inside
        return hazard

    def gradients(self, scores: FloatArray) -> tuple[FloatArray, FloatArray]:
        expected = hazard_ratio(scores) * self._hazard()
        return expected - self.event[:, None], expected

    def weigh(self, scores: FloatArray, both: FloatArray) -> None:
        g, h = np.split(both, 2, axis=1)
        expected = hazard_ratio(scores) * self._hazard()
        np.multiply(expected - self.event[:, None], self.weights, out=g)
        np.multiply(expected, self.weights, out=h)

    def losses_at(
        self, scores: FloatArray, rows: NDArray[np.int64], bags: NDArray[np.int64]
    ) -> FloatArray:
        before, leave = self._before(), self.leave[rows]
        rates = self.rates[leave, bags]
        hazard = before[leave, bags] - before[self.entry[rows], bags] + rates * self.partial[rows]
        losses: FloatArray = hazard_ratio(scores) * hazard - self.event[rows] * (
            scores + np.log(rates)
        )
        return losses

    def losses(self, scores: FloatArray) -> FloatArray:
        """Negative log likelihood of each row (n_rows, n_bags)."""
        expected = hazard_ratio(scores) * self._hazard()
        return expected - self.event[:, None] * (scores + np.log(self.rates[self.leave]))

    def extra(self, scores: FloatArray) -> FloatArray:
        return self.exposure(scores)

    def prior_loss(self) -> FloatArray:
        """Loss of the added events (n_bags,), which makes the rates the exact minimum."""
        overall = np.ones(1) if self.overall is None else self.overall
        lost: FloatArray = PRIOR_EVENTS * (self.rates / overall - np.log(self.rates)).sum(axis=0)
        return lost

    def relevel(self, g: FloatArray, h: FloatArray, extra: FloatArray) -> FloatArray:
        self._set_rates(extra)
        return np.zeros_like(g)


def by_interval(interval: NDArray[np.int64], values: FloatArray, n: int) -> FloatArray:
    """Sums of values (n_rows, n_bags) by interval."""
    return np.stack([weighed(interval, v, n) for v in values.T], axis=1)


def timeline_from_dict(stored: Mapping[str, Any]) -> Timeline:
    """Read the JSON form of a timeline."""
    return Timeline(np.array(stored["edges_days"], dtype=np.float64))
