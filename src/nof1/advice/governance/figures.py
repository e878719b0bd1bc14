"""Shares and rates with their intervals; a figure is never given without its counts.

A share is of independent answers only as far as the people are different ones: an interval from
many answers of few people is too narrow, so their number stands beside it.

References
----------
Brown, Cai & DasGupta, Stat. Sci. 16 (2001) 101 (Jeffreys' interval of a share); Garwood, Biometrika
28 (1936) 437 (exact interval of a count); Field & Welsh, J. R. Stat. Soc. B 69 (2007) 369
(bootstrap of clusters).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import betainc, betaincinv, gammaincinv

LEVEL = 0.95
DRAWS, SEED = 2_000, 20_261


@dataclass(frozen=True)
class Share:
    """``count`` of ``of``, with the interval of the share; all of 0 to 1."""

    count: int
    of: int
    low: float
    high: float
    level: float = LEVEL

    @property
    def value(self) -> float | None:
        """The share; None of nothing."""
        return self.count / self.of if self.of else None

    def text(self) -> str:
        """``12 of 80 (15%; 8% to 24%)``; ``no answer`` of nothing."""
        if self.value is None:
            return "no answer"
        return f"{self.count} of {self.of} ({self.value:.0%}; {self.low:.0%} to {self.high:.0%})"

    def short(self) -> str:
        """The same for a table: ``12/80 15% (8-24)``."""
        if self.value is None:
            return "no answer"
        span = f"{100 * self.low:.0f}-{100 * self.high:.0f}"
        return f"{self.count}/{self.of} {self.value:.0%} ({span})"

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {**asdict(self), "value": self.value}


@dataclass(frozen=True)
class Rate:
    """``count`` things in ``of`` units, as a rate for each ``per`` units, with its interval."""

    count: int
    of: int
    per: int
    low: float
    high: float
    level: float = LEVEL

    @property
    def value(self) -> float | None:
        """The rate; None in no unit."""
        return self.per * self.count / self.of if self.of else None

    def text(self) -> str:
        """``3.1 (1.2 to 6.0)``, beside which ``count`` and ``of`` must stand."""
        if self.value is None:
            return "not known"
        return f"{self.value:.1f} ({self.low:.1f} to {self.high:.1f})"

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {**asdict(self), "value": self.value}


def share(count: int, of: int, level: float = LEVEL) -> Share:
    """A share with Jeffreys' interval (of nothing: 0 to 1).

    >>> share(12, 80).text()
    '12 of 80 (15%; 8% to 24%)'
    """
    if not of:
        return Share(0, 0, 0.0, 1.0, level)
    tail = (1 - level) / 2
    a, b = count + 0.5, of - count + 0.5
    low = 0.0 if count == 0 else float(betaincinv(a, b, tail))
    high = 1.0 if count == of else float(betaincinv(a, b, 1 - tail))
    return Share(count, of, low, high, level)


def below(count: int, of: int, threshold: float) -> float:
    """How credible it is that the true share lies below a threshold (Jeffreys' prior), 0 to 1."""
    return float(betainc(count + 0.5, of - count + 0.5, threshold))


def rate(
    counts: Sequence[int],
    units: Sequence[int],
    clusters: Sequence[str],
    per: int = 100,
    level: float = LEVEL,
) -> Rate:
    """A rate, with an interval from a bootstrap of whole clusters (one patient's requests).

    Parameters
    ----------
    counts, units, clusters : (n,) things, units and cluster of each request.

    The interval is never narrower than that of an independent count, so none seen is not "none".
    """
    total, of = int(sum(counts)), int(sum(units))
    if not of:
        return Rate(total, of, per, 0.0, float("inf"), level)
    tail = (1 - level) / 2
    low = float(gammaincinv(total, tail)) / of if total else 0.0
    high = float(gammaincinv(total + 1, 1 - tail)) / of
    drawn = _drawn(counts, units, clusters)
    if len(drawn):
        low = min(low, float(np.quantile(drawn, tail)))
        high = max(high, float(np.quantile(drawn, 1 - tail)))
    return Rate(total, of, per, per * low, per * high, level)


def _drawn(counts: Sequence[int], units: Sequence[int], clusters: Sequence[str]) -> Any:
    """Rates of ``DRAWS`` samples of clusters; empty when there are fewer than two."""
    names, place = np.unique(np.asarray(clusters, dtype=str), return_inverse=True)
    if len(names) < 2:
        return np.empty(0)
    sums = np.stack([np.bincount(place, np.asarray(one, dtype=float)) for one in (counts, units)])
    picks = np.random.default_rng(SEED).integers(len(names), size=(DRAWS, len(names)))
    things, all_units = sums[:, picks].sum(axis=2)
    return things[all_units > 0] / all_units[all_units > 0]
