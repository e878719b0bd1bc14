"""From quantile forecasts of single places to scenarios of all places together.

A forecast says how much each place may need, not whether all are hit at once. The places are tied
together by a Gaussian copula: correlated normal numbers are ranked, and each rank becomes that
quantile of the place's forecast. Every place's own distribution stays exactly as forecast.

References
----------
Iman & Conover, Commun Stat Simul Comput 11 (1982) 311 (ranks of correlated draws on stratified
margins); Schefzik, Thorarinsdottir & Gneiting, Stat Sci 28 (2013) 616 (copulas for forecasts).
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

from nof1.core.errors import InputError
from nof1.surveillance.scores import LEVELS, Floats
from nof1.surveillance.series import Panel

DRAWS = 200
SHRINK = 20.0  # weeks of history that weigh as much as the belief in one common correlation
DEFAULT = 0.5  # the common correlation where there is no history; respiratory seasons go together


def scenarios(
    quantiles: Floats, *, correlation: Floats | float = DEFAULT, draws: int = DRAWS, seed: int = 0
) -> Floats:
    """(draws, places) equally likely joint outcomes, in the unit of the forecast, 0 or more.

    Parameters
    ----------
    quantiles : (places, 23) at ``scores.LEVELS``.
    correlation : (places, places) of the normal numbers, or one number for all pairs.

    Raises
    ------
    InputError : missing or crossing quantiles, or a correlation that is none.
    """
    places = len(quantiles)
    if not np.isfinite(quantiles).all() or np.any(np.diff(quantiles, axis=1) < 0):
        raise InputError(
            "A place has missing or crossing quantiles.",
            where="quantiles",
            allowed="23 ascending numbers for each place",
        )
    root = _root(correlation, places)
    rng = np.random.default_rng(seed)
    normal = rng.standard_normal((draws, places)) @ root.T
    # The middle of each of `draws` equal strata: the margins have no sampling noise.
    share = (rankdata(normal, axis=0, method="ordinal") - 0.5) / draws
    return np.column_stack([invert(quantiles[i], share[:, i]) for i in range(places)])


def invert(quantiles: Floats, share: Floats) -> Floats:
    """Values at the cumulative probabilities ``share`` (0 to 1, exclusive) of one forecast.

    Straight lines between the quantiles on the normal scale, continued with the last slope beyond
    the outermost ones, and never below 0.
    """
    at, known = ndtri(share), ndtri(LEVELS)
    made = np.interp(at, known, quantiles)
    slope = (quantiles[[1, -1]] - quantiles[[0, -2]]) / (known[[1, -1]] - known[[0, -2]])
    made = np.where(at < known[0], quantiles[0] + slope[0] * (at - known[0]), made)
    made = np.where(at > known[-1], quantiles[-1] + slope[1] * (at - known[-1]), made)
    positive: Floats = np.clip(made, 0, None)
    return positive


def correlation(panel: Panel, weeks: int = 104) -> Floats:
    """(places, places) correlation of the places' weekly growth, shrunk to their common value.

    Growth is the change of ``log(1 + value)`` in the last ``weeks``; pairs with little common
    history count less. Without history it is ``DEFAULT`` for all pairs.
    """
    growth = np.diff(np.log1p(np.clip(panel.values[-weeks - 1 :], 0, None)), axis=0)
    places = growth.shape[1]
    known = ~np.isnan(growth)
    filled = np.where(known, growth, 0.0)
    count = known.T.astype(float) @ known
    mean = filled.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    centred = np.where(known, growth - mean, 0.0)
    cross = centred.T @ centred
    scale = np.sqrt(np.outer(np.diag(cross), np.diag(cross)))
    raw = np.divide(cross, scale, out=np.full((places, places), np.nan), where=scale > 0)
    pairs = ~np.eye(places, dtype=bool) & ~np.isnan(raw)
    common = float(np.clip(raw[pairs].mean(), 0.0, 0.95)) if pairs.any() else DEFAULT
    weight = count / (count + SHRINK)
    made = np.where(np.isnan(raw), common, weight * raw + (1 - weight) * common)
    np.fill_diagonal(made, 1.0)
    return _nearest(made)


def _root(correlation: Floats | float, places: int) -> Floats:
    made = np.asarray(correlation, dtype=float)
    if made.ndim == 0:
        made = np.full((places, places), float(made))
        np.fill_diagonal(made, 1.0)
    good = made.shape == (places, places) and np.allclose(made, made.T)
    if not good or np.abs(made).max(initial=0) > 1 + 1e-9:
        raise InputError(
            "The correlation between places is no correlation.",
            where="correlation",
            allowed=f"one number from 0 to 1, or a symmetric {places} x {places} matrix",
        )
    values, vectors = np.linalg.eigh(made)
    root: Floats = vectors * np.sqrt(np.clip(values, 0, None))
    return root


def _nearest(matrix: Floats) -> Floats:
    """Negative eigenvalues (of pairs with different weeks) cut off, the diagonal 1 again."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    made = (vectors * np.clip(values, 1e-6, None)) @ vectors.T
    scale = np.sqrt(np.diag(made))
    near: Floats = made / np.outer(scale, scale)
    return near
