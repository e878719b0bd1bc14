"""Smooth curves over the ranks of a feature: few numbers carry a curve, so little noise is needed.

Noise in each of 16 bins would cost 16 unknown numbers a feature. A curve is written as a few
cosines of the rank instead, each quicker one with less weight. The sensitivity is the length of a
patient's vector of cosines, so what a curve hardly needs costs hardly anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nof1.federation.private.bins import Binned
from nof1.learn.bins import Codes
from nof1.learn.sums import FloatArray, weighed

WAVES = 6
DECAY = 0.9
LEVEL = 1.0
"""Weight of the intercept beside the curves."""
LEAST_SPREAD = 0.05
"""Smallest variance that a number of a curve is taken to have, so that no step explodes."""


@dataclass(frozen=True)
class Basis:
    """Curves of all columns as one linear model; ``size`` numbers, the first the intercept.

    Attributes
    ----------
    tables : per column (bins, k): what each bin adds to each of the column's k numbers.
    starts : (p + 1,) place of each column's first number.
    spread : (size,) mean square of each number over the patients, from noised shares.
    degree : (size,) which wave a number is: -1 the intercept, 0.. waves, 99 missing.
    usual : mean squared length of a patient's vector.
    """

    tables: tuple[FloatArray, ...]
    starts: tuple[int, ...]
    spread: FloatArray
    degree: tuple[int, ...]
    usual: float

    @property
    def size(self) -> int:
        """How many numbers the model has."""
        return self.starts[-1]

    @classmethod
    def of(cls, binned: Sequence[Binned], waves: int = WAVES, decay: float = DECAY) -> Basis:
        """The basis for bins that are agreed on."""
        tables, degree, spread, starts = [], [-1], [LEVEL**2], [1]
        for one in binned:
            table, kinds = _table(one, waves, decay)
            tables.append(table)
            degree += kinds
            spread += list(one.shares @ table**2)
            starts.append(starts[-1] + len(kinds))
        usual = float(np.sum(spread))
        return cls(
            tuple(tables), tuple(starts), np.maximum(spread, LEAST_SPREAD), tuple(degree), usual
        )

    def lengths(self, codes: Codes) -> FloatArray:
        """Length of each row's vector (n,)."""
        square = np.full(codes.shape[1], LEVEL**2)
        for table, code in zip(self.tables, codes, strict=True):
            square += (table**2).sum(axis=1)[code]
        return np.asarray(np.sqrt(square), dtype=np.float64)

    def scores(self, values: FloatArray, codes: Codes) -> FloatArray:
        """Log odds of each row (n,)."""
        score = np.full(codes.shape[1], LEVEL * values[0])
        for j, code in enumerate(codes):
            score += self.curve(values, j)[code]
        return score

    def gather(self, weights: FloatArray, codes: Codes) -> FloatArray:
        """Sum over the rows of weight times vector: (size,)."""
        found = np.empty(self.size)
        found[0] = LEVEL * weights.sum()
        for j, (table, code) in enumerate(zip(self.tables, codes, strict=True)):
            mass = weighed(code, weights, len(table))
            found[self.starts[j] : self.starts[j + 1]] = mass @ table
        return found

    def curve(self, values: FloatArray, column: int) -> FloatArray:
        """What each bin of a column adds (bins,)."""
        own = values[self.starts[column] : self.starts[column + 1]]
        made: FloatArray = self.tables[column] @ own
        return made


def _table(one: Binned, waves: int, decay: float) -> tuple[FloatArray, list[int]]:
    """Cosines of one column's bins, centred; one number for missing values where they are many."""
    kinds = list(range(min(waves, len(one.ranks) - 1)))
    table = np.zeros((len(one.shares), len(kinds)))
    if kinds:
        angle = np.pi * np.outer(one.ranks, np.arange(1, len(kinds) + 1))
        table[1:] = np.sqrt(2.0) * np.cos(angle) * decay ** np.arange(len(kinds))
        present = one.shares[1:] / max(float(one.shares[1:].sum()), 1e-9)
        table[1:] -= present @ table[1:]
    if one.missing and kinds:
        sign = np.zeros((len(one.shares), 1))
        sign[0] = 1.0
        return np.hstack([table, sign - one.shares[0]]), [*kinds, MISSING]
    return table, kinds


MISSING = 99
