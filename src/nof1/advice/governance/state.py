"""The state in force: which rules and models are on, in shadow or off, and which are paused.

It follows from the decisions alone, so the state of any past answer can be worked out again. A file
of decisions that is not the one that the audit log knows is not followed: all rules are then on,
all models silent, and every answer says so.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

from nof1.advice.governance import decisions
from nof1.advice.governance.decisions import Decision
from nof1.core.errors import WorkspaceError
from nof1.core.workspace import Workspace

ON, SHADOW, OFF = "on", "shadow", "off"
STATES = (ON, SHADOW, OFF)
STEADY, DRIFTED, NOT_CHECKED = "steady", "drifted", "not_checked"
FRESH_DAYS = 90  # how long a verdict on drift is good for
UNTRUSTED = "the governance file is not the one that the audit log knows"


@dataclass(frozen=True)
class Switch:
    """What somebody decided about a rule or model: its state, or its tier."""

    value: str
    by: str
    day: str


@dataclass(frozen=True)
class Verdict:
    """Whether one version of a model has drifted: ``state`` as of ``day``, and what moved."""

    state: str
    day: str
    content_hash: str
    reason: str

    def age(self, at: datetime) -> int:
        """Its age in days at a moment; negative for a moment before it."""
        return (at.date() - date.fromisoformat(self.day)).days

    def fresh(self, at: datetime) -> bool:
        """Whether it still counts at a moment."""
        return self.age(at) <= FRESH_DAYS


@dataclass(frozen=True)
class State:
    """The state after some decisions.

    Attributes
    ----------
    version : hash of the last decision; "" when nothing was ever decided.
    switches : rules and models that are not on. tiers : rules of another tier than in the table.
    drift : model -> the last verdict.
    fault : why the file is not followed; "" when it is.
    """

    version: str = ""
    switches: Mapping[str, Switch] = field(default_factory=dict)
    tiers: Mapping[str, Switch] = field(default_factory=dict)
    drift: Mapping[str, Verdict] = field(default_factory=dict)
    fault: str = ""

    @property
    def plain(self) -> bool:
        """Whether all rules are on, as they come."""
        return not (self.switches or self.tiers or self.fault)

    def of(self, subject: str) -> str:
        """``on``, ``shadow`` or ``off``."""
        found = self.switches.get(subject)
        return ON if found is None else found.value

    def with_on(self, subject: str) -> State:
        """The same with one rule or model switched on: for a forecast."""
        rest = {name: one for name, one in self.switches.items() if name != subject}
        return replace(self, switches=rest)


NOTHING = State()


def after(found: Iterable[Decision]) -> State:
    """The state after these decisions, oldest first."""
    switches: dict[str, Switch] = {}
    tiers: dict[str, Switch] = {}
    drift: dict[str, Verdict] = {}
    version = ""
    for one in found:
        version = one.hash
        switch = Switch(one.value, one.by, one.day)
        if one.kind == "switch":
            switches.pop(one.subject, None)
            if one.value != ON:
                switches[one.subject] = switch
        elif one.kind == "tier":
            tiers[one.subject] = switch
        elif one.kind == "drift":
            name = one.subject.partition("/")[2]
            told = str(one.details.get("reason", "")), str(one.details.get("content_hash", ""))
            drift[name] = Verdict(one.value, one.day, told[1], told[0])
    return State(version, switches, tiers, drift)


@dataclass
class Governance:
    """The decisions of a workspace; looked at again whenever their file has changed."""

    workspace: Workspace
    _kept: tuple[tuple[int, int, int] | None, State, tuple[Decision, ...]] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def state(self) -> State:
        """The state in force now."""
        return self._now()[0]

    def decisions(self) -> tuple[Decision, ...]:
        """All decisions, oldest first; none of a file that is not followed."""
        return self._now()[1]

    def as_of(self, version: str) -> State | None:
        """The state that had this version once; None when no decision has this hash.

        >>> from nof1.core.workspace import Workspace
        >>> Governance(Workspace(Path("nowhere"))).as_of("") == NOTHING
        True
        """
        if not version:
            return NOTHING
        state, found = self._now()
        if version == state.version:
            return state
        place = next((k for k, one in enumerate(found, start=1) if one.hash == version), None)
        return None if place is None else after(found[:place])

    def _now(self) -> tuple[State, tuple[Decision, ...]]:
        file = decisions.path(self.workspace)
        mark = _mark(file)
        kept = self._kept
        if kept is None or kept[0] != mark:
            with self._lock:
                kept = (mark, *self._read(file, mark))
                self._kept = kept
        return kept[1], kept[2]

    def _read(
        self, file: Path, mark: tuple[int, int, int] | None
    ) -> tuple[State, tuple[Decision, ...]]:
        try:
            found = decisions.read(file)
        except WorkspaceError:
            return _not_followed(file), ()
        if mark is None and not (self.workspace.audit / "audit.jsonl").exists():
            return NOTHING, ()
        if not decisions.signed_off(self.workspace, found):
            return _not_followed(file), ()
        return after(found), found


def _not_followed(file: Path) -> State:
    raw = file.read_bytes() if file.exists() else b""
    return State(version=f"untrusted-{hashlib.sha256(raw).hexdigest()}", fault=UNTRUSTED)


def _mark(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
