"""Molecules out of files that strangers wrote, a chunk at a time: SMILES, CSV, TSV, SDF, gzip.

A file is never held as a whole. Every molecule keeps its file and its row (the line; in an SDF the
number of the record), so that whatever is set aside later can be named.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from nof1.core.errors import InputError, UsageError
from nof1.record.reading import safe_open

KINDS = {
    ".smi": "smiles",
    ".smiles": "smiles",
    ".txt": "smiles",
    ".csv": "csv",
    ".tsv": "tsv",
    ".sdf": "sdf",
    ".sd": "sdf",
}
SMILES_NAMES = ("smiles", "canonical_smiles", "isomeric_smiles", "structure")
ID_NAMES = ("id", "identifier", "name", "compound", "compound_id", "molecule", "title")
LONGEST_ID = 120
LONGEST_RECORD = 20_000  # lines of one SDF record; 10,000 atoms and their bonds


@dataclass(frozen=True)
class Columns:
    """Where a table holds SMILES and ids: a name of the header, or a number from 1 without one.

    ``label`` names one more column that a caller wants, such as active or not.
    """

    smiles: str | None = None
    id: str | None = None
    label: str | None = None

    def without_header(self) -> bool:
        """Whether columns are told by number, so that the first line is a molecule."""
        return (self.smiles or "").isdecimal()


USUAL = Columns()  # the usual names


@dataclass(frozen=True)
class Molecule:
    """One row as it was written: its row number, its id ("" for none), and SMILES or a mol block.

    ``problem`` says why the row cannot be a molecule at all; ``label`` is the text of the label
    column.
    """

    row: int
    id: str
    text: str
    problem: str | None = None
    label: str = ""


@dataclass(frozen=True)
class Chunk:
    """Some molecules of one file, for one worker.

    Parameters
    ----------
    number : of the chunk over all files, from 0.
    file : position of the file in the list.
    kind : ``smiles`` or ``sdf``: what ``text`` of each molecule is.
    """

    number: int
    file: int
    kind: str
    molecules: tuple[Molecule, ...]


def kind_of(path: Path) -> str:
    """What a file's name promises: ``smiles``, ``csv``, ``tsv`` or ``sdf``, with or without .gz.

    Raises
    ------
    UsageError : for another ending.
    """
    name = path.name.lower().removesuffix(".gz")
    kind = KINDS.get(Path(name).suffix)
    if kind is None:
        raise UsageError(
            "The file's ending does not say what it holds.",
            where=path.name,
            allowed=[f"{ending}[.gz]" for ending in KINDS],
            next_step="Give the file one of these endings.",
        )
    return kind


def chunks(paths: Iterable[Path], size: int, columns: Columns = USUAL) -> Iterator[Chunk]:
    """All molecules of the files in order, at most ``size`` in a chunk; no chunk spans two files.

    Raises
    ------
    InputError : for a damaged file, or a table without the columns.
    """
    number = 0
    for file, path in enumerate(paths):
        kind = "sdf" if kind_of(path) == "sdf" else "smiles"
        found = molecules(path, columns)
        while part := tuple(islice(found, size)):
            yield Chunk(number, file, kind, part)
            number += 1


def molecules(path: Path, columns: Columns = USUAL) -> Iterator[Molecule]:
    """The rows of one file, unread as yet: see :func:`chunks`."""
    kind = kind_of(path)
    with safe_open(path) as stream, io.TextIOWrapper(stream, "utf-8-sig", "replace") as lines:
        if kind == "smiles":
            yield from _smiles_rows(lines)
        elif kind == "sdf":
            yield from _records(lines)
        else:
            yield from _table_rows(lines, "\t" if kind == "tsv" else ",", columns, path.name)


def clean_id(text: str) -> str:
    """An id in one line: control characters as spaces, at most 120 characters."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(plain.split())[:LONGEST_ID]


def _smiles_rows(lines: Iterable[str]) -> Iterator[Molecule]:
    for row, line in enumerate(lines, 1):
        first, _, rest = line.strip().replace("\t", " ").partition(" ")
        if not first or (row == 1 and first.lower() in SMILES_NAMES):
            continue
        yield Molecule(row, clean_id(rest), first)


def _table_rows(
    lines: Iterable[str], separator: str, columns: Columns, name: str
) -> Iterator[Molecule]:
    table = csv.reader(lines, delimiter=separator)
    head = None if columns.without_header() else next(table, [])
    smiles, identity = _places(head, columns, name)
    label = _label_place(head, columns, name)
    while True:
        try:
            fields = next(table)
        except StopIteration:
            return
        except csv.Error:
            yield Molecule(table.line_num, "", "", "the row is not readable as a table")
            continue
        if fields:
            one = _from_fields(table.line_num, fields, smiles, identity)
            known = label is not None and label < len(fields)
            yield replace(one, label=fields[label].strip()) if known and label is not None else one


def _from_fields(row: int, fields: list[str], smiles: int, identity: int | None) -> Molecule:
    known = identity is not None and identity < len(fields)
    name = clean_id(fields[identity]) if known and identity is not None else ""
    if smiles >= len(fields):
        return Molecule(row, name, "", "the row has too few columns")
    return Molecule(row, name, fields[smiles].strip())


def _places(head: list[str] | None, columns: Columns, name: str) -> tuple[int, int | None]:
    """Positions of the SMILES and of the id (None: there is none)."""
    if head is None:
        return _by_number(columns, name)
    names = [field.strip().lower() for field in head]
    smiles = _found(names, columns.smiles, SMILES_NAMES, name, "SMILES", head)
    identity = _found(names, columns.id, ID_NAMES, name, "id", head)
    if smiles is None:
        raise InputError(
            "No column is called like one with SMILES.",
            where=f"{name}, line 1",
            allowed=SMILES_NAMES,
            next_step="Name it (--smiles-column), or give its number if there is no header.",
        )
    return smiles, identity


def _label_place(head: list[str] | None, columns: Columns, name: str) -> int | None:
    if columns.label is None:
        return None
    if head is None:
        if not columns.label.isdecimal() or columns.label == "0":
            raise UsageError("Without a header the label column is told by number.", where=name)
        return int(columns.label) - 1
    names = [field.strip().lower() for field in head]
    return _found(names, columns.label, (), name, "label", head)


def _by_number(columns: Columns, name: str) -> tuple[int, int | None]:
    identity = columns.id
    if int(columns.smiles or 0) < 1 or (identity is not None and not identity.isdecimal()):
        raise UsageError(
            "Columns of a table without a header are told by number, from 1.",
            where=name,
            next_step="Give both columns as numbers, such as 2 and 1.",
        )
    return int(columns.smiles or 0) - 1, None if identity is None else max(int(identity) - 1, 0)


def _found(
    names: list[str],
    asked: str | None,
    usual: tuple[str, ...],
    file: str,
    what: str,
    head: list[str],
) -> int | None:
    if asked is not None and asked.lower() not in names:
        raise InputError(
            f"There is no column {clean_id(asked)!r} for the {what}.",
            where=f"{file}, line 1",
            allowed=[clean_id(one) for one in head[:20]],
        )
    for one in (asked.lower(),) if asked is not None else usual:
        if one in names:
            return names.index(one)
    return None


def _records(lines: Iterable[str]) -> Iterator[Molecule]:
    """The mol blocks of an SDF, up to ``M  END``; data items are passed over."""
    block: list[str] = []
    number, ended = 1, False
    for line in lines:
        if line.startswith("$$$$"):
            yield _record(number, block)
            block, ended = [], False
            number += 1
        elif not ended and len(block) <= LONGEST_RECORD:
            block.append(line)
            ended = line.startswith("M  END")
    if any(line.strip() for line in block):
        yield _record(number, block)


def _record(number: int, block: list[str]) -> Molecule:
    name = clean_id(block[0]) if block else ""
    if len(block) > LONGEST_RECORD:
        return Molecule(number, name, "", f"the record has more than {LONGEST_RECORD:,} lines")
    return Molecule(number, name, "".join(block))
