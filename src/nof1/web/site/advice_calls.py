"""What a page asks of the CDS Hooks services: the same call as an outside system's, and the ledger.

A page never makes a card. It sends a request to ``Service.call`` as any client does, finds the
entry that the ledger made of it, and shows the bytes that the ledger holds. So what a person sees
is what was kept, byte for byte, and a past answer can be looked at again by its number.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import msgspec
from starlette.requests import Request

from nof1.advice.hooks.discovery import OFFERS, ORDER_SELECT, ORDER_SIGN
from nof1.advice.hooks.outcome import Reply
from nof1.advice.ledger.reading import Reader
from nof1.advice.ledger.shapes import Entry
from nof1.core.errors import Nof1Error, UsageError, WorkspaceError
from nof1.core.finding import utc
from nof1.knowledge import drugs
from nof1.knowledge.base import Base
from nof1.web.access import guard
from nof1.web.site.dose import instruction
from nof1.web.site.house import House
from nof1.web.site.page import Missing

OK = 200
MOST_ORDERS = 3
LOOK_BACK = 500  # newest entries among which the one of a call just made is looked for
SERVICES = {offer.hook: name for name, offer in OFFERS.items()}
HOOKS = (ORDER_SIGN, ORDER_SELECT)
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
LONGEST_NAME = 120


@dataclass(frozen=True)
class Answer:
    """One answer as the ledger holds it.

    Attributes
    ----------
    seq : its number; None for one that is not kept (a look back).
    asked, told : the request and the response, read. raw : the response's bytes.
    """

    service: str
    seq: int | None
    at: str
    asked: Mapping[str, Any]
    told: Mapping[str, Any]
    raw: bytes

    @property
    def cards(self) -> list[dict[str, Any]]:
        """The cards, most urgent first."""
        return list(self.told.get("cards", []))

    @property
    def orders(self) -> list[tuple[str, str]]:
        """(medicine, dose) of the drafts that were asked about."""
        bundle = self.asked.get("context", {}).get("draftOrders") or {}
        return [_order(one["resource"]) for one in bundle.get("entry", [])]


def _order(resource: Mapping[str, Any]) -> tuple[str, str]:
    concept = resource.get("medicationCodeableConcept") or {}
    dosage = resource.get("dosageInstruction") or [{}]
    return str(concept.get("text", "")), str(dosage[0].get("text", ""))


class NotAnswered(Nof1Error):
    """The service refused or failed: nothing was checked."""


def ledger(house: House) -> Reader:
    """The ledger of the services.

    Raises
    ------
    WorkspaceError : nothing is kept here; then no advice is shown either.
    """
    found = house.service.keeper
    if isinstance(found, Reader):
        return found
    raise WorkspaceError(
        "This server keeps no ledger, so its pages show no advice.",
        next_step="Start it with: nof1 serve",
    )


def client(request: Request) -> str | None:
    """Who asks, for the ledger: the account; None on a server that nobody guards."""
    access = request.scope["state"].get("access")
    guarded = access is not None and access.desk is not None
    return guard.who(request).account if guarded else None


def body(request: Request, hook: str, patient: str, orders: Sequence[tuple[str, str]] = (),
         base: Base | None = None) -> bytes:  # fmt: skip
    """A request of CDS Hooks about a patient of the record, without prefetched data."""
    context: dict[str, Any] = {"userId": guard.who(request).account, "patientId": patient}
    if orders:
        drafts = [_draft(number, patient, *one, base) for number, one in enumerate(orders, start=1)]
        entries = [{"resource": one} for one in drafts]
        context["draftOrders"] = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    if hook == ORDER_SELECT:
        context["selections"] = ["MedicationRequest/draft-1"]  # the one being chosen
    return msgspec.json.encode({"hook": hook, "hookInstance": str(uuid4()), "context": context})


def _draft(number: int, patient: str, name: str, dose: str, base: Base | None) -> dict[str, Any]:
    """A draft order as FHIR R4 writes it; the code only where the name is one that we know."""
    known = None if base is None else drugs.find(name, base)
    concept: dict[str, Any] = {"text": name}
    if known is not None and known.rxnorm:
        coding = {"system": RXNORM, "code": known.rxnorm, "display": known.name}
        concept["coding"] = [coding]
    made: dict[str, Any] = {
        "resourceType": "MedicationRequest", "id": f"draft-{number}", "status": "draft",
        "intent": "order", "subject": {"reference": f"Patient/{patient}"},
        "medicationCodeableConcept": concept,
    }  # fmt: skip
    dosage = instruction(dose)
    return made if dosage is None else {**made, "dosageInstruction": [dosage]}


def call(house: House, hook: str, raw: bytes, who: str | None) -> Answer:
    """Ask a service as an outside system does; the answer as it was kept.

    Raises
    ------
    NotAnswered : the service refused, failed or was too slow: nothing was checked.
    """
    book, service = ledger(house), SERVICES[hook]
    reply = house.service.call(service, raw, who)
    if reply.status != OK:
        raise refused(reply)
    instance = json.loads(raw)["hookInstance"]
    return of_entry(house, _entry_of(book, service, instance))


def _entry_of(book: Reader, service: str, instance: str) -> Entry:
    """The entry that a call just made."""
    head = book.head().seq
    newest = list(book.entries(first=max(1, head - LOOK_BACK + 1)))
    for entry in reversed(newest):
        if (entry.kind, entry.service, entry.instance) == ("exchange", service, instance):
            return entry
    raise WorkspaceError("The answer is not in the ledger.", next_step="Ask again.")


def past(house: House, hook: str, raw: bytes, at: datetime) -> Answer:
    """What would have been said at an earlier moment; nothing of it is kept.

    Raises
    ------
    NotAnswered : see ``call``.
    """
    service = SERVICES[hook]
    reply = house.service.answer(service, raw, at)
    if reply.status != OK:
        raise refused(reply)
    told = json.loads(reply.body)
    return Answer(service, None, f"{utc(at).isoformat()}", json.loads(raw), told, reply.body)


def kept(house: House, seq: int, patient: str) -> Answer:
    """An earlier answer about this patient, by its number in the ledger.

    Raises
    ------
    Missing : there is none of this number about this patient, or it was deleted.
    """
    gone = Missing("There is no such answer about this patient, or it was deleted by the rule "
                   "that deletes old answers.", "Ask again.")  # fmt: skip
    if not 1 <= seq < 2**53:
        raise gone
    try:
        entry = ledger(house).entry(seq)
    except UsageError:
        raise gone from None
    if entry.kind != "exchange" or entry.status != OK:
        raise gone
    found = of_entry(house, entry)
    if found.asked.get("context", {}).get("patientId") != patient:
        raise gone
    return found


def of_entry(house: House, entry: Entry) -> Answer:
    """The answer of an entry, from the kept bytes.

    Raises
    ------
    Missing : they were deleted.
    """
    book = ledger(house)
    asked, told = book.kept(entry, "request"), book.kept(entry, "response")
    if asked is None or told is None:
        raise Missing("The words of this answer were deleted; the ledger holds that it was given.")
    return Answer(
        entry.service, entry.seq, entry.asked_at, json.loads(asked), json.loads(told), told
    )


def outcomes(house: House, answer: Answer) -> dict[str, list[Entry]]:
    """Card -> what became of it, oldest first."""
    if answer.seq is None:
        return {}
    cards = {str(one["uuid"]) for one in answer.cards}
    found: dict[str, list[Entry]] = {}
    for entry in ledger(house).feedback(first=answer.seq):
        if entry.details.get("card") in cards:
            found.setdefault(str(entry.details["card"]), []).append(entry)
    return found


def feedback(house: House, answer: Answer, fields: Mapping[str, str], who: str | None) -> None:
    """Tell the service what became of a card, as an outside system does.

    Raises
    ------
    UsageError : the card, suggestion or reason is none that was offered.
    NotAnswered : the service did not keep it.
    """
    card = _one(answer.cards, "uuid", fields.get("card", ""), "card")
    item: dict[str, Any] = {"card": card["uuid"], "outcomeTimestamp": _stamp(house.now())}
    if fields.get("outcome") == "accepted":
        chosen = _one(card.get("suggestions", []), "uuid", fields.get("suggestion", ""),
                      "suggestion")  # fmt: skip
        item |= {"outcome": "accepted", "acceptedSuggestions": [{"id": chosen["uuid"]}]}
    elif fields.get("outcome") == "overridden":
        item |= {"outcome": "overridden", "overrideReason": _reason(card, fields)}
    else:
        raise UsageError("Nothing was chosen.", where="outcome",
                         allowed=["accepted", "overridden"])  # fmt: skip
    reply = house.service.feedback(answer.service, msgspec.json.encode({"feedback": [item]}), who)
    if reply.status != OK:
        raise refused(reply)


def _reason(card: Mapping[str, Any], fields: Mapping[str, str]) -> dict[str, Any]:
    code = _one(card.get("overrideReasons", []), "code", fields.get("reason", ""), "reason")
    made: dict[str, Any] = {"reason": {"code": code["code"], "system": code["system"]}}
    comment = " ".join(fields.get("comment", "").split())
    if len(comment) > 500:
        raise UsageError("The comment is too long.", where="comment", allowed="500 letters")
    return made | ({"userComment": comment} if comment else {})


def _one(found: Iterable[Mapping[str, Any]], key: str, wanted: str, what: str) -> Mapping[str, Any]:
    for one in found:
        if one[key] == wanted:
            return one
    raise UsageError(
        f"This {what} was not offered.", where=what,
        next_step="Go back to the answer and choose from what it offers.",
    )  # fmt: skip


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"


def refused(reply: Reply) -> NotAnswered:
    """What a service says when it does not answer, as an error of a page."""
    issue = json.loads(reply.body)["issue"][0]
    return NotAnswered(
        f"Nothing was checked. {issue['details']['text']}",
        where=issue.get("diagnostics"),
        next_step="Do not read this as “no advice”. Check the patient by hand.",
    )
