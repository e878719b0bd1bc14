"""The sample columns of one VCF line as arrays: GT, phase set (PS), sample filter (FT), reads (DP).

All samples are read together with numpy. Two shapes are quick: every column four bytes wide
("0|1" and a tab), and columns of any width whose genotype is one or two single digits. What remains
(alleles above 9, leading phase marks of VCF 4.4, rubbish) goes one by one, each spelling once.

Reference: VCF 4.3 specification, section 1.6.2.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

MISSING, NO_COPY = -1, -2
LARGEST = 126  # the largest number of an allele that int8 and the marks leave room for
TAB, COLON, PIPE, SLASH, DOT, ZERO = b"\t:|/.0"

UNREADABLE = "genotypes that cannot be read (set to missing)"
POLYPLOID = "genotypes with more than two copies (set to missing)"
TOO_MANY = f"genotypes with an allele above number {LARGEST} (set to missing)"
STRANGE_SET = "phase sets that are no number (phase not used)"
UNREAD = "genotypes without a single read, or with a quality of 0 (set to missing)"
# Some callers write 0/0 where they saw nothing (GATK 4.2.3 to 4.5, blocks of gVCF): of these
# fields 0 means that no read, or none that decides, is behind the genotype.
EVIDENCE = (b"DP", b"MIN_DP", b"GQ")

Alleles = npt.NDArray[np.int8]
Bools = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]

_VALUE = np.full(256, -9, np.int8)
_VALUE[48:58] = np.arange(10)
_VALUE[DOT] = MISSING
_SPELLING = re.compile(r"([/|]?)(\d{1,9}|\.)(?:([/|])(\d{1,9}|\.))?")
_MANY = re.compile(r"[/|]?(\d{1,9}|\.)(?:[/|](\d{1,9}|\.)){2,}")


@dataclass
class Genotypes:
    """Genotypes of one record: see ``nof1.genome.variants.Record`` for the shapes."""

    alleles: Alleles
    phased: Bools
    phase_set: npt.NDArray[np.int32] | None
    failed: Bools | None
    notes: Counter[str]


class ColumnCount(Exception):
    """The line has another number of columns than the header; holds how many sample columns."""


def parse(
    tail: bytes, fields: list[bytes], samples: int, keep: Numbers | None, alts: int
) -> Genotypes:
    """Read the columns after FORMAT.

    Parameters
    ----------
    tail : the bytes after the tab that ends FORMAT, without line break.
    fields : the names in FORMAT.
    samples : sample columns that the header promises.
    keep : indices of the samples to read, None for all.
    alts : number of ALT alleles; a genotype with a larger number cannot be read.

    Raises
    ------
    ColumnCount : the number of columns is another.
    """
    data = np.frombuffer(tail + b"\t\t\t\t", np.uint8)
    if fields == [b"GT"] and len(tail) == 4 * samples - 1:
        grid = data[: 4 * samples].reshape(samples, 4)
        if (grid[:, 3] == TAB).all():
            grid = grid if keep is None else grid[keep]
            made, odd = _quick(grid[:, 0], grid[:, 1], grid[:, 2], grid[:, 3], alts)
            if not len(odd):
                return made
    stops = np.flatnonzero(data[: len(tail) + 1] == TAB)
    if len(stops) != samples:
        raise ColumnCount(len(stops))
    starts = np.concatenate([[0], stops[:-1] + 1])
    if keep is not None:
        starts, stops = starts[keep], stops[keep]
    return _Columns(data, starts, stops, fields).genotypes(alts)


def nothing(samples: int) -> Genotypes:
    """Missing genotypes, for a record without GT."""
    alleles = np.full((2, samples), MISSING, np.int8).T
    return Genotypes(alleles, np.zeros(samples, np.bool_), None, None, Counter())


def unread(made: Genotypes, bad: Bools) -> None:
    """Take away the genotypes behind which nothing was read."""
    called = bad & (made.alleles >= 0).any(axis=1)
    if called.any():
        made.alleles[called] = MISSING
        made.phased[called] = False
        made.notes[UNREAD] += int(called.sum())


class _Columns:
    """Sample columns: where each starts, and where the tab behind it stands."""

    def __init__(self, data: Bytes, starts: Numbers, stops: Numbers, fields: list[bytes]) -> None:
        self.data, self.starts, self.stops, self.fields = data, starts, stops, fields
        self._colons: Numbers | None = None

    def genotypes(self, alts: int) -> Genotypes:
        if b"GT" not in self.fields:
            return nothing(len(self.starts))
        start, stop = self.field(b"GT")
        letters = [self.data[start + place] for place in range(4)]
        made, odd = _quick(letters[0], letters[1], letters[2], letters[3], alts)
        for index in odd.tolist():
            spelled = self.data[start[index] : stop[index]].tobytes().decode("latin-1")
            first, second, phased, note = _spell(spelled, alts)
            made.alleles[index] = first, second
            made.phased[index] = phased
            if note:
                made.notes[note] += 1
        self._without_reads(made)
        if b"PS" in self.fields:
            self._phase_sets(made)
        if b"FT" in self.fields:
            made.failed = self._failed()
        return made

    def field(self, name: bytes) -> tuple[Numbers, Numbers]:
        """First byte and one past the last byte of a field; both the end if it is left out."""
        if self._colons is None:
            self._colons = np.flatnonzero(self.data == COLON)
        colons = np.append(self._colons, np.full(len(self.fields) + 1, len(self.data)))
        before = np.searchsorted(self._colons, self.starts)
        place = self.fields.index(name)
        start = self.starts if place == 0 else colons[before + place - 1] + 1
        start = np.minimum(start, self.stops)
        return start, np.minimum(colons[before + place], self.stops)

    def _phase_sets(self, made: Genotypes) -> None:
        start, stop = self.field(b"PS")
        length = stop - start
        value = np.zeros(len(start), np.int64)
        good = length > 0
        for place in range(int(min(length.max(initial=0), 10))):
            inside = place < length
            digit = self.data[np.minimum(start + place, len(self.data) - 1)].astype(np.int64) - 48
            good &= ~inside | ((digit >= 0) & (digit <= 9))
            value = np.where(inside, value * 10 + digit, value)
        good &= (length <= 10) & (value < 2**31)
        absent = (length == 0) | ((length == 1) & (self.data[start] == DOT))
        made.phase_set = np.where(good, value, -1).astype(np.int32)
        if strange := int((made.phased & ~good & ~absent).sum()):
            made.phased &= good | absent
            made.notes[STRANGE_SET] += strange

    def _without_reads(self, made: Genotypes) -> None:
        bad = np.zeros(len(self.starts), np.bool_)
        for name in EVIDENCE:
            if name in self.fields:
                start, stop = self.field(name)
                bad |= (stop == start + 1) & (self.data[start] == ZERO)
        unread(made, bad)

    def _failed(self) -> Bools:
        start, stop = self.field(b"FT")
        length = stop - start
        passed = (length == 0) | ((length == 1) & (self.data[start] == DOT))
        four = np.minimum(start[:, None] + np.arange(4), len(self.data) - 1)
        passed |= (length == 4) & (self.data[four] == np.frombuffer(b"PASS", np.uint8)).all(axis=1)
        return np.asarray(~passed)


def _quick(
    first: Bytes, mark: Bytes, second: Bytes, end: Bytes, alts: int
) -> tuple[Genotypes, Numbers]:
    """Genotypes of one or two single digits, and the indices of all that are something else."""
    alleles = np.empty((2, len(first)), np.int8).T
    alleles[:, 0], alleles[:, 1] = _VALUE[first], _VALUE[second]
    phased = np.asarray(mark == PIPE)
    diploid = (phased | (mark == SLASH)) & ((end == TAB) | (end == COLON))
    good = diploid & (alleles[:, 1] >= MISSING) & (alleles[:, 1] <= alts)
    single = (mark == TAB) | (mark == COLON)
    if single.any():
        alleles[single, 1] = np.where(alleles[single, 0] == MISSING, MISSING, NO_COPY)
        good |= single
    good &= (alleles[:, 0] >= MISSING) & (alleles[:, 0] <= alts)
    return Genotypes(alleles, phased, None, None, Counter()), np.flatnonzero(~good)


@lru_cache(maxsize=65_536)
def _spell(text: str, alts: int) -> tuple[int, int, bool, str]:
    found = _SPELLING.fullmatch(text)
    if not found:
        return MISSING, MISSING, False, POLYPLOID if _MANY.fullmatch(text) else UNREADABLE
    lead, one, mark, two = found.groups()
    numbers = [MISSING if each == "." else int(each) for each in (one, two) if each is not None]
    if max(numbers) > alts:
        return MISSING, MISSING, False, UNREADABLE
    if max(numbers) > LARGEST:
        return MISSING, MISSING, False, TOO_MANY
    if len(numbers) == 1:
        return numbers[0], MISSING if numbers[0] == MISSING else NO_COPY, False, ""
    return numbers[0], numbers[1], mark == "|" and lead != "/", ""
