"""CSV, TSV and parquet files as rows of text, and cleaned rows back into the same kind of file."""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from nof1.core.errors import InputError
from nof1.record.deidentify.tally import Refused
from nof1.record.reading import UTF8_MARK, UTF16_MARKS, first_bytes, safe_open

SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".parquet")
LARGEST = 8 * 2**30
LONGEST_FIELD = 16 * 2**20
_NUMBER = re.compile(r"[+-]?[\d.]+([eE][+-]?\d+)?")
_UNREADABLE = "The table cannot be read."


def is_table(name: str) -> bool:
    """By its name."""
    return name.lower().endswith(SUFFIXES)


def stem(name: str) -> str:
    """The name of a table without its endings: ``person`` for ``PERSON.csv.gz``."""
    lower = name.lower()
    return next((lower.removesuffix(s) for s in SUFFIXES if lower.endswith(s)), lower)


def columns_of(path: Path) -> list[str]:
    """The names of the columns.

    Raises
    ------
    Refused : the file cannot be read as a table, or a column stands twice.
    """
    if path.name.lower().endswith(".parquet"):
        return list(_parquet(path).columns)
    with _opened(path) as stream:
        names = next(_reader(stream, path), [])
    if not names or len(set(names)) != len(names):
        raise Refused("The table has no head, or a column stands twice in it.")
    return names


def rows(path: Path) -> Iterator[dict[str, str]]:
    """Rows as column -> text; missing is "".

    Raises
    ------
    Refused : damaged, too large, or a row that is longer than the head.
    """
    if path.name.lower().endswith(".parquet"):
        for row in _parquet(path).iter_rows(named=True):
            yield {name: "" if value is None else str(value) for name, value in row.items()}
        return
    with _opened(path) as stream:
        reader = _reader(stream, path)
        try:
            head = next(reader, [])
            for cells in reader:
                if len(cells) > len(head):
                    raise Refused("A row of the table is longer than its head.")
                if cells:
                    yield dict(zip(head, cells, strict=False))
        except (csv.Error, UnicodeDecodeError, InputError):
            raise Refused(_UNREADABLE) from None


def write(
    path: Path, source: Path, columns: Sequence[str], cleaned: Iterable[dict[str, str]]
) -> None:
    """Write cleaned rows in the kind of file that the source is."""
    if source.name.lower().endswith(".parquet"):
        _write_parquet(path, source, columns, cleaned)
        return
    packed = source.name.lower().endswith(".gz")
    with open(path, "wb") as raw:
        binary: Any = gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) if packed else raw
        text = io.TextIOWrapper(binary, encoding="utf-8", newline="")
        writer = csv.writer(text, delimiter=_delimiter(source), lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_plain(row[name]) for name in columns] for row in cleaned)
        text.flush()
        text.detach()
        if packed:
            binary.close()


def _plain(cell: str) -> str:
    """A text that a spreadsheet would run as a formula is marked as text."""
    return f"'{cell}" if cell[:1] in ("=", "@", "+", "-") and not _NUMBER.fullmatch(cell) else cell


def _write_parquet(
    path: Path, source: Path, columns: Sequence[str], cleaned: Iterable[dict[str, str]]
) -> None:
    """Texts back in the types of the source; a value that does not fit its type is empty."""
    types = _parquet(source).schema
    table = pl.DataFrame(list(cleaned), schema=dict.fromkeys(columns, pl.String))
    made = [_typed(name, types[name]) for name in columns]
    table.select(made).write_parquet(path)


def _typed(name: str, wanted: pl.DataType) -> pl.Expr:
    text = pl.when(pl.col(name) != "").then(pl.col(name))
    if isinstance(wanted, pl.Date):
        return text.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False).alias(name)
    if isinstance(wanted, pl.Datetime):
        cut = text.str.slice(0, 19).str.replace("T", " ")
        return cut.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False).alias(name)
    if wanted.is_integer():
        return text.str.replace(r"\.0$", "").cast(pl.Int64, strict=False).alias(name)
    if wanted.is_float():
        return text.cast(pl.Float64, strict=False).alias(name)
    return text.alias(name)


def _parquet(path: Path) -> pl.DataFrame:
    if path.stat().st_size > LARGEST:
        raise Refused(f"It is larger than {LARGEST:,} bytes.")
    try:
        return pl.read_parquet(path)
    except Exception:  # polars tells values of a damaged file
        raise Refused(_UNREADABLE) from None


def _opened(path: Path) -> io.TextIOWrapper:
    if first_bytes(path, 4).startswith(UTF16_MARKS):
        raise Refused("The table is UTF-16.", "Export it as UTF-8.")
    try:
        stream = safe_open(path, limit=LARGEST)
        if stream.peek(3)[:3] == UTF8_MARK:
            stream.read(3)
    except InputError as error:
        raise Refused(error.message) from None
    return io.TextIOWrapper(stream, encoding="utf-8", newline="")


def _reader(stream: io.TextIOWrapper, path: Path) -> Iterator[list[str]]:
    rows = csv.reader(stream, delimiter=_delimiter(path), strict=True)
    while (row := _next(rows)) is not None:
        yield row


def _next(rows: Iterator[list[str]]) -> list[str] | None:
    """The next row; None at the end. Python has one limit of a field for all: it is put back."""
    before = csv.field_size_limit(LONGEST_FIELD)
    try:
        return next(rows, None)
    except (csv.Error, UnicodeDecodeError, InputError):
        raise Refused(_UNREADABLE) from None
    finally:
        csv.field_size_limit(before)


def _delimiter(path: Path) -> str:
    if ".tsv" in path.name.lower():
        return "\t"
    head = first_bytes(path, 4096).split(b"\n")[0]
    return max((",", ";", "\t"), key=lambda mark: head.count(mark.encode()))
