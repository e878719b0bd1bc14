"""Proposed edits of curves: one person proposes with a reason, another one decides.

Each proposal is a file ``governance/curves/ID.json`` of the workspace; each step is an entry of the
audit log. Reasons are words of staff and must hold nothing about a patient.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nof1.core import artefacts, audit
from nof1.core.errors import UsageError, WorkspaceError
from nof1.core.workspace import Workspace
from nof1.predict.edit import Edit, curves, edited
from nof1.predict.model import Model

SCHEMA = "nof1/curve-proposal/1"
OPEN, APPROVED, REFUSED, STORED, FAILED = "open", "approved", "refused", "stored", "failed"
ACTION = "curve review"
WHY = (10, 1000)
ID = re.compile(r"[0-9a-f]{16}")
NAME = re.compile(r"[^\W_][\w .,'()@-]{1,59}")


@dataclass(frozen=True)
class Person:
    """Who acts. ``account`` as in the audit log; ``signed_in`` False: only the name was given."""

    account: str
    name: str
    signed_in: bool

    def same(self, other: Person) -> bool:
        """Whether both may be one person: the same account, or the same name."""
        accounts = self.signed_in and other.signed_in and self.account == other.account
        return accounts or _plain(self.name) == _plain(other.name)

    @classmethod
    def named(cls, name: str) -> Person:
        """Somebody on a server without sign-in.

        Raises
        ------
        UsageError : this is no name.
        """
        words = " ".join(name.split())
        if not NAME.fullmatch(words):
            allowed = "2 to 60 letters, digits, spaces and . , ' ( ) @ -"
            raise UsageError("A review needs the person's name.", where="name", allowed=allowed)
        return cls("", words, False)


@dataclass(frozen=True)
class Proposal:
    """One proposed edit.

    Attributes
    ----------
    model, version, content_hash : what it edits.
    state : open, approved (the new version is being made), refused, stored or failed.
    by, at, why : who proposed it, when (UTC), and the reason.
    decided_by, decided_at, decided_why : of the second person; None and "" while open.
    new_version, note : what became of an approved one.
    """

    id: str
    model: str
    version: int
    content_hash: str
    edit: Edit
    by: Person
    at: str
    why: str
    state: str = OPEN
    decided_by: Person | None = None
    decided_at: str = ""
    decided_why: str = ""
    new_version: int | None = None
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {"schema": SCHEMA, **asdict(self)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Proposal:
        """Read the JSON form; KeyError, TypeError or ValueError when it is another."""
        given = dict(stored)
        if given.pop("schema") != SCHEMA or not ID.fullmatch(given["id"]):
            raise ValueError("another schema")
        given["edit"] = Edit.from_dict(given["edit"])
        for role in ("by", "decided_by"):
            given[role] = Person(**given[role]) if given[role] is not None else None
        return cls(**given)


def propose(workspace: Workspace, model: str, version: int, edit: Edit, by: Person,
            why: str) -> Proposal:  # fmt: skip
    """Keep a proposal for the newest version of a model.

    Raises
    ------
    UsageError : no reason, an edit that does not fit or changes nothing, an older version.
    ModelError : there is no such model.
    """
    artefact = artefacts.load(workspace.models, model, version)
    if version != max(artefacts.versions(workspace.models, model)):
        raise UsageError("Only the newest version of a model can be edited.", where="version")
    shapes = curves(Model.read(artefact).pair.trained)
    if edited(shapes, edit).to_dict() == shapes.to_dict():
        raise UsageError("This edit changes nothing.", where=edit.feature)
    made = Proposal(secrets.token_hex(8), model, version, artefact.content_hash, edit, by, _now(),
                    _reason(why))  # fmt: skip
    with _locked(workspace) as folder:
        _note(workspace, made, "proposed", by)
        _write(folder, made)
    return made


def decide(workspace: Workspace, id_: str, approve: bool, by: Person, why: str) -> Proposal:
    """Approve or refuse; approved means that the new version may now be made.

    Raises
    ------
    UsageError : it is not open, or the same person proposed it, or there is no reason.
    WorkspaceError : there is no such proposal, or its file is damaged.
    """
    reason = _reason(why)
    with _locked(workspace) as folder:
        found = _read(folder, id_)
        if found.state != OPEN:
            raise UsageError(f"This proposal was decided already: {found.state}.", where=id_)
        if approve and found.by.same(by):
            raise UsageError(
                "Nobody approves an own proposal.", where="name",
                next_step="Ask a colleague to look at it, with an own account.",
            )  # fmt: skip
        made = replace(found, state=APPROVED if approve else REFUSED, decided_by=by,
                       decided_at=_now(), decided_why=reason)  # fmt: skip
        _note(workspace, made, made.state, by)
        _write(folder, made)
    return made


def finished(workspace: Workspace, id_: str, new_version: int | None, note: str) -> Proposal:
    """Keep what became of an approved proposal: its new version, or why there is none."""
    with _locked(workspace) as folder:
        found = _read(folder, id_)
        state = FAILED if new_version is None else STORED
        made = replace(found, state=state, new_version=new_version, note=note)
        _note(workspace, made, state, made.decided_by)
        _write(folder, made)
    return made


def get(workspace: Workspace, id_: str) -> Proposal:
    """One proposal.

    Raises
    ------
    WorkspaceError : there is no such proposal, or its file is damaged.
    """
    return _read(_folder(workspace), id_)


def all_of(workspace: Workspace, model: str) -> tuple[list[Proposal], int]:
    """The proposals of a model, newest first, and how many files are damaged."""
    found, damaged = [], 0
    for path in sorted(_folder(workspace).glob("*.json")):
        try:
            found.append(_read(path.parent, path.stem))
        except WorkspaceError:
            damaged += 1
    own = [one for one in found if one.model == model]
    return sorted(own, key=lambda one: (one.at, one.id), reverse=True), damaged


def note_of(proposal: Proposal) -> dict[str, Any]:
    """Who, when and why, as the card keeps it."""
    assert proposal.decided_by is not None
    return {
        "proposal": proposal.id,
        "why": proposal.why,
        "proposed_by": asdict(proposal.by),
        "proposed_at": proposal.at,
        "approved_by": asdict(proposal.decided_by),
        "approved_at": proposal.decided_at,
        "approved_why": proposal.decided_why,
    }


def _folder(workspace: Workspace) -> Path:
    return workspace.root / "governance" / "curves"


def _read(folder: Path, id_: str) -> Proposal:
    path = folder / f"{id_}.json"
    if not ID.fullmatch(id_) or not path.is_file():
        raise WorkspaceError("There is no such proposal.", where="proposal")
    try:
        return Proposal.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, UsageError):
        raise WorkspaceError(
            "The file of a proposal is damaged.", where=f"governance/curves/{id_}.json",
            next_step="Put it back from a backup, or move it away and propose the edit again.",
        ) from None  # fmt: skip


def _write(folder: Path, made: Proposal) -> None:
    beside = folder / f".{made.id}.new"
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        json.dump(made.to_dict(), out, indent=1)
        out.flush()
        os.fsync(out.fileno())
    os.replace(beside, folder / f"{made.id}.json")


def _note(workspace: Workspace, made: Proposal, step: str, by: Person | None) -> None:
    """The log tells the step, the model and the person; the reasons stay in the file."""
    audit.append(
        workspace.audit, ACTION, step=step, proposal=made.id, model=made.model,
        version=made.version, feature=made.edit.feature, way=made.edit.way,
        by=(by.account or by.name) if by else "", signed_in=bool(by and by.signed_in),
        new_version=made.new_version,
    )  # fmt: skip


def _reason(why: str) -> str:
    words = " ".join("".join(c if c.isprintable() else " " for c in why).split())
    if not WHY[0] <= len(words) <= WHY[1]:
        raise UsageError(
            "A review needs its reason in words.", where="why",
            allowed=f"{WHY[0]} to {WHY[1]:,} characters, and nothing about a patient",
        )  # fmt: skip
    return words


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


@contextmanager
def _locked(workspace: Workspace) -> Iterator[Path]:
    """One change at a time."""
    folder = _folder(workspace)
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield folder
