"""One encrypted file: chunks of AES-256-GCM that can be neither cut, moved, swapped nor renamed.

    8 bytes   ``nof1-s-1``
    16        name of the object (random; its file is called by it, in hex)
    16        salt (random)
    32        commitment: only the right key gives these bytes
    then      chunks of 256 KiB, each with its 16-byte tag; the last one may be shorter

Key and commitment come from HKDF-SHA256 (RFC 5869) over the file's own data key, bound to the
workspace, the purpose and the object's name. The nonce of a chunk is its number (11 bytes) and one
byte that is 1 for the last chunk: the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizar
2015, "Online authenticated-encryption and its nonce-reuse misuse-resistance"). The content is
padded with zeros to one of few lengths (Padme: Nikitin et al. 2019, "Reducing metadata leakage from
encrypted files and communication with PURBs"), so that its exact length is not seen.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from nof1.core.errors import WorkspaceError

MAGIC = b"nof1-s-1"
NAME, SALT, COMMITMENT, TAG, KEY = 16, 16, 32, 16, 32
HEADER = len(MAGIC) + NAME + SALT + COMMITMENT
CHUNK = 256 << 10
MOST_CHUNKS = 1 << 32


class Readable(Protocol):
    """What bytes are read from."""

    def read(self, count: int, /) -> bytes:
        """Up to ``count`` bytes; none at the end."""
        ...


@dataclass(frozen=True)
class Place:
    """Where a stream belongs; the same bytes are refused at any other place."""

    workspace: bytes
    purpose: str
    name: bytes


@dataclass(frozen=True)
class Content:
    """Length and SHA-256 of what was read, without padding."""

    size: int
    sha256: bytes = field(repr=False)


def padme(size: int) -> int:
    """The length to which a content of ``size`` bytes is padded: at most 12 % more.

    >>> [padme(size) for size in (0, 1, 9, 1000, 1_000_000)]
    [0, 1, 10, 1024, 1015808]
    """
    if size < 2:
        return size
    exponent = size.bit_length() - 1
    mask = (1 << (exponent - exponent.bit_length())) - 1
    return (size + mask) & ~mask


def sealed_size(size: int, chunk: int = CHUNK) -> int:
    """Bytes on disk for a content of ``size`` bytes."""
    padded = padme(size)
    return HEADER + padded + TAG * max(1, -(-padded // chunk))


def encrypt(
    source: Readable,
    target: IO[bytes],
    key: bytes,
    place: Place,
    *,
    salt: bytes | None = None,
    chunk: int = CHUNK,
) -> Content:
    """Read ``source`` to its end and write it encrypted; memory stays at a few chunks.

    Parameters
    ----------
    key : 32 random bytes, used for this content alone.
    salt : 16 bytes, random when None; given by tests only.
    """
    salt = os.urandom(SALT) if salt is None else salt
    secret, commitment = _derived(key, place, salt)
    target.write(MAGIC + place.name + salt + commitment)
    cipher, padded = AESGCM(secret), _Padded(source)
    for number, block, last in _blocks(padded, chunk):
        target.write(cipher.encrypt(_nonce(number, last), block, None))
    return Content(padded.size, padded.hash.digest())


def decrypt(
    source: Readable,
    target: IO[bytes],
    key: bytes,
    place: Place,
    *,
    size: int | None = None,
    chunk: int = CHUNK,
) -> Content:
    """Write the content to ``target``, each chunk only after its tag was checked.

    What was written counts only when this returns: a stream that was cut short is known at its end.

    Parameters
    ----------
    size : bytes of the content without padding; None: all, padding included.

    Raises
    ------
    WorkspaceError : another key or place, or bytes were changed, cut off, moved or added.
    """
    digest, written = hashlib.sha256(), 0
    for plain in chunks(source, key, place, size=size, chunk=chunk):
        target.write(plain)
        digest.update(plain)
        written += len(plain)
    return Content(written, digest.digest())


def chunks(
    source: Readable, key: bytes, place: Place, *, size: int | None = None, chunk: int = CHUNK
) -> Iterator[bytes]:
    """The content piece by piece, as ``decrypt`` writes it; raises as it does."""
    cipher = AESGCM(_checked(_full(source, HEADER), key, place))
    total = 0
    for number, block, last in _blocks(source, chunk + TAG):
        try:
            plain = cipher.decrypt(_nonce(number, last), block, None)
        except (InvalidTag, ValueError):
            raise damaged(place, "it was changed, cut off or put together anew") from None
        if number and not plain:
            raise damaged(place, "it ends with an empty chunk")
        yield plain if size is None else plain[: max(0, size - total)]
        total += len(plain)
    if size is not None and total != padme(size):
        raise damaged(place, "it has another length than the manifest says")


def damaged(place: Place, why: str) -> WorkspaceError:
    """The refusal of one encrypted file; it names the object, never the file that it holds."""
    return WorkspaceError(
        f"An encrypted file is refused: {why}.",
        where=f"{place.purpose} {place.name.hex()}",
        next_step="Put the whole sealed folder back from a backup; never single files of it.",
    )


class Pieces:
    """Bytes that come piece by piece, readable like a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._left = pieces, b""

    def read(self, count: int) -> bytes:
        """Up to ``count`` bytes; none at the end."""
        while not self._left and (piece := next(self._pieces, None)) is not None:
            self._left = piece
        data, self._left = self._left[:count], self._left[count:]
        return data


class _Padded:
    """Reads a source, then as many zeros as Padme asks for; counts and hashes the content."""

    def __init__(self, source: Readable) -> None:
        self.source, self.size, self.hash = source, 0, hashlib.sha256()
        self.left: int | None = None

    def read(self, count: int) -> bytes:
        data = b""
        if self.left is None:
            data = _full(self.source, count)
            self.size += len(data)
            self.hash.update(data)
            if len(data) == count:
                return data
            self.left = padme(self.size) - self.size
        zeros = min(count - len(data), self.left)
        self.left -= zeros
        return data + bytes(zeros)


def _blocks(source: Readable, size: int) -> Iterator[tuple[int, bytes, bool]]:
    """Number, bytes and whether it is the last; there is always a last one, if need be empty."""
    block = _full(source, size)
    for number in range(MOST_CHUNKS):
        following = _full(source, size) if len(block) == size else b""
        yield number, block, not following
        if not following:
            return
        block = following
    raise WorkspaceError("A file is too large to be sealed.", allowed="up to 2^32 chunks")


def _full(source: Readable, size: int) -> bytes:
    """``size`` bytes, fewer only at the end of the source."""
    data = source.read(size)
    while data and len(data) < size and (more := source.read(size - len(data))):
        data += more
    return data


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _derived(key: bytes, place: Place, salt: bytes) -> tuple[bytes, bytes]:
    """Encryption key and commitment of one stream."""
    info = b"nof1-sealed-1 " + place.purpose.encode("ascii") + b"\0" + place.workspace + place.name
    out = HKDF(hashes.SHA256(), KEY + COMMITMENT, salt, info).derive(key)
    return out[:KEY], out[KEY:]


def _checked(header: bytes, key: bytes, place: Place) -> bytes:
    """The encryption key, when the header belongs to this place and this key."""
    if len(header) < HEADER or not header.startswith(MAGIC):
        raise damaged(place, "it is no encrypted file of nof1, or cut short")
    name, rest = header[len(MAGIC) :][:NAME], header[len(MAGIC) + NAME :]
    if name != place.name:
        raise damaged(place, "it holds another object: files were swapped or renamed")
    secret, commitment = _derived(key, place, rest[:SALT])
    if not hmac.compare_digest(commitment, rest[SALT:]):
        raise damaged(place, "its key is another one, or its header was changed")
    return secret
