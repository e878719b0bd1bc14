"""What the models see of a compound: 71 fast descriptors, and how often common surroundings come.

Small tables of numbers also get how charge is spread (``electronic``), for the kernel learner.

A surrounding (a bin of the count fingerprint) is common when at least ``FEWEST`` training compounds
and one in ``RARE`` have it; the others only invite learning by heart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.medicines.chemistry.descriptors import NAMES, describe
from nof1.medicines.chemistry.fingerprints import counts
from nof1.medicines.chemistry.toolkit import VERSION, Molecule
from nof1.medicines.properties.electronic import spread

FEWEST = 3
RARE = 500


@dataclass(frozen=True)
class Raw:
    """Descriptors (n, 71), counts of all surroundings (n, 2048), sparse, and charges.

    Attributes
    ----------
    electronic : (n, ``electronic.WIDTH``), or (n, 0) when no learner needs them.
    """

    descriptors: NDArray[np.float32]
    counts: Any
    electronic: NDArray[np.float32]

    def rows(self, rows: Any) -> Raw:
        """Only these rows."""
        return Raw(self.descriptors[rows], self.counts[rows], self.electronic[rows])


@dataclass(frozen=True)
class Columns:
    """Which surroundings are used, and what stands for a descriptor that cannot be computed.

    Attributes
    ----------
    electronic : number of columns about charge, the last ones of the table.
    """

    bins: tuple[int, ...]
    fill: tuple[float, ...]
    electronic: int = 0

    def table(self, raw: Raw) -> NDArray[np.float32]:
        """(n, columns) descriptors, then counts, then charges; no NaN."""
        described = np.where(
            np.isnan(raw.descriptors), np.array(self.fill, np.float32), raw.descriptors
        )
        found: NDArray[np.float32] = np.hstack(
            [described, raw.counts[:, list(self.bins)].toarray(), raw.electronic]
        ).astype(np.float32)
        return found

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "bins": list(self.bins),
            "fill": list(self.fill),
            "electronic": self.electronic,
            "descriptors": list(NAMES),
            "rdkit": VERSION,
        }


def raw(molecules: Sequence[Molecule], *, electronic: bool = False) -> Raw:
    """Everything that can be seen of these molecules; with ``electronic``, charges too."""
    charges = spread(molecules) if electronic else np.zeros((len(molecules), 0), np.float32)
    return Raw(describe(molecules), counts(molecules), charges)


def columns(training: Raw) -> Columns:
    """Choose the surroundings on training compounds alone."""
    carriers = np.asarray((training.counts > 0).sum(axis=0)).ravel()
    needed = max(FEWEST, training.counts.shape[0] // RARE)
    with np.errstate(all="ignore"):
        middle = np.nan_to_num(np.nanmedian(training.descriptors, axis=0))
    return Columns(
        tuple(int(one) for one in np.flatnonzero(carriers >= needed)),
        tuple(float(one) for one in middle),
        training.electronic.shape[1],
    )
