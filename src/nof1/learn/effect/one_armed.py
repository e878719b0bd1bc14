"""Find the regions in which (almost) nobody took one of the options.

A smooth propensity falls too slowly at the edge of such a region, and a region of few people hardly
moves it. Here tails of features (from 85 years on, a code ever recorded, a value missing) are
looked at, alone and up to three together, as a tree would cut them, and judged by how surprising
the empty arm is (see ``surprise``). A region counts when that is more than the number of tails that
were looked at explains. Everything is made from sums over sites.

References
----------
Friedman & Fisher, Statist. Comput. 9 (1999) 123 (boxes, one after the other); Karavani et al.,
arXiv:1907.08127 (decision trees that find violations of positivity).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv

from nof1.learn.binned import Binned
from nof1.learn.bins import SMALLEST_GROUP, Codes, agree_cuts, encode
from nof1.learn.effect.arms import Arms
from nof1.learn.effect.recipe import Recipe
from nof1.learn.effect.regions import Region, Side
from nof1.learn.effect.surprise import Surprise, Tail
from nof1.learn.rows import uniform
from nof1.learn.shapes import ShapeModel
from nof1.learn.sums import CountedSum, FloatArray, SecureSum, weighed

Mask = NDArray[np.bool_]
SPARE = -2.0
"""Beyond the logarithm of the number of tails. Below 0: most tails hold the same people as others,
and a false region holds few people, so that a few of them cost less than a missed one."""
LEAST = 2.0
WAYS = 1.5
"""What a tail of a feature with many values has to surprise more, for the choice of its limit."""
SINGLE, PAIRS, INNER, TRIED = 30, 30, 3, 4
"""Candidates that are judged: tails, pairs, further tails inside a region; regions refined."""
COARSE = 600
"""Coarse tails that are paired: those that hold most people."""
DEEPEST = 3
MOST = 24
LIMIT = 0.95
LOOKED_AT = 100_000
"""Patients that regions are sought among; of more, as many are drawn by hash."""
BLOCK = 4096
ENOUGH = SMALLEST_GROUP - 1e-6


@dataclass(frozen=True)
class _Box:
    """Tails that hold together, the option that is rare there, and over its people: surprise,
    number, how many took the option. ``sides`` are the limits once they are refined."""

    tails: tuple[Tail, ...]
    option: int
    gain: float = 0.0
    people: float = 0.0
    took: float = 0.0
    sides: tuple[Side, ...] = ()

    def with_sums(self, sums: FloatArray) -> _Box:
        """With (surprise, people, took)."""
        return replace(self, gain=float(_rounded(sums[0])), people=float(sums[1]),
                       took=float(sums[2]))  # fmt: skip


def one_armed(
    arms: Arms, used: FloatArray, shapes: ShapeModel, recipe: Recipe, secure_sum: SecureSum
) -> tuple[Region, ...]:
    """Regions without choice among the rows with ``used`` 1; none may be found.

    Parameters
    ----------
    shapes : of a propensity that was fitted on the same rows.
    """
    bins = arms.bins(recipe.nuisance, secure_sum)
    (patients,) = secure_sum(np.array([float(len(np.unique(arms.keys)))]))
    if patients > LOOKED_AT:
        drawn = uniform(arms.keys, recipe.seed, 7_003) < LOOKED_AT / patients
        arms, used = arms.at(drawn), used[drawn]
        bins = Binned(bins.cuts, bins.codes[:, drawn], bins.counts, bins.shares[drawn])
    search = _Search(arms, bins, used, Surprise.of(arms, bins, shapes, recipe.least_propensity),
                     CountedSum(secure_sum))  # fmt: skip
    found: list[Region] = []
    while len(found) < MOST and (box := search.best()) is not None:
        found.append(_region(box))
        search.left &= ~search.inside(box.sides)
    return tuple(found)


class _Search:
    """Rows of one site; what sums is called at all sites at the same time."""

    def __init__(
        self, arms: Arms, bins: Binned, used: FloatArray, surprise: Surprise, total: CountedSum
    ) -> None:
        self.arms, self.bins, self.total, self.surprise = arms, bins, total, surprise
        self.least = surprise.least
        self.used = used > 0
        self.left = self.used.copy()
        every = np.arange(len(used))
        gains = [self.surprise.at(every, option) for option in (0, 1)]
        columns = np.column_stack([np.ones(len(used)), *gains])
        self.columns = self.bins.shares[:, None] * columns
        self.features = np.arange(len(arms.names))
        self.halved = [self.surprise.halved(int(j)) for j in self.features]
        self.penalty = max(float(np.log(2 * len(arms.names))) + SPARE, LEAST)
        sizes = np.diff(self.bins.table.offsets)
        self.tails = np.concatenate([_all_tails(j, int(size)) for j, size in enumerate(sizes)])
        self.pairs = self._pairs()

    def best(self) -> _Box | None:
        """The most surprising region among the people that are left."""
        table = self._counted(self.left)
        boxes = self._promising(table, (), SINGLE) + self.pairs
        judged = sorted(self._judged(boxes), key=self._beyond, reverse=True)
        refined = [self._whole(self._refined(self._grown(box))) for box in judged[:TRIED]]
        return max(filter(self._enough, refined), key=self._beyond, default=None)

    def inside(self, sides: Sequence[Side]) -> Mask:
        """(n,) rows inside all sides."""
        found = np.ones(len(self.left), dtype=bool)
        for side in sides:
            found &= side.inside(self.arms.X[:, side.feature])
        return found

    # Candidates --------------------------------------------------------------------------------

    def _counted(self, mask: Mask) -> FloatArray:
        """Sums over the rows of the mask in each tail, (tails, 3): people, surprise when the
        comparator is rare, surprise when the option of interest is."""
        bins, offsets = self.bins.table, self.bins.table.offsets
        table = bins.histogram(self.columns * mask[:, None], self.features)
        for feature, (listed, more) in enumerate(zip(bins.listed, self.halved, strict=True)):
            if listed is None or more is None:
                continue
            here, part = mask[listed.rows], slice(offsets[feature], offsets[feature + 1])
            shares = self.bins.shares[listed.rows][here]
            for option in (0, 1):
                table[part, 1 + option] += weighed(
                    listed.codes[here], shares * more[here, option], part.stop - part.start
                )
        table = self.total(table.ravel()).reshape(table.shape)
        return _ranges(table, offsets[self.tails[:, 0]], self.tails)

    def _promising(self, table: FloatArray, outer: tuple[Tail, ...], most: int) -> list[_Box]:
        """For either option, the tails that surprise most, one of each feature."""
        found = []
        for option in (0, 1):
            worth = _rounded(np.where(table[:, 0] >= ENOUGH, table[:, 1 + option], 0.0))
            seen: set[int] = set()
            for place in np.argsort(-worth, kind="stable"):
                if len(seen) == most or worth[place] <= 0:
                    break
                tail = Tail(*(int(one) for one in self.tails[place]))
                if tail.feature not in seen:
                    seen.add(tail.feature)
                    found.append(_Box((*outer, tail), option))
        return found

    def _pairs(self) -> list[_Box]:
        """For either option, the pairs of coarse tails that surprise most."""
        tails = [tail for feature in self.features for tail in self._coarse(int(feature))]
        if len(tails) > COARSE:
            held = [-self.bins.counts[one.feature][one.low : one.high + 1].sum() for one in tails]
            tails = [tails[k] for k in np.sort(np.argsort(_rounded(held), kind="stable")[:COARSE])]
        if len(tails) < 2:
            return []
        sums = np.zeros((3, len(tails), len(tails)))
        rows = np.flatnonzero(self.left)
        for start in range(0, len(rows), BLOCK):
            part = rows[start : start + BLOCK]
            inside = np.array([self._holds(tail, part) for tail in tails], dtype=np.float64)
            for kind in range(3):
                sums[kind] += (inside * self.columns[part, kind]) @ inside.T
        first, second = np.triu_indices(len(tails), 1)
        people, *gains = self.total(sums[:, first, second].ravel()).reshape(3, -1)
        apart = np.array([one.feature for one in tails])
        fit = (people >= ENOUGH) & (apart[first] != apart[second])
        found = []
        for option, gain in enumerate(gains):
            worth = _rounded(np.where(fit, gain, 0.0))
            best = np.argsort(-worth, kind="stable")[:PAIRS]
            found += [_Box((tails[first[k]], tails[second[k]]), option)
                      for k in best if worth[k] > 0]  # fmt: skip
        return found

    def _coarse(self, feature: int) -> list[Tail]:
        """Missing and unusual values; of a feature with many values its halves and quarters."""
        listed, counts = self.bins.table.listed[feature], self.bins.counts[feature]
        last = len(counts) - 1
        if last < 2:
            return []
        missing = [Tail(feature, 0, 0)] if counts[0] >= ENOUGH else []
        if listed is not None and listed.usual == 1:
            return [*missing, Tail(feature, 2, last)]
        below = np.cumsum(counts[1:-1]) / max(float(counts[1:].sum()), 1.0)
        cuts = sorted({int(np.argmin(np.abs(below - share))) + 1 for share in (0.25, 0.5, 0.75)})
        lower = [Tail(feature, 1, cut) for cut in cuts[:2]]
        return [*missing, *lower, *(Tail(feature, cut + 1, last) for cut in cuts[-2:])]

    # Judging -----------------------------------------------------------------------------------

    def _holds(self, tail: Tail, rows: NDArray[np.int64] | slice = slice(None)) -> Mask:
        codes = self.bins.codes[tail.feature][rows]
        return np.asarray((codes >= tail.low) & (codes <= tail.high))

    def _mask(self, tails: Sequence[Tail]) -> Mask:
        """(n,) rows that are left, inside all tails."""
        found = self.left.copy()
        for tail in tails:
            found &= self._holds(tail)
        return found

    def _columns(self, box: _Box, rows: Mask) -> FloatArray:
        """Surprise, people, who took the rare option: (rows, 3)."""
        gains = self.surprise.at(rows, box.option, box.tails)
        took = self.arms.treated[rows] == box.option
        columns = np.column_stack([gains, np.ones(len(gains)), took])
        return np.asarray(self.bins.shares[rows][:, None] * columns)

    def _judged(self, boxes: list[_Box]) -> list[_Box]:
        if not boxes:
            return []
        sums = [self._columns(box, self._mask(box.tails)).sum(axis=0) for box in boxes]
        table = self.total(np.array(sums).ravel()).reshape(-1, 3)
        return [box.with_sums(row) for box, row in zip(boxes, table, strict=True)]

    def _beyond(self, box: _Box) -> float:
        """Surprise beyond what the number of tails explains."""
        many = sum(not self.surprise.unusual(tail) for tail in box.tails)
        return box.gain - self.penalty * len(box.tails) - WAYS * many

    def _enough(self, box: _Box) -> bool:
        rare = (box.took + 1) / (box.people + 2) < self.least
        return self._beyond(box) > 0 and rare and box.people >= ENOUGH

    def _whole(self, box: _Box) -> _Box:
        """With people of earlier regions as well, unless these are most of its people."""
        whole = box.with_sums(
            self.total(self._columns(box, self.used & self.inside(box.sides)).sum(axis=0))
        )
        return whole if whole.people <= 2 * box.people else box

    # Limits ------------------------------------------------------------------------------------

    def _grown(self, box: _Box) -> _Box:
        """With better limits, and further ones while each surprises by itself."""
        box = self._moved(box)
        while len(box.tails) < DEEPEST:
            table = self._counted(self._mask(box.tails))
            judged = self._judged(self._promising(table, box.tails, INNER))
            inner = max(judged, key=self._beyond, default=box)
            if inner is box or self._beyond(inner := self._moved(inner)) <= self._beyond(box):
                break
            box = inner
        return box

    def _moved(self, box: _Box) -> _Box:
        """Each limit in turn where it surprises most, the others held; twice at most."""
        for _ in range(2):
            before = box.gain
            for place in range(len(box.tails)):
                box = self._moved_one(box, place)
            if box.gain <= before:
                break
        return box

    def _moved_one(self, box: _Box, place: int) -> _Box:
        feature = box.tails[place].feature
        rows = self._mask(box.tails[:place] + box.tails[place + 1 :])
        sums = self._along(box, rows, self.bins.codes[feature], len(self.bins.cuts[feature]) + 2)
        tails = self.tails[self.tails[:, 0] == feature]
        table = _ranges(sums, np.zeros(len(tails), np.int64), tails)
        worth = np.where(table[:, 1] >= ENOUGH, _rounded(table[:, 0]), -np.inf)
        top = int(np.argmax(worth))
        if worth[top] <= box.gain:
            return box
        made = Tail(*(int(one) for one in tails[top]))
        moved = (*box.tails[:place], made, *box.tails[place + 1 :])
        return replace(box, tails=moved).with_sums(table[top])

    def _along(self, box: _Box, rows: Mask, codes: Codes, size: int) -> FloatArray:
        """Surprise, people and who took the option in each bin (size, 3) of one feature."""
        columns = self._columns(box, rows)
        sums = np.stack([weighed(codes[rows], one, size) for one in columns.T], axis=1)
        return self.total(sums.ravel()).reshape(sums.shape)

    def _refined(self, box: _Box) -> _Box:
        """With limits on finer bins near the coarse ones, one after the other."""
        (box,) = self._judged([replace(box, sides=tuple(self._side(one) for one in box.tails))])
        for place, tail in enumerate(box.tails):
            if tail.high > 0:
                box = self._refined_one(box, place)
        return box

    def _side(self, tail: Tail) -> Side:
        name, edges = self.arms.names[tail.feature], self.bins.cuts[tail.feature]
        low = float(edges[tail.low - 2]) if tail.low > 1 else None
        high = float(edges[tail.high - 1]) if 0 < tail.high <= len(edges) else None
        return Side(tail.feature, name, low, high)

    def _refined_one(self, box: _Box, place: int) -> _Box:
        tail, side = box.tails[place], box.sides[place]
        above = side.low is not None
        limit = side.low if side.low is not None else side.high
        cut, codes = tail.low if above else tail.high + 1, self.bins.codes[tail.feature]
        near = (codes == cut - 1) | (codes == cut)  # the bins on both sides of the limit
        values = self.arms.X[:, [tail.feature]]
        shares = self.bins.shares * near * self.left
        (fine,) = agree_cuts(values, shares, self.total, max_bins=255)
        edges = np.unique(np.append(fine, float(limit or 0.0)))
        rows = self.left & self.inside(box.sides[:place] + box.sides[place + 1 :])
        sums = self._along(box, rows, encode(values, [edges])[0], len(edges) + 2)[1:]
        reached = np.cumsum(sums[::-1], axis=0)[::-1][1:] if above else np.cumsum(sums, axis=0)[:-1]
        worth = np.where(reached[:, 1] >= ENOUGH, _rounded(reached[:, 0]), -np.inf)
        top = int(np.argmax(worth))
        if worth[top] < box.gain:
            return box
        best = float(edges[top])
        made = replace(side, low=best) if above else replace(side, high=best)
        sides = (*box.sides[:place], made, *box.sides[place + 1 :])
        return replace(box, sides=sides).with_sums(reached[top])


def _region(box: _Box) -> Region:
    rest = max(box.people - box.took, 1e-9)
    most = float(betaincinv(box.took + 1, rest, LIMIT))
    return Region(box.sides, box.option, box.people, float(np.ceil(100 * most - 1e-6) / 100))


def _all_tails(feature: int, size: int) -> NDArray[np.int64]:
    """(tails, 3) feature, low and high bin: missing, up to each bin, from each bin on."""
    last = size - 1
    lower = [(feature, 1, high) for high in range(1, last)]
    upper = [(feature, low, last) for low in range(2, last + 1)]
    return np.array([(feature, 0, 0), *lower, *upper], dtype=np.int64)


def _ranges(table: FloatArray, start: NDArray[np.int64], tails: NDArray[np.int64]) -> FloatArray:
    """Sums (tails, k) of the rows of a table (bins, k) from ``start`` + low to ``start`` + high."""
    below = np.vstack([np.zeros(table.shape[1]), np.cumsum(table, axis=0)])
    return np.asarray(below[start + tails[:, 2] + 1] - below[start + tails[:, 1]])


def _rounded(values: ArrayLike) -> FloatArray:
    """Sums that differ by the rounding of a masked sum are the same, and so is what is chosen."""
    return np.asarray(np.round(np.asarray(values, dtype=np.float64), 5), dtype=np.float64)
