"""Plain tables as text: comma, semicolon or tab, plain or gzip, with or without a header."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nof1.core.errors import InputError
from nof1.learn.sums import FloatArray
from nof1.record.reading import safe_open

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "."})
SEPARATORS = "\t;,"


@dataclass(frozen=True, eq=False)
class Table:
    """Cells as text. ``header`` names the columns; every row is as long as the header."""

    path: Path
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...] = field(repr=False)

    def column(self, name: str) -> list[str]:
        """Cells of one column, by exact name.

        Raises
        ------
        InputError : when there is no such column.
        """
        if name not in self.header:
            raise InputError(
                f"There is no column {name!r}.",
                where=self.path.name,
                allowed=list(self.header[:20]),
            )
        at = self.header.index(name)
        return [row[at] for row in self.rows]

    def named(self, names: Sequence[str]) -> str | None:
        """The first column whose name, in lower case with blanks as ``_``, is one of ``names``."""
        plain = {column.strip().lower().replace(" ", "_"): column for column in self.header[::-1]}
        return next((plain[name] for name in names if name in plain), None)


def read_table(path: Path, *, header: bool = True) -> Table:
    """Read a table whole.

    Parameters
    ----------
    header : False names the columns ``1``, ``2``, ... and takes the first line as data.

    Raises
    ------
    InputError : no text, no rows, two columns of one name, or rows of another length (with counts).
    """
    try:
        with safe_open(path) as stream:
            text = stream.read().decode("utf-8-sig")
        separator = max(SEPARATORS, key=text.partition("\n")[0].count)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        lines = [row for row in reader if any(row)]
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"The table cannot be read ({type(error).__name__}).",
            where=path.name,
            allowed="CSV or TSV as UTF-8 text, plain or gzip",
        ) from None
    names = tuple(lines[0]) if lines and header else tuple(_numbered(lines))
    rows = lines[1:] if header else lines
    _check(path, names, rows)
    return Table(path, names, tuple(tuple(cell.strip() for cell in row) for row in rows))


def _numbered(lines: Sequence[Sequence[str]]) -> list[str]:
    return [str(number + 1) for number in range(len(lines[0]) if lines else 0)]


def _check(path: Path, names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if not rows:
        raise InputError("The table has no rows.", where=path.name)
    ragged = [number for number, row in enumerate(rows, 2) if len(row) != len(names)]
    if ragged:
        raise InputError(
            f"{len(ragged):,} rows have another number of fields than the header.",
            where=f"{path.name}, line {ragged[0]}",
            allowed=f"{len(names):,} fields",
        )
    again = sorted({name for name in names if names.count(name) > 1})
    if again:
        raise InputError(
            f"{len(again):,} column names come twice.",
            where=f"{path.name}: {again[0]}",
            next_step="Rename or remove one of them.",
        )


def is_missing(cell: str) -> bool:
    """Whether a cell says that there is no value."""
    return cell.strip().lower() in MISSING


def numbers(cells: Sequence[Sequence[str]], where: str) -> FloatArray:
    """Cells as numbers, NaN where missing.

    Raises
    ------
    InputError : for text or infinity, with how many cells and the place of the first.
    """
    made = np.full((len(cells), len(cells[0]) if cells else 0), np.nan)
    bad: list[tuple[int, int]] = []
    for i, row in enumerate(cells):
        for j, cell in enumerate(row):
            if is_missing(cell):
                continue
            value = _number(cell)
            if value is None:
                bad.append((i, j))
            else:
                made[i, j] = value
    if bad:
        raise InputError(
            f"{len(bad):,} cells are no finite numbers.",
            where=f"{where}, data row {bad[0][0] + 1}, value {bad[0][1] + 1}",
            allowed="numbers with a decimal point, or NA",
        )
    return made


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if np.isfinite(value) else None
