"""The process of a job: reads one task from standard input, tells its steps on standard output.

One JSON line a step: ``{"says": ...}``, at the end ``{"result": ...}`` or ``{"error": ...}``. A
file that would harm the reader harms this process alone. Errors never hold a row of a file.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nof1.core.errors import Nof1Error
from nof1.core.workspace import Workspace, open_workspace

Say = Callable[[str], None]
EVERY_S = 0.4
SHOWN = 200  # reasons of quarantine that are told


def main() -> None:
    """Do the task that stands on standard input."""
    task = json.loads(sys.stdin.read())
    try:
        made = TASKS[str(task["kind"])](open_workspace(str(task["workspace"])), task, _said)
        _tell(result=made)
    except Nof1Error as error:
        _tell(error=_short(error.to_dict(), str(task.get("files", ""))))
    except Exception as error:
        _tell(error={"error": f"The work failed ({type(error).__name__}).",
                     "next_step": "Tell whoever runs this server."})  # fmt: skip


def _tell(**said: Any) -> None:
    print(json.dumps(said, default=str), flush=True)


def _said(text: str) -> None:
    _tell(says=text)


def _short(error: dict[str, Any], folder: str) -> dict[str, Any]:
    """An error without the place of the spool on this machine."""

    def cut(text: Any) -> Any:
        if not isinstance(text, str) or not folder:
            return text
        return text.replace(f"{folder}/", "").replace(folder, "the uploaded files")

    return {name: cut(part) for name, part in error.items()}


def import_files(workspace: Workspace, task: Mapping[str, Any], say: Say) -> dict[str, Any]:
    """Import the uploaded files into the record; what ``nof1 ingest --json`` would print."""
    from nof1.core import audit
    from nof1.record.ingest import ingest

    settings: dict[str, Any] = {}
    if task.get("format"):
        settings["format"] = str(task["format"])
    if not (workspace.record / "CURRENT").exists():
        settings["shards"] = workspace.shards
    last = 0.0

    def show(file: str, events: int) -> None:
        nonlocal last
        if time.monotonic() - last >= EVERY_S:
            last = time.monotonic()
            say(f"{events:,} events read, now {Path(file).name[:80]}")

    say("Looking at the files")
    folder, site = Path(task["files"]), str(task["site"])
    done = ingest(workspace.record, [folder], site=site, settings=settings, on_progress=show)
    audit.append(
        workspace.audit, "ingest", site=site, events=done.events, by=str(task.get("by", "")),
        through="page", job=str(task.get("job", "")), quarantined=done.quarantined_rows,
    )  # fmt: skip
    reasons = [{"file": one.file, "reason": one.reason, "rows": one.rows,
                "first": list(one.first)} for one in done.refusals]  # fmt: skip
    return {
        "sources": [list(one) for one in done.sources],
        "files": list(done.files)[:SHOWN], "events": done.events, "patients": done.patients,
        "added": done.added, "replaced": done.replaced, "removed": done.removed,
        "superseded": done.superseded, "quarantined_rows": done.quarantined_rows,
        "reasons": reasons[:SHOWN], "more_reasons": max(len(reasons) - SHOWN, 0),
        "excluded": dict(done.excluded), "notes": dict(done.notes),
    }  # fmt: skip


def review_curve(workspace: Workspace, task: Mapping[str, Any], say: Say) -> dict[str, Any]:
    """Store the new version of an approved edit, with its figures measured again."""
    from nof1.predict import proposals, review

    found = proposals.get(workspace, str(task["proposal"]))
    note = proposals.note_of(found)
    try:
        done = review.store_edited(workspace, found.model, found.version, found.edit, note, say)
    except Nof1Error as error:
        proposals.finished(workspace, found.id, None, error.message)
        raise
    proposals.finished(workspace, found.id, done.artefact.version, done.reason)
    return {"model": found.model, "version": done.artefact.version, "evaluated": done.evaluated,
            "speaks": done.speaks, "reason": done.reason}  # fmt: skip


TASKS: Mapping[str, Callable[[Workspace, Mapping[str, Any], Say], dict[str, Any]]] = {
    "import": import_files,
    "review": review_curve,
}

if __name__ == "__main__":
    main()
