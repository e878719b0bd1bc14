"""A hub file as text cells, whatever is wrong with it: faults are noted, reading goes on.

Numbers stay text here. A reader that guesses types turns "06" into 6 and "0.1 " into 0.1, and
hides the very faults that a hub's own checks will find.
"""

from __future__ import annotations

import csv
import difflib
import io
from pathlib import Path

import polars as pl

from nof1.core.errors import InputError
from nof1.surveillance.hub.faults import Report, lines
from nof1.surveillance.hub.rows import COLUMNS

LINE = "line"  # our own column: where a row stands in its file
OTHER_NAMES = {
    "forecast_date": "reference_date",
    "ref_date": "reference_date",
    "origin_date": "reference_date",
    "fips": "location",
    "geo_value": "location",
    "state": "location",
    "ahead": "horizon",
    "target_date": "target_end_date",
    "end_date": "target_end_date",
    "type": "output_type",
    "quantile": "output_type_id",
    "quantile_level": "output_type_id",
    "prediction": "value",
    "forecast": "value",
}
INDEX = {"", "x", "...1", "unnamed: 0", "index", "rownames", "row.names"}


def read(path: Path, report: Report) -> pl.DataFrame | None:
    """The cells of a file under the hub's column names, plus ``line``; None if nothing is left.

    Raises
    ------
    InputError : there is no such file, or it may not be read.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"The file cannot be read: {error.strerror}.", where=path.name) from None
    if path.suffix == ".parquet" or raw[:4] == b"PAR1":
        return _parquet(path, report)
    text = _decoded(raw, report)
    return None if text is None else _csv(text, report)


def _decoded(raw: bytes, report: Report) -> str | None:
    kinds = {b"PK\x03\x04": "an Excel workbook or a zip file", b"\x1f\x8b": "a gzip file"}
    for start, kind in kinds.items():
        if raw.startswith(start):
            report.add(
                "not_text",
                f"The file is {kind}, not text.",
                where="whole file",
                allowed="comma-separated text (CSV), UTF-8, or parquet",
                next_step="Save it as CSV (UTF-8, comma) from the program that made it.",
            )
            return None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        report.add(
            "not_utf8",
            "The file is not UTF-8 text.",
            where=lines([raw[: error.start].count(b"\n") + 1]),
            allowed="UTF-8",
            next_step="Save it again with the encoding UTF-8.",
        )
        text = raw.decode("latin-1")
    if text.strip() and "\0" not in text:
        return text
    report.add(
        "empty" if "\0" not in text else "not_text",
        "The file is empty." if "\0" not in text else "The file holds bytes that are no text.",
        where="whole file",
        allowed="a header and one row for each quantile",
        next_step="Write the file again.",
    )
    return None


def _csv(text: str, report: Report) -> pl.DataFrame | None:
    first = text.lstrip().splitlines()[0]
    marks = {mark: first.count(mark) for mark in ",;\t"}
    mark = max(marks, key=lambda one: marks[one])
    if mark != "," and marks[mark]:
        report.add(
            "separator",
            f"Columns are separated by {'semicolons' if mark == ';' else 'tabs'}.",
            where="line 1",
            allowed="commas",
            next_step="Write with a comma as separator and a point as decimal mark "
            "(R: write.csv, not write.csv2; pandas: sep=',').",
        )
    reader = csv.reader(io.StringIO(text), delimiter=mark if marks[mark] else ",")
    head: list[str] = []
    rows, wrong = [], []
    try:
        for cells in reader:
            if not head:
                head = cells
            elif cells and len(cells) != len(head):
                wrong.append(reader.line_num)
            elif cells:
                rows.append([*cells, str(reader.line_num)])
    except csv.Error:
        wrong.append(reader.line_num)
    if wrong:
        report.add(
            "cells",
            f"{len(wrong)} rows do not have the header's {len(head)} cells.",
            where=lines(wrong),
            count=len(wrong),
            allowed=f"{len(head)} cells in each row",
            next_step="Look for a decimal comma (write 1.5, not 1,5) or a line that was cut off.",
        )
    return _framed(head, rows, report)


def _framed(head: list[str], rows: list[list[str]], report: Report) -> pl.DataFrame | None:
    names = _names(head, report)
    columns = list(zip(*rows, strict=True)) or [()] * (len(head) + 1)
    data = {name: columns[i] for i, name in enumerate(names) if name}
    if set(data) < set(COLUMNS):
        return None
    frame = pl.DataFrame(
        {**data, LINE: columns[-1]}, schema_overrides=dict.fromkeys(data, pl.String)
    )
    return frame.with_columns(pl.col(LINE).cast(pl.Int64))


def _parquet(path: Path, report: Report) -> pl.DataFrame | None:
    try:
        rows = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError):
        report.add(
            "not_parquet",
            "The file is not parquet.",
            where="whole file",
            allowed="parquet or CSV",
            next_step="Write it again, or name it .csv if it is text.",
        )
        return None
    names = _names(rows.columns, report)
    kept = {name: rows.columns[i] for i, name in enumerate(names) if name}
    if set(kept) < set(COLUMNS):
        return None
    cells = rows.select(pl.col(old).cast(pl.String).alias(new) for new, old in kept.items())
    return (
        cells.fill_null("").with_row_index(LINE, offset=1).with_columns(pl.col(LINE).cast(pl.Int64))
    )


def _names(head: list[str], report: Report) -> list[str | None]:
    """The hub's name of each column, or None for one that is not the hub's; faults are noted."""
    meant: list[str | None] = [name if name in COLUMNS else None for name in head]
    for at, name in enumerate(head):
        if meant[at] is not None and name in head[:at]:
            meant[at] = None
            report.add(
                "column_twice",
                f"The column {name!r} comes twice.",
                where="line 1",
                allowed="each column once",
                next_step="Drop one of them.",
            )
        elif meant[at] is None:
            guess = _guess(name, [one for one in COLUMNS if one not in meant])
            meant[at] = guess
            _note_name(name, guess, report)
    missing = [one for one in COLUMNS if one not in meant]
    for name in missing:
        report.add(
            "column_missing",
            f"The column {name!r} is missing.",
            where="line 1",
            allowed=", ".join(COLUMNS),
            next_step="Add the column, with exactly this name.",
        )
    return meant


def _note_name(name: str, guess: str | None, report: Report) -> None:
    if guess:
        report.add(
            "column_name",
            f"The column {name!r} should be named {guess!r}.",
            where="line 1",
            allowed=guess,
            next_step=f"Rename it to {guess}.",
        )
        return
    index = name.strip().lower() in INDEX
    what = "A column without meaning (row numbers)" if index else f"An extra column {name!r}"
    report.add(
        "column_extra",
        f"{what} is in the file.",
        where="line 1",
        allowed=", ".join(COLUMNS),
        next_step="Write without row names (R: row.names = FALSE; pandas: index=False)."
        if index
        else "Drop the column.",
    )


def _guess(name: str, free: list[str]) -> str | None:
    plain = "_".join(name.strip().lower().replace(".", " ").replace("-", " ").split())
    if plain in free:
        return plain
    if OTHER_NAMES.get(plain) in free:
        return OTHER_NAMES[plain]
    near = difflib.get_close_matches(plain, free, n=1, cutoff=0.8)
    return near[0] if near else None
