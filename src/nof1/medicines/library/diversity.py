"""A diverse choice: the best of each cluster, so that ten picks are not ten times one series.

Butina clustering (J. Chem. Inf. Comput. Sci. 39 (1999) 747): the molecule with the most neighbours
takes them as its cluster, then the next of those left, until none is left.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.medicines.library.bits import Words, counted

NEIGHBOURS = 0.6  # Tanimoto similarity from which two molecules are of one cluster
Labels = NDArray[np.int64]


def clusters(fingerprints: Words, least: float = NEIGHBOURS) -> Labels:
    """(n,) the cluster of each row, from 0 on, the largest first; n up to a few thousand.

    Of equally many neighbours the earlier row is the centre.
    """
    close = _similarity(fingerprints) >= least
    label = np.full(len(close), -1, np.int64)
    order = np.argsort(-close.sum(axis=1), kind="stable")
    number = 0
    for centre in order:
        if label[centre] >= 0:
            continue
        label[close[centre] & (label < 0)] = number
        number += 1
    return label


def best_of_each(label: Labels, count: int) -> NDArray[np.int64]:
    """Rows (the best first) that are the first of their cluster; at most ``count``.

    >>> best_of_each(np.array([2, 2, 0, 1, 0]), 2).tolist()
    [0, 2]
    """
    _, first = np.unique(label, return_index=True)
    return np.sort(first)[:count]


def _similarity(fingerprints: Words) -> NDArray[np.floating[Any]]:
    """(n, n) Tanimoto similarities."""
    size = counted(fingerprints).astype(np.float32)
    ones = np.unpackbits(fingerprints.view(np.uint8), axis=1).astype(np.float32)
    common = ones @ ones.T
    found: NDArray[np.floating[Any]] = common / (size[:, None] + size[None, :] - common)
    return found
