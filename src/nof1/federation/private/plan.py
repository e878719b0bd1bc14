"""How much noise each release gets, so that all of them together cost what was asked for.

Gaussian noise composes simply in Renyi terms: releases with multipliers z_1, z_2, ... cost as much
as one with z where 1/z^2 = 1/z_1^2 + 1/z_2^2 + .... So the whole job is one number z, found with
``dp-accounting`` from epsilon and delta, and each release gets a share of 1/z^2.

A patient either trains or judges, by a hash of the identifier. The two groups' releases compose
side by side: adding or removing one patient touches one group, so the job costs z, not twice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache

from nof1.core.errors import UsageError
from nof1.federation.budget import Spend, epsilon

LEAST_EPSILON, MOST_EPSILON = 0.1, 20.0
_TIGHT = 1e-3


@dataclass(frozen=True)
class Shares:
    """Which part of the budget each kind of release gets; hyperparameters, fixed beforehand.

    Attributes
    ----------
    bins, start : of the patients who train; the cycles get what is left.
    cycles : gradient releases. domain : of the patients who judge; the tables get the rest.
    """

    bins: float = 0.08
    start: float = 0.02
    cycles: int = 8
    domain: float = 0.25

    def __post_init__(self) -> None:
        if not (self.bins > 0 and self.start > 0 and self.bins + self.start < 0.9):
            raise UsageError("The shares of the budget do not fit.", where="private shares")
        if self.cycles < 1 or not 0 < self.domain < 1:
            raise UsageError("The shares of the budget do not fit.", where="private shares")


@dataclass(frozen=True)
class Plan:
    """Noise multipliers (standard deviation over sensitivity) of a job.

    Attributes
    ----------
    total : of all releases that one patient takes part in, as one release.
    """

    total: float
    shares: Shares = field(default_factory=Shares)

    @classmethod
    def of(cls, epsilon: float, delta: float, shares: Shares | None = None) -> Plan:
        """The plan for a loss of epsilon at delta.

        Raises
        ------
        UsageError : epsilon or delta out of range.
        """
        return cls(multiplier(epsilon, delta), shares or Shares())

    def part(self, share: float, releases: int = 1) -> float:
        """Multiplier of each of ``releases`` releases that have ``share`` of the budget."""
        return self.total * math.sqrt(releases / share)

    @property
    def bins(self) -> float:
        """Of the bins, all levels together."""
        return self.part(self.shares.bins)

    @property
    def start(self) -> float:
        """Of the two numbers of the first guess."""
        return self.part(self.shares.start)

    @property
    def cycle(self) -> float:
        """Of one cycle's gradients."""
        return self.part(1 - self.shares.bins - self.shares.start, self.shares.cycles)

    @property
    def tables(self) -> float:
        """Of the tables that recalibrate and judge."""
        return self.part(1 - self.shares.domain)

    @property
    def domain(self) -> float:
        """Of the table of how unusual people are."""
        return self.part(self.shares.domain)


@lru_cache(maxsize=128)
def multiplier(epsilon_: float, delta: float) -> float:
    """The smallest noise multiplier (to 0.1 %) at which one release costs at most epsilon.

    Raises
    ------
    UsageError : epsilon or delta out of range.
    """
    if not LEAST_EPSILON <= epsilon_ <= MOST_EPSILON or not 1e-12 <= delta <= 1e-3:
        raise UsageError(
            f"Epsilon {epsilon_:g} at delta {delta:g} cannot be planned.",
            where="privacy",
            allowed=f"epsilon {LEAST_EPSILON:g} to {MOST_EPSILON:g}, delta 1e-12 to 1e-3",
        )
    low, high = 0.05, 200.0
    while high / low > 1 + _TIGHT:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if _cost(middle, delta) <= epsilon_ else (middle, high)
    return high


def _cost(noise: float, delta: float) -> float:
    return epsilon([Spend("", "", "", noise, 1)], delta)
