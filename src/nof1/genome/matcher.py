"""Which pairs of named alleles can explain a person's genotypes: all of them, exactly.

A named allele fits one chromosome when every base that was seen there is allowed by the allele; a
blank cell of the definition means the base of the reference row, a position that was not seen
excludes nothing. A pair fits a person when, phase set by phase set, one of the two ways to share
the bases between the two chromosomes fits both alleles. Positions whose order is unknown are phase
sets of their own. So phased, unphased and mixed data are one rule, and homozygous positions need
no phase.

The rules of the definitions are those of PharmCAT's documentation (NamedAlleleMatcher 101 and
201); unlike there, no score picks one answer: every pair that fits is kept.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nof1.genome.genecalls import ABSENT, MISSING, OTHER
from nof1.knowledge.alleles import GeneDefinition

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Bases = NDArray[np.int8]

# A base that the definition does not know is read as the reference where the defined variants are
# about toxicity (NamedAlleleMatcher 201, "Undocumented Variations"); elsewhere nothing fits it.
READ_AS_REFERENCE = frozenset({"CACNA1S", "DPYD", "G6PD", "NUDT15", "RYR1", "TPMT"})


class Pattern(NamedTuple):
    """The genotypes of one person at the positions of one gene.

    Attributes
    ----------
    bases : int8 (positions, 2), indices into the position's alleles; ``MISSING``, ``OTHER``,
        ``ABSENT`` as in ``nof1.genome.genotypes``.
    phase : int16 (positions,), 0 = order unknown, else the number of the phase set.
    """

    bases: Bases
    phase: NDArray[np.int16]

    @property
    def single(self) -> bool:
        """Whether there is one copy only (a haploid call everywhere)."""
        absent = self.bases[:, 1] == ABSENT
        two = ~absent & (self.bases != MISSING).any(axis=1)
        return bool(absent.any() and not two.any())

    @property
    def seen(self) -> Bools:
        """Which positions say anything; (positions,)."""
        return np.asarray(((self.bases >= 0) | (self.bases == OTHER)).any(axis=1))


class Pairs(NamedTuple):
    """Pairs of rows ``first[k] <= second[k]``; ``second`` is -1 where there is one copy only."""

    first: Ints
    second: Ints


@dataclass(frozen=True, eq=False)
class Matcher:
    """The definition of one gene in a form that answers quickly.

    Attributes
    ----------
    fits : bool (positions, codes, alleles): does a base fit an allele? The codes are the indices
        of the position's alleles, then ``OTHER`` and ``MISSING`` as -2 and -1 from the end.
    varies : bool (alleles, positions): filled cells that exclude the genome's reference base.
    """

    definition: GeneDefinition
    fits: Bools
    varies: Bools

    @classmethod
    def of(cls, definition: GeneDefinition) -> Matcher:
        """Prepare the definition of a gene."""
        reference = definition.alleles[0]
        codes = max(len(p.alleles) for p in definition.positions) + 2
        fits = np.zeros((len(definition.positions), codes, len(definition.alleles)), np.bool_)
        varies = np.zeros((len(definition.alleles), len(definition.positions)), np.bool_)
        for row, allele in enumerate(definition.alleles):
            for column, cell in enumerate(allele.cells):
                allowed = cell if cell is not None else reference.cells[column]
                assert allowed is not None, "the reference row has no blank cell"
                fits[column, list(allowed), row] = True
                varies[row, column] = cell is not None and 0 not in cell
        if definition.gene in READ_AS_REFERENCE:
            fits[:, OTHER, :] = fits[:, 0, :]
        fits[:, MISSING, :] = True
        return cls(definition, fits, varies)

    @functools.cached_property
    def misfits(self) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
        """Where the genome's reference base does not fit: (positions, alleles), and summed."""
        table = (~self.fits[:, 0, :]).astype(np.int16)
        return table, table.sum(axis=0, dtype=np.int16)

    def match(self, pattern: Pattern) -> Pairs:
        """All pairs of rows that explain the pattern; single rows where there is one copy.

        Positions where both copies are the reference are settled by counting; only the others are
        looked at one by one.
        """
        bases = pattern.bases[: len(self.fits)]
        changed = np.flatnonzero(bases.any(axis=1))
        bases = np.where(bases[changed] == ABSENT, MISSING, bases[changed])
        one, two = self.fits[changed, bases[:, 0]], self.fits[changed, bases[:, 1]]
        table, total = self.misfits
        elsewhere = total == table[changed].sum(axis=0, dtype=np.int16)
        if pattern.single:
            rows = np.flatnonzero(elsewhere & one.all(axis=0))
            return Pairs(rows, np.full(len(rows), -1))
        blocks = phase_blocks(Pattern(bases, pattern.phase[changed]))
        same = bases[:, 0] == bases[:, 1]
        everywhere = elsewhere & one[same].all(axis=0)
        options = [(one[b].all(axis=0), two[b].all(axis=0)) for b in blocks]
        for left, right in options:
            everywhere = everywhere & (left | right)
        rows = np.flatnonzero(everywhere)
        pairs: Bools = np.triu(np.ones((len(rows), len(rows)), np.bool_))
        for left, right in options:
            a, b = np.asarray(left)[rows], np.asarray(right)[rows]
            pairs &= (a[:, None] & b) | (b[:, None] & a)
        first, second = np.nonzero(pairs)
        return Pairs(rows[first], rows[second])


def phase_blocks(pattern: Pattern) -> list[Ints]:
    """Positions where the copies differ, put together by phase set; one each where unknown."""
    differ = np.flatnonzero(pattern.bases[:, 0] != pattern.bases[:, 1])
    if not len(differ):
        return []
    sets = pattern.phase[differ]
    known = [differ[sets == number] for number in np.unique(sets[sets > 0])]
    return known + [differ[i : i + 1] for i in np.flatnonzero(sets == 0)]
