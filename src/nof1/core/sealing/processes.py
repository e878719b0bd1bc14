"""Which running programs use a folder, as far as Linux lets us see (our own user's programs)."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")
GRACE_S = 10.0


def using(
    folder: Path, mark: bytes | None = None, *, apart: frozenset[int] = frozenset()
) -> list[int]:
    """Processes with a file open below ``folder``.

    Parameters
    ----------
    mark : a variable ``NAME=value``; processes that inherited it count too, and those that stand
        in the folder.
    apart : processes that do not count. This one never does.
    """
    prefix = f"{folder.resolve()}/"
    others = [pid for pid in _pids() if pid != os.getpid() and pid not in apart]
    if mark is None:
        return [pid for pid in others if _opens(pid, prefix)]
    return [pid for pid in others if _marked(pid, mark) or _opens(pid, prefix, standing=True)]


def end(folder: Path, mark: bytes, apart: frozenset[int]) -> None:
    """Ask the users of a folder to stop (SIGTERM), and after ten seconds stop them (SIGKILL)."""
    limit = time.monotonic() + GRACE_S
    told: set[int] = set()
    while found := using(folder, mark, apart=apart):
        late = time.monotonic() > limit
        for pid in found:
            if late or pid not in told:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
                told.add(pid)
        if late and time.monotonic() > limit + GRACE_S:
            return  # it cannot be ended: stuck in the kernel
        time.sleep(0.05)


def _pids() -> Iterator[int]:
    with contextlib.suppress(OSError):
        yield from (int(name) for name in os.listdir(PROC) if name.isdigit())


def _marked(pid: int, mark: bytes) -> bool:
    try:
        return mark in (PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return False


def _opens(pid: int, prefix: str, *, standing: bool = False) -> bool:
    here = PROC / str(pid)
    try:
        descriptors = [here / "fd" / name for name in os.listdir(here / "fd")]
    except OSError:
        return False
    for link in (*descriptors, *([here / "cwd"] if standing else [])):
        with contextlib.suppress(OSError):
            if f"{os.readlink(link)}/".startswith(prefix):
                return True
    return False
