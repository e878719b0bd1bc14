"""The whole service made ready for one workspace: models, facts, ledger, and who may come in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI

from nof1.advice.hooks.room import Room, last_day, now
from nof1.advice.hooks.service import Service
from nof1.advice.ledger.store import open_ledger
from nof1.core.workspace import Workspace
from nof1.web import clients
from nof1.web.app import Door, build
from nof1.web.security import Gate, Used


@dataclass(frozen=True)
class Ready:
    """The application, the room behind it, and whether a token is asked for."""

    app: FastAPI
    room: Room
    tokens: bool


def ready(
    workspace: Workspace,
    *,
    demo: bool = False,
    allowed: Path | None = None,
    database: str | None = None,
) -> Ready:
    """Load everything, so that damage is told now and not to a clinician.

    Parameters
    ----------
    demo : "today" is the day after the record's last event.
    allowed : the file of clients (``nof1.web.clients``); None lets everybody in.
    database : address of the ledger in PostgreSQL; None for ``audit/ledger.db``.

    Raises
    ------
    Nof1Error : a damaged model, fact file, record or ledger, or a file of clients that is not safe.
    """
    room = Room(workspace)
    room.warm()
    known = None if allowed is None else clients.read(allowed)
    moment = last_day(room) if demo else None
    clock = now if moment is None else lambda: moment
    ledger = open_ledger(workspace.audit, database)
    closing: list[Callable[[], None]] = [ledger.close]
    gate = None
    if known is not None:
        used = Used(workspace.root / "service" / "tokens.db")
        closing.append(used.close)
        gate = Gate(known, used)
    door = Door(Service(room, ledger, clock), gate, () if known is None else known.origins)

    def close() -> None:
        for one in closing:
            one()

    return Ready(build(door, close), room, gate is not None)
