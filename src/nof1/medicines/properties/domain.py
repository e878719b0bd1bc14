"""Does the model know compounds like this one? Inside, at the edge, or outside of its domain.

- *inside*: the scaffold was in training, and the nearest training compound has Tanimoto ``NEAR`` or
  more (ECFP4);
- *outside*: nothing as similar as ``FAR`` was in training and the scaffold is new; or the compound
  has an element that training never had; or its size, log P or polar surface lies far beyond the
  training range. A prediction there would be a guess: it is withheld;
- *edge*: everything between.

The limits are fixed, not fitted; how often the interval held in each zone stands in the card.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.medicines.chemistry.descriptors import NAMES
from nof1.medicines.chemistry.fingerprints import Packed, nearest, packed
from nof1.medicines.chemistry.splits import scaffolds
from nof1.medicines.chemistry.toolkit import Molecule

INSIDE, EDGE, OUTSIDE = "inside", "edge", "outside"
ZONES = (INSIDE, EDGE, OUTSIDE)
NEAR, FAR = 0.35, 0.2
WATCHED = {"amw": "molecular weight", "CrippenClogP": "log P", "tpsa": "polar surface"}
MARGIN = 0.25  # of the training range, on both sides


@dataclass(frozen=True)
class Shape:
    """What the domain looks at: fingerprints (n, 256), scaffolds, elements, watched descriptors."""

    prints: Packed
    scaffolds: list[str]
    elements: list[frozenset[str]]
    watched: NDArray[np.float64]

    def rows(self, rows: Any) -> Shape:
        """Only these rows."""
        return Shape(
            self.prints[rows],
            [self.scaffolds[row] for row in rows],
            [self.elements[row] for row in rows],
            self.watched[rows],
        )


def shape(molecules: Sequence[Molecule], descriptors: NDArray[np.float32]) -> Shape:
    """Look at molecules; ``descriptors`` as ``describe`` gives them."""
    return Shape(
        packed(molecules),
        scaffolds(molecules),
        [frozenset(atom.GetSymbol() for atom in molecule.GetAtoms()) for molecule in molecules],
        descriptors[:, [NAMES.index(name) for name in WATCHED]].astype(np.float64),
    )


@dataclass(frozen=True)
class Verdict:
    """Zone of one compound and why.

    Attributes
    ----------
    similarity : Tanimoto to the nearest training compound, whose position is ``neighbour`` (-1:
    none).
    """

    zone: str
    reason: str
    similarity: float
    neighbour: int
    scaffold_seen: bool


@dataclass(frozen=True)
class Domain:
    """The training compounds, as far as the verdict needs them."""

    prints: Packed
    scaffolds: frozenset[str]
    elements: frozenset[str]
    low: tuple[float, ...]
    high: tuple[float, ...]

    @classmethod
    def of(cls, training: Shape) -> Domain:
        """The domain of these training compounds."""
        low, high = np.nanmin(training.watched, axis=0), np.nanmax(training.watched, axis=0)
        room = MARGIN * (high - low)
        return cls(
            training.prints,
            frozenset(training.scaffolds),
            frozenset().union(*training.elements),
            tuple(float(one) for one in low - room),
            tuple(float(one) for one in high + room),
        )

    def judge(self, compounds: Shape) -> list[Verdict]:
        """A verdict for each compound."""
        similarity, neighbour = nearest(compounds.prints, self.prints)
        return [
            self._verdict(compounds, row, float(similarity[row]), int(neighbour[row]))
            for row in range(len(compounds.prints))
        ]

    def _verdict(self, compounds: Shape, row: int, similarity: float, neighbour: int) -> Verdict:
        seen = compounds.scaffolds[row] in self.scaffolds
        zone, reason = self._zone(compounds, row, similarity, seen)
        return Verdict(zone, reason, similarity, neighbour, seen)

    def _zone(self, compounds: Shape, row: int, similarity: float, seen: bool) -> tuple[str, str]:
        strange = sorted(compounds.elements[row] - self.elements)
        if strange:
            return OUTSIDE, f"training had no compound with {', '.join(strange)}"
        for name, value, low, high in zip(
            WATCHED.values(), compounds.watched[row], self.low, self.high, strict=True
        ):
            if not low <= value <= high:
                return OUTSIDE, f"{name} {value:.3g} is far from training ({low:.3g} to {high:.3g})"
        scaffold = "scaffold seen in training" if seen else "scaffold new"
        reason = f"nearest training compound {similarity:.2f}, {scaffold}"
        if similarity >= NEAR and seen:
            return INSIDE, reason
        return (EDGE if similarity >= FAR or seen else OUTSIDE), reason

    def to_dict(self) -> dict[str, Any]:
        """JSON form, without the fingerprints."""
        return {
            "near": NEAR,
            "far": FAR,
            "scaffolds": sorted(self.scaffolds),
            "elements": sorted(self.elements),
            "low": list(self.low),
            "high": list(self.high),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], prints: Packed) -> Domain:
        """Read back what :meth:`to_dict` wrote."""
        return cls(
            prints,
            frozenset(data["scaffolds"]),
            frozenset(data["elements"]),
            tuple(data["low"]),
            tuple(data["high"]),
        )
