"""The page of a stored effect of a treatment: the card of ``nof1.pictures`` with its versions."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request, Response

from nof1.pictures.views import effect as view
from nof1.web.access import guard
from nof1.web.site import model_page
from nof1.web.site.drawn import settled, short
from nof1.web.site.house import House
from nof1.web.site.model_shelf import EFFECT, Stored, stored
from nof1.web.site.page import Page, show


def add(app: FastAPI, house: House) -> None:
    """Put the pages into the application."""

    @app.get("/effects/{name}", include_in_schema=False)
    @guard.needs("read", "Model")
    def newest(request: Request, name: str) -> Response:
        """The newest version of an effect."""
        return show(request, house, page(request, house, stored(house, EFFECT, name)))

    @app.get("/effects/{name}/{version}", include_in_schema=False)
    @guard.needs("read", "Model")
    def version(request: Request, name: str, version: str) -> Response:
        """One version of an effect."""
        return show(request, house, page(request, house, stored(house, EFFECT, name, version)))


def page(request: Request, house: House, found: Stored) -> Page:
    """The whole page of one version."""
    base = house.kept(("effect page", found.name, found.version), lambda: _card(found), found.mark)
    around = model_page.around(request, house, found)
    card = found.card
    return Page(
        template="effect-page",
        title=found.name,
        context={**base, **around},
        data={"schema": "nof1/web-effect/1", "card": card, "status": around["status"],
              "drift": around["drift"], "versions": around["versions"]},
        tables=_tables(card),
        data_date=str(card.get("data_date") or card["created"])[:10],
        here="models",
        styles=("models.css",),
        trail=model_page.TRAIL,
    )  # fmt: skip


def _card(found: Stored) -> dict[str, Any]:
    """What the template of the offline card needs; made once."""
    made = view.context(short(found.card))
    for frame in ("title", "data_date", "synthetic", "json_name"):
        made.pop(frame)
    done: dict[str, Any] = settled(made)
    return done


def _tables(card: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Balance, modifiers and the effect for spreadsheets."""
    effect = [
        {"option": name, **{part: card["effect"][name][part] for part in ("value", "low", "high")}}
        for name in ("comparator", "treatment", "difference", "ratio")
        if card["effect"].get(name)
    ]
    made = {"effect": effect, "balance": list(card["balance"]),
            "modifiers": list(card["modifiers"])}  # fmt: skip
    return {name: rows for name, rows in made.items() if rows}
