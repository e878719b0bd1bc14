"""Genes whose alleles are single variants, where the weakest variant on each chromosome decides.

For DPYD and RYR1 each variant is an allele of its own, and one chromosome may carry several. The
phenotype follows from the two chromosomes' weakest variants. Where the order is unknown, every way
to share the variants is kept; the worst of them is the one that the CPIC guideline for DPYD asks
to assume (two different variants are on different chromosomes; PMID 29152729, supplement).
"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nof1.genome.genecalls import ABSENT, MISSING
from nof1.genome.haplotypes import carried_rows
from nof1.genome.matcher import Bases, Ints, Matcher, Pattern, phase_blocks

LOWEST_FUNCTION_GENES = frozenset({"DPYD", "RYR1"})
MOST_BLOCKS = 8


class Candidates(NamedTuple):
    """What decides on the two chromosomes, in one way to share the variants.

    Attributes
    ----------
    first, second : rows of the definition that may be the weakest of each chromosome (row 0 when
        it carries nothing); ``second`` is empty where there is one copy.
    first_weight, second_weight : relative prior of each.
    """

    first: Ints
    second: Ints
    first_weight: NDArray[np.float64]
    second_weight: NDArray[np.float64]


def weakest(
    matcher: Matcher,
    pattern: Pattern,
    strength: NDArray[np.float64],
    frequency: NDArray[np.float64],
) -> list[Candidates]:
    """The possible weakest variants of both chromosomes, for every way to share the variants.

    Parameters
    ----------
    strength : (alleles,) how much function an allele leaves; the lowest one decides.
    frequency : (alleles,) for the variants at positions that were not seen.
    """
    bases = np.where(pattern.bases == ABSENT, MISSING, pattern.bases)[: len(matcher.fits)]
    unordered = (pattern.phase[: len(bases)] == 0)[:, None]
    bases = np.where(unordered, np.sort(bases, axis=1), bases)
    if pattern.single:
        rows, weights = _of_one(matcher, bases[:, 0], strength, frequency)
        return [Candidates(rows, np.empty(0, np.int64), weights, np.empty(0))]
    blocks = _deciding(matcher, pattern, bases, strength)
    ways = {}
    for turned in product((False, True), repeat=max(len(blocks) - 1, 0)):
        one, two = bases[:, 0].copy(), bases[:, 1].copy()
        for block, turn in zip(blocks, (False, *turned), strict=False):
            if turn:
                one[block], two[block] = bases[block, 1], bases[block, 0]
        left, right = (_of_one(matcher, side, strength, frequency) for side in (one, two))
        ways[(left[0].tobytes(), right[0].tobytes())] = Candidates(
            left[0], right[0], left[1], right[1]
        )
    return list(ways.values())


def _deciding(
    matcher: Matcher, pattern: Pattern, bases: Bases, strength: NDArray[np.float64]
) -> list[Ints]:
    """The phase sets in which a variant with less than full function lies; at most a few."""
    weak = matcher.varies[strength < strength.max()].any(axis=0)
    blocks = phase_blocks(Pattern(bases, pattern.phase[: len(bases)]))
    return [block for block in blocks if weak[block].any()][:MOST_BLOCKS]


def _of_one(
    matcher: Matcher,
    bases: Bases,
    strength: NDArray[np.float64],
    frequency: NDArray[np.float64],
) -> tuple[Ints, NDArray[np.float64]]:
    """The rows that may be the weakest of one chromosome, with their relative prior."""
    known = _known(carried_rows(matcher, bases), strength)
    unseen = carried_rows(matcher, bases, missing=True)
    weaker = unseen[strength[unseen] < strength[known]]
    rows = np.array([known, *weaker], np.int64)
    weights = np.array([1.0 - frequency[weaker].sum(), *frequency[weaker]])
    return rows, np.maximum(weights, 1e-12)


def _known(carried: Ints, strength: NDArray[np.float64]) -> int:
    """The weakest variant that was seen; several of full function count as the reference."""
    if not len(carried):
        return 0
    weakest = int(carried[np.argmin(strength[carried])])
    return 0 if len(carried) > 1 and strength[weakest] >= strength[0] else weakest


def all_variants(matcher: Matcher, pattern: Pattern) -> tuple[int, ...]:
    """Every variant allele that the person carries on any chromosome, in the table's order."""
    bases = pattern.bases[: len(matcher.fits)]
    both = [carried_rows(matcher, bases[:, side]) for side in (0, 1)]
    return tuple(sorted({int(row) for rows in both for row in rows}))
