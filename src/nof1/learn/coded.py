"""A table of bin codes that adds up histograms and hands out scores quickly.

Most columns of a record are nearly empty counts. Where one bin holds most rows of all sites, only
the other rows are listed; the usual bin's histogram is the rest of the total.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1.learn.bins import Codes
from nof1.learn.sums import FloatArray

USUAL_SHARE = 0.7
"""List only the unusual rows when the usual bin holds at least this share of all rows."""


@dataclass(frozen=True)
class _Listed:
    usual: int
    rows: NDArray[np.int64]
    codes: Codes


class CodedTable:
    """Codes of this site's rows for terms with ``sizes[j]`` bins each.

    Parameters
    ----------
    codes : (n_terms, n_rows) uint8.
    counts : rows of all sites in each bin, one array for each term; decides what is listed.
    """

    def __init__(self, codes: Codes, counts: Sequence[FloatArray]) -> None:
        self.codes = np.ascontiguousarray(codes)
        self.n_rows = codes.shape[1]
        self.offsets = np.r_[0, np.cumsum([len(count) for count in counts])].astype(np.int64)
        self.listed = [self._list(j, count) for j, count in enumerate(counts)]

    @property
    def n_terms(self) -> int:
        return len(self.listed)

    @property
    def n_bins(self) -> int:
        """Bins of all terms together."""
        return int(self.offsets[-1])

    def _list(self, term: int, count: FloatArray) -> _Listed | None:
        usual = int(np.argmax(count))
        if count[usual] < USUAL_SHARE * count.sum():
            return None
        rows = np.flatnonzero(self.codes[term] != usual)
        return _Listed(usual, rows, self.codes[term][rows])

    def bins(self, terms: NDArray[np.int64]) -> NDArray[np.int64]:
        """Rows of a table of all bins that belong to the terms."""
        return np.concatenate(
            [np.arange(self.offsets[j], self.offsets[j + 1]) for j in terms] or [np.empty(0, int)]
        ).astype(np.int64)

    def histogram(self, values: FloatArray, terms: NDArray[np.int64]) -> FloatArray:
        """Sums of values (n_rows, k) in each bin: (n_bins, k), zero outside the listed terms."""
        from nof1.learn import kernels

        table = np.zeros((self.n_bins, values.shape[1]))
        whole = kernels.column_sums(values)
        for j in terms:
            start, listed = self.offsets[j], self.listed[j]
            if listed is None:
                kernels.add_dense(self.codes[j], values, start, table)
            else:
                kernels.add_listed(listed.rows, listed.codes, values, start, table)
                rest = whole - table[start : self.offsets[j + 1]].sum(axis=0)
                table[start + listed.usual] += rest
        return table

    def spread(self, table: FloatArray, terms: NDArray[np.int64]) -> FloatArray:
        """Sum of the terms' table rows for each row: (n_rows, k)."""
        from nof1.learn import kernels

        values = np.zeros((self.n_rows, table.shape[1]))
        for j in terms:
            start, listed = self.offsets[j], self.listed[j]
            if listed is None:
                kernels.spread_dense(self.codes[j], table, start, values)
            else:
                values += table[start + listed.usual]
                kernels.spread_listed(listed.rows, listed.codes, table, start, listed.usual, values)
        return values
