"""What the definitions say about the sequence around their positions, in the build of a file.

No reference genome is needed. The VCF form of a known insertion or deletion is its left-most form;
its HGVS name on the chromosome is the right-most one. Between both lies the stretch in which all
equal descriptions of the change lie, and the change repeated again and again is the reference
sequence of that stretch.

References: VCF 4.3 specification; HGVS nomenclature 21.0 (3' rule); Tan, Abecasis, Kang 2015,
Bioinformatics 31:2202 (unique representation of variants).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from nof1.core.errors import InputError
from nof1.knowledge.alleles import GeneDefinition, Position

_REPEAT = re.compile(r"g\.(\d+)([ACGT]+)\[(\d+)\]")
_RANGE = re.compile(r"g\.(\d+)(?:_(\d+))?(?:del|dup)[ACGT]*")
_INSERTED = re.compile(r"g\.(\d+)_\d+ins[ACGT]+")


class Change(NamedTuple):
    """A change of the sequence without shared bases: ``removed`` starts at ``position``.

    An insertion stands before the base at ``position``.
    """

    position: int
    removed: str
    added: str

    @property
    def is_indel(self) -> bool:
        """Only removed, or only added."""
        return not self.removed or not self.added

    @property
    def stop(self) -> int:
        """The last removed base; the base before ``position`` if nothing is removed."""
        return self.position + len(self.removed) - 1


def trimmed(position: int, ref: str, alt: str) -> Change:
    """Take shared bases off: first at the end, then at the start.

    >>> trimmed(10, "CATT", "CT")
    Change(position=11, removed='AT', added='')
    """
    while ref and alt and ref[-1] == alt[-1]:
        ref, alt = ref[:-1], alt[:-1]
    while ref and alt and ref[0] == alt[0]:
        ref, alt, position = ref[1:], alt[1:], position + 1
    return Change(position, ref, alt)


@dataclass(frozen=True)
class Site:
    """A position of a definition as it looks in a file: one base, or the stretch of an indel.

    Attributes
    ----------
    column : where its calls are kept; bases of a longer substitution have columns of their own.
    start : the base; of an indel the base before it (the anchor of the left-most form).
    stop : the last base in which a description of this change can lie; ``start`` for one base.
    local : the reference sequence from ``start`` to ``stop``.
    reference : index of the allele that the file's build has.
    alleles : of one base: the letters.
    changes : of an indel: each allele as a change, left-most; None for the reference.
    """

    column: int
    start: int
    stop: int
    local: str
    reference: int
    alleles: tuple[str, ...]
    changes: tuple[Change | None, ...] = ()

    @property
    def is_indel(self) -> bool:
        """Whether insertions or deletions are asked for."""
        return bool(self.changes)

    @property
    def needed(self) -> int:
        """The last base that a record of the reference must cover to exclude the known changes."""
        longest = max(len(change.removed) for change in self.changes if change)
        return self.start + max(longest, 1)

    def known(self, change: Change) -> int | None:
        """Index of the allele that this change is, wherever in the stretch it is written."""
        for index, own in enumerate(self.changes):
            if own is None or len(own.removed) != len(change.removed):
                continue
            if change.position <= self.start or change.stop > self.stop:
                continue
            if own.removed and not change.added:
                return index
            shift = (change.position - own.position) % max(len(own.added), 1)
            if own.added and change.added == own.added[shift:] + own.added[:shift]:
                return index
        return None


def stretch_end(position: Position) -> int:
    """The last reference base of the stretch of an indel, from its HGVS names.

    Raises
    ------
    InputError : the names cannot be read, or contradict each other.
    """
    ends, repeats = set[int](), list[tuple[int, str, int]]()
    names = [name.strip() for name in position.hgvs.split(";")]
    for name in names:
        if found := _REPEAT.fullmatch(name):
            repeats.append((int(found[1]), found[2], int(found[3])))
        elif found := _RANGE.fullmatch(name):
            ends.add(int(found[2] or found[1]))
        elif found := _INSERTED.fullmatch(name):
            ends.add(int(found[1]))
    if repeats and not ends:
        start, unit, fewest = min(repeats, key=lambda repeat: repeat[2])
        shortest = min(len(allele) for allele in position.alleles) - len(position.alleles[0])
        ends.add(start + fewest * len(unit) - shortest - 1)
    if len(ends) != 1:
        raise InputError(
            "The HGVS name of an insertion or deletion cannot be read.",
            where=f"definition of {position.label}",
            allowed="g.5_6del, g.5_6dup, g.5_6insA, g.5AT[3]",
        )
    return ends.pop()


def indel_site(
    column: int, position: Position, bases: Mapping[int, str] | None = None, shift: int = 0
) -> Site:
    """The site of a known insertion or deletion, moved by ``shift`` bases.

    Parameters
    ----------
    bases : known reference bases. Some names are not right-most (G6PD 154536021): the stretch goes
        on as long as a known base goes on with the repeat.
    """
    first, ref = position.position, position.alleles[0]
    changes = [trimmed(first, ref, alt) for alt in position.alleles]
    unit = min((each.removed or each.added for each in changes if each[1:] != ("", "")), key=len)
    end, known = stretch_end(position), bases or {}
    while known.get(end + 1) == unit[(end - first) % len(unit)]:
        end += 1
    length = end - first
    local = ref[0] + (unit * (length // len(unit) + 1))[:length]
    moved = [change._replace(position=change.position + shift) for change in changes]
    return Site(
        column,
        first + shift,
        end + shift,
        local,
        0,
        position.alleles,
        tuple(None if index == 0 else change for index, change in enumerate(moved)),
    )


def is_substitution(position: Position) -> bool:
    """Whether all alleles have the same length."""
    return len({len(allele) for allele in position.alleles}) == 1


class Layout(NamedTuple):
    """The sites of a gene in a file, and how many columns they need.

    Attributes
    ----------
    pieces : columns of the single bases of each longer substitution, by its own column.
    """

    sites: tuple[Site, ...]
    columns: int
    pieces: dict[int, tuple[int, ...]]


def layout(
    definition: GeneDefinition,
    shift: Callable[[int], int] = lambda position: 0,
    base: Callable[[int], str | None] = lambda position: None,
) -> Layout:
    """Place the positions of a gene in a file.

    Parameters
    ----------
    shift : bases to add to a GRCh38 position.
    base : the reference base of the file's build at a GRCh38 position where it is another one.
    """
    positions = definition.all_positions
    sites: list[Site] = []
    pieces: dict[int, tuple[int, ...]] = {}
    columns = len(positions)
    bases = {
        each.position + offset: letter
        for each in positions
        for offset, letter in enumerate(each.alleles[0])
    }
    for column, position in enumerate(positions):
        moved = position.position + shift(position.position)
        if not is_substitution(position):
            sites.append(indel_site(column, position, bases, moved - position.position))
        elif len(position.alleles[0]) == 1:
            letter = base(position.position) or position.alleles[0]
            sites.append(_base(column, moved, letter, position.alleles))
        else:
            letters = [unique(bases) for bases in zip(*position.alleles, strict=True)]
            pieces[column] = tuple(range(columns, columns + len(letters)))
            for offset, own in enumerate(letters):
                sites.append(_base(columns + offset, moved + offset, own[0], own))
            columns += len(letters)
    return Layout(tuple(sites), columns, pieces)


def unique(letters: Iterable[str]) -> tuple[str, ...]:
    """Each letter once, in the order of first appearance."""
    return tuple(dict.fromkeys(letters))


def _base(column: int, place: int, letter: str, alleles: tuple[str, ...]) -> Site:
    return Site(column, place, place, letter, alleles.index(letter), alleles)
