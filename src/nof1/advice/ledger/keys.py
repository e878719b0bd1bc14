"""The keys of a ledger, in the workspace's ``audit/`` folder, readable by its owner only.

ledger.key       Ed25519 private key that signs the head (PEM); ``ledger.pub`` is its public half
ledger.seal      32 bytes: encrypts requests and answers (AES-256-GCM). Delete it, and all of them
                 are unreadable for ever, while the chain still holds
pseudonym.key    32 bytes: names patients, here and in the audit log (``nof1.core.audit``)
trusted/*.pub    public keys of other servers that write into the same database
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from nof1.core.errors import WorkspaceError

KEY, SEAL, PSEUDONYMS = "ledger.key", "ledger.seal", "pseudonym.key"
NONCE = 12
LARGEST = 64 << 20
TOKEN = re.compile(rb'("access_token"\s*:\s*")(?:[^"\\]|\\.)*(")')


@dataclass(frozen=True)
class Keys:
    """What signs, encrypts and names patients in one workspace."""

    signer: Ed25519PrivateKey
    name: str
    trusted: dict[str, Ed25519PublicKey]
    sealer: AESGCM
    pseudonyms: bytes

    def pseudonym(self, patient: str) -> str:
        """The patient's name in the ledger: stable here, meaningless elsewhere (keyed hash).

        For ``str(subject_id)`` it is the same as in the audit log (``nof1.core.audit.pseudonym``).
        """
        return hashlib.blake2b(patient.encode(), key=self.pseudonyms, digest_size=8).hexdigest()

    def seal(self, part: str, data: bytes) -> bytes:
        """``data`` compressed and encrypted; ``part`` says what it is and is protected with it."""
        nonce = os.urandom(NONCE)
        return nonce + self.sealer.encrypt(nonce, zlib.compress(data, 1), part.encode())

    def unseal(self, part: str, data: bytes) -> bytes | None:
        """The bytes again, or None when another key sealed them or they were changed."""
        try:
            packed = self.sealer.decrypt(data[:NONCE], data[NONCE:], part.encode())
        except (InvalidTag, ValueError):
            return None
        return zlib.decompressobj().decompress(packed, LARGEST)


def load(folder: Path, *, new: bool) -> Keys:
    """The keys of this audit folder; missing ones are made when the ledger is ``new``.

    Raises
    ------
    WorkspaceError : when a key is missing or damaged, or other users of the machine may read it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in () if new else (KEY, SEAL, PSEUDONYMS):
        if not (folder / name).exists():
            raise _damaged(folder / name)
    signer = _signer(_kept(folder / KEY, _new_signer), folder / KEY)
    public = signer.public_key()
    _publish(folder / "ledger.pub", public)
    seal = _kept(folder / SEAL, lambda: os.urandom(32))
    pseudonyms = _kept(folder / PSEUDONYMS, lambda: os.urandom(32))
    for name, data in ((SEAL, seal), (PSEUDONYMS, pseudonyms)):
        if len(data) != 32:
            raise _damaged(folder / name)
    others = [_public(path) for path in sorted((folder / "trusted").glob("*.pub"))]
    return Keys(
        signer=signer,
        name=fingerprint(public),
        trusted={fingerprint(key): key for key in (public, *others)},
        sealer=AESGCM(seal),
        pseudonyms=pseudonyms,
    )


def fingerprint(key: Ed25519PublicKey) -> str:
    """First 16 hex digits of the SHA-256 of the raw public key."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def without_token(request: bytes) -> bytes:
    """The request with its access token blanked: it opens a record system and is never kept.

    >>> without_token(b'{"access_token" : "secret"}')
    b'{"access_token" : ""}'
    """
    return TOKEN.sub(rb"\1\2", request) if b"access_token" in request else request


def _kept(path: Path, make: Callable[[], bytes]) -> bytes:
    """The file's bytes; a new file appears whole or not at all, also with two processes."""
    if not path.exists():
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(make())
                file.flush()
                os.fsync(file.fileno())
            os.link(name, path)
        except FileExistsError:
            pass  # the other process was first: its key counts
        finally:
            os.unlink(name)
    if path.stat().st_mode & 0o077:
        raise WorkspaceError(
            "Other users of this machine may read a key of the ledger.",
            where=path.name,
            next_step=f"Run in the audit folder: chmod 600 {path.name}",
        )
    return path.read_bytes()


def _new_signer() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _signer(data: bytes, path: Path) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(data, password=None)
    except (ValueError, TypeError):
        raise _damaged(path) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _damaged(path)
    return key


def _public(path: Path) -> Ed25519PublicKey:
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except ValueError:
        raise _damaged(path) from None
    if not isinstance(key, Ed25519PublicKey):
        raise _damaged(path)
    return key


def _publish(path: Path, key: Ed25519PublicKey) -> None:
    if not path.exists():
        text = key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        path.write_bytes(text)


def _damaged(path: Path) -> WorkspaceError:
    return WorkspaceError(
        "A key of the ledger is missing or damaged; nothing is written or checked with it.",
        where=path.name,
        allowed="an Ed25519 key (PEM), or 32 bytes for ledger.seal and pseudonym.key",
        next_step="Put the right file back from your backup; never replace it by a new one.",
    )
