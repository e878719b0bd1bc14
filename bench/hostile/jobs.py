"""Jobs, messages and updates of a federation that mean harm, given to real sites and a coordinator.

One project on loopback with three sites that run in threads, as ``nof1 federation site`` runs them.
"""

from __future__ import annotations

import pickle
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.hostile.cases import TASK
from bench.hostile.code import BOMB, TAGS, Trap
from nof1.core import audit
from nof1.core.errors import Nof1Error
from nof1.core.workspace import Workspace, create
from nof1.federation import manifest
from nof1.federation.manifest import Manifest, Privacy
from nof1.federation.network import home as homes
from nof1.federation.network import lead, project, resident
from nof1.federation.network.board import Done, State
from nof1.federation.network.coordinator import Coordinator, listen
from nof1.federation.network.home import Home
from nof1.federation.network.project import Project
from nof1.federation.network.rehearsal import free_port
from nof1.federation.network.resident import NetworkChannel, Resident, decide
from nof1.federation.network.wire import HEAD, MAGIC, Kind, Line
from nof1.federation.ring import WORD

SITES = ("north", "south", "west")
SECONDS = 20.0


class Player(Resident):
    """A site whose vectors the bench chooses; all else is what a site does."""

    play: Callable[[Any], Any]

    def train(self, line: Line, asked: Manifest, tag: int) -> Done:
        """Three sums."""
        channel = NetworkChannel(line, tag, self.home.roster(), asked.rounds, asked.entries)
        self.play(self.home.link(asked.job, channel))
        return Done("m", "1", "hash", {})


@dataclass
class World:
    """A project, its coordinator and its sites."""

    made: Project
    coordinator: Coordinator
    homes: dict[str, Home]
    workspaces: dict[str, Workspace]
    players: dict[str, Player] = field(default_factory=dict)

    def manifest(self, **changes: Any) -> Manifest:
        """A job that every site would take, but for the changes."""
        now = datetime.now(UTC)
        asked = Manifest(
            job=f"job-{time.monotonic_ns()}", project=self.made.root.name, purpose="bench",
            algorithm="glassbox", code=homes.installed(), task=TASK, cohort="all",
            outputs=("model", "vocabulary"), rounds=100, entries=1000,
            roster=self.homes["north"].roster().digest.hex(), created=now - timedelta(minutes=5),
            expires=now + timedelta(hours=1),
        )  # fmt: skip
        return msgspec.structs.replace(asked, **changes)

    def signed(self, asked: Manifest) -> bytes:
        """The job under the signature of the project's lead."""
        return manifest.sign(asked, "study-lead", self.made.signing_key())

    def logs(self) -> list[Path]:
        """Folders of all audit logs."""
        return [one.audit for one in self.workspaces.values()] + [self.made.server / "audit"]

    def entries(self) -> int:
        """Entries of all audit logs together."""
        return sum(1 for folder in self.logs() for _ in audit.entries(folder))

    def submit(self, **changes: Any) -> State:
        """Hand a job in and wait for its end."""
        end = time.monotonic() + SECONDS
        while set(self.coordinator.board.idle()) != set(SITES) and time.monotonic() < end:
            time.sleep(0.02)
        line = lead.call(self.made)
        try:
            return lead.submit(line, self.signed(self.manifest(**changes)))
        finally:
            line.close()


@contextmanager
def world(root: Path) -> Iterator[World]:
    """Everything up; ends with all its threads."""
    resident.AGAIN = 0.1
    made = project.create(root / "project", SITES, port=free_port())
    kept = {one: homes.join(made.kit(one), root / one / "federation", patients=20, events=5)
            for one in SITES}  # fmt: skip
    spaces = {one: create(root / one, synthetic=True) for one in SITES}
    server = Coordinator(made, SECONDS)
    listener = listen("127.0.0.1", server.settings.port)
    with ExitStack() as running:
        threading.Thread(target=server.serve, args=(listener,), daemon=True).start()
        running.callback(lambda: (listener.shutdown(socket.SHUT_RDWR), listener.close()))
        for one in kept.values():
            members = one.announce()
        for one in kept.values():
            roster = one.proposed(members)
            assert roster is not None
            one.accept(roster, project.agreement(one.kit()[0], roster))
        found = World(made, server, kept, spaces)
        for name in SITES:
            player = found.players[name] = Player(kept[name], spaces[name])
            player.play = lambda link: None
            running.callback(player.stopping.set)
            threading.Thread(target=_run, args=(player,), daemon=True).start()
        yield found


def _run(player: Player) -> None:
    with suppress(Nof1Error):
        player.run()


@dataclass(frozen=True)
class Act:
    """One hostile job or message. ``run`` returns whether it was refused, and what was said."""

    family: str
    name: str
    run: Callable[[World, Path, str], tuple[bool, str]]


def acts() -> Iterator[Act]:
    """All of them."""
    for name, changes in CHANGED.items():
        yield Act("job", name, _decided(changes))
    for number, text in enumerate((*TAGS, BOMB, "[" * 50_000, "")):
        yield Act("job", f"task with code or bomb {number + 1}", _task(text))
    for name, raw in RAWS.items():
        yield Act("job", name, _raw(raw))
    yield Act("job", "played again", _again)
    for name, send in FRAMES.items():
        yield Act("message", name, _framed(send))
    for name, send in IN_JOB.items():
        yield Act("message", name, _in_job(send))
    for name, play in UPDATES.items():
        yield Act("update", name, _updated(play))


# Manifests --------------------------------------------------------------------------------------

OLD = datetime(2020, 1, 1, tzinfo=UTC)
CHANGED: dict[str, dict[str, Any]] = {
    "expired": {"expires": OLD}, "not valid yet": {"created": OLD + timedelta(days=36_500)},
    "no time zone": {"created": datetime(2020, 1, 1), "expires": datetime(2090, 1, 1)},
    "other code": {"code": "ab" * 32}, "no code": {"code": ""},
    "unknown algorithm": {"algorithm": "shell"}, "algorithm by path": {"algorithm": "os:system"},
    "rows asked for": {"outputs": ("model", "vocabulary", "rows")},
    "a dump asked for": {"outputs": ("everything",)}, "no outputs": {"outputs": ()},
    "other roster": {"roster": "cd" * 32}, "roster of nobody": {"roster": ""},
    "too many rounds": {"rounds": 10**6}, "too long vectors": {"entries": 10**7},
    "rounds below zero": {"rounds": -1}, "no entries": {"entries": 0},
    "noise that this algorithm has not": {"privacy": Privacy(1.0, 1e-5)},
    "noise of zero": {"privacy": Privacy(0.0, 1e-5), "algorithm": "private-glassbox"},
    "noise below zero": {"privacy": Privacy(-1.0, -1.0), "algorithm": "private-glassbox"},
    "job name with a line": {"job": 'a\n{"action": "forged"}'}, "empty job name": {"job": ""},
    "job name that is a path": {"job": "../../x"}, "job name of 5,000 signs": {"job": "a" * 5000},
    "job name that steers a terminal": {"job": "\x1b[2J"},
    "resumes a path": {"resumes": "../../audit"}, "resumes what never was": {"resumes": "job-0"},
    "resumes with a line": {"resumes": "a\nb"},
    "a task of another kind": {"task": "name: t\n"},
    "a task of one patient": {"task": "patient: 7\n"},
    "a task of 900,000 letters": {"task": "x" * 900_000},
    "a task with control signs": {"task": "\0\x1b[2J"},
}  # fmt: skip


def _decided(changes: dict[str, Any]) -> Callable[[World, Path, str], tuple[bool, str]]:
    def run(found: World, trap: Path, canary: str) -> tuple[bool, str]:
        return _answer(found, found.signed(found.manifest(**({"purpose": canary} | changes))))

    return run


def _answer(found: World, raw: bytes) -> tuple[bool, str]:
    decision, asked = decide(raw, found.homes["north"], found.workspaces["north"])
    return not decision.accepted and asked is None, decision.why


def _task(text: str) -> Callable[[World, Path, str], tuple[bool, str]]:
    def run(found: World, trap: Path, canary: str) -> tuple[bool, str]:
        filled = text.replace("{trap!r}", repr(str(trap))).replace("{trap}", str(trap))
        filled = filled.replace("{canary}", canary)
        return _answer(found, found.signed(found.manifest(task=filled)))

    return run


def _raw(make: Callable[[World, Path, str], bytes]) -> Callable[..., tuple[bool, str]]:
    def run(found: World, trap: Path, canary: str) -> tuple[bool, str]:
        return _answer(found, make(found, trap, canary))

    return run


def _stranger(found: World, trap: Path, canary: str) -> bytes:
    return manifest.sign(found.manifest(), "somebody", Ed25519PrivateKey.generate())


def _forged(found: World, trap: Path, canary: str) -> bytes:
    return manifest.sign(found.manifest(), "study-lead", Ed25519PrivateKey.generate())


def _unsigned(found: World, trap: Path, canary: str) -> bytes:
    data = msgspec.json.encode(found.manifest())
    return msgspec.json.encode(manifest.Signed(data, "study-lead", b""))


def _bare(found: World, trap: Path, canary: str) -> bytes:
    return msgspec.json.encode(found.manifest())


def _changed(found: World, trap: Path, canary: str) -> bytes:
    signed = msgspec.json.decode(found.signed(found.manifest()), type=manifest.Signed)
    other = signed.manifest.replace(b'"rounds":100', b'"rounds":101')
    return msgspec.json.encode(msgspec.structs.replace(signed, manifest=other))


def _more(found: World, trap: Path, canary: str) -> bytes:
    data = msgspec.json.encode(msgspec.to_builtins(found.manifest()) | {"run": f"touch {trap}"})
    key = found.made.signing_key()
    return msgspec.json.encode(
        manifest.Signed(data, "study-lead", key.sign(manifest.CONTEXT + data))
    )


RAWS: dict[str, Callable[[World, Path, str], bytes]] = {
    "signed by nobody we know": _stranger, "signed with another key": _forged,
    "not signed": _unsigned, "a bare manifest": _bare, "changed after signing": _changed,
    "with a field more": _more,
    "nothing": lambda found, trap, canary: b"",
    "a pickle": lambda found, trap, canary: pickle.dumps(Trap(trap), 4),
    "JSON 100,000 deep": lambda found, trap, canary: b"[" * 100_000,
    "larger than 1 MiB": lambda found, trap, canary: b'{"a":"' + b"x" * 2**21,
    "another form": lambda found, trap, canary: msgspec.msgpack.encode({"manifest": canary}),
    "another file's words": lambda found, trap, canary: canary.encode() * 50,
}  # fmt: skip


def _again(found: World, trap: Path, canary: str) -> tuple[bool, str]:
    raw = found.signed(found.manifest())
    first, _ = _answer(found, raw)
    second, why = _answer(found, raw)
    return not first and second, why


# Messages ---------------------------------------------------------------------------------------


def _frame(kind: int, data: bytes = b"", size: int | None = None, magic: bytes = MAGIC) -> bytes:
    return HEAD.pack(magic, kind, 0, 0, len(data) if size is None else size) + data


FRAMES: dict[str, Callable[[Path, str], bytes]] = {
    "of another protocol": lambda trap, canary: b"GET / HTTP/1.1\r\nHost: " + canary.encode(),
    "of another mark": lambda trap, canary: _frame(Kind.WAIT, magic=b"nofx"),
    "of an unknown kind": lambda trap, canary: _frame(99),
    "a job from a site": lambda trap, canary: _frame(Kind.SUBMIT, canary.encode()),
    "a vector without a job": lambda trap, canary: _frame(Kind.VECTOR, bytes(80)),
    "a look from a site": lambda trap, canary: _frame(Kind.LOOK),
    "4 GiB announced": lambda trap, canary: _frame(Kind.ENROL, b"x", size=2**32 - 1),
    "a pickle for a key": lambda trap, canary: _frame(Kind.ENROL, pickle.dumps(Trap(trap))),
    "JSON without end": lambda trap, canary: _frame(Kind.ENROL, b'{"identity":' + b"[" * 99_000),
    "a key of a wrong form": lambda trap, canary: _frame(
        Kind.ENROL, msgspec.json.encode({"identity": canary})
    ),
    "a key that is not this site's": lambda trap, canary: _frame(
        Kind.ENROL, msgspec.json.encode({"identity": "ab" * 32})
    ),
    "a field more": lambda trap, canary: _frame(
        Kind.ENROL, msgspec.json.encode({"identity": "ab" * 32, "run": canary})
    ),
    "the same site a second time": lambda trap, canary: _frame(Kind.WAIT),
}


def _framed(send: Callable[[Path, str], bytes]) -> Callable[..., tuple[bool, str]]:
    """A site's own certificate, and a message that it must not send; the line is then over."""

    def run(found: World, trap: Path, canary: str) -> tuple[bool, str]:
        before = found.coordinator.refused
        line = found.homes["north"].call(SECONDS)
        try:
            line.socket.sendall(send(trap, canary))
            said = line.socket.recv(2**16)
        except (OSError, ssl.SSLError):
            said = b""
        finally:
            line.close()
        end = time.monotonic() + 5
        while found.coordinator.refused == before and time.monotonic() < end:
            time.sleep(0.01)
        return found.coordinator.refused > before, said.decode("latin-1")

    return run


IN_JOB: dict[str, Callable[[Any, str], None]] = {
    "a vector of an old round": lambda link, canary: _lay(link, -1, bytes(24)),
    "a vector of a later round": lambda link, canary: _lay(link, 5, bytes(24)),
    "a vector of a round too many": lambda link, canary: _lay(link, 100, bytes(24)),
    "a vector that is too long": lambda link, canary: _lay(link, 0, bytes(WORD * 1100)),
    "a vector of a broken length": lambda link, canary: _lay(link, 0, bytes(25)),
    "a vector of another job": lambda link, canary: _lay(link, 0, bytes(24), tag=7),
    "a message out of turn": lambda link, canary: _send(link, Kind.MESSAGE, b"{}", 9),
    "a message of 20 MB": lambda link, canary: _send(link, Kind.MESSAGE, bytes(2 * 10**7), 0),
    "a decision in the middle": lambda link, canary: _send(link, Kind.DECISION, b"{}", 0),
    "a job in the middle": lambda link, canary: _send(link, Kind.SUBMIT, canary.encode(), 0),
    "a report of another form": lambda link, canary: _send(link, Kind.DONE, b'{"run": 1}', 0),
    "a hello that is none": lambda link, canary: link.exchange(canary.encode() * 0 + b"{}"),
}


def _lay(link: Any, number: int, data: bytes, tag: int | None = None) -> None:
    channel = link.channel
    line, own = channel.line, channel.tag if tag is None else tag
    line.ask(Kind.VECTOR, data, due=Kind.TOTAL, tag=own, number=number % 2**63)


def _send(link: Any, kind: Kind, data: bytes, number: int) -> None:
    channel = link.channel
    channel.line.ask(kind, data, due=Kind.MESSAGES, tag=channel.tag, number=number)


def _honest(link: Any) -> None:
    total = link.open()
    for _ in range(3):
        total(np.ones(4))


def _in_job(send: Callable[[Any, str], None]) -> Callable[..., tuple[bool, str]]:
    def run(found: World, trap: Path, canary: str) -> tuple[bool, str]:
        return _played(found, lambda link: (send(link, canary), _honest(link)))

    return run


def _played(found: World, play: Callable[[Any], Any], everybody: bool = False) -> tuple[bool, str]:
    """A job in which the west misbehaves; refused when the job is over without a model."""
    for name, one in found.players.items():
        one.play = play if name == "west" or everybody else _honest
    state = found.submit()
    return state.step in ("failed", "refused") and not state.done, state.why


# Updates ----------------------------------------------------------------------------------------


def _sums(vector: Callable[[int], Any]) -> Callable[[Any], None]:
    def play(link: Any) -> None:
        total = link.open()
        for number in range(3):
            total(np.asarray(vector(number), dtype=np.float64))

    return play


def _twice(link: Any) -> None:
    total = link.open()
    total(np.ones(4))
    total.rounds = 0  # a mask that was used
    total(np.ones(4))


def many(link: Any) -> None:
    """All sites would go on after the last round of the manifest."""
    total = link.open()
    for _ in range(101):
        total(np.ones(4))


UPDATES: dict[str, Callable[[Any], None]] = {
    "NaN": _sums(lambda number: [np.nan] * 4), "infinity": _sums(lambda number: [np.inf] * 4),
    "minus infinity in the last": _sums(lambda number: [1, 1, 1, -np.inf if number else 1]),
    "one million times too large for fixed point": _sums(lambda number: [1e6 * 1e12] * 4),
    "1e300": _sums(lambda number: [1e300] * 4),
    "a longer vector than the others'": _sums(lambda number: np.ones(5)),
    "a shorter vector": _sums(lambda number: np.ones(3)),
    "an empty vector": _sums(lambda number: []),
    "another session": lambda link: _other(link),
    "a mask used twice": _twice,
    "more rounds than were asked for": many,
}  # fmt: skip


def _other(link: Any) -> None:
    link.open(b"other")(np.ones(4))


def _updated(play: Callable[[Any], Any]) -> Callable[..., tuple[bool, str]]:
    def run(found: World, trap: Path, canary: str) -> tuple[bool, str]:
        return _played(found, play, everybody=play is many)

    return run
