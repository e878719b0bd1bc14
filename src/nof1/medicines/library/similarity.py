"""Exact Tanimoto search: everything above a threshold, or the most similar k.

Two bounds, neither of which can lose a hit: the number of bits of a fingerprint bounds its
similarity (``min / max``), so only a slice of the sorted rows is read; the fold bounds it again,
for an eighth of the bytes. What is left is compared whole. See :mod:`nof1.medicines.library.bits`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nof1.core.engine import Engine, LocalEngine
from nof1.core.errors import InputError, UsageError
from nof1.medicines.chemistry.fingerprints import packed as morgan_of
from nof1.medicines.chemistry.molecules import standardise
from nof1.medicines.library import bits
from nof1.medicines.library.index import Library, open_library

HERE = LocalEngine()  # this process
BLOCK = 1 << 17  # rows looked at in one go: 4 MB of folds
MOST_HITS = 1_000_000
SLICES = 16


@dataclass(frozen=True)
class Query:
    """One molecule to look for: as given, standardised, and its fingerprint (32,)."""

    given: str
    smiles: str
    notes: tuple[str, ...]
    fingerprint: bits.Words

    @property
    def size(self) -> int:
        """How many bits its fingerprint has, 1 or more."""
        return int(np.bitwise_count(self.fingerprint).sum())


@dataclass(frozen=True)
class Hits:
    """Found molecules (numbers of the library) and their similarity, the most similar first.

    Equal ones stand in the order of the library.
    """

    molecules: NDArray[np.int64]
    similarity: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.molecules)


NOTHING = Hits(np.zeros(0, np.int64), np.zeros(0))


def query(smiles: str) -> Query:
    """A query molecule, standardised like those of a library.

    Raises
    ------
    InputError : naming why it cannot be used.
    """
    done = standardise([smiles])
    problem = "more than one word" if len(smiles.split()) > 1 else done.problems[0]
    if problem is not None:
        raise InputError(
            f"The query molecule cannot be used: {problem}.",
            where="query",
            allowed="the SMILES of one organic molecule",
            next_step="Check the SMILES; quote it, since the shell has its own use for ( and #.",
        )
    fingerprint = bits.packed(morgan_of(done.molecules))[0]
    return Query(smiles, str(done.smiles[0]), done.notes[0], fingerprint)


def above(library: Library, asked: Query, least: float, engine: Engine = HERE) -> Hits:
    """Every molecule with a Tanimoto similarity of ``least`` or more; none is missed.

    Parameters
    ----------
    least : above 0, at most 1.
    engine : more than one worker shares the rows; the hits are the same.

    Raises
    ------
    UsageError : a threshold that is none, or that a million molecules reach.
    """
    if not 0 < least <= 1:
        raise UsageError(
            f"{least:g} is no threshold.", where="--threshold", allowed="above 0, at most 1"
        )
    slices = _slices(*_reach(library, asked, least), engine)
    work = partial(_above_slice, library.path, asked, least)
    if len(slices) == 1:
        found = [_scan(library, asked, least, slices[0])]
    else:
        found = engine.map(work, slices)
    library.unchanged()
    return _ordered(found)


def most(library: Library, asked: Query, count: int, least: float = 0.0) -> Hits:
    """The ``count`` most similar molecules, of those with ``least`` or more.

    Rows are read from the most promising number of bits outwards, until no row can still get in.

    Raises
    ------
    UsageError : ``count`` is below 1.
    """
    if count < 1:
        raise UsageError(f"{count} molecules cannot be found.", where="--top", allowed="1 or more")
    best, limit = NOTHING, max(least, 1e-12)
    for start, stop, reachable in _outwards(library, asked):
        if reachable < limit:
            break
        for one in _blocks(start, stop):
            found = _scan(library, asked, limit, one)
            if len(found):
                best = _first(_ordered([best, found]), count)
                if len(best) == count:
                    limit = max(limit, float(best.similarity[-1]))
    library.unchanged()
    return best


def _reach(library: Library, asked: Query, least: float) -> tuple[int, int]:
    """The sorted rows whose number of bits allows a similarity of ``least``."""
    low = math.ceil(least * asked.size - 1e-9)
    high = math.floor(asked.size / least + 1e-9)
    start, stop = np.searchsorted(library.counts, [low, min(high, bits.BITS) + 1])
    return int(start), int(stop)


def _outwards(library: Library, asked: Query) -> Iterator[tuple[int, int, float]]:
    """Groups of rows with one number of bits, and the most that they can reach; falling."""
    edges = np.searchsorted(library.counts, np.arange(bits.BITS + 2))
    sizes = [size for size in range(1, bits.BITS + 1) if edges[size] < edges[size + 1]]

    def reachable(size: int) -> float:
        return min(size, asked.size) / max(size, asked.size)

    for size in sorted(sizes, key=reachable, reverse=True):
        yield int(edges[size]), int(edges[size + 1]), reachable(size)


def _slices(start: int, stop: int, engine: Engine) -> list[tuple[int, int]]:
    if isinstance(engine, LocalEngine) and engine.workers == 1:
        return [(start, stop)]
    edges = np.linspace(start, stop, SLICES + 1).astype(int).tolist()
    return list(pairwise(edges))


def _blocks(start: int, stop: int) -> Iterator[tuple[int, int]]:
    for first in range(start, stop, BLOCK):
        yield first, min(first + BLOCK, stop)


def _above_slice(path: Path, asked: Query, least: float, rows: tuple[int, int]) -> Hits:
    """One worker's share: opens the library for itself."""
    return _scan(open_library(path), asked, least, rows)


def _scan(library: Library, asked: Query, least: float, rows: tuple[int, int]) -> Hits:
    """Hits among sorted rows, in no order."""
    fold = bits.folded(asked.fingerprint[None])[0]
    place, value = np.empty(BLOCK, np.int64), np.empty(BLOCK)
    molecules, similarity, total = [], [], 0
    for start, stop in _blocks(*rows):
        here = slice(start, stop)
        found = bits.similar(
            library.fingerprints[here],
            library.folds[here],
            library.counts[here],
            asked.fingerprint,
            fold,
            asked.size,
            least,
            place,
            value,
        )
        if found:
            molecules.append(np.asarray(library.order[place[:found] + start]))
            similarity.append(value[:found].copy())
            total += found
        if total > MOST_HITS:
            raise UsageError(
                f"More than {MOST_HITS:,} molecules are that similar.",
                where="--threshold",
                next_step="Raise the threshold, or ask for the most similar with --top.",
            )
    if not total:
        return NOTHING
    return Hits(np.concatenate(molecules), np.concatenate(similarity))


def _ordered(found: Sequence[Hits]) -> Hits:
    molecules = np.concatenate([one.molecules for one in found])
    similarity = np.concatenate([one.similarity for one in found])
    order = np.lexsort((molecules, -similarity))
    return Hits(molecules[order], similarity[order])


def _first(hits: Hits, count: int) -> Hits:
    return Hits(hits.molecules[:count], hits.similarity[:count])
