"""Past questions asked again of the service, under the decisions that were in force then."""

from __future__ import annotations

from datetime import datetime

from nof1.advice.hooks.room import Room
from nof1.advice.hooks.service import Service
from nof1.advice.ledger.replay import Again, Answer
from nof1.advice.ledger.shapes import Entry
from nof1.core.workspace import Workspace


def asker(workspace: Workspace) -> Answer:
    """What answers a past question as of its moment, with the workspace as it is now.

    Nothing is kept, and no FHIR server is read: what was fetched then lies in the kept request.
    """
    service = Service(Room(workspace))
    service.room.warm()

    def again(entry: Entry, request: bytes) -> Again:
        at = datetime.fromisoformat(entry.asked_at).replace(tzinfo=None)
        governed = service.under(entry.versions.get("governance", ""))
        made = governed.answered(entry.service, request, at)
        used = governed.room.of_answer(made.record, made.governance)
        return Again(made.reply.status, made.reply.body, used)

    return again
