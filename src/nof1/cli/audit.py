"""``nof1 audit``: the log of who asked what, the service's ledger, and whether both are whole."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from nof1.cli.options import common, step, table, tell
from nof1.core import audit as log
from nof1.core.errors import UsageError
from nof1.core.extras import require
from nof1.core.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from nof1.advice.ledger.chain import Verdict
    from nof1.advice.ledger.replay import Answer, Replayed
    from nof1.advice.ledger.shapes import Entry
    from nof1.advice.ledger.store import Ledger

LEDGER_FILE = "ledger.db"  # as nof1.advice.ledger.database.FILE, which needs an optional package
LISTED = 20
database = click.option(
    "--database",
    envvar="NOF1_DATABASE",
    help="postgresql:// address of the ledger [default: audit/ledger.db].",
)


@click.group()
def audit() -> None:
    """The log of who asked what, and the ledger of what the service answered."""


@audit.command()
@common
@click.option("--anchor", help="Head of the chain that was kept in a second place.")
@database
@click.pass_context
def verify(
    ctx: click.Context,
    workspace: str | None,
    as_json: bool,
    anchor: str | None,
    database: str | None,
) -> None:
    """Check that no entry was changed, removed or moved (exit code 1 if one was).

    The log is checked, and the ledger where there is one. Without --anchor, an older copy that was
    put back cannot be seen, nor entries cut off the end of the log.
    """
    found = open_workspace(workspace)
    verdict = log.verify(found.audit)
    known = anchor is None or anchor in {e["hash"] for e in log.entries(found.audit)}
    kept = _ledger_verdict(found, database, anchor)
    known = known or (kept is not None and kept.anchored is True)
    intact = verdict.intact and known and (kept is None or not kept.problems)
    data = {
        "schema": "nof1/audit-verify/1",
        "intact": intact,
        "entries": verdict.entries,
        "broken_line": verdict.broken_line,
        "anchor_found": None if anchor is None else known,
        "head": verdict.head,
        "ledger": None if kept is None else _verdict_data(kept),
    }
    state = "whole" if verdict.intact else f"BROKEN at line {verdict.broken_line}"
    text = f"{verdict.entries} entries, {state}\nHead: {verdict.head}"
    text += "" if kept is None else f"\n{_verdict_text(kept)}"
    if not known:
        text += "\nThe anchor is NOT in the log: entries were cut off or written anew."
    tell(data, text, as_json=as_json)
    ctx.exit(0 if intact else 1)


@audit.command()
@common
@click.option("--ledger", is_flag=True, help="Print the service's ledger instead of the log.")
@click.option("--fhir", is_flag=True, help="Print the ledger as FHIR R4 AuditEvents.")
@database
def export(
    workspace: str | None, as_json: bool, ledger: bool, fhir: bool, database: str | None
) -> None:
    """Print all entries, one JSON object a line.

    No line holds a patient's name or a value: patients stand in it under keyed pseudonyms.
    """
    found = open_workspace(workspace)
    if not (ledger or fhir):
        for line in log.entries(found.audit):
            click.echo(json.dumps(line, sort_keys=True))
        return
    with _ledger(found, database) as kept:
        shape = _fhir(kept) if fhir else _lines
        for entry in kept.entries():
            click.echo(json.dumps(shape(entry), sort_keys=True))


@audit.command()
@common
@click.argument("numbers", metavar="[ENTRY]...", nargs=-1, type=click.IntRange(min=1))
@click.option("--last", type=click.IntRange(min=1), help="Only this many entries, the newest.")
@database
@click.pass_context
def replay(
    ctx: click.Context,
    workspace: str | None,
    as_json: bool,
    numbers: tuple[int, ...],
    last: int | None,
    database: str | None,
) -> None:
    """Ask the service's past questions again, and compare the answers byte for byte.

    ENTRY is a number of the ledger [default: all]. Exit code 1: an answer differs, or could not be
    compared because rules, models, facts or record have changed since, or its request is gone.
    """
    if numbers and last is not None:
        raise UsageError("Either entries or --last, not both.", where="nof1 audit replay")
    found = open_workspace(workspace)
    with _ledger(found, database) as kept:
        done = _replayed(found, kept, numbers, last)
    counts: Counter[str] = Counter(one.state for one in done)
    log.append(found.audit, "replay", entries=len(done), **dict(counts))
    data = {
        "schema": "nof1/audit-replay/1",
        "entries": len(done),
        "same": counts["same"],
        "different": counts["different"],
        "not_comparable": counts["not_comparable"],
        "others": [one.to_dict() for one in done if one.state != "same"],
    }
    tell(data, _replay_text(done, counts), as_json=as_json)
    ctx.exit(0 if counts["same"] == len(done) else 1)


@audit.command()
@common
@click.option("--before", required=True, help="Day, UTC: what was recorded earlier is deleted.")
@database
def forget(workspace: str | None, as_json: bool, before: str, database: str | None) -> None:
    """Delete the kept requests and answers of the ledger before a day.

    The chain keeps holding and says that they were deleted; these entries cannot be replayed.
    """
    day = _day(before)
    found = open_workspace(workspace)
    with _ledger(found, database, writing=True) as kept:
        gone = kept.forget(day)
    log.append(found.audit, "forget", before=before, parts=gone)
    data = {"schema": "nof1/audit-forget/1", "before": before, "deleted": gone}
    tell(data, f"{gone} kept requests and answers deleted.", as_json=as_json)


def _ledger(found: Workspace, database: str | None, *, writing: bool = False) -> Ledger:
    require("sqlalchemy", "service")
    from nof1.advice.ledger.store import open_ledger, read_ledger

    if writing and (database is not None or (found.audit / LEDGER_FILE).exists()):
        return open_ledger(found.audit, database)
    return read_ledger(found.audit, database)


def _ledger_verdict(found: Workspace, database: str | None, anchor: str | None) -> Verdict | None:
    """The ledger's verdict; None where there is no ledger."""
    if database is None and not (found.audit / LEDGER_FILE).exists():
        return None
    with _ledger(found, database) as kept:
        return kept.verify(anchor)


def _verdict_data(verdict: Verdict) -> dict[str, Any]:
    return {
        "intact": not verdict.problems,
        "entries": verdict.entries,
        "broken_entry": verdict.broken_seq,
        "problems": list(verdict.problems),
        "head": None if verdict.head is None else verdict.head.to_dict(),
    }


def _verdict_text(verdict: Verdict) -> str:
    state = "BROKEN" if verdict.problems else "whole"
    lines = [f"Ledger: {verdict.entries} entries, {state}", *verdict.problems]
    if verdict.head is not None:
        lines.append(f"Ledger head: {verdict.head.hash} (entry {verdict.head.seq})")
    return "\n".join(lines)


def _lines(entry: Entry) -> dict[str, Any]:
    return entry.to_dict()


def _fhir(kept: Ledger) -> Callable[[Entry], dict[str, Any]]:
    from nof1.advice.ledger.export import to_fhir

    name = kept.head().ledger
    return lambda entry: to_fhir(entry, name)


def _replayed(
    found: Workspace, kept: Ledger, numbers: tuple[int, ...], last: int | None
) -> list[Replayed]:
    from nof1.advice.hooks.room import Room
    from nof1.advice.hooks.service import Service
    from nof1.advice.ledger.replay import replay, replay_all

    service = Service(Room(found))
    versions = service.room.versions()

    def answer_as_of(entry: Entry) -> Answer:
        asked = datetime.fromisoformat(entry.asked_at).replace(tzinfo=None)
        return lambda request: service.answer(entry.service, request, asked).body

    if numbers:
        chosen = [kept.entry(number) for number in numbers]
        return [replay(kept, one, answer_as_of(one), versions) for one in chosen]
    newest = kept.head().seq
    first = 1 if last is None else max(1, newest - last + 1)
    step(f"Asking up to {newest - first + 1:,} questions again")
    return list(replay_all(kept, kept.entries(first=first), answer_as_of, versions))


def _replay_text(done: list[Replayed], counts: Counter[str]) -> str:
    text = (
        f"{len(done)} answers: {counts['same']} the same byte for byte, "
        f"{counts['different']} DIFFERENT, {counts['not_comparable']} not comparable"
    )
    others = [one for one in done if one.state != "same"]
    others.sort(key=lambda one: one.state != "different")
    if others:
        rows = [[one.seq, one.state.replace("_", " "), one.reason] for one in others[:LISTED]]
        text += "\n" + table(rows, ["entry", "state", "why"], right="0")
    if len(others) > LISTED:
        text += f"\n... and {len(others) - LISTED} more (all with --json)"
    return text


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise UsageError(
            "This is not a day.", where="--before", allowed="YYYY-MM-DD, such as 2026-05-01"
        ) from None
