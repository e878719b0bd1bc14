"""One entry of the ledger: what was asked and shown, whether it holds, and its replay."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from fastapi import FastAPI, Request, Response

from nof1.advice.ledger import search
from nof1.advice.ledger.drafts import REQUEST, RESPONSE
from nof1.advice.ledger.replay import Again, Replayed, replay
from nof1.advice.ledger.shapes import Entry
from nof1.advice.ledger.store import Ledger
from nof1.core import audit as log
from nof1.web.access import guard
from nof1.web.site import audit
from nof1.web.site.governance import STYLES, TIERS, rule_address
from nof1.web.site.governance_tally import keeper
from nof1.web.site.house import House
from nof1.web.site.page import Missing, Page, show

MOST_PATHS, LONGEST = 20, 120
STATES = {
    "same": ("good", "The same, byte for byte",
             "The same question, asked again as of that moment with the same versions, gives "
             "exactly the bytes that were sent."),
    "different": ("critical", "Different",
                  "The same versions give other bytes now. That must not happen: tell whoever runs "
                  "this server."),
    "not_comparable": ("warning", "Not comparable",
                       "Why stands below. It says nothing about then."),
}  # fmt: skip


def add(app: FastAPI, house: House) -> None:
    """Put the page into the application."""

    @app.get("/governance/audit/{exchange}", include_in_schema=False)
    @guard.needs("read", "AuditEvent")
    def one(request: Request, exchange: str, again: str = "") -> Response:
        """One entry; ``again`` asks its question once more."""
        number = int(exchange) if exchange.isascii() and exchange.isdecimal() else 0
        return show(request, house, page(request, house, number, bool(again)))


def page(request: Request, house: House, number: int, again: bool) -> Page:
    """The page of an entry.

    Raises
    ------
    Missing : there is no ledger, or no entry of this number.
    """
    ledger = keeper(house)
    found, holds = (None, False)
    if ledger is not None and 0 < number < 2**62:
        found, holds = search.look(ledger, number)
    if ledger is None or found is None:
        raise Missing("The ledger has no entry of this number.", "Search the audit.")
    entry = found.entry
    became = {} if entry is None else search.answers(ledger, entry.cards, number)
    done = None
    if again and entry is not None and isinstance(ledger, Ledger):
        done = replayed(request, house, ledger, entry)
    row = audit.entry_row(found, became)
    cards = [] if entry is None else _cards(entry, became)
    versions = [] if entry is None else _versions(entry, house)
    told = None if done is None else _told(request, house, ledger, entry, done)
    return Page(
        template="audit-entry",
        title=f"Entry {number}",
        context={
            "number": number, "row": row, "entry": entry, "holds": holds, "cards": cards,
            "versions": versions, "replayed": told, "tiers": TIERS,
            "kept": entry is not None and entry.kind == "exchange",
            "shows": None if entry is None else _shows(ledger, entry),
            "search": audit.address(patient=entry.patient) if entry and entry.patient else None,
            "before": number - 1 or None,
            "after": number + 1 if number < ledger.head().seq else None,
            "patient": audit.known(request, house, ledger, [row["patient"]]).get(row["patient"]),
            "may_rules": guard.may(request, "read", "Governance").allowed,
        },
        data={
            "schema": "nof1/web-audit-entry/1", "holds": holds, "entry": row,
            "hash": None if entry is None else entry.hash,
            "previous": None if entry is None else entry.previous,
            "request_hash": None if entry is None else entry.request_hash,
            "response_hash": None if entry is None else entry.response_hash,
            "cards": cards, "versions": versions, "replay": told,
        },
        tables={"cards": cards, "versions": versions},
        data_date=(row["asked_at"] or house.data_date())[:10],
        here="governance",
        trail=(*audit.TRAIL, ("Audit", "/governance/audit")),
        styles=STYLES,
    )  # fmt: skip


def replayed(request: Request, house: House, ledger: Ledger, entry: Entry) -> Replayed:
    """Ask the entry's question again, as of its moment; the log gets a line about it."""
    done = replay(ledger, entry, lambda past, raw: ask(house, past, raw))
    log.append(
        house.workspace.audit, "replay", entries=1, **{done.state: 1},
        account=guard.who(request).account,
    )  # fmt: skip
    return done


def ask(house: House, entry: Entry, raw: bytes) -> Again:
    """An answer as it is built now, under the decisions of then; nothing is kept of it."""
    at = datetime.fromisoformat(entry.asked_at).replace(tzinfo=None)
    governed = house.service.under(entry.versions.get("governance", ""))
    made = governed.answered(entry.service, raw, at)
    used = governed.room.of_answer(made.record, made.governance)
    return Again(made.reply.status, made.reply.body, used)


def _told(
    request: Request, house: House, ledger: Any, entry: Entry | None, done: Replayed
) -> dict[str, Any]:
    """The replay in words; of other bytes the places, values only to who may see all patients."""
    severity, head, words = STATES[done.state]
    places: list[dict[str, Any]] = []
    if entry is not None and done.equal_now is False:
        values = guard.may(request, "read", "Patient").allowed
        places = _differences(house, ledger, entry, values)
    return {
        "state": done.state, "severity": severity, "head": head, "words": words,
        "reason": done.reason, "equal_now": done.equal_now,
        "first_difference": done.first_difference,
        "changed": [{"name": one.name, "then": _short(one.then), "now": _short(one.now)}
                    for one in done.changed],
        "places": places[:MOST_PATHS], "more_places": max(len(places) - MOST_PATHS, 0),
    }  # fmt: skip


def _differences(house: House, ledger: Any, entry: Entry, values: bool) -> list[dict[str, Any]]:
    raw, old = ledger.kept(entry, REQUEST), ledger.kept(entry, RESPONSE)
    if raw is None or old is None:
        return []
    new = ask(house, entry, raw).body
    try:
        then, now = json.loads(old), json.loads(new)
    except ValueError:
        return []
    made = []
    for where, before, after in differing(then, now):
        one = {"where": where, "then": None, "now": None}
        if values:
            texts = [_text(before), _text(after)]
            at = _first(*texts)
            one |= {"then": _cut(texts[0], at), "now": _cut(texts[1], at)}
        made.append(one)
    return made


def differing(then: Any, now: Any, where: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Where two answers differ: (path, value then, value now); None where one has nothing.

    >>> list(differing({"cards": [{"a": 1}]}, {"cards": [{"a": 2}]}))
    [('cards[0].a', 1, 2)]
    """
    if isinstance(then, dict) and isinstance(now, dict):
        for key in sorted({**then, **now}):
            path = f"{where}.{key}" if where else key
            yield from differing(then.get(key), now.get(key), path)
    elif isinstance(then, list) and isinstance(now, list):
        for at in range(max(len(then), len(now))):
            old, new = (one[at] if at < len(one) else None for one in (then, now))
            yield from differing(old, new, f"{where}[{at}]")
    elif then != now:
        yield where, then, now


def _text(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)


def _first(one: str, two: str) -> int:
    """Where two texts begin to differ."""
    pairs = enumerate(zip(one, two, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(two)))


def _cut(text: str, at: int) -> str:
    """A text around a place in it."""
    first = max(0, min(at - LONGEST // 3, len(text) - LONGEST))
    part = text[first : first + LONGEST]
    return f"{'…' if first else ''}{part}{'…' if first + LONGEST < len(text) else ''}"


def _cards(entry: Entry, became: Mapping[str, Entry]) -> list[dict[str, Any]]:
    made = []
    for part in ("cards", "shadow"):
        for card in entry.details.get(part, ()):
            told = became.get(card["uuid"])
            made.append(
                {
                    "card": card["uuid"], "rule": card["rule"], "tier": card["tier"],
                    "shown": part == "cards",
                    "outcome": None if told is None else told.details.get("outcome"),
                    "reason": None if told is None else audit.code(told.details.get("reason")),
                    "answered_at": None if told is None else told.asked_at[:19].replace("T", " "),
                    "address": rule_address(card["rule"]) if "/" in card["rule"] else None,
                }
            )  # fmt: skip
    return made


def _versions(entry: Entry, house: House) -> list[dict[str, Any]]:
    now = house.room.versions()
    return [
        {"name": name, "then": _short(then), "now": _short(now.get(name)),
         "same": now.get(name) == then}
        for name, then in sorted(entry.versions.items())
    ]  # fmt: skip


def _shows(ledger: Any, entry: Entry) -> int | None:
    """The exchange that showed the card of a feedback."""
    if entry.kind != "feedback":
        return None
    found = ledger.showing(str(entry.details.get("card", "")))
    return found[0].seq if found else None


def _short(text: str | None) -> str:
    if text is None:
        return "none noted"
    return text[:16] if len(text) == 64 else text[:80]
