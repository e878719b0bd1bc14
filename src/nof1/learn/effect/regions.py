"""Regions in which (almost) nobody took one of the options: no choice, in words.

A region is one or a few limits on features, such as age from 85 on. It is stored with a model and
says of a single patient what a chance of the option cannot: *why* there is no counterpart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.learn.bins import single
from nof1.learn.sums import FloatArray


@dataclass(frozen=True)
class Side:
    """One limit: a value from ``low`` on and below ``high``, or a missing value.

    Attributes
    ----------
    feature : position of the column; name : of it.
    low, high : None where there is no such limit; both None means that the value is missing.
    """

    feature: int
    name: str
    low: float | None = None
    high: float | None = None

    @property
    def missing(self) -> bool:
        """Whether the side asks for a missing value."""
        return self.low is None and self.high is None

    def inside(self, values: FloatArray) -> NDArray[np.bool_]:
        """(n,) for the column's values (n,); a missing value is on no other side than its own."""
        if self.missing:
            return np.isnan(values)
        rounded = single(values)  # as bins are made
        found = ~np.isnan(rounded)
        if self.low is not None:
            found &= rounded >= self.low
        if self.high is not None:
            found &= rounded < self.high
        return np.asarray(found)


@dataclass(frozen=True)
class Region:
    """Where hardly anybody took an option.

    Attributes
    ----------
    sides : all of them hold.
    option : the one that hardly anybody took; 1 of interest, 0 comparator.
    people : of all sites, in the region; never fewer than ten.
    most : upper limit (95 %, one-sided) of the share who took it, rounded up to a hundredth.
    """

    sides: tuple[Side, ...]
    option: int
    people: float
    most: float

    def inside(self, X: FloatArray) -> NDArray[np.bool_]:
        """(n,) whether each row (n, p) lies in the region."""
        found = np.ones(len(X), dtype=bool)
        for side in self.sides:
            found &= side.inside(X[:, side.feature])
        return found

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        sides = [{"feature": s.feature, "name": s.name, "low": s.low, "high": s.high}
                 for s in self.sides]  # fmt: skip
        return {"sides": sides, "option": self.option, "people": self.people, "most": self.most}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Region:
        """Read back what ``to_dict`` wrote."""
        sides = tuple(Side(**one) for one in data["sides"])
        return cls(sides, int(data["option"]), float(data["people"]), float(data["most"]))


def lonely(regions: Sequence[Region], X: FloatArray) -> NDArray[np.bool_]:
    """(n,) whether each row (n, p) lies in any of the regions."""
    found = np.zeros(len(X), dtype=bool)
    for region in regions:
        found |= region.inside(X)
    return found
