"""A long stream of requests for ``bench.ledger``: all services, many moments, refusals and faults.

Half of the requests bring a prefetch of 100 resources, the others rely on the record of a synthetic
hospital with a trained model. Every request is about something else; a seed gives the same stream.
"""

from __future__ import annotations

import json
import random
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from bench.hooks_patients import DRAFTS, body
from nof1.advice.hooks.discovery import OFFERS
from nof1.advice.hooks.room import Room, last_day
from nof1.advice.hooks.service import Service
from nof1.advice.ledger.store import Ledger, open_ledger
from nof1.advice.orders import check
from nof1.core.workspace import Workspace, create

PATIENTS, SEED = 1500, 3
NAMESPACE = uuid.UUID("7f2d5c0e-3c57-5b0e-9a53-2a0f0c1d8e42")
HOOKS = {offer.hook: offer.id for offer in OFFERS.values()}
VIEWS = ("patient-view", "encounter-start", "encounter-discharge")
Asked = tuple[str, bytes, datetime]


def hospital(folder: Path) -> Workspace:
    """A workspace with the record of a synthetic hospital and one model."""
    from nof1.predict.train import train_task
    from nof1.record.ingest import ingest
    from nof1.synthetic.hospital import write
    from nof1.synthetic.radiology import Imaging

    written = write(folder / "files", seed=SEED, patients=PATIENTS, imaging=Imaging.none())
    workspace = create(folder / "ws", shards=2, synthetic=True)
    for number, (site, source) in enumerate(written.sites.items()):
        settings = {} if number else {"shards": 2}
        ingest(workspace.record, [source], site=site, settings=settings)
    train_task(workspace, written.tasks["heart_attack"])
    return workspace


def fill(workspace: Workspace, cards: int) -> Counter[str]:
    """Ask until so many cards were shown; counts by status, and of cards and feedback."""
    room = Room(workspace)
    opened = room.opened()
    assert opened is not None
    people = opened.record.subjects().sort("patient")["patient"].to_list()
    stream = requests(people, last_day(room))
    moment = [last_day(room)]
    counts: Counter[str] = Counter()
    with open_ledger(workspace.audit) as ledger:
        service = Service(room, ledger, lambda: moment[0])
        while counts["cards"] < cards:
            name, raw, moment[0] = next(stream)
            counts.update(_asked(service, ledger, name, raw))
    return counts


def _asked(service: Service, ledger: Ledger, name: str, raw: bytes) -> Counter[str]:
    """One request; each 97th meets a fault inside, each fifth gets feedback."""
    number = ledger.head().seq
    if number % 97 == 96:
        with mock.patch.object(check, "check", side_effect=RuntimeError("a fault for the bench")):
            reply = service.call(name, raw)
    else:
        reply = service.call(name, raw)
    found = json.loads(reply.body).get("cards", [])
    counts = Counter({f"status {reply.status}": 1, "cards": len(found)})
    if found and number % 5 == 0:
        outcome = {"card": found[0]["uuid"], "outcome": "overridden",
                   "outcomeTimestamp": "2026-05-01T10:00:00Z"}  # fmt: skip
        kept = service.feedback(name, json.dumps({"feedback": [outcome]}).encode())
        counts[f"feedback {kept.status}"] += 1
    return counts


def requests(people: list[str], start: datetime) -> Iterator[Asked]:
    """Service, body and moment of each request, without end."""
    number = 0
    while True:
        number += 1
        at = start + timedelta(minutes=37 * number)
        draw = random.Random(number)
        kind = number % 10
        if kind < 4:
            yield HOOKS["order-sign"], body(number, at), at
        elif kind == 4:
            yield HOOKS["order-select"], json.dumps(_selected(body(number, at))).encode(), at
        elif kind == 8:
            yield HOOKS["order-sign"], json.dumps(_holed(body(number, at), draw)).encode(), at
        elif kind == 9:
            yield _refused(number, body(number, at), at)
        else:
            hook = "order-sign" if kind == 5 else VIEWS[number % len(VIEWS)]
            whole = _bare(hook, draw.choice(people), number, draw)
            yield HOOKS[hook], json.dumps(whole).encode(), at


def _selected(raw: bytes) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(raw)
    first = whole["context"]["draftOrders"]["entry"][0]["resource"]
    whole["hook"] = "order-select"
    whole["context"]["selections"] = [f"{first['resourceType']}/{first['id']}"]
    return whole


def _holed(raw: bytes, draw: random.Random) -> dict[str, Any]:
    """A prefetch in which something failed, is absent, or is only a first page."""
    whole: dict[str, Any] = json.loads(raw)
    key = draw.choice(["conditions", "medications", "allergies", "laboratory", "vital-signs"])
    hole = draw.randrange(4)
    if hole == 0:
        del whole["prefetch"][key]
    elif hole == 1:
        whole["prefetch"][key] = None
    elif hole == 2:
        whole["prefetch"][key] = {"resourceType": "OperationOutcome", "issue": []}
    else:
        whole["prefetch"][key]["link"] = [{"relation": "next", "url": "https://ehr.example/next"}]
    return whole


def _refused(number: int, raw: bytes, at: datetime) -> Asked:
    """No JSON, a patient whom nobody knows, somebody else's prefetch, a wrong hook."""
    whole = json.loads(raw)
    wrong = number // 10 % 4
    if wrong == 0:
        return HOOKS["order-sign"], raw[: len(raw) // 2], at
    if wrong == 1:
        del whole["prefetch"]
    elif wrong == 2:
        whole["context"]["patientId"] = "somebody-else"
    else:
        return HOOKS["patient-view"], raw, at
    return HOOKS["order-sign"], json.dumps(whole).encode(), at


def _bare(hook: str, patient: str, number: int, draw: random.Random) -> dict[str, Any]:
    """A request without prefetch about somebody of the record."""
    context: dict[str, Any] = {"userId": "Practitioner/bench", "patientId": patient}
    if hook.startswith("encounter"):
        context["encounterId"] = "e0"
    if hook == "order-sign":
        names = draw.sample(DRAFTS, 1 + number % 3)
        orders = [
            {"resource": {"resourceType": "MedicationRequest", "id": f"d{k}", "status": "draft",
                          "intent": "order", "subject": {"reference": f"Patient/{patient}"},
                          "medicationCodeableConcept": {"text": name}}}
            for k, name in enumerate(names)
        ]  # fmt: skip
        context["draftOrders"] = {"resourceType": "Bundle", "type": "collection", "entry": orders}
    instance = str(uuid.uuid5(NAMESPACE, str(number)))
    return {"hook": hook, "hookInstance": instance, "context": context}
