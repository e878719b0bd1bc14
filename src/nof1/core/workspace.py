"""The workspace: one folder that holds everything. Delete it and everything is gone.

nof1.toml      settings (this file makes the folder a workspace)
record/        the event table, in generations (see ``nof1.record.store``)
models/        trained models of patients with their cards
laboratory/    models of compounds and cell lines; never asked about a patient
images/        models of pictures, and the pictures drawn for answers
knowledge/     newer facts than those of nof1 (see ``nof1.knowledge.base``)
surveillance/  what was known of outbreaks, day by day
governance/    which rules and models may be heard, as a chain of decisions
federation/    the site's rules for jobs of several hospitals, and its privacy budget
audit/         the append-only audit log, and the ledger of advice
reports/       pages made for people
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nof1.core.errors import UsageError, WorkspaceError

SETTINGS_FILE = "nof1.toml"
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
    if (root / SETTINGS_FILE).exists() or root.is_file():
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
        raise WorkspaceError(
            f"The workspace cannot be made here: {error.strerror}.",
            where=str(root),
            next_step="Choose a folder that you may write to, with free space.",
        ) from None
    return open_workspace(root)


def open_workspace(path: str | Path | None = None) -> Workspace:
    """Open the workspace at ``path``, or the nearest one upward from the current folder.

    Raises
    ------
    WorkspaceError : when there is none, or its settings are damaged.
    """
    root = Path(path) if path is not None else _nearest(Path.cwd())
    if not (root / SETTINGS_FILE).is_file():
        raise WorkspaceError(
            f"There is no workspace here: no {SETTINGS_FILE}.",
            where=str(root),
            next_step=f"Make one: nof1 init --workspace {root}",
        )
    return Workspace(root=root.resolve(), **_settings(root / SETTINGS_FILE))


def _nearest(start: Path) -> Path:
    folders = (start, *start.parents)
    return next((folder for folder in folders if (folder / SETTINGS_FILE).is_file()), start)


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
