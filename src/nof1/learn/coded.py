"""A table of bin codes that adds up histograms and hands out scores quickly.

Most columns of a record are nearly empty counts. Where one bin holds most rows of all sites, only
the other rows are listed; the usual bin's histogram is the rest of the total.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.learn.bins import Codes
from nof1.learn.sums import FloatArray

USUAL_SHARE = 0.7
"""List only the unusual rows when the usual bin holds at least this share of all rows."""
NOT_LISTED = -1
Flat = tuple[Codes, NDArray[Any], Codes, NDArray[np.int64], NDArray[np.int64]]
"""Codes, rows and codes of what is listed, where each term's begin, and the usual codes."""


@dataclass(frozen=True, eq=False)
class Listed:
    """The usual code of a term, and the rows with another, ascending, with their codes."""

    usual: int
    rows: NDArray[Any]
    codes: Codes


class CodedTable:
    """Codes of this site's rows for terms with ``sizes[j]`` bins each.

    Parameters
    ----------
    codes : (n_terms, n_rows) uint8.
    counts : rows of all sites in each bin, one array for each term; decides what is listed.

    Attributes
    ----------
    offsets : (n_terms + 1,) where each term's bins begin in a table of all bins.
    usual : (n_terms,) the usual bin of a listed term, -1 where nothing is listed.
    """

    def __init__(self, codes: Codes, counts: Sequence[FloatArray]) -> None:
        self.codes = np.ascontiguousarray(codes)
        self.n_terms, self.n_rows = self.codes.shape
        self.sizes = np.array([len(count) for count in counts], dtype=np.int64)
        self.offsets = np.r_[0, np.cumsum(self.sizes)].astype(np.int64)
        self.usual = np.array([_usual(count) for count in counts], dtype=np.int64)
        listed = [self._rare(j, usual) for j, usual in enumerate(self.usual)]
        rare = [own[rows] for own, rows in zip(self.codes, listed, strict=True)]
        self._flat: Flat = (
            self.codes,
            np.concatenate([np.empty(0, np.int32), *listed]),
            np.concatenate([np.empty(0, np.uint8), *rare]),
            np.r_[0, np.cumsum([len(rows) for rows in listed])].astype(np.int64),
            self.usual,
        )

    @property
    def n_bins(self) -> int:
        """Bins of all terms together."""
        return int(self.offsets[-1])

    def _rare(self, term: int, usual: int) -> NDArray[np.int32]:
        if usual == NOT_LISTED:
            return np.empty(0, np.int32)
        return np.flatnonzero(self.codes[term] != usual).astype(np.int32)

    def starts(self, terms: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where the bins of each of the terms begin in a table of their bins alone, and its end."""
        starts = np.zeros(len(terms) + 1, dtype=np.int64)
        np.cumsum(self.sizes[terms], out=starts[1:])
        return starts

    def bins(self, terms: NDArray[np.int64]) -> NDArray[np.int64]:
        """Rows of a table of all bins that belong to the terms."""
        starts = self.starts(terms)
        shift = np.repeat(self.offsets[terms] - starts[:-1], self.sizes[terms])
        return np.asarray(np.arange(starts[-1]) + shift)

    def histogram(self, values: FloatArray, terms: NDArray[np.int64]) -> FloatArray:
        """Sums of values (n_rows, k) in each bin: (n_bins, k), zero outside the given terms."""
        from nof1.learn import passes

        table = np.zeros((self.n_bins, values.shape[1]))
        table[self.bins(terms)] = self.sums(values, terms, passes.column_sums(values))
        return table

    def sums(self, values: FloatArray, terms: NDArray[np.int64], whole: FloatArray) -> FloatArray:
        """Sums of values (n_rows, k) in each bin of the terms, one term after the other.

        ``whole`` (k,) are the column sums of the values.
        """
        from nof1.learn import passes

        found: FloatArray = passes.histogram(
            *self._flat, np.asarray(terms), self.starts(terms), values, whole
        )
        return found

    def spread(
        self, table: FloatArray, terms: NDArray[np.int64], out: FloatArray | None = None
    ) -> FloatArray:
        """Sum (n_rows, k) of each row's places in ``table``, which holds the terms' bins alone."""
        from nof1.learn import passes

        values = np.empty((self.n_rows, table.shape[1])) if out is None else out
        passes.spread(*self._flat, np.asarray(terms), self.starts(terms), table, values)
        return values

    @cached_property
    def listed(self) -> list[Listed | None]:
        """What is listed of each term; None where nothing is."""
        _, rows, codes, first, _ = self._flat
        return [
            None if usual == NOT_LISTED
            else Listed(int(usual), rows[first[j] : first[j + 1]], codes[first[j] : first[j + 1]])
            for j, usual in enumerate(self.usual)
        ]  # fmt: skip


def _usual(count: FloatArray) -> int:
    usual = int(np.argmax(count))
    return usual if count[usual] >= USUAL_SHARE * count.sum() else NOT_LISTED
