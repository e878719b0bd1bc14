"""Pairwise terms: find pairs of features that act together, fit them, keep those that help.

Pairs are ranked as in FAST (Lou, Caruana, Gehrke, Hooker: Accurate intelligible models with
pairwise interactions, KDD 2013), from sums of gradients over coarse cells, and purified as in
Lengerich et al. (AISTATS 2020): no plane holds anything that a curve could say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from nof1.learn.bins import Codes
from nof1.learn.boosting import Boosted, Booster, Settings
from nof1.learn.coded import CodedTable
from nof1.learn.objectives import Objective
from nof1.learn.sums import CountedSum, FloatArray, weighed

Pair = tuple[int, int]


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
    sizes = [axes[a].size * axes[b].size for a, b in pairs]
    sums = []
    for pair, size in zip(pairs, sizes, strict=True):
        cells = pair_codes(codes, axes, pair)
        sums.append(np.stack([weighed(cells, v, size) for v in gradients]))
    summed = total.together(*sums) if sums else []
    gains = [
        interaction_gain(*cells.reshape(2, axes[a].size, axes[b].size))
        for cells, (a, b) in zip(summed, pairs, strict=True)
    ]
    order = sorted(range(len(pairs)), key=lambda k: (-round(gains[k], 6), k))
    return [pairs[k] for k in order[:most] if gains[k] > 1e-6]


def interaction_gain(g: FloatArray, h: FloatArray) -> float:
    """Best gain of four quadrants over two halves each way, for summed (n_a, n_b) derivatives.

    Each side is cut among its known values, or into missing and known.
    """
    views = [
        (along_a(g, along_b), along_a(h, along_b))
        for along_a in (_known_rows, _missing_rows)
        for along_b in (False, True)
    ]
    return max(_contrast(view_g, view_h) for view_g, view_h in views)


def _known_rows(cells: FloatArray, collapse: bool) -> FloatArray:
    return _columns(cells[1:], collapse)


def _missing_rows(cells: FloatArray, collapse: bool) -> FloatArray:
    return _columns(np.stack([cells[0], cells[1:].sum(axis=0)]), collapse)


def _columns(cells: FloatArray, collapse: bool) -> FloatArray:
    """Known columns, or the two columns missing and known."""
    if not collapse:
        return cells[:, 1:]
    return np.stack([cells[:, 0], cells[:, 1:].sum(axis=1)], axis=1)


def _contrast(g: FloatArray, h: FloatArray) -> float:
    """What four quadrants gain beyond their rows and columns, at the best cut."""
    if min(g.shape) < 2:
        return 0.0
    parts_g, parts_h = _quadrants(g), _quadrants(h)
    four = _gain(parts_g, parts_h).sum(axis=0)
    rows = _gain(parts_g[[0, 2]] + parts_g[[1, 3]], parts_h[[0, 2]] + parts_h[[1, 3]]).sum(axis=0)
    columns = _gain(parts_g[:2] + parts_g[2:], parts_h[:2] + parts_h[2:]).sum(axis=0)
    whole = _gain(parts_g.sum(axis=0), parts_h.sum(axis=0))
    return float(np.max(four - rows - columns + whole))


def _quadrants(cells: FloatArray) -> FloatArray:
    """Sums of low-low, low-high, high-low, high-high for every inner cut: (4, n_a-1, n_b-1)."""
    low = cells.cumsum(axis=0).cumsum(axis=1)
    whole, right, bottom = low[-1, -1], low[:-1, -1:], low[-1:, :-1]
    inner = low[:-1, :-1]
    return np.stack([inner, right - inner, bottom - inner, whole - right - bottom + inner])


def _gain(g: FloatArray, h: FloatArray) -> FloatArray:
    gain: FloatArray = 0.5 * g**2 / (h + 1.0)
    return gain


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
) -> FittedPairs:
    """Boost planes on top of the curves' scores ``offset`` and keep as many as validation wants."""
    from nof1.learn import kernels

    cells = np.stack([pair_codes(codes, axes, pair) for pair in pairs])
    sizes = [axes[a].size * axes[b].size for a, b in pairs]
    counts = total.together(
        *[weighed(c, shares, size) for c, size in zip(cells, sizes, strict=True)]
    )
    table = CodedTable(cells, counts)
    widths = np.array([axes[b].size for _, b in pairs], dtype=np.int64)
    stepper = partial(_step, kernels.step_planes, table.offsets, widths, settings.threshold)
    booster = Booster(
        table, objective, held_out, stepper, settings, total, np.zeros(table.n_bins, dtype=bool)
    )
    boosted = booster.fit(np.zeros(held_out.shape[1]), offset)
    kept = _choose(table, boosted, objective, held_out, offset, total)
    shapes = [(axes[a].size, axes[b].size) for a, b in pairs]
    planes = [
        boosted.tables[table.offsets[k] : table.offsets[k + 1]].reshape(*shapes[k], -1)
        for k in kept
    ]
    scores = offset + boosted.intercepts + table.spread(boosted.tables, np.array(kept, np.int64))
    return FittedPairs(
        tuple(pairs[k] for k in kept),
        tuple(planes),
        tuple(counts[k].reshape(shapes[k]) for k in kept),
        scores,
    )


def _step(
    kernel: object,
    offsets: NDArray[np.int64],
    widths: NDArray[np.int64],
    threshold: float,
    g: FloatArray,
    h: FloatArray,
    terms: NDArray[np.int64],
    step: FloatArray,
) -> NDArray[np.bool_]:
    moved: NDArray[np.bool_] = kernel(g, h, offsets, terms, widths, threshold, step)  # type: ignore[operator]
    return moved


def _choose(
    table: CodedTable,
    boosted: Boosted,
    objective: Objective,
    held_out: FloatArray,
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
    scores = offset + boosted.intercepts
    before = objective.losses(offset)
    changes = []
    for k in order:
        scores = scores + table.spread(boosted.tables, np.array([k]))
        changes.append(((objective.losses(scores) - before) * held_out).sum(axis=1))
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
