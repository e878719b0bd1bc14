"""Decisions about rules and models: who, when, why; each is chained to the one before.

They lie in ``governance/decisions.json`` of the workspace, oldest first, and nothing is ever taken
out: the state in force at any time can be worked out again. The audit log gets one entry for each
decision, with its hash and without its words, so a file that was changed by hand does not fit.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nof1.core import audit
from nof1.core.errors import UsageError, WorkspaceError
from nof1.core.workspace import Workspace

FOLDER, FILE, SCHEMA = "governance", "decisions.json", "nof1/governance-decisions/1"
ACTION = "governance"
START = "0" * 64
# Kind of decision -> the values that it can have.
VALUES: Mapping[str, tuple[str, ...]] = {
    "switch": ("on", "shadow", "off"),
    "tier": ("1", "2", "3"),
    "drift": ("steady", "drifted", "not_checked"),
    "review": ("noted", "rejected"),
    "adopted": ("adopted",),
}
WHEN = "%Y-%m-%dT%H:%M:%SZ"
ROLE = re.compile(r"[^\W\d_][\w .,'()-]{1,59}")
SUBJECT = re.compile(r"[A-Za-z0-9][\w.+-]*(/[\w.+-]+){1,2}|governance", re.ASCII)
MOST_WHY = 300


@dataclass(frozen=True)
class Decision:
    """One decision.

    Attributes
    ----------
    kind : ``switch`` (value on, shadow or off), ``tier`` (1 to 3), ``drift`` (steady, drifted or
        not_checked), ``review`` (a proposal: rejected, or noted), ``adopted`` (a changed file).
    subject : the rule (``interactions/tier-2``) or the model (``models/heart_attack``).
    at : when, UTC, whole seconds (``2026-05-01T08:30:00Z``).
    by, why : the role that decided, and its reason in words.
    details : evidence, counts and hashes; never anything about a patient.
    """

    number: int
    kind: str
    subject: str
    value: str
    at: str
    by: str
    why: str
    details: Mapping[str, Any] = field(default_factory=dict)
    previous: str = START
    hash: str = ""

    @property
    def day(self) -> str:
        """The day of the decision."""
        return self.at[:10]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {**vars(self), "details": dict(self.details)}


def path(workspace: Workspace) -> Path:
    """Where a workspace's decisions lie."""
    return workspace.root / FOLDER / FILE


def read(file: Path) -> tuple[Decision, ...]:
    """All decisions, oldest first; none when there is no file.

    Raises
    ------
    WorkspaceError : the file is damaged, or its chain does not hold.
    """
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        found = tuple(Decision(**one) for one in data["decisions"])
        good = data["schema"] == SCHEMA and _chained(found)
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError, KeyError):
        good, found = False, ()
    if not good:
        raise WorkspaceError(
            "The decisions about rules and models are damaged or were changed by hand.",
            where=f"{FOLDER}/{FILE}",
            next_step="Put the file back from a backup.",
        )
    return found


def signed_off(workspace: Workspace, found: tuple[Decision, ...]) -> bool:
    """Whether the audit log's last word on governance is the last of these decisions."""
    last = START
    log = workspace.audit / audit.FILE
    mark = f'"action": "{ACTION}"'.encode()
    if log.exists():
        with log.open("rb") as lines:
            for line in lines:
                if mark in line:
                    last = _head_of(line) or last
    return last == (found[-1].hash if found else START)


def decide(
    workspace: Workspace,
    kind: str,
    subject: str,
    value: str,
    *,
    by: str,
    why: str,
    at: datetime | None = None,
    details: Mapping[str, Any] | None = None,
) -> Decision:
    """Keep one decision, in the file and in the audit log.

    Parameters
    ----------
    by : a role (``head of pharmacy``). why : the reason; no word about a patient.
    at : when, UTC [default: now].

    Raises
    ------
    UsageError : a role, reason or name that is not in its form.
    WorkspaceError : the decisions kept so far are damaged, or are not those of the audit log.
    """
    _check(kind, subject, value, by, why)
    file = path(workspace)
    with _locked(file.parent):
        before = read(file)
        if kind != "adopted" and not signed_off(workspace, before):
            raise _untrusted()
        return _kept(workspace, before, kind, subject, value, by, why, at, details or {})


def _kept(
    workspace: Workspace,
    before: tuple[Decision, ...],
    kind: str,
    subject: str,
    value: str,
    by: str,
    why: str,
    at: datetime | None,
    details: Mapping[str, Any],
) -> Decision:
    when = at or datetime.now(UTC)
    made = Decision(
        number=len(before) + 1,
        kind=kind,
        subject=subject,
        value=value,
        at=when.strftime(WHEN),
        by=by.strip(),
        why=" ".join(why.split()),
        details=details,
        previous=before[-1].hash if before else START,
    )
    sealed = Decision(**{**vars(made), "hash": _hash(made)})
    # The log first: a server looks again when the file changes, and must find its entry by then.
    audit.append(
        workspace.audit, ACTION, number=sealed.number, kind=kind, subject=subject, value=value,
        by=sealed.by, head=sealed.hash,
    )  # fmt: skip
    _write(path(workspace), (*before, sealed))
    return sealed


def _check(kind: str, subject: str, value: str, by: str, why: str) -> None:
    if value not in VALUES.get(kind, ()):
        raise UsageError(
            "There is no such kind of decision.", allowed=VALUES.get(kind) or tuple(VALUES)
        )
    if not SUBJECT.fullmatch(subject):
        raise UsageError("This names no rule and no model.", allowed="interactions/tier-2")
    if not ROLE.fullmatch(by.strip()):
        raise UsageError(
            "A decision needs the role that made it.",
            where="--by",
            allowed="2 to 60 letters, digits and spaces, such as: head of pharmacy",
        )
    if not 3 <= len(" ".join(why.split())) <= MOST_WHY:
        raise UsageError(
            "A decision needs its reason.",
            where="--why",
            allowed=f"3 to {MOST_WHY} characters, and nothing about a patient",
        )


def _untrusted() -> WorkspaceError:
    return WorkspaceError(
        "The decisions in the workspace are not those that the audit log knows.",
        where=f"{FOLDER}/{FILE}",
        next_step="Put the file back from a backup, or sign it off as it is: "
        "nof1 governance adopt --by ROLE --why TEXT",
    )


def _chained(found: tuple[Decision, ...]) -> bool:
    before = START
    for number, one in enumerate(found, start=1):
        linked = one.number == number and one.previous == before and one.hash == _hash(one)
        if not linked or not _formed(one):
            return False
        before = one.hash
    return True


def _formed(one: Decision) -> bool:
    """Whether all parts are what they must be, in a file that somebody else may have written."""
    parts = (one.kind, one.subject, one.value, one.at, one.by, one.why)
    return (
        all(isinstance(part, str) for part in parts)
        and isinstance(one.details, dict)
        and one.value in VALUES.get(one.kind, ())
        and SUBJECT.fullmatch(one.subject) is not None
        and ROLE.fullmatch(one.by) is not None
        and _is_moment(one.at)
        and 3 <= len(one.why) <= MOST_WHY
    )


def _is_moment(text: str) -> bool:
    try:
        return datetime.strptime(text, WHEN).strftime(WHEN) == text
    except ValueError:
        return False


def _hash(one: Decision) -> str:
    told = {name: value for name, value in one.to_dict().items() if name != "hash"}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _head_of(line: bytes) -> str | None:
    try:
        entry = json.loads(line)
        return str(entry["details"]["head"]) if entry["action"] == ACTION else None
    except (ValueError, KeyError, TypeError):
        return None


def _write(file: Path, found: tuple[Decision, ...]) -> None:
    data = {"schema": SCHEMA, "decisions": [one.to_dict() for one in found]}
    beside = file.with_suffix(".new")
    with beside.open("w", encoding="utf-8") as out:
        json.dump(data, out, indent=1, ensure_ascii=False)
        out.flush()
        os.fsync(out.fileno())
    os.replace(beside, file)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One decision at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
