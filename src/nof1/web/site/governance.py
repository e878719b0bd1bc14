"""Governance: which rules and models may be heard, what became of their cards, who decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request, Response

from nof1.advice.governance.decisions import Decision
from nof1.advice.governance.overview import Overview
from nof1.advice.governance.overview import overview as everything
from nof1.advice.governance.registry import FAIL_LOUD
from nof1.advice.governance.state import STATES
from nof1.core.errors import Nof1Error, UsageError
from nof1.pictures.views import governance as view
from nof1.web.access import guard
from nof1.web.site.governance_tally import Tally, keeper, tally
from nof1.web.site.house import House
from nof1.web.site.later import waiting
from nof1.web.site.page import Page, show

STYLES = ("governance.css",)
TIERS = {1: "interrupts", 2: "in line", 3: "on demand"}
NEWEST = 10
COUNTING = "The ledger is being counted."
RULE_COLUMNS = (
    "id", "state", "by", "since", "tier", "tier_of_the_table", "shown", "unseen", "accepted",
    "answered", "acceptance", "acceptance_low", "acceptance_high", "no_answer",
)  # fmt: skip


def add(app: FastAPI, house: House) -> None:
    """Put the pages into the application; the counting of the ledger begins with it."""
    with suppress(Nof1Error):  # a page says later what is wrong
        tally(house)

    @app.get("/governance", include_in_schema=False)
    @guard.needs("search", "Governance")
    def overview(request: Request, which: str = "seen", q: str = "") -> Response:
        """Rules, models, alert burden, proposals and decisions."""
        if which not in ("seen", "all", *STATES) or len(q) > 200:
            raise UsageError("There is no such choice.", where="which or q",
                             allowed=["seen", "all", *STATES])  # fmt: skip
        counted, now = tally(house)
        if counted is None and keeper(house) is not None:
            return waiting(request, house, "Governance", COUNTING, "governance")
        return show(request, house, page(request, house, counted, now, which, q.strip()))


def made(house: House, counted: Tally | None) -> Overview:
    """All of governance as of now, with what was counted."""
    told = None if counted is None or counted.fault else counted.told
    return everything(house.workspace, house.now(), told)


def rule_address(name: str) -> str:
    """The page of a rule or model.

    >>> rule_address("interactions/tier-1")
    '/governance/rules/interactions/tier-1'
    """
    return f"/governance/rules/{quote(name, safe='/')}"


def page(
    request: Request, house: House, counted: Tally | None, now: bool, which: str, q: str
) -> Page:
    """The overview."""
    found = made(house, counted)
    data = found.to_dict()
    rows = [row(one) for one in data["rules"]]
    shown = [one for one in rows if _chosen(one, which) and q.lower() in one["id"].lower()]
    models = [row(one) for one in data["models"]]
    burden = [] if counted is None else list(counted.burden)
    history = house.room.governance.decisions()
    table = [_flat(one) for one in data["rules"]]
    return Page(
        template="governance-site",
        title="Governance",
        context={
            "fault": data["fault"],
            "ledger": data["ledger"],
            "count_fault": "" if counted is None else counted.fault,
            "counted": None if counted is None else counted.seq,
            "up_to_date": now,
            "numbers": _numbers(rows, models, data),
            "burden": [_told(one) for one in burden],
            "proposals": [
                {**one, "address": rule_address(one["rule"])} for one in data["proposals"]
            ],
            "rows": shown, "which": which, "q": q, "models": models, "tiers": TIERS,
            "quiet": sum(not one["seen"] for one in rows),
            "strays": data["feedback_on_unknown_cards"],
            "history": [decided(one) for one in reversed(history[-NEWEST:])],
            "decisions": len(history),
            "may_audit": guard.may(request, "search", "AuditEvent").allowed,
        },
        data={**data, "schema": "nof1/web-governance/1", "burden": burden, "which": which, "q": q,
              "counted_up_to": None if counted is None else counted.seq},
        tables={
            "rules": table,
            "burden": burden,
            "decisions": [decision_row(one) for one in history],
        },
        data_date=_day(found.as_of),
        here="governance",
        styles=STYLES,
    )  # fmt: skip


def row(one: Mapping[str, Any]) -> dict[str, Any]:
    """A rule or model for people: the static page's words, and its own address."""
    made_ = view._row(one)
    family = str(one["id"]).partition("/")[0]
    return {
        "paused": False,
        "drift": "",
        **made_,
        "address": rule_address(str(one["id"])),
        "loud": family == FAIL_LOUD,
        "parts": str(one["id"]).split("/"),
        "why": ", ".join(f"{name} {count}" for name, count in made_["reasons"].items()),
    }


def decided(one: Decision) -> dict[str, Any]:
    """A decision for people."""
    return {
        "number": one.number,
        "day": one.day,
        "time": one.at.replace("T", " ").removesuffix("Z"),
        "kind": {"switch": "state", "tier": "tier", "review": "proposal"}.get(one.kind, one.kind),
        "subject": one.subject,
        "address": None if one.subject == "governance" else rule_address(one.subject),
        "value": one.value,
        "by": one.by,
        "why": one.why,
        "hash": one.hash[:12],
    }


def _chosen(one: Mapping[str, Any], which: str) -> bool:
    if which in STATES:
        return bool(one["state"] == which)
    return which == "all" or bool(one["seen"])


def _numbers(
    rows: Sequence[Mapping[str, Any]], models: Sequence[Mapping[str, Any]], data: Mapping[str, Any]
) -> dict[str, tuple[str, str]]:
    """Name -> (number, what it is of)."""
    loud = [one for one in rows if one["tier"] == 1]
    return {
        "Rules on": (str(sum(one["state"] == "on" for one in rows)), f"of {len(rows)}"),
        "In shadow": (str(sum(one["state"] == "shadow" for one in rows)), "worked out, not shown"),
        "Off": (str(sum(one["state"] == "off" for one in rows)), "not worked out"),
        "Rules that interrupt": (str(len(loud)), "none is silenced by itself"),
        "Models": (str(len(models)), f"{sum(bool(one['paused']) for one in models)} paused"),
        "Decisions": (str(data["decisions"]), "each chained to the one before"),
    }


def _told(one: Mapping[str, Any]) -> dict[str, Any]:
    """The burden of a hook in words; an interval stands before its point."""
    percent = [f"{100 * (one[key] or 0):.0f}" for key in ("share_low", "share_high", "share")]
    words = {**one, "stops": f"{one['with_interruption']} of {one['requests']:,}",
             "range": f"{percent[0]} to {percent[1]} %", "point": f"{percent[2]} %"}  # fmt: skip
    if one["per_clinician_day"] is None:
        return {**words, "day_range": "nobody is named", "day_point": ""}
    return {
        **words,
        "day_range": f"{one['per_day_low']:.1f} to {one['per_day_high']:.1f}",
        "day_point": f"{one['per_clinician_day']:.1f}",
    }


def _flat(one: Mapping[str, Any]) -> dict[str, Any]:
    found = one["acceptance"] or {}
    figure = found.get("acceptance") or {}
    flat = {
        **one,
        "accepted": found.get("accepted"),
        "answered": figure.get("of"),
        "acceptance": figure.get("value"),
        "acceptance_low": figure.get("low") if figure.get("of") else None,
        "acceptance_high": figure.get("high") if figure.get("of") else None,
        "no_answer": found.get("no_answer"),
    }
    return {name: flat[name] for name in RULE_COLUMNS}


def decision_row(one: Decision) -> dict[str, Any]:
    """A decision as a row of a table."""
    kept = ("number", "at", "kind", "subject", "value", "by", "why", "previous", "hash")
    return {name: getattr(one, name) for name in kept}


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
