"""Chromosomes that no named allele explains: combinations, partial alleles, unlisted bases.

When no pair of named alleles fits a person, each chromosome is described by the named alleles
whose variants it carries and by what is left over: ``[*6 + *14]``, ``[*17 + g.94781859G>A]``, or
``g.94781859G>A`` alone on the reference. (Notation of PharmCAT, NamedAlleleMatcher 201.)

No table says what such a chromosome does. One thing is safe to say: an allele without function
stays without function when more variants are added. Everything else is unknown.
"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nof1.genome.genecalls import MISSING, OTHER
from nof1.genome.matcher import Bases, Bools, Ints, Matcher, Pattern, phase_blocks
from nof1.knowledge.alleles import Position

MOST_BLOCKS = 10  # 2^9 ways to share the variants between two chromosomes
MOST_WAYS = 50_000


class Chromosome(NamedTuple):
    """One chromosome in words.

    Attributes
    ----------
    rows : rows of the definition that it carries; empty for the reference.
    left : what no named allele explains, as HGVS names.
    """

    rows: tuple[int, ...]
    left: tuple[str, ...]


def chromosomes(
    matcher: Matcher, pattern: Pattern, *, hidden: bool = False
) -> list[tuple[Chromosome, Chromosome | None]]:
    """All ways to share a person's variants between two chromosomes, described.

    Parameters
    ----------
    hidden : also with every allele that may lie at unseen positions, one on each chromosome.

    Returns
    -------
    Pairs of chromosomes, each pair once; the second is None where there is one copy. Empty when
    there are too many (``MOST_BLOCKS`` variants of unknown order, ``MOST_WAYS`` pairs).
    """
    count = len(matcher.fits)
    bases = pattern.bases[:count]
    told = _with_hidden if hidden else _alone
    if pattern.single:
        return [(one, None) for one in told(matcher, bases[:, 0])]
    blocks = phase_blocks(Pattern(bases, pattern.phase[:count]))
    if len(blocks) > MOST_BLOCKS:
        return []
    found: dict[tuple[Chromosome, Chromosome | None], None] = {}
    for turned in product((False, True), repeat=max(len(blocks) - 1, 0)):
        one, two = (told(matcher, side) for side in _shared(bases, blocks, (False, *turned)))
        if len(found) + len(one) * len(two) > MOST_WAYS:
            return []
        for pair in product(one, two):
            first, second = sorted(pair)
            found[(first, second)] = None
    return list(found)


def _shared(bases: Bases, blocks: list[Ints], turned: tuple[bool, ...]) -> tuple[Bases, Bases]:
    """The two chromosomes when some phase sets are turned round."""
    one, two = bases[:, 0].copy(), bases[:, 1].copy()
    for block, turn in zip(blocks, turned, strict=False):
        if turn:
            one[block], two[block] = bases[block, 1], bases[block, 0]
    return one, two


def _alone(matcher: Matcher, bases: Bases) -> list[Chromosome]:
    return [describe(matcher, bases)]


def _with_hidden(matcher: Matcher, bases: Bases) -> list[Chromosome]:
    """What was seen of a chromosome, and the same with each allele that may hide in the unseen."""
    carried = carried_rows(matcher, bases)
    hidden = carried_rows(matcher, bases, missing=True)
    larger = [_largest(matcher.varies, np.union1d(carried, [row])) for row in hidden]
    return [_described(matcher, bases, rows) for rows in (carried, *larger)]


def describe(matcher: Matcher, bases: Bases) -> Chromosome:
    """The named alleles that a chromosome carries, and the variants that are left over."""
    return _described(matcher, bases, carried_rows(matcher, bases))


def _described(matcher: Matcher, bases: Bases, rows: Ints) -> Chromosome:
    covered = matcher.varies[rows].any(axis=0)
    reference = matcher.fits[np.arange(len(bases)), np.maximum(bases, 0), 0]
    rest = np.flatnonzero((((bases > 0) & ~reference) | (bases == OTHER)) & ~covered)
    return Chromosome(tuple(int(row) for row in rows), tuple(_left(matcher, bases, rest)))


def carried_rows(matcher: Matcher, bases: Bases, *, missing: bool = False) -> Ints:
    """Rows all of whose variants a chromosome carries, without rows that lie in larger ones.

    Parameters
    ----------
    missing : also rows with variants at unseen positions, if nothing that was seen speaks
        against them.
    """
    varies = matcher.varies
    total = varies.sum(axis=1)
    changed = np.flatnonzero((bases > 0) | (bases == OTHER))
    right = (varies[:, changed] & matcher.fits[changed, bases[changed]].T).sum(axis=1)
    if not missing:
        return _largest(varies, np.flatnonzero((right == total) & (total > 0)))
    unseen = varies[:, bases == MISSING].sum(axis=1)
    return np.flatnonzero((right + unseen == total) & (unseen > 0))


def _largest(varies: Bools, rows: Ints) -> Ints:
    """Rows whose variants are not all among those of rows that were kept before."""
    kept: list[int] = []
    covered = np.zeros(varies.shape[1], np.bool_)
    for row in sorted(rows, key=lambda row: (-int(varies[row].sum()), row)):
        if (varies[row] & ~covered).any():
            kept.append(int(row))
            covered |= varies[row]
    return np.array(sorted(kept), np.int64)


def _left(matcher: Matcher, bases: Bases, rest: NDArray[np.int64]) -> list[str]:
    return [_change(matcher.definition.positions[column], int(bases[column])) for column in rest]


def _change(position: Position, base: int) -> str:
    """A change by its HGVS name; where a position has several, by its own two sequences."""
    if base == OTHER:
        return f"unlisted base at {position.label}"
    reference, found = position.alleles[0], position.alleles[base]
    if len(reference) == len(found) == 1:
        return f"g.{position.position}{reference}>{found}"
    if len(position.alleles) == 2:
        return position.hgvs
    return f"{position.chromosome}:{position.position} {reference}>{found}"
