"""``nof1 knowledge rules``, ``own`` and ``review``: the rules themselves, and who reviewed them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import click

from nof1.cli.options import DAY, WIDTH, common, table, tell
from nof1.core import audit
from nof1.core.errors import WorkspaceError
from nof1.core.workspace import open_workspace

if TYPE_CHECKING:
    from nof1.knowledge.base import Base

SHOWN = 20
find = click.option("--find", "text", default="", help="Only rows in which this text stands.")


def base_of(workspace: str | None) -> Base:
    """The facts in use: those of the workspace named, or of the nearest, over the shipped."""
    from nof1.knowledge.base import SHIPPED, Base

    try:
        return Base(open_workspace(workspace).knowledge)
    except WorkspaceError:
        if workspace is not None:
            raise
        return SHIPPED


@click.command("rules")
@common
@click.argument("name", metavar="TABLE", required=False)
@find
def rules(workspace: str | None, as_json: bool, name: str | None, text: str) -> None:
    """How many rules are reviewed; with TABLE its rows: key, source, last day, reviewer."""
    from nof1.knowledge import governed, reviewing, rows

    base = base_of(workspace)
    if name is None:
        counts = governed.reviewed(base)
        data: dict[str, Any] = {
            one: {"reviewed": signed, "rules": all_of} for one, (signed, all_of) in counts.items()
        }
        cells = [[one, f"{all_of:,}", f"{signed:,}"] for one, (signed, all_of) in counts.items()]
        words = table(cells, ["table", "rules", "reviewed"], right="12")
        tell({"schema": "nof1/knowledge-rules/1", "tables": data}, words, as_json=as_json)
        return
    found = [(row, rows.provenance(name, row, base)) for row in reviewing.found(name, text, base)]
    listed = [
        {"key": rows.key(row), "row": row, **{k: _plain(v) for k, v in said._asdict().items()}}
        for row, said in found
    ]
    data = {"schema": "nof1/knowledge-rules/1", "table": name, "rows": listed}
    tell(data, "\n\n".join(_told(one) for one in listed[:SHOWN]) + _more(len(listed)),
         as_json=as_json)  # fmt: skip


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def _told(one: Mapping[str, Any]) -> str:
    cells = [[name, cell] for name, cell in one["row"].items() if cell]
    cells += [["last day", str(one["valid_until"])], ["reviewed by", one["reviewer"] or "nobody"]]
    lines = [f"{name:<12} {cell}" for name, cell in cells]
    return "\n".join([f"{one['key']}", *(f"  {line}"[: WIDTH * 3] for line in lines)])


def _more(count: int) -> str:
    if not count:
        return "No row holds this text."
    return f"\n\n{count:,} rows" + (f", {SHOWN} shown (--json: all)." if count > SHOWN else ".")


@click.command("own")
@common
@click.argument("name", metavar="TABLE")
def own(workspace: str | None, as_json: bool, name: str) -> None:
    """Copy TABLE into the workspace's knowledge folder, to change it there."""
    from nof1.knowledge import reviewing
    from nof1.knowledge.base import Base

    found = open_workspace(workspace)
    path = reviewing.own(name, Base(found.knowledge))
    audit.append(found.audit, "knowledge own", table=name)
    words = f"Change it there: {path}\nNext step: nof1 knowledge check"
    tell({"schema": "nof1/knowledge-own/1", "file": str(path)}, words, as_json=as_json)


@click.command("review")
@common
@click.argument("name", metavar="TABLE")
@find
@click.option("--whole", is_flag=True, help="The whole table as it is.")
@click.option("--by", required=True, help="Who has reviewed: a name.")
@click.option("--role", required=True, help="In which role: clinical pharmacist.")
@click.option(
    "--until", type=DAY, required=True, help="Last day of the review, such as 2027-11-30."
)
def review(
    workspace: str | None,
    as_json: bool,
    name: str,
    text: str,
    whole: bool,
    by: str,
    role: str,
    until: datetime,
) -> None:
    """Record that somebody has reviewed rows of TABLE as they are now."""
    from nof1.core.errors import UsageError
    from nof1.knowledge import reviewing
    from nof1.knowledge.base import Base

    found = open_workspace(workspace)
    base = Base(found.knowledge)
    if bool(text) == whole:
        raise UsageError("Say which rows: --find TEXT, or --whole.", where="review")
    rows = reviewing.found(name, text, base)
    if not rows:
        raise UsageError("No row holds this text.", where=name)
    today = datetime.now(UTC).date()
    count = reviewing.sign(
        name, rows, base, reviewer=by, role=role, on=today, until=until.date(), whole=whole
    )
    audit.append(found.audit, "knowledge review", table=name, reviews=count, role=role)
    words = f"{count:,} reviews of {name} recorded, valid until {until.date()}."
    data = {"schema": "nof1/knowledge-review/1", "table": name, "reviews": count}
    tell(data, f"{words}\nNext step: nof1 knowledge check", as_json=as_json)
