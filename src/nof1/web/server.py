"""The whole service made ready for one workspace: models, facts, ledger, and who may come in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from fastapi import FastAPI

from nof1.advice.hooks.fetch import SECONDS, Fetcher
from nof1.advice.hooks.room import Room, last_day, now
from nof1.advice.hooks.service import LONGEST_S, Service
from nof1.advice.ledger.store import open_ledger
from nof1.advice.ledger.tokens import Shared, Tokens
from nof1.core.workspace import Workspace
from nof1.web import clients
from nof1.web.access import forms, pages
from nof1.web.access.desk import Desk, open_desk
from nof1.web.access.guard import Access
from nof1.web.access.oidc import flow
from nof1.web.access.oidc import settings as hospital
from nof1.web.access.people import People
from nof1.web.app import Door, build
from nof1.web.metrics import Metrics
from nof1.web.security import Gate, Used
from nof1.web.site import rooms, warmth
from nof1.web.site.house import House


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
    fetch_from: Sequence[str] = (),
    insecure: bool = False,
    longest_s: float = LONGEST_S,
    counts: Path | None = None,
    people: People | None = None,
) -> Ready:
    """Load everything, so that damage is told now and not to a clinician.

    Parameters
    ----------
    demo : "today" is the day after the record's last event.
    allowed : the file of clients (``nof1.web.clients``); None lets everybody in.
    database : address of the ledger in PostgreSQL; None for ``audit/ledger.db``.
    fetch_from : FHIR servers that may be read with a request's token; ``insecure``: over http too.
    longest_s : an answer that takes longer is given as 503.
    counts : folder in which the processes of one address share their counts.
    people : how people sign in; None: they do not. Programs may then come with tokens only.

    Raises
    ------
    Nof1Error : a damaged model, fact file, record or ledger, or a file of clients that is not safe.
    """
    fetcher = None
    if fetch_from:
        fetcher = Fetcher(fetch_from, insecure=insecure, seconds=min(SECONDS, longest_s / 2))
    room = Room(workspace)
    room.warm()
    known = None if allowed is None else clients.read(allowed)
    clock = _clock(room, demo)
    ledger = open_ledger(workspace.audit, database)
    closing: list[Callable[[], None]] = [ledger.close]
    gate = None
    if known is not None:
        used = tokens(workspace, database)
        closing.append(used.close)
        gate = Gate(known, used)
    service = Service(room, ledger, clock, fetcher, longest_s=longest_s)
    origins = () if known is None else known.origins
    access, sign_in = _access(workspace, people, known is not None, insecure, closing)
    door = Door(service, gate, origins, metrics=Metrics(counts), access=access)
    house = House(workspace, service, clock, demo)

    warm = partial(warmth.warm, house) if access.pages or door.open else None

    def shown(app: FastAPI) -> None:
        if sign_in is not None:
            sign_in(app)
        if warm is not None:
            rooms.add(app, house)

    def close() -> None:
        for one in closing:
            one()

    return Ready(build(door, close, shown, warm), room, gate is not None)


def _clock(room: Room, demo: bool) -> Callable[[], datetime]:
    """The moment of asking; in a demo the day after the record's last event."""
    if not demo:
        return now
    moment = last_day(room)
    return lambda: moment


def _access(
    workspace: Workspace,
    people: People | None,
    clients: bool,
    insecure: bool,
    closing: list[Callable[[], None]],
) -> tuple[Access, Callable[[FastAPI], None] | None]:
    """Who guards the addresses, and what adds the pages; nobody where neither is set up."""
    if people is None and not clients:
        return Access(), None
    desk: Desk = open_desk(workspace)
    closing.append(desk.close)
    if people is None:
        return Access(desk, clients=clients), None
    site = forms.site(people.url, loopback=people.loopback)
    found = None
    if people.oidc is not None:
        found = flow.Hospital(hospital.read(people.oidc, insecure=insecure), desk, site.origins[0])

    def shown(app: FastAPI) -> None:
        pages.add(app, desk, site, local=people.accounts, hospital=found)

    return Access(desk, site, pages=True, clients=clients), shown


def tokens(workspace: Workspace, database: str | None) -> Tokens:
    """The tokens that were used: beside the workspace, or shared by all servers on a PostgreSQL."""
    if database is not None:
        return Shared(database)
    return Used(workspace.root / "service" / "tokens.db")
