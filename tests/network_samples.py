"""A project on this machine for tests: a coordinator in a thread, sites that have joined."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from nof1.federation.network import home, project
from nof1.federation.network.coordinator import Coordinator, listen
from nof1.federation.network.project import Project
from ports import free_port

NAMES = ("north", "south", "west")
TRIES, PAUSE_S = 3600, 0.1


@dataclass
class Federation:
    """A project, its coordinator, and the homes of its sites."""

    project: Project
    coordinator: Coordinator
    homes: dict
    seen: list = field(default_factory=list)
    stop: object = None

    def agree(self):
        """All sites announce themselves and accept the list, as people do after a call."""
        for one in self.homes.values():
            members = one.announce()
        for one in self.homes.values():
            roster = one.proposed(members)
            one.accept(roster, project.agreement(one.kit()[0], roster))

    def idle(self, names=NAMES):
        """Wait until these sites wait for a job."""
        self.wait(lambda: set(names) <= set(self.coordinator.board.idle()))

    @staticmethod
    def wait(ready):
        """Wait until something is so."""
        for _ in range(TRIES):
            if ready():
                return
            time.sleep(PAUSE_S)
        pytest.fail("what the test waits for did not come")


@contextlib.contextmanager
def federation(folder: Path, names=NAMES, homes=None, patience=60.0):
    """A project that listens on loopback; ends with all its connections."""
    made = project.create(folder / "project", names, port=free_port())
    kept = {}
    for name in names:
        root = homes[name] if homes else folder / name / "federation"
        kept[name] = home.join(made.kit(name), root, patients=20, events=5)
    seen = []
    with contextlib.ExitStack() as running:
        watch = lambda site, frame: seen.append((site, frame))  # noqa: E731
        server = running.enter_context(serving(made, patience, watch))
        yield Federation(made, server, kept, seen, running.close)


@contextlib.contextmanager
def serving(made, patience=60.0, watch=None):
    """The coordinator of a project in a thread."""
    server = Coordinator(made, patience, watch)
    listener = listen("127.0.0.1", server.settings.port)
    thread = threading.Thread(target=server.serve, args=(listener,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(60)


class Site:
    """A ``nof1 federation site`` process."""

    def __init__(self, workspace):
        environment = {"OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "nof1", "federation", "site", "-w", str(workspace)],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=os.environ | environment,
        )  # fmt: skip

    def kill(self):
        """SIGKILL: no time to say anything."""
        self.process.send_signal(signal.SIGKILL)
        self.end()

    def end(self):
        """End it whatever its state; returns its exit code and what it said."""
        if self.process.poll() is None:
            self.process.terminate()
        said = self.process.communicate(timeout=120)[1].decode()
        return self.process.returncode, said
