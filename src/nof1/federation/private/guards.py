"""The two guards of a private model, from noised counts: is a person unusual, has the world moved?

The domain knows each feature alone, not in pairs: tables of pairs would cost too much noise. How
unusual the judging patients are is one more noised table. With a small budget its tail is mostly
noise, which is cut to nothing: more people are called unusual then, not fewer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nof1.federation.private.bins import Binned, on_simplex
from nof1.federation.private.noise import NoisySum
from nof1.learn.domain import LARGEST_GRID, NEVER, RANK_GRID, SUM_GRID, Domain
from nof1.learn.drift import RISK, RISK_CUTS, Drift
from nof1.learn.levels import LEVELS, MISSING, Levels, without_small
from nof1.learn.sums import FloatArray, weighed

SUM_CELLS = np.array([-2.0, -1, 0, 1, 2, 3, 4, 5, 6, 8])  # standard deviations
LARGEST_CELLS = np.array([1.0, 2, 3, 4, 5, 6, 7, 8, 9, 10])  # natural log units
FEWEST = 250.0
"""Judging patients below which nobody can be called unusual at the level of one in a hundred."""


def level_counts(levels: Levels, binned: Sequence[Binned], patients: float) -> FloatArray:
    """About how many patients have each level of each feature: (p, LEVELS)."""
    counts = np.zeros((len(binned), LEVELS))
    for row, (one, kept) in enumerate(zip(binned, levels.cuts, strict=True)):
        counts[row, MISSING] = one.shares[0]
        # Bin b of the model starts at cut b - 1; it belongs to the level that begins there.
        starts = np.concatenate([[-np.inf], one.cuts])
        place = 1 + np.searchsorted(np.array(kept), starts, side="right")
        np.add.at(counts[row], place, one.shares[1:])
    return np.asarray(counts * patients, dtype=np.float64)


def drift_of(
    binned: Sequence[Binned], names: Sequence[str], patients: float, risks: FloatArray,
    people: FloatArray,
) -> Drift:  # fmt: skip
    """The baseline of later comparisons.

    Parameters
    ----------
    risks, people : (cells,) risk of each cell of the judging table, and who is in it.
    """
    levels = Levels.fit([*(one.cuts for one in binned), RISK_CUTS], [*names, RISK])
    plain = Levels(tuple(names), levels.cuts[:-1])
    place = 1 + np.searchsorted(np.array(levels.cuts[-1]), risks, side="right")
    row: FloatArray = weighed(place, people * (patients / max(float(people.sum()), 1e-9)), LEVELS)
    counts = np.vstack([level_counts(plain, binned, patients), row])
    return Drift(levels, without_small(_round(counts)))


def domain_of(
    binned: Sequence[Binned], names: Sequence[str], patients: float, X: FloatArray,
    total: NoisySum, noise: float,
) -> Domain | None:  # fmt: skip
    """What is usual, feature by feature; None when too few judge to say (all sites sum anyway).

    Parameters
    ----------
    X : (n, p) this site's judging patients. noise : multiplier of the one noised table.
    """
    draft = _draft(binned, names, patients)
    sums, largest = _surprises(draft, X)
    own = [
        np.bincount(np.searchsorted(cells, values, side="right"), minlength=len(cells) + 1)
        for values, cells in ((sums, SUM_CELLS), (largest, LARGEST_CELLS))
    ]
    flat = np.concatenate(own).astype(np.float64)
    noisy = total(flat, math.sqrt(2.0), noise)
    parts = np.split(noisy, [len(SUM_CELLS) + 1])
    whole = float(noisy.sum() / 2)
    if whole < FEWEST:
        return None
    fine = [
        _spread(on_simplex(part, whole), cells, grid)
        for part, cells, grid in zip(
            parts, (SUM_CELLS, LARGEST_CELLS), (SUM_GRID, LARGEST_GRID), strict=True
        )
    ]
    return replace(draft, tables=(fine[0], fine[1], _bonferroni(whole)))


def _draft(binned: Sequence[Binned], names: Sequence[str], patients: float) -> Domain:
    levels = Levels.fit([one.cuts for one in binned], names)
    blurred = np.maximum(without_small(_round(level_counts(levels, binned, patients))), NEVER)
    share = blurred / blurred.sum(axis=1, keepdims=True)
    marginal = np.vstack([np.log(share), np.zeros(LEVELS)])  # the count of missing says nothing
    mean = -(share * np.log(share)).sum(axis=1)
    square = (share * np.log(share) ** 2).sum(axis=1)
    spread = math.sqrt(max(float((square - mean**2).sum()), 1e-6))
    table = np.repeat(marginal[:, None, :], LEVELS, axis=1)
    none = np.zeros(1)
    parent = (-1,) * (len(names) + 1)
    return Domain(levels, parent, table, marginal, float(mean.sum()), spread, (none, none, none))


def _surprises(draft: Domain, X: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Summed surprise in standard deviations, and the largest one, of each row (n,)."""
    codes = draft.levels.codes(X.reshape(-1, len(draft.levels.names)))
    each = -draft.marginal[np.arange(codes.shape[1]), codes]
    if not len(each):
        return np.zeros(0), np.zeros(0)
    return (each.sum(axis=1) - draft.centre) / draft.spread, each.max(axis=1)


def _spread(counts: FloatArray, cells: FloatArray, grid: FloatArray) -> FloatArray:
    """Coarse counts on the fine cells of a stored table; the last fine cell of each has them all,
    so that nobody is ranked as more unusual than the table can tell."""
    fine = np.zeros(len(grid) + 1)
    ends = np.searchsorted(grid, np.append(cells, np.inf), side="left")
    np.add.at(fine, np.minimum(ends, len(grid)), counts)
    return fine


def _bonferroni(whole: float) -> FloatArray:
    """A table in which the rank of a smaller rank r is 2 r: two looks, no further release."""
    below = np.concatenate([[0.0], RANK_GRID])
    tail = np.minimum(1.0, 2 * np.exp(-below)) * (whole + 1) - 1
    tail = np.maximum(tail, 0.0)
    tail[0] = whole
    return np.asarray(tail - np.append(tail[1:], 0.0), dtype=np.float64)


def _round(counts: FloatArray) -> FloatArray:
    return np.asarray(np.rint(counts), dtype=np.float64)
