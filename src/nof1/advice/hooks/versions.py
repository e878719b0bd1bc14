"""What an answer hangs on besides the request and the moment, each with a name that is cheap to
compare: program, its code, libraries, settings, facts, models, record.

A past answer can be built again only where all of them are the same, so each goes into the ledger
with the answer, and a replay names those that are not.
"""

from __future__ import annotations

import hashlib
import os
import platform
import time
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import nof1
from nof1.core import artefacts
from nof1.core.code import ROOT, digest, sources
from nof1.core.workspace import Workspace
from nof1.knowledge.base import Base, mark, tables

# The rooms whose code can reach an answer. Facts have a version of their own (``knowledge``).
ROOMS = (
    "core", "record", "learn", "knowledge", "predict", "genome", "medicines", "imaging",
    "surveillance", "advice",
)  # fmt: skip
KINDS = (".py", ".tsv")
LIBRARIES = ("lightgbm", "msgspec", "numba", "numpy", "polars", "scipy")
UNUSED = "unused"  # an answer to which the record gave nothing
# Files that were changed while the process ran: what of them it has read nobody can say, so such a
# version is equal to no other.
UNSURE = "changed-while-running-"
SHORT = 16
IMPORTED = time.time()


def fixed(workspace: Workspace, base: Base) -> dict[str, str]:
    """All but the record, as of now: ask once, when the service starts.

    Raises
    ------
    Nof1Error : a model or a fact file is damaged.
    """
    roots = {"model": workspace.models, "effect": workspace.effects}
    models = {
        f"{kind}/{name}": artefacts.load(root, name).content_hash
        for kind, root in roots.items()
        for name in artefacts.names(root)
    }
    return {
        "nof1": nof1.__version__,
        "code": code(),
        "libraries": libraries(),
        "settings": settings(workspace),
        "knowledge": base.hash(*tables(base)),
        **models,
    }


@cache
def code() -> str:
    """The code of this process (``code_on_disk``), looked at once: ask before it answers."""
    found, begun = code_on_disk(), _begun()
    if any(begun < path.stat().st_mtime <= time.time() for path in _sources(ROOT)):
        return unsure(found)
    return found


def code_on_disk(root: Path | None = None) -> str:
    """SHA-256 over nof1's own source files in the rooms that answer, by path, as they lie now."""
    root = root or ROOT
    return digest(_sources(root), root)


def stores(workspace: Workspace) -> tuple[tuple[tuple[str, int, int], ...], ...]:
    """What models, effects and facts look like: another one when one was stored or replaced.

    A folder's time changes when a version is put into it, or taken out.
    """
    roots = (workspace.models, workspace.effects)
    return (*(_folders(root) for root in roots), mark(workspace.knowledge))


def _folders(root: Path) -> tuple[tuple[str, int, int], ...]:
    try:
        with os.scandir(root) as found:
            kept = [(one.name, one.stat()) for one in found if not one.name.startswith(".")]
    except FileNotFoundError:
        return ()
    return tuple(sorted((name, told.st_mtime_ns, told.st_ino) for name, told in kept))


@cache
def libraries() -> str:
    """Versions of Python and of the libraries that can reach a number of an answer."""
    return ",".join([f"python={platform.python_version()}", *map(_library, LIBRARIES)])


def settings(workspace: Workspace) -> str:
    """A short hash of the workspace's settings that stand in answers."""
    return _short(f"{workspace.site}\0{workspace.synthetic}".encode())


def record(generation: Path) -> str:
    """Name of a generation of the record: its number and a hash of what was imported, and when.

    The number alone would not do: a record that is deleted and imported anew counts from 1 again.
    """
    told = [generation / "imports.json", generation / "metadata" / "dataset.json"]
    return f"{generation.name}-{_short(b''.join(one.read_bytes() for one in told if one.exists()))}"


def unsure(version: str) -> str:
    """A version of files that were replaced while the service ran: equal to no other."""
    return f"{UNSURE}{version[:SHORT]}-{os.urandom(4).hex()}"


def of(fixed: Mapping[str, str], record: str, governance: str = "") -> dict[str, str]:
    """The versions of one answer; ``governance`` is named where something was ever decided."""
    found = {**fixed, "record": record}
    return {**found, "governance": governance} if governance else found


def _sources(root: Path) -> list[Path]:
    """Source files of the rooms that answer; facts have a version of their own."""
    return sources(ROOMS, root, KINDS, without=Path("knowledge") / "data")


def _begun() -> float:
    """When this process began, in seconds since 1970; where that is not told, "a moment ago"."""
    try:
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        up = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return IMPORTED
    return time.time() - up


def _library(name: str) -> str:
    try:
        return f"{name}={version(name)}"
    except PackageNotFoundError:
        return f"{name}=none"


def _short(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:SHORT]
