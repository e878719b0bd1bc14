"""The workspace: one folder that holds everything. Delete it and everything is gone.

nof1.toml      settings (this file makes the folder a workspace)
record/        the event table, in generations (see ``nof1.record.store``)
models/        trained models of patients with their cards
effects/       emulated trials: effects of one treatment against another
laboratory/    models of compounds and cell lines; never asked about a patient
images/        models of pictures, and the pictures drawn for answers
knowledge/     newer facts than those of nof1 (see ``nof1.knowledge.base``)
surveillance/  what was known of outbreaks, day by day
governance/    which rules and models may be heard, and proposed curves: chains of decisions
federation/    the site's rules for jobs of several hospitals, and its privacy budget
audit/         the append-only audit log, and the ledger of advice
service/       accounts of nof1 serve, tokens used
spool/         uploads and jobs of nof1 serve, until they are done
academy/       teaching cases, and what learners let be kept of them
reports/       pages made for people

A sealed workspace (``nof1.core.sealing``) has ``nof1.sealed`` in place of all of these, and the
folder ``sealed/`` of encrypted files.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nof1.core.errors import UsageError, WorkspaceError

SETTINGS_FILE = "nof1.toml"
SEALED_FILE = "nof1.sealed"
OPENED = "NOF1_OPENED"  # variable: folder of the open copy of a sealed workspace, in memory
SESSION_FILE, OPEN_FOLDER = "session.json", "workspace"  # in that folder
ALLOWED = {"workspace": {"version": int, "site": str, "shards": int, "synthetic": bool}}
TEMPLATE = """\
# nof1 workspace. Everything that nof1 knows lies in this folder; delete it and all is gone.
[workspace]
version = 1
site = "{site}"          # where rows come from when a source does not say
shards = {shards}            # parts of the event table; more for more than 10 million events
synthetic = {synthetic}     # true: every page and finding says that the data is synthetic
"""


@dataclass(frozen=True)
class Workspace:
    """An opened workspace folder and its settings."""

    root: Path
    site: str = "local"
    shards: int = 8
    synthetic: bool = False

    @property
    def record(self) -> Path:
        """Folder of the event table."""
        return self.root / "record"

    @property
    def models(self) -> Path:
        """Folder of the trained models."""
        return self.root / "models"

    @property
    def effects(self) -> Path:
        """Folder of stored treatment effects."""
        return self.root / "effects"

    @property
    def laboratory(self) -> Path:
        """Folder of models of compounds and cell lines, which say nothing about a patient."""
        return self.root / "laboratory"

    @property
    def images(self) -> Path:
        """Folder of the models of pictures, and of what was drawn for their answers."""
        return self.root / "images"

    @property
    def knowledge(self) -> Path:
        """Folder of facts that replace those that come with nof1."""
        return self.root / "knowledge"

    @property
    def audit(self) -> Path:
        """Folder of the audit log."""
        return self.root / "audit"

    @property
    def reports(self) -> Path:
        """Folder of the pages made for people."""
        return self.root / "reports"


def create(
    root: Path, *, site: str = "local", shards: int = 8, synthetic: bool = False
) -> Workspace:
    """Make a new, empty workspace in the folder ``root``.

    Raises
    ------
    WorkspaceError : when ``root`` is a workspace already, or is a file.
    UsageError : when the site's name is not letters, digits, ``.``, ``_`` or ``-``.
    """
    if not re.fullmatch(r"[\w.-]{1,64}", site):
        raise UsageError(
            "The site's name has characters that are not allowed.",
            where="--site",
            allowed="1 to 64 letters, digits, '.', '_' or '-'",
        )
    if root.is_file() or any((root / name).exists() for name in (SETTINGS_FILE, SEALED_FILE)):
        raise WorkspaceError(
            "There is a workspace (or a file) at this place already.",
            where=str(root),
            next_step="Use it with --workspace, or choose another folder.",
        )
    text = TEMPLATE.format(site=site, shards=shards, synthetic=str(synthetic).lower())
    try:
        root.mkdir(parents=True, exist_ok=True)
        (root / SETTINGS_FILE).write_text(text, encoding="utf-8")
    except OSError as error:
        with contextlib.suppress(OSError):  # half a settings file would be taken for a workspace
            (root / SETTINGS_FILE).unlink()
        raise WorkspaceError(
            f"The workspace cannot be made here: {error.strerror}.",
            where=str(root),
            next_step="Choose a folder that you may write to, with free space.",
        ) from None
    return open_workspace(root)


def open_workspace(path: str | Path | None = None) -> Workspace:
    """Open the workspace at ``path``, or the nearest one upward from the current folder.

    Below ``nof1 privacy with``, a sealed workspace's open copy stands for it, also without a path.

    Raises
    ------
    WorkspaceError : when there is none, it is sealed, or its settings are damaged.
    """
    root = locate(path)
    if path is None and OPENED in os.environ:
        root = _opened(os.environ[OPENED])[1]
    elif (root / SEALED_FILE).is_file():
        root = _open_copy(root)
    if not (root / SETTINGS_FILE).is_file():
        raise WorkspaceError(
            f"There is no workspace here: no {SETTINGS_FILE}.",
            where=str(root),
            next_step=f"Make one: nof1 init --workspace {root}",
        )
    return Workspace(root=root.resolve(), **_settings(root / SETTINGS_FILE))


def locate(path: str | Path | None = None) -> Path:
    """The folder of a workspace, plain or sealed: ``path``, or the nearest one upward from here."""
    return Path(path) if path is not None else _nearest(Path.cwd())


def _nearest(start: Path) -> Path:
    for folder in (start, *start.parents):
        if any((folder / name).is_file() for name in (SETTINGS_FILE, SEALED_FILE)):
            return folder
    return start


def _open_copy(root: Path) -> Path:
    """The open copy of a sealed workspace, when ``nof1 privacy with`` runs this program."""
    if OPENED in os.environ:
        of, copy = _opened(os.environ[OPENED])
        if of == root.resolve():
            return copy
    raise WorkspaceError(
        "This workspace is sealed: its files are encrypted.",
        where=str(root),
        next_step=f"Open it for one command: nof1 privacy with -w {root} --key FILE -- nof1 ...",
    )


def _opened(folder: str) -> tuple[Path, Path]:
    """Which sealed folder a session opened, and where its open copy is."""
    try:
        about = json.loads((Path(folder) / SESSION_FILE).read_text(encoding="utf-8"))
        return Path(about["root"]), Path(folder) / OPEN_FOLDER
    except (OSError, ValueError, KeyError, TypeError):
        raise WorkspaceError(
            f"The open copy that {OPENED} names is not there (any more).",
            next_step=f"Run it below nof1 privacy with, or unset {OPENED}.",
        ) from None


def _settings(path: Path) -> dict[str, Any]:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WorkspaceError(
            f"The settings cannot be read: {error}", where=str(path), next_step="Mend this line."
        ) from None
    for table, values in data.items():
        _check_table(path, table, values)
    settings = dict(data.get("workspace", {}))
    version = settings.pop("version", 1)
    if version != 1:
        raise WorkspaceError(
            f"The workspace has version {version}; this nof1 reads version 1.",
            where=str(path),
            next_step="Use the nof1 that made it.",
        )
    return settings


def _check_table(path: Path, table: str, values: Any) -> None:
    allowed = ALLOWED.get(table)
    if allowed is None or not isinstance(values, dict):
        raise _unknown(path, table, list(ALLOWED))
    for name, value in values.items():
        if name not in allowed:
            raise _unknown(path, f"{table}.{name}", list(allowed))
        if type(value) is not allowed[name]:
            raise WorkspaceError(
                f"{table}.{name} has the wrong type.",
                where=str(path),
                allowed=allowed[name].__name__,
            )
    if table == "workspace" and not 1 <= values.get("shards", 8) <= 4096:
        raise WorkspaceError("shards is out of range.", where=str(path), allowed="1 to 4096")


def _unknown(path: Path, name: str, allowed: list[str]) -> WorkspaceError:
    return WorkspaceError(f"Unknown setting {name!r}.", where=str(path), allowed=allowed)
