"""A whole federation on one machine, as processes that talk over TLS on loopback.

It is what runs between hospitals: the same commands, keys and checks; only that one person plays
all parts, so that nobody has to telephone.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from nof1.core.errors import ModelError
from nof1.core.workspace import Workspace
from nof1.federation.algorithms import DEFAULT
from nof1.federation.manifest import Privacy
from nof1.federation.network import home as homes
from nof1.federation.network import lead, project
from nof1.federation.network.board import State
from nof1.federation.network.home import Home
from nof1.federation.network.project import Project
from nof1.federation.network.wire import Gone
from nof1.federation.policy import of_workspace

LOOPBACK = "127.0.0.1"
START, PAUSE = 120.0, 0.2  # seconds until all processes must be there; between two looks
END = 10.0  # seconds that a process has to end
ONE = {name: "1" for name in ("OMP_NUM_THREADS", "POLARS_MAX_THREADS", "NUMBA_NUM_THREADS")}


def rehearse(
    folder: Path, task: str, name: str, sites: Mapping[str, Workspace],
    tell: Callable[[str], None] = lambda text: None, algorithm: str = DEFAULT,
    privacy: Privacy | None = None,
) -> State:  # fmt: skip
    """Make a project in ``folder``, start a coordinator and the sites, run the job, stop them all.

    Parameters
    ----------
    sites : name -> workspace with a record. Their own policies' smallest sizes hold.
    tell : is called with what is being done.

    Raises
    ------
    UsageError : fewer than three sites. ModelError : a process did not start.
    """
    made = project.create(folder / "project", list(sites), port=free_port())
    kept = {one: _joined(made, one, folder, found, algorithm) for one, found in sites.items()}
    with ExitStack() as running:
        tell("Starting the coordinator and the sites")
        log = folder / "log"
        log.mkdir()
        running.enter_context(_process(log / "coordinator", "serve", str(made.root)))
        _agree(kept)
        for one, found in sites.items():
            words = ("site", "-w", str(found.root), "--home", str(kept[one].root))
            running.enter_context(_process(log / one, *words))
        line = lead.call(made)
        running.callback(line.close)
        _until(lambda: set(lead.look(line).idle) == set(sites), "Not every site has come.")
        tell("Running the job")
        asked = lead.manifest_for(
            made, task, name, lead.look(line), purpose="rehearsal", algorithm=algorithm,
            privacy=privacy,
        )  # fmt: skip
        return lead.submit(line, lead.signed(made, asked))


def _joined(made: Project, name: str, folder: Path, found: Workspace, algorithm: str) -> Home:
    own = of_workspace(found.root)
    return homes.join(
        made.kit(name), folder / "sites" / name, patients=own.least_patients,
        events=own.least_events, cell=own.least_cell, algorithms=(algorithm,), budgets=own.budgets,
    )  # fmt: skip


def _agree(kept: Mapping[str, Home]) -> None:
    """What people do by telephone: compare the number, accept the list."""
    first = next(iter(kept.values()))
    _until(lambda: _announced(first), "The coordinator did not start.")
    for one in kept.values():
        members = one.announce()
    for one in kept.values():
        roster = one.proposed(members)
        assert roster is not None
        one.accept(roster, project.agreement(one.kit()[0], roster))


def _announced(one: Home) -> bool:
    try:
        one.announce()
    except Gone:
        return False
    return True


def _until(ready: Callable[[], bool], else_: str) -> None:
    end = time.monotonic() + START
    while not ready():
        if time.monotonic() > end:
            raise ModelError(else_, where="rehearsal", next_step="Look into the folder log.")
        time.sleep(PAUSE)


@contextmanager
def _process(log: Path, *words: str) -> Iterator[None]:
    """A ``nof1 federation`` process that ends with the block."""
    with log.open("wb") as said:
        made = subprocess.Popen(
            [sys.executable, "-m", "nof1", "federation", *words],
            stdout=said, stderr=said, stdin=subprocess.DEVNULL, env=ONE | os.environ,
        )  # fmt: skip
        try:
            yield
        finally:
            made.terminate()
            try:
                made.wait(END)
            except subprocess.TimeoutExpired:
                made.kill()
                made.wait()


def free_port() -> int:
    """A port on loopback on which nobody listens at this moment."""
    with socket.socket() as one:
        one.bind((LOOPBACK, 0))
        return int(one.getsockname()[1])
