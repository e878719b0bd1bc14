"""``nof1 init`` and ``nof1 doctor``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from nof1.cli.options import common, table, tell
from nof1.core import workspace as workspaces


@click.command()
@common
@click.option("--site", default="local", show_default=True, help="Name of this hospital.")
@click.option(
    "--shards",
    default=8,
    show_default=True,
    type=click.IntRange(1, 4096),
    help="Parts of the event table; about one for each million events.",
)
@click.option("--synthetic", is_flag=True, help="Mark all data in it as synthetic.")
def init(workspace: str | None, as_json: bool, site: str, shards: int, synthetic: bool) -> None:
    """Make a new workspace (default: in the current folder)."""
    made = workspaces.create(Path(workspace or "."), site=site, shards=shards, synthetic=synthetic)
    tell(
        {"schema": "nof1/init/1", "workspace": str(made.root), "site": made.site},
        f"Workspace made: {made.root}\nNext step: nof1 ingest PATH --workspace {made.root}",
        as_json=as_json,
    )


@click.command()
@common
@click.pass_context
def doctor(ctx: click.Context, workspace: str | None, as_json: bool) -> None:
    """Check this machine and workspace: Python, packages, extras, clock, disk, audit log."""
    from nof1.core.doctor import examine

    checks = examine(workspace)
    rows = [[check.verdict, check.name, check.detail] for check in checks]
    data: dict[str, Any] = {"schema": "nof1/doctor/1", "checks": [c.to_dict() for c in checks]}
    tell(data, table(rows, ["", "check", "detail"]), as_json=as_json)
    ctx.exit(1 if any(check.verdict == "FAIL" for check in checks) else 0)
