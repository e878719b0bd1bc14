"""All models of a workspace in one table: may they speak, how good, how old, drifted or not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from nof1.advice.governance.split import MODELS, drift_words
from nof1.advice.governance.state import DRIFTED, ON, State
from nof1.core.errors import Nof1Error
from nof1.imaging.answering import shelf
from nof1.imaging.nets.folder import ABOUT
from nof1.web.site.addresses import model_address
from nof1.web.site.house import House
from nof1.web.site.model_shelf import EFFECT, LABORATORY, RISK, Stored, names, stored

TITLES = {
    RISK: "Risk", EFFECT: "Effect of a treatment", "imaging": "Picture",
    LABORATORY: "Laboratory", "forecast": "Forecast",
}  # fmt: skip
# Status -> the colour of its tag, and the words.
STATUS = {
    "speaks": ("good", "May speak"),
    "withheld": ("critical", "Withheld"),
    "off": ("warning", "Switched off"),
    "shadow": ("info", "Shadow"),
    "paused": ("warning", "Paused"),
    "damaged": ("critical", "Damaged"),
    "partly": ("warning", "Partly withheld"),
}
ORDER = ("auroc", "uno_c", "harrell_c")
NAMES = {"auroc": "AUROC", "uno_c": "Uno's C", "harrell_c": "Harrell's C"}
DRIFT_SHORT = {"steady": "steady", "drifted": "drifted", "not_checked": "not checked"}


def rows(house: House) -> list[dict[str, Any]]:
    """One row a model; the newest version of each."""
    state, at = house.room.governance.state(), house.now()
    found: list[dict[str, Any]] = []
    for kind in (RISK, EFFECT, LABORATORY):
        for name in names(house, kind):
            found.append(_one(house, kind, name, state, at))
    found += [_picture(one) for one in shelf.all_models(house.workspace.images)]
    return found + list(_forecasts(house.workspace.root / "surveillance" / "models"))


def status_of(house: House, card_status: str, name: str, content_hash: str) -> str:
    """What a reader must know first: withheld by the gate, or silenced by a decision."""
    state = house.room.governance.state()
    return _status(state, card_status, name, content_hash)


def _status(state: State, card_status: str, name: str, content_hash: str) -> str:
    if card_status != "speaks":
        return "withheld"
    value = state.of(f"{MODELS}/{name}")
    if value != ON:
        return value
    verdict = state.drift.get(name)
    paused = verdict and verdict.state == DRIFTED and verdict.content_hash == content_hash
    return "paused" if paused or state.fault else "speaks"


def drift_of(house: House, name: str, content_hash: str) -> dict[str, str]:
    """What is known of the drift of one version: a word, and the sentence behind it."""
    return _drift(house.room.governance.state(), name, content_hash, house.now())


def _drift(state: State, name: str, content_hash: str, at: datetime) -> dict[str, str]:
    verdict = state.drift.get(name)
    known = verdict is not None and verdict.content_hash == content_hash and verdict.fresh(at)
    word = DRIFT_SHORT[verdict.state] if known and verdict else "not checked"
    return {"word": word, "says": drift_words(state, name, content_hash, at)}


def _one(house: House, kind: str, name: str, state: State, at: datetime) -> dict[str, Any]:
    try:
        found = stored(house, kind, name)
        card = found.card
    except (Nof1Error, ValueError, KeyError):
        return _row(name, kind, "damaged", address=None)
    made = {RISK: _risk, EFFECT: _effect, LABORATORY: _laboratory}[kind](found, card)
    digest = found.artefact.content_hash
    if kind != LABORATORY:
        made["status"] = _status(state, made["status"], name, digest)
        made["drift"] = _drift(state, name, digest, at)["word"]
    return made


def _risk(found: Stored, card: Mapping[str, Any]) -> dict[str, Any]:
    figures = card["evaluation"]["figures"]
    which = next((one for one in ORDER if one in figures), None)
    return _row(
        found.name, RISK, card["status"], version=found.version,
        address=model_address(found.name),
        discrimination=figure(figures[which], NAMES[which]) if which else None,
        slope=figure(figures.get("calibration_slope")),
        date=str(card["data"].get("data_date") or card["created"])[:10],
        says=card["purpose"],
    )  # fmt: skip


def _effect(found: Stored, card: Mapping[str, Any]) -> dict[str, Any]:
    heterogeneity = card.get("heterogeneity") or {}
    return _row(
        found.name, EFFECT, "withheld" if card.get("withheld") else "speaks",
        version=found.version, address=f"/effects/{quote(found.name, safe='')}",
        discrimination=figure(heterogeneity.get("autoc"), "AUTOC"),
        slope=figure(heterogeneity.get("slope")),
        date=str(card.get("data_date") or card["created"])[:10],
        says=" or ".join(str(one) for one in _options(card)),
    )  # fmt: skip


def _options(card: Mapping[str, Any]) -> list[str]:
    found = card.get("options") or {}
    return [str(one.get("label", one) if isinstance(one, Mapping) else one)
            for one in found.values()]  # fmt: skip


def _laboratory(found: Stored, card: Mapping[str, Any]) -> dict[str, Any]:
    labels = card.get("labels") or []
    silent = sum(one.get("status") == "withheld" for one in labels if isinstance(one, Mapping))
    status = "speaks" if not silent else "withheld" if silent == len(labels) else "partly"
    says = f"{len(labels)} properties, {silent} withheld" if labels else "Drugs in cell lines"
    return _row(
        found.name, LABORATORY, status, version=found.version,
        address=model_address(found.name), date=str(card.get("trained") or "")[:10],
        says=f"{says}. Never asked about a patient.",
    )  # fmt: skip


def _picture(folder: Path) -> dict[str, Any]:
    """A model of pictures, from what lies beside its networks."""
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        found = (about.get("card") or {}).get("findings") or []
        worst = min(found, key=lambda one: one["auroc"]["value"] or 0.0) if found else None
        speaks = about.get("may_speak") or {}
        return _row(
            str(about["name"]), "imaging", "speaks" if speaks.get("passed") else "withheld",
            version=1, address=None, date=str(about.get("created", ""))[:10],
            discrimination=figure(worst["auroc"], f"AUROC, {worst['name']}") if worst else None,
            slope=figure(worst["figures"].get("calibration_slope")) if worst else None,
            says=str((about.get("card") or {}).get("task", {}).get("description", "")),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return _row(folder.name, "imaging", "damaged", address=None)


def _forecasts(folder: Path) -> Iterator[dict[str, Any]]:
    """Taught members of forecasts; how good they are stands with each forecast."""
    for file in sorted(folder.glob("*/forecaster.json")):
        try:
            about = json.loads(file.read_text(encoding="utf-8"))
            yield _row(
                f"forecast {str(about['digest'])[:8]}", "forecast", "speaks", version=1,
                address="/surveillance", date=str(about["until"]),
                says=f"{int(about['examples']):,} examples, {int(about['steps'])} weeks ahead. "
                "Its scores stand with each forecast.",
            )  # fmt: skip
        except (OSError, ValueError, KeyError, TypeError):
            yield _row(file.parent.name, "forecast", "damaged", address=None)


def _row(name: str, kind: str, status: str, **more: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "name": name, "kind": kind, "version": None, "status": status, "discrimination": None,
        "slope": None, "date": "", "drift": "–", "says": "", "address": None,
    }  # fmt: skip
    return {**base, **more}


def figure(found: Mapping[str, Any] | None, name: str = "") -> dict[str, Any] | None:
    """A figure as it is read: interval first; None when there is none."""
    if not found or found.get("value") is None:
        return None
    low, high = found.get("low"), found.get("high")
    interval = None if low is None or high is None else f"{low:.2f} to {high:.2f}"
    return {"name": name, "value": found["value"], "low": low, "high": high,
            "text": f"{found['value']:.2f}", "interval": interval}  # fmt: skip
