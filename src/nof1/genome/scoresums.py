"""Weighted sums of many scores for many people, and what missing genotypes make uncertain.

One matrix product for each block of variants: (scores, variants) times (variants, people). What a
variant adds is ``v0 + slope * copies + bend * [copies = 2]``; the bend is 0 for additive weights.

A missing genotype is replaced by what is expected of it: the mean over the people of the file where
at least ``ENOUGH`` of them have a call there (as PLINK 2 and the PGS Catalog's calculator do), else
the mean at a known frequency of the allele (Hardy-Weinberg proportions), else nothing is added.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

ENOUGH = 50  # people with a call; PLINK 2 asks for as many
BLOCK = 2048  # variants in one product; bounds memory at 16 KiB a person


@dataclass(frozen=True)
class Terms:
    """What matched rows add, one entry a row.

    Attributes
    ----------
    score, target : index of the score, and of the variant in the genotype array.
    value : (rows, 3), what 0, 1, 2 counted copies add.
    frequency : of the counted allele, 0 to 1; nan where it is not known from elsewhere.
    """

    score: Integers
    target: Integers
    value: Floats
    frequency: Floats


@dataclass(frozen=True)
class Sums:
    """Results of shape (scores, people).

    Attributes
    ----------
    total : the sum, missing genotypes replaced as said above.
    variance : of the sum, from the missing genotypes with known frequency.
    lowest, highest : what missing genotypes of unknown frequency could add at least and at most.
    missing : rows whose genotype is missing; missing_size : what these could move the sum.
    """

    total: Floats
    variance: Floats
    lowest: Floats
    highest: Floats
    missing: Floats
    missing_size: Floats


def sums(terms: Terms, scores: int, copies: npt.NDArray[np.int8]) -> Sums:
    """Add up, block by block. ``copies`` is (variants, people), -1 for missing."""
    people = copies.shape[1]
    total = np.zeros((scores, people))
    total += np.bincount(terms.score, weights=terms.value[:, 0], minlength=scores)[:, None]
    parts = np.zeros((5, scores, people))
    order = np.argsort(terms.target, kind="stable")
    used, starts = np.unique(terms.target[order], return_index=True)
    bounds = np.append(starts, len(order))
    for first in range(0, len(used), BLOCK):
        last = min(first + BLOCK, len(used))
        rows = order[bounds[first] : bounds[last]]
        own = used[first:last]
        local = np.searchsorted(own, terms.target[rows])
        part = Terms(terms.score[rows], local, terms.value[rows], terms.frequency[rows])
        _add_block(part, copies[own], total, parts)
    return Sums(total, *parts)


def _add_block(terms: Terms, copies: npt.NDArray[np.int8], total: Floats, parts: Floats) -> None:
    """Add the variants of one block to ``total`` and ``parts``."""
    shape = len(total), len(copies)
    score, target, value = terms.score, terms.target, terms.value
    slope = value[:, 1] - value[:, 0]
    bend = value[:, 2] - 2 * value[:, 1] + value[:, 0]
    total += _spread(score, target, slope, shape) @ np.maximum(copies, 0).astype(np.float64)
    if (bent := np.flatnonzero(bend)).size:
        own, local = np.unique(target[bent], return_inverse=True)
        twice = (copies[own] == 2).astype(np.float64)
        total += _spread(score[bent], local, bend[bent], (len(total), len(own))) @ twice
    gaps = copies < 0
    holes = np.flatnonzero(gaps.any(axis=1))
    if len(holes):
        rows = np.flatnonzero(np.isin(terms.target, holes))
        local = np.searchsorted(holes, terms.target[rows])
        chances = _chances(copies[holes])[local]
        lost = Terms(score[rows], local, value[rows], terms.frequency[rows])
        _add_missing(lost, chances, gaps[holes].astype(np.float64), total, parts)


def _add_missing(terms: Terms, chances: Floats, gaps: Floats, total: Floats, parts: Floats) -> None:
    """Replace missing genotypes; ``gaps`` is (variants, people), 1 where missing."""
    value, shape = terms.value, (len(total), len(gaps))
    chances = np.where(np.isnan(chances), hardy_weinberg(terms.frequency), chances)
    mean, variance = moments(value, chances)
    known = ~np.isnan(mean)
    lowest, highest = value.min(axis=1), value.max(axis=1)
    columns = [
        np.where(known, mean, 0.0) - value[:, 0],  # 0 copies were counted so far
        np.where(known, variance, 0.0),
        np.where(known, 0.0, lowest),
        np.where(known, 0.0, highest),
        np.ones(len(value)),
        highest - lowest,
    ]
    spread = [_spread(terms.score, terms.target, column, shape) for column in columns]
    added = (np.concatenate(spread) @ gaps).reshape(len(columns), len(total), -1)
    total += added[0]
    parts += added[1:]


def _spread(score: Integers, target: Integers, weight: Floats, shape: tuple[int, int]) -> Floats:
    """A matrix (scores, variants) with the weights of all rows added at their places."""
    place = score * shape[1] + target
    filled = np.bincount(place, weights=weight, minlength=shape[0] * shape[1])
    return filled.astype(np.float64, copy=False).reshape(shape)


def _chances(copies: npt.NDArray[np.int8]) -> Floats:
    """Shares of 0, 1 and 2 copies among the people with a call; nan where they are too few."""
    counts = np.stack([(copies == number).sum(axis=1) for number in range(3)], axis=1)
    called = counts.sum(axis=1, keepdims=True)
    return np.where(called >= ENOUGH, counts / np.maximum(called, 1), np.nan)


def hardy_weinberg(frequency: Floats) -> Floats:
    """Shares of 0, 1 and 2 copies of an allele of this frequency: (n, 3)."""
    rest = 1 - frequency
    return np.stack([rest**2, 2 * frequency * rest, frequency**2], axis=1)


def moments(value: Floats, chances: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of ``value`` (n, 3) under ``chances`` (n, 3)."""
    mean = (value * chances).sum(axis=1)
    variance = ((value - mean[:, None]) ** 2 * chances).sum(axis=1)
    return mean, variance
