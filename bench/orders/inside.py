"""The same cases asked of our order checks in this process: FHIR in, events, drafts, advice."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from bench.orders.answers import Answer, Said
from bench.orders.outside import answer
from bench.orders.patient import PATIENT, SYSTEMS
from bench.orders.request import body, context, whole
from bench.orders.tables import Case
from nof1.advice.hooks.room import Room
from nof1.advice.hooks.service import Service
from nof1.advice.orders import drafts
from nof1.advice.orders.check import check
from nof1.core.finding import Subject
from nof1.core.workspace import create
from nof1.record.bundle import read_bundle

SERVICE = "nof1-order-sign"


def ask(case: Case, at: datetime) -> Answer:
    """What ``nof1.advice.orders.check`` says.

    A crash is an answer too ("error"), and so is an entry that the import refuses.
    """
    try:
        bundle = whole(case, at)
        read = read_bundle(json.dumps(bundle).encode(), site="bench", name=case.id)
        if read.quarantined:
            return Answer(error=f"refused by the import: {read.quarantined[0].reason}")
        made = check(
            read.events,
            drafts.read(context(case, at)),
            at,
            names=_words(bundle),
            subject=Subject(id=PATIENT),
            synthetic=True,
        )
    except Exception as error:
        return Answer(error=f"{type(error).__name__}: {error}")
    return Answer(
        tuple(Said(one.tier, one.finding.what.display, one.family) for one in made.alerts),
        tuple(f"{one.family}: {one.reason}" for one in made.gaps),
    )


@contextmanager
def service() -> Iterator[Callable[[Case, datetime], Answer]]:
    """A function that asks our order-sign service, bytes in and bytes out, without a server."""
    with tempfile.TemporaryDirectory() as folder:
        room = Service(Room(create(Path(folder) / "ws", synthetic=True)))
        listed = json.loads(room.discovery().body)["services"]
        searches = next(one["prefetch"] for one in listed if one["id"] == SERVICE)

        def asked(case: Case, at: datetime) -> Answer:
            reply = room.answer(SERVICE, json.dumps(body(case, at, searches)).encode(), at)
            if reply.status != 200:
                return Answer(error=f"status {reply.status}: {reply.body[:300].decode()}")
            return answer(json.loads(reply.body))

        yield asked


def _words(bundle: dict[str, object]) -> dict[str, str]:
    """Words of each code in the Bundle, by the code of the event table."""
    vocabularies = {uri: name for name, uri in SYSTEMS.items()}
    made: dict[str, str] = {}
    stack: list[object] = [bundle]
    while stack:
        one = stack.pop()
        if isinstance(one, list):
            stack += one
        elif isinstance(one, dict):
            stack += one.values()
            if "system" in one and "display" in one:
                made[f"{vocabularies[str(one['system'])]}//{one['code']}"] = str(one["display"])
    return made
