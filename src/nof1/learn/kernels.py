"""Compiled loops of the glass box; ``tests/learn/test_kernels.py`` holds an obvious twin of each.

Shapes: ``codes`` (n_features, n_rows) uint8; everything that has a value for each bag ends with an
axis of length n_bags, so that the innermost loop runs over bags and vectorises. The bins of feature
j are the rows ``offsets[j]`` to ``offsets[j + 1] - 1`` of a table; its first row is the missing bin.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

_jit: Any = numba.njit(cache=True)


@_jit
def add_dense(
    codes: NDArray[Any], values: NDArray[Any], start: int, table: NDArray[Any]
) -> None:
    """table[start + codes[i]] += values[i] for all rows i."""
    width = values.shape[1]
    for i in range(codes.shape[0]):
        row = start + codes[i]
        for b in range(width):
            table[row, b] += values[i, b]


@_jit
def add_listed(
    rows: NDArray[Any], codes: NDArray[Any], values: NDArray[Any], start: int, table: NDArray[Any]
) -> None:
    """table[start + codes[k]] += values[rows[k]] for the listed rows."""
    width = values.shape[1]
    for k in range(rows.shape[0]):
        row, i = start + codes[k], rows[k]
        for b in range(width):
            table[row, b] += values[i, b]


@_jit
def spread_dense(
    codes: NDArray[Any], table: NDArray[Any], start: int, values: NDArray[Any]
) -> None:
    """values[i] += table[start + codes[i]] for all rows i."""
    width = values.shape[1]
    for i in range(codes.shape[0]):
        row = start + codes[i]
        for b in range(width):
            values[i, b] += table[row, b]


@_jit
def spread_listed(
    rows: NDArray[Any],
    codes: NDArray[Any],
    table: NDArray[Any],
    start: int,
    usual: int,
    values: NDArray[Any],
) -> None:
    """values[rows[k]] += table[start + codes[k]] - table[start + usual] for the listed rows."""
    width = values.shape[1]
    for k in range(rows.shape[0]):
        row, i = start + codes[k], rows[k]
        for b in range(width):
            values[i, b] += table[row, b] - table[start + usual, b]


@_jit
def _score(g: float, h: float) -> float:
    """How much a Newton step lowers the loss: 0.5 g^2 / h."""
    return 0.5 * g * g / (h + 1e-12)


@_jit
def _leaf(g: float, h: float) -> float:
    return -g / (h + 1e-12)


@_jit
def _best_cut(g: NDArray[Any], h: NDArray[Any], first: int, end: int) -> tuple[float, int]:
    """Best cut of bins first..end-1 into first..cut-1 and cut..end-1; the first of near ties."""
    all_g, all_h = 0.0, 0.0
    for k in range(first, end):
        all_g += g[k]
        all_h += h[k]
    whole = _score(all_g, all_h)
    best, place = 0.0, -1
    left_g, left_h = 0.0, 0.0
    for cut in range(first + 1, end):
        left_g += g[cut - 1]
        left_h += h[cut - 1]
        gain = _score(left_g, left_h) + _score(all_g - left_g, all_h - left_h) - whole
        if gain > best * (1.0 + 1e-7) + 1e-12:
            best, place = gain, cut
    return best, place


@_jit
def pool_violators(values: NDArray[Any], weights: NDArray[Any], sign: int) -> None:
    """Weighted isotonic values in place, rising for sign 1, falling for -1 (Barlow 1972)."""
    n = values.shape[0]
    means, masses, sizes = np.empty(n), np.empty(n), np.empty(n, np.int64)
    blocks = 0
    for k in range(n):
        means[blocks], masses[blocks], sizes[blocks] = values[k], weights[k], 1
        blocks += 1
        while blocks > 1 and sign * means[blocks - 2] > sign * means[blocks - 1]:
            a, b = blocks - 2, blocks - 1
            mass = masses[a] + masses[b]
            means[a] = (means[a] * masses[a] + means[b] * masses[b]) / mass
            masses[a] = mass
            sizes[a] += sizes[b]
            blocks -= 1
    k = 0
    for block in range(blocks):
        for _ in range(sizes[block]):
            values[k] = means[block]
            k += 1


@_jit
def _leaf_edges(
    g: NDArray[Any], h: NDArray[Any], cut: int, threshold: float
) -> tuple[float, NDArray[Any]]:
    """Edges of two leaves, or of three when a second cut gains more than the threshold."""
    n = g.shape[0]
    low_gain, low = _best_cut(g, h, 1, cut)
    high_gain, high = _best_cut(g, h, cut, n)
    if max(low_gain, high_gain) <= threshold:
        return 0.0, np.array([1, cut, n])
    if low_gain >= high_gain:
        return low_gain, np.array([1, low, cut, n])
    return high_gain, np.array([1, cut, high, n])


@_jit
def step_curve(
    g: NDArray[Any], h: NDArray[Any], sign: int, threshold: float, step: NDArray[Any]
) -> bool:
    """Newton step of one curve for one bag: at most three leaves, and the missing bin by itself.

    ``g`` and ``h`` (n_bins,) are summed gradients and Hessians, penalty included. Steps are shrunk
    by ``1 - threshold / gain``: they fade out where the gain is what chance alone gives.
    Writes ``step`` (n_bins,) and tells whether it is not zero.
    """
    step[:] = 0.0
    missing = _score(g[0], h[0])
    if missing > threshold:
        step[0] = _leaf(g[0], h[0]) * (1.0 - threshold / missing)
    gain, cut = _best_cut(g, h, 1, g.shape[0])
    if cut < 0 or gain <= threshold:
        return missing > threshold
    more, edges = _leaf_edges(g, h, cut, threshold)
    leaves = edges.shape[0] - 1
    values, weights = np.zeros(leaves), np.zeros(leaves)
    for k in range(leaves):
        leaf_g, leaf_h = g[edges[k] : edges[k + 1]].sum(), h[edges[k] : edges[k + 1]].sum()
        values[k], weights[k] = _leaf(leaf_g, leaf_h), leaf_h
    if sign != 0:
        pool_violators(values, weights, sign)
    shrink = 1.0 - threshold / (gain + more)
    for k in range(leaves):
        step[edges[k] : edges[k + 1]] = values[k] * shrink
    return True


@_jit
def _running_sums(cells: NDArray[Any]) -> NDArray[Any]:
    """Two-dimensional running sums without row 0 and column 0."""
    total = np.zeros(cells.shape)
    for a in range(1, cells.shape[0]):
        row = 0.0
        for b in range(1, cells.shape[1]):
            row += cells[a, b]
            total[a, b] = total[a - 1, b] + row
    return total


@_jit
def _quadrant(total: NDArray[Any], a: int, b: int, q: int) -> float:
    """Sum of quadrant q (0 low-low, 1 low-high, 2 high-low, 3 high-high) from running sums."""
    low, left, top, whole = total[a, b], total[a, -1], total[-1, b], total[-1, -1]
    if q == 0:
        return low
    if q == 1:
        return left - low
    if q == 2:
        return top - low
    return whole - left - top + low


@_jit
def step_plane(
    g: NDArray[Any], h: NDArray[Any], threshold: float, step: NDArray[Any]
) -> bool:
    """Newton step of one pair for one bag: four quadrants of (n_a, n_b) cells.

    Row 0 and column 0 (one of the two is missing) never take part. Writes ``step`` and tells
    whether it is not zero.
    """
    step[:, :] = 0.0
    sum_g, sum_h = _running_sums(g), _running_sums(h)
    best, best_a, best_b = 0.0, -1, -1
    for a in range(1, g.shape[0] - 1):
        for b in range(1, g.shape[1] - 1):
            gain = -_score(sum_g[-1, -1], sum_h[-1, -1])
            for q in range(4):
                gain += _score(_quadrant(sum_g, a, b, q), _quadrant(sum_h, a, b, q))
            if gain > best * (1.0 + 1e-7) + 1e-12:
                best, best_a, best_b = gain, a, b
    if best_a < 0 or best <= threshold:
        return False
    for a in range(1, g.shape[0]):
        for b in range(1, g.shape[1]):
            q = 2 * (a > best_a) + (b > best_b)
            leaf_g = _quadrant(sum_g, best_a, best_b, q)
            leaf_h = _quadrant(sum_h, best_a, best_b, q)
            step[a, b] = _leaf(leaf_g, leaf_h) * (1.0 - threshold / best)
    return True


@_jit
def step_curves(
    g: NDArray[Any],
    h: NDArray[Any],
    offsets: NDArray[Any],
    terms: NDArray[Any],
    signs: NDArray[Any],
    threshold: float,
    step: NDArray[Any],
) -> NDArray[Any]:
    """``step_curve`` for the listed terms and all bags; returns moved (n_terms, n_bags)."""
    moved = np.zeros((terms.shape[0], g.shape[1]), np.bool_)
    for place in range(terms.shape[0]):
        first, end = offsets[terms[place]], offsets[terms[place] + 1]
        for b in range(g.shape[1]):
            one = np.empty(end - first)
            moved[place, b] = step_curve(
                g[first:end, b].copy(), h[first:end, b].copy(), signs[terms[place]], threshold, one
            )
            step[first:end, b] = one
    return moved


@_jit
def step_planes(
    g: NDArray[Any],
    h: NDArray[Any],
    offsets: NDArray[Any],
    terms: NDArray[Any],
    widths: NDArray[Any],
    threshold: float,
    step: NDArray[Any],
) -> NDArray[Any]:
    """``step_plane`` for the listed pairs; ``widths[j]`` is the number of columns of pair j."""
    moved = np.zeros((terms.shape[0], g.shape[1]), np.bool_)
    for place in range(terms.shape[0]):
        first, end = offsets[terms[place]], offsets[terms[place] + 1]
        n_b = widths[terms[place]]
        n_a = (end - first) // n_b
        for b in range(g.shape[1]):
            one = np.empty((n_a, n_b))
            plane_g = g[first:end, b].copy().reshape((n_a, n_b))
            plane_h = h[first:end, b].copy().reshape((n_a, n_b))
            moved[place, b] = step_plane(plane_g, plane_h, threshold, one)
            step[first:end, b] = one.reshape(end - first)
    return moved
