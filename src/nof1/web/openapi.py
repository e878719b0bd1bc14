"""What the addresses take and give, as OpenAPI: for people, and for programs that try them.

The bodies are read by ``advice.hooks`` itself, so that their limits hold before anything is
parsed; this is a description of them, and a test holds the answers against it.

Reference: OpenAPI 3.1; HL7 CDS Hooks (3.0 ballot), "CDS Service Response".
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path

from nof1.advice.hooks.discovery import OFFERS

JSON = "application/json"
UUID = {"type": "string", "format": "uuid"}
TEXT = {"type": "string", "minLength": 1}
CODING = {
    "type": "object",
    "required": ["code", "system"],
    "properties": {"code": TEXT, "system": TEXT, "display": TEXT},
}
OUTCOME = {
    "type": "object",
    "required": ["resourceType", "issue"],
    "properties": {
        "resourceType": {"const": "OperationOutcome"},
        "issue": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "object", "required": ["severity", "code", "details"]},
        },
    },
}
DISCOVERY = {
    "type": "object",
    "required": ["services"],
    "properties": {
        "services": {
            "type": "array",
            "items": {"type": "object", "required": ["hook", "description", "id"]},
        }
    },
}
REQUEST = {
    "type": "object",
    "required": ["hook", "hookInstance", "context"],
    "properties": {
        "hook": {"enum": sorted({offer.hook for offer in OFFERS.values()})},
        "hookInstance": UUID,
        "fhirServer": {"type": ["string", "null"], "format": "uri"},
        "context": {
            "type": "object",
            "required": ["userId", "patientId"],
            "properties": {
                "userId": TEXT,
                "patientId": {"type": "string", "pattern": r"^[A-Za-z0-9\-.]{1,64}$"},
                "draftOrders": {"type": "object"},
                "selections": {"type": "array", "items": {"type": "string"}},
            },
        },
        "prefetch": {"type": ["object", "null"]},
    },
}
CARD = {
    "type": "object",
    "required": ["uuid", "summary", "indicator", "source"],
    "properties": {
        "uuid": UUID,
        "summary": {"type": "string", "minLength": 1, "maxLength": 139},
        "detail": TEXT,
        "indicator": {"enum": ["info", "warning", "critical"]},
        "source": {"type": "object", "required": ["label"]},
        "suggestions": {"type": "array", "minItems": 1, "items": {"type": "object"}},
        "selectionBehavior": {"enum": ["at-most-one", "any"]},
        "overrideReasons": {"type": "array", "minItems": 1, "items": CODING},
        "links": {"type": "array", "minItems": 1, "items": {"type": "object"}},
        "extension": {"type": "object"},
    },
    "additionalProperties": False,
}
RESPONSE = {
    "type": "object",
    "required": ["cards", "extension"],
    "properties": {"cards": {"type": "array", "items": CARD}, "extension": {"type": "object"}},
    "additionalProperties": False,
}
FEEDBACK = {
    "type": "object",
    "required": ["feedback"],
    "properties": {
        "feedback": {
            "type": "array",
            "minItems": 1,
            "maxItems": 500,
            "items": {
                "type": "object",
                "required": ["card", "outcome", "outcomeTimestamp"],
                "properties": {
                    "card": UUID,
                    "outcome": {"enum": ["accepted", "overridden"]},
                    "outcomeTimestamp": {"type": "string", "format": "date-time"},
                    "acceptedSuggestions": {
                        "type": "array",
                        "items": {"type": "object", "required": ["id"], "properties": {"id": UUID}},
                    },
                    "overrideReason": {"type": "object", "properties": {"reason": CODING}},
                },
            },
        }
    },
}
_OF = {"reference": "Patient/1"}
_ORDER = {
    "resourceType": "MedicationRequest",
    "id": "d1",
    "status": "draft",
    "intent": "order",
    "subject": _OF,
    "medicationCodeableConcept": {"text": "simvastatin"},
}
_ORDERS = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": _ORDER}]}
ASKED = {
    "hook": "order-sign",
    "hookInstance": "11111111-1111-4111-8111-111111111111",
    "context": {"userId": "Practitioner/1", "patientId": "1", "draftOrders": _ORDERS},
    "prefetch": {
        "patient": {
            "resourceType": "Patient",
            "id": "1",
            "gender": "female",
            "birthDate": "1950-02-03",
        },
        "allergies": {"resourceType": "Bundle", "type": "searchset", "entry": []},
    },
}
OVERRIDDEN = {
    "feedback": [
        {
            "card": "4e0a3a1e-3283-4575-ab82-028d55fe2719",
            "outcome": "overridden",
            "outcomeTimestamp": "2024-05-01T12:00:05Z",
        }
    ]
}
KEPT = {
    "type": "object",
    "required": ["kept"],
    "properties": {"kept": {"type": "integer", "minimum": 1}},
}
_REFUSED = {
    400: "not of the form",
    401: "no token that is trusted",
    403: "its account may not do this",
    404: "no such service",
    408: "the body came too slowly",
    412: "without these data nothing can be checked",
    413: "the body is too large",
    415: "the body is no plain JSON",
    500: "it failed, and nothing was checked",
    501: "nothing is kept here",
    503: "it took too long, or cannot answer now",
}


def responses(
    schema: dict[str, Any], *refused: int, kind: str = JSON
) -> dict[int | str, dict[str, Any]]:
    """An address's answers: 200 with ``schema``, and refusals with an OperationOutcome."""
    made: dict[int | str, dict[str, Any]] = {200: _answer("answered", schema, kind)}
    return made | {code: _answer(_REFUSED[code], OUTCOME, JSON) for code in refused}


def _answer(description: str, schema: dict[str, Any], kind: str) -> dict[str, Any]:
    return {"description": description, "content": {kind: {"schema": schema}}}


def body(schema: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    """What an address takes, for FastAPI's ``openapi_extra``."""
    content = {JSON: {"schema": schema, "example": example}}
    return {"requestBody": {"required": True, "content": content}}


# The name of a service; another one is 404 with its OperationOutcome, not refused here.
Name = Annotated[
    str, Path(json_schema_extra={"enum": sorted(OFFERS)}, examples=["nof1-order-sign"])
]
CALLED = (400, 401, 403, 404, 408, 412, 413, 415, 500, 503)
TOLD = (400, 401, 403, 404, 408, 413, 415, 500, 501, 503)
