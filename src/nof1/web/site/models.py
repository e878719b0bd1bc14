"""The pages of models: all of them, one version, its curves, two versions side by side."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request, Response

from nof1.core.errors import UsageError
from nof1.web.access import guard
from nof1.web.site import model_compare, model_curves, model_list, model_page
from nof1.web.site.addresses import model_address
from nof1.web.site.house import House
from nof1.web.site.model_shelf import LABORATORY, RISK, Stored, names, stored
from nof1.web.site.page import Missing, Page, part, show, with_query

ROWS = 40  # curves on a page of the list
LONGEST = 200


def add(app: FastAPI, house: House) -> None:
    """Put the pages into the application."""

    @app.get("/models", include_in_schema=False)
    @guard.needs("search", "Model")
    def models(request: Request) -> Response:
        """All models of the workspace."""
        return show(request, house, listing(house))

    @app.get("/models/{name}", include_in_schema=False)
    @guard.needs("read", "Model")
    def newest(request: Request, name: str, curve: str = "") -> Response:
        """The newest version of a model."""
        return show(request, house, model_page.page(request, house, find(house, name), curve))

    @app.get("/models/{name}/compare", include_in_schema=False)
    @guard.needs("read", "Model")
    def compare(request: Request, name: str, a: str = "", b: str = "") -> Response:
        """Two versions side by side."""
        return show(request, house, model_compare.page(house, name, a, b))

    @app.get("/models/{name}/{version}", include_in_schema=False)
    @guard.needs("read", "Model")
    def version(request: Request, name: str, version: str, curve: str = "") -> Response:
        """One version of a model."""
        found = find(house, name, version)
        if request.query_params.get("part") == "curve" and found.kind == RISK:
            chosen = model_curves.shown(found, curve)
            return part(request, "model-curve", model_curves.one(house, found, chosen))
        return show(request, house, model_page.page(request, house, found, curve))

    @app.get("/models/{name}/{version}/curves", include_in_schema=False)
    @guard.needs("read", "Model")
    def curves(request: Request, name: str, version: str, q: str = "", after: int = 0) -> Response:
        """All curves of a version, to be searched."""
        return show(request, house, all_curves(request, find(house, name, version), q, after))


def find(house: House, name: str, version: str | None = None) -> Stored:
    """A model of a patient's risk, or one of the laboratory.

    Raises
    ------
    Missing : there is none of this name and version.
    """
    if len(name) > LONGEST:
        raise Missing("There is no model of this name.", "Go back to the list of models.")
    laboratory = name in names(house, LABORATORY) and name not in names(house, RISK)
    return stored(house, LABORATORY if laboratory else RISK, name, version)


def listing(house: House) -> Page:
    """The table of all models."""
    rows = model_list.rows(house)
    shown = [
        {**one, "title": model_list.TITLES[one["kind"]], "tag": model_list.STATUS[one["status"]]}
        for one in rows
    ]
    count: dict[str, int] = {}
    for one in rows:
        count[one["status"]] = count.get(one["status"], 0) + 1
    flat = [{**one, "discrimination": _words(one["discrimination"]), "slope": _words(one["slope"])}
            for one in rows]  # fmt: skip
    return Page(
        template="models",
        title="Models",
        context={"rows": shown, "count": [(model_list.STATUS[k], n) for k, n in count.items()]},
        data={"schema": "nof1/web-models/1", "models": rows},
        tables={"models": flat},
        data_date=house.data_date(),
        here="models",
        styles=("models.css",),
    )


def _words(figure: dict[str, Any] | None) -> str:
    if figure is None:
        return ""
    interval = f" ({figure['interval']})" if figure["interval"] else ""
    return f"{figure['name']} {figure['text']}{interval}".strip()


def all_curves(request: Request, found: Stored, q: str, after: int) -> Page:
    """One page of the list of all curves.

    Raises
    ------
    UsageError : ``after`` is no place in the list, or ``q`` is too long.
    """
    if len(q) > LONGEST or after < 0:
        raise UsageError("The search cannot be read.", where="q or after",
                         allowed="up to 200 letters; a number from 0")  # fmt: skip
    words = q.strip().casefold()
    all_ = model_curves.top(found, "", len(found.single))
    rows = [
        one for one in all_ if words in one["words"].casefold() or words in one["column"].casefold()
    ]
    before = with_query(request, after=str(max(after - ROWS, 0))) if after else None
    more = with_query(request, after=str(after + ROWS)) if after + ROWS < len(rows) else None
    planes = 0 if found.shapes is None else sum(len(t.features) == 2 for t in found.shapes.terms)
    return Page(
        template="model-curves",
        title="All curves",
        context={"model_name": found.name, "version": found.version, "q": q, "found": len(rows),
                 "rows": rows[after : after + ROWS], "before": before, "after": more,
                 "planes": planes},
        data={"schema": "nof1/web-model-curves/1", "model": found.name, "version": found.version,
              "curves": model_curves.listed(found)},
        tables={"curves": model_curves.listed(found)},
        data_date=str(found.card["data"].get("data_date") or found.card["created"])[:10],
        here="models",
        styles=("models.css",),
        trail=(*model_page.TRAIL, (found.name, model_address(found.name, found.version))),
    )  # fmt: skip
