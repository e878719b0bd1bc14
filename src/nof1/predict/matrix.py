"""The feature matrix: sparse as the kernel wrote it, dense where a learner wants it.

Most patients have few of all codes, so only what happened is stored: one entry for each row, window
and code with an event, and all aggregates of the entry share its place. What is *not* stored is
absent: 0 for counts and sums, NaN for everything else. A stored 0 is a true zero.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nof1.core.errors import UsageError
from nof1.predict.spec import ZERO_WHEN_ABSENT, FeatureSpec

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Array = npt.NDArray[Any]
Dense = npt.NDArray[np.float64]
MOST_ROWS = 1024


@dataclass(frozen=True)
class Block:
    """The rows that came from one shard.

    Attributes
    ----------
    rows : int64 (n_rows,), their positions in the whole matrix.
    starts : int64 (n_rows * n_windows + 1,), where the entries of each row and window start.
    code : int32 (n_entries,), position of the code in ``spec.codes``.
    aggregates : for each aggregate an array (n_entries,).
    static : float64 (n_rows, n_static).
    """

    rows: Array
    starts: Array
    code: Array
    aggregates: dict[str, Array]
    static: Array

    def parts(self, n_windows: int, most: int = MOST_ROWS) -> Iterator[Block]:
        """The block in pieces of a few rows, so that work on it needs little memory."""
        for first in range(0, len(self.rows), most):
            rows = slice(first, first + most)
            starts = self.starts[first * n_windows : (first + most) * n_windows + 1]
            entries = slice(starts[0], starts[-1])
            yield Block(
                self.rows[rows],
                starts - starts[0],
                self.code[entries],
                {name: values[entries] for name, values in self.aggregates.items()},
                self.static[rows],
            )


@dataclass(frozen=True)
class FeatureMatrix:
    """Features of a cohort: one row for each subject and prediction time, in the cohort's order.

    Attributes
    ----------
    spec : what the columns mean.
    subject_id : int64 (n_rows,).
    prediction_time : datetime64[us] (n_rows,), UTC.
    blocks : every row is in exactly one block.
    without_events : rows whose subject has no usable code in any shard; they are all absent.
    """

    spec: FeatureSpec
    subject_id: Array
    prediction_time: Array
    blocks: tuple[Block, ...]
    without_events: int = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns."""
        return self.spec.columns

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.subject_id), self.spec.n_columns

    @property
    def n_entries(self) -> int:
        """Number of stored entries (row, window, code)."""
        return sum(len(block.code) for block in self.blocks)

    def dense(self, columns: Sequence[str] | None = None) -> Dense:
        """Some columns (default: all), in the order asked for.

        Returns
        -------
        float64 (n_rows, n_columns): absent counts and sums are 0, other absent values NaN.

        Raises
        ------
        UsageError : for an unknown or repeated column.
        """
        chosen = _Chosen.of(self.spec, columns)
        filled = np.empty((self.shape[0], len(chosen.numbers)))
        for block in self.blocks:
            for part in block.parts(len(self.spec.windows)):
                filled[part.rows] = chosen.fill(part)[0]
        return filled

    def column(self, name: str) -> Dense:
        """One column as float64 (n_rows,)."""
        return self.dense([name])[:, 0]

    def csr(self, columns: Sequence[str] | None = None) -> csr_matrix:
        """Some columns as a SciPy CSR matrix that means the same as ``dense`` (for LightGBM).

        Sparse readers take what is not stored as 0. So absent counts and sums stay unstored, true
        zeros are stored, and absent values of the other aggregates are stored as NaN: they cost
        memory, but a laboratory value that was not measured never turns into a zero.
        """
        from scipy.sparse import csr_matrix, vstack

        chosen = _Chosen.of(self.spec, columns)
        order, parts = [], [csr_matrix((0, len(chosen.numbers)))]
        for block in self.blocks:
            for part in block.parts(len(self.spec.windows)):
                values, *entries = chosen.fill(part)
                stored = values != 0
                stored[tuple(entries)] = True
                row, column = np.nonzero(stored)
                parts.append(csr_matrix((values[row, column], (row, column)), shape=values.shape))
                order.append(part.rows)
        position = np.argsort(np.concatenate(order)) if order else np.empty(0, np.int64)
        return vstack(parts, format="csr")[position]


@dataclass(frozen=True)
class _Chosen:
    """The columns that a caller asked for, and where each stored value goes."""

    spec: FeatureSpec
    numbers: Array
    places: Array | None  # (n_columns,): output column or -1; None: all columns in their order

    @classmethod
    def of(cls, spec: FeatureSpec, columns: Sequence[str] | None) -> _Chosen:
        if columns is None:
            return cls(spec, np.arange(spec.n_columns), None)
        numbers = np.array([spec.number(name) for name in columns], np.int64)
        if len(np.unique(numbers)) != len(numbers):
            raise UsageError("A column was asked for twice.", allowed="each column once")
        places = np.full(spec.n_columns, -1, np.int64)
        places[numbers] = np.arange(len(numbers))
        return cls(spec, numbers, places)

    def fill(self, block: Block) -> tuple[Dense, Array, Array]:
        """The dense values of a block, and the rows and columns of its stored entries."""
        absent = absent_values(self.spec)
        filled = np.empty((len(block.rows), len(self.numbers)))
        filled[:] = absent if self.places is None else absent[self.numbers]
        to = np.flatnonzero(self.numbers < block.static.shape[1])
        filled[:, to] = block.static[:, self.numbers[to]]
        n_windows = max(len(self.spec.windows), 1)
        slot = np.repeat(np.arange(len(block.starts) - 1), np.diff(block.starts))
        row, window = np.divmod(slot, n_windows)
        cell = (block.code.astype(np.int64) * n_windows + window) * len(self.spec.aggregates)
        first = cell + len(self.spec.static_columns)
        rows, columns = [], []
        for i, name in enumerate(self.spec.aggregates):
            column = first + i if self.places is None else self.places[first + i]
            kept = np.flatnonzero(column >= 0)
            filled[row[kept], column[kept]] = block.aggregates[name][kept]
            rows.append(row[kept])
            columns.append(column[kept])
        return filled, _joined(rows), _joined(columns)


def _joined(parts: list[Array]) -> Array:
    return np.concatenate([np.empty(0, np.int64), *parts])


@lru_cache(maxsize=64)
def absent_values(spec: FeatureSpec) -> Dense:
    """What each column holds when nothing is known: 0 or NaN. Do not write to it."""
    static = [np.nan] * int(spec.age) + [0.0] * len(spec.static_codes)
    static += [np.nan] * len(spec.static_values)
    windowed = [0.0 if name in ZERO_WHEN_ABSENT else np.nan for name in spec.aggregates]
    absent = np.array(static + windowed * (len(spec.codes) * len(spec.windows)), np.float64)
    absent.flags.writeable = False
    return absent
