"""What all commands share: the options ``--workspace`` and ``--json``, and how results are told."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import click

from nof1.core.errors import UsageError

WIDTH = 80
Command = Callable[..., Any]


class Day(click.ParamType[datetime]):
    """A day as ``YYYY-MM-DD``; gives the datetime of its beginning, without a zone."""

    name = "date"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """The day, or a usage error that says how to write one."""
        if isinstance(value, datetime):
            return value
        try:
            return datetime.strptime(value, "%Y-%m-%d")
        except ValueError:
            self.fail(f"{value!r} is no day; write it as 2026-05-01.", param, ctx)


DAY = Day()
ENGINE = "Where it runs: local, local:N (N processes), or dask:ADDRESS."
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


def named(signal: str | None, option: str) -> str:
    """The SIGNAL of a command that also takes a file by ``option``.

    Raises
    ------
    UsageError : none was named.
    """
    if signal is None:
        raise UsageError(
            "No signal is named.",
            where="SIGNAL",
            next_step=f"Name a signal of the workspace, or a CSV file with {option}.",
        )
    return signal


def on_terminal() -> bool:
    """Whether a person is watching: progress is shown on a terminal only."""
    return sys.stderr.isatty()


def step(text: str) -> None:
    """Say on standard error what is being done, when a person is watching."""
    if on_terminal():
        click.echo(click.style(f"  {text} ...", dim=True), err=True)


def counted(number: int, thing: str) -> str:
    """A number with its noun.

    >>> counted(1, "file"), counted(1200, "file")
    ('1 file', '1,200 files')
    """
    return f"{number:,} {thing}{'s' * (number != 1)}"


def narrow(markdown: str) -> str:
    """Markdown for the terminal: long lines are broken, all but those of tables.

    >>> print(narrow("- " + "word " * 20))
    - word word word word word word word word word word word word word word word
      word word word word word
    """
    lines = []
    for line in markdown.splitlines():
        short = len(line) <= WIDTH or line.startswith("|")
        hanging = "  " if line.startswith("- ") else ""
        broken = textwrap.wrap(line, WIDTH, subsequent_indent=hanging, break_long_words=False)
        lines += [line] if short else broken
    return "\n".join(lines)


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
