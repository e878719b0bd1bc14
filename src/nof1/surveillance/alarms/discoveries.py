"""False discovery rate over many series: of the alarms of one week, few are false on average.

With a thousand series and a level of .01, ten alarms a week come from chance alone, and nobody can
look into all of them. Benjamini and Hochberg (1995) choose the level from the p of the week, so
that on average at most the asked share of the alarms is false. It needs p that are valid far out in
the tail (``predictive``) and series that are independent or rise together. Benjamini and Yekutieli
(2001) need neither independence nor this, and find less.

p of counts are discrete: P(p <= x) is below x, most of all for rare diseases. Benjamini and
Hochberg then control the rate and waste power. ``discrete`` reckons with the chance that each
series' p can reach x at all (Heyse 2011; Doehler, Durand, Roquain 2018, Electron J Stat 12:1867).
Mid-p and randomised p are not used: mid-p is not valid for each series (docs/alarms.md), and an
alarm must not depend on a drawn number.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from nof1.core.errors import UsageError
from nof1.surveillance.alarms.tested import Floats

Procedure = Literal["discrete", "bh", "by"]
PROCEDURES = ("bh", "by")


def adjusted(p: Floats, procedure: str = "bh") -> Floats:
    """Adjusted p (q): alarms where q <= rate have at most this false discovery rate.

    Parameters
    ----------
    p : (series,) NaN: not tested, stays NaN and does not count.
    procedure : ``"bh"`` or ``"by"`` (any dependence).

    Raises
    ------
    UsageError : another procedure.

    >>> adjusted(np.array([0.01, 0.04, np.nan, 0.03])).tolist()
    [0.03, 0.04, nan, 0.04]
    """
    if procedure not in PROCEDURES:
        raise UsageError(f"No procedure {procedure!r}.", allowed=PROCEDURES)
    known = np.flatnonzero(~np.isnan(p))
    q = np.full(p.shape, np.nan)
    number = len(known)
    if not number:
        return q
    order = known[np.argsort(p[known], kind="stable")]
    penalty = np.sum(1 / np.arange(1, number + 1)) if procedure == "by" else 1.0
    raw = p[order] * number * penalty / np.arange(1, number + 1)
    q[order] = np.minimum(np.minimum.accumulate(raw[::-1])[::-1], 1.0)
    return q


def discrete(p: Floats, chance: Floats, levels: Floats) -> Floats:
    """Adjusted p as ``adjusted`` gives, for p that cannot reach every value.

    Parameters
    ----------
    p : (series,) NaN: not tested.
    chance : (levels, series) P(p <= level) when nothing special happens, never above the level.
    levels : ascending. Between two levels the chance of the higher one counts, above the last the
        level itself.
    """
    known = np.flatnonzero(~np.isnan(p))
    q = np.full(p.shape, np.nan)
    if not len(known):
        return q
    order = known[np.argsort(p[known], kind="stable")]
    total = chance[:, known].sum(axis=1)
    at = np.searchsorted(levels, p[order])
    inside = (at < len(levels)) & (p[order] >= levels[0])
    reach = np.where(inside, total[np.minimum(at, len(levels) - 1)], p[order] * len(known))
    reach = np.minimum(reach, p[order] * len(known))
    # The last factor pays for the larger chances of series that alarm (Doehler et al., theorem 1).
    raw = reach / (1.0 - np.minimum(p[order], 0.5)) / np.arange(1, len(known) + 1)
    q[order] = np.minimum(np.minimum.accumulate(raw[::-1])[::-1], 1.0)
    return q
