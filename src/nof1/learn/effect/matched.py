"""Concordance for benefit: of two matched pairs, does the one with more predicted gain gain more?

A pair is one person of each option with about the same predicted benefit; its observed benefit is
-1, 0 or 1 (the outcome with one option, not with the other). Here pairs are matched at random
inside bins of the predicted benefit that all sites agree on, and the expectation over all such
matchings is taken, which needs sums alone. People count by the inverse of their chance of the own
option, so that who was given which option does not make the benefit (in a trial, that changes
nothing).

It is shown and decides nothing: it is not proper (a worse prediction can have a larger value), and
depends on how pairs are made (Xia, Gustafson & Sadatsafavi, Diagn. Progn. Res. 7 (2023) 10).

Reference: van Klaveren, Steyerberg, Serruys & Kent, J. Clin. Epidemiol. 94 (2018) 59.
"""

from __future__ import annotations

import numpy as np

from nof1.learn.bins import agree_cuts, encode
from nof1.learn.effect.arms import Arms
from nof1.learn.effect.ordered import BINS, times
from nof1.learn.effect.scores import CLIP
from nof1.learn.figures import Figure, z_value
from nof1.learn.rows import patient_shares
from nof1.learn.sums import CountedSum, FloatArray, SecureSum, local_sum, weighed


def c_for_benefit(
    benefit: FloatArray,
    arms: Arms,
    propensity: FloatArray,
    rows: FloatArray,
    *,
    harm: bool,
    resamples: int,
    seed: int,
    level: float,
    total: SecureSum = local_sum,
) -> Figure:
    """0.5 when the order of people says nothing about who gains, 1 when it always does.

    Parameters
    ----------
    benefit : (n,) predicted out of fold; more is better.
    propensity : (n,) chance of the option of interest.
    rows : (n,) 1 for rows that count; of them, those with a known outcome are matched.
    harm : whether the outcome is bad.
    resamples : of the Poisson bootstrap over patients; the interval is normal.
    """
    if not arms.binary:
        return Figure.missing("pairs are compared for yes/no outcomes only", level)
    chosen = (rows > 0) & (arms.weight > 0)
    here = arms.at(chosen)
    shares = patient_shares(here.keys)
    cuts = agree_cuts(benefit[chosen, None], shares, CountedSum(total), max_bins=BINS, smallest=1)
    size = len(cuts[0]) + 2
    code = encode(benefit[chosen, None], cuts)[0]
    chance = np.clip(propensity[chosen], CLIP, 1 - CLIP)
    weight = here.weight / np.where(here.treated == 1, chance, 1 - chance)
    place = code + size * here.treated.astype(np.int64)
    tables = []
    for draw in range(resamples + 1):
        mass = weight if draw == 0 else weight * times(here.keys, seed, draw - 1)
        tables += [weighed(place, mass, 2 * size), weighed(place, mass * here.y, 2 * size)]
    sums = total(np.concatenate(tables)).reshape(resamples + 1, 2, 2, size)
    return _figure(np.array([concordance(*one, harm=harm) for one in sums]), level)


def _figure(values: FloatArray, level: float) -> Figure:
    if not np.isfinite(values).all():
        return Figure.missing("no two pairs differ in what they gained", level)
    value, half = float(values[0]), z_value(level) * float(values[1:].std(ddof=1))
    return Figure(value, max(value - half, 0.0), min(value + half, 1.0), level)


def concordance(mass: FloatArray, events: FloatArray, *, harm: bool) -> float:
    """From weights and weighted events (2, bins) of comparator and option, by rising benefit.

    NaN when no two pairs of different bins differ in what they gained.
    """
    filled = (mass > 1e-9).all(axis=0)
    mass, events = mass[:, filled], events[:, filled]
    risk = np.clip(events / mass, 0.0, 1.0)
    better, worse = (risk[0] * (1 - risk[1]), risk[1] * (1 - risk[0]))
    if not harm:
        better, worse = worse, better
    none = 1 - better - worse
    pairs = mass.sum(axis=0)
    # Rows gained more by prediction than columns: bins stand by rising benefit.
    both = np.tril(np.outer(pairs, pairs), -1)
    right = np.outer(better, none + worse) + np.outer(none, worse)
    wrong = np.outer(none + worse, better) + np.outer(worse, none)
    counted = float((both * (right + wrong)).sum())
    return float((both * right).sum()) / counted if counted > 0 else float("nan")
