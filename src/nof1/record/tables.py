"""Tables of strangers (CSV, TSV, parquet) as a stream of frames with row numbers.

Rows that cannot be read (wrong number of fields, wrong encoding, NUL bytes) are handed back as
quarantined; a file that cannot be read at all is an ``InputError``. Memory stays flat.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl

from nof1.core.errors import InputError
from nof1.record.importers import Quarantined
from nof1.record.reading import (
    DEFAULT_LIMIT,
    UTF8_MARK,
    UTF16_MARKS,
    first_bytes,
    require_regular,
    safe_open,
)

ROW = "__row__"
ROWS_PER_BATCH = 100_000
LONGEST_LINE = 8 * 2**20
SMALL = 2**20  # bytes of a file that is read at once
ENCODINGS = ("utf-8", "latin-1", "cp1252")
PARQUET_MARK = b"PAR1"
BROKEN = "\uffff"  # stands for bytes that are not UTF-8; no text holds this code point


@dataclass(frozen=True)
class Chunk:
    """Some rows of a table.

    Attributes
    ----------
    frame : the columns plus ``ROW``, the 1-based data row (the header is not counted). Columns
        of a CSV are all text, with surrounding blanks removed and empty fields null.
    quarantined : rows refused on the way.
    file : how the record calls the file; "" where the rows come from no file.
    """

    frame: pl.DataFrame
    quarantined: list[Quarantined] = field(default_factory=list)
    file: str = ""


def is_parquet(path: Path) -> bool:
    """Is this a parquet file, by its first bytes?"""
    return first_bytes(path, 4) == PARQUET_MARK


def header(path: Path, encoding: str = "utf-8") -> list[str]:
    """The column names of a CSV, TSV or parquet file.

    Raises
    ------
    InputError : empty file, unreadable header, or a name that occurs twice.
    """
    if is_parquet(path):
        return list(_parquet(path).schema_arrow.names)
    return _csv_header(path, encoding)[0]


def read_table(
    path: Path,
    name: str,
    *,
    root: Path | None = None,
    columns: Sequence[str] | None = None,
    encoding: str = "utf-8",
    quotes: bool = True,
    limit: int = DEFAULT_LIMIT,
) -> Iterator[Chunk]:
    """Stream a CSV, TSV or parquet file.

    Parameters
    ----------
    path, name : the file, and how the record calls it.
    columns : only these; None means all.
    encoding : of a CSV: utf-8, latin-1 or cp1252. Never guessed.
    quotes : is ``"`` a quotation mark, or a character like others?
    limit : most bytes to read, after decompression.

    Raises
    ------
    InputError : the file cannot be read, or one of ``columns`` is missing.
    """
    require_regular(path, root)
    if is_parquet(path):
        yield from _parquet_chunks(path, name, columns)
    else:
        yield from _csv_chunks(path, name, columns, encoding, quotes, limit)


def require_columns(have: Sequence[str], wanted: Sequence[str], where: str) -> None:
    """Refuse a table that lacks a wanted column.

    Raises
    ------
    InputError : naming the missing and the present columns.
    """
    missing = [column for column in wanted if column not in have]
    if missing:
        raise InputError(
            f"The table lacks {'columns' if len(missing) > 1 else 'the column'} "
            f"{', '.join(missing)}.",
            where=where,
            allowed=list(have),
            next_step="Correct the column name in the mapping, or export the table again.",
        )


# CSV ------------------------------------------------------------------------------------------


def _csv_header(path: Path, encoding: str) -> tuple[list[str], str, bool]:
    """Column names and delimiter, from the first line, and whether anything stands below it."""
    if encoding not in ENCODINGS:
        raise InputError(
            f"The encoding {encoding!r} is not known.", where=path.name, allowed=ENCODINGS
        )
    with safe_open(path) as stream:
        start = stream.read(LONGEST_LINE)
    if start.startswith(UTF16_MARKS):
        raise InputError(
            "The file is UTF-16 text.", where=path.name, allowed="UTF-8", next_step="Convert it."
        )
    lines = start.removeprefix(UTF8_MARK).splitlines()
    try:
        text = lines[0].decode(encoding) if lines else ""
    except UnicodeDecodeError as error:
        raise InputError(
            f"The header is not valid {encoding}.",
            where=f"{path.name}, header",
            next_step="If the file is latin-1, say so with the setting `encoding`.",
        ) from error
    if not text.strip() or "\x00" in text:
        raise InputError(
            "The file has no header line." if start.strip() else "The file is empty.",
            where=path.name,
            allowed="a CSV or TSV file whose first line names its columns",
        )
    delimiter = max(",\t;|", key=text.count)
    try:
        names = [name.strip() for name in next(csv.reader([text], delimiter=delimiter))]
    except csv.Error:
        raise InputError(
            "The header line cannot be read: a name in it is too long, or a quote is open.",
            where=f"{path.name}, header",
            allowed="a CSV or TSV file whose first line names its columns",
        ) from None
    _refuse_duplicates(names, path.name)
    return names, delimiter, len(start) == LONGEST_LINE or any(lines[1:])


def _refuse_duplicates(names: list[str], where: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(
            f"The header names a column twice: {', '.join(twice)}.",
            where=f"{where}, header",
            next_step="Rename the columns so that each name occurs once.",
        )


def _marked(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return BROKEN, error.end


codecs.register_error("nof1-marked", _marked)


class _Recoded(io.RawIOBase):
    """A byte stream turned into sound UTF-8; bytes that are none of the encoding become ``BROKEN``.

    The reader of CSV fails on a row that is both of the wrong length and not UTF-8; so it never
    sees one.
    """

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)(errors="nof1-marked")
        self._left = b""
        self.broken = ""  # why a row is refused, once there were bytes that are not text
        self._reason = f"the text is not valid {encoding.upper()}"

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        # the reader takes what it gets as a block, and a block must hold a whole line
        while size < 0 or len(self._left) < size:
            raw = self._stream.read(size if size < 0 else size - len(self._left))
            if raw.isascii() and not self._decoder.getstate()[0]:
                self._left += raw  # ASCII is the same in all of these encodings
            else:
                text = self._decoder.decode(raw, final=not raw)
                if BROKEN in text:
                    self.broken = self._reason
                self._left += text.encode()
            if not raw:
                break
        cut = len(self._left) if size < 0 else size
        given, self._left = self._left[:cut], self._left[cut:]
        return given

    def put_back(self, data: bytes) -> None:
        """Bytes that are read again next."""
        self._left = data + self._left

    def close(self) -> None:
        self._stream.close()
        super().close()


def _csv_chunks(
    path: Path, name: str, columns: Sequence[str] | None, encoding: str, quotes: bool, limit: int
) -> Iterator[Chunk]:
    import pyarrow as pa

    names, delimiter, rows = _csv_header(path, encoding)
    require_columns(names, columns or (), name)
    if not rows:
        return
    refused: list[Quarantined] = []
    gaps: list[int] = []  # ragged rows: the reader may meet them a block early

    def ragged(row: Any) -> str:
        reason = f"the row has {row.actual_columns} fields, the header {row.expected_columns}"
        if "\n" in row.text:
            reason += ": it spans several lines, perhaps from an unclosed quotation mark"
        refused.append(Quarantined(name, row.number - 1, reason))
        gaps.append(row.number - 1)
        return "skip"

    stream: Any = _Recoded(safe_open(path, limit=limit), encoding)
    row = 1
    try:
        with stream:
            for batch in _batches(stream, names, delimiter, quotes, columns, ragged):
                frame = pl.DataFrame(pl.from_arrow(batch))
                numbers = _row_numbers(row, frame.height, [gap for gap in gaps if gap >= row])
                row = int(numbers[-1]) + 1 if frame.height else row
                clean = _trimmed(
                    frame.with_columns(numbers.alias(ROW)), name, stream.broken, refused
                )
                yield Chunk(clean, list(refused), name)
                refused.clear()
    except (pa.ArrowInvalid, csv.Error) as error:
        raise InputError(
            "The file is no readable CSV: a line is too long, or a quote is never closed.",
            where=f"{name}, after row {row - 1}",
            allowed=f"lines of at most {LONGEST_LINE:,} bytes",
            next_step="Look at the line after that row; nothing was imported.",
        ) from error
    if refused:
        empty = pl.DataFrame(schema={**dict.fromkeys(columns or names, pl.String), ROW: pl.Int64})
        yield Chunk(empty, list(refused), name)


def _batches(
    stream: _Recoded,
    names: list[str],
    delimiter: str,
    quotes: bool,
    columns: Sequence[str] | None,
    ragged: Callable[[Any], str],
) -> Any:
    """The rows as record batches; there must be a row below the header.

    A small file is read at once and in this thread. The threads that read a large one wait for
    Python now and then, and abort the program when it ends in that moment; it ends so soon only
    where a small file cannot be used.
    """
    import pyarrow as pa
    from pyarrow import csv as arrow

    options = {
        "read_options": arrow.ReadOptions(
            use_threads=False, block_size=LONGEST_LINE, column_names=names, skip_rows=1
        ),
        "parse_options": arrow.ParseOptions(
            delimiter=delimiter,
            quote_char='"' if quotes else False,
            newlines_in_values=quotes,
            invalid_row_handler=ragged,
        ),
        "convert_options": arrow.ConvertOptions(
            column_types={n: pa.string() for n in names},
            include_columns=list(columns) if columns is not None else None,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        ),
    }
    data = stream.read(SMALL)
    if len(data) == SMALL:
        stream.put_back(data)
        return arrow.open_csv(stream, **options)
    buffer = pa.allocate_buffer(len(data))  # of the reader's own: no thread lets go of Python's
    memoryview(buffer).cast("B")[:] = data
    return arrow.read_csv(pa.BufferReader(buffer), **options).to_batches()


def _row_numbers(first: int, height: int, skipped: list[int]) -> pl.Series:
    """Data row numbers of ``height`` good rows from ``first`` on, leaving out the skipped ones."""
    numbers = pl.int_range(first, first + height + len(skipped), eager=True)
    kept = numbers.filter(~numbers.is_in(skipped)) if skipped else numbers
    return kept.head(height)


def _trimmed(
    frame: pl.DataFrame, name: str, broken: str, refused: list[Quarantined]
) -> pl.DataFrame:
    """Trimmed text; rows that were not in the file's encoding or hold a NUL byte are refused."""
    raw = [column for column in frame.columns if column != ROW]
    marks = {BROKEN: broken} if broken else {}
    for mark, reason in {**marks, "\x00": "the row holds a NUL byte"}.items():
        bad = pl.any_horizontal(pl.col(raw).str.contains(mark, literal=True))
        frame = _refuse(frame, bad, reason, name, refused)
    stripped = pl.col(raw).str.strip_chars()
    return frame.with_columns(pl.when(stripped != "").then(stripped).name.keep())


def _refuse(
    frame: pl.DataFrame, bad: pl.Expr, reason: str, name: str, refused: list[Quarantined]
) -> pl.DataFrame:
    flags = frame.select(bad.fill_null(False)).to_series()
    refused.extend(Quarantined(name, row, reason) for row in frame.filter(flags)[ROW])
    return frame.filter(~flags)


# parquet --------------------------------------------------------------------------------------


def _parquet(path: Path) -> Any:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return parquet.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(
            "The file is no readable parquet file: it is damaged or ends too early.",
            where=path.name,
            next_step="Copy or export the file again; nothing was imported.",
        ) from error


def _parquet_chunks(path: Path, name: str, columns: Sequence[str] | None) -> Iterator[Chunk]:
    import pyarrow as pa

    row = 1
    with _parquet(path) as file:
        require_columns(file.schema_arrow.names, columns or (), name)
        try:
            for batch in file.iter_batches(ROWS_PER_BATCH, columns=columns, use_threads=False):
                frame = pl.DataFrame(pl.from_arrow(batch))
                numbers = pl.int_range(row, row + frame.height, eager=True).alias(ROW)
                row += frame.height
                yield Chunk(frame.with_columns(numbers), file=name)
        except (pa.ArrowInvalid, OSError) as error:
            raise InputError(
                "The parquet file is damaged.", where=f"{name}, after row {row - 1}"
            ) from error
