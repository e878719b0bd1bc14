"""``nof1 audit``: the log of who asked what, and whether it is whole."""

from __future__ import annotations

import json

import click

from nof1.cli.options import common, tell
from nof1.core import audit as log
from nof1.core.workspace import open_workspace


@click.group()
def audit() -> None:
    """The log of who asked what."""


@audit.command()
@common
@click.option("--anchor", help="Head of the chain that was kept in a second place.")
@click.pass_context
def verify(ctx: click.Context, workspace: str | None, as_json: bool, anchor: str | None) -> None:
    """Check that no entry was changed, removed or moved (exit code 1 if one was).

    Without --anchor, entries cut off the end cannot be seen.
    """
    found = open_workspace(workspace)
    verdict = log.verify(found.audit)
    known = anchor is None or anchor in {e["hash"] for e in log.entries(found.audit)}
    intact = verdict.intact and known
    data = {
        "schema": "nof1/audit-verify/1",
        "intact": intact,
        "entries": verdict.entries,
        "broken_line": verdict.broken_line,
        "anchor_found": None if anchor is None else known,
        "head": verdict.head,
    }
    state = "whole" if verdict.intact else f"BROKEN at line {verdict.broken_line}"
    text = f"{verdict.entries} entries, {state}\nHead: {verdict.head}"
    if not known:
        text += "\nThe anchor is NOT in the log: entries were cut off or written anew."
    tell(data, text, as_json=as_json)
    ctx.exit(0 if intact else 1)


@audit.command()
@common
def export(workspace: str | None, as_json: bool) -> None:
    """Print all entries, one JSON object a line."""
    for entry in log.entries(open_workspace(workspace).audit):
        click.echo(json.dumps(entry, sort_keys=True))
