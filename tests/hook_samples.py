"""Requests of CDS Hooks for tests: a small patient, drafts by name, and services on them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from concurrent.futures import Future
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from fhir_samples import LOINC, RXNORM, SNOMED, UCUM, coded
from nof1.advice.hooks.discovery import OFFERS
from nof1.advice.hooks.room import Room
from nof1.advice.hooks.service import Service
from nof1.advice.ledger.shapes import Exchange, Receipt
from nof1.core.workspace import create

AT = datetime(2024, 5, 1, 12)
CARD = "4e0a3a1e-3283-4575-ab82-028d55fe2719"
INSTANCE = "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"
PATIENT = {"resourceType": "Patient", "id": "1", "gender": "female", "birthDate": "1950-02-03"}
OF = {"reference": "Patient/1"}
AMOXICILLIN, SIMVASTATIN_TABLET = "723", "312961"


def bundle(*resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A search result of these resources."""
    entries = [{"resource": one} for one in resources]
    return {"resourceType": "Bundle", "type": "searchset", "entry": entries} | more


def draft(name: str, **more: Any) -> dict[str, Any]:
    """A draft order by the words of its medicine; its id is ``mr-NAME``."""
    return {
        "resourceType": "MedicationRequest",
        "id": f"mr-{name}",
        "status": "draft",
        "intent": "order",
        "subject": OF,
        "medicationCodeableConcept": {"text": name},
    } | more


def allergy(rxnorm: str = AMOXICILLIN, display: str = "amoxicillin") -> dict[str, Any]:
    """A confirmed allergy."""
    return {
        "resourceType": "AllergyIntolerance",
        "id": "al1",
        "patient": OF,
        "code": coded(rxnorm, RXNORM, display),
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "recordedDate": "2020-01-01",
    }


def taken(rxnorm: str = SIMVASTATIN_TABLET, display: str = "simvastatin 20 MG Oral Tablet") -> Any:
    """A medicine that is taken now, by the code of a strength."""
    return {
        "resourceType": "MedicationRequest",
        "id": f"t-{rxnorm}",
        "status": "active",
        "intent": "order",
        "subject": OF,
        "medicationCodeableConcept": coded(rxnorm, RXNORM, display),
        "authoredOn": "2024-04-01T08:00:00Z",
    }


def creatinine(value: float = 1.0, day: str = "2024-04-20") -> dict[str, Any]:
    """A creatinine in mg/dL."""
    return {
        "resourceType": "Observation",
        "id": f"cr-{day}",
        "status": "final",
        "subject": OF,
        "code": coded("2160-0", LOINC),
        "effectiveDateTime": f"{day}T08:00:00Z",
        "valueQuantity": {"value": value, "unit": "mg/dL", "system": UCUM, "code": "mg/dL"},
    }


def condition(code: str = "38341003") -> dict[str, Any]:
    """A disease of long standing (hypertension)."""
    return {
        "resourceType": "Condition",
        "id": f"c-{code}",
        "subject": OF,
        "code": coded(code, SNOMED),
        "onsetDateTime": "2015-01-01",
        "recordedDate": "2015-01-01",
    }


def prefetched(**changes: Any) -> dict[str, Any]:
    """All prefetch keys filled; ``changes`` by key, with "_" for "-"; ``...`` takes one away."""
    found: dict[str, Any] = {
        "patient": PATIENT,
        "conditions": bundle(condition()),
        "medications": bundle(),
        "allergies": bundle(allergy()),
        "laboratory": bundle(creatinine()),
        "vital-signs": bundle(),
        "social-history": bundle(),
        "encounters": bundle(),
        "procedures": bundle(),
    }
    found |= {key.replace("_", "-"): value for key, value in changes.items()}
    return {key: value for key, value in found.items() if value is not ...}


def asked(hook: str, orders: Iterable[dict[str, Any]] = (), /, **more: Any) -> dict[str, Any]:
    """A request; ``more`` replaces its fields."""
    context: dict[str, Any] = {"userId": "Practitioner/7", "patientId": "1"}
    if hook.startswith("encounter-"):
        context["encounterId"] = "e1"
    if hook.startswith("order-"):
        context["draftOrders"] = bundle(*orders, type="collection")
    if hook == "medication-prescribe":
        context["medications"] = bundle(*orders, type="collection")
    if hook == "order-select":
        context["selections"] = [f"MedicationRequest/{one['id']}" for one in orders]
    made = {"hook": hook, "hookInstance": INSTANCE, "context": context, "prefetch": prefetched()}
    return made | more


def sign(*names: str, **more: Any) -> bytes:
    """An order-sign request for medicines by name."""
    return raw(asked("order-sign", [draft(name) for name in names], **more))


def raw(request: Any) -> bytes:
    """The bytes of a request."""
    return json.dumps(request).encode()


class Kept:
    """A keeper that keeps in memory; with ``fail`` it cannot. ``CARD`` counts as shown by all."""

    def __init__(self, fail: bool = False) -> None:
        self.fail, self.all = fail, []

    def submit(self, what: Any) -> Future[Receipt]:
        future: Future[Receipt] = Future()
        if self.fail:
            future.set_exception(OSError("No space left"))
        else:
            self.all.append(what)
            future.set_result(Receipt(len(self.all), "0" * 64))
        return future

    def submit_together(self, these: Any) -> list[Future[Receipt]]:
        return [self.submit(one) for one in these]

    def showing(self, card: str) -> list[Any]:
        if card == CARD:
            return [SimpleNamespace(service=name) for name in OFFERS]
        kept = [one for one in self.all if isinstance(one, Exchange)]
        return [one for one in kept if card in (shown.uuid for shown in one.cards)]


def service(folder: Path, keeper: Any = None) -> Service:
    """The services of an empty workspace, at a fixed moment."""
    return Service(Room(create(folder / "ws")), keeper, lambda: AT)


def cards(reply: Any) -> list[dict[str, Any]]:
    """The cards of an answer."""
    return json.loads(reply.body)["cards"]


def told(reply: Any) -> dict[str, Any]:
    """The statement of what was checked."""
    return json.loads(reply.body)["extension"]["org.nof1.coverage"]


def unchecked(reply: Any) -> set[tuple[str, str]]:
    """Family and subject of all that was not checked."""
    return {(one["family"], one["subject"]) for one in told(reply).get("notChecked", [])}
