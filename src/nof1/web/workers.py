"""Several processes behind one address, so that more than one core answers.

Each process loads the workspace by itself. What must be one for all of them is one: the ledger's
head is locked in its database while a process extends the chain, a token is noted once in a table
that all of them share (SQLite in the workspace's folder, or PostgreSQL), and counts are added up
(``nof1.web.metrics``). A process that dies is told and replaced; when one cannot start, none stays.
"""

from __future__ import annotations

import gc
import json
import logging
import multiprocessing
import os
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from nof1.core.errors import Nof1Error, WorkspaceError

START_S = 120.0
BACKLOG = 2048
GARBAGE = (20_000, 20, 100)  # a request makes some 10,000 small objects and leaves none behind
LOG = logging.getLogger("nof1.web")


@dataclass(frozen=True)
class Plan:
    """What each process needs.

    Attributes
    ----------
    workspace : its folder.
    settings : for ``nof1.web.server.ready``. serving : for ``uvicorn.Config``.
    """

    workspace: Path
    settings: Mapping[str, Any]
    serving: Mapping[str, Any] = field(default_factory=dict)


def settle() -> None:
    """After loading: what is there stays, so the collector need not look at it again.

    Looking through models, tables and modules after every few requests costs more than they do.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)


def serve(
    plan: Plan, count: int, host: str, port: int, started: Callable[[], None] = lambda: None
) -> None:
    """Serve with ``count`` processes until a signal comes; ``started`` runs when all are ready.

    Raises
    ------
    WorkspaceError : a process could not start, with what it said.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with (
        tempfile.TemporaryDirectory(prefix="nof1-counts-") as counts,
        socket.create_server((host, port), family=family, backlog=BACKLOG) as door,
    ):
        team = _Team(plan, door, Path(counts))
        signal.signal(signal.SIGTERM, team.stop)
        signal.signal(signal.SIGINT, team.stop)
        try:
            team.start(count)
            started()
            team.watch()
        finally:
            team.end()


class _Team:
    """The processes, and the one that looks after them."""

    def __init__(self, plan: Plan, door: socket.socket, counts: Path) -> None:
        self._plan, self._door, self._counts = plan, door, counts
        self._context = multiprocessing.get_context("spawn")  # a fork would copy held locks
        self._members: list[Any] = []
        self._stopping = False

    def start(self, count: int) -> None:
        """Start processes and wait until all can answer."""
        waiting = [self._new() for _ in range(count)]
        for told in waiting:
            if told.poll(START_S):
                _raise(_heard(told))
            elif not self._stopping:
                raise WorkspaceError("A process of the server did not start in time.")

    def _new(self) -> Connection:
        mine, theirs = self._context.Pipe(duplex=False)
        arguments = (self._plan, self._door, self._counts, theirs)
        member = self._context.Process(target=_work, args=arguments, daemon=True)
        member.start()
        theirs.close()
        self._members.append(member)
        return mine

    def watch(self) -> None:
        """Replace processes that die, until the end is asked for."""
        while not self._stopping:
            wait([one.sentinel for one in self._members], timeout=1.0)
            for one in [each for each in self._members if not each.is_alive()]:
                self._members.remove(one)
                if not self._stopping:
                    LOG.error("a process of the server died (%s): another one starts", one.exitcode)
                    self.start(1)

    def stop(self, *_: object) -> None:
        """Ask for the end."""
        self._stopping = True

    def end(self) -> None:
        """Let each process finish what it answers, then leave."""
        for one in self._members:
            one.terminate()
        for one in self._members:
            one.join(30)


def _heard(told: Connection) -> str:
    try:
        return told.recv_bytes().decode()
    except EOFError:
        return json.dumps({"error": "A process of the server died while it started."})


def _raise(text: str) -> None:
    """Nothing for an empty text; else the error that a process met."""
    if text:
        said = json.loads(text)
        raise WorkspaceError(
            said["error"],
            where=said.get("where"),
            allowed=said.get("allowed"),
            next_step=said.get("next_step"),
        )


def _work(plan: Plan, door: socket.socket, counts: Path, told: Connection) -> None:
    """One process: load, say so, answer."""
    import uvicorn

    from nof1.core.workspace import open_workspace
    from nof1.web import server

    try:
        workspace = open_workspace(str(plan.workspace))
        made = server.ready(workspace, **plan.settings, counts=counts)
    except Nof1Error as error:
        said = {"error": error.message, "where": error.where, "allowed": error.allowed,
                "next_step": error.next_step}  # fmt: skip
        told.send_bytes(json.dumps(said).encode())
        return
    settle()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    told.send_bytes(b"")
    told.close()
    uvicorn.Server(uvicorn.Config(made.app, **plan.serving)).run(sockets=[door])


def _end_with_parent() -> None:
    """A process whose parent was killed must not go on behind its back."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
