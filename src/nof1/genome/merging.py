"""Several records about one position of a definition: what they say together.

A record about the position itself stands above one that only spans it. Records of the same allele
are duplicates and must agree. Records of different alleles are one multi-allelic site that was
split into lines ("bcftools norm -m -", "vt decompose"): they are put together again. Whatever
contradicts is missing, with the flag DUPLICATE.

In all arrays NOTHING means: no record has spoken of this copy yet.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nof1.genome.genecalls import ABSENT, MISSING, OTHER, Flag
from nof1.genome.normalise import NOTHING

Bools = npt.NDArray[np.bool_]


class Cell(NamedTuple):
    """Calls at one position: shapes (samples, 2), (samples,), (samples,)."""

    alleles: npt.NDArray[np.int8]
    phase: npt.NDArray[np.int16]
    flags: npt.NDArray[np.uint16]


def above(direct: Cell, spanning: Cell) -> Cell:
    """A record about the position, and one that spans it.

    If the spanning record has a change on a copy and the other does not know of it, the position
    is missing.
    """
    silent = _all(direct.alleles == NOTHING)
    changed = (spanning.alleles == OTHER) | (
        (spanning.alleles == MISSING) & _has(spanning.flags, Flag.SYMBOLIC)[:, None]
    )
    called = _all((direct.alleles >= 0) | (direct.alleles == OTHER) | (direct.alleles == ABSENT))
    against = _any(changed) & called & ~same(direct, spanning) & ~silent
    return _chosen(against, silent, direct, spanning)


def duplicate(one: Cell, two: Cell) -> Cell:
    """Two records of the same allele."""
    empty_one, empty_two = _unknown(one), _unknown(two)
    against = ~same(one, two) & ~empty_one & ~empty_two
    phased = (one.phase == 0) & (two.phase != 0)
    return _chosen(against, empty_one | (~empty_two & phased), one, two)


def split(one: Cell, two: Cell, reference: int) -> Cell:
    """Two records of different alleles: each knows of the other's allele only "not mine"."""
    first, second = one.alleles, two.alleles
    mine = _alternative(first, reference)
    yours = _alternative(second, reference)
    missing = ~mine & ~yours & ((first == MISSING) | (second == MISSING))
    alleles = np.where(missing, MISSING, np.where(yours | (first == NOTHING), second, first))
    apart = _any(mine & yours) & (mine.sum(axis=1) + yours.sum(axis=1) == 2)
    apart &= (one.phase == 0) & (two.phase == 0)  # 0/1 and 0/2 without order: 1/2
    both = np.stack(
        [np.where(mine, first, NOTHING).max(axis=1), np.where(yours, second, NOTHING).max(axis=1)],
        axis=1,
    )
    alleles = np.where(apart[:, None], both, alleles).astype(np.int8)
    against = _any(mine & yours) & ~apart
    against |= (_any(first == ABSENT) != _any(second == ABSENT)) & ~_unknown(one) & ~_unknown(two)
    phase = np.where(one.phase == two.phase, one.phase, 0).astype(np.int16)
    for own, other in ((one, two), (two, one)):
        carried = ~_any(_alternative(own.alleles, reference))
        phase = np.where(carried & (other.phase != 0), other.phase, phase).astype(np.int16)
    flags = one.flags | two.flags
    whole = ~_any(_open(alleles))
    flags = np.where(whole, flags & ~np.uint16(Flag.HALF_CALL), flags).astype(np.uint16)
    return _refused(against, Cell(alleles, phase, flags))


def same(one: Cell, two: Cell) -> Bools:
    """Which samples have the same genotype; the order counts where both know it."""
    ordered = (one.phase > 0) & (one.phase == two.phase)
    straight = _all(one.alleles == two.alleles)
    crossed = _all(one.alleles == two.alleles[:, ::-1])
    return np.asarray(straight | (crossed & ~ordered))


def _chosen(against: Bools, take_two: Bools, one: Cell, two: Cell) -> Cell:
    alleles = np.where(take_two[:, None], two.alleles, one.alleles)
    phase = np.where(take_two, two.phase, one.phase)
    spared = np.uint16(Flag.BLOCK | Flag.HALF_CALL | Flag.OTHER_ALLELE | Flag.SYMBOLIC)
    flags = np.where(take_two, two.flags | (one.flags & ~spared), one.flags | (two.flags & ~spared))
    flags = np.where(against, flags | ((one.flags | two.flags) & Flag.SYMBOLIC), flags)
    return _refused(against, Cell(alleles, phase, flags.astype(np.uint16)))


def _refused(against: Bools, cell: Cell) -> Cell:
    if against.any():
        cell.alleles[against] = np.where(cell.alleles[against] == ABSENT, ABSENT, MISSING)
        cell.phase[against] = 0
        cell.flags[against] |= np.uint16(Flag.DUPLICATE)
    return cell


def _alternative(alleles: npt.NDArray[np.int8], reference: int) -> Bools:
    return np.asarray(((alleles >= 0) & (alleles != reference)) | (alleles == OTHER))


def _open(alleles: npt.NDArray[np.int8]) -> Bools:
    return np.asarray((alleles == MISSING) | (alleles == NOTHING))


def _unknown(cell: Cell) -> Bools:
    return _all(_open(cell.alleles) | (cell.alleles == ABSENT))


def _has(flags: npt.NDArray[np.uint16], flag: Flag) -> Bools:
    return np.asarray((flags & np.uint16(flag)) != 0)


def _all(table: Bools) -> Bools:
    return np.asarray(table[:, 0] & table[:, 1])


def _any(table: Bools) -> Bools:
    return np.asarray(table[:, 0] | table[:, 1])
