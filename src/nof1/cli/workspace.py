"""``nof1 init`` and ``nof1 doctor``."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof1.cli.options import common, table, tell
from nof1.core import workspace as workspaces
from nof1.core.errors import InputError, MissingExtra, WorkspaceError
from nof1.core.extras import require

if TYPE_CHECKING:
    from nof1.core.doctor import Check


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
@click.option("--deep", is_flag=True, help="Check every entry of the ledger, not the newest ones.")
@click.option("--database", envvar="NOF1_DATABASE", help="Ledger in PostgreSQL by URL.")
@click.pass_context
def doctor(
    ctx: click.Context, workspace: str | None, as_json: bool, deep: bool, database: str | None
) -> None:
    """Check this machine and workspace: packages, clock, disk, log, ledger, age of the facts."""
    from nof1.core.doctor import examine

    checks = [*examine(workspace), *_ledger(workspace, database, deep), _facts(workspace)]
    rows = [[check.verdict, check.name, check.detail] for check in checks]
    data: dict[str, Any] = {"schema": "nof1/doctor/1", "checks": [c.to_dict() for c in checks]}
    tell(data, table(rows, ["", "check", "detail"]), as_json=as_json)
    ctx.exit(1 if any(check.verdict == "FAIL" for check in checks) else 0)


def _ledger(workspace: str | None, database: str | None, deep: bool) -> list[Check]:
    """The service's ledger, where there is a workspace."""
    from nof1.core.doctor import Check

    try:
        require("sqlalchemy", "service")
        audit = workspaces.open_workspace(workspace).audit
    except MissingExtra as error:
        return [Check("ledger", "note", f"not looked at: {error.message} {error.next_step}")]
    except WorkspaceError:
        return []
    from nof1.advice.ledger.health import examine

    return examine(audit, database, deep=deep)


def _facts(workspace: str | None) -> Check:
    """Sources of facts past their date: a note, for they are used, but called old."""
    from nof1.core.doctor import Check
    from nof1.knowledge.base import Base, sources

    try:
        base = Base(workspaces.open_workspace(workspace).knowledge)
    except WorkspaceError:
        base = Base()
    try:
        old = [one.id for one in sources(base).values() if one.expired(date.today())]
    except InputError as error:
        return Check("knowledge", "FAIL", f"{error.message} ({error.where})")
    detail = f"past their date: {', '.join(old)} (nof1 knowledge list)" if old else "in date"
    return Check("knowledge", "note" if old else "ok", detail)
