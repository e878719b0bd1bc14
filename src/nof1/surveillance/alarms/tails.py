"""Tails and quantiles of counts whose variance is ``dispersion`` times their mean.

Above 1 this is the negative binomial with size mean / (dispersion - 1) and probability
1 / dispersion; at 1 it is the Poisson distribution. Everything is vectorised.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]
_ROUNDING = 1e-9  # a nowcast of 5.0000000001 is 5
_FUZZ = 1e-13  # R's own tolerance on the level is of this size


def at_least(count: Floats, mean: Floats, dispersion: Floats) -> Floats:
    """P(X >= count): 1 for counts of 0; NaN where anything is NaN."""
    whole = np.ceil(count - _ROUNDING)
    over = np.maximum(dispersion, 1.0)
    above = np.maximum(whole, 1.0)
    with np.errstate(all="ignore"):
        size = mean / (over - 1.0)
        binomial = special.betainc(above, size, 1.0 - 1.0 / over)
        poisson = special.gammainc(above, mean)
        tail = np.where(over > 1.0, binomial, poisson)
    unknown = np.isnan(whole + mean + over)
    chance: Floats = np.where(unknown, np.nan, np.where(whole > 0, tail, 1.0))
    return chance


def quantile(level: float, mean: Floats, dispersion: Floats) -> Floats:
    """Smallest whole number x with P(X <= x) >= level; NaN where the mean is NaN."""
    z = special.ndtri(level)
    over = np.maximum(dispersion, 1.0)
    mean, over = np.broadcast_arrays(mean, over)
    skew = (z * z - 1.0) * (2.0 * over - 1.0) / 6.0
    with np.errstate(invalid="ignore"):
        x = np.floor(np.maximum(mean + z * np.sqrt(over * mean) + skew, 0.0))
    known = np.flatnonzero(np.isfinite(x) & np.isfinite(over))
    flat, means, overs = x.ravel(), mean.ravel(), over.ravel()
    _walk(flat, means, overs, known, 1.0 - level + _FUZZ)
    found: Floats = flat.reshape(x.shape)
    return found


def _walk(x: Floats, mean: Floats, over: Floats, active: NDArray[np.intp], rest: float) -> None:
    """Step each guess up, then down, until P(X > x) <= rest just holds."""
    up = active
    while len(up):
        up = up[at_least(x[up] + 1.0, mean[up], over[up]) > rest]
        x[up] += 1.0
    down = active
    while len(down):
        down = down[(x[down] > 0) & (at_least(x[down], mean[down], over[down]) <= rest)]
        x[down] -= 1.0


def thinned(mean: Floats, dispersion: Floats, share: Floats | float) -> tuple[Floats, Floats]:
    """Mean and dispersion of the reports that are in, when each case is in with chance ``share``.

    Thinning keeps the family: the mean is scaled, the extra variance shrinks with it.
    """
    return mean * share, 1.0 + share * (np.maximum(dispersion, 1.0) - 1.0)
