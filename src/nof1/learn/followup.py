"""Rows with a time to an event, checked and placed on an agreed timeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.core.errors import ModelError
from nof1.learn.rows import (
    Keys,
    check_durations,
    check_events,
    check_features,
    check_keys,
    check_weights,
    patient_shares,
)
from nof1.learn.sums import CountedSum, FloatArray
from nof1.learn.timeline import Exposure, Timeline, agree_timeline

MOST_CAUSES = 16


@dataclass(frozen=True)
class FollowUp:
    """This site's rows on the agreed timeline."""

    timeline: Timeline
    leave: NDArray[np.int64]
    partial: FloatArray
    cause: NDArray[np.int64]

    @classmethod
    def of(cls, timeline: Timeline, duration: FloatArray, cause: NDArray[np.int64]) -> FollowUp:
        """Cut follow-up at the end of the timeline; later events become censored there."""
        seen = np.minimum(duration, timeline.edges_days[-1])
        leave, partial = timeline.place(seen)
        return cls(timeline, leave, partial, np.where(duration > seen, 0, cause))

    def at(self, rows: NDArray[np.int64]) -> FollowUp:
        """The chosen rows, in that order."""
        return FollowUp(self.timeline, self.leave[rows], self.partial[rows], self.cause[rows])

    def exposure(self, number: int, weights: FloatArray) -> Exposure:
        """Objective of one cause for weights (n_rows, n_bags)."""
        entry = np.zeros(len(self.leave), dtype=np.int64)
        event = (self.cause == number).astype(np.float64)
        return Exposure(self.timeline, entry, self.leave, self.partial, event, weights)


def count_causes(cause: NDArray[np.int64], total: CountedSum) -> int:
    """Number of causes over all sites; refuses an outcome that never or always happens."""
    if cause.max(initial=0) > MOST_CAUSES:
        raise ModelError(
            f"More than {MOST_CAUSES} causes.", where="y, cause", allowed=f"0 to {MOST_CAUSES}"
        )
    counts = total(np.bincount(cause, minlength=MOST_CAUSES + 1).astype(np.float64))
    check_events(counts[1], counts.sum())
    return int(np.flatnonzero(counts)[-1])


@dataclass(frozen=True)
class SurvivalRows:
    """Everything a survival learner needs to know of this site's rows."""

    X: FloatArray
    names: tuple[str, ...]
    keys: Keys
    weights: FloatArray
    follow_up: FollowUp
    n_causes: int


def check_survival(
    X: ArrayLike,
    y: Any,
    names: Sequence[str] | None,
    sample_weight: ArrayLike | None,
    keys: ArrayLike | None,
    total: CountedSum,
    n_intervals: int,
) -> SurvivalRows:
    """Check features, durations, causes, weights and keys; agree on the timeline.

    Raises
    ------
    InputError : features, durations, causes, weights or keys of the wrong kind.
    ModelError : the outcome (almost) never or always happens.
    """
    table, labels = check_features(X, names)
    duration, cause = check_durations(y, len(table))
    weights = check_weights(sample_weight, len(table))
    hashed = check_keys(keys, table, duration, cause)
    n_causes = count_causes(cause, total)
    shares = patient_shares(hashed)
    timeline = agree_timeline(duration, cause, shares, total, n_intervals)
    follow_up = FollowUp.of(timeline, duration, cause)
    return SurvivalRows(table, labels, hashed, weights, follow_up, n_causes)
