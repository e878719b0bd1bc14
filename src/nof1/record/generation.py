"""Generations of the record: a new one is built aside and put in place in a single step.

    record/CURRENT      the name of the generation in use
    record/<n>/         a generation, itself a MEDS 0.4 dataset folder
    record/LOCK         held (flock) by the one import that may run
    record/.staging/    a generation being built; left over by a killed import, deleted by the next

The previous generation stays until the next import, so that running readers do not break.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nof1.core.errors import WorkspaceError

CURRENT = "CURRENT"
LOCK = "LOCK"
STAGING = ".staging"


def current(root: Path) -> Path | None:
    """Folder of the generation in use; None when nothing was imported yet.

    Raises
    ------
    WorkspaceError : CURRENT names a generation that is not there, or cannot be read.
    """
    try:
        name = (root / CURRENT).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise _damaged(root) from error
    except OSError as error:  # it may be whole: nobody should throw it away for a missing right
        raise WorkspaceError(
            f"The record cannot be read: {error.strerror}.",
            where=str(root),
            next_step="Ask for the right to read this folder.",
        ) from error
    folder = root / name
    if not name.isdigit() or not folder.is_dir():
        raise _damaged(root)
    return folder


def _damaged(root: Path) -> WorkspaceError:
    return WorkspaceError(
        "The record is damaged: CURRENT names no generation.",
        where=str(root / CURRENT),
        next_step="Restore the folder from a backup, or delete it and import again.",
    )


def unwritable(error: OSError, root: Path) -> WorkspaceError:
    """The error of an import that could not write; the record is as it was."""
    reason = error.strerror or "the disk is full, or the file would be too large"
    return WorkspaceError(
        f"The import cannot be written: {reason}. The record is as it was before.",
        where=str(root),
        next_step="Free disk space, or ask for the right to write there, and import again.",
    )


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Hold the record for one import; the lock dies with the process.

    Raises
    ------
    WorkspaceError : another import holds it, or the folder cannot be written.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        handle = open(root / LOCK, "w", encoding="ascii")  # noqa: SIM115 - closed below
    except OSError as error:
        raise unwritable(error, root) from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise WorkspaceError(
                "Another import into this workspace is running.",
                where=str(root),
                next_step="Wait until it has ended, then import again.",
            ) from error
        yield


def stage(root: Path) -> Path:
    """An empty staging folder; what killed imports left behind is deleted first."""
    _tidy(root)
    staging = root / STAGING
    staging.mkdir()
    return staging


def discard(root: Path) -> None:
    """Delete the staging folder, if there is one."""
    shutil.rmtree(root / STAGING, ignore_errors=True)


def publish(root: Path, built: Path) -> Path:
    """Make the folder ``built`` the generation in use; keep the one before, delete older ones."""
    before = current(root)
    target = root / str(max(_numbers(root), default=0) + 1)
    sync_below(built)
    os.rename(built, target)
    _sync(root)
    temporary = root / f"{CURRENT}.new"
    with open(temporary, "w", encoding="ascii") as handle:
        handle.write(target.name)
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(temporary, root / CURRENT)
    _sync(root)
    for number in _numbers(root):
        if str(number) not in (target.name, before.name if before else ""):
            shutil.rmtree(root / str(number))
    return target


def link_or_copy(source: Path, target: Path) -> None:
    """The same file under a second name; a copy where the file system has no hard links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def sync_below(folder: Path) -> None:
    """Force every file and folder below to the disk."""
    for place, _, files in os.walk(folder):
        for name in files:
            _sync(Path(place, name))
        _sync(Path(place))


def _tidy(root: Path) -> None:
    """Delete staging folders and generations that were built but never came into use."""
    discard(root)
    in_use = current(root)
    newest = int(in_use.name) if in_use else 0
    for number in _numbers(root):
        if number > newest:
            shutil.rmtree(root / str(number))


def _numbers(root: Path) -> list[int]:
    return sorted(int(path.name) for path in root.iterdir() if path.name.isdigit())


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
