"""Compiled steps of the glass box; ``tests/learn/test_kernels.py`` holds an obvious twin of each.

Everything that has a value for each bag ends with an axis of length n_bags. The bins of the k-th
term given are the rows ``starts[k]`` to ``starts[k + 1] - 1`` of a table; its first row is the
missing bin.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

Function = TypeVar("Function", bound=Callable[..., Any])


def jit(function: Function) -> Function:
    """Compile on first use and keep the machine code beside the module."""
    compiled: Function = numba.njit(cache=True)(function)
    return compiled


@jit
def _score(g: float, h: float) -> float:
    """How much a Newton step lowers the loss: 0.5 g^2 / h."""
    return 0.5 * g * g / (h + 1e-12)


@jit
def _leaf(g: float, h: float) -> float:
    return -g / (h + 1e-12)


@jit
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


@jit
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


@jit
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


@jit
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


@jit
def _running_sums(cells: NDArray[Any]) -> NDArray[Any]:
    """Two-dimensional running sums."""
    total = np.zeros(cells.shape)
    for a in range(cells.shape[0]):
        row = 0.0
        for b in range(cells.shape[1]):
            row += cells[a, b]
            total[a, b] = row + (total[a - 1, b] if a > 0 else 0.0)
    return total


@jit
def _block(total: NDArray[Any], a: int, b: int, q: int) -> Any:
    """Sum of quadrant q of a cut after row a and column b, from running sums.

    q is 0 low-low, 1 low-high, 2 high-low, 3 high-high. A cut after row 0 tells missing from known;
    at later cuts the missing row belongs to no quadrant. Columns alike.
    """
    first_a, last_a = (a, total.shape[0] - 1) if q >= 2 else (0 if a > 0 else -1, a)
    first_b, last_b = (b, total.shape[1] - 1) if q % 2 == 1 else (0 if b > 0 else -1, b)
    found = total[last_a, last_b]
    if first_a >= 0:
        found -= total[first_a, last_b]
    if first_b >= 0:
        found -= total[last_a, first_b]
    if first_a >= 0 and first_b >= 0:
        found += total[first_a, first_b]
    return found


@jit
def step_plane(
    g: NDArray[Any], h: NDArray[Any], allowed: NDArray[Any], threshold: float, step: NDArray[Any]
) -> bool:
    """Newton step of one pair for one bag: four quadrants of (n_a, n_b) cells.

    ``allowed`` (n_a, n_b) says after which row and column may be cut.
    Writes ``step`` (n_a, n_b) and tells whether it is not zero.
    """
    step[:, :] = 0.0
    sum_g, sum_h = _running_sums(g), _running_sums(h)
    best, best_a, best_b = 0.0, -1, -1
    leaf_g, leaf_h = np.empty(4), np.empty(4)
    for a in range(g.shape[0] - 1):
        for b in range(g.shape[1] - 1):
            if not allowed[a, b]:
                continue
            gain = 0.0
            for q in range(4):
                leaf_g[q], leaf_h[q] = _block(sum_g, a, b, q), _block(sum_h, a, b, q)
                gain += _score(leaf_g[q], leaf_h[q])
            gain -= _score(leaf_g.sum(), leaf_h.sum())
            if gain > best * (1.0 + 1e-7) + 1e-12:
                best, best_a, best_b = gain, a, b
    if best_a < 0 or best <= threshold:
        return False
    shrink = 1.0 - threshold / best
    for a in range(min(best_a, 1), g.shape[0]):
        for b in range(min(best_b, 1), g.shape[1]):
            q = 2 * (a > best_a) + (b > best_b)
            value = _leaf(_block(sum_g, best_a, best_b, q), _block(sum_h, best_a, best_b, q))
            step[a, b] = value * shrink
    return True


@jit
def step_curves(
    g: NDArray[Any],
    h: NDArray[Any],
    starts: NDArray[Any],
    terms: NDArray[Any],
    signs: NDArray[Any],
    threshold: float,
    step: NDArray[Any],
) -> NDArray[Any]:
    """``step_curve`` for the listed terms and all bags; returns moved (n_terms, n_bags)."""
    moved = np.zeros((terms.shape[0], g.shape[1]), np.bool_)
    for place in range(terms.shape[0]):
        first, end = starts[place], starts[place + 1]
        for b in range(g.shape[1]):
            one = np.empty(end - first)
            moved[place, b] = step_curve(
                g[first:end, b].copy(), h[first:end, b].copy(), signs[terms[place]], threshold, one
            )
            step[first:end, b] = one
    return moved


@jit
def step_planes(
    g: NDArray[Any],
    h: NDArray[Any],
    starts: NDArray[Any],
    terms: NDArray[Any],
    widths: NDArray[Any],
    allowed: NDArray[Any],
    threshold: float,
    step: NDArray[Any],
) -> NDArray[Any]:
    """``step_plane`` for the listed pairs; ``widths[j]`` is the number of columns of pair j, and
    ``allowed`` (n_bins,) holds the cuts of those listed."""
    moved = np.zeros((terms.shape[0], g.shape[1]), np.bool_)
    for place in range(terms.shape[0]):
        first, end = starts[place], starts[place + 1]
        n_b = widths[terms[place]]
        n_a = (end - first) // n_b
        cuts = allowed[first:end].copy().reshape((n_a, n_b))
        for b in range(g.shape[1]):
            one = np.empty((n_a, n_b))
            plane_g = g[first:end, b].copy().reshape((n_a, n_b))
            plane_h = h[first:end, b].copy().reshape((n_a, n_b))
            moved[place, b] = step_plane(plane_g, plane_h, cuts, threshold, one)
            step[first:end, b] = one.reshape(end - first)
    return moved
