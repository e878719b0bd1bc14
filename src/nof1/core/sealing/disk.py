"""Steps on a disk that a crash cannot leave half done, and what lies in a folder.

Everything that sealing does to a disk goes through here: a file is written and flushed before
anything points to it, and one rename puts it in force.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nof1.core.errors import WorkspaceError
from nof1.core.workspace import SEALED_FILE

OBJECTS = "sealed"  # folder of the encrypted files
LOCK = ".nof1-lock"  # held while a sealed workspace is open or is being changed
STAGE = ".unsealing"  # folder in which plain files appear before they are put in place
RESERVED = frozenset({SEALED_FILE, f"{SEALED_FILE}.part", OBJECTS, LOCK, STAGE})


@dataclass(frozen=True)
class Found:
    """A file in a folder: path below it (with ``/``) and what identifies its state."""

    path: str
    size: int
    mode: int
    mtime_ns: int
    inode: tuple[int, int]


@dataclass(frozen=True)
class Tree:
    """Folders (path, mode) and files below a folder, sorted by path."""

    folders: tuple[tuple[str, int], ...]
    files: tuple[Found, ...]


def tree(root: Path) -> Tree:
    """All files and folders of a workspace but those of the sealing itself.

    Raises
    ------
    WorkspaceError : a link or a special file, a name that is not UTF-8, an unreadable folder.
    """
    folders: list[tuple[str, int]] = []
    files: list[Found] = []
    waiting = [""]
    try:
        while waiting:
            inside = waiting.pop()
            for entry in os.scandir(root / inside):
                if not inside and entry.name in RESERVED:
                    continue
                path = f"{inside}/{entry.name}" if inside else entry.name
                found = entry.stat(follow_symlinks=False)
                mode = stat.S_IMODE(found.st_mode) & 0o777
                if stat.S_ISDIR(found.st_mode):
                    folders.append((_utf8(path), mode))
                    waiting.append(path)
                elif stat.S_ISREG(found.st_mode):
                    inode = (found.st_dev, found.st_ino)
                    one = Found(_utf8(path), found.st_size, mode, found.st_mtime_ns, inode)
                    files.append(one)
                else:
                    raise _special(path)
    except OSError as error:
        raise unusable(error, root) from None
    return Tree(tuple(sorted(folders)), tuple(sorted(files, key=lambda one: one.path)))


def write(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Replace a file in one step; it is on disk when this returns."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
    flush(path.parent)


def flush(folder: Path) -> None:
    """The names in a folder are on disk when this returns."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_tree(folder: Path) -> None:
    """Delete a folder of our own, if it is there; a link in its place is an error."""
    if folder.exists() or folder.is_symlink():
        shutil.rmtree(folder)


def room(folder: Path, needed: int, *, spare: int = 64 << 20) -> None:
    """Refuse before the work when the disk has too little space.

    Raises
    ------
    WorkspaceError : fewer than ``needed + spare`` bytes are free.
    """
    free = shutil.disk_usage(folder).free
    if free < needed + spare:
        raise WorkspaceError(
            f"There is too little space: {(needed + spare) / 2**20:,.0f} MiB are needed, "
            f"{free / 2**20:,.0f} MiB are free.",
            where=str(folder),
            next_step="Free space there; nothing was changed.",
        )


def unusable(error: OSError, root: Path) -> WorkspaceError:
    """The refusal when the operating system refuses; it names no file of the workspace."""
    return WorkspaceError(
        f"The workspace cannot be read or written: {error.strerror or type(error).__name__}.",
        where=str(root),
        next_step="Check its owner, its rights and the space on the disk, and do it again.",
    )


@contextmanager
def held(root: Path) -> Iterator[int]:
    """Hold a workspace's sealing alone; a child process that is forked shares it.

    Yields the lock's file descriptor.

    Raises
    ------
    WorkspaceError : it is open, or being sealed, unsealed or rotated by somebody else.
    """
    try:
        descriptor = _locked(root / LOCK)
    except OSError as error:
        raise unusable(error, root) from None
    if descriptor is None:
        raise WorkspaceError(
            "The workspace is open in another session, or is being sealed or unsealed.",
            where=str(root),
            next_step="Wait until that has ended. Is none running? Look with: nof1 doctor",
        )
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _locked(path: Path) -> int | None:
    """The lock, or None when somebody else has it; a lock file that was removed counts as none."""
    for _ in range(10):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(descriptor).st_ino == os.stat(path).st_ino:
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            return None
        except FileNotFoundError:
            pass
        os.close(descriptor)
    return None


def parents(paths: Sequence[str]) -> set[str]:
    """All folders above these paths."""
    return {path.rsplit("/", cut)[0] for path in paths for cut in range(1, path.count("/") + 1)}


def _utf8(path: str) -> str:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        raise WorkspaceError(
            "The name of a file in the workspace is not UTF-8.",
            where=ascii(path),
            next_step="Rename it.",
        ) from None
    return path


def _special(path: str) -> WorkspaceError:
    return WorkspaceError(
        "There is a link or a special file in the workspace; it cannot be sealed.",
        where=path,
        allowed="plain files and folders",
        next_step="Remove it, or replace it by what it points to.",
    )
