"""From an exchange or feedback to the row that is chained: identifiers, hashes, sealed bytes."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import Any

from nof1.advice.ledger.keys import Keys, without_token
from nof1.advice.ledger.schema import FORGOTTEN
from nof1.advice.ledger.shapes import (
    FHIR_STAFF,
    OUTCOMES,
    Draft,
    Exchange,
    Feedback,
    Shown,
    moment,
    name,
    plain,
)
from nof1.core.errors import UsageError

REQUEST, RESPONSE = "request", "response"
NOTHING = hashlib.sha256(b"").hexdigest()


def of_exchange(exchange: Exchange, keys: Keys) -> Draft:
    """The entry of one question and its answer.

    Raises
    ------
    UsageError : when a field that must be an identifier holds words.
    """
    request = without_token(exchange.request)
    hashes = hashed(request), hashed(exchange.response)
    fields = _fields(
        "exchange",
        exchange,
        keys,
        asked_at=moment(exchange.asked_at),
        hook=name(exchange.hook, "hook"),
        instance=name(exchange.instance, "hookInstance"),
        patient=None if exchange.patient is None else keys.pseudonym(exchange.patient),
        status=exchange.status,
        request_hash=hashes[0],
        response_hash=hashes[1],
        versions=_versions(tuple(exchange.versions.items())),
        details=plain(_cards(exchange)),
    )
    parts = ((REQUEST, hashes[0], request), (RESPONSE, hashes[1], exchange.response))
    kept = _sealed(parts if exchange.keep else (), keys)
    return Draft(fields, kept, tuple(card.uuid for card in exchange.cards))


def of_feedback(feedback: Feedback, keys: Keys) -> Draft:
    """The entry of what became of one card; free words travel in the sealed request only.

    Raises
    ------
    UsageError : for an outcome that CDS Hooks does not know, or words where a code belongs.
    """
    if feedback.outcome not in OUTCOMES:
        raise UsageError("Unknown outcome of a card.", where="outcome", allowed=OUTCOMES)
    request = without_token(feedback.request)
    request_hash = hashed(request)
    details = {
        "card": name(feedback.card, "card"),
        "outcome": feedback.outcome,
        "reason": name(feedback.reason, "override reason"),
        "suggestions": [name(one, "suggestion") for one in feedback.suggestions],
    }
    fields = _fields(
        "feedback",
        feedback,
        keys,
        asked_at=moment(feedback.given_at),
        request_hash=request_hash,
        details=plain(details),
    )
    return Draft(fields, _sealed(((REQUEST, request_hash, request),) if request else (), keys))


def of_forgetting(before: str, now: str) -> Draft:
    """The entry that says: encrypted bytes recorded before this time were deleted."""
    return Draft({**_EMPTY, "asked_at": now, "details": plain({"before": before})})


def limit(details: str) -> str:
    """The ``before`` of such an entry, from the JSON of its details; "" when it is damaged."""
    try:
        return str(json.loads(details)["before"])
    except (TypeError, ValueError, KeyError):
        return ""


def hashed(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def label(part: str, plain_hash: str) -> str:
    """What sealed bytes are bound to: they open only as this part of an entry with this hash."""
    return f"{part}:{plain_hash}"


_EMPTY: dict[str, Any] = {
    "kind": FORGOTTEN,
    "service": "nof1",
    "hook": None,
    "instance": None,
    "patient": None,
    "person": None,
    "client": None,
    "status": 200,
    "request_hash": NOTHING,
    "response_hash": NOTHING,
    "versions": "{}",
}


def _fields(kind: str, of: Exchange | Feedback, keys: Keys, **own: Any) -> dict[str, Any]:
    common = {
        "kind": kind,
        "service": name(of.service, "service"),
        "person": _person(of.person, keys),
        "client": name(of.client, "client"),
    }
    return {**_EMPTY, **common, **own}


def _person(person: str | None, keys: Keys) -> str | None:
    if person is None or FHIR_STAFF.fullmatch(person):
        return person
    return f"hidden:{keys.pseudonym(person)}"  # a patient or a relative who asks, or free words


@lru_cache(maxsize=64)
def _versions(versions: tuple[tuple[str, str], ...]) -> str:
    """The same for nearly all answers of a process, so made once."""
    return plain({str(name(key, "version")): name(value, "version") for key, value in versions})


def _cards(exchange: Exchange) -> dict[str, Any]:
    """Cards that were shown; beside them those of rules in shadow, where there are any."""
    found = {"cards": [_card(card) for card in exchange.cards]}
    unseen = {"shadow": [_card(card) for card in exchange.shadow]}
    return found | (unseen if exchange.shadow else {})


def _card(card: Shown) -> dict[str, Any]:
    return {"uuid": name(card.uuid, "card"), "rule": name(card.rule, "rule"), "tier": card.tier}


def _sealed(parts: tuple[tuple[str, str, bytes], ...], keys: Keys) -> tuple[tuple[str, bytes], ...]:
    return tuple((part, keys.seal(label(part, known), data)) for part, known, data in parts)
