"""What all commands share: the options ``--workspace`` and ``--json``, and how results are told."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

import click

WIDTH = 80
Command = Callable[..., Any]

workspace = click.option(
    "--workspace",
    "-w",
    type=click.Path(file_okay=False),
    help="Workspace folder [default: the nearest nof1.toml upward].",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


def common(command: Command) -> Command:
    """Give a command ``--workspace`` and ``--json``."""
    return workspace(as_json(command))


def tell(data: dict[str, Any], text: str, *, as_json: bool) -> None:
    """Print the JSON object for programs, or the text for people."""
    click.echo(json.dumps(data, ensure_ascii=False, allow_nan=False) if as_json else text)


def on_terminal() -> bool:
    """Whether a person is watching: progress is shown on a terminal only."""
    return sys.stderr.isatty()


def step(text: str) -> None:
    """Say on standard error what is being done, when a person is watching."""
    if on_terminal():
        click.echo(click.style(f"  {text} ...", dim=True), err=True)


def table(rows: Sequence[Sequence[Any]], head: Sequence[str], right: str = "") -> str:
    """A plain table. ``right`` holds the positions of right-aligned columns, e.g. ``"12"``.

    >>> print(table([["age", 3]], ["name", "count"], right="1"))
    name  count
    age       3
    """
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    lines = []
    for row in cells:
        parts = [
            cell.rjust(width) if str(i) in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(parts).rstrip())
    return "\n".join(lines)
