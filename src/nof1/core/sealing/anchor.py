"""The anchor: what a key's owner saw last, kept beside the key and not beside the data.

A sealed folder proves that it is whole, but not that it is the newest: an older copy of all of it
is whole too. So each opening notes workspace, generation and head in ``KEYFILE.anchor``, and an
older, another or an unsealed one is refused from then on. Without an anchor (a passphrase that is
typed) this cannot be seen, and nof1 says so.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nof1.core.errors import InputError, WorkspaceError
from nof1.core.sealing import disk

FORMAT = "nof1-anchor-1"


@dataclass(frozen=True)
class Sight:
    """A workspace as it was seen: generation, fingerprint of its identity, hash of its head."""

    workspace: bytes
    generation: int
    identity: bytes
    head: bytes

    def row(self, state: str) -> dict[str, Any]:
        """The form in the file: hashes only, nothing that opens anything."""
        mark = hashlib.sha256(b"nof1 anchor 1" + self.identity).hexdigest()
        head = hashlib.sha256(self.head).hexdigest()
        return {"generation": self.generation, "identity": mark, "head": head, "state": state}


def beside(key: Path) -> Path:
    """The anchor of a key file."""
    return key.with_name(f"{key.name}.anchor")


def check(path: Path | None, sight: Sight) -> None:
    """Compare with what was seen before.

    Raises
    ------
    WorkspaceError : it is older, was unsealed, went another way, or is another one.
    """
    known = _read(path).get(sight.workspace.hex()) if path else None
    if known is None:
        return
    now = sight.row("sealed")
    if known["state"] != "sealed":
        raise _refused("This workspace was unsealed, and an old sealed copy stands in its place.")
    if now["identity"] != known["identity"]:
        raise _refused(
            "This is not what was sealed here, or a recipient was removed or all was rotated.",
            "Ask your colleagues. Did one of them do so? Then move the anchor file away.",
        )
    if now["generation"] < known["generation"]:
        raise _refused(
            f"An older copy was put back: generation {now['generation']}, "
            f"and {known['generation']} was seen before."
        )
    if now["generation"] == known["generation"] and now["head"] != known["head"]:
        raise _refused("The workspace was changed in two places at once: this is another branch.")


def note(path: Path | None, sight: Sight, state: str = "sealed") -> None:
    """Remember a sight; ``state`` is ``sealed`` or ``unsealed``.

    Raises
    ------
    WorkspaceError : the anchor cannot be written.
    """
    if path is None:
        return
    seen = _read(path)
    row = sight.row(state)
    if seen.get(sight.workspace.hex()) == row:
        return
    seen[sight.workspace.hex()] = row
    text = json.dumps({"format": FORMAT, "workspaces": seen}, indent=1, sort_keys=True)
    try:
        disk.write(path, text.encode() + b"\n")
    except OSError as error:
        raise WorkspaceError(
            f"The anchor cannot be written: {error.strerror}.",
            where=path.name,
            next_step="Name another place with --anchor, outside the workspace.",
        ) from None


def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        if path.exists() and not path.is_file():
            raise ValueError  # a device or a folder would be replaced by the file
        data = json.loads(path.read_bytes()) if path.exists() else None
        if data is None:
            return {}
        found = data["workspaces"]
        good = data["format"] == FORMAT and all(
            set(row) == {"generation", "identity", "head", "state"} for row in found.values()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        good = False
    if not good:
        raise InputError(
            "The anchor is damaged.",
            where=path.name,
            next_step="Put it back from a backup; moving it away gives up what it knows.",
        )
    return dict(found)


def _refused(message: str, next_step: str | None = None) -> WorkspaceError:
    return WorkspaceError(
        message,
        where="the anchor beside the key (or --anchor)",
        next_step=next_step
        or "Put the newest copy back. Is this one meant? Then move the anchor file away.",
    )
