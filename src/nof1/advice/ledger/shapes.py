"""What goes into the ledger and what comes out: exchanges, feedback, entries.

An entry holds identifiers, hashes, versions and counts. The bytes of a request and its answer are
about a patient: they are kept beside the chain, encrypted (``nof1.advice.ledger.keys``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from nof1.core.errors import UsageError

KINDS = ("exchange", "feedback", "forgotten")
OUTCOMES = ("accepted", "overridden")
NAME = re.compile(r"[\x21-\x7e]{1,512}")
_PLAIN = json.JSONEncoder(sort_keys=True, ensure_ascii=True, separators=(",", ":"))
FHIR_STAFF = re.compile(r"(Practitioner|PractitionerRole)/[A-Za-z0-9.-]{1,64}")


@dataclass(frozen=True)
class Shown:
    """One card of an answer: its ``uuid``, the ``rule`` behind it, and its ``tier`` (1 to 3)."""

    uuid: str
    rule: str
    tier: int


@dataclass(frozen=True)
class Exchange:
    """One request to the service and the answer that was given.

    Attributes
    ----------
    service, hook, instance : the CDS service, its hook, and the request's ``hookInstance``.
    request, response : the bytes as received, with what was fetched (``hooks.fetch``), and as
        sent; an access token is blanked.
    status : the HTTP status of the answer.
    asked_at : the moment of which the answer speaks, UTC. Replay answers as of this moment.
    versions : name -> version or content hash of all that shaped the answer (rules, models,
        knowledge, record), the program's own version too.
    patient : the identifier as the request gave it; only a keyed hash of it is kept.
    person : the FHIR reference of who asked, ``Practitioner/...``; anything else becomes a hash.
    client : the issuer of the request's token.
    cards : what was shown.
    shadow : what rules and models in shadow would have shown; nobody saw it.
    keep : False for a request that was refused: only its hash is kept then.
    """

    service: str
    request: bytes
    response: bytes
    status: int
    asked_at: datetime
    versions: Mapping[str, str]
    hook: str | None = None
    instance: str | None = None
    patient: str | None = None
    person: str | None = None
    client: str | None = None
    cards: tuple[Shown, ...] = ()
    keep: bool = True
    shadow: tuple[Shown, ...] = ()


@dataclass(frozen=True)
class Feedback:
    """What a clinician did with one card.

    Attributes
    ----------
    card : uuid of the card.
    outcome : ``accepted`` or ``overridden``.
    given_at : when, as the client says, UTC.
    reason : coded override reason (``system|code``), if any. Free words are kept encrypted only.
    suggestions : identifiers of the accepted suggestions.
    request : the bytes of the feedback as received.
    """

    service: str
    card: str
    outcome: Literal["accepted", "overridden"]
    given_at: datetime
    request: bytes = b""
    reason: str | None = None
    suggestions: tuple[str, ...] = ()
    person: str | None = None
    client: str | None = None


@dataclass(frozen=True)
class Receipt:
    """Proof that an entry is on disk: its number in the chain and its hash."""

    seq: int
    hash: str


@dataclass(frozen=True)
class Entry:
    """One line of the ledger, as it is chained.

    ``seq`` counts from 1; ``previous`` is the hash of the entry before; times are ISO 8601 in UTC;
    ``patient`` is a keyed hash; ``details`` hold cards, or the outcome of a card.
    """

    seq: int
    previous: str
    hash: str
    kind: str
    recorded_at: str
    asked_at: str
    service: str
    hook: str | None
    instance: str | None
    patient: str | None
    person: str | None
    client: str | None
    status: int
    request_hash: str
    response_hash: str
    versions: Mapping[str, str]
    details: Mapping[str, Any]

    @property
    def cards(self) -> tuple[str, ...]:
        """Identifiers of the cards that were shown."""
        return tuple(card["uuid"] for card in self.details.get("cards", ()))

    def to_dict(self) -> dict[str, Any]:
        """The JSON form (one line of ``nof1 audit export --ledger``)."""
        return dict(vars(self))


@dataclass(frozen=True)
class Draft:
    """An entry that waits for its place in the chain, with the encrypted bytes that go with it."""

    fields: dict[str, Any]
    sealed: tuple[tuple[str, bytes], ...] = ()
    cards: tuple[str, ...] = field(default=())


def moment(time: datetime) -> str:
    """A time as the ledger writes it.

    Raises
    ------
    UsageError : when the time has no zone.

    >>> moment(datetime(2026, 5, 1, tzinfo=UTC))
    '2026-05-01T00:00:00.000000+00:00'
    """
    if time.tzinfo is None:
        raise UsageError("A time in the ledger needs its zone.", allowed="a UTC time")
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def plain(data: Any) -> str:
    """JSON in the one form that is hashed: sorted keys, ASCII, no spaces."""
    return _PLAIN.encode(data)


def name(text: str | None, what: str) -> str | None:
    """``text`` itself when it can only be an identifier; words of a person are refused.

    Raises
    ------
    UsageError : for spaces, line breaks, non-ASCII letters or more than 512 characters.
    """
    if text is None or NAME.fullmatch(text):
        return text
    raise UsageError(
        f"The ledger keeps identifiers only; this {what} is none.",
        where=what,
        allowed="1 to 512 printable ASCII characters without spaces",
    )
