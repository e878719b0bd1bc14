"""Known uses as a table: which medicine is used for which disease, and which pairs are none."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nof1.knowledge.base import SHIPPED, Base
from nof1.knowledge.indications import NOT_INDICATED, diseases, indications

Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Medicines (rows, m) against diseases (columns, d).

    Attributes
    ----------
    medicines, diseases : names, sorted. A disease may have no medicine at all.
    used : (m, d) 1 where the medicine changes the disease or its symptoms; 0 means not known.
    refused : (m, d) 1 where somebody looked and found that it is no treatment.
    """

    medicines: tuple[str, ...]
    diseases: tuple[str, ...]
    used: Bools
    refused: Bools

    def without(self, hidden: Bools) -> Pairs:
        """The same without some of the uses, for a test of the model."""
        return replace(self, used=self.used & ~hidden)


@functools.cache
def pairs(base: Base = SHIPPED, curated: bool = False) -> Pairs:
    """The indications in use; ``curated`` restricts them to those of PharmacotherapyDB."""
    rows = [row for row in indications(base) if row.curated or not curated]
    medicines = tuple(sorted({row.medicine for row in rows}))
    names = tuple(sorted(diseases(base)))
    place = {name: number for number, name in enumerate(medicines)}
    column = {name: number for number, name in enumerate(names)}
    used = np.zeros((len(medicines), len(names)), dtype=np.bool_)
    refused = used.copy()
    for row in rows:
        table = refused if row.kind == NOT_INDICATED else used
        table[place[row.medicine], column[row.disease]] = True
    return Pairs(medicines, names, used, refused)
