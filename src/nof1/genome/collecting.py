"""Putting the records of one gene together, for all samples at once."""

from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt

from nof1.genome.genecalls import ABSENT, MISSING, OTHER, Flag, GeneCalls
from nof1.genome.merging import Cell, above, duplicate, split
from nof1.genome.normalise import NOTHING, Effect, effects
from nof1.genome.sites import Layout, Site
from nof1.genome.variants import Record
from nof1.knowledge.alleles import GeneDefinition

PASSED = frozenset({"PASS", ".", ""})
REFERENCE_FILTER = "RefCall"  # DeepVariant marks sites so that it holds for the reference
UNSEEN, SPANNED, DIRECT = 0, 1, 2
EMPTY = -2  # no phase set yet

FILTERED_NOTE = "records at needed positions that did not pass the file's filters"
MISMATCH_NOTE = "records at needed positions with another REF than the build has"
REPEATED_NOTE = "needed positions in several records"
UNKNOWN_NOTE = "needed positions with an allele that no definition knows"
UNTESTED_NOTE = (
    "needed positions whose record lists no known allele: a reference call there excludes nothing"
)
SYMBOLIC_NOTE = "records at needed positions with a symbolic allele"


class PhaseSets:
    """Small numbers for the phase sets of each sample, in the order of their appearance.

    Phased genotypes without a phase set belong together: they are a set like the others.
    """

    def __init__(self, samples: int) -> None:
        self._samples = samples
        self._sets: list[npt.NDArray[np.int32]] = []
        self._plain, self._used = True, False  # no record had a PS so far; any was phased

    def number(self, record: Record) -> npt.NDArray[np.int16]:
        """For each sample the number of its phase set, 0 where the genotype is not phased."""
        if record.phase_set is None and self._plain:
            self._used |= bool(record.phased.any())
            return record.phased.astype(np.int16)
        if self._plain:
            self._plain = False
            self._sets = [np.full(self._samples, -1, np.int32)] if self._used else []
        wanted = np.full(self._samples, -1, np.int32)
        if record.phase_set is not None:
            wanted = record.phase_set
        number = np.zeros(self._samples, np.int16)
        left = record.phased.copy()
        for place in range(len(self._sets) + 1):
            if not left.any():
                break
            if place == len(self._sets):
                self._sets.append(np.full(self._samples, EMPTY, np.int32))
            known = self._sets[place]
            known[left & (known == EMPTY)] = wanted[left & (known == EMPTY)]
            found = left & (known == wanted)
            number[found] = place + 1
            left &= ~found
        return number


class Collected:
    """The calls of one gene while its records come in.

    Attributes
    ----------
    fitting, strange : records whose REF is, or is not, the base that the build has there.
    """

    def __init__(self, gene: GeneDefinition, layout: Layout, samples: int) -> None:
        self.gene, self.layout, self.samples = gene, layout, samples
        self.alleles = np.full((samples, layout.columns, 2), NOTHING, np.int8)
        self.phase = np.zeros((samples, layout.columns), np.int16)
        self.flags = np.zeros((samples, layout.columns), np.uint16)
        self._level = [UNSEEN] * layout.columns
        self._alternatives: list[frozenset[int]] = [frozenset()] * layout.columns
        self._source = [0] * layout.columns
        self._first = np.array([site.start for site in layout.sites])
        self._last = np.array([site.stop + site.is_indel for site in layout.sites])
        self._sets = PhaseSets(samples)
        self.fitting = self.strange = 0

    def add(self, record: Record, notes: Counter[str]) -> None:
        """Take in what a record says about this gene."""
        near = (self._first <= record.end) & (self._last >= record.position)
        if not near.any():
            return
        sites = [self.layout.sites[index] for index in np.flatnonzero(near)]
        found = effects(record, sites)
        if not found:
            return
        phase, flags = self._sets.number(record), _flags(record)
        for effect in found:
            self._note(effect, notes)
            self._put(effect, _cell(effect, record, phase, flags), record.line, notes)
        passed = record.filters in (*PASSED, REFERENCE_FILTER)
        notes.update({FILTERED_NOTE: 1} if not passed else {})
        notes.update({MISMATCH_NOTE: 1} if any(each.mismatch for each in found) else {})
        notes.update({SYMBOLIC_NOTE: 1} if any(any(each.symbolic) for each in found) else {})

    def _note(self, effect: Effect, notes: Counter[str]) -> None:
        if effect.mismatch:
            self.strange += 1
        elif not effect.block:
            self.fitting += 1
        if OTHER in effect.values:
            notes[UNKNOWN_NOTE] += 1
            if effect.values[0] == NOTHING:
                notes[UNTESTED_NOTE] += 1

    def _put(self, effect: Effect, new: Cell, source: int, notes: Counter[str]) -> None:
        column, level = effect.site.column, DIRECT if effect.direct else SPANNED
        old_level = self._level[column]
        if old_level != UNSEEN:
            old = self._cell(column)
            if level == old_level == DIRECT:
                notes[REPEATED_NOTE] += 1
            new = self._merged(effect, old, new, level)
        self.alleles[:, column], self.phase[:, column], self.flags[:, column] = new
        self._source[column] = source if old_level == UNSEEN else -source
        self._level[column] = max(level, old_level)
        self._alternatives[column] |= effect.alternatives

    def _cell(self, column: int) -> Cell:
        return Cell(self.alleles[:, column], self.phase[:, column], self.flags[:, column])

    def _merged(self, effect: Effect, old: Cell, new: Cell, level: int) -> Cell:
        column = effect.site.column
        before = self._level[column]
        if level > before:
            return above(new, old)
        if level < before:
            return above(old, new)
        own, others = effect.alternatives, self._alternatives[column]
        if level == SPANNED or (own and others and not own & others):
            return split(old, new, effect.site.reference)
        return duplicate(old, new)

    def finished(self, *, assume_reference: bool) -> GeneCalls:
        """The calls of the gene.

        Parameters
        ----------
        assume_reference : positions that no record speaks of are the reference.
        """
        if assume_reference:
            self._assume()
        for column, pieces in self.layout.pieces.items():
            self._join(column, pieces)
        self.alleles[self.alleles == NOTHING] = MISSING
        wanted = len(self.gene.all_positions)
        return GeneCalls(
            self.gene.gene,
            self.alleles[:, :wanted],
            self.phase[:, :wanted],
            self.flags[:, :wanted],
        )

    def _assume(self) -> None:
        haploid = (self.flags & np.uint16(Flag.HAPLOID)).any(axis=1)
        for site in self.layout.sites:
            own = self.alleles[:, site.column]
            silent = own == NOTHING
            if not silent.any():
                continue
            second = np.where(haploid & silent[:, 0], ABSENT, site.reference)
            own[:, 0] = np.where(silent[:, 0], site.reference, own[:, 0])
            own[:, 1] = np.where(silent[:, 1], second, own[:, 1])

    def _join(self, column: int, pieces: tuple[int, ...]) -> None:
        """A substitution of several bases from its single bases."""
        parts = self.alleles[:, pieces]  # (samples, bases, 2)
        joined = np.full((self.samples, 2), OTHER, np.int8)
        sites: dict[int, Site] = {site.column: site for site in self.layout.sites}
        for index, allele in enumerate(self.gene.all_positions[column].alleles):
            pairs = zip(pieces, allele, strict=True)
            letters = np.array([sites[piece].alleles.index(letter) for piece, letter in pairs])
            joined[(parts == letters[:, None]).all(axis=1)] = index
        joined[(parts == MISSING).any(axis=1) | (parts == NOTHING).any(axis=1)] = MISSING
        joined[(parts == NOTHING).all(axis=1)] = NOTHING
        joined[(parts == ABSENT).all(axis=1)] = ABSENT
        phase = self.phase[:, pieces]
        differ = parts[:, :, 0] != parts[:, :, 1]
        together = self._source[pieces[0]] > 0 and len({self._source[p] for p in pieces}) == 1
        known = phase.max(axis=1) == np.where(differ, phase, phase.max(axis=1)[:, None]).min(axis=1)
        known &= phase.max(axis=1) > 0
        unclear = (differ.sum(axis=1) > 1) & ~known & (not together)
        joined[unclear & (joined != ABSENT).all(axis=1)] = MISSING
        flags = np.bitwise_or.reduce(self.flags[:, pieces], axis=1)
        flags &= ~np.uint16(Flag.OTHER_ALLELE)
        flags[(joined == OTHER).any(axis=1)] |= np.uint16(Flag.OTHER_ALLELE)
        self.alleles[:, column], self.flags[:, column] = joined, flags
        self.phase[:, column] = phase.max(axis=1)


def _flags(record: Record) -> npt.NDArray[np.uint16]:
    """Flags that hold for all positions of a record."""
    first, second = record.alleles[:, 0], record.alleles[:, 1]
    flags = np.zeros(len(first), np.uint16)
    if len(first) and int(record.alleles.min()) < 0:
        flags[(second == -2)] |= np.uint16(Flag.HAPLOID)
        half = ((first == -1) ^ (second == -1)) & (second != -2)
        flags[half] |= np.uint16(Flag.HALF_CALL)
    return flags


def _cell(
    effect: Effect,
    record: Record,
    phase: npt.NDArray[np.int16],
    base: npt.NDArray[np.uint16],
) -> Cell:
    """What a record says about one site, as calls."""
    table = np.array([ABSENT, MISSING, *effect.values], np.int8)
    alleles = table[record.alleles + 2]
    flags = base.copy()
    if OTHER in effect.values:
        flags[(alleles == OTHER).any(axis=1)] |= np.uint16(Flag.OTHER_ALLELE)
    if any(effect.symbolic):
        marks = np.array([False, False, *effect.symbolic])
        flags[marks[record.alleles + 2].any(axis=1)] |= np.uint16(Flag.SYMBOLIC)
    if effect.block:
        flags |= np.uint16(Flag.BLOCK)
    failed = np.zeros(len(flags), np.bool_) if record.failed is None else record.failed
    if record.filters not in (*PASSED, REFERENCE_FILTER):
        failed = np.ones(len(flags), np.bool_)
    for bad, flag in ((failed, Flag.FILTERED), (effect.mismatch, Flag.REF_MISMATCH)):
        if np.any(bad):
            rows = np.broadcast_to(np.asarray(bad), len(flags))
            said = (alleles >= 0) | (alleles == OTHER)
            changed = (said & (alleles != effect.site.reference)).any(axis=1)
            flags[rows & changed] |= np.uint16(Flag.DOUBTED)
            alleles[rows[:, None] & said] = MISSING
            flags[rows & said.any(axis=1)] |= np.uint16(flag)
    return Cell(alleles, phase.copy(), flags)
