"""A file as a table of texts with row numbers; what cannot be read is set aside, with a reason."""

from __future__ import annotations

import csv
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

import polars as pl

from nof1.core.errors import InputError
from nof1.record import tables as strangers
from nof1.record.reading import UTF8_MARK, first_bytes, safe_open

ROW = strangers.ROW
MOST_TITLE_LINES = 5
MISSING = ("", "na", "n/a", "nan", "null", "none", "x", ".", "-", "--", "unknown", "missing", "?")
_DATA = re.compile(r"[+-]?\d+([.,]\d+)?$|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")
ASIDE = {"file": pl.String, "row": pl.Int64, "reason": pl.String}


@dataclass(frozen=True)
class Table:
    """One file.

    Attributes
    ----------
    name : how messages call the file.
    frame : its columns as text, empty and missing-marks null, plus ``ROW`` (1 = first data row).
    aside : rows that were set aside: file, row, reason. Never a value.
    semicolons : fields are separated by semicolons, so a comma may be a decimal comma.
    notes : what a reader must know, for example that a title line was passed over.
    """

    name: str
    frame: pl.DataFrame
    aside: pl.DataFrame
    semicolons: bool = False
    notes: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        """The column names of the file."""
        return [name for name in self.frame.columns if name != ROW]


def aside(name: str, rows: Sequence[int] | pl.Series, reason: str) -> pl.DataFrame:
    """Rows that are set aside, as a table."""
    return pl.DataFrame(
        {"file": [name] * len(rows), "row": rows, "reason": [reason] * len(rows)}, schema=ASIDE
    )


def split(
    name: str, frame: pl.DataFrame, bad: pl.Expr, reason: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows that are not ``bad``, and the others as rows set aside."""
    flags = frame.select(bad.fill_null(False)).to_series()
    if not flags.any():
        return frame, aside(name, [], reason)
    return frame.filter(~flags), aside(name, frame.filter(flags)[ROW], reason)


def read(path: Path, encoding: str = "utf-8") -> Table:
    """Read a CSV (any common separator, gzip or not) or parquet file.

    Raises
    ------
    InputError : no readable table, or one without rows.
    """
    if strangers.is_parquet(path):
        return _gathered(path, path, encoding, notes=())
    titles = _title_lines(path, encoding)
    _refuse_data_as_header(path, encoding, titles)
    if not titles:
        return _gathered(path, path, encoding, notes=())
    note = f"{path.name}: passed over {titles} title line{'s' if titles > 1 else ''}"
    with _copy(path, titles) as rest:
        return _gathered(rest, path, encoding, notes=(note,))


def _refuse_data_as_header(path: Path, encoding: str, titles: int) -> None:
    """A first line of dates or numbers is data: its values must not show up in a message."""
    text = first_bytes(path).removeprefix(UTF8_MARK).decode(encoding, errors="replace")
    fields = _fields(next(iter(text.splitlines()[titles:]), ""))
    if any(_DATA.match(field.strip()) for field in fields):
        raise InputError(
            "The first line looks like data: it holds dates or numbers instead of column names.",
            where=path.name,
            allowed="a header line that names the columns, one column for each kind of value",
            next_step="Write the names of the columns above the data and import again.",
        )


def _gathered(source: Path, path: Path, encoding: str, notes: tuple[str, ...]) -> Table:
    chunks = list(strangers.read_table(source, path.name, encoding=encoding))
    bad = [(one.file, one.row, one.reason) for chunk in chunks for one in chunk.quarantined]
    frames = [chunk.frame for chunk in chunks if chunk.frame.height]
    if not frames:
        _refuse_no_rows(path.name, [reason for _, _, reason in bad])
    frame = pl.concat(frames, how="vertical_relaxed")
    semicolons = not strangers.is_parquet(source) and b";" in _first_line(source)
    aside_rows = pl.DataFrame(bad, schema=ASIDE, orient="row")
    return Table(path.name, _clean(frame), aside_rows, semicolons, notes)


def _refuse_no_rows(name: str, reasons: Sequence[str]) -> NoReturn:
    if not reasons:
        raise InputError(
            "The file has no rows below its header.",
            where=name,
            allowed="a table with a header line and at least one row",
            next_step="Export the file again; nothing was imported.",
        )
    why, count = Counter(reasons).most_common(1)[0]
    told = "Say how the file was saved: --encoding latin-1 or cp1252."
    raise InputError(
        f"No row can be read: {why} ({count} of {len(reasons)} rows). Nothing was imported.",
        where=name,
        next_step=told if "not valid" in why else "Look at the first lines in a text editor.",
    )


def _clean(frame: pl.DataFrame) -> pl.DataFrame:
    """Every column as text; marks of a missing value become null."""
    names = [name for name in frame.columns if name != ROW]
    nested = [n for n in names if frame.schema[n].is_nested() or frame.schema[n] == pl.Binary]
    text = frame.drop(nested).with_columns(
        pl.col(n).cast(pl.String) for n in names if n not in nested
    )
    kept = [name for name in names if name not in nested]
    return text.with_columns(
        pl.when(~pl.col(name).str.to_lowercase().is_in(MISSING)).then(pl.col(name)).alias(name)
        if _may_miss(text[name])
        else pl.col(name)
        for name in kept
    )


def _may_miss(column: pl.Series) -> bool:
    """Is there a text short enough to be a mark of a missing value?"""
    return bool(((column.str.len_bytes() <= 7) & column.str.contains(r"^[^0-9]*$")).any())


def _first_line(path: Path) -> bytes:
    lines = first_bytes(path).removeprefix(UTF8_MARK).splitlines()
    return lines[0] if lines else b""


def _title_lines(path: Path, encoding: str) -> int:
    """How many lines stand above the header: the first line with as many fields as the next."""
    text = first_bytes(path).removeprefix(UTF8_MARK).decode(encoding, errors="replace")
    lines = text.splitlines()[: MOST_TITLE_LINES + 2]
    counts = [len(_fields(line)) for line in lines]
    for number, (one, two) in enumerate(pairwise(counts)):
        if one >= 2 and one == two:
            return number if all(count < one for count in counts[:number]) else 0
    return 0


def _fields(line: str) -> list[str]:
    try:
        return max((next(csv.reader([line], delimiter=d), []) for d in ",;\t|"), key=len)
    except csv.Error:
        return []


@contextmanager
def _copy(path: Path, lines: int) -> Iterator[Path]:
    """A copy of the file without its first lines, for as long as it is read."""
    with tempfile.TemporaryDirectory() as folder:
        rest = Path(folder) / "rest.csv"
        with safe_open(path) as stream, rest.open("wb") as out:
            for _ in range(lines):
                stream.readline()
            shutil.copyfileobj(stream, out)
        yield rest
