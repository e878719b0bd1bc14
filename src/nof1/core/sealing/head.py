"""The head ``nof1.sealed``: readable text that names the recipients and the manifest in force.

It makes a folder a sealed workspace, and replacing it in one step is what puts a new generation in
force. All of it is authenticated (HMAC-SHA256) under the workspace's key that it wraps, so that
nobody without a key can add a recipient, lower a cost or point to another manifest.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from nof1.core.errors import UsageError, WorkspaceError
from nof1.core.sealing import recipients as people
from nof1.core.sealing.keys import Opener
from nof1.core.sealing.recipients import Lock, Recipient, Wrapped
from nof1.core.workspace import SEALED_FILE

FORMAT = "nof1-sealed-1"
MOST = 32  # recipients
LARGEST = 100_000  # bytes
NAMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Head:
    """Workspace (16 bytes), generation (from 1), object of the manifest (16), who can open it."""

    workspace: bytes
    generation: int
    manifest: bytes
    recipients: tuple[tuple[Recipient, Wrapped], ...]

    @property
    def names(self) -> list[str]:
        """Names of the recipients."""
        return [recipient.name for recipient, _ in self.recipients]


def made(
    workspace: bytes, generation: int, manifest: bytes, who: list[Recipient], key: bytes
) -> Head:
    """A head whose key is wrapped anew for everybody.

    Raises
    ------
    UsageError : nobody, too many, or two with one name or one key.
    """
    check_together(who)
    wrapped = tuple((one, people.wrap(key, one, workspace)) for one in who)
    return Head(workspace, generation, manifest, wrapped)


def check_together(who: list[Recipient]) -> None:
    """Refuse recipients that cannot stand in one head.

    Raises
    ------
    UsageError : nobody, too many, or two with one name or one key.
    """
    names, keys = {one.name for one in who}, {one.public for one in who}
    if not 1 <= len(who) <= MOST or len(names) < len(who) or len(keys) < len(who):
        raise UsageError(
            "These recipients cannot be used together.",
            where="recipients",
            allowed=f"1 to {MOST}, each with a name and a key of its own",
        )


def named(name: str) -> str:
    """The name, when it can be one: letters, digits, ``.``, ``_``, ``-``.

    Raises
    ------
    UsageError : it cannot.
    """
    if not NAMED.fullmatch(name):
        raise UsageError(
            "This is no name for a recipient.",
            where="recipient",
            allowed="1 to 64 letters (a to z), digits, '.', '_' or '-'",
        )
    return name


def to_bytes(head: Head, key: bytes) -> bytes:
    """The file's bytes."""
    body = _body(head)
    return json.dumps({**body, "mac": _mac(body, key).finalize().hex()}, indent=1).encode() + b"\n"


def read(root: Path) -> tuple[Head, bytes]:
    """The head of a sealed folder, not authenticated yet, and the file's bytes.

    Raises
    ------
    WorkspaceError : there is none, or it is damaged.
    """
    path = root / SEALED_FILE
    try:
        raw = path.read_bytes() if path.stat().st_size <= LARGEST else b""
    except OSError:
        raise WorkspaceError(
            f"This workspace is not sealed: no {SEALED_FILE}.",
            where=str(root),
            next_step=f"Seal it: nof1 privacy seal --workspace {root} --key FILE",
        ) from None
    try:
        return _parsed(json.loads(raw)), raw
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _damaged(root) from None


def opened(head: Head, raw: bytes, opener: Opener, root: Path) -> tuple[bytes, str]:
    """The workspace's key and the name of the recipient that ``opener`` is.

    Raises
    ------
    WorkspaceError : it opens nothing here, or the head was changed.
    """
    for recipient, wrapped in head.recipients:
        key = people.unwrap(wrapped, recipient, opener, head.workspace)
        if key is not None:
            check(raw, key, root)
            return key, recipient.name
    raise WorkspaceError(
        "This key or passphrase does not open the workspace (or its head was changed).",
        where=str(root),
        allowed=head.names,
        next_step="Use the key or passphrase of one of these recipients.",
    )


def check(raw: bytes, key: bytes, root: Path) -> None:
    """Authenticate the head's bytes.

    Raises
    ------
    WorkspaceError : they were changed.
    """
    body = json.loads(raw)
    mac = bytes.fromhex(body.pop("mac"))
    try:
        _mac(body, key).verify(mac)
    except InvalidSignature:
        raise _damaged(root) from None


def _mac(body: dict[str, Any], key: bytes) -> HMAC:
    secret = HKDF(hashes.SHA256(), 32, None, b"nof1-sealed-1 head").derive(key)
    mac = HMAC(secret, hashes.SHA256())
    mac.update(json.dumps(body, sort_keys=True, separators=(",", ":")).encode())
    return mac


def _body(head: Head) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "workspace": head.workspace.hex(),
        "generation": head.generation,
        "manifest": head.manifest.hex(),
        "recipients": [_row(one, wrapped) for one, wrapped in head.recipients],
    }


def _row(one: Recipient, wrapped: Wrapped) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": one.name,
        "public": one.public.hex(),
        "ephemeral": wrapped.ephemeral.hex(),
        "wrapped": wrapped.sealed.hex(),
    }
    if one.lock is not None:
        lock = one.lock
        row["scrypt"] = {"salt": lock.salt.hex(), "log2_n": lock.cost, "secret": lock.secret.hex()}
    return row


def _parsed(data: dict[str, Any]) -> Head:
    """Strict: every field there and nothing else, every length right."""
    if set(data) != {"format", "workspace", "generation", "manifest", "recipients", "mac"}:
        raise ValueError
    generation = data["generation"]
    if data["format"] != FORMAT or type(generation) is not int or generation < 1:
        raise ValueError
    _bytes(data["mac"], 32)
    found = tuple(_recipient(row) for row in data["recipients"])
    if not 1 <= len(found) <= MOST or len({one.name for one, _ in found}) < len(found):
        raise ValueError
    return Head(_bytes(data["workspace"], 16), generation, _bytes(data["manifest"], 16), found)


def _recipient(row: dict[str, Any]) -> tuple[Recipient, Wrapped]:
    if set(row) - {"scrypt"} != {"name", "public", "ephemeral", "wrapped"}:
        raise ValueError
    if not NAMED.fullmatch(row["name"]):
        raise ValueError
    lock = None
    if "scrypt" in row:
        found = row["scrypt"]
        cost = found["log2_n"]
        if set(found) != {"salt", "log2_n", "secret"} or type(cost) is not int:
            raise ValueError
        if cost not in people.COSTS:
            raise ValueError
        lock = Lock(_bytes(found["salt"], 16), cost, _bytes(found["secret"], 48))
    wrapped = Wrapped(_bytes(row["ephemeral"], 32), _bytes(row["wrapped"], 48))
    return Recipient(row["name"], _bytes(row["public"], 32), lock), wrapped


def _bytes(text: str, size: int) -> bytes:
    found = bytes.fromhex(text)
    if len(found) != size or text != found.hex():
        raise ValueError
    return found


def _damaged(root: Path) -> WorkspaceError:
    return WorkspaceError(
        "The head of the sealed workspace is damaged or was changed.",
        where=str(root / SEALED_FILE),
        next_step="Put the whole sealed folder back from a backup.",
    )
