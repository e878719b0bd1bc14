"""A page with what lies beside it: its JSON, and a table for those who use a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nof1.core.whole import whole_file

FORMULAS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run what begins so


def write_page(kind: str, data: Mapping[str, Any], path: Path) -> Path:
    """``nof1.pictures.pages.write``, which is loaded when a page is asked for."""
    from nof1.pictures.pages import write

    return write(kind, data, path)


def write_csv(page: Path, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    """Write the rows to the page's name ending in ``.csv`` (UTF-8, commas, a header line).

    A text that a spreadsheet would take for a formula gets an apostrophe in front.

    Raises
    ------
    UsageError : it cannot be written.
    """
    path = page.with_suffix(".csv")
    with whole_file(path) as there, there.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows([cell(one) for one in row] for row in rows)
    return path


def cell(value: object) -> object:
    """The value as a cell of a CSV file: a text that would be a formula is marked as text."""
    if isinstance(value, str) and value.startswith(FORMULAS):
        return f"'{value}"
    return "" if value is None else value
