"""How surprising it is that (almost) nobody in a region took an option, person by person.

The likelihood of "no choice here" is compared with what the propensity expects of each person.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1.learn.binned import Binned
from nof1.learn.effect.arms import Arms
from nof1.learn.objectives import sigmoid
from nof1.learn.shapes import ShapeModel
from nof1.learn.sums import FloatArray

Rows = NDArray[np.bool_] | NDArray[np.int64]
RARE = 0.02
"""The share that takes an option without choice all the same: errors of the record."""


@dataclass(frozen=True)
class Tail:
    """Bins ``low`` to ``high`` of a feature; bin 0 is missing."""

    feature: int
    low: int
    high: int


@dataclass(frozen=True, eq=False)
class Surprise:
    """What is expected of this site's rows.

    Attributes
    ----------
    shapes, score : the propensity, and its score (n,) of each row.
    least : expected chances are held between it and 1 minus it.
    """

    arms: Arms
    bins: Binned
    shapes: ShapeModel
    score: FloatArray
    least: float

    @classmethod
    def of(cls, arms: Arms, bins: Binned, shapes: ShapeModel, least: float) -> Surprise:
        """From a propensity on the bins of the arms."""
        return cls(arms, bins, shapes, shapes.placed_decision(bins.whole), least)

    def at(self, rows: Rows, option: int, tails: Sequence[Tail] = ()) -> FloatArray:
        """Logarithm of the likelihood ratio for each of the rows when ``option`` is rare.

        Of a value that few people have, the propensity knows from these people alone. What it
        says of that value (and of others of the same code) counts for half, as it did on average
        while it was learned person by person.
        """
        score, took = self.score[rows], self.arms.treated[rows] == option
        own = {tail.feature for tail in tails if self.unusual(tail)}
        plain = self._ratio(score, took, option)
        if not own:
            return plain
        return (plain + self._ratio(score - self._said(own, rows), took, option)) / 2

    def halved(self, feature: int) -> FloatArray | None:
        """What the half adds (rows, 2) for the unusual values of a feature, for either option;
        None for a feature without a usual value."""
        listed = self.bins.table.listed[feature]
        if listed is None:
            return None
        score, treated = self.score[listed.rows], self.arms.treated[listed.rows]
        without = score - self._said({feature}, listed.rows)
        more = [
            self._ratio(without, treated == k, k) - self._ratio(score, treated == k, k)
            for k in (0, 1)
        ]
        return np.column_stack(more) / 2

    def unusual(self, tail: Tail) -> bool:
        """Whether the feature has a usual value, and the tail is without it."""
        listed = self.bins.table.listed[tail.feature]
        return listed is not None and not tail.low <= listed.usual <= tail.high

    def _ratio(self, score: FloatArray, took: NDArray[np.bool_], option: int) -> FloatArray:
        chance = np.clip(sigmoid(score if option else -score), self.least, 1 - self.least)
        return np.where(took, np.log(RARE / chance), np.log((1 - RARE) / (1 - chance)))

    def _said(self, features: Iterable[int], rows: Rows) -> FloatArray:
        """What the curves and planes of the features' codes add to the score of each of the
        rows."""
        kin = self.arms.kin
        codes = {kin[j] for j in features}
        added = np.zeros(len(self.score[rows]))
        for term in self.shapes.terms:
            if any(kin[j] in codes for j in term.features):
                places = (
                    _places(self.bins.cuts[j], edges)[self.bins.codes[j][rows]]
                    for j, edges in zip(term.features, term.cuts, strict=True)
                )
                added += term.scores[tuple(places)]
        return added


def _places(cuts: FloatArray, edges: FloatArray) -> NDArray[np.int64]:
    """Bin on ``edges``, some of the cuts, of each bin on the cuts."""
    below = np.searchsorted(edges, cuts, side="right")
    return np.concatenate([[0, 1], below + 1]).astype(np.int64)
