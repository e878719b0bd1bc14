"""The secret that pseudonyms and date shifts come from, kept in a file apart from the data.

Whoever has the key can check a guess ("is this record number that pseudonym?") and undo the shift
of a guessed patient, so the file is readable by its owner only. Pseudonyms are HMAC-SHA256 (RFC
2104) under keys derived for one purpose each: one purpose says nothing about another.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from nof1.core.errors import InputError, UsageError
from nof1.core.private_file import make_private

HEADER = "nof1-privacy-key-1"
BYTES = 32
LONGEST_SHIFT = 730  # days; always backwards, so that no date lies in the future
LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")
NEXT = "Make one with: nof1 privacy key FILE"


@dataclass(frozen=True)
class Key:
    """A secret of 32 bytes, and what is derived from it. It never shows itself."""

    secret: bytes = field(repr=False)

    def digest(self, purpose: str, value: str) -> bytes:
        """32 bytes for a value, under the key of one purpose."""
        inner = hmac.digest(self.secret, f"nof1/{purpose}".encode(), hashlib.sha256)
        return hmac.digest(inner, value.encode("utf-8", "surrogatepass"), hashlib.sha256)

    def letters(self, purpose: str, value: str, size: int = 24) -> str:
        """A pseudonym of letters a to p, four bits each: no digit that looks like a number."""
        return self.digest(purpose, value).hex()[:size].translate(LETTERS)

    def number(self, purpose: str, value: str) -> int:
        """A positive whole number below 2^53, which every program can hold."""
        return int.from_bytes(self.digest(purpose, value)[:8], "big") >> 11 or 1

    def uuid(self, value: str) -> str:
        """A pseudonym in the form of a random UUID (RFC 4122, version 4)."""
        text = self.digest("id", value).hex()
        variant = "89ab"[int(text[16], 16) % 4]
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:32]}"

    def uid(self, value: str) -> str:
        """A DICOM UID below 2.25, the root for UIDs made from UUIDs (PS3.5 annex B.2)."""
        return f"2.25.{int(self.uuid('uid ' + value).replace('-', ''), 16)}"

    def days(self, subject: str) -> int:
        """The shift of one patient's dates in days: -730 to -1, the same at every run."""
        draw = int.from_bytes(self.digest("shift", subject)[:8], "big")
        return -1 - draw % LONGEST_SHIFT


def make_key(path: Path) -> Key:
    """Write a new key file that only its owner can read.

    Raises
    ------
    UsageError : the file exists already (a key is never replaced), or cannot be written.
    """
    key = Key(secrets.token_bytes(BYTES))
    try:
        make_private(path, f"{HEADER}\n{key.secret.hex()}\n".encode("ascii"))
    except FileExistsError:
        raise UsageError(
            "There is a file already; a key is never replaced.",
            where="key file",
            next_step="Name another file, or use the key that is there.",
        ) from None
    except OSError as error:
        raise UsageError(
            f"The key cannot be written: {error.strerror}.", where="key file"
        ) from None
    return key


def read_key(path: Path) -> Key:
    """Read a key file.

    Raises
    ------
    InputError : it is missing, no key file, or others than its owner may read it.
    """
    try:
        found = path.stat()
        lines = path.read_text(encoding="ascii").split() if found.st_size < 1000 else []
    except (OSError, ValueError):
        raise InputError("There is no key file here.", where="key file", next_step=NEXT) from None
    if os.name == "posix" and found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise InputError(
            "Others may read the key file.",
            where="key file",
            allowed="only the owner (mode 0600)",
            next_step="Run: chmod 600 FILE; if somebody may have read it, make a new key.",
        )
    try:
        secret = bytes.fromhex(lines[1]) if len(lines) == 2 and lines[0] == HEADER else b""
    except ValueError:
        secret = b""
    if len(secret) != BYTES:
        raise InputError("This is no key file of nof1.", where="key file", next_step=NEXT)
    return Key(secret)


def refuse_inside(path: Path, *folders: Path) -> None:
    """A secret must not lie beside the data that it protects.

    Raises
    ------
    UsageError : the path lies inside one of the folders.
    """
    real = path.resolve()
    for folder in folders:
        base = folder.resolve()
        if base == real or base in real.parents:
            raise UsageError(
                "Key and mapping must be kept apart from the data.",
                where=path.name,
                allowed="a path outside the input and outside the output",
            )
