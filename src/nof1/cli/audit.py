"""``nof1 audit``: the log of who asked what, the service's ledger, and whether both are whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof1.cli import audit_text as words
from nof1.cli.options import common, step, tell
from nof1.core import audit as log
from nof1.core.errors import UsageError
from nof1.core.extras import require
from nof1.core.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from nof1.advice.ledger.anchor import LogHead
    from nof1.advice.ledger.chain import Head, Verdict
    from nof1.advice.ledger.replay import Replayed
    from nof1.advice.ledger.shapes import Entry
    from nof1.advice.ledger.store import Ledger

LEDGER_FILE = "ledger.db"  # as nof1.advice.ledger.database.FILE, which needs an optional package
LARGEST_ANCHOR = 2**20
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
@click.option("--anchor", help="Hash of a head that was kept in a second place.")
@click.option(
    "--anchored",
    type=click.Path(dir_okay=False),
    help="The whole head that was kept (nof1 audit head --json): also checks its signature.",
)
@database
@click.pass_context
def verify(
    ctx: click.Context,
    workspace: str | None,
    as_json: bool,
    anchor: str | None,
    anchored: str | None,
    database: str | None,
) -> None:
    """Check that no entry was changed, removed or moved (exit code 1 if one was).

    The log is checked, and the ledger where there is one. Without --anchor or --anchored, an older
    copy that was put back cannot be seen, nor entries cut off the end of the log.
    """
    if anchor is not None and anchored is not None:
        raise UsageError("Either --anchor or --anchored, not both.", where="nof1 audit verify")
    found = open_workspace(workspace)
    head, log_head = (None, None) if anchored is None else _read_anchors(Path(anchored))
    verdict = log.verify(found.audit)
    kept = _ledger_verdict(found, database, anchor or head)
    told = _unanchored(found, anchor, log_head, kept)
    if head is not None and kept is None:
        told.append("The ledger that was anchored is not here.")
    at_place = not told and (head is None or (kept is not None and kept.anchored is True))
    intact = verdict.intact and not told and (kept is None or not kept.problems)
    data = {
        "schema": "nof1/audit-verify/1",
        "intact": intact,
        "entries": verdict.entries,
        "broken_line": verdict.broken_line,
        "anchor_found": None if anchor is None and anchored is None else at_place,
        "head": verdict.head,
        "problems": told,
        "ledger": None if kept is None else words.verdict_data(kept),
    }
    state = "whole" if verdict.intact else f"BROKEN at line {verdict.broken_line}"
    text = f"{verdict.entries} entries, {state}\nHead: {verdict.head}"
    text += "" if kept is None else f"\n{words.verdict_text(kept)}"
    text += "\nThe anchored head is contained." if anchored is not None and at_place else ""
    tell(data, "\n".join([text, *told]), as_json=as_json)
    ctx.exit(0 if intact else 1)


@audit.command()
@common
@database
@click.pass_context
def head(ctx: click.Context, workspace: str | None, as_json: bool, database: str | None) -> None:
    """Print the ends of log and ledger: what to keep in a second place, each night for example.

    Later, nof1 audit verify --anchored proves that both still hold it. Exit code 1: no key that is
    trusted here signed the ledger's head.
    """
    found = open_workspace(workspace)
    verdict = log.verify(found.audit)
    told = {"entries": verdict.entries, "head": verdict.head}
    signed, trusted = None, True
    if has_ledger(found, database):
        with _ledger(found, database) as kept:
            signed = kept.head()
            trusted = kept.trusts(signed)
    data = {
        "schema": "nof1/audit-head/1",
        "trusted": trusted,
        "log": told,
        "ledger": None if signed is None else signed.to_dict(),
    }
    tell(data, words.head_text(told, signed, trusted), as_json=as_json)
    ctx.exit(0 if trusted else 1)


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
    data = words.replay_data(done)
    counts = {name: data[name] for name in ("same", "different", "not_comparable") if data[name]}
    log.append(found.audit, "replay", entries=len(done), **counts)
    tell(data, words.replay_text(done), as_json=as_json)
    ctx.exit(0 if data["same"] == len(done) else 1)


@audit.command()
@common
@click.option(
    "--before",
    required=True,
    help="Day, UTC (2026-05-01): what was recorded earlier is deleted.",
)
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

    if not has_ledger(found, database):
        raise UsageError(
            "There is no ledger yet: the service has answered nothing here.",
            where=f"audit/{LEDGER_FILE}",
            next_step="Let the service run: nof1 serve. Or name the ledger with --database.",
        )
    return open_ledger(found.audit, database) if writing else read_ledger(found.audit, database)


def has_ledger(found: Workspace, database: str | None) -> bool:
    """Whether the service has a ledger: one that is named, or the file in the workspace."""
    return database is not None or (found.audit / LEDGER_FILE).exists()


def _ledger_verdict(
    found: Workspace, database: str | None, anchored: str | Head | None
) -> Verdict | None:
    """The ledger's verdict; None where there is no ledger."""
    if not has_ledger(found, database):
        return None
    with _ledger(found, database) as kept:
        return kept.verify(anchored)


def _unanchored(
    found: Workspace, anchor: str | None, log_head: LogHead | None, kept: Verdict | None
) -> list[str]:
    """What is not in the log though it was kept in a second place."""
    gone = "is NOT in the log: entries were cut off or written anew."
    if anchor is not None and not (kept is not None and kept.anchored):
        return [] if _in_log(found, anchor) else [f"The anchor {gone}"]
    if log_head is not None and not log.holds(found.audit, log_head.entries, log_head.head):
        return [f"The anchored head {gone}"]
    return []


def _in_log(found: Workspace, anchor: str) -> bool:
    return anchor in {entry["hash"] for entry in log.entries(found.audit)}


def _read_anchors(path: Path) -> tuple[Head | None, LogHead | None]:
    require("sqlalchemy", "service")
    from nof1.advice.ledger.anchor import read
    from nof1.record.reading import safe_open

    with safe_open(path, limit=LARGEST_ANCHOR) as stream:
        return read(stream.read())


def _lines(entry: Entry) -> dict[str, Any]:
    return entry.to_dict()


def _fhir(kept: Ledger) -> Callable[[Entry], dict[str, Any]]:
    from nof1.advice.ledger.export import to_fhir

    name = kept.head().ledger
    return lambda entry: to_fhir(entry, name)


def _replayed(
    found: Workspace, kept: Ledger, numbers: tuple[int, ...], last: int | None
) -> list[Replayed]:
    from nof1.advice.hooks import versions
    from nof1.advice.hooks.replaying import asker
    from nof1.advice.ledger.replay import replay, replay_all

    answer = asker(found)
    if numbers:
        done = [replay(kept, kept.entry(number), answer) for number in numbers]
    else:
        newest = kept.head().seq
        first = 1 if last is None else max(1, newest - last + 1)
        step(f"Asking up to {newest - first + 1:,} questions again")
        done = list(replay_all(kept, kept.entries(first=first), answer))
    if versions.code_on_disk() != versions.code():
        raise UsageError(
            "nof1's own files were changed while the replay ran: nothing was shown.",
            where="nof1 audit replay",
            next_step="Run it again when nobody changes the program.",
        )
    return done


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise UsageError(
            "This is not a day.", where="--before", allowed="YYYY-MM-DD, such as 2026-05-01"
        ) from None
