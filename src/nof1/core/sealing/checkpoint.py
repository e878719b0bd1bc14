"""A session's changes sealed back while its command still runs, so that a power cut loses little.

What is sealed is one state of all files, not a mixture: the files are linked aside in one sweep,
databases (SQLite) are copied by their own backup, the log is copied under its lock, and when any
other file changed during the sweep the checkpoint is left for the next time.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sqlite3
from pathlib import Path

from nof1.core import audit
from nof1.core.errors import Nof1Error
from nof1.core.sealing import disk, folder, ram
from nof1.core.sealing.disk import Found, Tree
from nof1.core.sealing.manifest import CHECKPOINT
from nof1.core.sealing.ram import Copy
from nof1.core.sealing.vault import Vault
from nof1.core.workspace import SETTINGS_FILE

LOG = f"audit/{audit.FILE}"
SQLITE = b"SQLite format 3\0"
BESIDE = ("-wal", "-shm", "-journal")
ASIDE = "aside"


def take(sealed: Vault, copy: Copy, warn: folder.Tell = folder.quiet) -> bool:
    """Seal the present state of an open copy; False, with a warning, when it could not be."""
    aside = copy.folder / ram.SCRATCH / ASIDE
    try:
        disk.remove_tree(aside)
        if not _swept(copy.files, aside):
            warn("No checkpoint: files were being written. The next one will be tried.")
            return False
        found = disk.tree(aside)
        seal_tree(sealed, aside, found, CHECKPOINT, copy.folder.name)
        return True
    except (Nof1Error, OSError, sqlite3.Error) as error:
        why = getattr(error, "message", None) or getattr(error, "strerror", None)
        warn(f"No checkpoint: {why or type(error).__name__}")
        return False
    finally:
        with contextlib.suppress(OSError):
            disk.remove_tree(aside)


def seal_tree(sealed: Vault, root: Path, found: Tree, action: str, session: str) -> int:
    """Put the files below ``root`` in force, when they differ; how many were encrypted.

    Raises
    ------
    WorkspaceError, OSError : they could not be written, or not be read back.
    """
    files, new = folder.collected(sealed, root, found, sealed.manifest)
    sealed.verify(new)
    changed = (files, found.folders) != (sealed.manifest.files, sealed.manifest.folders)
    if changed or action != CHECKPOINT:
        changes = {"files": files, "folders": found.folders}
        sealed.commit(sealed.manifest.next(action, sealed.by, session=session, **changes))
    return len(new)


def _swept(root: Path, aside: Path) -> bool:
    """Put one state of all files aside; whether it is one."""
    before = disk.tree(root)
    if not any(one.path == SETTINGS_FILE for one in before.files):
        return False  # the command is taking the workspace apart
    databases = {one.path for one in before.files if _is_database(root / one.path)}
    apart = {LOG, *databases, *(f"{path}{end}" for path in databases for end in BESIDE)}
    aside.mkdir(mode=0o700)
    for inside, mode in before.folders:
        (aside / inside).mkdir(mode=0o700)
        (aside / inside).chmod(mode | 0o700)
    for one in before.files:
        target = aside / one.path
        if one.path in databases:
            _back_up(root / one.path, target)
        elif one.path == LOG:
            _copy_log(root / one.path, target)
        elif one.path not in apart:
            os.link(root / one.path, target)
            continue
        else:
            continue
        target.chmod(one.mode)
        os.utime(target, ns=(one.mtime_ns, one.mtime_ns))
    return _steady(before, apart) == _steady(disk.tree(root), apart)


def _steady(found: Tree, apart: set[str]) -> tuple[list[str], list[Found]]:
    files = [one for one in found.files if one.path not in apart]
    return [path for path, _ in found.folders], files


def _is_database(path: Path) -> bool:
    with contextlib.suppress(OSError), open(path, "rb") as file:
        return file.read(len(SQLITE)) == SQLITE
    return False


def _back_up(path: Path, target: Path) -> None:
    """SQLite's own copy of a database: one state, also while others write."""
    with (
        contextlib.closing(sqlite3.connect(path, timeout=30)) as source,
        contextlib.closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy)


def _copy_log(path: Path, target: Path) -> None:
    with open(path, "rb") as source, open(target, "wb") as copy:
        fcntl.flock(source, fcntl.LOCK_SH)
        shutil.copyfileobj(source, copy)
