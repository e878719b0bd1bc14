"""Compounds as the models, the domain and the splits see them, computed once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.medicines.chemistry.splits import folds
from nof1.medicines.chemistry.toolkit import Molecule
from nof1.medicines.properties.domain import Domain, Shape, shape
from nof1.medicines.properties.features import Columns, Raw, columns, raw

FOLDS = 5


@dataclass(frozen=True)
class Compounds:
    """Features and shape of many compounds, row by row."""

    raw: Raw
    shape: Shape

    @classmethod
    def of(cls, molecules: Sequence[Molecule], *, electronic: bool = False) -> Compounds:
        """Look at standardised molecules; ``electronic`` for tables that :func:`smooth` names."""
        seen = raw(molecules, electronic=electronic)
        return cls(seen, shape(molecules, seen.descriptors))

    def rows(self, rows: Any) -> Compounds:
        """Only these rows."""
        return Compounds(self.raw.rows(rows), self.shape.rows(rows))

    def __len__(self) -> int:
        return len(self.shape.prints)


@dataclass(frozen=True)
class Training:
    """Compounds to learn from, cut into inner folds at random."""

    compounds: Compounds
    seed: int = 0

    @cached_property
    def columns(self) -> Columns:
        """Which surroundings are common enough here."""
        return columns(self.compounds.raw)

    @cached_property
    def table(self) -> NDArray[np.float32]:
        """(n, columns) what the learner sees."""
        return self.columns.table(self.compounds.raw)

    @cached_property
    def fold(self) -> NDArray[np.int64]:
        """(n,) inner fold of each compound."""
        return folds(len(self.compounds), FOLDS, self.seed)

    @cached_property
    def domain(self) -> Domain:
        """The domain of all of them."""
        return Domain.of(self.compounds.shape)

    @cached_property
    def zones(self) -> NDArray[np.str_]:
        """(n,) zone of each compound as seen from the other inner folds."""
        found = np.empty(len(self.compounds), dtype="<U8")
        for number in range(FOLDS):
            own = np.flatnonzero(self.fold == number)
            others = Domain.of(self.compounds.shape.rows(np.flatnonzero(self.fold != number)))
            found[own] = [one.zone for one in others.judge(self.compounds.shape.rows(own))]
        return found
