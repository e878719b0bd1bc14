"""From parts to the files of an index: duplicates set aside, fingerprints sorted by their size.

Nothing is held in memory but some 80 bytes a molecule, while duplicates are looked for. As a
fingerprint has at most 2,048 bits, a counting sort puts each part's rows straight to their place in
memory-mapped files: the same molecules in the same order give the same bytes, whoever did the work.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from nof1.core.errors import InputError
from nof1.medicines.library import parts
from nof1.medicines.library.bits import BITS, FOLD_WORDS, WORDS, folded
from nof1.medicines.library.parts import Part, Rows

SAME = "the same molecule as an earlier row"
SHARED_ID = "the id stands for several molecules (all were kept)"
SET_ASIDE = "set_aside.tsv"
ASIDE_HEAD = ("file", "row", "id", "reason", "kept")
TEXTS = "texts.bin"
FIRST_NAMED = 20  # so many rows of each reason are named in the summary
Progress = Callable[[int, int], None]


class NothingToIndex(InputError):
    """No row of the files gave a molecule."""


@dataclass
class Tally:
    """What was kept and what not, reason by reason; ``first`` names some rows of each."""

    molecules: int = 0
    set_aside: Counter[str] = field(default_factory=Counter)
    noted: Counter[str] = field(default_factory=Counter)
    first: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def name(self, reason: str, file: str, row: int) -> None:
        """Remember a row by name, the first few of each reason."""
        named = self.first.setdefault(reason, [])
        if len(named) < FIRST_NAMED:
            named.append({"file": file, "row": row})


def merge(
    folder: Path,
    count: int,
    target: Path,
    files: Sequence[str],
    progress: Progress = lambda done, of: None,
) -> Tally:
    """Write the files of an index from parts ``0 .. count - 1`` of ``folder``.

    ``progress`` is told the steps done and the steps in all: each part is read twice.

    Raises
    ------
    NothingToIndex : when no row gave a molecule. InputError : when the disk has no room.
    """
    seen = _Seen()
    for number in range(count):
        seen.add(parts.load(folder, number))
        progress(number + 1, 2 * count)
    found = seen.decide()
    if not found.molecules:
        raise NothingToIndex(
            "No row of the files gave a molecule.",
            where=", ".join(files[:5]),
            allowed="SMILES or SDF records that RDKit can read",
            next_step="Check the column (--smiles-column) and the first rows of the file.",
        )
    _need_room(target, found.molecules, seen.patterns)
    with _Files(target, found, seen.patterns) as out:
        start = 0
        for number in range(count):
            part = parts.load(folder, number)
            out.put(part, start, files[part.file])
            start += len(part.rows)
            progress(count + number + 1, 2 * count)
    return out.tally


class _Seen:
    """What the first pass remembers: keys, ids and sizes."""

    def __init__(self) -> None:
        self.keys: list[NDArray[np.uint64]] = []
        self.ids: list[NDArray[np.uint64]] = []
        self.sizes: list[NDArray[np.uint16]] = []
        self.patterns = 0

    def add(self, part: Part) -> None:
        self.keys.append(part.keys)
        self.ids.append(part.ids)
        self.sizes.append(part.counts)
        self.patterns = max(self.patterns, part.patterns.shape[1])

    def decide(self) -> _Decided:
        if not self.keys:
            return _Decided(np.zeros(0, np.int64), np.zeros(0, bool), np.zeros(0, np.uint16))
        keys = np.concatenate(self.keys)
        self.keys.clear()
        first = first_of_each(keys)
        kept = first == np.arange(len(first))
        return _Decided(first, _shared(np.concatenate(self.ids), kept), np.concatenate(self.sizes))


class _Decided:
    """For every row read: the first row with its molecule, and where it goes."""

    def __init__(self, first: Rows, shared: NDArray[np.bool_], sizes: NDArray[np.uint16]) -> None:
        self.first, self.shared, self.sizes = first, shared, sizes
        self.kept = first == np.arange(len(first))
        self.number = np.cumsum(self.kept) - 1  # molecule number of a kept row
        self.molecules = int(self.kept.sum())
        found = np.bincount(sizes[self.kept], minlength=BITS + 1)
        self.edges = np.concatenate([[0], np.cumsum(found)])


def first_of_each(keys: NDArray[np.uint64]) -> Rows:
    """(n,) for each row of keys (n, 2) the first row with the same key.

    >>> first_of_each(np.array([[7, 1], [7, 2], [7, 1]], np.uint64)).tolist()
    [0, 1, 0]
    """
    order = np.lexsort((keys[:, 1], keys[:, 0]))  # stable: equal keys stay in order
    ordered = keys[order]
    new = np.ones(len(keys), bool)
    new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    first = np.empty(len(keys), np.int64)
    first[order] = order[np.flatnonzero(new)[np.cumsum(new) - 1]]
    return first


def _shared(ids: NDArray[np.uint64], kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which kept rows have an id that another kept row has too."""
    ordered = np.sort(ids[kept])
    several = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    found: NDArray[np.bool_] = np.isin(ids, several) & kept
    return found


def _need_room(target: Path, molecules: int, pattern_words: int) -> None:
    needed = molecules * (8 * (WORDS + FOLD_WORDS + pattern_words + 4) + 100)
    free = shutil.disk_usage(target).free
    if free < needed:
        raise InputError(
            f"The index needs about {needed / 2**30:.1f} GiB, and {free / 2**30:.1f} are free.",
            where=str(target),
            next_step="Free disk space and run the same command again: nothing is done twice.",
        )


class _Files:
    """The files of an index while they are written."""

    def __init__(self, target: Path, found: _Decided, pattern_words: int) -> None:
        n = found.molecules
        self.found, self.tally = found, Tally(n)
        self.fingerprints = _array(target, "fingerprints", "<u8", (n, WORDS))
        self.folds = _array(target, "folds", "<u8", (n, FOLD_WORDS))
        self.counts = _array(target, "counts", "<u2", (n,))
        self.order = _array(target, "order", "<i8", (n,))
        self.ends = _array(target, "text_ends", "<i8", (n,))
        self.sources = _array(target, "sources", "<i8", (n, 2))
        shape = (n, pattern_words)
        self.patterns = _array(target, "patterns", "<u8", shape) if pattern_words else None
        self.texts = open(target / TEXTS, "wb")  # noqa: SIM115 - closed on exit
        self.aside = open(target / SET_ASIDE, "w", encoding="utf-8")  # noqa: SIM115
        self.aside.write("\t".join(ASIDE_HEAD) + "\n")
        self.free = found.edges[:-1].copy()
        self.text_end = 0

    def __enter__(self) -> _Files:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.texts.close()
        self.aside.close()
        for one in (self.fingerprints, self.folds, self.counts, self.order, self.ends):
            one.flush()
        self.sources.flush()
        if self.patterns is not None:
            self.patterns.flush()

    def put(self, part: Part, start: int, file: str) -> None:
        """The rows of one part, the first of which is row ``start`` of all rows read."""
        here = slice(start, start + len(part.rows))
        kept = np.flatnonzero(self.found.kept[here])
        numbers = self.found.number[here][kept]
        self._sorted(part, kept, numbers)
        self._plain(part, kept, numbers)
        self._set_aside(part, start, file)
        self.tally.noted.update(part.noted)
        for at in np.flatnonzero(self.found.shared[here]):
            self.tally.noted[SHARED_ID] += 1
            self.tally.name(SHARED_ID, file, int(part.rows[at]))

    def _sorted(self, part: Part, kept: Rows, numbers: Rows) -> None:
        """What is kept in the order of the number of bits."""
        sizes = part.counts[kept].astype(np.int64)
        by_size = np.argsort(sizes, kind="stable")
        ordered = sizes[by_size]
        inside = np.arange(len(ordered)) - np.searchsorted(ordered, ordered)
        place = self.free[ordered] + inside
        self.free += np.bincount(sizes, minlength=BITS + 1)
        rows = part.fingerprints[kept[by_size]]
        self.fingerprints[place] = rows
        self.folds[place] = folded(rows)
        self.counts[place] = ordered
        self.order[place] = numbers[by_size]

    def _plain(self, part: Part, kept: Rows, numbers: Rows) -> None:
        """What is kept in the order of the molecules."""
        blob, ends = parts.joined([part.texts[at] for at in kept])
        self.texts.write(blob.tobytes())
        self.ends[numbers] = ends + self.text_end
        self.text_end += len(blob)
        self.sources[numbers, 0] = part.file
        self.sources[numbers, 1] = part.rows[kept]
        if self.patterns is not None:
            self.patterns[numbers] = part.patterns[kept]

    def _set_aside(self, part: Part, start: int, file: str) -> None:
        rows = [(one.row, one.id, one.reason, "") for one in part.set_aside]
        for at in np.flatnonzero(~self.found.kept[start : start + len(part.rows)]):
            name = part.texts[at].partition("\t")[0]
            kept = int(self.found.number[self.found.first[start + at]])
            rows.append((int(part.rows[at]), name, SAME, str(kept)))
        for row, name, reason, molecule in sorted(rows):
            self.tally.set_aside[reason] += 1
            self.tally.name(reason, file, row)
            self.aside.write("\t".join((file, str(row), name, reason, molecule)) + "\n")


def _array(target: Path, name: str, kind: str, shape: tuple[int, ...]) -> Any:
    return open_memmap(target / f"{name}.npy", mode="w+", dtype=np.dtype(kind), shape=shape)
