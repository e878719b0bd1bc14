"""Factor analysis of a screen with gaps: few hidden traits of a line explain most of its answers.

    response[i, j] = mean[j] + loading[j] . trait[i] + noise,   trait[i] ~ N(0, I)

Fitted by expectation maximisation over the pairs that were measured (Rubin & Thayer, Psychometrika
47 (1982) 69; gaps need no filling, because each line's expectation uses its own drugs only). The
number of traits is chosen on a tenth of the training pairs, held out inside.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from nof1.learn.sums import FloatArray

SETTINGS = ((5, 20.0), (15, 50.0), (30, 50.0))  # traits, ridge in pairs
ROUNDS, SHORT_ROUNDS = 25, 12
NOISE_PAIRS = 5.0
HELD = 0.1


@dataclass(frozen=True, eq=False)
class Factors:
    """A fitted factor analysis.

    Attributes
    ----------
    mean : (drugs,); ``loading`` (drugs, traits), columns ordered by what they explain.
    traits : (lines, traits) expectation for each line.
    """

    mean: FloatArray = field(repr=False)
    loading: FloatArray = field(repr=False)
    traits: FloatArray = field(repr=False)

    def completed(self) -> FloatArray:
        """(lines, drugs) what the factors say about each pair."""
        made: FloatArray = self.mean + self.traits @ self.loading.T
        return made


def fit_factors(response: FloatArray, setting: tuple[int, float], rounds: int = ROUNDS) -> Factors:
    """Fit ``setting`` = (traits, ridge) to (lines, drugs) responses with gaps."""
    seen = np.isfinite(response)
    mean = np.nanmean(response, axis=0)
    scale = float(np.nanstd(response - mean)) or 1.0
    loading, traits = _expectation_maximisation(
        np.where(seen, (response - mean) / scale, 0.0), seen.astype(float), setting, rounds
    )
    left, sizes, right = np.linalg.svd(loading, full_matrices=False)
    return Factors(mean, left * sizes * scale, traits @ right.T)


def choose_setting(response: FloatArray, seed: int) -> tuple[int, float]:
    """The setting with the smallest error on a tenth of the pairs, held out here."""
    seen = np.isfinite(response)
    hidden = seen & (np.random.default_rng(seed).random(response.shape) < HELD)
    hidden &= ((seen & ~hidden).sum(axis=0) > 1) & ((seen & ~hidden).sum(axis=1) > 1)[:, None]
    if not hidden.any():
        return SETTINGS[0]
    shown = np.where(hidden, np.nan, response)
    errors = [
        float(np.mean((fit_factors(shown, one, SHORT_ROUNDS).completed() - response)[hidden] ** 2))
        for one in SETTINGS
    ]
    return SETTINGS[int(np.argmin(errors))]


def _start(filled: FloatArray, seen: FloatArray, most: int) -> tuple[FloatArray, FloatArray]:
    """Loadings and noise to begin with, from the singular vectors of the filled table."""
    count = max(1, min(most, min(filled.shape) // 3))
    _, sizes, right = np.linalg.svd(filled, full_matrices=False)
    loading = right[:count].T * sizes[:count] / np.sqrt(len(filled) * max(seen.mean(), 1e-9))
    variance = (filled**2).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    noise: FloatArray = np.maximum(variance - (loading**2).sum(axis=1), 0.3 * variance + 1e-3)
    return loading, noise


def _expectation_maximisation(
    filled: FloatArray, seen: FloatArray, setting: tuple[int, float], rounds: int
) -> tuple[FloatArray, FloatArray]:
    loading, noise = _start(filled, seen, setting[0])
    usual = (filled**2).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    traits = np.zeros((len(filled), loading.shape[1]))
    for _ in range(rounds):
        traits, spread = _expectation(filled, seen, loading, noise)
        loading, noise = _maximisation(filled, seen, traits, spread, setting[1], usual)
    traits, _ = _expectation(filled, seen, loading, noise)
    return loading, traits


def _expectation(
    filled: FloatArray, seen: FloatArray, loading: FloatArray, noise: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Mean (lines, k) and second moment (lines, k * k) of the traits."""
    k = loading.shape[1]
    squares = (loading[:, :, None] * loading[:, None, :]).reshape(-1, k * k)
    precision = ((seen / noise) @ squares).reshape(-1, k, k) + np.eye(k)
    covariance = np.linalg.inv(precision)
    traits = np.einsum("nij,nj->ni", covariance, (filled / noise) @ loading)
    moment = (covariance + traits[:, :, None] * traits[:, None, :]).reshape(-1, k * k)
    return traits, moment


def _maximisation(
    filled: FloatArray,
    seen: FloatArray,
    traits: FloatArray,
    moment: FloatArray,
    ridge: float,
    usual: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """New loadings (drugs, k) and noise (drugs,)."""
    k = traits.shape[1]
    gram = (seen.T @ moment).reshape(-1, k, k)
    cross = filled.T @ traits
    loading = np.linalg.solve(gram + ridge * np.eye(k), cross[:, :, None])[:, :, 0]
    left = (filled**2).sum(axis=0) - 2 * (loading * cross).sum(axis=1)
    left += np.einsum("di,dij,dj->d", loading, gram, loading)
    pairs = seen.sum(axis=0)
    noise = (np.maximum(left, 0) + 0.3 * NOISE_PAIRS * usual) / (pairs + NOISE_PAIRS)
    floor: FloatArray = np.maximum(noise, 1e-3)
    return np.asarray(loading, dtype=np.float64), floor
