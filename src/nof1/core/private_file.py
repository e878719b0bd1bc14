"""Files that only their owner may read: accounts, learners, keys."""

from __future__ import annotations

import os
from pathlib import Path

from nof1.core.errors import WorkspaceError


def owned(path: Path, holds: str) -> None:
    """Make the file where there is none, for its owner alone; refuse one that others may read.

    ``holds`` completes the sentence "Other users of this machine may read ...".

    Raises
    ------
    OSError : it cannot be made or opened, or is a link.
    WorkspaceError : others may read it.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600))
    if path.stat().st_mode & 0o077:
        raise WorkspaceError(
            f"Other users of this machine may read {holds}.",
            where=f"{path.parent.name}/{path.name}",
            next_step=f"Run in the {path.parent.name} folder: chmod 600 {path.name}",
        )


def make_private(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a new file, whole or not at all; one that is there already is never replaced.

    Raises
    ------
    FileExistsError : there is a file, or a link.
    OSError : it cannot be written; nothing is left of it.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(path, flags, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)  # half a key would be taken for one
        raise
