"""A name for the code that is installed: two machines with the same hash run the same nof1."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import nof1

ROOT = Path(nof1.__file__).parent
PYTHON = (".py",)


def sources(
    rooms: Iterable[str],
    root: Path = ROOT,
    kinds: tuple[str, ...] = PYTHON,
    without: Path | None = None,
) -> list[Path]:
    """Files of some rooms, sorted by path.

    Parameters
    ----------
    rooms : names of folders below ``root``. kinds : endings of the files that count.
    without : a folder below ``root`` that does not count.
    """
    skipped = root / without if without else None
    found = (path for room in rooms for path in (root / room).rglob("*"))
    return sorted(path for path in found if path.suffix in kinds and skipped not in path.parents)


def digest(paths: Iterable[Path], root: Path = ROOT) -> str:
    """SHA-256 (hexadecimal) over files and their places below ``root``, as they lie now."""
    made = hashlib.sha256()
    for path in paths:
        data = path.read_bytes()
        made.update(f"{path.relative_to(root).as_posix()}\0{len(data)}\0".encode() + data)
    return made.hexdigest()


def on_disk(rooms: Iterable[str], root: Path = ROOT, kinds: tuple[str, ...] = PYTHON) -> str:
    """The digest of some rooms."""
    return digest(sources(rooms, root, kinds), root)


@cache
def of_process(rooms: tuple[str, ...]) -> str:
    """``on_disk``, looked at once a process: ask at its start, before anybody can change a file."""
    return on_disk(rooms)
