"""What the models see of a compound: 71 fast descriptors, and how often common surroundings come.

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

FEWEST = 3
RARE = 500


@dataclass(frozen=True)
class Raw:
    """Descriptors (n, 71), and counts of all surroundings (n, 2048), sparse."""

    descriptors: NDArray[np.float32]
    counts: Any

    def rows(self, rows: Any) -> Raw:
        """Only these rows."""
        return Raw(self.descriptors[rows], self.counts[rows])


@dataclass(frozen=True)
class Columns:
    """Which surroundings are used, and what stands for a descriptor that cannot be computed."""

    bins: tuple[int, ...]
    fill: tuple[float, ...]

    def table(self, raw: Raw) -> NDArray[np.float32]:
        """(n, columns) descriptors, then counts; no NaN."""
        described = np.where(
            np.isnan(raw.descriptors), np.array(self.fill, np.float32), raw.descriptors
        )
        found: NDArray[np.float32] = np.hstack(
            [described, raw.counts[:, list(self.bins)].toarray()]
        ).astype(np.float32)
        return found

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "bins": list(self.bins),
            "fill": list(self.fill),
            "descriptors": list(NAMES),
            "rdkit": VERSION,
        }


def raw(molecules: Sequence[Molecule]) -> Raw:
    """Everything that can be seen of these molecules."""
    return Raw(describe(molecules), counts(molecules))


def columns(training: Raw) -> Columns:
    """Choose the surroundings on training compounds alone."""
    carriers = np.asarray((training.counts > 0).sum(axis=0)).ravel()
    needed = max(FEWEST, training.counts.shape[0] // RARE)
    with np.errstate(all="ignore"):
        middle = np.nan_to_num(np.nanmedian(training.descriptors, axis=0))
    return Columns(
        tuple(int(one) for one in np.flatnonzero(carriers >= needed)),
        tuple(float(one) for one in middle),
    )
