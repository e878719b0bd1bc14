"""Who can open a sealed workspace: key files and passphrases.

Both are X25519 key pairs (RFC 7748), so that a workspace can be sealed for a person whose secret is
not on this machine, and sealed anew for everybody by any one of them. A key file holds the secret
half, and ``FILE.pub`` beside it the public half, which may be sent by mail. A passphrase encrypts
the secret half, under a key from scrypt (RFC 7914).
"""

from __future__ import annotations

import os
import stat
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from nof1.core.errors import InputError, UsageError
from nof1.core.private_file import make_private

SECRET, PUBLIC = "nof1-sealing-key-1", "nof1-sealing-public-1"
BYTES = 32
SHORTEST = 15  # characters; NIST SP 800-63B-4, section 3.1.1: a passphrase that stands alone
NEXT = "Make one with: nof1 privacy seal-key FILE"


@dataclass(frozen=True)
class KeyFile:
    """The secret half of a key pair; it never shows itself."""

    secret: bytes = field(repr=False)

    @property
    def public(self) -> bytes:
        """The public half, 32 bytes."""
        return X25519PrivateKey.from_private_bytes(self.secret).public_key().public_bytes_raw()


@dataclass(frozen=True)
class Passphrase:
    """Words that open a workspace; they never show themselves."""

    words: bytes = field(repr=False)


Opener = KeyFile | Passphrase


def passphrase(text: str, *, new: bool = False) -> Passphrase:
    """A passphrase as bytes: Unicode form NFC, UTF-8, without the line end.

    Raises
    ------
    UsageError : it is empty, or a ``new`` one is shorter than 15 characters.
    """
    words = unicodedata.normalize("NFC", text.rstrip("\r\n"))
    if not words or (new and len(words) < SHORTEST):
        raise UsageError(
            "The passphrase is too short.",
            where="passphrase",
            allowed=f"{SHORTEST} characters or more; five random words are good",
        )
    return Passphrase(words.encode("utf-8"))


def make_key(path: Path) -> KeyFile:
    """Write a new key file for its owner only, and its public half as ``FILE.pub``.

    Raises
    ------
    UsageError : a file is there already (a key is never replaced), or it cannot be written.
    """
    key = KeyFile(os.urandom(BYTES))
    public = path.with_name(path.name + ".pub")
    _write(path, f"{SECRET}\n{key.secret.hex()}\n", 0o600)
    try:
        _write(public, f"{PUBLIC}\n{key.public.hex()}\n", 0o644)
    except UsageError:
        path.unlink()
        raise
    return key


def read_key(path: Path) -> KeyFile:
    """Read a key file.

    Raises
    ------
    InputError : it is missing, no key file, or others than its owner may read it.
    """
    return KeyFile(_read(private(path, "key file"), SECRET, "key file"))


def read_public(path: Path) -> bytes:
    """The public half in a ``.pub`` file.

    Raises
    ------
    InputError : it is missing or no such file.
    """
    return _read(_text(path, "public key"), PUBLIC, "public key")


def private(path: Path, what: str) -> str:
    """The text of a secret file that only its owner can read.

    Raises
    ------
    InputError : it is missing, or others may read it.
    """
    text = _text(path, what)
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise InputError(
            f"Others may read the {what}.",
            where=what,
            allowed="only the owner (mode 0600)",
            next_step=f"Run: chmod 600 {path.name}; if somebody may have read it, rotate.",
        )
    return text


def refuse_inside(path: Path, folder: Path) -> None:
    """A key must not lie in the workspace that it opens.

    Raises
    ------
    UsageError : the path lies inside the folder.
    """
    if path.resolve().is_relative_to(folder.resolve()):
        raise UsageError(
            "A key must not lie in the workspace that it opens.",
            where=path.name,
            allowed="a path outside the workspace, best on another medium",
        )


def _write(path: Path, text: str, mode: int) -> None:
    try:
        make_private(path, text.encode("ascii"), mode)
    except FileExistsError:
        raise UsageError(
            "There is a file already; a key is never replaced.",
            where=path.name,
            next_step="Name another file, or use the key that is there.",
        ) from None
    except OSError as error:
        raise UsageError(f"The key cannot be written: {error.strerror}.", where=path.name) from None


def _text(path: Path, what: str) -> str:
    try:
        return path.read_text(encoding="utf-8") if path.stat().st_size < 10_000 else ""
    except (OSError, ValueError):
        raise InputError(f"There is no {what} here.", where=what, next_step=NEXT) from None


def _read(text: str, header: str, what: str) -> bytes:
    lines = text.split()
    try:
        found = bytes.fromhex(lines[1]) if len(lines) == 2 and lines[0] == header else b""
    except ValueError:
        found = b""
    if len(found) != BYTES:
        raise InputError(f"This is no {what} of nof1.", where=what, next_step=NEXT)
    return found
