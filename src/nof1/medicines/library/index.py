"""An index on disk: its files, what is known about them, and how a molecule is looked up.

    fingerprints.npy (n, 32)  folds.npy (n, 4)  counts.npy (n,)   sorted by the number of bits
    order.npy (n,)            which molecule each sorted row is
    texts.bin, text_ends.npy  id and SMILES of each molecule, in the order of the files
    sources.npy (n, 2)        file and row of each molecule
    patterns.npy (n, 16)      for substructures, in the order of the molecules; may be absent
    set_aside.tsv             every row that is no molecule of its own, with the reason
    index.json                written last: an index without it is not finished

All arrays are memory-mapped: a search reads what it needs, however large the library is.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import InputError
from nof1.medicines.library.bits import FOLD_WORDS, WORDS, Words
from nof1.medicines.library.merging import SAME, SET_ASIDE, TEXTS
from nof1.medicines.library.preparing import PATTERN_BITS, probe

FORMAT = "nof1/library/1"
ABOUT = "index.json"
READ_WHOLE = 1 << 26  # bytes: below, the content is compared with its hash at each opening
AGAIN = "Build it again: nof1 compounds index FILE... --out DIR --replace"
Stamp = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class Entry:
    """One molecule of a library: its number, id, SMILES, and where it came from."""

    molecule: int
    id: str
    smiles: str
    file: str
    row: int

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {"id": self.id, "smiles": self.smiles, "file": self.file, "row": self.row}


@dataclass(frozen=True)
class Library:
    """An open index; arrays as in the module's description, without a copy in memory.

    ``about`` is ``index.json``; ``stamp`` tells whether the files were changed since.
    """

    path: Path
    about: dict[str, Any]
    stamp: Stamp
    fingerprints: Words
    folds: Words
    counts: NDArray[np.uint16]
    order: NDArray[np.int64]
    text_ends: NDArray[np.int64]
    sources: NDArray[np.int64]
    texts: NDArray[np.uint8]
    patterns: Words | None

    def __len__(self) -> int:
        return len(self.order)

    @property
    def date(self) -> str:
        """The day on which the index was finished, UTC, such as ``2026-05-05``."""
        changed = next(time for name, _, time in self.stamp if name == ABOUT)
        return datetime.fromtimestamp(changed / 1e9, UTC).date().isoformat()

    def entry(self, molecule: int) -> Entry:
        """One molecule by its number.

        Raises
        ------
        InputError : the index is damaged where this molecule stands.
        """
        try:
            return self._entry(molecule)
        except (IndexError, UnicodeDecodeError):
            raise _damaged(self.path, TEXTS) from None

    def _entry(self, molecule: int) -> Entry:
        start = int(self.text_ends[molecule - 1]) if molecule else 0
        text = self.texts[start : int(self.text_ends[molecule])].tobytes().decode("utf-8")
        name, _, smiles = text.partition("\t")
        if not smiles or "\t" in smiles:
            raise IndexError(molecule)
        file, row = (int(one) for one in self.sources[molecule])
        return Entry(molecule, name, smiles, self.about["files"][file]["name"], row)

    def entries(self, molecules: Iterable[int]) -> list[Entry]:
        """Several molecules, in the order asked for."""
        return [self.entry(int(one)) for one in molecules]

    def also(self, molecules: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
        """Other rows with the same molecule: molecule -> their file, row and id.

        Raises
        ------
        InputError : the list of rows that were set aside is damaged.
        """
        try:
            return self._also(molecules)
        except (KeyError, ValueError, csv.Error):
            raise _damaged(self.path, SET_ASIDE) from None

    def _also(self, molecules: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
        asked = {str(int(one)): int(one) for one in molecules}
        found: dict[int, list[dict[str, Any]]] = {}
        if not self.about["counts"]["set_aside"].get(SAME):
            return found
        with open(self.path / SET_ASIDE, encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
                if row["kept"] in asked:
                    same = {"id": row["id"], "file": row["file"], "row": int(row["row"])}
                    found.setdefault(asked[row["kept"]], []).append(same)
        return found

    def unchanged(self) -> None:
        """Say so when somebody wrote to the index since it was opened.

        Raises
        ------
        InputError : the files are not those that were opened: what was found may be of two worlds.
        """
        if stamp_of(self.path) != self.stamp:
            raise InputError(
                "The index was changed during the search, so its answer cannot be trusted.",
                where=str(self.path),
                next_step="Run the search again when nobody writes to the index.",
            )


def open_library(path: Path) -> Library:
    """Open an index and check that it is whole and of this version of the chemistry.

    Raises
    ------
    InputError : no index, an unfinished or damaged one, or one of another version.
    """
    stamp = stamp_of(path)
    about = _about(path)
    _check_files(path, about)
    _check_version(path, about)
    n = int(about["counts"]["molecules"])
    arrays = {
        "fingerprints": _mapped(path, "fingerprints", (n, WORDS), "<u8"),
        "folds": _mapped(path, "folds", (n, FOLD_WORDS), "<u8"),
        "counts": _mapped(path, "counts", (n,), "<u2"),
        "order": _mapped(path, "order", (n,), "<i8"),
        "text_ends": _mapped(path, "text_ends", (n,), "<i8"),
        "sources": _mapped(path, "sources", (n, 2), "<i8"),
        "patterns": None,
    }
    if about["substructures"]:
        arrays["patterns"] = _mapped(path, "patterns", (n, PATTERN_BITS // 64), "<u8")
    texts = np.memmap(path / TEXTS, np.uint8, "r")
    if len(texts) != int(arrays["text_ends"][-1]):
        raise _damaged(path, TEXTS)
    _check_content(path, about)
    return Library(path, about, stamp, texts=texts, **arrays)


def stamp_of(path: Path) -> Stamp:
    """Name, size and time of every file of an index; the time is in nanoseconds."""
    found = []
    for file in sorted(path.iterdir()) if path.is_dir() else ():
        if file.is_file() and not file.name.startswith("."):
            state = file.stat()
            found.append((file.name, state.st_size, state.st_mtime_ns))
    return tuple(found)


def content_of(files: Iterable[Path]) -> str:
    """One hash over the files of an index, in the order given."""
    every = hashlib.blake2b(digest_size=16)
    for path in files:
        with open(path, "rb") as stream:
            every.update(path.name.encode())
            while block := stream.read(1 << 22):
                every.update(block)
    return every.hexdigest()


def _check_content(path: Path, about: dict[str, Any]) -> None:
    """A small index is read whole, so bytes that turned over on the disk are found."""
    if sum(about["sizes"].values()) > READ_WHOLE:
        return
    if content_of(path / name for name in sorted(about["sizes"])) != about.get("content"):
        raise _damaged(path, "its content")


def _about(path: Path) -> dict[str, Any]:
    try:
        about: dict[str, Any] = json.loads((path / ABOUT).read_text(encoding="utf-8"))
        known = about["format"]
    except FileNotFoundError:
        started = (path / ".building").is_dir()
        raise InputError(
            "The index is not finished." if started else "There is no index of a library here.",
            where=str(path),
            allowed="a folder that nof1 compounds index made",
            next_step="Run the same nof1 compounds index again: it goes on where it stopped."
            if started
            else "Make one: nof1 compounds index FILE... --out DIR",
        ) from None
    except (OSError, ValueError, KeyError, TypeError):
        raise _damaged(path, ABOUT) from None
    if known != FORMAT:
        raise InputError(
            f"The index has the format {str(known)[:40]!r}.",
            where=str(path),
            allowed=FORMAT,
            next_step=AGAIN,
        )
    return about


def _check_files(path: Path, about: dict[str, Any]) -> None:
    try:
        for name, size in about["sizes"].items():
            if (path / name).stat().st_size != size:
                raise _damaged(path, name)
        int(about["counts"]["molecules"])
        bool(about["substructures"])
    except (OSError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise _damaged(path, getattr(error, "filename", None) or ABOUT) from None


def _check_version(path: Path, about: dict[str, Any]) -> None:
    made = about.get("chemistry", {})
    if made.get("probe") != probe():
        from nof1.medicines.chemistry.toolkit import VERSION

        raise InputError(
            "The index was built by another version of the chemistry: a query's fingerprint would "
            "not fit those stored.",
            where=str(path),
            allowed=f"built as with RDKit {VERSION}; this one is of RDKit {made.get('rdkit')}",
            next_step=AGAIN,
        )


def _mapped(path: Path, name: str, shape: tuple[int, ...], kind: str) -> Any:
    try:
        found = np.load(path / f"{name}.npy", mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError):
        raise _damaged(path, f"{name}.npy") from None
    if found.shape != shape or found.dtype != np.dtype(kind):
        raise _damaged(path, f"{name}.npy")
    return found


def _damaged(path: Path, name: str) -> InputError:
    return InputError(
        f"The index is damaged: {Path(name).name} is not as it was written.",
        where=str(path),
        next_step=AGAIN,
    )
