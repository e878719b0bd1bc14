"""Conformal ranks kept as counts: how strange is a number, without keeping anybody's number.

References
----------
Vovk, Gammerman & Shafer, *Algorithmic Learning in a Random World* (2005), chapter 2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.core.errors import ModelError

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Ranks:
    """How calibration pictures spread over a grid of strangeness (higher is stranger).

    Attributes
    ----------
    grid : (cells - 1,) rising limits. counts : (cells,) calibration pictures in each cell.
    """

    grid: Floats
    counts: Floats

    @classmethod
    def fit(cls, grid: Floats, strangeness: ArrayLike, level: float) -> Ranks:
        """Count calibration pictures.

        ``level`` is the p-value at which something will be refused: with fewer than ``1 / level``
        pictures no p-value could ever be so small, and the gate would pass everything.

        Raises
        ------
        ModelError : too few of them for the level.
        """
        known = np.asarray(strangeness, dtype=np.float64)
        fewest = math.ceil(1 / level)
        if len(known) < fewest:
            raise ModelError(
                f"Only {len(known)} calibration pictures for a gate.",
                allowed=f"{fewest} or more, of patients who were not in training",
                next_step="Give more pictures, or a larger held-out part.",
            )
        cells = np.searchsorted(grid, known)
        return cls(grid, np.bincount(cells, minlength=len(grid) + 1).astype(np.float64))

    def p_values(self, strangeness: ArrayLike) -> Floats:
        """(n,) share of calibration pictures at least as strange, in (0, 1].

        If a new picture is exchangeable with them, its p-value is at most ``a`` with probability
        at most ``a``.
        """
        from_here = np.cumsum(self.counts[::-1])[::-1]
        cells = np.searchsorted(self.grid, np.atleast_1d(np.asarray(strangeness, np.float64)))
        ranks: Floats = (from_here[cells] + 1) / (self.counts.sum() + 1)
        return ranks
