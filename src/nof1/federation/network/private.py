"""Files that only their owner may read: keys, kits."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from nof1.core.errors import InputError, WorkspaceError

OTHERS = 0o077


def write(path: Path, data: bytes) -> Path:
    """Write a file that only its owner may read (0600), whole or not at all.

    Others may write the same file meanwhile: each writes beside it under a name of its own.

    Raises
    ------
    WorkspaceError : it cannot be written here.
    """
    return _written(path, data, again=True)


def once(path: Path, data: bytes, next_step: str) -> bytes:
    """Write a private file when there is none; returns what stands there, by whoever was first.

    Raises
    ------
    WorkspaceError : it cannot be written. InputError : others on this machine may read it.
    """
    if not path.exists():
        _written(path, data, again=False)
    return read(path, next_step)


def _written(path: Path, data: bytes, again: bool) -> Path:
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        with os.fdopen(os.open(part, flags, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if again:
            part.replace(path)
        else:
            with suppress(FileExistsError):  # somebody was first: that file counts
                os.link(part, path)
            part.unlink()
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise WorkspaceError(
            f"A private file cannot be written: {error.strerror}.", where=str(path)
        ) from None
    return path


def read(path: Path, next_step: str) -> bytes:
    """A file that only its owner may read.

    Raises
    ------
    WorkspaceError : it is not there. InputError : others on this machine may read it too.
    """
    try:
        mode, data = path.stat().st_mode, path.read_bytes()
    except OSError as error:
        raise WorkspaceError(
            f"A file of the federation cannot be read: {error.strerror}.",
            where=str(path),
            next_step=next_step,
        ) from None
    if mode & OTHERS:
        raise InputError(
            "A private file can be read by others on this machine.",
            where=str(path),
            allowed="mode 0600",
            next_step=f"Run: chmod 600 {path}",
        )
    return data
