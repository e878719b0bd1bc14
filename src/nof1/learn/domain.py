"""Is this person like those the model has seen?

A tree of features (Chow & Liu) gives the probability of each value given one related feature, from
counts of training rows. Two numbers say how unusual a person is: the surprise summed over all
features (an unusual combination) and the largest single surprise (one value, one pair, one missing
measurement never seen). Each is ranked among calibration rows, the smaller rank is ranked again;
the result is a conformal p-value: at level 0.01 one of 100 people *like the calibration rows* is
called atypical, and people unlike them more often.

Everything is made of counts (``secure_sum``), and counts below 10 are blurred.

References
----------
Chow & Liu, IEEE Trans. Inf. Theory 14 (1968) 462; Laxhammar & Falkman, Ann. Math. Artif. Intell. 74
(2015) 67 (conformal anomaly detection).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nof1.core.errors import ModelError
from nof1.learn.figures import IntArray
from nof1.learn.levels import (
    FAR_ABOVE,
    FAR_BELOW,
    LEVELS,
    MISSING,
    RANGES,
    Codes,
    Levels,
    level_counts,
    without_small,
)
from nof1.learn.sums import FloatArray, SecureSum, local_sum

DOMAIN_LEVEL = 0.01
PAIRED = 64  # features that are looked at in pairs (those with most spread)
NEVER = 0.05  # people counted at a level that nobody had
LEAST_TOGETHER = 10  # calibration rows that are told apart from others only together
BORROWED = 5.0  # people by which a pair leans on the feature alone
RARE = 0.005  # share of people below which a level is unusual by itself
MISSING_COUNT = "number of missing values"
SUM_GRID = np.linspace(-6, 14, 1001)  # standard deviations of the summed surprise
LARGEST_GRID = np.linspace(0, 25, 1001)  # natural log units
RANK_GRID = np.linspace(0, 16, 1601)  # -log of the smaller rank


@dataclass(frozen=True, slots=True)
class Unusual:
    """One feature that makes a person atypical, in words; ``surprise`` is -log probability."""

    feature: str
    reason: str
    surprise: float


@dataclass(frozen=True, slots=True)
class DomainCheck:
    """``inside``: like what the model has seen; otherwise ``unusual`` names 1 to 3 features."""

    inside: bool
    p_value: float
    level: float
    unusual: tuple[Unusual, ...]


@dataclass(frozen=True)
class Domain:
    """What the model has seen.

    Parameters
    ----------
    levels : how values are read.
    parent : (p + 1,) index of the related feature, -1 for none; the last is the missing count.
    log_probability : (p + 1, LEVELS, LEVELS) of a level (last axis) given the parent's level.
    marginal : (p + 1, LEVELS) log probability of a level alone.
    centre, spread : mean and standard deviation of the summed surprise in training.
    tables : calibration counts over the three grids.
    """

    levels: Levels
    parent: tuple[int, ...]
    log_probability: FloatArray
    marginal: FloatArray
    centre: float
    spread: float
    tables: tuple[FloatArray, FloatArray, FloatArray]

    @classmethod
    def fit(
        cls,
        training: ArrayLike,
        calibration: ArrayLike,
        cuts: Sequence[ArrayLike],
        names: Sequence[str],
        *,
        secure_sum: SecureSum = local_sum,
    ) -> Domain:
        """Learn the tree on training rows and the ranks on other, calibration, rows.

        Parameters
        ----------
        training, calibration : (n, p) float with NaN = missing.
        cuts : per feature its cuts (those of the learner's bins).

        Raises
        ------
        ModelError : when fewer than 100 calibration rows are there.
        """
        levels = Levels.fit(cuts, names)
        codes = _with_missing_count(levels.codes(training))
        counts = secure_sum(level_counts(codes).ravel()).reshape(-1, LEVELS)
        chosen = _most_spread(counts)
        pairs = secure_sum(_pair_counts(codes[:, chosen]).ravel())
        pairs = pairs.reshape(len(chosen), LEVELS, len(chosen), LEVELS)
        parent, table = _tree(counts, chosen, pairs)
        marginal = _marginal(counts)
        draft = cls(levels, parent, table, marginal, 0.0, 1.0, _empty_tables())
        return draft._ranked(codes, _with_missing_count(levels.codes(calibration)), secure_sum)

    def _ranked(self, training: Codes, calibration: Codes, secure_sum: SecureSum) -> Domain:
        total = self._surprise(training).sum(axis=1)
        rows, mean, square = secure_sum(np.array([len(total), total.sum(), total @ total]))
        centre = mean / max(rows, 1)
        spread = float(np.sqrt(max(square / max(rows, 1) - centre**2, 1e-12)))
        first = self._with(centre=float(centre), spread=spread)
        cells = first._cells(calibration)
        counts = [_counts(cells[0], SUM_GRID), _counts(cells[1], LARGEST_GRID)]
        summed = secure_sum(np.concatenate(counts))
        if summed.sum() < 200:
            raise ModelError(
                f"Only {int(summed.sum() / 2)} calibration rows for the domain check.",
                allowed="100 or more",
                next_step="Use a larger calibration share.",
            )
        sums, largest = summed[: len(counts[0])], summed[len(counts[0]) :]
        sums, largest = _blurred(sums), _blurred(largest)
        second = first._with(tables=(sums, largest, np.zeros(len(RANK_GRID) + 1)))
        ranks = secure_sum(_counts(second._rank_cell(calibration), RANK_GRID))
        # Nobody of the calibration rows ranks before the first: beyond that only strangers are.
        first_rank = int(np.searchsorted(RANK_GRID, np.log((ranks.sum() + 1) / 2)))
        return second._with(tables=(sums, largest, _blurred(ranks, first_rank)))

    def _with(self, **changes: Any) -> Domain:
        return replace(self, **changes)

    def _surprise(self, codes: Codes) -> FloatArray:
        """-log probability of each value given its parent's, (n, p + 1)."""
        own = np.arange(codes.shape[1])
        parent = np.maximum(self.parent, 0)
        surprise: FloatArray = -self.log_probability[own, codes[:, parent], codes]
        return surprise

    def _cells(self, codes: Codes) -> tuple[IntArray, IntArray]:
        surprise = self._surprise(codes)
        total = (surprise.sum(axis=1) - self.centre) / self.spread
        largest = surprise.max(axis=1)
        return (
            np.searchsorted(SUM_GRID, total).astype(np.int64),
            np.searchsorted(LARGEST_GRID, largest).astype(np.int64),
        )

    def _rank_cell(self, codes: Codes) -> IntArray:
        total, largest = self._cells(codes)
        smaller = np.minimum(_rank(self.tables[0], total), _rank(self.tables[1], largest))
        return np.searchsorted(RANK_GRID, -np.log(smaller)).astype(np.int64)

    def p_values(self, values: ArrayLike) -> FloatArray:
        """Conformal p-value of each row, (n,): the share of calibration rows as unusual or more."""
        codes = _with_missing_count(self.levels.codes(values))
        return _rank(self.tables[2], self._rank_cell(codes))

    def check(self, values: ArrayLike, level: float = DOMAIN_LEVEL) -> DomainCheck:
        """Is one person, (p,) values, inside the domain; and if not, which features say so."""
        codes = _with_missing_count(self.levels.codes(values))[:1]
        p_value = float(_rank(self.tables[2], self._rank_cell(codes))[0])
        if p_value > level:
            return DomainCheck(True, p_value, level, ())
        surprise = self._surprise(codes)[0]
        worst = [int(one) for one in np.argsort(-surprise, kind="stable")[:3]]
        kept = [one for one in worst if surprise[one] >= surprise[worst[0]] / 2]
        found = [self._unusual(one, codes[0], float(surprise[one])) for one in kept]
        return DomainCheck(False, p_value, level, tuple(found))

    def _unusual(self, feature: int, codes: Codes, surprise: float) -> Unusual:
        names = (*self.levels.names, MISSING_COUNT)
        code, parent = int(codes[feature]), self.parent[feature]
        alone = float(np.exp(self.marginal[feature, code]))
        if parent >= 0 and alone > RARE and surprise > 1.0 - np.log(alone):
            state = "missing" if code == MISSING else "rare"
            return Unusual(names[feature], f"{state} together with {names[parent]}", surprise)
        if feature == len(self.levels.names):
            return Unusual(names[feature], "few people have so many or so few", surprise)
        reason = {
            MISSING: "missing, though nearly always present",
            FAR_BELOW: "far below what was seen",
            FAR_ABOVE: "far above what was seen",
        }.get(code, "rare value")
        return Unusual(names[feature], reason, surprise)

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "levels": self.levels.to_dict(),
            "parent": list(self.parent),
            "log_probability": np.round(self.log_probability, 6).tolist(),
            "marginal": np.round(self.marginal, 6).tolist(),
            "centre": self.centre,
            "spread": self.spread,
            "tables": [one.tolist() for one in self.tables],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Domain:
        """Read back what :meth:`to_dict` wrote."""
        sums, largest, ranks = (np.asarray(one, dtype=np.float64) for one in data["tables"])
        return cls(
            levels=Levels.from_dict(data["levels"]),
            parent=tuple(data["parent"]),
            log_probability=np.asarray(data["log_probability"]),
            marginal=np.asarray(data["marginal"]),
            centre=data["centre"],
            spread=data["spread"],
            tables=(sums, largest, ranks),
        )


def _with_missing_count(codes: Codes) -> Codes:
    """Append the number of missing values as one more feature: 0, 1, 2-3, 4-7, ... as levels."""
    count = (codes == MISSING).sum(axis=1)
    level = 1 + np.minimum(np.ceil(np.log2(count + 1)), RANGES - 1).astype(np.uint8)
    return np.column_stack([codes, level]).astype(np.uint8)


def _most_spread(counts: FloatArray) -> IntArray:
    """The features with the largest entropy, in their own order."""
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    entropy = -np.sum(share * np.log(np.maximum(share, 1e-300)), axis=1)
    return np.sort(np.argsort(-entropy, kind="stable")[:PAIRED]).astype(np.int64)


def _pair_counts(codes: Codes) -> FloatArray:
    """Rows at each pair of levels of each pair of features: (k, LEVELS, k, LEVELS)."""
    rows, features = codes.shape
    total = np.zeros((features * LEVELS, features * LEVELS))
    for start in range(0, rows, 4096):
        block = codes[start : start + 4096]
        marks = np.zeros((len(block), features, LEVELS), dtype=np.float32)
        np.put_along_axis(marks, block[:, :, None].astype(np.int64), 1.0, axis=2)
        flat = marks.reshape(len(block), -1)
        total += flat.T @ flat
    return total.reshape(features, LEVELS, features, LEVELS)


def _marginal(counts: FloatArray) -> FloatArray:
    """Log probability of each level; a level that nobody had is possible, but very surprising."""
    blurred = np.maximum(without_small(counts), NEVER)
    logs: FloatArray = np.log(blurred / blurred.sum(axis=1, keepdims=True))
    return logs


def _tree(
    counts: FloatArray, chosen: IntArray, pairs: FloatArray
) -> tuple[tuple[int, ...], FloatArray]:
    """Tree of largest mutual information among ``chosen``, and the table of each feature."""
    marginal = _marginal(counts)
    parent = np.full(len(counts), -1)
    table = np.repeat(marginal[:, None, :], LEVELS, axis=1)
    if len(chosen) < 2:
        return tuple(int(one) for one in parent), table
    gain = _mutual_information(pairs)
    best, link = gain[0].copy(), np.zeros(len(chosen), dtype=np.int64)
    best[0] = -np.inf
    for _ in range(len(chosen) - 1):
        new = int(np.argmax(best))
        if best[new] <= 0:
            break
        above, below = chosen[link[new]], chosen[new]
        parent[below] = above
        joint = without_small(pairs[link[new], :, new, :])  # (parent level, own level)
        share = np.exp(marginal[below])
        people = joint.sum(axis=1, keepdims=True)
        table[below] = np.log((joint + BORROWED * share) / (people + BORROWED))
        best[new] = -np.inf
        closer = (gain[new] > best) & np.isfinite(best)
        best[closer], link[closer] = gain[new][closer], new
    return tuple(int(one) for one in parent), table


def _mutual_information(pairs: FloatArray) -> FloatArray:
    """Mutual information of each pair of features (nats), (k, k)."""
    total = max(float(pairs[0, :, 0, :].sum()), 1.0)
    joint = pairs.transpose(0, 2, 1, 3) / total
    own = joint.sum(axis=3, keepdims=True)
    other = joint.sum(axis=2, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where(joint > 0, joint * np.log(joint / (own * other)), 0.0)
    gain: FloatArray = part.sum(axis=(2, 3))
    return gain


def _counts(cell: IntArray, grid: FloatArray) -> FloatArray:
    return np.bincount(cell, minlength=len(grid) + 1).astype(np.float64)


def _rank(table: FloatArray, cell: IntArray) -> FloatArray:
    """(rows at least as unusual + 1) / (rows + 1)."""
    from_here = np.cumsum(table[::-1])[::-1]
    ranks: FloatArray = (from_here[cell] + 1) / (table.sum() + 1)
    return ranks


def _blurred(table: FloatArray, last: int | None = None) -> FloatArray:
    """The table with 10 rows or more put together and spread evenly over the cells they fill.

    A cell that tells of one row would tell whose row it was. Groups are closed from the most
    unusual cell downwards; the rows of the most unusual group thin out by half over the width of
    the next one, up to the cell ``last`` if there is one, so that somebody far beyond all of them
    is still called further out.
    """
    made, groups = np.zeros_like(table), _closed(table)
    for place, (start, end) in enumerate(groups):
        rows, filled = table[start:end].sum(), table[start:end] > 0
        if (table[start:end][filled] >= LEAST_TOGETHER).all():
            made[start:end] = table[start:end]
        elif place == 0 and len(groups) > 1:
            half = max(groups[1][1] - groups[1][0], 1)
            end = end if last is None else max(min(end, last + 1), start + 1)
            share = 0.5 ** (np.arange(end - start) / half)
            made[start:end] = rows * share / share.sum()
        else:
            made[start:end] = rows / (end - start)
    return np.round(made, 4)


def _closed(table: FloatArray) -> list[tuple[int, int]]:
    """Neighbouring cells (start, end) with at least 10 rows, the most unusual first."""
    groups, end, rows = [], len(table), 0.0
    for cell in range(len(table) - 1, -1, -1):
        rows += table[cell]
        if rows >= LEAST_TOGETHER and table[:cell].sum() >= LEAST_TOGETHER:
            groups.append((cell, end))
            end, rows = cell, 0.0
    return [*groups, (0, end)] if end else groups


def _empty_tables() -> tuple[FloatArray, FloatArray, FloatArray]:
    sizes = (len(SUM_GRID) + 1, len(LARGEST_GRID) + 1, len(RANK_GRID) + 1)
    return np.zeros(sizes[0]), np.zeros(sizes[1]), np.zeros(sizes[2])
