"""A table beside a page, for those who open it in a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

FORMULAS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run what begins so


def write_csv(page: Path, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    """Write the rows to the page's name ending in ``.csv`` (UTF-8, commas, a header line).

    A text that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    path = page.with_suffix(".csv")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows([cell(one) for one in row] for row in rows)
    return path


def cell(value: object) -> object:
    """The value as a cell of a CSV file: a text that would be a formula is marked as text."""
    if isinstance(value, str) and value.startswith(FORMULAS):
        return f"'{value}"
    return "" if value is None else value
