"""Compound files, read in batches: CSV and TSV, SMILES (.smi), SD files; plain or gzip.

The format is told by the name (``.csv .tsv .smi .smiles .txt .sdf .sd``, with or without ``.gz``).
Files of any size are read with the memory of one batch. A row that does not fit its table, or a
record that is no molecule, is handed out with a problem, never skipped.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from pathlib import Path

from nof1.core.errors import InputError, UsageError
from nof1.medicines.chemistry.toolkit import Chem, quiet
from nof1.record.reading import safe_open

BATCH = 10_000
LONGEST_RECORD = 2_000_000  # characters of one SD record
SEPARATORS = {".csv": ",", ".tsv": "\t"}
SMILES_SUFFIXES = (".smi", ".smiles", ".txt")
SD_SUFFIXES = (".sdf", ".sd")
SMILES_NAMES = ("smiles", "canonical_smiles", "structure", "molecule", "mol")
RAGGED = "another number of fields than the header"
BAD_RECORD = "record is no molecule"
LONG_RECORD = f"record longer than {LONGEST_RECORD:,} characters"


@dataclass
class Batch:
    """Some rows of a file in their order; every list has one entry for each row.

    Attributes
    ----------
    rows : number of the row (or record), 1 is the first one of data.
    smiles : the structure as text, not yet standardised; None when there is none.
    problems : why a row has no structure, or None.
    columns : every other column (or SD property) as text; None where a record lacks it.
    """

    rows: list[int] = field(default_factory=list)
    smiles: list[str | None] = field(default_factory=list)
    problems: list[str | None] = field(default_factory=list)
    columns: dict[str, list[str | None]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Row:
    number: int
    smiles: str | None
    problem: str | None
    fields: dict[str, str]


def batches(path: Path, *, smiles: str | None = None, size: int = BATCH) -> Iterator[Batch]:
    """Read a compound file.

    Parameters
    ----------
    smiles : name of the column with SMILES (tables only) [the first of ``SMILES_NAMES``].
    size : rows in a batch, the last one excepted.

    Raises
    ------
    InputError : the file cannot be read, is no text, or has no such column.
    UsageError : the name does not tell the format.
    """
    rows = _rows(path, smiles)
    with quiet():
        while batch := list(islice(rows, size)):
            yield _batch(batch)


def read(path: Path, *, smiles: str | None = None) -> Batch:
    """A whole compound file as one batch; for files that fit into memory."""
    with quiet():
        return _batch(list(_rows(path, smiles)))


def _batch(rows: Sequence[_Row]) -> Batch:
    names = dict.fromkeys(name for row in rows for name in row.fields)
    return Batch(
        [row.number for row in rows],
        [row.smiles for row in rows],
        [row.problem for row in rows],
        {name: [row.fields.get(name) for row in rows] for name in names},
    )


def _rows(path: Path, smiles: str | None) -> Iterator[_Row]:
    suffix = _suffix(path)
    text = io.TextIOWrapper(safe_open(path), encoding="utf-8-sig", errors="strict", newline="")
    try:
        with text:
            if suffix in SEPARATORS:
                yield from _table(text, SEPARATORS[suffix], smiles, path.name)
            elif suffix in SMILES_SUFFIXES:
                yield from _lines(text)
            else:
                yield from _records(text)
    except UnicodeDecodeError:
        raise InputError(
            "The file is no UTF-8 text.", where=path.name, next_step="Save it as UTF-8."
        ) from None
    except csv.Error as error:
        raise InputError(f"The table cannot be read: {error}.", where=path.name) from None


def _suffix(path: Path) -> str:
    name = path.name.lower().removesuffix(".gz")
    suffix = Path(name).suffix
    if suffix not in (*SEPARATORS, *SMILES_SUFFIXES, *SD_SUFFIXES):
        raise UsageError(
            "The file's name does not tell its format.",
            where=path.name,
            allowed=[*SEPARATORS, *SMILES_SUFFIXES, *SD_SUFFIXES, "each also with .gz"],
        )
    return suffix


def _table(text: io.TextIOBase, separator: str, smiles: str | None, where: str) -> Iterator[_Row]:
    reader = csv.reader(text, delimiter=separator)
    header = [name.strip() for name in next(reader, [])]
    column = header.index(_smiles_column(header, smiles, where))
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise InputError("A column's name comes twice.", where=f"{where}, column {repeated[0]}")
    for number, values in enumerate(reader, start=1):
        if len(values) != len(header):
            yield _Row(number, None, RAGGED if values else "empty line", {})
            continue
        fields = dict(zip(header, values, strict=True))
        yield _Row(
            number, values[column], None, {k: v for k, v in fields.items() if k != header[column]}
        )


def _smiles_column(header: list[str], asked: str | None, where: str) -> str:
    if asked is not None and asked in header:
        return asked
    lower = {name.lower(): name for name in reversed(header)}
    found = next((lower[name] for name in SMILES_NAMES if name in lower), None)
    if asked is not None or found is None:
        raise InputError(
            "The table has no such column of SMILES.",
            where=f"{where}, column {asked or 'smiles'}",
            allowed=header[:30],
            next_step="Name it with --smiles COLUMN.",
        )
    return found


def _lines(text: io.TextIOBase) -> Iterator[_Row]:
    """SMILES, then optionally a blank and a name, one molecule a line; no header."""
    for number, line in enumerate(text, start=1):
        parts = line.split(maxsplit=1)
        name = {"name": parts[1].strip()} if len(parts) > 1 else {}
        yield _Row(number, parts[0] if parts else None, None if parts else "empty line", name)


def _records(text: io.TextIOBase) -> Iterator[_Row]:
    """SD records; the first line of a record is its ``name``."""
    for number, (lines, too_long) in enumerate(_split(text), start=1):
        if too_long:
            yield _Row(number, None, LONG_RECORD, {})
            continue
        molecule = Chem.MolFromMolBlock("".join(lines))
        found = {"name": lines[0].strip(), **_properties(lines)}
        smiles = None if molecule is None else Chem.MolToSmiles(molecule)
        yield _Row(number, smiles, BAD_RECORD if molecule is None else None, found)


def _split(text: io.TextIOBase) -> Iterator[tuple[list[str], bool]]:
    """Lines of each record up to its ``$$$$``, and whether the record is too long."""
    lines: list[str] = []
    characters = 0
    for line in text:
        if line.startswith("$$$$"):
            yield lines or ["\n"], characters > LONGEST_RECORD
            lines, characters = [], 0
            continue
        characters += len(line)
        if characters <= LONGEST_RECORD:
            lines.append(line)
    if any(line.strip() for line in lines):
        yield lines, characters > LONGEST_RECORD


def _properties(lines: list[str]) -> dict[str, str]:
    """``> <NAME>`` lines with the first line that follows each."""
    found = {}
    for line, value in pairwise(lines):
        if line.startswith(">") and "<" in line:
            found[line[line.index("<") + 1 :].split(">")[0]] = value.strip()
    return found
