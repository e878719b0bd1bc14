"""Label-conditional conformal prediction: a set of answers that holds the true one at a known rate.

For each label (no, yes) the calibration rows *with that label* say how unusual a decision is. The
p-value of a label is the share of them at least as unusual; labels with a p-value above 1 - level
form the prediction set. If a new person is exchangeable with the calibration rows, the set contains
the true label with probability >= level, for those with the outcome and for those without it
(Mondrian). That holds in finite samples, whatever the model.

The set reads ``{yes}`` likely, ``{no}`` unlikely, ``{no, yes}`` undecided; the empty set does
**not** mean "neither": it means *atypical for this model*.

The scores are kept as counts on a fixed grid of decisions, so that sites can be added up and no
patient's decision is in the model file. Rows in the same cell count as equal; equal rows count
in full (conservative) unless a random number is given for each person.

Censored follow-up: give inverse-probability-of-censoring weights. The tables then hold weights and
the new person counts as much as the heaviest row; coverage at the horizon holds as far as the
weights are right (asymptotically), and exactly when nobody is censored before the horizon.

References
----------
Vovk, Gammerman & Shafer, *Algorithmic Learning in a Random World* (2005), chapters 2 and 4;
Tibshirani et al., NeurIPS 2019 (weighted conformal prediction).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.core.errors import InputError, ModelError
from nof1.learn.discrimination import mean_estimate
from nof1.learn.figures import Estimate, IntArray, checked
from nof1.learn.sums import FloatArray, SecureSum, local_sum

CONFORMAL_LEVEL = 0.90
GRID = np.linspace(-12.0, 12.0, 2401)  # inner limits of the cells, logit units
Reading = Literal["unlikely", "likely", "undecided", "atypical"]
READINGS: tuple[Reading, ...] = ("atypical", "unlikely", "likely", "undecided")


@dataclass(frozen=True)
class Conformal:
    """Calibration tables of both labels.

    Parameters
    ----------
    tables : (2, cells) weight of the calibration rows without (0) and with (1) the outcome.
    heaviest : weight that a new person counts with, per label; 1 without censoring.
    """

    tables: FloatArray
    heaviest: tuple[float, float] = (1.0, 1.0)

    @classmethod
    def fit(
        cls,
        decision: ArrayLike,
        y: ArrayLike,
        weight: ArrayLike | None = None,
        *,
        heaviest: float | None = None,
        secure_sum: SecureSum = local_sum,
    ) -> Conformal:
        """Count calibration rows by label and cell.

        Parameters
        ----------
        decision : (n,) log odds; any monotone recalibration may be applied before, consistently.
        heaviest : largest possible weight; default the largest seen (give it for a federation).

        Raises
        ------
        ModelError : when a label has too few rows for a p-value at 1 - level (9 at level 0.9).
        """
        labels, x, weights = checked(y, decision, weight)
        most = float(weights.max(initial=1.0)) if heaviest is None else heaviest
        cells = len(GRID) + 1
        cell = _cells(x)
        counts = [
            np.bincount(cell, weights=weights * (labels == label), minlength=cells)
            for label in (0, 1)
        ]
        tables = secure_sum(np.concatenate(counts)).reshape(2, cells)
        few = int(tables.sum(axis=1).min())
        if few < 9:
            raise ModelError(
                f"One outcome has only {few} calibration rows.",
                allowed="9 or more with and 9 or more without the outcome",
                next_step="Use a larger calibration share or a longer period.",
            )
        return cls(tables, (most, most))

    def p_values(self, decision: ArrayLike, uniform: ArrayLike | None = None) -> FloatArray:
        """p-values of the labels 0 and 1, (n, 2), in (0, 1].

        ``uniform``: one number in [0, 1) per person, independent of the decision (for example a
        hash of the person's key), spreads ties and makes the coverage exact; None counts equal
        rows in full (conservative).
        """
        cell = _cells(np.atleast_1d(np.asarray(decision, dtype=np.float64)))
        part = np.ones(len(cell)) if uniform is None else np.asarray(uniform, dtype=np.float64)
        values = np.empty((len(cell), 2))
        for label in (0, 1):
            table = self.tables[label]
            # unusual for "no" is a high decision, unusual for "yes" a low one
            upto = np.cumsum(table[::-1])[::-1] if label == 0 else np.cumsum(table)
            same = table[cell]
            own = self.heaviest[label]
            values[:, label] = (upto[cell] - same + part * (same + own)) / (table.sum() + own)
        return values

    def sets(
        self,
        decision: ArrayLike,
        level: float = CONFORMAL_LEVEL,
        uniform: ArrayLike | None = None,
    ) -> NDArray[np.bool_]:
        """Which labels are in the prediction set, (n, 2)."""
        if not 0 < level < 1:
            raise InputError("The level is not a probability.", allowed="0 < level < 1")
        inside: NDArray[np.bool_] = self.p_values(decision, uniform) > 1 - level
        return inside

    def readings(self, decision: ArrayLike, level: float = CONFORMAL_LEVEL) -> list[Reading]:
        """What the set says in one word; ``atypical`` is a reason to abstain."""
        return [READINGS[int(no) + 2 * int(yes)] for no, yes in self.sets(decision, level)]

    def coverage_variance(self, share_yes: float, level: float = CONFORMAL_LEVEL) -> float:
        """Variance of the true coverage over calibration tables of this size.

        With n rows of a label the coverage of that label varies like a beta variable with mean
        ``level``; ``share_yes`` mixes the two labels. Vovk, ACML 2012.
        """
        rows = self.tables.sum(axis=1) / np.asarray(self.heaviest) + 2
        share = np.array([1 - share_yes, share_yes])
        return float(share**2 @ (level * (1 - level) / rows))

    def to_dict(self) -> dict[str, Any]:
        """JSON form; only the filled cells are written."""
        filled = [np.flatnonzero(table) for table in self.tables]
        return {
            "cells": [index.tolist() for index in filled],
            "weights": [t[index].tolist() for t, index in zip(self.tables, filled, strict=True)],
            "heaviest": list(self.heaviest),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Conformal:
        """Read back what :meth:`to_dict` wrote."""
        tables = np.zeros((2, len(GRID) + 1))
        for table, cells, weights in zip(tables, data["cells"], data["weights"], strict=True):
            table[cells] = weights
        no, yes = data["heaviest"]
        return cls(tables, (no, yes))


def _cells(decision: FloatArray) -> IntArray:
    if np.isnan(decision).any():
        raise InputError("A decision is not a number.", where="decision")
    cells: IntArray = np.searchsorted(GRID, decision, side="left")
    return cells


def coverage(y: ArrayLike, sets: ArrayLike, weight: ArrayLike | None = None) -> Estimate:
    """Share of rows whose true label is in the prediction set (weighted; 1 = always)."""
    inside = np.asarray(sets, dtype=np.float64)
    labels, hit, weights = checked(y, inside[:, 0], weight)
    return mean_estimate(np.where(labels == 1, inside[:, 1], hit), weights)
