"""A finished part of an index that is being built: the molecules of one chunk, as plain arrays."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nof1.medicines.library.bits import Words

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class SetAside:
    """A row that gave no molecule of its own: where it stands, and the named reason."""

    file: int
    row: int
    id: str
    reason: str


@dataclass(frozen=True)
class Part:
    """What a worker made of one chunk; all arrays are in the order of the rows.

    Parameters
    ----------
    number, file : of the chunk, and of its file in the list.
    rows : (n,) rows in the file.
    texts : n times ``id<TAB>SMILES``, the SMILES canonical and standardised.
    keys : (n, 2) a hash of 128 bits of what makes two molecules the same. ids : (n,) one of the id.
    fingerprints : (n, 32) Morgan fingerprints. counts : (n,) how many bits each has.
    patterns : (n, p) pattern fingerprints for substructures, or (n, 0) without.
    set_aside : rows that gave no molecule. noted : remark -> rows, about molecules that were kept.
    """

    number: int
    file: int
    rows: Rows
    texts: tuple[str, ...]
    keys: Words
    ids: Words
    fingerprints: Words
    counts: NDArray[np.uint16]
    patterns: Words
    set_aside: tuple[SetAside, ...]
    noted: dict[str, int]


def path_of(folder: Path, number: int) -> Path:
    """Where a part is kept."""
    return folder / f"part-{number:07d}.npz"


def keep(folder: Path, part: Part) -> None:
    """Write a part in one step: it is there whole or not at all."""
    target = path_of(folder, part.number)
    temporary = target.with_suffix(".new")
    texts, ends = joined(part.texts)
    aside, aside_ends = joined([f"{one.row}\t{one.id}\t{one.reason}" for one in part.set_aside])
    notes, note_ends = joined([f"{count}\t{text}" for text, count in sorted(part.noted.items())])
    with open(temporary, "wb") as stream:
        np.savez(
            stream,
            about=np.array([part.number, part.file], np.int64),
            rows=part.rows,
            texts=texts,
            ends=ends,
            keys=part.keys,
            ids=part.ids,
            fingerprints=part.fingerprints,
            counts=part.counts,
            patterns=part.patterns,
            aside=aside,
            aside_ends=aside_ends,
            notes=notes,
            note_ends=note_ends,
        )
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(temporary, target)


def load(folder: Path, number: int) -> Part:
    """Read a part back."""
    with np.load(path_of(folder, number), allow_pickle=False) as kept:
        number, file = (int(one) for one in kept["about"])
        aside = [line.split("\t", 2) for line in split(kept["aside"], kept["aside_ends"])]
        notes = [line.split("\t", 1) for line in split(kept["notes"], kept["note_ends"])]
        return Part(
            number,
            file,
            kept["rows"],
            tuple(split(kept["texts"], kept["ends"])),
            kept["keys"],
            kept["ids"],
            kept["fingerprints"],
            kept["counts"],
            kept["patterns"],
            tuple(SetAside(file, int(row), name, reason) for row, name, reason in aside),
            {text: int(count) for count, text in notes},
        )


def numbers(folder: Path) -> list[int]:
    """Which parts are there, ascending."""
    return sorted(int(path.stem.removeprefix("part-")) for path in folder.glob("part-*.npz"))


def joined(texts: Sequence[str]) -> tuple[NDArray[np.uint8], Rows]:
    """Texts as one row of bytes (UTF-8), and where each ends."""
    encoded = [text.encode("utf-8", "replace") for text in texts]
    ends = np.cumsum([len(one) for one in encoded], dtype=np.int64)
    return np.frombuffer(b"".join(encoded), np.uint8), ends


def split(data: NDArray[np.uint8], ends: Rows) -> Iterator[str]:
    """The texts again."""
    blob, start = data.tobytes(), 0
    for end in ends.tolist():
        yield blob[start:end].decode("utf-8")
        start = end
