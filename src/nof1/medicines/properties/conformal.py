"""Intervals and class sets that hold as often as they say, whatever the model.

Conformal prediction (Vovk et al., *Algorithmic Learning in a Random World*, 2005): errors on
compounds that the model had not seen when it predicted them give the width. They come from inner
folds: one held-out part (split conformal) for many compounds, all parts in turn (cross-conformal,
Vovk, Ann. Math. Artif. Intell. 74 (2015) 9) for few. Widths are kept apart for each zone of the
domain, class limits also for each class, so that a rare class is covered too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.medicines.properties.domain import ZONES

LEVEL = 0.9
MOST = 1e300  # stands for "no limit" in JSON
FEWEST = 30  # errors for a width of its own; a zone with fewer shares that of all from it outward


@dataclass(frozen=True)
class Bounds:
    """Limits of the error (or of the score against a class) for each zone.

    Attributes
    ----------
    limits : zone -> one limit of ``|y - prediction|`` (regression), or two, for the classes 0 and
    1:
        the largest ``1 - score of the class`` with which the class stays in the set.
    """

    level: float
    limits: Mapping[str, tuple[float, ...]]

    def interval(
        self, prediction: NDArray[np.float64], zones: Sequence[str]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lower and upper limit (n,) of a regression."""
        half = np.array([self.limits[zone][0] for zone in zones])
        return prediction - half, prediction + half

    def members(self, score: NDArray[np.float64], zones: Sequence[str]) -> NDArray[np.bool_]:
        """(n, 2): may the class be 0, may it be 1? Both: the model cannot tell."""
        limits = np.array([self.limits[zone] for zone in zones]).reshape(-1, 2)
        return np.column_stack([score <= limits[:, 0], 1 - score <= limits[:, 1]])

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {"level": self.level, "limits": {zone: list(v) for zone, v in self.limits.items()}}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Bounds:
        """Read back what :meth:`to_dict` wrote."""
        return cls(data["level"], {zone: tuple(v) for zone, v in data["limits"].items()})


def calibrate(
    y: NDArray[np.float64],
    prediction: NDArray[np.float64],
    zones: Sequence[str],
    *,
    classify: bool,
    level: float = LEVEL,
) -> Bounds:
    """Limits from predictions of compounds that were held out (each array (n,))."""
    where = np.array([ZONES.index(zone) for zone in zones])
    if classify:
        columns = [(y == 0, prediction), (y == 1, 1 - prediction)]
    else:
        columns = [(np.ones(len(y), dtype=bool), np.abs(y - prediction))]
    found = {}
    for number, zone in enumerate(ZONES):
        limits = (_limit(error[kept], where[kept], number, level) for kept, error in columns)
        found[zone] = tuple(min(limit, MOST) for limit in limits)
    return Bounds(level, found)


def _limit(error: NDArray[np.float64], where: NDArray[np.int64], zone: int, level: float) -> float:
    """The quantile of a zone; with too few errors, that of all zones from an inner one outward."""
    for inner in range(zone, -1, -1):
        own = error[where == zone] if inner == zone else error[where >= inner]
        if len(own) >= FEWEST:
            return quantile(own, level)
    return quantile(error, level)


def quantile(error: NDArray[np.float64], level: float) -> float:
    """The smallest limit that a new exchangeable error stays within with probability ``level``.

    Infinite with so few errors that there is none (fewer than 9 for 0.9).

    >>> quantile(np.arange(1.0, 10.0), 0.9)
    9.0
    """
    rank = int(np.ceil((len(error) + 1) * level - 1e-9))
    return float(np.sort(error)[rank - 1]) if rank <= len(error) else float("inf")
