"""Compiled loops over packed fingerprints; the tests hold an obvious twin of each.

A fingerprint of 2,048 bits is 32 words of 64 bits. Its *fold* is the exclusive or of every fourth
word: 4 words, an eighth of the bytes. Where two folds differ, so do the fingerprints, and two bits
that cancel can only hide a difference: the distance of the folds is never larger than that of the
fingerprints. So most rows are ruled out by their fold alone, without being wrong once.

References
----------
Swamidass & Baldi, J. Chem. Inf. Model. 47 (2007) 302 (bounds by the number of bits);
Baldi, Hirschberg & Nasr, J. Chem. Inf. Model. 48 (2008) 1367 (the fold's bound).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from numba.extending import intrinsic
from numpy.typing import NDArray

BITS = 2048
WORDS = BITS // 64
FOLD_WORDS = 4
Words = NDArray[np.uint64]
Counts = NDArray[np.int64]
Function = TypeVar("Function", bound=Callable[..., Any])


def _jit(function: Function) -> Function:
    """Compile on first use and keep the machine code beside the module."""
    compiled: Function = numba.njit(cache=True)(function)
    return compiled


def _count_ones(typing_context: Any, word: Any) -> Any:
    """The processor's own instruction that counts the ones of a word."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = arguments[0].type
        return builder.call(builder.module.declare_intrinsic("llvm.ctpop", [kind]), arguments)

    return numba.types.uint64(numba.types.uint64), code


_ones = intrinsic(_count_ones)


def packed(rows: NDArray[np.uint8]) -> Words:
    """Rows of bytes (n, 256) as words (n, 32), without a copy where possible."""
    return np.ascontiguousarray(rows).view(np.uint64)


def counted(fingerprints: Words) -> Counts:
    """(n,) how many bits each fingerprint has."""
    found: Counts = np.bitwise_count(fingerprints).sum(axis=1, dtype=np.int64)
    return found


def folded(fingerprints: Words) -> Words:
    """(n, 4) the folds of fingerprints (n, 32)."""
    groups = np.asarray(fingerprints).reshape(-1, WORDS // FOLD_WORDS, FOLD_WORDS)
    made: Words = np.bitwise_xor.reduce(groups, axis=1)
    return made


@_jit
def similar(
    fingerprints: Words,
    folds: Words,
    counts: NDArray[np.uint16],
    query: Words,
    query_fold: Words,
    query_count: int,
    least: float,
    rows: Counts,
    values: NDArray[np.float64],
) -> int:
    """Fill ``rows`` and ``values`` with the rows whose Tanimoto similarity is ``least`` or more.

    Parameters
    ----------
    fingerprints, folds, counts : (n, 32), (n, 4) and (n,) of the same rows.
    query, query_fold, query_count : (32,), (4,) and its number of bits, 1 or more.
    rows, values : (n,) to be filled.

    Returns
    -------
    How many were found. Similarity is common / (bits of one + bits of the other - common), 0 to 1.
    At least ``least`` means a distance of at most ``both (1 - least) / (1 + least)`` bits.
    """
    found = 0
    for i in range(fingerprints.shape[0]):
        both = query_count + np.int64(counts[i])
        allowed = np.int64(np.floor(both * (1.0 - least) / (1.0 + least) + 1e-9))
        apart = np.int64(0)
        for w in range(FOLD_WORDS):
            apart += np.int64(_ones(folds[i, w] ^ query_fold[w]))
        if apart > allowed:
            continue
        common = np.int64(0)
        for w in range(WORDS):
            common += np.int64(_ones(fingerprints[i, w] & query[w]))
        value = common / (both - common)
        if value >= least:
            rows[found] = i
            values[found] = value
            found += 1
    return found


@_jit
def holding(patterns: Words, query: Words, rows: Counts) -> int:
    """Fill ``rows`` with those that have every bit of ``query``; returns how many they are."""
    found = 0
    for i in range(patterns.shape[0]):
        fits = True
        for w in range(patterns.shape[1]):
            if query[w] & ~patterns[i, w]:
                fits = False
                break
        if fits:
            rows[found] = i
            found += 1
    return found


@_jit
def nearest(
    fingerprints: Words,
    folds: Words,
    counts: NDArray[np.uint16],
    known: Words,
    known_folds: Words,
    known_counts: Counts,
    least: float,
    values: NDArray[np.float64],
    which: Counts,
) -> None:
    """For each fingerprint its largest similarity to any of ``known``, and to which one first.

    Only similarities above ``least`` are looked for: a row without one gets -1 and place -1. A
    distance of d bits allows a similarity of ``(both - d) / (both + d)`` at most.
    """
    for i in range(fingerprints.shape[0]):
        best, place = least, -1
        for j in range(known.shape[0]):
            both = np.int64(counts[i]) + known_counts[j]
            apart = np.int64(0)
            for w in range(FOLD_WORDS):
                apart += np.int64(_ones(folds[i, w] ^ known_folds[j, w]))
            if both - apart <= best * (both + apart) - 1e-9:
                continue
            common = np.int64(0)
            for w in range(WORDS):
                common += np.int64(_ones(fingerprints[i, w] & known[j, w]))
            value = common / (both - common)
            if value > best:
                best, place = value, j
        values[i] = best if place >= 0 else -1.0
        which[i] = place
