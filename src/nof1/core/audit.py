"""The append-only audit log: who asked what, of which model, when; never a patient's values.

One JSON line an entry, each with the SHA-256 of the one before: an entry that was changed,
removed or moved breaks the chain. A chain alone cannot show that everything after some point was
cut off and written anew; keep ``head()`` in a second place to see that as well.
"""

from __future__ import annotations

import fcntl
import getpass
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Any

from nof1.core.errors import WorkspaceError

FILE = "audit.jsonl"
START = "0" * 64


@dataclass(frozen=True)
class Verdict:
    """What ``verify`` found: entries that hold, and the first line that does not (or None)."""

    entries: int
    broken_line: int | None
    head: str

    @property
    def intact(self) -> bool:
        """True when every entry holds."""
        return self.broken_line is None


def append(folder: Path, action: str, **details: Any) -> str:
    """Add one entry and return its hash, the new head of the chain.

    ``details`` name models, tasks, files and counts. Give a patient by ``pseudonym``, never by
    name, date or value.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / FILE) as file:
        entry = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "user": _user(),
            "action": action,
            "details": details,
            "previous": _last_hash(file),
        }
        line = _line(entry)
        _add(file, line)
    return json.loads(line)["hash"]  # type: ignore[no-any-return]


def entries(folder: Path) -> Iterator[dict[str, Any]]:
    """All entries, oldest first."""
    path = folder / FILE
    if path.exists():
        with path.open("rb") as file:
            for line in file:
                yield json.loads(line)


def verify(folder: Path) -> Verdict:
    """Check the whole chain; stops at the first entry that does not hold."""
    path, previous, count = folder / FILE, START, 0
    if not path.exists():
        return Verdict(0, None, START)
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not _holds(line, previous):
                return Verdict(count, number, previous)
            previous, count = json.loads(line)["hash"], number
    return Verdict(count, None, previous)


def head(folder: Path) -> str:
    """Hash of the last entry: the anchor to keep in a second place."""
    return verify(folder).head


def holds(folder: Path, count: int, hash: str) -> bool:
    """Whether the log once ended with this hash: it is that of entry ``count``."""
    if count == 0:
        return hash == START
    found = (entry for number, entry in enumerate(entries(folder), 1) if number == count)
    return any(entry.get("hash") == hash for entry in found)


def pseudonym(folder: Path, subject_id: int) -> str:
    """A patient's name in the log: stable here, meaningless elsewhere (keyed hash)."""
    folder.mkdir(parents=True, exist_ok=True)
    key = _pseudonym_key(folder / "pseudonym.key")
    return hashlib.blake2b(str(subject_id).encode(), key=key, digest_size=8).hexdigest()


def _pseudonym_key(path: Path) -> bytes:
    """32 secret bytes; a new file appears whole or not at all, and none is ever replaced."""
    if not path.exists():
        new = path.with_name(f".{path.name}.{os.getpid()}")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(32))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another process was first: its key counts
            os.link(new, path)
        new.unlink()
    key = path.read_bytes()
    if len(key) != 32 or path.stat().st_mode & 0o077:
        raise WorkspaceError(
            "The key of the patients' pseudonyms is damaged, or others may read it.",
            where=path.name,
            allowed="32 bytes, only for the owner (mode 0600)",
            next_step=f"Run in the audit folder: chmod 600 {path.name}; or put it back from a "
            "backup.",
        )
    return key


def _line(entry: dict[str, Any]) -> bytes:
    text = json.dumps(entry, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return (json.dumps({**entry, "hash": digest}, sort_keys=True) + "\n").encode()


def _holds(line: bytes, previous: str) -> bool:
    try:
        entry = json.loads(line)
        entry.pop("hash")
    except (ValueError, KeyError, AttributeError):
        return False
    return bool(entry.get("previous") == previous and _line(entry) == line)


def _add(file: FileIO, line: bytes) -> None:
    """The whole line or nothing: half an entry, left by a full disk, would end the chain."""
    end, left = file.seek(0, os.SEEK_END), memoryview(line)
    try:
        while left:
            left = left[file.write(left) :]
        os.fsync(file.fileno())
    except BaseException:
        file.truncate(end)
        raise


def _last_hash(file: FileIO) -> str:
    size = file.seek(0, os.SEEK_END)
    if size == 0:
        return START
    reach = 4096
    while True:
        file.seek(max(0, size - reach))
        lines = file.read().splitlines()
        if len(lines) > 1 or reach >= size:
            return _hash_of(lines[-1])
        reach *= 2


def _hash_of(line: bytes) -> str:
    try:
        return str(json.loads(line)["hash"])
    except (ValueError, KeyError, TypeError):
        raise WorkspaceError(
            "The last entry of the audit log is damaged; nothing more is written to it.",
            where=FILE,
            next_step="Look at it with: nof1 audit verify. Then move the file away.",
        ) from None


@contextmanager
def _locked(path: Path) -> Iterator[FileIO]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with FileIO(descriptor, "r+b") as file:  # unbuffered: nothing is written behind our back
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"
