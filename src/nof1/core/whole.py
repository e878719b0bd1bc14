"""Files that a person asked for: written whole, or not there at all.

They are made in a folder beside their place and moved there when the work has ended well, so that
a full disk, Ctrl-C or an error leaves neither half a file nor a damaged older one.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nof1.core.errors import UsageError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Where to write ``path`` meanwhile: a file of the same name in a folder beside it.

    All files of that folder move to ``path``'s own folder at the end, older ones are replaced; a
    missing folder is made. What is no plain file, such as a pipe, is written to directly.

    Raises
    ------
    UsageError : the file cannot be written; nothing was left behind.
    """
    stage: Path | None = None
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            yield path
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=".nof1-", dir=path.parent))
        yield stage / path.name
        for made in sorted(stage.iterdir()):
            os.replace(made, _target(path.parent / made.name))
    except OSError as error:
        raise unwritable(error, path) from None
    finally:
        if stage is not None:
            shutil.rmtree(stage, ignore_errors=True)


def _target(path: Path) -> Path:
    """The file behind a link: the link stays, and what it leads to is replaced."""
    return path.resolve() if path.is_symlink() else path


def write_whole(path: Path, content: str | bytes) -> Path:
    """Write a text (UTF-8) or bytes to ``path``; gives the path back.

    Raises
    ------
    UsageError : the file cannot be written; an older one is as it was.
    """
    with whole_file(path) as there:
        there.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def unwritable(error: OSError, path: Path) -> UsageError:
    """The error of a file that cannot be written: the system's reason and the file's name."""
    reason = error.strerror or "the disk is full, or the file would be too large"
    return UsageError(
        f"The file cannot be written: {reason}.",
        where=path.name,
        next_step="Free disk space, or name a place where you may write.",
    )
