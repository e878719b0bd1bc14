"""The chance of so many cases when nothing special happens, honest about what was estimated.

R's plug-in p is too small in the far tail, most of all for rare diseases (docs/alarms.md has the
rates), and only the far tail matters when a thousand series are looked at together. Three repairs:

* reweighting plays down the largest past counts even when no outbreak lies in the baseline, so mean
  and dispersion come out too low. How much follows from the weights alone: ``corrections`` undo it
  with the exact expectations under the negative binomial (Fisher consistency);
* the mean is uncertain: its squared standard error is added to the variance. Where a part of the
  year never had a case the fitted mean is zero, which nobody can know: as much as one case (times
  the dispersion) at the level of the whole baseline is added to what was seen;
* the dispersion is uncertain: the tail is averaged over its distribution. Its relative variance is
  (2 + excess kurtosis of the counts) / weeks, so skewed counts know theirs badly.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats
from scipy.interpolate import RegularGridInterpolator

from nof1.surveillance.alarms import tails
from nof1.surveillance.alarms.tested import Floats

NODES = 7
# Grid of the true mean and the true dispersion - 1 in the table of corrections.
MEANS = np.geomspace(0.02, 400.0, 24)
EXCESSES = np.concatenate([[0.0], np.geomspace(0.02, 100.0, 30)])
SEEN = np.concatenate([[0.0], np.geomspace(0.01, 80.0, 60)])  # dispersion - 1 as estimated
LEAST_FREEDOM = 4.0
MOST_P = 0.95  # a p of 1 would outweigh everything else in ``combined``


@dataclass(frozen=True)
class Expected:
    """What is known about the count of a week in which nothing special happens; equal shapes.

    Attributes
    ----------
    mean : expected count.
    unsure : the part of every dispersion that comes from the uncertain mean.
    overs : dispersions, each with its weight in ``weights``, that stand for what is not known.
    """

    mean: Floats
    unsure: Floats
    weights: tuple[float, ...]
    overs: tuple[Floats, ...]

    def at(self, row: int) -> Expected:
        """One row (one week)."""
        overs = tuple(one[row] for one in self.overs)
        return Expected(self.mean[row], self.unsure[row], self.weights, overs)

    def last(self, steps: int) -> Expected:
        """The sum of each week and the ``steps - 1`` before it (axis 0); NaN in the first ones.

        The weeks' chance is independent; the error of their means is not, so it adds up.
        """
        mean = summed(self.mean, steps)
        with np.errstate(all="ignore"):
            unsure = summed(self.unsure * self.mean, steps) / mean
            overs = [summed(one * self.mean, steps) / mean for one in self.overs]
        more = (steps - 1) * unsure
        return Expected(mean, steps * unsure, self.weights, tuple(one + more for one in overs))

    def upper_tail(self, count: Floats) -> Floats:
        """P(X >= count), averaged over what is not known about mean and dispersion."""
        total = np.zeros(np.broadcast(count, self.mean).shape)
        for weight, over in zip(self.weights, self.overs, strict=True):
            total += weight * tails.at_least(count, self.mean, over)
        return total

    def upper_bound(self, level: float) -> Floats:
        """Smallest x with P(X <= x) >= level; NaN where the mean is NaN."""
        pairs = list(zip(self.weights, self.overs, strict=True))
        middle = np.sum([weight * over for weight, over in pairs], axis=0)
        x = tails.quantile(level, self.mean, middle).ravel()
        mean, over = self.mean.ravel(), np.stack([one.ravel() for one in self.overs])

        def rest(at: NDArray[np.intp], count: Floats) -> Floats:
            chances = tails.at_least(count[None], mean[None, at], over[:, at])
            left: Floats = np.asarray(self.weights) @ chances
            return left

        up = down = np.flatnonzero(np.isfinite(x))
        while len(up):
            up = up[rest(up, x[up] + 1.0) > 1.0 - level]
            x[up] += 1.0
        while len(down):
            down = down[x[down] > 0]
            down = down[rest(down, x[down]) <= 1.0 - level]
            x[down] -= 1.0
        return x.reshape(self.mean.shape)


def summed(values: Floats, steps: int) -> Floats:
    """Sum of each row and the ``steps - 1`` rows before it; NaN where one is missing."""
    total = values.copy()
    for step in range(1, steps):
        total[step:] += values[:-step]
        total[:step] = np.nan
    return total


def combined(p: Floats) -> Floats:
    """One p from several about the same week (axis 0), however they hang together; NaN: left out.

    Cauchy combination (Liu and Xie 2020, JASA 115:393): exact in the far tail for any dependence.

    >>> round(float(combined(np.array([0.001, 0.001]))), 6)
    0.001
    """
    with np.errstate(all="ignore"):
        far = np.tan((0.5 - np.minimum(p, MOST_P)) * np.pi)
        known = ~np.isnan(p)
        mean = np.where(known, far, 0.0).sum(axis=0) / known.sum(axis=0)
    # for large values 1/(pi m) is the accurate form of 1/2 - arctan(m)/pi
    joined: Floats = np.arctan2(1.0, mean) / np.pi
    return joined


def expect(
    mean: Floats,
    dispersion: Floats,
    se: Floats,
    pooled: Floats,
    weeks: Floats,
    share: Floats,
    limit: float,
) -> tuple[Expected, Floats]:
    """The distribution of the count as reported by now; with it the dispersion of its plain part.

    Parameters
    ----------
    mean, dispersion, se : as fitted; ``se`` is that of the logarithm of the mean.
    pooled : mean of all baseline weeks.
    weeks : number of baseline weeks.
    share : part of the final count that is expected to be in by now.
    limit : residuals above it were reweighted; 0: none.
    """
    factor, phi = corrections(pooled, dispersion, limit)
    with np.errstate(all="ignore"):
        worth = dispersion / (mean * se * se)  # weeks that the mean's precision is worth
        prior = phi / pooled
        level = factor * (phi + worth * mean) / (prior + worth)
        unsure = phi / (prior + worth)
        freedom = _freedom(pooled, phi, weeks)
    seen, _ = tails.thinned(level, phi, share)
    part = 2.0 / (9.0 * freedom)
    nodes, weights = special.roots_hermitenorm(NODES)
    overs = []
    for node in nodes:
        # estimate / truth is like chi-squared over its degrees of freedom (Wilson, Hilferty 1931)
        ratio = np.maximum(1.0 - part + node * np.sqrt(part), 0.2) ** 3
        over = np.maximum(phi / ratio, 1.0) + unsure
        overs.append(tails.thinned(level, over, share)[1])
    known = Expected(seen, share * unsure, tuple(weights / weights.sum()), tuple(overs))
    return known, 1.0 + share * (phi - 1.0)


def _freedom(mean: Floats, dispersion: Floats, weeks: Floats) -> Floats:
    """Degrees of freedom of the dispersion: fewer for skewed counts than there are weeks."""
    kurtosis = 6.0 * np.maximum(dispersion - 1.0, 0.0) / mean + 1.0 / (dispersion * mean)
    return np.maximum(2.0 * weeks / (2.0 + kurtosis), LEAST_FREEDOM)


def corrections(mean: Floats, dispersion: Floats, limit: float) -> tuple[Floats, Floats]:
    """Factor of the mean, and the dispersion, that undo what reweighting above ``limit`` does.

    >>> one = np.array([1.0])
    >>> bool(corrections(one, one * 2.3, 2.58)[1][0] > 2.3)
    True
    """
    if limit <= 0:
        return np.ones_like(mean), dispersion
    factor, excess = _corrections(limit)
    at = np.stack(
        [
            np.log(np.clip(mean, MEANS[0], MEANS[-1])),
            np.clip(dispersion - 1.0, 0.0, SEEN[-1]),
        ],
        axis=-1,
    )
    unknown = ~np.isfinite(at).all(axis=-1)
    at[unknown] = [0.0, 0.0]
    beyond = np.maximum(dispersion - 1.0, SEEN[-1]) / SEEN[-1]
    return np.where(unknown, np.nan, factor(at)), np.where(unknown, np.nan, 1 + excess(at) * beyond)


@lru_cache(maxsize=4)
def _corrections(limit: float) -> tuple[RegularGridInterpolator, RegularGridInterpolator]:
    """Interpolators of (log mean, estimated dispersion - 1): factor of the mean, true excess."""
    factors, excesses = np.empty((2, len(MEANS), len(SEEN)))
    for i, mean in enumerate(MEANS):
        pairs = np.array([expected_estimates(mean, 1.0 + one, limit) for one in EXCESSES])
        seen = np.maximum.accumulate(pairs[:, 1] - 1.0)
        slope = EXCESSES[-1] / seen[-1]
        excesses[i] = np.where(seen[-1] >= SEEN, np.interp(SEEN, seen, EXCESSES), SEEN * slope)
        factors[i] = mean / np.interp(SEEN, seen, pairs[:, 0])
    axes = (np.log(MEANS), SEEN)
    return RegularGridInterpolator(axes, factors), RegularGridInterpolator(axes, excesses)


def expected_estimates(mean: float, dispersion: float, limit: float) -> tuple[float, float]:
    """Mean and dispersion that a reweighted fit finds in very many weeks of such counts.

    >>> expected_estimates(50.0, 1.0, 1e9)[0]
    50.0
    """
    highest = mean + 12 * np.sqrt(mean * dispersion) + 30 * dispersion + 10
    counts = np.arange(int(highest))
    if dispersion > 1:
        chance = stats.nbinom.pmf(counts, mean / (dispersion - 1), 1 / dispersion)
    else:
        chance = stats.poisson.pmf(counts, mean)
    residual = 1.5 * (np.cbrt(counts**2) * mean ** (-1 / 6) - np.sqrt(mean)) / np.sqrt(dispersion)
    weight = chance * np.where(residual > limit, 1 / np.maximum(residual, limit) ** 2, 1.0)
    weight /= weight.sum()
    centre = float(weight @ counts)
    return round(centre, 9), float(weight @ (counts - centre) ** 2) / centre
