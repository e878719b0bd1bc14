"""The signature on an egress file: Ed25519 over its canonical bytes (RFC 8032).

The key is the site's identity key where the workspace takes part in a federation, so that the other
sites can check it against their roster. Elsewhere a key is made once and kept in the workspace.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from nof1.core.errors import InputError, WorkspaceError

CONTEXT = b"nof1 egress 1\0"
SCHEMA = "nof1/federation-egress/1"
SITE_KEY = Path("federation") / "identity.key"
OWN_KEY = Path("federation") / "egress.key"
PRIVATE_MODE = 0o600
OTHERS = 0o077
LARGEST = 64 * 2**20  # bytes of an egress file


@dataclass(frozen=True)
class Signer:
    """A key and where it comes from: ``site`` (its identity) or ``workspace`` (made here)."""

    key: Ed25519PrivateKey
    kind: str

    @property
    def public(self) -> str:
        """The public key, hexadecimal."""
        return self.key.public_key().public_bytes_raw().hex()


def signer(root: Path) -> Signer:
    """The key of a workspace; made with mode 600 when there is none.

    Raises
    ------
    WorkspaceError : the key is damaged, or others on this machine can read it.
    """
    if (root / SITE_KEY).exists():
        return Signer(_read(root / SITE_KEY), "site")
    path = root / OWN_KEY
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = Ed25519PrivateKey.generate().private_bytes_raw().hex().encode()
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_MODE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(made)
    return Signer(_read(path), "workspace")


def _read(path: Path) -> Ed25519PrivateKey:
    if path.stat().st_mode & OTHERS:
        raise WorkspaceError(
            "Others on this machine can read the signing key.",
            where=str(path),
            allowed="mode 600",
            next_step=f"chmod 600 {path}; make a new key if somebody may have read it.",
        )
    try:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text().strip()))
    except ValueError:
        raise WorkspaceError("The signing key is damaged.", where=str(path)) from None


def canonical(pack: Mapping[str, Any]) -> bytes:
    """The bytes that are signed: the pack without its signature, keys sorted, ASCII, no spaces."""
    plain = {name: value for name, value in pack.items() if name != "signature"}
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def signed(pack: Mapping[str, Any], by: Signer) -> dict[str, Any]:
    """The pack with its signature."""
    signature = by.key.sign(CONTEXT + canonical(pack)).hex()
    return {
        **pack,
        "signature": {
            "algorithm": "Ed25519",
            "public_key": by.public,
            "key": by.kind,
            "value": signature,
        },
    }


def read(path: Path) -> dict[str, Any]:
    """A pack from its file, whatever its signature.

    Raises
    ------
    InputError : no such file, too large, or not an egress file.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise InputError("The file is too large.", where=path.name, allowed="64 MiB")
        pack = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        raise InputError(
            "The file cannot be read as an egress file.",
            where=str(path),
            next_step="Make one: nof1 federation egress MODEL --out FILE",
        ) from None
    if not isinstance(pack, dict) or pack.get("schema") != SCHEMA:
        raise InputError("The file is no egress file.", where=path.name, allowed=SCHEMA)
    return pack


def holds(pack: Mapping[str, Any], public: str | None = None) -> bool:
    """Whether the signature fits the content, and (when given) is by this public key."""
    found = pack.get("signature")
    try:
        assert isinstance(found, Mapping)
        key = str(found["public_key"])
        if found.get("algorithm") != "Ed25519" or (public is not None and key != public):
            return False
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(
            bytes.fromhex(str(found["value"])), CONTEXT + canonical(pack)
        )
    except (AssertionError, KeyError, ValueError, InvalidSignature):
        return False
    return True
