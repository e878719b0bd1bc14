"""Decoded arrays kept in a folder, so that a compressed picture is decoded once.

An entry is named by the SHA-256 of the file's bytes and the version of this reader; it is written
to the side and renamed, and carries a hash of its own content, so that a damaged entry is ignored
and made again. The oldest used entries go when the folder grows beyond its size. An entry holds the
stored numbers of a patient's picture, without any header: keep the folder as safe as the pictures.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from nof1.imaging.reading.description import Decoded

VERSION = 1  # goes up when decoding gives other numbers
SUFFIX = ".nof1pixels"
DIGEST = 32
MOST_BYTES = 4 * 2**30


class Cache:
    """A folder of decoded arrays, at most ``most_bytes`` large."""

    def __init__(self, folder: str | Path, most_bytes: int = MOST_BYTES) -> None:
        self.folder = Path(folder)
        self.most_bytes = most_bytes
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def get(self, sha256: str) -> tuple[NDArray[Any], tuple[str, ...]] | None:
        """The array and notes of a file with these bytes, or None."""
        path = self._path(sha256)
        try:
            content = path.read_bytes()
            os.utime(path)  # used just now: it goes last
        except OSError:
            return None
        return _unpack(content)

    def put(self, sha256: str, pixels: NDArray[Any], notes: tuple[str, ...]) -> None:
        """Keep an array. A full disk or a folder that cannot be written costs only the cache."""
        content = _pack(pixels, notes)
        if content is None or len(content) > self.most_bytes:
            return
        try:
            self._make_room(len(content))
            self._write(self._path(sha256), content)
        except OSError:
            return

    def _path(self, sha256: str) -> Path:
        return self.folder / f"{sha256}-{VERSION}{SUFFIX}"

    def _write(self, path: Path, content: bytes) -> None:
        handle, name = tempfile.mkstemp(dir=self.folder, suffix=".part")  # mode 0600
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
            os.replace(name, path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise

    def _make_room(self, size: int) -> None:
        entries = [(e.stat(), e) for e in self.folder.iterdir() if e.suffix in (SUFFIX, ".part")]
        total = sum(state.st_size for state, _ in entries) + size
        for state, entry in sorted(entries, key=lambda pair: pair[0].st_mtime):
            if total <= self.most_bytes:
                return
            entry.unlink(missing_ok=True)
            total -= state.st_size


def _pack(pixels: NDArray[Any], notes: tuple[str, ...]) -> bytes | None:
    code = pixels.dtype.str.lstrip("|").removeprefix("<" if pixels.dtype.itemsize == 1 else "")
    about = {"dtype": code, "shape": pixels.shape, "notes": notes}
    text = msgspec.json.encode(about)
    body = len(text).to_bytes(4, "little") + text + np.ascontiguousarray(pixels).tobytes()
    return hashlib.sha256(body).digest() + body


def _unpack(content: bytes) -> tuple[NDArray[Any], tuple[str, ...]] | None:
    body = memoryview(content)[DIGEST:]
    if hashlib.sha256(body).digest() != content[:DIGEST]:
        return None
    size = int.from_bytes(body[:4], "little")
    try:
        about = msgspec.json.decode(body[4 : 4 + size], type=Decoded)
        pixels = np.frombuffer(body[4 + size :], dtype=np.dtype(about.dtype)).reshape(about.shape)
    except (msgspec.MsgspecError, ValueError):
        return None
    return pixels, about.notes
