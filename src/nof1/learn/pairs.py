"""Pairwise terms: find pairs of features that act together, fit them, keep those that help.

Pairs are ranked as in FAST (Lou, Caruana, Gehrke, Hooker: Accurate intelligible models with
pairwise interactions, KDD 2013), from sums of gradients over coarse cells, and purified as in
Lengerich et al. (AISTATS 2020): no plane holds anything that a curve could say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from nof1.learn.bins import Codes
from nof1.learn.boosting import Boosted, Booster, HeldOut, Settings
from nof1.learn.coded import CodedTable
from nof1.learn.objectives import Objective
from nof1.learn.sums import CountedSum, FloatArray, weighed

Pair = tuple[int, int]
_NOBODY = 1e-6  # counts are sums of shares of patients


@dataclass(frozen=True)
class CoarseAxis:
    """One feature on a few bins: ``groups[code]`` is the coarse code, ``cuts`` its cuts."""

    groups: Codes
    cuts: FloatArray

    @property
    def size(self) -> int:
        return len(self.cuts) + 2


def coarsen(cuts: FloatArray, counts: FloatArray, most: int) -> CoarseAxis:
    """Join neighbouring bins to at most ``most`` groups of about equal weight; 0 stays missing."""
    present = counts[1:]
    middle = np.cumsum(present) - present / 2
    share = middle / max(float(present.sum()), 1e-12)
    group = np.minimum((share * most).astype(np.int64), most - 1)
    _, group = np.unique(group, return_inverse=True)
    borders = np.flatnonzero(np.diff(group))
    return CoarseAxis(np.r_[0, group + 1].astype(np.uint8), cuts[borders])


@dataclass(frozen=True)
class FittedPairs:
    """Chosen pairs with their planes ``(n_a, n_b, n_bags)`` and patients in each cell."""

    pairs: tuple[Pair, ...]
    planes: tuple[FloatArray, ...]
    counts: tuple[FloatArray, ...]
    scores: FloatArray


def pair_codes(codes: Codes, axes: Sequence[CoarseAxis], pair: Pair) -> Codes:
    """Cell of each row in the plane of a pair."""
    a, b = pair
    coarse_a, coarse_b = axes[a].groups[codes[a]], axes[b].groups[codes[b]]
    return np.asarray(coarse_a.astype(np.int64) * axes[b].size + coarse_b, dtype=np.uint8)


def rank_pairs(
    codes: Codes,
    axes: Sequence[CoarseAxis],
    pairs: Sequence[Pair],
    gradients: tuple[FloatArray, FloatArray],
    total: CountedSum,
    most: int,
) -> list[Pair]:
    """The ``most`` pairs with the largest gain beyond what rows and columns gain alone.

    ``gradients`` are first and second derivatives (n_rows,) at the curves' scores.
    """
    if not pairs:
        return []
    from nof1.learn import passes, planes

    used, places = np.unique(np.array(pairs), return_inverse=True)
    coarse = np.stack([axes[j].groups[codes[j]] for j in used])
    shapes = np.array([(axes[a].size, axes[b].size) for a, b in pairs])
    starts = np.r_[0, np.cumsum(2 * shapes.prod(axis=1))]
    places = places.reshape(-1, 2)
    sums = total(passes.pair_sums(coarse, places, shapes[:, 1], starts, *gradients))
    gains = planes.interaction_gains(sums, shapes, starts)
    order = sorted(range(len(pairs)), key=lambda k: (-round(float(gains[k]), 6), k))
    return [pairs[k] for k in order[:most] if gains[k] > 1e-6]


def candidate_pairs(importance: FloatArray, allowed: NDArray[np.bool_], most: int) -> list[Pair]:
    """All pairs among the ``most`` important allowed features."""
    order = np.argsort(-importance, kind="stable")
    chosen = [int(j) for j in order if allowed[j]][:most]
    return list(combinations(sorted(chosen), 2))


def fit_pairs(
    codes: Codes,
    axes: Sequence[CoarseAxis],
    pairs: Sequence[Pair],
    objective: Objective,
    held_out: FloatArray,
    shares: FloatArray,
    offset: FloatArray,
    settings: Settings,
    total: CountedSum,
    smallest: float = 0.0,
    kept: NDArray[np.int64] | None = None,
) -> FittedPairs:
    """Boost planes on top of the curves' scores ``offset`` and keep as many as validation wants.

    ``smallest`` : no step whose value comes from fewer patients. ``codes`` and ``shares`` are of
    all rows, everything else of the ``kept`` ones (None: all).
    """
    from nof1.learn import kernels

    cells = np.stack([pair_codes(codes, axes, pair) for pair in pairs])
    sizes = [axes[a].size * axes[b].size for a, b in pairs]
    counts = total.together(
        *[weighed(c, shares, size) for c, size in zip(cells, sizes, strict=True)]
    )
    table = CodedTable(cells if kept is None else cells[:, kept], counts)
    widths = np.array([axes[b].size for _, b in pairs], dtype=np.int64)
    allowed = np.concatenate(
        [
            allowed_cuts(count.reshape(-1, width), smallest).ravel()
            for count, width in zip(counts, widths, strict=True)
        ]
    )
    stepper = partial(_step, kernels.step_planes, table, widths, allowed, settings.threshold)
    booster = Booster(
        table, objective, held_out, stepper, settings, total, np.zeros(table.n_bins, dtype=bool)
    )
    boosted = booster.fit(np.zeros(held_out.shape[1]), offset)
    chosen = _choose(table, boosted, objective, booster.held_out, offset, total)
    shapes = [(axes[a].size, axes[b].size) for a, b in pairs]
    planes = [
        boosted.tables[table.offsets[k] : table.offsets[k + 1]].reshape(*shapes[k], -1)
        for k in chosen
    ]
    terms = np.array(chosen, dtype=np.int64)
    added = table.spread(boosted.tables[table.bins(terms)], terms)
    scores = offset + boosted.intercepts + added
    return FittedPairs(
        tuple(pairs[k] for k in chosen),
        tuple(planes),
        tuple(counts[k].reshape(shapes[k]) for k in chosen),
        scores,
    )


def allowed_cuts(count: FloatArray, smallest: float) -> NDArray[np.bool_]:
    """(n_a, n_b) whether a plane may be cut after a row and a column.

    Each of the four quadrants of a step gets a value from its own patients; none may be of one to
    ``smallest`` - 1 of them. One of nobody gets no value. A cut after row 0 tells missing from
    known; at later cuts the missing row belongs to no quadrant. Columns alike.

    Parameters
    ----------
    count : (n_a, n_b) patients of all sites in each cell.
    """
    found = np.zeros(count.shape, dtype=bool)
    for rows in (0, 1):  # 0: missing rows against known ones; 1: cuts among the known
        for columns in (0, 1):
            part = count[rows:, columns:]
            if min(part.shape) < 2:
                continue
            group = _quadrants(part)
            enough: NDArray[np.bool_] = (group < _NOBODY) | (group >= smallest - _NOBODY)
            here = np.asarray(enough.all(axis=0))[: None if rows else 1, : None if columns else 1]
            found[rows : rows + here.shape[0], columns : columns + here.shape[1]] = here
    return found


def _quadrants(cells: FloatArray) -> FloatArray:
    """Sums of low-low, low-high, high-low, high-high for every inner cut: (4, n_a-1, n_b-1)."""
    low = cells.cumsum(axis=0).cumsum(axis=1)
    whole, right, bottom = low[-1, -1], low[:-1, -1:], low[-1:, :-1]
    inner = low[:-1, :-1]
    return np.stack([inner, right - inner, bottom - inner, whole - right - bottom + inner])


def _step(
    kernel: Callable[..., NDArray[np.bool_]],
    table: CodedTable,
    widths: NDArray[np.int64],
    allowed: NDArray[np.bool_],
    threshold: float,
    g: FloatArray,
    h: FloatArray,
    starts: NDArray[np.int64],
    terms: NDArray[np.int64],
    step: FloatArray,
) -> NDArray[np.bool_]:
    cuts = allowed[table.bins(terms)]
    return kernel(g, h, starts, terms, widths, cuts, threshold, step)


def _choose(
    table: CodedTable,
    boosted: Boosted,
    objective: Objective,
    held_out: HeldOut,
    offset: FloatArray,
    total: CountedSum,
) -> list[int]:
    """Strongest pairs first: the number with the least held-out loss, if clearly below none."""
    strength = np.array(
        [
            np.sum(boosted.tables[table.offsets[k] : table.offsets[k + 1]] ** 2)
            for k in range(table.n_terms)
        ]
    )
    order = [int(k) for k in np.argsort(-strength, kind="stable") if strength[k] > 0]
    rows, bags = held_out.rows, held_out.bags
    before = held_out.pick(offset)
    scores = before + boosted.intercepts[bags]
    lost = objective.losses_at(before, rows, bags)
    changes = []
    for k in order:
        scores = scores + boosted.tables[table.offsets[k] + table.codes[k][rows], bags]
        changes.append(held_out.by_row(objective.losses_at(scores, rows, bags) - lost))
    if not changes:
        return []
    change = np.stack(changes)
    sums, squares = total.together(change.sum(axis=1), (change**2).sum(axis=1))
    best = int(np.argmin(sums))
    return order[: best + 1] if sums[best] < -2 * np.sqrt(squares[best]) else []


def purify(
    plane: FloatArray, weights: FloatArray, smallest: float, sweeps: int = 50
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Move row and column means of a plane (n_a, n_b, n_bags) into two curves.

    Returns the plane and the curves (n_a, n_bags), (n_b, n_bags); their sum is the given plane.
    Rows and columns of fewer than ``smallest`` patients are left as they are.
    """
    plane = plane.copy()
    curves = [
        np.zeros((plane.shape[0], plane.shape[2])),
        np.zeros((plane.shape[1], plane.shape[2])),
    ]
    for _ in range(sweeps):
        largest = 0.0
        for axis in (0, 1):
            mass = weights.sum(axis=1 - axis)
            mean = (plane * weights[:, :, None]).sum(axis=1 - axis) / np.maximum(mass, 1e-12)[
                :, None
            ]
            mean[mass < smallest] = 0.0
            plane -= np.expand_dims(mean, 1 - axis)
            curves[axis] += mean
            largest = max(largest, float(np.abs(mean).max()))
        if largest < 1e-13:
            break
    return plane, curves[0], curves[1]
