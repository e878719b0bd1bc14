"""An own PostgreSQL server for races and tests, on a socket in a folder of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Unavailable(Exception):
    """There is no server to be had here, and why."""


@contextmanager
def running(*, fsync: bool) -> Iterator[Path]:
    """A server without data until the end; gives the folder of its socket.

    It does not run as root: then it runs as the user ``postgres``.

    Raises
    ------
    Unavailable : the server programs or that user are missing.
    """
    programs = shutil.which("initdb"), shutil.which("pg_ctl")
    if None in programs:
        raise Unavailable("needs the PostgreSQL server programs (initdb, pg_ctl)")
    runner = _runner()
    place = Path(tempfile.mkdtemp(prefix="nof1-pg-"))
    if runner:
        shutil.chown(place, "postgres")
    data = str(place / "data")

    def call(*words: str | None) -> None:
        command = [*runner, *filter(None, words)]
        subprocess.run(command, check=True, capture_output=True, cwd=place)

    call(programs[0], "-D", data, "-U", "nof1", "-A", "trust", "--no-sync")
    options = f"-c listen_addresses='' -c unix_socket_directories={place}"
    options += "" if fsync else " -c fsync=off"
    waits = ("-w", "-t", "300", "-l", str(place / "log"))
    call(programs[1], "-D", data, *waits, "-o", options, "start")
    try:
        yield place
    finally:
        call(programs[1], "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(place)


def address(place: Path) -> str:
    """The URL of its database."""
    return f"postgresql:///postgres?host={place}&user=nof1"


def _runner() -> list[str]:
    if os.getuid() != 0:
        return []
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        raise Unavailable("runs as root, and there is no user `postgres`") from None
    if shutil.which("runuser") is None:
        raise Unavailable("runs as root, and there is no `runuser`")
    return ["runuser", "-u", "postgres", "--"]
