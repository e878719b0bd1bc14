"""The page of one version of a model: the card of ``nof1.pictures``, and what happens around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from starlette.requests import Request

from nof1.advice.governance.split import MODELS
from nof1.core import artefacts
from nof1.core.errors import Nof1Error
from nof1.pictures import model_charts
from nof1.pictures.views import model as view
from nof1.predict import proposals
from nof1.web.access import guard
from nof1.web.site import model_curves, model_list
from nof1.web.site.addresses import model_address
from nof1.web.site.drawn import settled, short
from nof1.web.site.house import House
from nof1.web.site.model_shelf import EFFECT, LABORATORY, RISK, Stored, names, root_of, stored
from nof1.web.site.page import Page

TOP_CURVES = 12
TRAIL = (("Models", "/models"),)


def page(request: Request, house: House, found: Stored, curve: str) -> Page:
    """The whole page; ``curve`` is the column whose curve is shown ("": the weightiest)."""
    if "evaluation" not in found.card or found.kind == LABORATORY:
        return card_page(house, found)
    base = _base(house, found)
    beside = around(request, house, found)
    chosen = model_curves.shown(found, curve)
    card = {name: part for name, part in found.card.items() if name != "tripod"}
    return Page(
        template="model-page",
        title=found.name,
        context={**base, **beside, "curves": model_curves.top(found, chosen, TOP_CURVES),
                 "many": len(found.single), **model_curves.one(house, found, chosen)},
        data={"schema": "nof1/web-model/1", "card": card, "status": beside["status"],
              "drift": beside["drift"], "versions": beside["versions"],
              "curves": model_curves.listed(found)},
        tables=_tables(found),
        data_date=str(found.card["data"].get("data_date") or found.card["created"])[:10],
        here="models",
        styles=("models.css",),
        trail=TRAIL,
    )  # fmt: skip


def _base(house: House, found: Stored) -> dict[str, Any]:
    """What does not depend on the reader: the card's charts and tables."""
    return house.kept(("model page", found.name, found.version), lambda: _card(found), found.mark)


def warm(house: House) -> None:
    """Make the newest pages of all models of patients, so that the first visitor need not wait."""
    for name in names(house, RISK):
        found = stored(house, RISK, name)
        if "evaluation" in found.card:
            _base(house, found)
            model_curves.one(house, found, model_curves.shown(found, ""))


def card_page(house: House, found: Stored) -> Page:
    """The card as text, for models whose figures have no page here."""
    made_on = found.card.get("data_date") or found.card.get("created") or ""
    text = found.artefact.files.get("card.md", b"").decode("utf-8", errors="replace")
    card = found.card
    return Page(
        template="model-text",
        title=found.name,
        context={"text": text, "version": found.version, "newest": found.newest,
                 "laboratory": found.kind == LABORATORY,
                 "versions": _versions(house, found)},
        data={"schema": "nof1/web-model-card/1", "card": short(card)},
        data_date=str(made_on or found.card.get("trained") or "")[:10],
        here="models",
        styles=("models.css",),
        trail=TRAIL,
    )  # fmt: skip


def _card(found: Stored) -> dict[str, Any]:
    """What the template of the offline card needs; made once."""
    told = found.card["evaluation"]
    thin = [one for one in told["net_benefit"] if _drawn(one["threshold"])]
    made = view.context({**found.card, "evaluation": short({**told, "net_benefit": thin})})
    for frame in ("title", "data_date", "synthetic", "json_name"):
        made.pop(frame)
    made["shapes"] = []
    done: dict[str, Any] = settled(made)
    return done


def _drawn(threshold: float) -> bool:
    """Thresholds that the page draws, closer where risks are; the CSV has every one."""
    step = 100 if threshold < 0.1 else 50 if threshold < 0.3 else 20
    return abs(threshold * step - round(threshold * step)) < 1e-6


def around(request: Request, house: House, found: Stored) -> dict[str, Any]:
    """Governance, versions, drift, proposals: what may change while the model stays."""
    digest = found.artefact.content_hash
    status = model_list.status_of(house, _told(found), found.name, digest)
    loaded = _loaded(house, found.kind)
    open_, damaged = proposals.all_of(house.workspace, found.name)
    waiting = [one for one in open_ if one.state == proposals.OPEN]
    return {
        "status": {"name": status, "tag": model_list.STATUS[status]},
        "drift": model_list.drift_of(house, found.name, digest),
        "strip": _strip(house, found),
        "versions": _versions(house, found),
        "newest": found.newest,
        "version": found.version,
        "compare": _compare(found),
        "loaded": loaded.get(found.name),
        "waiting": [model_curves.proposal_row(house, found, one) for one in waiting],
        "damaged": damaged,
        "may_edit": guard.may(request, "create", "Model").allowed,
    }


def _loaded(house: House, kind: str) -> dict[str, int]:
    """Name -> version that this server speaks with; nothing where a model is damaged."""
    adviser = house.room.adviser
    try:
        speaking = adviser.effects if kind == EFFECT else adviser.scorers
    except Nof1Error:
        return {}
    return {one.basis.id: int(one.basis.version) for one in speaking}


def _told(found: Stored) -> str:
    """What the card says: speaks or withheld."""
    if found.kind == EFFECT:
        return "withheld" if found.card.get("withheld") else "speaks"
    return str(found.card["status"])


def _versions(house: House, found: Stored) -> list[dict[str, Any]]:
    known = artefacts.versions(root_of(house, found.kind), found.name)
    stem = model_address(found.name) if found.kind != EFFECT else _effect(found.name)
    return [{"version": one, "address": f"{stem}/{one}"} for one in reversed(known)]


def _effect(name: str) -> str:
    return f"/effects/{quote(name, safe='')}"


def _compare(found: Stored) -> str | None:
    if found.newest < 2 or found.kind == EFFECT:
        return None
    other = found.version - 1 if found.version > 1 else found.newest
    low, high = sorted((other, found.version))
    return f"{model_address(found.name)}/compare?a={low}&b={high}"


def _strip(house: House, found: Stored) -> dict[str, Any]:
    """Every look at the drift of this model, oldest first, and what had moved."""
    looks, points = [], []
    for one in house.room.governance.decisions():
        if one.kind != "drift" or one.subject != f"{MODELS}/{found.name}":
            continue
        told = one.details
        span = f"{told.get('since', '')} to {told.get('until') or one.day}"
        looks.append({
            "day": one.day, "state": one.value, "version": told.get("version"), "span": span,
            "predictions": told.get("rows", 0), "reason": str(told.get("reason", "")),
        })  # fmt: skip
        points += [
            {"feature": str(row["words"]), "period": span, "psi": float(row["psi"])}
            for row in told.get("features", ())
        ]
    picture = settled(model_charts.drift(points)) if points else None
    return {"looks": looks, "picture": picture}


def _tables(found: Stored) -> dict[str, list[dict[str, Any]]]:
    """The tables of the page for spreadsheets."""
    told = found.card["evaluation"]
    groups = [
        {**{name: row[name] for name in ("attribute", "group", "rows", "events", "flagged")},
         **_flat("auroc", row["auroc"]), **_flat("observed_expected", row["observed_expected"])}
        for row in told["subgroups"]
    ]  # fmt: skip
    made = {
        "figures": [{"figure": name, **_flat("", one)} for name, one in told["figures"].items()],
        "calibration": list(told["calibration"]),
        "decision-curve": list(told["net_benefit"]),
        "groups": groups,
        "curves": model_curves.listed(found),
    }
    return {name: rows for name, rows in made.items() if rows}


def _flat(name: str, figure: Mapping[str, Any] | None) -> dict[str, Any]:
    stem = f"{name}_" if name else ""
    return {f"{stem}{part}": (figure or {}).get(part) for part in ("value", "low", "high")}
