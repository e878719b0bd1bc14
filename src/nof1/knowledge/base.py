"""Where facts lie: the data files that come with nof1, and a workspace's own newer ones over them.

A workspace may hold a folder ``knowledge/`` with files of the same names (written by
``nof1 knowledge import``); each replaces the shipped file of that name as a whole.
"""

from __future__ import annotations

import csv
import functools
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from nof1.core.errors import InputError

Made = TypeVar("Made")
DATA = Path(__file__).with_name("data")


@dataclass(frozen=True)
class Base:
    """One set of fact files: a folder of overrides (or None) over the shipped ones.

    What was read of a set is remembered by the set: ``edition`` tells apart what lay in one folder
    at two times (``current``).
    """

    folder: Path | None = None
    edition: str = ""
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.folder, self.edition)))

    def __hash__(self) -> int:
        return self._hash  # worked out once: every remembered fact is looked up with it

    def __reduce__(self) -> tuple[type[Base], tuple[Path | None, str]]:
        return Base, (self.folder, self.edition)  # a path's hash differs from process to process

    def path(self, name: str) -> Path:
        """The file in use for ``name``, for example ``alleles/CYP2C19.json``."""
        own = None if self.folder is None else self.folder / name
        return own if own is not None and own.is_file() else DATA / name

    def text(self, name: str) -> str:
        """The content of a fact file.

        Raises
        ------
        InputError : there is none of this name, or it cannot be read.
        """
        try:
            return self.path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                f"The fact file cannot be read: {type(error).__name__}.",
                where=f"knowledge/{name}",
                next_step="Restore it, or remove it from the workspace's knowledge folder.",
            ) from None

    def load(self, name: str, build: Callable[[Any], Made]) -> Made:
        """What ``build`` makes of the JSON of a fact file.

        Raises
        ------
        InputError : the file is cut off, or not in the form that ``build`` expects.
        """
        text = self.text(name)
        try:
            return build(json.loads(text))
        except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
            raise InputError(
                f"The fact file is not in its form ({type(error).__name__}).",
                where=f"knowledge/{name}",
                next_step="Import the release again, or remove the file from the workspace.",
            ) from None

    def names(self, folder: str) -> tuple[str, ...]:
        """Names of the files in a folder of facts, sorted."""
        places = [DATA / folder, *([self.folder / folder] if self.folder else [])]
        found = {path.name for place in places if place.is_dir() for path in place.iterdir()}
        return tuple(sorted(name for name in found if not name.startswith(".")))

    def rows(self, name: str) -> list[dict[str, str]]:
        """The rows of a table (tab separated, with a header line).

        Raises
        ------
        InputError : the workspace's table lacks a column of the one that it replaces.
        """
        lines = self.text(name).splitlines()
        self._check_columns(name, lines[0] if lines else "")
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))

    def _check_columns(self, name: str, header: str) -> None:
        shipped = DATA / name
        if self.path(name) == shipped or not shipped.is_file():
            return
        with shipped.open(encoding="utf-8") as table:
            wanted = table.readline().rstrip("\n").split("\t")
        missing = [column for column in wanted if column not in header.split("\t")]
        if missing:
            raise InputError(
                f"The table has no column {missing[0]!r}.",
                where=f"knowledge/{name}",
                allowed=", ".join(wanted),
                next_step="Correct its first line, or remove the file from the workspace.",
            )

    def hash(self, *names: str) -> str:
        """SHA-256 over the files in use, which names exactly this state of the facts."""
        digest = hashlib.sha256()
        for name in sorted(names):
            digest.update(name.encode() + b"\0" + self.text(name).encode() + b"\0")
        return digest.hexdigest()


SHIPPED = Base()


def mark(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """What a folder of facts looks like: another one when a file was replaced."""
    if not folder.is_dir():
        return ()
    found = ((path.as_posix(), path.stat()) for path in sorted(folder.rglob("*")))
    return tuple((name, status.st_mtime_ns, status.st_size) for name, status in found)


def current(folder: Path) -> Base:
    """The facts as they lie now in a folder, for a process that outlives its files."""
    found = mark(folder)
    return Base(folder, hashlib.sha256(repr(found).encode()).hexdigest() if found else "")


class Source(NamedTuple):
    """Where facts come from; past ``valid_until`` they are used, but called old."""

    id: str
    title: str
    version: str
    published: date
    valid_until: date
    licence: str
    citation: str

    def expired(self, today: date) -> bool:
        """Whether the facts are past the day until which somebody vouched for them."""
        return today > self.valid_until


@functools.cache
def sources(base: Base = SHIPPED) -> dict[str, Source]:
    """All sources by id: those of nof1, and over them the workspace's own.

    Raises
    ------
    InputError : a cell is missing or too many, or a date cannot be read.
    """
    shipped = {} if base == SHIPPED else sources(SHIPPED)
    return {**shipped, **{row["id"]: _source(row) for row in base.rows("sources.tsv")}}


def _source(row: dict[str, str]) -> Source:
    try:
        if None in row.values():
            raise ValueError("a cell is missing")
        days = {name: date.fromisoformat(row[name]) for name in ("published", "valid_until")}
        return Source(**{**row, **days})  # type: ignore[arg-type]
    except (ValueError, TypeError, KeyError):
        raise InputError(
            "This source is not in its form.",
            where=f"knowledge/sources.tsv, {row.get('id')}",
            allowed=f"{', '.join(Source._fields)}; days as 2025-11-05",
        ) from None


def listed(text: str) -> tuple[str, ...]:
    """The items of a cell: ``a|b`` -> ``("a", "b")``; an empty cell has none."""
    return tuple(part for part in text.split("|") if part)


def tables(base: Base = SHIPPED) -> Iterator[str]:
    """Names of all fact files, with their folder."""
    for folder in ("", "alleles", "phenotypes"):
        for name in base.names(folder):
            if name.endswith((".tsv", ".json")):
                yield f"{folder}/{name}" if folder else name
