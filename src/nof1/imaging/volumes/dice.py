"""Dice overlap of two masks, and its mean over volumes with an interval over patients."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.core.errors import InputError
from nof1.imaging.volumes.regions import Mask
from nof1.learn.figures import Figure, bootstrap, percentile_figure

FEWEST = 3  # patients below which a bootstrap interval says nothing


def dice(found: Mask, truth: Mask) -> float:
    """2 |A and B| / (|A| + |B|): 1 is the same mask, 0 no common voxel; NaN when both are empty.

    Source: Dice, Ecology 26 (1945) 297.

    Raises
    ------
    InputError : when the shapes differ.
    """
    if found.shape != truth.shape:
        raise InputError(f"Masks of the shapes {found.shape} and {truth.shape} do not compare.")
    total = int(found.sum()) + int(truth.sum())
    return math.nan if total == 0 else 2 * int((found & truth).sum()) / total


def mean_dice(
    scores: Sequence[float], patients: ArrayLike, *, seed: int = 0, resamples: int = 1000
) -> Figure:
    """Mean over volumes with a percentile interval; whole patients are drawn.

    Volumes whose score is NaN (nothing to find, nothing found) are left out.
    """
    values = np.asarray(scores, dtype=np.float64)
    usable = np.isfinite(values)
    names = np.asarray(patients)[usable]
    values = values[usable]
    people = len(np.unique(names))
    if people < FEWEST:
        return Figure.missing(f"only {people} held-out patients with this label")

    def mean(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        total: NDArray[np.float64] = weights @ values / weights.sum(axis=1)
        return total

    draws = bootstrap(mean, len(values), resamples=resamples, seed=seed, patients=names)
    return percentile_figure(float(values.mean()), draws)
