"""Plain columns of text, for results that are said in words."""

from __future__ import annotations

from collections.abc import Sequence

WIDTH = 80


def columns(rows: Sequence[Sequence[object]], right: Sequence[int] = ()) -> list[str]:
    """Rows as aligned lines of at most 80 characters; the last column is cut.

    >>> columns([["age", "n"], ["old", 3]], right=(1,))
    ['age  n', 'old  3']
    """
    cells = [[str(one) for one in row] for row in rows]
    wide = [max(len(row[place]) for row in cells) for place in range(len(cells[0]))]
    lines = []
    for row in cells:
        parts = [
            one.rjust(width) if place in right else one.ljust(width)
            for place, (one, width) in enumerate(zip(row, wide, strict=True))
        ]
        lines.append("  ".join(parts).rstrip()[:WIDTH])
    return lines
