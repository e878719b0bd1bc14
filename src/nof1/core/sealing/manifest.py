"""The manifest: what every encrypted file is, in one encrypted file of its own.

It holds names, exact lengths, times and the data key of each file. Because it is authenticated as
a whole, and names every object once, no file can be added, dropped, swapped or put back alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from nof1.core.errors import WorkspaceError
from nof1.core.sealing.disk import RESERVED, parents

FORMAT = "nof1-manifest-1"
REMEMBERED = 1000  # entries of the history
CHECKPOINT, CLOSED = "checkpoint", "with"  # what a session did


@dataclass(frozen=True)
class Entry:
    """A file: path below the workspace, its object (16 bytes), data key (32) and state."""

    path: str
    object: bytes
    key: bytes = field(repr=False)
    size: int
    mode: int
    mtime_ns: int
    sha256: bytes = field(repr=False)


@dataclass(frozen=True)
class Manifest:
    """One generation of a sealed workspace.

    ``identity`` (32 secret bytes) is what an anchor knows the workspace by; it changes when
    somebody loses access. Two paths may name one object: they were one file with two names.
    """

    workspace: bytes
    generation: int
    identity: bytes = field(repr=False)
    folders: tuple[tuple[str, int], ...] = ()
    files: tuple[Entry, ...] = ()
    history: tuple[Mapping[str, Any], ...] = ()

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(one.size for one in self.files)

    @property
    def objects(self) -> dict[bytes, Entry]:
        """One entry for each object."""
        return {one.object: one for one in self.files}

    @property
    def last(self) -> Mapping[str, Any]:
        """The newest line of the history."""
        return self.history[-1] if self.history else {}

    def next(self, action: str, by: str, *, session: str = "", **changes: Any) -> Manifest:
        """The generation after this one, with a line of history.

        A session's checkpoint is remembered until the same session adds another line.
        """
        line = {
            "generation": self.generation + 1,
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "action": action,
            "by": by,
            "session": session,
        }
        again = (self.last.get("action"), self.last.get("session")) == (CHECKPOINT, session)
        history = (*(self.history[:-1] if again else self.history), line)[-REMEMBERED:]
        return replace(self, generation=self.generation + 1, history=history, **changes)


def to_bytes(manifest: Manifest) -> bytes:
    """The manifest as JSON."""
    data = {
        "format": FORMAT,
        "workspace": manifest.workspace.hex(),
        "generation": manifest.generation,
        "identity": manifest.identity.hex(),
        "folders": manifest.folders,
        "files": [
            [f.path, f.object.hex(), f.key.hex(), f.size, f.mode, f.mtime_ns, f.sha256.hex()]
            for f in manifest.files
        ],
        "history": manifest.history,
    }
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def from_bytes(data: bytes) -> Manifest:
    """Read what ``to_bytes`` wrote; zeros of the padding behind it do not matter.

    Raises
    ------
    WorkspaceError : it is no manifest, or a path in it would lead out of the workspace.
    """
    try:
        found = json.loads(data.rstrip(b"\0"))
        if found["format"] != FORMAT:
            raise ValueError
        manifest = Manifest(
            bytes.fromhex(found["workspace"]),
            int(found["generation"]),
            bytes.fromhex(found["identity"]),
            tuple((str(path), int(mode)) for path, mode in found["folders"]),
            tuple(_entry(*row) for row in found["files"]),
            tuple(found["history"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        raise WorkspaceError(
            "The manifest of the sealed workspace cannot be read.",
            next_step="Use the nof1 that sealed it.",
        ) from None
    _check(manifest)
    return manifest


def _entry(
    path: str, name: str, key: str, size: int, mode: int, mtime_ns: int, sha256: str
) -> Entry:
    secret, digest = bytes.fromhex(key), bytes.fromhex(sha256)
    return Entry(path, bytes.fromhex(name), secret, int(size), int(mode), int(mtime_ns), digest)


def _check(manifest: Manifest) -> None:
    """Paths stay inside, none twice, and each folder is named: also from one who had a key."""
    folders = {path for path, _ in manifest.folders}
    paths = [*folders, *(one.path for one in manifest.files)]
    good = len(set(paths)) == len(manifest.folders) + len(manifest.files)
    if not good or not all(map(_inside, paths)) or not parents(paths) <= folders:
        raise WorkspaceError("The manifest names files that no workspace can have.")


def _inside(path: str) -> bool:
    parts = PurePosixPath(path).parts
    plain = "/".join(parts) == path and "\0" not in path and not path.startswith("/")
    return bool(parts) and plain and ".." not in parts and parts[0] not in RESERVED
