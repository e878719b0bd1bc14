"""One rule or model: its state and figures, and the forms by which people decide about it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from nof1.advice.governance import proposals, registry, source_attributes
from nof1.advice.governance.asking import burden as forecast
from nof1.advice.governance.burden import Burden
from nof1.advice.governance.decisions import MOST_WHY, ROLE, Decision
from nof1.advice.governance.registry import Ruled
from nof1.advice.ledger.store import Ledger
from nof1.core.errors import UsageError
from nof1.pictures.views import attributes
from nof1.web.access import guard
from nof1.web.site import governance as rooms
from nof1.web.site.governance_tally import Tally, keeper, tally
from nof1.web.site.house import House
from nof1.web.site.later import later, waiting
from nof1.web.site.page import Missing, Page, form, seen_other, show

LONGEST_NAME, DAYS, MOST_ASKED = 200, 90, 200
SAYS = {
    "on": "It is worked out, shown and counted.",
    "shadow": "It is worked out and kept in the ledger; nobody is shown it.",
    "off": "It is not worked out. Every answer says that it is off.",
}
NOT_NAME = re.compile(r"[^\w .,'()-]")


def add(app: FastAPI, house: House) -> None:
    """Put the pages into the application."""

    @app.get("/governance/attributes/{rule:path}", include_in_schema=False)
    @guard.needs("read", "Governance")
    def source(request: Request, rule: str) -> Response:
        """Source attributes of a rule or model."""
        return show(request, house, attributes_page(house, _found(house, rule)))

    @app.get("/governance/rules/{rule:path}", include_in_schema=False)
    @guard.needs("read", "Governance")
    def one(request: Request, rule: str, burden: str = "") -> Response:
        """A rule or model with its figures and decisions."""
        found = _found(house, rule)
        counted, _ = tally(house)
        if counted is None and keeper(house) is not None:
            return waiting(request, house, "Governance", rooms.COUNTING, "governance")
        asked = None
        if burden:
            asked = _forecast(house, found)
            if asked is None:
                trail = (("Governance", "/governance"),)
                words = f"Past requests are asked again with {found.id} switched on."
                return waiting(request, house, "Alert burden", words, "governance", trail)
        return show(request, house, page(request, house, found, counted, asked))

    @app.post("/governance/rules/{rule:path}", include_in_schema=False)
    @guard.needs("update", "Governance")
    async def decide(request: Request, rule: str) -> Response:
        """Switch a rule, or decide about a proposal; kept as ``nof1 governance`` keeps it."""
        fields = await form(request)
        made = await run_in_threadpool(decision, request, house, rule, fields)
        return seen_other(f"{rooms.rule_address(made.subject)}?decided={made.number}")


def _found(house: House, name: str) -> Ruled:
    """The rule or model of an address.

    Raises
    ------
    Missing : there is none of exactly this name.
    """
    if len(name) <= LONGEST_NAME:
        for one in (*registry.all_rules(), *registry.all_models(house.workspace)):
            if one.id == name:
                return one
    raise Missing("There is no rule and no model of this name.", "Choose one under Governance.")


def decision(request: Request, house: House, name: str, fields: Mapping[str, str]) -> Decision:
    """Keep what a form decides.

    Raises
    ------
    UsageError : no name, role or reason in its form; an interrupting rule without the second yes.
    """
    rule = _found(house, name)
    by, why = signer(request, fields), fields.get("why", "")
    if not 3 <= len(" ".join(why.split())) <= MOST_WHY:
        allowed = f"3 to {MOST_WHY} characters, and nothing about a patient"
        raise UsageError("A decision needs its reason.", where="reason", allowed=allowed)
    if fields.get("proposal"):
        return _proposed(house, rule, fields, by, why)
    confirmed = fields.get("confirm") == "yes"
    try:
        return registry.switch(
            house.workspace, rule, fields.get("state", ""), by=by, why=why, confirmed=confirmed
        )
    except UsageError as error:
        step = error.next_step
        if step and "--confirm" in step:
            step = "If that is meant, go back and tick the box as well. Every answer will say so."
        raise UsageError(
            error.message, where=error.where, allowed=error.allowed, next_step=step
        ) from None


def _proposed(house: House, rule: Ruled, fields: Mapping[str, str], by: str, why: str) -> Decision:
    counted, _ = tally(house)
    offered = rooms.made(house, counted).proposals
    accept = fields.get("accept", "")
    if accept not in ("yes", "no"):
        raise UsageError("Say whether the proposal is accepted.", where="accept",
                         allowed=["yes", "no"])  # fmt: skip
    own = [one for one in offered if one.rule == rule.id]
    return proposals.decide(
        house.workspace, own, fields["proposal"], accept=accept == "yes", by=by, why=why
    )


def signer(request: Request, fields: Mapping[str, str]) -> str:
    """Who decides: the name of the account (in a demo, the name that was typed) and the role.

    Raises
    ------
    UsageError : one is missing, or both together are too long.
    """
    own = account_name(request)
    name = " ".join((own or fields.get("name", "")).split())
    role = " ".join(fields.get("role", "").split())
    if not name or not role:
        raise UsageError("A decision needs a name and a role.", where="name and role",
                         allowed="for example: Anna Berg, head of pharmacy")  # fmt: skip
    by = f"{name}, {role}"
    if not ROLE.fullmatch(by):
        raise UsageError(
            "Name and role cannot be kept like this.",
            where="name and role",
            allowed="together 2 to 60 letters, digits, spaces and . , ' ( ) -",
        )
    return by


def account_name(request: Request) -> str:
    """The name of who is signed in, in signs that a decision may hold; "" in a demo."""
    who = guard.who(request)
    if who.account == "development":
        return ""
    return " ".join(NOT_NAME.sub(" ", who.name.replace("_", " ")).split())[:40]


def _forecast(house: House, rule: Ruled) -> Burden | None:
    ledger = keeper(house)
    version = "" if ledger is None else ledger.head().hash
    kept = ledger if isinstance(ledger, Ledger) else None
    return later(
        house,
        ("burden", rule.id, house.room.governance.state().version),
        lambda: forecast(house.workspace, rule, kept, days=DAYS, most=MOST_ASKED),
        version,
    )


def page(
    request: Request, house: House, rule: Ruled, counted: Tally | None, asked: Burden | None
) -> Page:
    """The page of one rule or model."""
    found = rooms.made(house, counted)
    own = next(one for one in (*found.rules, *found.models) if one.rule.id == rule.id)
    data = own.to_dict()
    history = [one for one in house.room.governance.decisions() if one.subject == rule.id]
    offered = [one.to_dict() for one in found.proposals if one.rule == rule.id]
    told = None if counted is None else counted.told
    tiers = [] if told is None else [one for one in told.rules() if one.rule == rule.id]
    months = _months(rule, told)
    burden = None if asked is None else asked.to_dict()
    number = request.query_params.get("decided", "")
    kept = next((one for one in history if str(one.number) == number), None)
    return Page(
        template="governance-rule",
        title=rule.id,
        context={
            "row": rooms.row(data), "says": SAYS, "model": rule.row is None,
            "reason": "" if rule.row is None else rule.row.reason,
            "source": "" if rule.row is None else rule.row.source,
            "tiers": rooms.TIERS, "fault": found.fault, "ledger": found.has_ledger,
            "acceptance": [_tier(one.to_dict()) for one in tiers], "months": months,
            "offered": offered, "decided": None if kept is None else rooms.decided(kept),
            "history": [rooms.decided(one) for one in reversed(history)],
            "burden": burden, "burden_rows": [] if asked is None else _burden_rows(asked),
            "burden_requests": "" if asked is None else asked.requests.text(),
            "may_decide": guard.may(request, "update", "Governance").allowed,
            "account": account_name(request), "most_why": MOST_WHY,
            "address": rooms.rule_address(rule.id),
            "attributes_address": f"/governance/attributes/{quote(rule.id, safe='/')}",
        },
        data={
            "schema": "nof1/web-governance-rule/1", **data, "proposals": offered,
            "by_tier": [one.to_dict() for one in tiers], "months": months, "burden": burden,
            "decisions": [one.to_dict() for one in history],
        },
        tables={"months": months, "decisions": [rooms.decision_row(one) for one in history]},
        data_date=f"{found.as_of:%Y-%m-%d}",
        here="governance",
        trail=(("Governance", "/governance"),),
        styles=rooms.STYLES,
    )  # fmt: skip


def _months(rule: Ruled, told: Any) -> list[dict[str, Any]]:
    rows = []
    for month, some in ({} if told is None else told.months()).items():
        for one in (one for one in some if one.rule == rule.id):
            data = one.to_dict()
            share = data["acceptance"]
            rows.append({"month": month, "tier": one.tier, "shown": one.shown,
                         "accepted": one.accepted, "overridden": one.overridden,
                         "no_answer": data["no_answer"], "acceptance": share["value"],
                         "low": share["low"], "high": share["high"]})  # fmt: skip
    return rows


def _tier(one: Mapping[str, Any]) -> dict[str, Any]:
    share = one["acceptance"]
    low, high = (f"{100 * share[name]:.0f}" for name in ("low", "high"))
    known = share["value"] is not None
    return {
        **one,
        "range": f"{low} to {high} %" if known else "not known",
        "counts": f"{share['count']} of {share['of']}" if known else "no answer",
    }


def _burden_rows(asked: Burden) -> list[dict[str, str]]:
    return [
        {"tier": rooms.TIERS[tier], "count": f"{one.count} in {one.of:,} orders",
         "rate": one.text()}
        for tier, one in asked.tiers.items()
    ]  # fmt: skip


def attributes_page(house: House, rule: Ruled) -> Page:
    """The source attributes of a rule or model, as ``nof1 governance attributes`` shows them."""
    rows = [one.to_dict() for one in source_attributes.of(house.workspace, rule.id)]
    today = f"{house.now():%Y-%m-%d}"
    data = {"as_of": today, "synthetic": house.synthetic, "subjects": rows}
    context = attributes.context(data)
    flat = [{"subject": one["subject"], **answer} for one in rows for answer in one["attributes"]]
    return Page(
        template="attributes",
        title=f"Source attributes: {rule.id}",
        context={"subjects": context["subjects"]},
        data={"schema": "nof1/governance-attributes/1", "as_of": today, "subjects": rows},
        tables={"attributes": flat},
        data_date=today,
        here="governance",
        trail=(("Governance", "/governance"), (rule.id, rooms.rule_address(rule.id))),
    )
