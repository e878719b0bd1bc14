"""A group whose commands are imported only when they run, so that help loads nothing heavy."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from importlib import import_module
from keyword import iskeyword
from typing import Any

import click

from nof1.cli import door

OPTIONS = ("--version", "--help")  # what people also write as a command


class Lazy(click.Group):
    """A click group over a table: command -> (module below ``nof1.cli``, one line of help).

    A command that is a word of Python (``import``) stands in its module with ``_`` behind it.
    """

    def __init__(self, *args: Any, table: Mapping[str, tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Commands in the order in which people meet them."""
        return list(self.table)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import the command's module; None for an unknown name."""
        if name not in self.table:
            return None
        module = import_module(f"nof1.cli.{self.table[name][0]}")
        command: click.Command = getattr(module, f"{name}_" if iskeyword(name) else name)
        _tell_whole(command)
        return door.watch(command)

    def invoke(self, ctx: click.Context) -> Any:
        """As click does; the outermost group writes down what was refused."""
        if ctx.parent is not None:
            return super().invoke(ctx)
        with door.noting(ctx):
            return super().invoke(ctx)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, but an unknown command names the nearest one."""
        near = difflib.get_close_matches(args[0], [*self.table, *OPTIONS], n=1)
        if args[0] not in self.table and near:
            ctx.fail(f"There is no command {args[0]!r}. Did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list for ``--help``, without importing any command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self.table.items()])


def _tell_whole(command: click.Command) -> None:
    """Let a group's help tell what its commands do, without cutting the line short."""
    for inner in getattr(command, "commands", {}).values():
        inner.short_help = inner.short_help or inner.get_short_help_str(limit=1000)
        _tell_whole(inner)
