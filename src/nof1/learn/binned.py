"""A table on agreed bins, made once and used by every model of the same rows.

Bins depend on the features and the patients alone, not on the outcome, the weights or the bags: an
analysis that trains twenty models on one table needs them once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nof1.learn.bins import SMALLEST_GROUP, Codes, agree_cuts, encode
from nof1.learn.coded import CodedTable
from nof1.learn.rows import Keys, patient_shares
from nof1.learn.sums import CountedSum, FloatArray, SecureSum, weighed


@dataclass(frozen=True, eq=False)
class Binned:
    """This site's rows on the bins of all sites.

    Attributes
    ----------
    cuts : of each feature, ascending.
    codes : (n_features, n_rows), 0 missing.
    counts : patients of all sites in each bin, one array for each feature.
    shares : (n_rows,) 1 / (rows of the same patient).
    """

    cuts: list[FloatArray]
    codes: Codes
    counts: list[FloatArray]
    shares: FloatArray

    @classmethod
    def agree(
        cls,
        X: FloatArray,
        keys: Keys,
        secure_sum: SecureSum,
        *,
        max_bins: int = 64,
        smallest: float = SMALLEST_GROUP,
    ) -> Binned:
        """Agree on the bins of ``X`` (n_rows, n_features) with all sites."""
        total = secure_sum if isinstance(secure_sum, CountedSum) else CountedSum(secure_sum)
        shares = patient_shares(keys)
        cuts = agree_cuts(X, shares, total, max_bins=max_bins, smallest=smallest)
        codes = encode(X, cuts)
        counts = total.together(
            *[weighed(c, shares, len(e) + 2) for c, e in zip(codes, cuts, strict=True)]
        )
        return cls(cuts, codes, counts, shares)

    @cached_property
    def table(self) -> CodedTable:
        """The codes, ready for histograms."""
        return CodedTable(self.codes, self.counts)

    def table_of(self, rows: NDArray[np.int64]) -> CodedTable:
        """The codes of some rows, ready for histograms."""
        return CodedTable(self.codes[:, rows], self.counts)

    def beside(self, more: Binned) -> Binned:
        """The same rows with the features of ``more`` behind these."""
        codes = np.vstack([self.codes, more.codes])
        return Binned([*self.cuts, *more.cuts], codes, [*self.counts, *more.counts], self.shares)

    @property
    def whole(self) -> Placed:
        """The places of all rows, for a trained model."""
        return Placed(self.codes, self.cuts)

    def at(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> Placed:
        """The places of some rows, for a trained model."""
        return Placed(self.codes[:, rows], self.cuts)


@dataclass(frozen=True, eq=False)
class Placed:
    """Bin codes (n_features, n_rows) of rows, and the cuts that made them."""

    codes: Codes
    cuts: list[FloatArray]

    def values(
        self, features: tuple[int, ...], edges: tuple[FloatArray, ...], table: FloatArray
    ) -> FloatArray:
        """What each row has in a term's table; its ``edges`` are some of the features' cuts."""
        places = [self._on(j, own) for j, own in zip(features, edges, strict=True)]
        fine = np.ascontiguousarray(table[np.ix_(*places)])
        if len(features) == 1:
            return np.asarray(fine[self.codes[features[0]]])
        cells = self.codes[features[0]] * np.int64(fine.shape[1]) + self.codes[features[1]]
        return np.asarray(fine.ravel()[cells])

    def _on(self, feature: int, edges: FloatArray) -> NDArray[np.int64]:
        """Bin on ``edges`` of each code of a feature."""
        below = np.searchsorted(edges, self.cuts[feature], side="right")
        place: NDArray[np.int64] = np.concatenate([[0, 1], below + 1]).astype(np.int64)
        return place
