"""Compiled search for pairs that act together; ``tests/learn/test_planes.py`` holds a twin."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.learn.kernels import jit


@jit
def interaction_gains(
    sums: NDArray[Any], shapes: NDArray[Any], starts: NDArray[Any]
) -> NDArray[Any]:
    """What each pair gains beyond its two features: (n_pairs,).

    ``sums`` holds the planes of ``passes.pair_sums``; ``shapes`` (n_pairs, 2) are their sides.
    """
    gains = np.zeros(shapes.shape[0])
    for p in range(shapes.shape[0]):
        n_a, n_b = shapes[p]
        middle = (starts[p] + starts[p + 1]) // 2
        g = sums[starts[p] : middle].copy().reshape((n_a, n_b))
        h = sums[middle : starts[p + 1]].copy().reshape((n_a, n_b))
        gains[p] = interaction_gain(g, h)
    return gains


@jit
def interaction_gain(g: NDArray[Any], h: NDArray[Any]) -> float:
    """Best gain of four quadrants over two halves each way, for summed (n_a, n_b) derivatives.

    Each side is cut among its known values, or into missing and known.
    """
    best = 0.0
    for way in range(4):
        low_g, low_h = _below(_view(g, way)), _below(_view(h, way))
        for a in range(low_g.shape[0] - 1):
            for b in range(low_g.shape[1] - 1):
                best = max(best, _contrast(low_g, low_h, a, b))
    return best


@jit
def _view(cells: NDArray[Any], way: int) -> NDArray[Any]:
    """Known rows (ways 0 and 1), or the two rows missing and known; columns by odd and even."""
    rows = cells[1:] if way < 2 else _in_two(cells)
    return np.ascontiguousarray(rows[:, 1:]) if way % 2 == 0 else _in_two(rows.T).T.copy()


@jit
def _in_two(cells: NDArray[Any]) -> NDArray[Any]:
    two = np.zeros((2, cells.shape[1]))
    two[0] = cells[0]
    for a in range(1, cells.shape[0]):
        two[1] += cells[a]
    return two


@jit
def _below(cells: NDArray[Any]) -> NDArray[Any]:
    """Running sums down and then along."""
    low = cells.copy()
    for a in range(1, low.shape[0]):
        low[a] += low[a - 1]
    for b in range(1, low.shape[1]):
        low[:, b] += low[:, b - 1]
    return low


@jit
def _contrast(low_g: NDArray[Any], low_h: NDArray[Any], a: int, b: int) -> float:
    """What the quadrants of a cut after row a and column b gain beyond rows and columns."""
    g, h = _quadrants(low_g, a, b), _quadrants(low_h, a, b)
    four = _gain(g[0], h[0]) + _gain(g[1], h[1]) + _gain(g[2], h[2]) + _gain(g[3], h[3])
    rows = _gain(g[0] + g[1], h[0] + h[1]) + _gain(g[2] + g[3], h[2] + h[3])
    columns = _gain(g[0] + g[2], h[0] + h[2]) + _gain(g[1] + g[3], h[1] + h[3])
    whole = _gain(g[0] + g[1] + g[2] + g[3], h[0] + h[1] + h[2] + h[3])
    return four - rows - columns + whole


@jit
def _quadrants(low: NDArray[Any], a: int, b: int) -> tuple[float, float, float, float]:
    """Sums of low-low, low-high, high-low and high-high."""
    inner, right, bottom = low[a, b], low[a, -1], low[-1, b]
    return inner, right - inner, bottom - inner, low[-1, -1] - right - bottom + inner


@jit
def _gain(g: float, h: float) -> float:
    return 0.5 * g * g / (h + 1.0)
