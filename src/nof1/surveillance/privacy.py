"""Published counts with noise from OpenDP: what one case adds cannot be told from the table.

Each count gets discrete Laplace (geometric) noise by OpenDP, with integer arithmetic inside, so
that no float rounding weakens it (Mironov, CCS 2012; Ghosh, Roughgarden and Sundararajan, 2012).
The unit of privacy is ONE CASE: adding or removing a case changes the probability of any published
table by a factor of at most exp(epsilon). A person with several cases is protected less, and a
second release about the same cases spends epsilon again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import InputError, UsageError
from nof1.core.extras import require

LARGEST_EPSILON = 10.0
LARGEST_COUNT = 2**53  # integers that a float holds exactly
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Noisy:
    """Counts with noise, and what was spent.

    Attributes
    ----------
    counts : whole numbers; below 0 is possible and honest (a sum of many stays unbiased).
    epsilon : privacy loss of the whole table for one case, as OpenDP's own map computes it.
    scale : of the discrete Laplace noise.
    accuracy95 : a published count is within this of the true one with at least 95 % probability.
    """

    counts: Counts
    epsilon: float
    scale: float
    accuracy95: float


def randomised(counts: Counts, epsilon: float, cells_per_case: int = 1) -> Noisy:
    """Counts with discrete Laplace noise of OpenDP.

    Parameters
    ----------
    counts : (n,) whole numbers. Each case is in exactly ``cells_per_case`` of them (1 for cells
        by place and day; 2 when an age group and its total are both published).
    epsilon : the privacy loss that may be spent, above 0. Smaller is more private: with 1, the
        probability of any published table changes at most 2.7 times by adding one case.

    Raises
    ------
    UsageError : epsilon is not a number above 0 and at most 10.
    InputError : counts too large to be whole numbers for certain.
    MissingExtra : OpenDP is not installed.
    """
    if not (math.isfinite(epsilon) and 0 < epsilon <= LARGEST_EPSILON):
        raise UsageError(
            "This epsilon gives no privacy, or is no number above 0.",
            where="--epsilon",
            allowed=f"above 0, at most {LARGEST_EPSILON:g}; 1 is common for published counts",
        )
    if counts.size and int(np.abs(counts).max()) > LARGEST_COUNT:
        raise InputError("A count is too large.", where="counts", allowed=f"<= {LARGEST_COUNT}")
    measure, scale = _measurement(epsilon, cells_per_case)
    noisy = measure([int(one) for one in counts]) if counts.size else []
    dp = require("opendp.prelude", "surveillance")
    return Noisy(
        counts=np.array(noisy, dtype=np.int64),
        epsilon=float(measure.map(cells_per_case)),
        scale=scale,
        accuracy95=float(dp.discrete_laplacian_scale_to_accuracy(scale=scale, alpha=0.05)),
    )


def _measurement(epsilon: float, cells_per_case: int) -> tuple[Any, float]:
    """OpenDP's mechanism with the smallest scale whose own privacy map stays within epsilon.

    1 / epsilon in floats can spend a hair more than epsilon (scale 3.0 spends 0.33333333333333337);
    OpenDP searches a scale that its conservative map accepts.
    """
    dp = require("opendp.prelude", "surveillance")
    dp.enable_features("contrib")  # these mechanisms are proven but not yet vetted by all its rules
    space = dp.vector_domain(dp.atom_domain(T="i64")), dp.l1_distance(T="i64")

    def make(scale: float) -> Any:
        return dp.m.make_geometric(*space, scale=scale)

    scale = float(dp.binary_search_param(make, d_in=cells_per_case, d_out=epsilon))
    return make(scale), scale
