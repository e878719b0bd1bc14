"""A sealed workspace open in memory for the length of one command, and sealed again afterwards.

Two processes hold it: the one that runs the command, and a guard in a session of its own. Dies the
first (also by SIGKILL), the guard ends the command, seals the changes back and wipes the memory.
Die both, the open copy stays in memory, is named by ``nof1 doctor`` and by the next session, and
``recover`` seals it back or throws it away. A machine that stops loses what was not sealed back;
the note in the lock file is how that is told.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nof1.core import audit
from nof1.core.errors import Nof1Error, UsageError, WorkspaceError
from nof1.core.sealing import checkpoint, disk, folder, processes, ram, vault
from nof1.core.sealing.manifest import CHECKPOINT, CLOSED
from nof1.core.sealing.ram import Copy
from nof1.core.sealing.vault import Vault
from nof1.core.workspace import OPENED, SETTINGS_FILE

DONE = b"."
MOST_NOTE = 4096


@dataclass(frozen=True)
class Closed:
    """How a session ended: exit code of the command, generation in force, files encrypted anew."""

    code: int
    generation: int
    written: int


def run(
    sealed: Vault,
    command: Sequence[str],
    lock: int,
    *,
    where: Path = ram.DEFAULT,
    swap_is_encrypted: bool = False,
    every: float | None = None,
    tell: folder.Tell = folder.quiet,
    warn: folder.Tell = folder.quiet,
) -> Closed:
    """Open a sealed workspace in memory, run a command on it, seal its changes back, wipe.

    Parameters
    ----------
    lock : descriptor from ``disk.held``; the guard shares it.
    command : program and arguments; ``nof1`` is this nof1.
    every : seconds between checkpoints, which seal changes back while the command runs.
    tell, warn : get what is being done, and what a person must know.

    Raises
    ------
    UsageError : ``where`` is no memory or could be swapped, or the program cannot be started.
    WorkspaceError : something was left over, a file does not hold, memory is short, or the changes
        cannot be sealed back. In the last case they stay in memory and the error says so.
    """
    folder.refuse_plain(sealed)
    refuse_left_over(sealed, lock, where)
    sealed.tidy()
    with contextlib.suppress(ValueError, OSError):
        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (0, hard))  # a crash must not write memory to disk
    now = sealed.manifest
    copy, held = ram.make(now.size, now.workspace.hex(), sealed.root, now.generation, where,
                          swap_is_encrypted=swap_is_encrypted)  # fmt: skip
    guard = _Guard(sealed, copy, lock, warn)
    try:
        _note(lock, copy)
        tell("Open")
        _open(sealed, copy, _program(command))
        with _Signals() as signals:
            running = _Running(command, copy, guard.pid, signals, warn)
            code = running.wait(every, lambda: checkpoint.take(sealed, copy, warn))
            tell("Seal changes back")
            generation, written = close(sealed, copy)
    finally:
        if not copy.ready:  # it never opened, or it is sealed back: nothing in it is needed
            if copy.folder.exists():
                ram.wipe(copy)
            _note(lock, None)
        guard.dismiss()
        os.close(held)
    return Closed(code, generation, written)


def _open(sealed: Vault, copy: Copy, program: str) -> None:
    try:
        folder.extract(sealed, copy.files, durable=False)
        audit.append(copy.files / "audit", "privacy.with", by=sealed.by, program=program)
        (copy.folder / ram.READY).touch()
    except OSError as error:
        raise disk.unusable(error, copy.folder) from None


def close(sealed: Vault, copy: Copy) -> tuple[int, int]:
    """Seal back what changed in an open copy, then wipe it; generation in force, files written.

    Raises
    ------
    WorkspaceError : it cannot be sealed back. The copy stays as it is.
    """
    try:
        found = disk.tree(copy.files)
    except WorkspaceError as error:
        raise _kept(f"{error.message} ({error.where})") from None
    if not any(one.path == SETTINGS_FILE for one in found.files):
        raise _kept(f"The command has deleted {SETTINGS_FILE}; such a workspace is not sealed.")
    _follow(sealed, copy, found)
    before = sealed.manifest.generation
    try:
        written = checkpoint.seal_tree(sealed, copy.files, found, CLOSED, copy.folder.name)
    except OSError as error:
        raise _kept(f"The changes cannot be sealed back: {error.strerror}.") from None
    finally:
        if sealed.manifest.generation > before:  # also when only the anchor failed
            ram.wipe(copy)
    if copy.folder.exists():
        ram.wipe(copy)
    return sealed.manifest.generation, written


def left_over(sealed: Vault, lock: int, where: Path = ram.DEFAULT) -> list[Copy]:
    """Open copies of this workspace that a killed session left; unfinished ones are wiped."""
    about = noted(lock)
    places = {where, ram.DEFAULT, *([Path(about["folder"]).parent] if about else [])}
    found = [one for place in sorted(places) for one in ram.left_over(place)]
    mine = [one for one in found if one.workspace in ("", sealed.head.workspace.hex())]
    for one in mine:
        if not one.ready:
            ram.wipe(one)
            if about and about["folder"] == str(one.folder):
                _note(lock, None)
    return [one for one in mine if one.ready]


def refuse_left_over(sealed: Vault, lock: int, where: Path = ram.DEFAULT) -> None:
    """Nothing new begins while the changes of a killed session are undecided.

    Raises
    ------
    WorkspaceError : an open copy was left in memory, or a session ended without a word.
    """
    next_step = "Run: nof1 privacy recover with the same key (or with --discard)."
    if left_over(sealed, lock, where):
        raise WorkspaceError(
            "A session was killed; its open copy is still in memory, perhaps with changes.",
            where=str(sealed.root),
            next_step=next_step,
        )
    about, last = noted(lock), sealed.manifest.last
    ended = (last.get("action"), last.get("session"))
    if about and ended == (CLOSED, Path(about["folder"]).name):
        _note(lock, None)  # killed between its last two steps
    elif about:
        since = "its last checkpoint" if ended[0] == CHECKPOINT else "then"
        raise WorkspaceError(
            f"A session on the machine {about['host']}, opened {about['since']}, was not closed. "
            f"If that machine was restarted, what the session changed since {since} is lost.",
            where=str(sealed.root),
            next_step=next_step,
        )


def recover(sealed: Vault, lock: int, *, discard: bool, where: Path = ram.DEFAULT) -> Closed | None:
    """Seal back the copy that a killed session left, or throw it away; None: there was none.

    Raises
    ------
    WorkspaceError : the copy is not on this machine, or another session came in between.
    """
    found = left_over(sealed, lock, where)
    closed = None
    for copy in found:
        _refuse_running(copy)
        if discard:
            ram.wipe(copy)
        else:
            closed = Closed(0, *close(sealed, copy))
    if not found and not discard:
        refuse_left_over(sealed, lock, where)
    _note(lock, None)
    return closed


def noted(lock: int) -> dict[str, Any] | None:
    """What the lock file says of a session that was not closed; None when all were."""
    try:
        about = json.loads(os.pread(lock, MOST_NOTE, 0))
        return about if {"folder", "host", "since", "generation"} <= set(about) else None
    except (ValueError, TypeError):
        return None


class _Guard:
    """The second process: it acts when the first one dies."""

    def __init__(self, sealed: Vault, copy: Copy, lock: int, warn: folder.Tell) -> None:
        reading, self._writing = os.pipe()
        first = os.getpid()
        self.pid = os.fork()
        if self.pid:
            os.close(reading)
            return
        try:
            os.close(self._writing)
            os.setsid()
            for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
                signal.signal(one, signal.SIG_IGN)
            if os.read(reading, 1) != DONE:
                _take_over(sealed, copy, lock, first, warn)
        finally:
            os._exit(0)

    def dismiss(self) -> None:
        """Nothing is left to do."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self._writing, DONE)
        os.close(self._writing)
        os.waitpid(self.pid, 0)


def _take_over(sealed: Vault, copy: Copy, lock: int, first: int, warn: folder.Tell) -> None:
    processes.end(copy.folder, _mark(copy), frozenset({first}))
    with contextlib.suppress(OSError):
        warn("The session was killed; its changes are being sealed back.")
    try:
        if copy.ready:
            close(sealed, copy)
        elif copy.folder.exists():
            ram.wipe(copy)
        _note(lock, None)
    except Nof1Error as error:
        with contextlib.suppress(OSError):
            warn(str(error))


class _Signals:
    """Ctrl-C is for the command; other signals are handed on to it; none ends the sealing back."""

    WANTED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.came: list[int] = []  # asked to stop

    def __enter__(self) -> _Signals:
        self._before = {one: signal.signal(one, self._on) for one in self.WANTED}
        return self

    def __exit__(self, *_: object) -> None:
        for one, handler in self._before.items():
            signal.signal(one, handler)

    def started(self, process: subprocess.Popen[bytes]) -> None:
        """Hand on what came before the command was there, too."""
        self.process = process
        for number in self.came:
            self._hand_on(number)

    def _on(self, number: int, frame: Any) -> None:
        self.came.append(number)
        self._hand_on(number)

    def _hand_on(self, number: int) -> None:
        if self.process is not None and number != signal.SIGINT:  # a terminal sends that one itself
            self.process.send_signal(number)


class _Running:
    """The command, and all that it started."""

    def __init__(
        self,
        command: Sequence[str],
        copy: Copy,
        guard: int,
        signals: _Signals,
        warn: folder.Tell,
    ) -> None:
        words = [sys.executable, "-m", "nof1"] if command[0] == "nof1" else [command[0]]
        scratch = str(copy.folder / ram.SCRATCH)
        names = ("TMPDIR", "TMP", "TEMP", "SQLITE_TMPDIR", "POLARS_TEMP_DIR")
        environment = {**os.environ, **dict.fromkeys(names, scratch), OPENED: str(copy.folder)}
        try:
            self.process = subprocess.Popen([*words, *command[1:]], env=environment)
        except OSError as error:
            (copy.folder / ram.READY).unlink()
            raise UsageError(
                f"The program cannot be started: {error.strerror}.", where=_program(command)
            ) from None
        signals.started(self.process)
        self.copy, self.apart, self.signals, self.warn = copy, frozenset({guard}), signals, warn

    def wait(self, every: float | None, work: Callable[[], object]) -> int:
        """Exit code, once everything has let go of the copy; ``work`` is done now and then."""
        code = None
        while code is None:
            try:
                code = self.process.wait(every)
            except subprocess.TimeoutExpired:
                work()
        came = self.signals.came
        came[:] = [one for one in came if one != signal.SIGINT]  # that was for the command
        said = False
        while processes.using(self.copy.folder, _mark(self.copy), apart=self.apart):
            if not said:
                self.warn("Programs that the command started still use the workspace: waiting.")
                said = True
            if came:
                processes.end(self.copy.folder, _mark(self.copy), self.apart)
            time.sleep(0.2)
        return code if code >= 0 else 128 - code


def _follow(sealed: Vault, copy: Copy, found: disk.Tree) -> None:
    """Make ``sealed`` what is in force now, when this copy comes after it.

    It does when the copy was opened from it, when this session's own checkpoint made it, and when
    both hold the same files.
    """
    try:
        now = vault.reopened(sealed)
    except WorkspaceError as error:
        raise _kept(error.message) from None
    mine = now.manifest.generation == copy.generation or (
        now.manifest.last.get("session") == copy.folder.name
    )
    if not mine:
        known = {one.path: (one.size, one.sha256) for one in now.manifest.files}
        here = {one.path: (one.size, folder.digest(copy.files / one.path)) for one in found.files}
        if known != here:
            raise _kept("Another generation was sealed since this copy was opened.")
    sealed.raw, sealed.head, sealed.manifest = now.raw, now.head, now.manifest


def _kept(message: str) -> WorkspaceError:
    return WorkspaceError(
        f"{message} The changes of the session are still in memory.",
        next_step="Mend the cause, then: nof1 privacy recover (--discard throws them away).",
    )


def _note(lock: int, copy: Copy | None) -> None:
    """Write into the lock file which session is open; nothing when it is closed."""
    os.ftruncate(lock, 0)
    if copy is not None:
        since = datetime.now(UTC).isoformat(timespec="seconds")
        about = {"folder": str(copy.folder), "host": socket.gethostname(), "since": since,
                 "generation": copy.generation}  # fmt: skip
        os.pwrite(lock, json.dumps(about).encode(), 0)
    os.fsync(lock)


def _refuse_running(copy: Copy) -> None:
    """Both processes of a session were killed, and its command was not."""
    users = processes.using(copy.folder, _mark(copy))
    if users:
        raise WorkspaceError(
            f"{len(users)} program(s) of the killed session still run on the open copy.",
            where="process " + ", ".join(map(str, users[:5])),
            next_step="End them, and do it again.",
        )


def _mark(copy: Copy) -> bytes:
    return f"{OPENED}={copy.folder}".encode()


def _program(command: Sequence[str]) -> str:
    """The program's name alone: its arguments can name a patient."""
    return os.path.basename(command[0])
