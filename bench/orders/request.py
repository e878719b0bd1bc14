"""A case as the body of a CDS Hooks 2.0 ``order-sign`` call, with everything prefetched.

A service names its prefetch keys in its discovery, with a search for each; the resources that fit a
search are sent under its key. Without discovery five keys of our own are used.
Reference: CDS Hooks 2.0, https://cds-hooks.hl7.org/2.0/.
"""

from __future__ import annotations

import re
import uuid
from datetime import datetime
from typing import Any

from bench.orders.patient import PATIENT, SUBJECT, medicine, moment, resources
from bench.orders.tables import Case, Order

Json = dict[str, Any]
OURS = {
    "patient": "Patient/{{context.patientId}}",
    "observations": "Observation?patient={{context.patientId}}",
    "conditions": "Condition?patient={{context.patientId}}",
    "allergies": "AllergyIntolerance?patient={{context.patientId}}",
    "medications": "MedicationRequest?patient={{context.patientId}}",
}
NAMESPACE = uuid.UUID("6c1c0a5e-93a8-5f6e-a5ac-1d3a2ad3a8d4")


def body(case: Case, at: datetime, templates: dict[str, str] | None = None) -> Json:
    """The request; the same case and time give the same body.

    Parameters
    ----------
    templates : FHIR search by prefetch key; ``OURS`` when None.
    """
    return {
        "hook": "order-sign",
        "hookInstance": str(uuid.uuid5(NAMESPACE, f"{case.id} {at.isoformat()}")),
        "context": context(case, at),
        "prefetch": prefetch(resources(case, at), templates),
    }


def context(case: Case, at: datetime) -> Json:
    """Who orders what for whom."""
    orders = [draft(order, number, at) for number, order in enumerate(case.orders, 1)]
    entries = [{"resource": one} for one in orders]
    return {
        "userId": "Practitioner/bench",
        "patientId": PATIENT,
        "draftOrders": {"resourceType": "Bundle", "type": "collection", "entry": entries},
    }


def draft(order: Order, number: int, at: datetime) -> Json:
    """One draft MedicationRequest."""
    made: Json = {
        "resourceType": "MedicationRequest",
        "id": f"draft-{number}",
        "status": "draft",
        "intent": "order",
        "medicationCodeableConcept": medicine(order.name),
        "subject": SUBJECT,
        "authoredOn": moment(at, 0),
    }
    if order.dose is not None:
        made["dosageInstruction"] = [_dosage(order)]
    return made


def _dosage(order: Order) -> Json:
    quantity = {"value": order.dose, "unit": order.unit, "system": "http://unitsofmeasure.org"}
    made: Json = {"doseAndRate": [{"doseQuantity": quantity | {"code": order.unit}}]}
    if order.per_day is not None:
        weekly = order.per_day < 1
        repeat = (
            {"frequency": 1, "period": 1, "periodUnit": "wk"}
            if weekly
            else {
                "frequency": round(order.per_day),
                "period": 1,
                "periodUnit": "d",
            }
        )
        made["timing"] = {"repeat": repeat}
    return made


def prefetch(everything: list[Json], templates: dict[str, str] | None = None) -> Json:
    """The resources by prefetch key; a search that finds nothing gives an empty Bundle."""
    return {key: _found(everything, text) for key, text in (templates or OURS).items()}


def _found(everything: list[Json], template: str) -> Json:
    kind = re.split(r"[/?]", template)[0]
    of_kind = [one for one in everything if one["resourceType"] == kind]
    if "?" not in template:
        return of_kind[0] if of_kind else {}
    asked = re.search(r"category=([^&]+)", template)
    wanted = set(asked[1].split(",")) if asked else None
    entries = [{"resource": one} for one in of_kind if wanted is None or wanted & _categories(one)]
    made: Json = {"resourceType": "Bundle", "type": "searchset", "total": len(entries)}
    return made | {"entry": entries} if entries else made


def _categories(resource: Json) -> set[str]:
    concepts = resource.get("category", [])
    return {coding["code"] for one in concepts for coding in one["coding"]}


def whole(case: Case, at: datetime) -> Json:
    """Everything prefetched in one Bundle, as an importer reads it."""
    entries = [{"resource": one} for one in resources(case, at)]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}
