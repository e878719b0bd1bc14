"""Compiled passes over rows; ``tests/learn/test_passes.py`` holds an obvious twin of each.

A table of codes is given as ``codes`` (n_terms, n_rows) uint8 and the lists of its rare rows: those
of term j are ``rows[first[j] : first[j + 1]]``, ascending, with their codes in ``rare``, and all
other rows have the code ``usual[j]``, which is -1 where nothing is listed. ``starts`` are the first
rows that the given terms have in a table of their bins.

Sums run in the order of the rows and of the terms, so no blocking changes a bit of a result.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.learn.kernels import jit

BLOCK = 1024
"""Rows whose values stay in the nearest cache."""
WIDE = 8192
"""Rows whose codes of all candidate features stay in the second cache."""


@jit
def histogram(
    codes: NDArray[Any],
    rows: NDArray[Any],
    rare: NDArray[Any],
    first: NDArray[Any],
    usual: NDArray[Any],
    terms: NDArray[Any],
    starts: NDArray[Any],
    values: NDArray[Any],
    whole: NDArray[Any],
) -> NDArray[Any]:
    """Sums of values (n_rows, k) in each bin of the terms; ``whole`` (k,) are their column sums."""
    width = values.shape[1]
    table = np.zeros((starts[-1], width))
    for place in range(terms.shape[0]):
        j, start, end = terms[place], starts[place], starts[place + 1]
        if usual[j] < 0:
            _add(codes[j], values, table[start:end])
            continue
        for k in range(first[j], first[j + 1]):
            row, i = start + rare[k], rows[k]
            for b in range(width):
                table[row, b] += values[i, b]
        for b in range(width):
            listed = 0.0
            for row in range(start, end):
                listed += table[row, b]
            table[start + usual[j], b] += whole[b] - listed
    return table


@jit
def _add(codes: NDArray[Any], values: NDArray[Any], table: NDArray[Any]) -> None:
    for i in range(codes.shape[0]):
        row = codes[i]
        for b in range(values.shape[1]):
            table[row, b] += values[i, b]


@jit
def spread(
    codes: NDArray[Any],
    rows: NDArray[Any],
    rare: NDArray[Any],
    first: NDArray[Any],
    usual: NDArray[Any],
    terms: NDArray[Any],
    starts: NDArray[Any],
    table: NDArray[Any],
    values: NDArray[Any],
) -> None:
    """Write the sum of the terms' table rows for each row into ``values`` (n_rows, k)."""
    n, width = values.shape
    reached = first[terms]
    for low in range(0, n, BLOCK):
        high = min(low + BLOCK, n)
        values[low:high] = 0.0
        for place in range(terms.shape[0]):
            j, start = terms[place], starts[place]
            if usual[j] < 0:
                for i in range(low, high):
                    row = start + codes[j, i]
                    for b in range(width):
                        values[i, b] += table[row, b]
                continue
            common = start + usual[j]
            for i in range(low, high):
                for b in range(width):
                    values[i, b] += table[common, b]
            k, end = reached[place], first[j + 1]
            while k < end and rows[k] < high:
                row, i = start + rare[k], rows[k]
                for b in range(width):
                    values[i, b] += table[row, b] - table[common, b]
                k += 1
            reached[place] = k


@jit
def column_sums(values: NDArray[Any]) -> NDArray[Any]:
    """Sums (k,) of values (n_rows, k), added row by row: bit for bit ``values.sum(axis=0)``."""
    sums = np.zeros(values.shape[1])
    for i in range(values.shape[0]):
        for b in range(values.shape[1]):
            sums[b] += values[i, b]
    return sums


@jit
def along(both: NDArray[Any], direction: NDArray[Any]) -> NDArray[Any]:
    """Column sums of ``g * direction`` and ``h * direction**2``: (2, k), in one pass.

    ``both`` (n_rows, 2 k) holds g, then h.
    """
    width = direction.shape[1]
    sums = np.zeros((2, width))
    for i in range(direction.shape[0]):
        for b in range(width):
            x = direction[i, b]
            sums[0, b] += both[i, b] * x
            sums[1, b] += both[i, width + b] * (x * x)
    return sums


@jit
def logistic(
    small: NDArray[Any],
    scores: NDArray[Any],
    labels: NDArray[Any],
    weights: NDArray[Any],
    both: NDArray[Any],
) -> None:
    """Weighted derivatives of the logistic loss into ``both`` (n_rows, 2 k): g, then h.

    ``small`` (n_rows, k) is ``exp(-abs(scores))``; labels (n_rows,), weights (n_rows, k).
    """
    width = scores.shape[1]
    for i in range(scores.shape[0]):
        for b in range(width):
            top = 1.0 if scores[i, b] >= 0 else small[i, b]
            risk = top / (1.0 + small[i, b])
            both[i, b] = (risk - labels[i]) * weights[i, b]
            both[i, width + b] = risk * (1.0 - risk) * weights[i, b]


@jit
def advance(
    scores: NDArray[Any], direction: NDArray[Any], rate: NDArray[Any], change: NDArray[Any]
) -> None:
    """``scores += direction * rate`` and then ``scores += change``, in one pass."""
    for i in range(scores.shape[0]):
        for b in range(scores.shape[1]):
            scores[i, b] = (scores[i, b] + direction[i, b] * rate[b]) + change[b]


@jit
def pair_sums(
    codes: NDArray[Any],
    pairs: NDArray[Any],
    widths: NDArray[Any],
    starts: NDArray[Any],
    g: NDArray[Any],
    h: NDArray[Any],
) -> NDArray[Any]:
    """Sums of g and h (n_rows,) in the cells of each pair's plane, one plane after the other.

    ``codes`` (n_features, n_rows); the cell of a row in pair p is ``codes[pairs[p, 0]] * widths[p]
    + codes[pairs[p, 1]]``. The sums of g of pair p begin at ``starts[p]`` of the result, those of h
    half way to ``starts[p + 1]``.
    """
    sums = np.zeros(starts[-1])
    for low in range(0, codes.shape[1], WIDE):
        high = min(low + WIDE, codes.shape[1])
        for p in range(pairs.shape[0]):
            one, other = codes[pairs[p, 0]], codes[pairs[p, 1]]
            start, half = starts[p], (starts[p + 1] - starts[p]) // 2
            for i in range(low, high):
                cell = start + one[i] * widths[p] + other[i]
                sums[cell] += g[i]
                sums[cell + half] += h[i]
    return sums


@jit
def moments(
    X: NDArray[Any], middle: NDArray[Any], width: NDArray[Any], widest: float, shares: NDArray[Any]
) -> NDArray[Any]:
    """Weighted sums (4, n_features) of: known, scaled value, its square, missing.

    A value (n_rows, n_features), NaN missing, is scaled by ``(x - middle) / width`` and drawn into
    -widest to widest.
    """
    sums = np.zeros((4, X.shape[1]))
    for i in range(X.shape[0]):
        share = shares[i]
        if share == 0.0:
            continue
        for j in range(X.shape[1]):
            x = (X[i, j] - middle[j]) / width[j]
            if x != x:
                sums[3, j] += share
                continue
            x = min(max(x, -widest), widest)
            sums[0, j] += share
            sums[1, j] += share * x
            sums[2, j] += share * (x * x)
    return sums
