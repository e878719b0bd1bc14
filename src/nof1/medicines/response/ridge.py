"""Ridge regression of each drug on the omics, shrunk toward the tissue x drug mean.

The residual from the tissue x drug mean is regressed on the principal components. How far is the
drug's own choice (marginal likelihood), but the drugs also vote together: a drug's likelihood is
averaged with the mean likelihood of all, so that a drug with few lines follows the others
(empirical Bayes).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from nof1.learn.sums import FloatArray
from nof1.medicines.response.screen import places, positions, take

SHARES = np.array([0.001, 0.01, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8])
OWN_VOTE = 0.5
FEWEST = 8


@dataclass(frozen=True, eq=False)
class DrugRidge:
    """weights (drugs, components): personal deviation = scores @ weights, 0 for a new drug."""

    drugs: tuple[str, ...]
    weights: FloatArray = field(repr=False)

    def predict(self, drugs: Sequence[str], scores: FloatArray) -> FloatArray:
        """(lines, drugs) deviation from the tissue x drug mean."""
        made: FloatArray = scores @ take(self.weights, places(drugs, positions(self.drugs))).T
        return made


def fit_ridge(drugs: tuple[str, ...], scores: FloatArray, residual: FloatArray) -> DrugRidge:
    """Fit (lines, drugs) residuals with gaps on (lines, components) scores."""
    losses = np.zeros((len(drugs), len(SHARES)))
    fits = []
    size = float((scores**2).sum(axis=1).mean()) or 1.0
    for j in range(len(drugs)):
        seen = np.isfinite(residual[:, j])
        fits.append(_paths(scores[seen] / np.sqrt(size), residual[seen, j]))
        losses[j] = fits[j][0]
    voted = OWN_VOTE * losses + (1 - OWN_VOTE) * losses.mean(axis=0)
    rows = [fit[1][int(np.argmin(vote))] for fit, vote in zip(fits, voted, strict=True)]
    return DrugRidge(drugs, np.array(rows) / np.sqrt(size))


def _paths(scores: FloatArray, target: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Loss (shares,) and weights (shares, components) for each explained share."""
    count, components = scores.shape
    if count < FEWEST or not components:
        return np.zeros(len(SHARES)), np.zeros((len(SHARES), components))
    left, sizes, right = np.linalg.svd(scores, full_matrices=False)
    turned = left.T @ target
    rest = max(float(target @ target - turned @ turned), 1e-9)
    losses, weights = [], []
    for h in SHARES:
        spread = h * sizes**2 + (1 - h)
        beyond = count - len(sizes)
        quadratic = float((turned**2 / spread).sum() + rest / (1 - h))
        logs = float(np.log(spread).sum() + beyond * np.log(1 - h))
        losses.append(np.log(quadratic / count) + logs / count)
        weights.append(right.T @ (turned * h * sizes / spread))
    return np.array(losses), np.array(weights)
