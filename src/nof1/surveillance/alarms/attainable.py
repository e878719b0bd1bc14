"""How likely a week's p is to be so small when nothing special happens: counts cannot reach all p.

In a rare disease most p below .01 are out of reach, so a procedure that reckons with "p <= x has
chance x" wastes power. Here the chance is added up over all counts of the tested week and the week
before, for the joined p of ``predictive.combined`` and with the rule that a week with few cases may
not alarm. Series with larger counts keep the usual bound, chance <= x.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nof1.surveillance.alarms.compiled import compiled
from nof1.surveillance.alarms.predictive import MOST_P, Expected
from nof1.surveillance.alarms.tested import Floats

LEVELS = np.geomspace(1e-6, 0.3, 240)  # the x at which the chance is computed
MOST = 64  # counts above are not added up
BEYOND = 1e-6  # largest chance of counts above MOST for which that is allowed


def chances(now: Expected, before: Expected, two: Expected, least: NDArray[np.int64]) -> Floats:
    """(LEVELS, series) chance that the joined p of a week is at most each of ``LEVELS``.

    Parameters
    ----------
    now, before, two : of the tested week, of the week before, of both together; (series,).
    least : (series,) cases that both weeks need together before the week may alarm.
    """
    found = np.repeat(LEVELS[:, None], len(least), axis=1)
    with np.errstate(all="ignore"):
        sparse = (now.upper_tail(np.full(len(least), MOST + 1.0)) < BEYOND) & (
            before.upper_tail(np.full(len(least), MOST + 1.0)) < BEYOND
        )
    at = np.flatnonzero(sparse)
    if len(at):
        counts = np.arange(MOST + 2.0)
        first, second = _tails(now, at, counts), _tails(before, at, counts)
        both = _tails(two, at, np.arange(2 * MOST + 3.0))
        far = 1.0 / np.tan(np.pi * LEVELS)
        sums = np.empty((len(at), len(LEVELS)))
        _add(first, second, _distance(first), _distance(both), far, least[at], sums)
        found[:, at] = np.minimum(sums.T, LEVELS[:, None])
    return found


def _tails(expected: Expected, at: NDArray[np.intp], counts: Floats) -> Floats:
    """(series, counts) P(X >= count)."""
    part = Expected(
        expected.mean[at, None],
        expected.unsure[at, None],
        expected.weights,
        tuple(one[at, None] for one in expected.overs),
    )
    return part.upper_tail(counts[None])


def _distance(p: Floats) -> Floats:
    found: Floats = np.tan((0.5 - np.minimum(p, MOST_P)) * np.pi)
    return found


@compiled
def _add(first, second, own, both, far, least, sums):  # type: ignore[no-untyped-def]
    """Sum over the week's count x of P(x) times P(the week before is high enough)."""
    series, levels = sums.shape
    counts = first.shape[1] - 1
    for s in range(series):
        for k in range(levels):
            total = 0.0
            for x in range(counts):
                chance = first[s, x] - first[s, x + 1]
                needed = np.searchsorted(both[s], 2.0 * far[k] - own[s, x])
                needed = max(needed, least[s]) - x
                if needed <= 0:
                    total += chance
                elif needed < second.shape[1]:
                    total += chance * second[s, needed]
            sums[s, k] = total + first[s, counts]
