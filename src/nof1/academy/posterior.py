"""What a few answers can say: a share with its interval, and never a share alone.

A share is Beta-binomial with Jeffreys' prior, Beta(1/2, 1/2). After ``count`` of ``of`` its
posterior is Beta(count + 1/2, of - count + 1/2); the mean, (count + 1/2) / (of + 1), is at the same
time the "log-linear" correction of signal detection, so that a rate of 0 or 1 has a finite z value.

References
----------
Brown, Cai & DasGupta, Statistical Science 16 (2001) 101 (Jeffreys' interval); Hautus, Behavior
Research Methods 27 (1995) 46 (log-linear correction); Stanislaw & Todorov, Behavior Research
Methods 31 (1999) 137 (d' and c).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import betaincinv, ndtri

from nof1.learn.figures import Figure
from nof1.learn.sums import FloatArray

LEVEL = 0.95
PRIOR = 0.5  # Jeffreys
ENOUGH = 8  # below this number a share is not put into words
GRID = 400  # points at which a posterior is laid out


@dataclass(frozen=True, slots=True)
class Share:
    """``count`` of ``of``, with the posterior mean and interval of the share behind it, 0 to 1."""

    count: int
    of: int
    mean: float
    low: float
    high: float
    level: float = LEVEL

    @property
    def width(self) -> float:
        """Length of the interval, 0 to 1: how little is known."""
        return self.high - self.low

    @property
    def enough(self) -> bool:
        """Whether there are enough cases to say something in words."""
        return self.of >= ENOUGH

    def text(self) -> str:
        """Interval first, then what was counted.

        >>> share(3, 15).text()
        '6 to 44 of 100 (3 of 15 cases)'
        >>> share(0, 2).text()
        'too few cases to say (0 of 2)'
        """
        if not self.enough:
            return f"too few cases to say ({self.count} of {self.of})"
        low, high = (round(100 * value) for value in (self.low, self.high))
        return f"{low} to {high} of 100 ({self.count} of {self.of} cases)"

    def to_dict(self) -> dict[str, Any]:
        """JSON form: count, of, mean, low, high, level, enough."""
        return {**asdict(self), "enough": self.enough}


def share(count: int, of: int, level: float = LEVEL) -> Share:
    """The posterior of a share after ``count`` of ``of``; of nothing it is the prior.

    When none was seen the interval reaches down to 0, when all were seen up to 1 (Brown et al.).

    >>> round(share(0, 0).mean, 3), round(share(9, 9).mean, 3)
    (0.5, 0.95)
    """
    a, b = count + PRIOR, of - count + PRIOR
    tail = (1 - level) / 2
    low = 0.0 if count == 0 else float(betaincinv(a, b, tail))
    high = 1.0 if count == of else float(betaincinv(a, b, 1 - tail))
    return Share(count, of, a / (a + b), low, high, level)


def laid_out(one: Share) -> FloatArray:
    """The posterior as ``(GRID,)`` values that are equally likely: its quantiles."""
    points = (np.arange(GRID) + 0.5) / GRID
    found: FloatArray = betaincinv(one.count + PRIOR, one.of - one.count + PRIOR, points)
    return found


def of_two(a: Share, b: Share, what: Callable[[FloatArray, FloatArray], FloatArray]) -> Figure:
    """A figure of two independent shares: ``what`` at their means, interval over both posteriors.

    No random numbers: every quantile of the one meets every quantile of the other.
    """
    value = float(what(np.array([a.mean]), np.array([b.mean]))[0])
    spread = what(laid_out(a)[:, None], laid_out(b)[None, :])
    low, high = np.quantile(spread, [(1 - a.level) / 2, (1 + a.level) / 2])
    return Figure(value, min(float(low), value), max(float(high), value), a.level)


def difference(a: Share, b: Share) -> Figure:
    """``b - a`` of two shares, -1 to 1; above 0 the second one is larger.

    >>> round(difference(share(12, 20), share(4, 20)).value, 2)
    -0.38
    """
    return of_two(a, b, lambda first, second: second - first)


def discrimination(hits: Share, alarms: Share) -> Figure:
    """d' = z(hit rate) - z(false alarm rate): 0 cannot tell them apart, higher is better.

    ``hits`` are accepted right cards of all right cards, ``alarms`` accepted wrong ones of all
    wrong ones. Log-linear corrected (Hautus 1995), interval from the two posteriors.
    """
    if not (hits.of and alarms.of):
        return Figure.missing("needs right cards and wrong cards")
    return of_two(hits, alarms, lambda hit, alarm: ndtri(hit) - ndtri(alarm))


def bias(hits: Share, alarms: Share) -> Figure:
    """c = -(z(hit rate) + z(false alarm rate)) / 2: below 0 accepts readily, above 0 rejects."""
    if not (hits.of and alarms.of):
        return Figure.missing("needs right cards and wrong cards")
    return of_two(hits, alarms, lambda hit, alarm: -(ndtri(hit) + ndtri(alarm)) / 2)
