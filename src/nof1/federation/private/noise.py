"""Noise without a trusted centre: each site adds its share inside the secure sum.

A vector is turned into whole steps of the ring (2^-24) and gets discrete Gaussian noise of OpenDP
before it is masked. Nobody sees a vector without noise, and no float Gaussian is drawn. ``sites``
sites of which ``dishonest`` may collude (and take their own noise away again) add variance
``sigma^2 / (sites - dishonest)`` each, so that the honest ones alone reach the wanted sigma.

A sum of discrete Gaussians is not quite one. For shares of at least ``LEAST_STEPS`` steps the
distance is below exp(-10^6) (Kairouz, Liu & Steinke 2021, theorem 1), so it is nothing here.

References
----------
Canonne, Kamath & Steinke, *The discrete Gaussian for differential privacy*, NeurIPS 2020;
Kairouz, Liu & Steinke, *The distributed discrete Gaussian mechanism*, ICML 2021.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import ModelError, UsageError
from nof1.core.extras import require
from nof1.federation.ring import SCALE_BITS
from nof1.learn.sums import FloatArray, SecureSum

Steps = NDArray[np.int64]
Draw = Callable[[int, float], Steps]
"""(size, sigma in steps) -> whole numbers (size,)."""

STEP = 2.0**-SCALE_BITS
LEAST_STEPS = 2.0**10
"""Smallest share of noise, in steps: below, the sum would no longer be as good as one Gaussian."""
LARGEST = 2.0**52 * STEP
"""Largest value with its noise: beyond, a float would not hold each step."""


def may_collude(sites: int) -> int:
    """How many sites may be dishonest by default: fewer than half.

    >>> [may_collude(sites) for sites in (3, 4, 5, 7)]
    [1, 1, 2, 3]
    """
    return (sites - 1) // 2


def discrete_gaussian(size: int, sigma: float) -> Steps:
    """Independent draws (size,) of OpenDP's discrete Gaussian, exact sampling, sigma in steps."""
    return np.array(_mechanism(sigma)([0] * size), dtype=np.int64)


@lru_cache(maxsize=64)
def _mechanism(sigma: float) -> Any:
    dp: Any = require("opendp.prelude", "federation")
    dp.enable_features("contrib")
    space = dp.vector_domain(dp.atom_domain(T="i64")), dp.l2_distance(T="f64")
    return dp.m.make_gaussian(*space, scale=sigma)


@dataclass
class NoisySum:
    """Adds a vector over all sites, with noise; there is no way to add one without.

    Attributes
    ----------
    secure_sum : the masked sum of the session.
    sites : of the session. dishonest : how many may collude or leave their noise out.
    draw : where the noise comes from.
    releases : sums so far. bytes_sent : by this site in them.
    """

    secure_sum: SecureSum
    sites: int
    dishonest: int
    draw: Draw = discrete_gaussian
    releases: int = 0
    bytes_sent: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.dishonest < self.sites:
            raise UsageError(
                f"{self.dishonest} of {self.sites} sites cannot be dishonest.",
                where="private sum",
                allowed="0 to the number of sites less one",
            )

    @property
    def excess(self) -> float:
        """Standard deviation when all are honest, over the one that is promised: 1 or more."""
        return math.sqrt(self.sites / (self.sites - self.dishonest))

    def sigma(self, sensitivity: float, noise: float, size: int) -> float:
        """Standard deviation of the noise in a sum of ``size`` entries, all sites honest.

        Parameters
        ----------
        sensitivity : the most that one patient changes the vector (L2).
        noise : promised standard deviation over the sensitivity.
        """
        return noise * (sensitivity + 2 * STEP * math.sqrt(size)) * self.excess

    def __call__(self, vector: FloatArray, sensitivity: float, noise: float) -> FloatArray:
        """The sum with noise, of the vector's shape.

        Between two neighbouring sets of patients the rounding to steps can move each entry by one
        more step, and the order of float additions by far less than another; both are added to the
        sensitivity.

        Raises
        ------
        ModelError : a value that is not finite or too large; nothing is sent then.
        UsageError : so little noise that its steps would show.
        """
        flat = np.ravel(np.asarray(vector, dtype=np.float64))
        share = self.sigma(sensitivity, noise, flat.size) / math.sqrt(self.sites) / STEP
        if not share >= LEAST_STEPS:
            raise UsageError(
                "The noise is too small for its steps.",
                where="private sum",
                allowed=f"a share of at least {LEAST_STEPS * STEP:.2g} a site",
            )
        if not np.all(np.abs(flat) < LARGEST / 2):
            raise ModelError("A sum holds a value that is too large.", where="private sum")
        noisy = np.rint(flat / STEP).astype(np.int64) + self.draw(flat.size, share)
        if not np.all(np.abs(noisy) < LARGEST / STEP):
            raise ModelError("A sum holds a value that is too large.", where="private sum")
        self.releases += 1
        self.bytes_sent += 8 * flat.size
        return self.secure_sum(np.asarray(noisy * STEP, np.float64)).reshape(vector.shape)
