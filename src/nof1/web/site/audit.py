"""The audit: looking for entries of ledger and log, whether they hold, and one entry alone."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from functools import partial
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request, Response

from nof1.advice.hooks.discovery import OFFERS
from nof1.advice.ledger import search
from nof1.advice.ledger.reading import Reader
from nof1.advice.ledger.search import OUTCOMES, Wanted
from nof1.advice.ledger.shapes import Entry
from nof1.core import audit as log
from nof1.core.errors import UsageError
from nof1.web.access import guard
from nof1.web.access.emergency import mark
from nof1.web.site.governance import STYLES
from nof1.web.site.governance_tally import keeper
from nof1.web.site.house import House
from nof1.web.site.later import later
from nof1.web.site.page import NotAllowed, Page, seen_other, show, with_query

ROWS, NEWEST = 50, 1_000
PSEUDONYM = re.compile("[0-9a-f]{16}")
OUTCOME_WORDS = {
    "": "anything", "answered": "answered with cards or none", "refused": "refused or failed",
    "accepted": "a card was accepted", "overridden": "a card was overridden",
    "forgotten": "kept bytes were deleted",
}  # fmt: skip
TRAIL = (("Governance", "/governance"),)


def add(app: FastAPI, house: House) -> None:
    """Put the page into the application."""

    @app.get("/governance/audit", include_in_schema=False)
    @guard.needs("search", "AuditEvent")
    def audit(
        request: Request, of: str = "ledger", first: str = "", last: str = "", service: str = "",
        patient: str = "", outcome: str = "", action: str = "", before: int = 0, check: str = "",
    ) -> Response:  # fmt: skip
        """Entries of the ledger, or lines of the log, the newest first."""
        if of == "log":
            return show(request, house, log_page(request, house, action, days(first, last), before))
        if of != "ledger":
            raise UsageError("There is no such record.", where="of", allowed=["ledger", "log"])
        if patient and not PSEUDONYM.fullmatch(patient):
            return seen_other(_by_pseudonym(request, house, patient.strip()))
        wanted = Wanted(*days(first, last), service[:512], patient, _outcome(outcome))
        return show(request, house, ledger_page(request, house, wanted, before, check == "all"))


def days(first: str, last: str) -> tuple[date | None, date | None]:
    """Two days of an address.

    Raises
    ------
    UsageError : one is none, or they are in the wrong order.
    """
    found = []
    for where, text in (("first", first), ("last", last)):
        try:
            found.append(date.fromisoformat(text) if text else None)
        except ValueError:
            raise UsageError("This is no day.", where=where, allowed="YYYY-MM-DD") from None
    if found[0] and found[1] and found[0] > found[1]:
        raise UsageError("The last day lies before the first.", where="first and last")
    return found[0], found[1]


def _outcome(text: str) -> Any:
    if text and text not in OUTCOMES:
        raise UsageError("There is no such outcome.", where="outcome", allowed=list(OUTCOMES))
    return text


def _by_pseudonym(request: Request, house: House, patient: str) -> str:
    """The same search by pseudonym, so that the identifier does not stay in the address.

    Raises
    ------
    NotAllowed : the reader may not see this patient. UsageError : this is no identifier.
    """
    found = mark(house.workspace.audit, patient)
    if not guard.may(request, "read", "Patient", patient).allowed:
        raise NotAllowed("Your roles let you look for a patient by pseudonym only.")
    log.append(
        house.workspace.audit, "audit search", account=guard.who(request).account, patient=found
    )
    return with_query(request, patient=found, before=None)


def ledger_page(request: Request, house: House, wanted: Wanted, before: int, all_: bool) -> Page:
    """One page of the ledger's entries."""
    ledger = keeper(house)
    if ledger is None:
        return _none(house)
    head = ledger.head()
    found = search.find(ledger, wanted, before=before or None, most=ROWS + 1)
    rows = _rows(ledger, found[:ROWS])
    state = chain_state(house, ledger, head.hash, all_)
    names = sorted({*OFFERS, *([wanted.service] if wanted.service else [])})
    more = found[ROWS - 1].seq if len(found) > ROWS else None
    asked = {"first": wanted.first, "last": wanted.last, "service": wanted.service,
             "patient": wanted.patient, "outcome": wanted.outcome}  # fmt: skip
    asked = {key: "" if value is None else str(value) for key, value in asked.items()}
    return Page(
        template="audit",
        title="Audit",
        context={
            "of": "ledger", "rows": rows, "asked": asked, "services": names,
            "outcomes": OUTCOME_WORDS, "state": state, "entries": head.seq,
            "check_all": with_query(request, check="all"),
            "more": None if more is None else with_query(request, before=str(more)),
            "newest": with_query(request, before=None) if before else None,
            "by_identifier": guard.some(request, "read", "Patient"),
            "patients": known(request, house, ledger, [row["patient"] for row in rows]),
        },
        data={"schema": "nof1/web-audit/1", "entries": head.seq, "asked": asked, "chain": state,
              "rows": rows},
        tables={"entries": rows},
        data_date=_day(rows, house),
        here="governance",
        trail=TRAIL,
        styles=STYLES,
    )  # fmt: skip


def _none(house: House) -> Page:
    return Page(
        template="audit-empty",
        title="Audit",
        context={},
        data={"schema": "nof1/web-audit/1", "entries": 0, "rows": []},
        tables={"entries": []},
        data_date=house.data_date(),
        here="governance",
        trail=TRAIL,
        styles=STYLES,
    )


def _rows(ledger: Reader, found: list[search.Row]) -> list[dict[str, Any]]:
    read = [one.entry for one in found if one.entry is not None]
    cards = [card for entry in read for card in entry.cards]
    since = min((one.seq for one in found), default=0)
    became = search.answers(ledger, cards, since)
    return [entry_row(one, became) for one in found]


def entry_row(one: search.Row, became: Mapping[str, Entry]) -> dict[str, Any]:
    """An entry for people and programs; a damaged one says so and shows nothing else."""
    entry = one.entry
    empty = dict.fromkeys(("asked_at", "service", "hook", "patient", "person", "status", "cards",
                           "interrupting", "outcome", "reason"))  # fmt: skip
    made = {"entry": one.seq, "address": f"/governance/audit/{one.seq}", "kind": "damaged", **empty}
    if entry is None:
        return made
    told = [became[card].details for card in entry.cards if card in became]
    outcomes = sorted({str(one_["outcome"]) for one_ in told})
    shown = entry.details.get("cards", ())
    made |= {
        "kind": entry.kind,
        "asked_at": entry.asked_at[:19].replace("T", " "),
        "service": entry.service,
        "hook": entry.hook,
        "patient": entry.patient,
        "person": entry.person,
        "status": entry.status,
        "cards": len(shown),
        "interrupting": sum(card.get("tier") == 1 for card in shown),
        "outcome": ", ".join(outcomes) or None,
    }
    if entry.kind == "feedback":
        made |= {"cards": None, "interrupting": None, "outcome": entry.details.get("outcome"),
                 "reason": code(entry.details.get("reason"))}  # fmt: skip
    return made


def code(reason: Any) -> str | None:
    """The code of ``system|code``."""
    return None if not reason else str(reason).rpartition("|")[2]


def known(request: Request, house: House, ledger: Reader, marks: list[Any]) -> dict[str, str]:
    """Pseudonym -> identifier, for a reader who may see all patients."""
    if not guard.may(request, "search", "Patient").allowed or house.room.opened() is None:
        return {}

    def all_() -> dict[str, str]:
        ids = house.record.subjects()["patient"].unique().to_list()
        return search.pseudonyms(ledger, ids)

    found = house.kept("patients by pseudonym", all_)
    return {one: found[one] for one in marks if one in found}


def chain_state(house: House, ledger: Reader, head: str, all_: bool) -> dict[str, Any]:
    """Whether the chain holds: its newest entries, or (``all_``) every one, worked out aside."""
    check = ledger.verify if all_ else partial(ledger.verify_end, NEWEST)
    verdict = later(house, ("chain", all_), check, head)
    if verdict is None:
        which = "All" if all_ else "The newest"
        return {"known": False, "whole": None, "words": f"{which} entries are being checked."}
    now = ledger.head()
    seen = verdict.entries - verdict.first + 1
    part = f"All {seen:,}" if verdict.first == 1 else f"The newest {seen:,} of {verdict.entries:,}"
    words = f"{part} entries hold, and the head is signed with a key that is trusted here."
    return {
        "known": True,
        "whole": not verdict.problems,
        "all": verdict.first == 1,
        "words": words if not verdict.problems else " ".join(verdict.problems),
        "notes": list(verdict.notes),
        "head": now.hash,
        "head_entry": now.seq,
        "signed_at": now.signed_at[:19].replace("T", " "),
        "key": now.key,
        "broken_entry": verdict.broken_seq,
    }


def _day(rows: list[dict[str, Any]], house: House) -> str:
    known = [row["asked_at"][:10] for row in rows if row["asked_at"]]
    return max(known, default=house.data_date())


# the log ------------------------------------------------------------------------------------------


def log_page(
    request: Request, house: House, action: str, between: tuple[date | None, date | None],
    before: int,
) -> Page:  # fmt: skip
    """One page of the log's lines, the newest first; ``before``: only lines above this one."""
    path = house.workspace.audit / log.FILE
    stamp = path.stat() if path.exists() else None
    version = "" if stamp is None else f"{stamp.st_mtime_ns}:{stamp.st_size}"
    verdict = house.kept("log holds", lambda: log.verify(house.workspace.audit), version)
    lines = [] if stamp is None else path.read_bytes().splitlines()
    found = list(_lines(lines, action.strip()[:100], between, before or len(lines) + 1))
    rows = found[:ROWS]
    words = f"All {verdict.entries:,} lines hold."
    state = {
        "known": True, "whole": verdict.intact, "all": True, "notes": [], "head": verdict.head,
        "head_entry": verdict.entries, "signed_at": None, "key": None,
        "broken_entry": verdict.broken_line,
        "words": words if verdict.intact else f"Line {verdict.broken_line} does not hold.",
    }  # fmt: skip
    asked = {"action": action, "first": str(between[0] or ""), "last": str(between[1] or "")}
    more = rows[-1]["line"] if len(found) > ROWS else None
    return Page(
        template="audit-log",
        title="Audit log",
        context={
            "of": "log", "asked": asked,
            "rows": [{**one, "told": in_words(one["details"])} for one in rows],
            "state": state, "entries": len(lines),
            "more": None if more is None else with_query(request, before=str(more)),
            "newest": with_query(request, before=None) if before else None,
            "check_all": None,
        },
        data={"schema": "nof1/web-audit-log/1", "lines": len(lines), "chain": state, "rows": rows},
        tables={"lines": [{**one, "details": json.dumps(one["details"])} for one in rows]},
        data_date=rows[0]["time"][:10] if rows else house.data_date(),
        here="governance",
        trail=(*TRAIL, ("Audit", "/governance/audit")),
        styles=STYLES,
    )  # fmt: skip


def _lines(
    lines: list[bytes], action: str, between: tuple[date | None, date | None], before: int
) -> Iterator[dict[str, Any]]:
    """Lines that fit, the newest first, one more than a page holds."""
    first, last = (None if one is None else one.isoformat() for one in between)
    given = 0
    for number in range(min(before - 1, len(lines)), 0, -1):
        made = _line(number, lines[number - 1])
        day = made["time"][:10]
        if (action and action.lower() not in made["action"].lower()) or (
            (first and day < first) or (last and day > last)
        ):
            continue
        yield made
        given += 1
        if given > ROWS:
            return


def _line(number: int, raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw)
        details = found["details"]
        return {"line": number, "time": str(found["time"])[:19].replace("T", " "),
                "user": str(found["user"]), "action": str(found["action"]),
                "details": details if isinstance(details, dict) else {}}  # fmt: skip
    except (ValueError, KeyError, TypeError, RecursionError):
        return {"line": number, "time": "", "user": "", "action": "damaged line", "details": {}}


def address(**query: str) -> str:
    """A search of the audit."""
    return "/governance/audit" + (f"?{urlencode(query)}" if query else "")


def in_words(details: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What stands in a line of the log, in words; empty lists are left out.

    >>> in_words({"statuses": ["found", "found", "not_checked"], "rows": 3, "models": []})
    [('statuses', 'found 2, not checked 1'), ('rows', '3')]
    """
    made = []
    for name, value in details.items():
        if isinstance(value, list):
            counts = Counter(str(one).replace("_", " ") for one in value)
            words = ", ".join(f"{one} {n}" if len(counts) < len(value) else one
                              for one, n in counts.items())  # fmt: skip
        else:
            words = str(value)
        if words:
            made.append((name.replace("_", " "), words))
    return made
