"""Whether a profile lies where the cell lines lie; outside it nothing is predicted.

Three questions: are enough of the model's features given; are the values in the range of the
training lines (another unit or platform is not); are there lines near it, in the space of the
principal components and across it. Limits come from the training lines, each measured against the
others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nof1.learn.sums import FloatArray
from nof1.medicines.response.screen import Screen
from nof1.medicines.response.space import Space

NEAR = 5
LEAST_GIVEN = 0.8
MOST_OUT_OF_RANGE = 0.05
SLACK = 0.1  # of the range, on both sides
RARE = 0.995


@dataclass(frozen=True, eq=False)
class Domain:
    """Limits of the training lines.

    Attributes
    ----------
    low, high : (features,) range of each feature, with some slack.
    scores : (lines, components) of the training lines.
    most_far, most_across : largest usual distance to the nearest lines; off the components.
    """

    low: FloatArray = field(repr=False)
    high: FloatArray = field(repr=False)
    scores: FloatArray = field(repr=False)
    most_far: float
    most_across: float

    def problem(self, space: Space, omics: FloatArray) -> str | None:
        """Why one profile (features,), NaN where missing, is outside; None when it is inside."""
        known = np.isfinite(omics)
        if known.mean() < LEAST_GIVEN:
            return f"only {known.sum():,} of the model's {len(omics):,} features are given"
        outside = ((omics < self.low) | (omics > self.high))[known].mean()
        if outside > MOST_OUT_OF_RANGE:
            return (
                f"{outside:.0%} of the values lie outside the range of the cell lines: "
                "perhaps another unit or platform"
            )
        row = omics[None, :]
        score = space.of(row, space.features)
        far = float(nearest(score, self.scores)[0])
        across = float(_across(space, row, score)[0])
        if far > self.most_far or across > self.most_across:
            return "no cell line is near this profile"
        return None

    def to_arrays(self) -> dict[str, FloatArray]:
        """The arrays to store, without the scores (they are stored with the model)."""
        limits = np.array([self.most_far, self.most_across])
        return {"low": self.low, "high": self.high, "limits": limits}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], scores: FloatArray) -> Domain:
        """Read what ``to_arrays`` gave."""
        far, across = (float(x) for x in arrays["limits"])
        return cls(arrays["low"], arrays["high"], scores, far, across)


def fit_domain(screen: Screen, space: Space) -> Domain:
    """Limits of the lines of a screen."""
    low, high = np.nanmin(screen.omics, axis=0), np.nanmax(screen.omics, axis=0)
    slack = SLACK * np.maximum(high - low, 1e-9)
    scores = space.scores(screen)
    far = nearest(scores, scores, itself=True)
    # The axes fit their own lines better than new ones: twice the usual distance is allowed.
    across = 2 * np.quantile(_across(space, screen.omics, scores), RARE)
    return Domain(low - slack, high + slack, scores, float(np.quantile(far, RARE)), float(across))


def nearest(new: FloatArray, known: FloatArray, *, itself: bool = False) -> FloatArray:
    """(new,) mean distance to the five nearest known; ``itself`` leaves out the first."""
    squares = (new**2).sum(axis=1)[:, None] + (known**2).sum(axis=1) - 2 * new @ known.T
    ordered = np.sort(np.sqrt(np.maximum(squares, 0)), axis=1)
    made: FloatArray = ordered[:, int(itself) : NEAR + int(itself)].mean(axis=1)
    return made


def _across(space: Space, omics: FloatArray, scores: FloatArray) -> FloatArray:
    rest = space.filled(omics) - scores @ space.axes
    made: FloatArray = np.sqrt((rest**2).sum(axis=1))
    return made
