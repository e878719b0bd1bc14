"""Memory as a place for files: checked to be a RAM filesystem, private, large enough, and wiped.

Linux only: ``/proc`` says what a folder is made of and whether memory can be swapped to a disk.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from nof1.core.errors import UsageError, WorkspaceError
from nof1.core.workspace import OPEN_FOLDER, SESSION_FILE

DEFAULT = Path("/dev/shm")
KINDS = ("tmpfs", "ramfs")
READY, LOCK, SCRATCH = "ready", "lock", "tmp"
SPARE = 128 << 20  # bytes that the command may add before memory is scarce, at least
BLOCK = bytes(1 << 20)


@dataclass(frozen=True)
class Mount:
    """What a folder lies on: its kind (``tmpfs``, ``ext4``) and whether it is never swapped."""

    kind: str
    never_swapped: bool


@dataclass(frozen=True)
class Copy:
    """An open copy of a workspace in memory: its folder, and what it is a copy of."""

    folder: Path
    workspace: str
    root: str
    generation: int

    @property
    def files(self) -> Path:
        """The workspace itself."""
        return self.folder / OPEN_FOLDER

    @property
    def ready(self) -> bool:
        """True from when all was decrypted until its changes were sealed back."""
        return (self.folder / READY).exists()

    @property
    def alive(self) -> bool:
        """Whether a process holds it."""
        try:
            descriptor = os.open(self.folder / LOCK, os.O_RDWR | os.O_NOFOLLOW)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False


def mount(folder: Path) -> Mount:
    """What a folder lies on; kind ``unknown`` where the system does not say."""
    best, found = -1, Mount("unknown", False)
    place = f"{folder.resolve()}/"
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/mountinfo").read_text(errors="replace").splitlines():
            left, _, right = line.partition(" - ")
            point = re.sub(r"\\(\d{3})", lambda m: chr(int(m[1], 8)), left.split()[4])
            kind, _, options = (*right.split(), "", "", "")[:3]
            if place.startswith(point.rstrip("/") + "/") and len(point) >= best:
                safe = kind == "ramfs" or "noswap" in options.split(",")
                best, found = len(point), Mount(kind, safe)
    return found


def swap() -> list[str] | None:
    """Swap areas that lie on a disk; None where the system does not say. zram counts as memory."""
    try:
        lines = Path("/proc/swaps").read_text().splitlines()[1:]
    except OSError:
        return None
    return [name for name in (line.split()[0] for line in lines if line) if not _zram(name)]


def make(
    size: int, workspace: str, root: Path, generation: int, where: Path, *, swap_is_encrypted: bool
) -> tuple[Copy, int]:
    """A new private folder in memory for ``size`` bytes, and the descriptor of its lock.

    Raises
    ------
    UsageError : it is no memory, or memory could be written to an open disk.
    WorkspaceError : there is too little of it.
    """
    _refuse_disk(where, swap_is_encrypted)
    _refuse_small(where, size)
    new = Path(tempfile.mkdtemp(prefix=f"nof1-new-{os.getuid()}-", dir=where))  # mode 0700
    descriptor = os.open(new / LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    about = {"workspace": workspace, "root": str(root), "generation": generation}
    (new / SESSION_FILE).write_text(json.dumps(about), encoding="utf-8")
    (new / OPEN_FOLDER).mkdir(mode=0o700)
    (new / SCRATCH).mkdir(mode=0o700)
    folder = new.with_name(new.name.replace("nof1-new-", "nof1-open-", 1))
    new.rename(folder)  # locked before anybody can take it for one that was left over
    return Copy(folder, workspace, str(root), generation), descriptor


def copies(where: Path = DEFAULT) -> list[Copy]:
    """Open copies of this user in memory, living or left over."""
    return [
        one for path in sorted(where.glob(f"nof1-open-{os.getuid()}-*")) if (one := _copy(path))
    ]


def left_over(where: Path = DEFAULT) -> list[Copy]:
    """Copies that no process holds any more: their session was killed."""
    return [one for one in copies(where) if not one.alive]


def wipe(copy: Copy) -> None:
    """Overwrite every file of a copy with zeros and remove it; what says what it is goes last."""
    (copy.folder / READY).unlink(missing_ok=True)  # from here on nobody may seal it back
    for part in (copy.files, copy.folder / SCRATCH):
        if part.exists():
            _zero_all(part)
            shutil.rmtree(part)
    shutil.rmtree(copy.folder)


def _zero_all(root: Path) -> None:
    for folder, names, files in os.walk(root):
        for name in names:
            path = Path(folder, name)
            if not path.is_symlink():  # what a link leads to is not ours
                path.chmod(0o700)
        for name in files:
            with contextlib.suppress(OSError):
                _zero(Path(folder, name))


def _zero(path: Path) -> None:
    state = os.lstat(path)
    if stat.S_ISREG(state.st_mode):
        os.chmod(path, 0o600)
        with open(path, "r+b", buffering=0) as file:
            left = state.st_size
            while left > 0:
                left -= file.write(BLOCK[: min(left, len(BLOCK))]) or left


def _copy(path: Path) -> Copy | None:
    """A copy of ours, or None: others may make folders in this place too."""
    try:
        state = os.lstat(path)
        mine = stat.S_ISDIR(state.st_mode) and state.st_uid == os.getuid()
        if not mine or state.st_mode & 0o077:
            return None
    except OSError:
        return None
    try:
        about = json.loads((path / SESSION_FILE).read_text(encoding="utf-8"))
        return Copy(path, about["workspace"], about["root"], about["generation"])
    except (OSError, ValueError, KeyError, TypeError):
        return Copy(path, "", "", 0)  # killed while it was wiped


def _zram(name: str) -> bool:
    """Compressed memory that is not written on to a disk."""
    device = Path(name).name
    try:
        backing = Path(f"/sys/block/{device}/backing_dev").read_text().strip()
    except OSError:
        backing = "none"
    return device.startswith("zram") and backing == "none"


def _refuse_disk(where: Path, swap_is_encrypted: bool) -> None:
    found = mount(where) if where.is_dir() else Mount("missing", False)
    if found.kind not in KINDS:
        raise UsageError(
            f"This folder is not memory: its kind is {found.kind}.",
            where=str(where),
            allowed=list(KINDS),
            next_step="Name a RAM filesystem with --ram (Linux only; the usual one is /dev/shm).",
        )
    areas = [] if found.never_swapped or swap_is_encrypted else swap()
    if areas or areas is None:
        raise UsageError(
            "Memory of this machine can be written to a disk: swap is on.",
            where=", ".join(areas or ["unknown"]),
            next_step="Turn it off (swapoff -a), or use a tmpfs with the option noswap, or say "
            "that it is encrypted: --swap-is-encrypted",
        )


def _refuse_small(where: Path, size: int) -> None:
    needed = size + max(SPARE, size // 4)
    free = _available()
    if mount(where).kind != "ramfs":  # which has no size of its own
        free = min(free, shutil.disk_usage(where).free)
    if free < needed:
        raise WorkspaceError(
            f"The open workspace needs {needed / 2**20:,.0f} MiB of memory; "
            f"{free / 2**20:,.0f} MiB are free.",
            where=str(where),
            next_step="Use a machine with more memory, or unseal it on an encrypted disk.",
        )


def _available() -> int:
    """Bytes of memory that can be had without swapping."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        text = Path("/proc/meminfo").read_text()
        return int(text.split("MemAvailable:")[1].split()[0]) << 10
    return 0
