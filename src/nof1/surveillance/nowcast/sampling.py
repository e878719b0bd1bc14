"""Joint draws of the final counts: negative binomial each, dependent as past errors were.

The draws of all units and days are tied by a Gaussian copula whose correlations are those of the
past standardised errors, so the sum of the draws of the parts has the spread that the sum had in
the past; no total is fitted a second time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import nbinom

from nof1.surveillance.nowcast.errors import Learnt

Floats = NDArray[np.float64]
OWN = 0.1  # share of the variance that is each cell's own: sixty past days cannot know it all
NODES = np.linspace(-4.5, 4.5, 145)


def draw(learnt: Learnt, reported: Floats, kept: Floats, draws: int, seed: int) -> Floats:
    """(draws, units, delays) final counts, whole numbers.

    Parameters
    ----------
    reported : (units, delays) counts so far, h days back.
    kept : same shape; share of them that will not be taken back, 0 to 1.
    """
    rng = np.random.default_rng(seed)
    units, delays = reported.shape
    stays = np.maximum(reported, 0) * kept
    outstanding = np.maximum(learnt.mean - stays, 0)
    normal = dependent(learnt.standard, learnt.weight, draws, rng)
    counts = negative_binomial(normal, outstanding, 1 / learnt.spread)
    whole = np.rint(np.maximum(reported, 0)).astype(np.int64)
    counts += rng.binomial(whole, kept, size=(draws, units, delays)) if (kept < 1).any() else whole
    return counts


def dependent(standard: Floats, weight: Floats, draws: int, rng: np.random.Generator) -> Floats:
    """(draws, units, delays) standard normal, correlated as the past errors were."""
    past, units, delays = standard.shape
    loading = (np.sqrt(weight) * standard).reshape(past, -1)
    size = np.sqrt((loading**2).sum(axis=0))
    loading = np.divide(loading, size, out=np.zeros_like(loading), where=size > 0)
    common = rng.standard_normal((draws, past)) @ loading
    own = np.sqrt(np.where(size > 0, OWN, 1.0))
    mixed = common * np.sqrt(1 - OWN) + rng.standard_normal(common.shape) * own
    tied: Floats = mixed.reshape(draws, units, delays)
    return tied


def negative_binomial(normal: Floats, mean: Floats, size: Floats) -> Floats:
    """Negative binomial counts at normal scores: the quantile of each score's probability.

    The quantile function is computed at 145 scores for each cell and interpolated between them,
    with whole numbers again in the end; a count's probability is right to about half a per cent,
    for a tenth of the quantiles.

    Parameters
    ----------
    normal : (draws, cells...) standard normal scores.
    mean, size : (cells...) of each negative binomial; variance = mean + mean**2 / size.
    """
    share = size / (size + np.maximum(mean, 1e-9))
    table = nbinom.ppf(ndtr(NODES), size[..., None], share[..., None])
    place = (np.clip(normal, NODES[0], NODES[-1]) - NODES[0]) / (NODES[1] - NODES[0])
    low = np.minimum(place.astype(np.int64), len(NODES) - 2)
    rest = place - low
    flat = table.reshape(-1)
    start = (np.arange(size.size) * len(NODES)).reshape(size.shape) + low
    counts: Floats = np.rint(flat[start] * (1 - rest) + flat[start + 1] * rest)
    return counts
