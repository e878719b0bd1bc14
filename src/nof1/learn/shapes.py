"""The trained glass box: curves and planes that a person can read, in plain numpy.

The score of a row is an intercept plus one number for each term: a curve over the bins of one
feature, or a plane over the bins of two. Terms are added in a fixed order, one after the other, so
that one row alone gets bit for bit what it gets in a batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.core.errors import ModelError
from nof1.learn.binned import Placed
from nof1.learn.bins import single
from nof1.learn.rows import add_up, check_width
from nof1.learn.sums import FloatArray

SCHEMA = "nof1/shapes/1"


@dataclass(frozen=True, eq=False)
class Term:
    """One curve (one feature) or one plane (two features).

    Attributes
    ----------
    name : the feature, or the two joined by " & ".
    features : positions of the one or two features.
    cuts : for each feature, ascending; bin 0 is missing, bin c >= 1 has c - 1 cuts at or below.
    scores : (n_bins,) or (n_bins_a, n_bins_b); what the term adds; higher = higher risk.
    standard_errors : same shape, from the spread of the bags (delete-d jackknife).
    counts : same shape, patients in each bin; 0 where fewer than the smallest allowed group.
    bags : (n_bags,) + shape of scores; their standard deviation is the standard error.
    """

    name: str
    features: tuple[int, ...]
    cuts: tuple[FloatArray, ...]
    scores: FloatArray
    standard_errors: FloatArray
    counts: FloatArray
    bags: FloatArray = field(repr=False)

    @property
    def importance(self) -> float:
        """Mean absolute contribution over the patients of the training data."""
        weight: float = float(self.counts.sum())
        return float((np.abs(self.scores) * self.counts).sum() / weight) if weight else 0.0

    def to_dict(self) -> dict[str, Any]:
        return {
            "features": list(self.features),
            "cuts": [edges.tolist() for edges in self.cuts],
            "scores": self.scores.tolist(),
            "standard_errors": self.standard_errors.tolist(),
            "counts": self.counts.tolist(),
            "bags": self.bags.tolist(),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any], names: tuple[str, ...]) -> Term:
        features = tuple(int(j) for j in stored["features"])
        arrays = {
            key: np.array(stored[key], dtype=np.float64)
            for key in ("scores", "standard_errors", "counts", "bags")
        }
        cuts = tuple(np.array(edges, dtype=np.float64) for edges in stored["cuts"])
        shape = tuple(len(edges) + 2 for edges in cuts)
        if any(arrays[key].shape != shape for key in ("scores", "standard_errors", "counts")):
            raise ModelError("A term's scores do not fit its cuts.", where="terms")
        return cls(" & ".join(names[j] for j in features), features, cuts, **arrays)


@dataclass(frozen=True, eq=False)
class ShapeModel:
    """An additive model of curves and planes.

    Attributes
    ----------
    names : features that ``X`` must have, in this order.
    intercept : score where every term is zero (an average patient).
    bag_intercepts : (n_bags,) the same for each bag.
    terms : in the order in which they are added.
    """

    names: tuple[str, ...]
    intercept: float
    bag_intercepts: FloatArray
    terms: tuple[Term, ...]

    @property
    def n_bags(self) -> int:
        return len(self.bag_intercepts)

    def contributions(self, X: ArrayLike) -> FloatArray:
        """What each term adds to each row's score: (n_rows, n_terms).

        Raises
        ------
        InputError : another number of columns than in training, or an infinite value.
        """
        table = check_width(X, self.names)
        return self._scores[self._cells(table)]

    def decision(self, X: ArrayLike) -> FloatArray:
        """Score of each row (n_rows,): intercept plus all contributions."""
        return add_up(self.intercept, self.contributions(X))

    def bag_decisions(self, X: ArrayLike) -> FloatArray:
        """Scores (n_rows, n_bags); their standard deviation over bags is the standard error."""
        return self._bags(self._cells(check_width(X, self.names)))

    def bag_decision(self, X: ArrayLike, bag: int) -> FloatArray:
        """Score of one bag (n_rows,)."""
        return self._bag(self._cells(check_width(X, self.names)), bag)

    def placed_decision(self, rows: Placed) -> FloatArray:
        """``decision`` of rows whose bins are known already, on cuts that hold the terms' cuts."""
        return self._placed_sum(rows, self.intercept, [term.scores for term in self.terms])

    def placed_bags(self, rows: Placed) -> FloatArray:
        """``bag_decisions`` of rows whose bins are known already."""
        bags = [
            self._placed_sum(rows, float(start), [term.bags[bag] for term in self.terms])
            for bag, start in enumerate(self.bag_intercepts)
        ]
        return np.stack(bags, axis=1)

    def _placed_sum(self, rows: Placed, start: float, tables: list[FloatArray]) -> FloatArray:
        """``start`` and what each row has in the terms' tables, term by term."""
        total = np.full(rows.codes.shape[1], start)
        for term, table in zip(self.terms, tables, strict=True):
            total += rows.values(term.features, term.cuts, table)
        return total

    def _bags(self, cells: NDArray[np.int64]) -> FloatArray:
        return np.stack([self._bag(cells, bag) for bag in range(self.n_bags)], axis=1)

    def _bag(self, cells: NDArray[np.int64], bag: int) -> FloatArray:
        return add_up(float(self.bag_intercepts[bag]), self._bag_scores[bag][cells])

    def shifted(self, change: float) -> ShapeModel:
        """The same model with another intercept."""
        return ShapeModel(
            self.names, self.intercept + change, self.bag_intercepts + change, self.terms
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON form; floats survive exactly."""
        return {
            "schema": SCHEMA,
            "names": list(self.names),
            "intercept": self.intercept,
            "bag_intercepts": self.bag_intercepts.tolist(),
            "terms": [term.to_dict() for term in self.terms],
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> ShapeModel:
        """Read the JSON form.

        Raises
        ------
        ModelError : another schema, or parts that do not fit together.
        """
        if stored.get("schema") != SCHEMA:
            raise ModelError(
                f"The model has schema {stored.get('schema')!r}.", allowed=SCHEMA, where="schema"
            )
        names = tuple(str(name) for name in stored["names"])
        terms = tuple(Term.from_dict(term, names) for term in stored["terms"])
        bags = np.array(stored["bag_intercepts"], dtype=np.float64)
        return cls(names, float(stored["intercept"]), bags, terms)

    # Flat tables, made once: all terms' cells lie one after the other.

    @cached_property
    def _used(self) -> tuple[tuple[int, FloatArray], ...]:
        """Feature and cuts of each distinct axis of a term, in order of first use."""
        return tuple(
            (feature, edges)
            for term in self.terms
            for feature, edges in zip(term.features, term.cuts, strict=True)
        )

    @cached_property
    def _flat(self) -> tuple[NDArray[np.int64], ...]:
        """Per axis: feature; per cut: its axis' feature; where each axis' cuts start."""
        lengths = np.array([len(edges) for _, edges in self._used], dtype=np.int64)
        features = np.array([feature for feature, _ in self._used], dtype=np.int64)
        starts = np.r_[0, np.cumsum(lengths)]
        return features, np.repeat(features, lengths), starts

    @cached_property
    def _edges(self) -> FloatArray:
        return np.concatenate([edges for _, edges in self._used] or [np.empty(0)])

    @cached_property
    def _strides(self) -> tuple[FloatArray, NDArray[np.int64], NDArray[np.int64]]:
        """Axis -> term as a stride; first axis of each term; first cell of each term."""
        strides: list[int] = []
        axes: list[int] = []
        cells = [0]
        for term in self.terms:
            axes.append(len(strides))
            strides += [1] if len(term.features) == 1 else [term.scores.shape[1], 1]
            cells.append(cells[-1] + term.scores.size)
        return np.array(strides), np.array(axes, dtype=np.int64), np.array(cells[:-1])

    @cached_property
    def _scores(self) -> FloatArray:
        return np.concatenate([term.scores.ravel() for term in self.terms] or [np.empty(0)])

    @cached_property
    def _bag_scores(self) -> list[FloatArray]:
        return [
            np.concatenate([term.bags[bag].ravel() for term in self.terms] or [np.empty(0)])
            for bag in range(self.n_bags)
        ]

    def _codes(self, table: FloatArray) -> NDArray[np.int64]:
        """Bin code of every axis: (n_rows, n_axes). One row compares all cuts at once."""
        features, cut_features, starts = self._flat
        values = single(table)
        if len(table) == 1:
            passed = values[0, cut_features] >= self._edges
            counted = np.r_[0, np.cumsum(passed)]
            codes = np.array([counted[starts[1:]] - counted[starts[:-1]] + 1])
        else:
            codes = np.empty((len(table), len(features)), dtype=np.int64)
            for axis, (feature, edges) in enumerate(self._used):
                codes[:, axis] = np.searchsorted(edges, values[:, feature], side="right") + 1
        codes[np.isnan(values[:, features])] = 0
        return codes

    def _cells(self, table: FloatArray) -> NDArray[np.int64]:
        """Place of each row in each term's flat table: (n_rows, n_terms)."""
        if not self.terms:
            return np.empty((len(table), 0), dtype=np.int64)
        strides, axes, cells = self._strides
        placed: NDArray[np.int64] = np.add.reduceat(self._codes(table) * strides, axes, axis=1)
        return placed + cells
