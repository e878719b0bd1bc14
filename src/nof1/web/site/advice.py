"""``/patients/{patient}/advice``: cards about the patient, a draft order, and what became of them.

The cards are those of the CDS Hooks services and stand in the ledger before they stand on the page
(``advice_calls``). A look back (``?at=``) shows what would have been said then; it is not kept, so
nothing can be accepted or overridden there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from nof1.advice.hooks.card import OVERRIDES
from nof1.advice.hooks.coverage import EXTENSION
from nof1.advice.hooks.discovery import OFFERS, ORDER_SELECT, ORDER_SIGN, PATIENT_VIEW, VIEWS
from nof1.advice.ledger.shapes import Entry
from nof1.core.errors import UsageError
from nof1.knowledge import drugs
from nof1.web.access import guard
from nof1.web.site import advice_calls as calls
from nof1.web.site.advice_calls import Answer, NotAnswered
from nof1.web.site.dose import instruction, read_as
from nof1.web.site.house import House
from nof1.web.site.markdown import html
from nof1.web.site.page import HEADERS, Page, form, seen_other, show
from nof1.web.site.subject import Subject, subject

KIND = "GuidanceResponse"
WORDS = {
    "critical": "Critical: decide about it before signing",
    "warning": "Warning: weigh it",
    "info": "Information",
}
MOMENTS = {ORDER_SIGN: "before signing", ORDER_SELECT: "while choosing"}
BECAME = {"accepted": "accepted", "overridden": "overridden"}


def add(app: FastAPI, house: House) -> None:
    """Put the pages into the application."""

    @app.get("/patients/{patient:id}/advice", include_in_schema=False)
    @guard.needs("read", KIND, patient="patient")
    def advice(request: Request, patient: str, entry: int | None = None) -> Response:
        """Cards about the patient, or about the draft orders of an earlier request."""
        asked = subject(house, request, patient)
        return show(request, house, page(request, house, asked, entry))

    @app.get("/patients/{patient:id}/advice/answer", include_in_schema=False)
    @guard.needs("read", KIND, patient="patient")
    def answer(request: Request, patient: str, entry: int) -> Response:
        """The bytes of an answer, as CDS Hooks sent them and the ledger holds them."""
        asked = subject(house, request, patient)
        found = calls.kept(house, entry, asked.patient)
        return Response(found.raw, 200, dict(HEADERS), "application/json")

    @app.post("/patients/{patient:id}/advice", include_in_schema=False)
    @guard.needs("create", KIND, patient="patient")
    async def order(request: Request, patient: str) -> Response:
        """Check draft orders; their answer has an address of its own."""
        fields = await form(request)
        return await run_in_threadpool(ordered, request, house, patient, fields)

    @app.post("/patients/{patient:id}/advice/feedback", include_in_schema=False)
    @guard.needs("update", KIND, patient="patient")
    async def feedback(request: Request, patient: str) -> Response:
        """Keep what became of a card."""
        fields = await form(request)
        return await run_in_threadpool(told, request, house, patient, fields)


def ordered(request: Request, house: House, patient: str, fields: Mapping[str, str]) -> Response:
    """Ask about the draft orders of a form, and go to the page of the answer.

    Raises
    ------
    UsageError : no medicine is named, a name is too long, or the page looks back.
    NotAnswered : the service did not answer.
    """
    asked = subject(house, request, patient)
    if "at" in asked.query:
        raise UsageError("An order cannot be drafted in the past.", where="at",
                         next_step="Go to the patient as of now.")  # fmt: skip
    hook = fields.get("when", ORDER_SIGN)
    if hook not in calls.HOOKS:
        raise UsageError("There is no such moment.", where="when", allowed=list(calls.HOOKS))
    orders = _orders(fields)
    base = house.room.adviser.base
    raw = calls.body(request, hook, asked.patient, orders, base)
    found = calls.call(house, hook, raw, calls.client(request))
    return seen_other(asked.address("advice", entry=str(found.seq)) + "#answer")


def _orders(fields: Mapping[str, str]) -> list[tuple[str, str]]:
    """(medicine, dose) of the rows of the form that name a medicine."""
    made = []
    for number in range(1, calls.MOST_ORDERS + 1):
        name = " ".join(fields.get(f"medicine{number}", "").split())
        dose = " ".join(fields.get(f"dose{number}", "").split())
        if len(name) > calls.LONGEST_NAME or len(dose) > 200:
            raise UsageError("A name or dose is too long.", where=f"order {number}",
                             allowed=f"{calls.LONGEST_NAME} and 200 letters")  # fmt: skip
        if dose and not name:
            raise UsageError("A dose has no medicine.", where=f"order {number}")
        if name:
            made.append((name, dose))
    if not made:
        raise UsageError("No medicine was named.", where="medicine",
                         next_step="Go back and write its name.")  # fmt: skip
    return made


def told(request: Request, house: House, patient: str, fields: Mapping[str, str]) -> Response:
    """Keep what became of a card, and go back to it.

    Raises
    ------
    Missing : no such answer about this patient. UsageError : nothing of it was offered.
    """
    asked = subject(house, request, patient)
    number = fields.get("entry", "")
    if not number.isdecimal() or len(number) > 15:
        raise UsageError("The answer is not named.", where="entry", allowed="a number")
    answer = calls.kept(house, int(number), asked.patient)
    calls.feedback(house, answer, fields, calls.client(request))
    return seen_other(asked.address("advice", entry=number) + f"#card-{fields['card']}")


def page(request: Request, house: House, asked: Subject, entry: int | None) -> Page:
    """The page of an answer: that of the ledger's entry, or the cards about the patient now."""
    refusal: NotAnswered | None = None
    answer: Answer | None = None
    try:
        answer = _answer(request, house, asked, entry)
    except NotAnswered as error:
        refusal = error
    became = {} if answer is None else calls.outcomes(house, answer)
    cards = [] if answer is None else [card(one, became) for one in answer.cards]
    live = answer is not None and answer.seq is not None and "at" not in asked.query
    may = {
        "order": "at" not in asked.query and _may(request, "create", asked),
        "feedback": live and _may(request, "update", asked),
    }
    data = _data(asked, answer, became, refusal)
    return Page(
        template="advice",
        title=f"Advice: {asked.patient}",
        context={
            "head": asked.head("advice"), "cards": cards, "answer": _about(answer, asked),
            "refusal": None if refusal is None else refusal.to_dict(), "may": may,
            "here_address": asked.address("advice"),
            "feedback_address": asked.address("advice", "feedback"),
            "rows": _rows(request, answer), "moments": MOMENTS,
            "medicines": sorted(drugs.drugs(house.room.adviser.base)),
            "coverage": data["coverage"],
        },
        data=data,
        tables={"cards": _card_rows(cards), "coverage": _coverage_rows(data["coverage"])},
        data_date=asked.data_date,
        here="patients",
        trail=asked.trail(),
        styles=("patient.css", "advice.css"),
    )  # fmt: skip


def _may(request: Request, action: str, asked: Subject) -> bool:
    return guard.may(request, action, KIND, asked.patient).allowed


def _answer(request: Request, house: House, asked: Subject, entry: int | None) -> Answer:
    if entry is not None:
        return calls.kept(house, entry, asked.patient)
    who = calls.client(request)
    if "at" in asked.query:
        raw = calls.body(request, PATIENT_VIEW, asked.patient)
        return calls.past(house, PATIENT_VIEW, raw, asked.at)
    key = ("advice", asked.subject_id, who, f"{asked.at:%Y%m%d%H}")
    return house.kept(key, lambda: _viewed(request, house, asked, who), _version(house))


def _viewed(request: Request, house: House, asked: Subject, who: str | None) -> Answer:
    raw = calls.body(request, PATIENT_VIEW, asked.patient)
    return calls.call(house, PATIENT_VIEW, raw, who)


def _version(house: House) -> str:
    """A view is asked for anew when a decision changes which rules and models speak."""
    return house.room.governance.state().version


# what the page shows ------------------------------------------------------------------------------


def card(one: Mapping[str, Any], became: Mapping[str, Sequence[Entry]]) -> dict[str, Any]:
    """A card for the template: as it came, with its Markdown as safe HTML."""
    done = [_became(entry, one) for entry in became.get(one["uuid"], ())]
    source = one["source"]
    return {
        "uuid": one["uuid"],
        "indicator": one["indicator"],
        "word": WORDS.get(one["indicator"], "Information"),
        "summary": one["summary"],
        "detail": html(one.get("detail", "")),
        "source": {"label": source["label"], "url": _web(source.get("url"))},
        "suggestions": [
            {**each, "retry": _retry(each)} for each in one.get("suggestions", [])
        ],
        "links": [each for each in one.get("links", []) if _web(each["url"])],
        "reasons": one.get("overrideReasons", []),
        "became": done,
        "rule": (one.get("extension") or {}).get("org.nof1.card", {}).get("rule", ""),
        "folded": one["indicator"] == "info",
    }  # fmt: skip


def _became(entry: Entry, one: Mapping[str, Any]) -> dict[str, Any]:
    """What a person did with a card, in words."""
    labels = {each["uuid"]: each["label"] for each in one.get("suggestions", [])}
    told_ = entry.details
    code = str(told_.get("reason") or "").rpartition("|")[2]
    return {
        "outcome": BECAME.get(str(told_["outcome"]), str(told_["outcome"])),
        "reason": OVERRIDES.get(code, code),
        "suggestions": [labels.get(each, "a suggestion") for each in told_.get("suggestions", ())],
        "when": entry.asked_at[:16].replace("T", " ") + " UTC",
        "seq": entry.seq,
    }


def _retry(suggestion: Mapping[str, Any]) -> str:
    """The medicine that a suggestion would draft, to be checked with its dose; "" for none."""
    for action in suggestion.get("actions", []):
        resource = action.get("resource") or {}
        if action.get("type") in ("create", "update"):
            return str((resource.get("medicationCodeableConcept") or {}).get("text", ""))
    return ""


def _web(address: str | None) -> str | None:
    """An address of the web, as it is; nothing else becomes a link."""
    return address if address and urlsplit(address).scheme in ("http", "https") else None


def _about(answer: Answer | None, asked: Subject) -> dict[str, Any] | None:
    if answer is None:
        return None
    hook = OFFERS[answer.service].hook
    seq = answer.seq
    return {
        "seq": seq,
        "service": answer.service,
        "orders": [{"medicine": name, "dose": dose, "read": read_as(instruction(dose))}
                   for name, dose in answer.orders],
        "view": hook in VIEWS,
        "moment": MOMENTS.get(hook, ""),
        "at": answer.at[:16].replace("T", " ") + " UTC",
        "raw": None if seq is None else asked.address("advice", "answer", entry=str(seq)),
        "own": None if seq is None else asked.address("advice", entry=str(seq)),
    }  # fmt: skip


def _rows(request: Request, answer: Answer | None) -> list[dict[str, str]]:
    """The rows of the form: what was asked about, or what a link proposes."""
    filled = [] if answer is None else answer.orders
    proposed = " ".join(request.query_params.get("medicine", "").split())
    if proposed:
        filled = [(proposed[: calls.LONGEST_NAME], "")]
    padded = [*filled, *[("", "")] * calls.MOST_ORDERS][: calls.MOST_ORDERS]
    return [{"medicine": name, "dose": dose} for name, dose in padded]


def _data(
    asked: Subject, answer: Answer | None, became: Mapping[str, Sequence[Entry]],
    refusal: NotAnswered | None,
) -> dict[str, Any]:  # fmt: skip
    """The page for programs: the answer as it is, and what became of each card."""
    told_ = {} if answer is None else answer.told
    return {
        "schema": "nof1/web-advice/1",
        **asked.about(),
        "service": None if answer is None else answer.service,
        "entry": None if answer is None else answer.seq,
        "asked_at": None if answer is None else answer.at,
        "orders": [] if answer is None else [
            {"medicine": name, "dose": dose} for name, dose in answer.orders],
        "cards": told_.get("cards", []),
        "coverage": (told_.get("extension") or {}).get(EXTENSION, {}),
        "became": {
            uuid: [{"entry": one.seq, "at": one.asked_at, **one.details} for one in entries]
            for uuid, entries in became.items()
        },
        "refused": None if refusal is None else refusal.to_dict(),
    }  # fmt: skip


def _card_rows(cards: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "card": one["uuid"], "indicator": one["indicator"], "summary": one["summary"],
            "source": one["source"]["label"], "rule": one["rule"],
            "became": one["became"][-1]["outcome"] if one["became"] else "",
            "reason": one["became"][-1]["reason"] if one["became"] else "",
        }
        for one in cards
    ]  # fmt: skip


def _coverage_rows(coverage: Mapping[str, Any]) -> list[dict[str, Any]]:
    states = (("notChecked", "not checked"), ("checked", "checked"))
    return [
        {
            "state": word, "family": one["family"], "subject": one["subject"],
            "reason": one.get("reason", ""), "to settle it": one.get("resolve", ""),
        }
        for name, word in states
        for one in coverage.get(name, [])
    ]  # fmt: skip
