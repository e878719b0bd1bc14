"""Opening files that strangers wrote: only regular files, never outside the folder, never a bomb.

Every importer opens its input through ``safe_open``; nothing here looks at the content beyond
compression and encoding marks.
"""

from __future__ import annotations

import gzip
import io
import os
import stat
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from nof1.core.errors import InputError

GZIP_MARK = b"\x1f\x8b"
DEFAULT_LIMIT = 200 * 2**30  # bytes after decompression, one file
BOMB_RATIO = 300  # honest tables stay far below; deflate can reach about 1,030
BOMB_FLOOR = 64 * 2**20  # below this size no ratio is suspicious
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
UTF8_MARK = b"\xef\xbb\xbf"


class _Counted(io.RawIOBase):
    """A decompressed stream that stops at a size limit and turns damage into an InputError."""

    def __init__(
        self, stream: BinaryIO | gzip.GzipFile, raw: BinaryIO, where: str, limit: int
    ) -> None:
        self._stream, self._raw, self._where, self._limit = stream, raw, where, limit
        self._packed = stream is not raw
        # what a damaged file still gives is handed out before the damage is reported
        self._next = stream.read1 if isinstance(stream, gzip.GzipFile) else stream.read
        self._seen = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        try:
            block = self._next(size)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise InputError(
                "The compressed file is damaged or ends too early.",
                where=self._where,
                next_step="Copy or export the file again; nothing was imported.",
            ) from error
        except OSError as error:
            raise _unreadable(error, self._where) from error
        self._seen += len(block)
        self._refuse_bomb()
        return block

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        block = self.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)

    def _refuse_bomb(self) -> None:
        if self._seen > self._limit:
            raise InputError(
                f"The file is larger than {self._limit:,} bytes after decompression.",
                where=self._where,
                allowed=f"at most {self._limit:,} bytes",
                next_step="Split the file, or raise the setting `limit_bytes`.",
            )
        ratio = self._seen / max(self._raw.tell(), 1)
        if self._packed and self._seen > BOMB_FLOOR and ratio > BOMB_RATIO:
            raise InputError(
                f"The file grows more than {BOMB_RATIO} times when decompressed.",
                where=self._where,
                allowed=f"a ratio of at most {BOMB_RATIO}",
                next_step="If you trust this file, decompress it yourself and import that.",
            )

    def close(self) -> None:
        self._stream.close()
        self._raw.close()
        super().close()


def inside(path: Path, root: Path) -> bool:
    """Does the path, links followed, stay inside ``root`` (a folder, or the file itself)?"""
    real, base = path.resolve(), root.resolve()
    return real == base or base in real.parents


def require_regular(path: Path, root: Path | None = None) -> None:
    """Refuse links that lead out of ``root``, and devices, pipes and sockets.

    Raises
    ------
    InputError : the path is missing, leads elsewhere, or is no regular file.
    """
    if root is not None and not inside(path, root):
        raise InputError(
            "A link leads out of the imported folder.",
            where=path.name,
            next_step="Copy the file into the folder, or name it on the command line.",
        )
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise _unreadable(error, path.name) from error
    if not stat.S_ISREG(mode):
        raise InputError("This is no regular file.", where=path.name, allowed="regular files")


def _unreadable(error: OSError, where: str) -> InputError:
    return InputError(
        f"The file cannot be read: {error.strerror}.",
        where=where,
        next_step="Check the path, and that you are allowed to read the file.",
    )


def safe_open(
    path: Path, *, root: Path | None = None, limit: int = DEFAULT_LIMIT
) -> io.BufferedReader:
    """Open a plain or gzip file for reading bytes, decompressed on the way.

    Parameters
    ----------
    path : the file; gzip is recognised by its first bytes, not by its name.
    root : folder that the path, links followed, must not leave.
    limit : most bytes to hand out.

    Raises
    ------
    InputError : at once for no regular file; while reading, for a damaged or exploding one.
    """
    require_regular(path, root)
    try:
        raw: BinaryIO = open(path, "rb")  # noqa: SIM115 - the returned stream closes it
        packed = raw.read(2) == GZIP_MARK
        raw.seek(0)
    except OSError as error:
        raise _unreadable(error, path.name) from error
    stream = gzip.GzipFile(fileobj=raw) if packed else raw
    return io.BufferedReader(_Counted(stream, raw, path.name, limit), 1 << 20)


def first_bytes(path: Path, size: int = 65_536) -> bytes:
    """The beginning of a file, decompressed: as far as it can be read, perhaps nothing."""
    start = b""
    try:
        with safe_open(path) as stream:
            while len(start) < size and (block := stream.read1(size - len(start))):
                start += block
    except InputError:
        pass
    return start


def files_below(root: Path) -> Iterator[Path]:
    """Regular files below a folder in a stable order; hidden ones and links outside left out.

    A file is its own only entry.
    """
    if root.is_file():
        yield root
        return
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in sorted(files):
            path = Path(folder, name)
            if not name.startswith(".") and path.is_file() and inside(path, root):
                yield path


def passed_over(root: Path) -> Counter[str]:
    """Why things below a folder are not looked at, and how many; hidden ones are not counted."""
    found: Counter[str] = Counter()
    for folder, names, files in os.walk(root, onerror=lambda _: found.update([_CLOSED])):
        names[:] = sorted(name for name in names if not name.startswith("."))
        links = [Path(folder, name) for name in names if Path(folder, name).is_symlink()]
        for path in (*links, *(Path(folder, n) for n in files if not n.startswith("."))):
            if path.is_symlink() and not inside(path, root):
                found["link that leads out of the folder: not followed"] += 1
            elif path.is_symlink() and path.is_dir():
                found["link to a folder: not followed"] += 1
            elif not path.is_file():
                found["pipe, device or broken link: not read"] += 1
    return found


_CLOSED = "folder that may not be opened: not read"


def relative_name(path: Path, root: Path) -> str:
    """How a source file is called in the record: relative to what was imported, with '/'.

    >>> relative_name(Path("in/labs/a.csv"), Path("in"))
    'labs/a.csv'
    >>> relative_name(Path("in/a.csv"), Path("in/a.csv"))
    'a.csv'
    """
    return path.name if path == root else path.relative_to(root).as_posix()
