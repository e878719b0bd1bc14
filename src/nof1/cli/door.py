"""What a command refused, written down in its workspace: the command, the place, which file.

A file is told by the SHA-256 of its content: its name may be a patient's, and so may its words. A
command that names no file, or that has no workspace, leaves nothing here; nor does one that ends
well. The log is opened after the answer is known, so nothing waits for it.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from nof1.core import audit
from nof1.core.errors import MissingExtra, Nof1Error, WorkspaceError
from nof1.core.workspace import open_workspace

DEEPEST = "nof1.deepest"
UNWRITTEN = "The refusal could not be written to the workspace's audit log."
ACTIONS = {0: "handed out", 1: "attention", 2: "refused"}
KEYS = frozenset(("privacy key", "privacy seal-key"))  # their argument is a key, never hashed
GIVEN_OUT = frozenset(("privacy deidentify",))  # written down when they end well, too
MOST_FILES, MOST_BYTES = 200, 256 * 2**20  # of which content is read for its hash
# Options that name a file which the command makes, or a key: neither is something that came in.
NOT_INPUT = frozenset((
    "workspace", "out", "page", "pdf", "keep", "table_file", "cache", "checkpoints", "readings",
    "sr", "seg", "masks", "overlay", "explain", "home", "project", "key", "key_file", "target",
    "certificate", "clients", "anchored", "models", "passphrase_file", "new_passphrase_file",
    "anchor_file", "oidc", "ram",
))  # fmt: skip


class Deepest(click.Context):
    """A context that the outermost one can find after the command has failed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.meta[DEEPEST] = self


def watch(command: click.Command) -> click.Command:
    """The same command, whose context (and that of its own commands) is found by ``noting``."""
    command.context_class = Deepest
    for inner in getattr(command, "commands", {}).values():
        watch(inner)
    return command


@contextmanager
def noting(outermost: click.Context) -> Iterator[None]:
    """A block of a command; when it refuses a file, the workspace's audit log says so.

    An end with code 1 (needs attention) is written down too, unless the command did so itself, and
    so is every end of a command that hands data out. A log that cannot be written is told once, as
    a note of the error; the answer stays the same.
    """
    start = time.time()
    try:
        yield
    except (click.ClickException, click.exceptions.Abort, BrokenPipeError, MissingExtra):
        raise  # a wrong option, a reader that has gone: no file was refused
    except click.exceptions.Exit as end:
        given_out = _words(outermost.meta.get(DEEPEST, outermost)) in GIVEN_OUT
        if (end.exit_code or given_out) and not _note(outermost, end.exit_code, None, start):
            click.echo(UNWRITTEN, err=True)
        raise
    except Exception as error:
        if not _note(outermost, 2, error, start):
            error.add_note(UNWRITTEN)
        raise


def _note(outermost: click.Context, code: int, error: Exception | None, start: float) -> bool:
    """Whether the log holds all that it should."""
    inner = outermost.meta.get(DEEPEST, outermost)
    files = _inputs(inner)
    found = _workspace(inner) if files else None
    if found is None or (code == 1 and _written(found, start)):
        return True
    details: dict[str, Any] = {"command": _words(inner), "code": code, "files": _told(files)}
    if error is not None:
        details |= {"error": type(error).__name__, "place": _place(error)}
    try:
        audit.append(found, ACTIONS.get(code, "refused"), **details)
    except (OSError, WorkspaceError):
        return False
    return True


def _workspace(context: click.Context) -> Path | None:
    """The audit folder of the named or the nearest workspace."""
    try:
        return open_workspace(context.params.get("workspace")).audit
    except (Nof1Error, OSError, TypeError):
        return None


def _written(folder: Path, start: float) -> bool:
    """Whether the command itself has written to the log."""
    try:
        return (folder / audit.FILE).stat().st_mtime >= start
    except OSError:
        return False


def _inputs(context: click.Context) -> list[Path]:
    """Files and folders that the command was given, as far as they exist; never one of a secret."""
    found: list[Any] = []
    if _words(context) in KEYS:
        return []
    for one in context.command.params:
        named = isinstance(one, click.Argument) or isinstance(one.type, click.Path)
        if named and one.name not in NOT_INPUT:
            value = context.params.get(one.name or "")
            found += [each for each in _several(value) if isinstance(each, str | os.PathLike)]
    return [path for path in map(Path, found) if _exists(path)]


def _several(value: Any) -> list[Any]:
    return list(value) if isinstance(value, tuple | list) else [value]


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name with a NUL, or too long for a name
        return False


def _words(context: click.Context) -> str:
    """The command as it was asked for, without its arguments: «genome call»."""
    names = []
    here: click.Context | None = context
    while here is not None and here.parent is not None:
        names.append(here.command.name or "")
        here = here.parent
    return " ".join(reversed(names))


def _place(error: Exception) -> str:
    """Where in nof1 it was refused: module and function, never a row or a value."""
    for frame, _ in reversed(list(traceback.walk_tb(error.__traceback__))):
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith("nof1."):
            return f"{module}.{frame.f_code.co_name}"
    return ""


def _told(paths: list[Path]) -> list[dict[str, Any]]:
    """Kind, size and SHA-256 of each; a folder's hash is over the sorted hashes of its files."""
    left = [MOST_BYTES]
    return [_folder(path, left) if path.is_dir() else _file(path, left) for path in paths]


def _folder(path: Path, left: list[int]) -> dict[str, Any]:
    inside: list[Path] = []
    for one in path.rglob("*"):
        if len(inside) > MOST_FILES:
            break
        if not one.is_symlink() and one.is_file():
            inside.append(one)
    if len(inside) > MOST_FILES:
        return {"kind": "folder", "files": f"more than {MOST_FILES}", "sha256": ""}
    hashes = sorted(_file(one, left)["sha256"] for one in inside)
    whole = hashlib.sha256("".join(hashes).encode()).hexdigest() if all(hashes) else ""
    return {"kind": "folder", "files": len(inside), "sha256": whole}


def _file(path: Path, left: list[int]) -> dict[str, Any]:
    """A plain file's size and hash; the hash is empty for what is too large or cannot be read."""
    try:
        size, mode = path.stat().st_size, path.stat().st_mode
        if not stat.S_ISREG(mode):  # a pipe or a device could keep us waiting for ever
            return {"kind": "no plain file", "bytes": 0, "sha256": ""}
        left[0] -= size
        with path.open("rb") as file:
            hashed = hashlib.file_digest(file, "sha256").hexdigest() if left[0] >= 0 else ""
        return {"kind": "file", "bytes": size, "sha256": hashed}
    except OSError:
        return {"kind": "file", "bytes": 0, "sha256": ""}
