"""The omics of a line as principal components, fitted on the training lines alone."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from nof1.core.errors import InputError
from nof1.learn.sums import FloatArray
from nof1.medicines.response.screen import Screen

MOST_COMPONENTS = 60


@dataclass(frozen=True, eq=False)
class Space:
    """Omics -> principal components.

    Attributes
    ----------
    centre, spread : (features,) mean and standard deviation of the training lines.
    axes : (components, features), orthonormal.
    has_subtypes : whether lines are also compared by subtype.
    """

    features: tuple[str, ...]
    centre: FloatArray = field(repr=False)
    spread: FloatArray = field(repr=False)
    axes: FloatArray = field(repr=False)
    has_subtypes: bool

    def scores(self, screen: Screen) -> FloatArray:
        """(lines, components); a missing feature counts as the training mean."""
        return self.of(screen.omics, screen.features)

    def of(self, omics: FloatArray, features: tuple[str, ...]) -> FloatArray:
        """(rows, components) of omics with these feature names.

        Raises
        ------
        InputError : when the features are not those of the model, in its order.
        """
        if features != self.features:
            raise InputError(
                "The features are not those that the model was fitted on.",
                allowed=f"{len(self.features):,} features in the model's order",
            )
        scores: FloatArray = self.filled(omics) @ self.axes.T
        return scores

    def filled(self, omics: FloatArray) -> FloatArray:
        """Omics less their mean, 0 where missing."""
        return np.nan_to_num(omics - self.centre)


def fit_space(screen: Screen) -> Space:
    """Principal components of the lines of a screen.

    Values are centred but not scaled: of methylation or log expression, features that vary more
    say more.
    """
    count = len(screen.features)
    with np.errstate(all="ignore"):
        known = np.isfinite(screen.omics)
        centre = np.where(known.any(axis=0), _mean(screen.omics, known), 0.0)
    filled = np.nan_to_num(screen.omics - centre)
    spread = np.sqrt((filled**2).sum(axis=0) / np.maximum(known.sum(axis=0), 1))
    most = min(MOST_COMPONENTS, len(screen.lines) - 1, count)
    if most < 1:
        axes = np.zeros((0, count))
    else:
        axes = np.linalg.svd(filled, full_matrices=False)[2][:most]
    return Space(screen.features, centre, spread, axes, screen.has_subtypes())


def _mean(values: FloatArray, known: FloatArray | np.ndarray) -> FloatArray:
    made: FloatArray = np.where(known, values, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return made
