"""What can be wrong on a machine before any patient is looked at."""

from __future__ import annotations

import re
import shutil
import sys
import time
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from nof1.core import audit
from nof1.core.errors import WorkspaceError
from nof1.core.sealing import health
from nof1.core.workspace import Workspace, locate, open_workspace

NEEDED = ("numpy", "scipy", "polars", "pyarrow", "duckdb", "numba", "lightgbm", "msgspec", "altair")
EXTRA = re.compile(r"""^(?P<name>[\w.-]+)[^;]*;.*extra == ["'](?P<extra>\w+)["']""")
LEAST_FREE_GIB = 2
EARLIEST_CLOCK = 1_700_000_000  # November 2023: an earlier clock is a wrong clock


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. ``verdict`` is ``ok``, ``note`` or ``FAIL``."""

    name: str
    verdict: str
    detail: str

    def to_dict(self) -> dict[str, str]:
        """The JSON form."""
        return asdict(self)


def examine(workspace: str | Path | None = None) -> list[Check]:
    """All checks, the workspace's own last; that there is none fails only where one is named."""
    extras = [_extra(name, packages) for name, packages in sorted(_extras().items())]
    checks = [_python(), *map(_package, NEEDED), *extras, _clock()]
    try:
        found = open_workspace(workspace)
    except WorkspaceError as error:
        sealing = _sealing(locate(workspace))
        verdict = "note" if workspace is None else "FAIL"
        missing = Check("workspace", verdict, f"{error.message} ({error.where})")
        return [*checks, _disk(Path.cwd()), missing, *sealing]
    return [*checks, _disk(found.root), *_workspace(found), *_sealing(found.root)]


def _python() -> Check:
    return Check("python", "ok" if sys.version_info >= (3, 11) else "FAIL", sys.version.split()[0])


def _package(name: str) -> Check:
    found = _version(name)
    return Check(name, "ok" if found else "FAIL", found or "missing: pip install nof1")


def _extras() -> dict[str, list[str]]:
    """The optional packages by extra, as the installed nof1 declares them."""
    found: dict[str, list[str]] = {}
    for match in filter(None, map(EXTRA.match, requires("nof1") or [])):
        found.setdefault(match["extra"], []).append(match["name"])
    found.pop("all", None)
    return found


def _extra(extra: str, packages: list[str]) -> Check:
    if all(map(_version, packages)):
        return Check(f"extra {extra}", "ok", "installed")
    return Check(f"extra {extra}", "note", f'not installed: pip install "nof1[{extra}]"')


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _clock() -> Check:
    good = time.time() > EARLIEST_CLOCK
    return Check(
        "clock", "ok" if good else "FAIL", time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    )


def _disk(folder: Path) -> Check:
    free = shutil.disk_usage(folder).free / 2**30
    return Check("disk", "ok" if free > LEAST_FREE_GIB else "FAIL", f"{free:.0f} GiB free")


def _sealing(root: Path) -> list[Check]:
    return [Check(*line) for line in health.examine(root)]


def _workspace(found: Workspace) -> list[Check]:
    verdict = audit.verify(found.audit)
    state = "whole" if verdict.intact else f"broken at line {verdict.broken_line}"
    return [
        Check("workspace", "ok", f"{found.root} (site {found.site})"),
        Check(
            "audit log", "ok" if verdict.intact else "FAIL", f"{verdict.entries} entries, {state}"
        ),
    ]
