"""``/compounds``: molecules with drawings, intervals and alerts, and the models behind them.

What is shown are answers that were worked out before (``compounds_shelf``); a filter, the order and
the place in the list stand in the address. One molecule is asked about by its SMILES.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request, Response

from nof1.core.errors import UsageError
from nof1.web.access import guard
from nof1.web.site import compounds_library
from nof1.web.site import compounds_shelf as shelf
from nof1.web.site.compounds_shelf import Answers, Stored
from nof1.web.site.compounds_shown import (
    HYPOTHESIS,
    KIND,
    ROWS,
    ZONES,
    alerts_of,
    axes_of,
    flat,
    model,
    model_row,
    plain,
    shown,
)
from nof1.web.site.house import House
from nof1.web.site.later import later, waiting
from nof1.web.site.page import Missing, Page, seen_other, show, with_query

ALERTS = {"": "all", "none": "without an alert", "some": "with an alert"}


@dataclass(frozen=True)
class Asked:
    """What of the answers is wanted: from the address."""

    text: str
    zone: str
    alerts: str
    sort: str
    after: int


def add(app: FastAPI, house: House) -> None:
    """Put the pages into the application."""
    compounds_library.add(app, house)

    @app.get("/compounds", include_in_schema=False)
    @guard.needs("search", KIND)
    def compounds(request: Request) -> Response:
        """Models, answers and libraries."""
        found = later(house, ("chemistry",), ready)
        if found is None:
            return waiting(request, house, "Compounds", "The chemistry is being loaded.",
                           "compounds")  # fmt: skip
        made = list_page(request, house)
        if made is None:
            return waiting(request, house, "Compounds", "Alerts of these compounds are being "
                           "looked for.", "compounds")  # fmt: skip
        return show(request, house, made)

    @app.get("/compounds/ask", include_in_schema=False)
    @guard.needs("search", KIND)
    def ask(smiles: str = "") -> Response:
        """The page of the molecule that a form names."""
        text = smiles.strip()
        if not text or len(text) > shelf.LONGEST or not (text.isascii() and text.isprintable()):
            raise UsageError("The molecule cannot be read.", where="smiles",
                             allowed=f"the SMILES of one molecule, at most {shelf.LONGEST:,} "
                             "letters")  # fmt: skip
        return seen_other(f"/compounds/{shelf.identifier(text)}")


def ready() -> bool:
    """Load what answers need, once: RDKit, its catalogues of alerts."""
    from nof1.medicines.library.drawing import drawing
    from nof1.medicines.library.liabilities import look

    drawing("CCO")
    look(["CCO"])
    return True


# the list -----------------------------------------------------------------------------------------


def list_page(request: Request, house: House) -> Page | None:
    """The page, or None while alerts are being looked for.

    Raises
    ------
    UsageError : a filter or an order that is none. Missing : no such answers.
    """
    stored, wrong = shelf.models(house)
    sets = shelf.files(house)
    chosen = request.query_params.get("set", sets[0].stem if sets else "")
    answers: Answers | None = None
    alerts: Mapping[str, list[str]] = {}
    if chosen:
        path = next((one for one in sets if one.stem == chosen), None)
        if path is None:
            raise Missing("There are no answers of this name.", "See the list of compounds.")
        mark = path.stat().st_mtime_ns
        answers = house.kept(("compound answers", chosen), lambda: shelf.read(path), mark)
        kept = answers.rows
        found = later(house, ("alerts", chosen), lambda: alerts_of(kept), mark)
        if found is None:
            return None
        alerts = found
    return _list(request, house, stored, wrong, [one.stem for one in sets], answers, alerts)


def _list(
    request: Request, house: House, stored: Sequence[Stored], wrong: Sequence[str],
    sets: Sequence[str], answers: Answers | None, alerts: Mapping[str, list[str]],
) -> Page:  # fmt: skip
    asked = _asked(request, answers)
    rows = [] if answers is None else _wanted(answers, alerts, asked)
    part = rows[asked.after : asked.after + ROWS]
    axes = {} if answers is None else axes_of(answers)
    more = with_query(request, after=str(asked.after + ROWS))
    return Page(
        template="compounds-list",
        title="Compounds",
        context={
            "hypothesis": HYPOTHESIS, "models": [model(one) for one in stored], "wrong": wrong,
            "sets": sets, "answers": answers, "asked": asked, "found": len(rows),
            "rows": [shown(one, alerts, axes) for one in part], "first": asked.after + 1,
            "before": with_query(request, after=str(max(asked.after - ROWS, 0)))
            if asked.after else None,
            "after": more if asked.after + ROWS < len(rows) else None,
            "heads": _heads(request, answers, asked), "zones": ZONES, "alert_words": ALERTS,
            "libraries": [one.name for one in shelf.libraries(house)],
        },
        data={
            "schema": "nof1/web-compounds/1", "set": answers.name if answers else None,
            "model": list(answers.model) if answers and answers.model else None,
            "models": [model(one) for one in stored], "left_out": list(wrong),
            "libraries": [one.name for one in shelf.libraries(house)],
            "found": len(rows), "compounds": [plain(one, alerts) for one in rows],
        },
        tables={"compounds": [flat(one, alerts) for one in rows],
                "models": [model_row(one) for one in stored]},
        data_date=_date(stored, answers),
        here="compounds",
        styles=("compounds.css",),
    )  # fmt: skip


def _date(stored: Sequence[Stored], answers: Answers | None) -> str:
    if answers is not None and answers.model is not None:
        return f"model {answers.model[0]}, version {answers.model[1]}"
    return ", ".join(f"model {one.name}, version {one.version}" for one in stored) or "no model yet"


def _asked(request: Request, answers: Answers | None) -> Asked:
    """The filters of an address.

    Raises
    ------
    UsageError : one that is none.
    """
    field = request.query_params.get
    asked = Asked(
        text=field("q", "").strip(), zone=field("zone", ""), alerts=field("alerts", ""),
        sort=field("sort", ""), after=_number(field("after", "0")),
    )  # fmt: skip
    labels = [] if answers is None else list(answers.labels)
    allowed = {
        "zone": ["", *ZONES],
        "alerts": list(ALERTS),
        "sort": ["", *(sign + name for name in (*labels, "similarity") for sign in ("", "-"))],
    }
    for name, values in allowed.items():
        if getattr(asked, name) not in values:
            raise UsageError("The list cannot be made so.", where=name,
                             allowed=[one for one in values if one])  # fmt: skip
    if len(asked.text) > 200:
        raise UsageError("The search cannot be read.", where="q", allowed="up to 200 letters")
    return asked


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 7):
        raise UsageError("There is no such place in the list.", where="after",
                         allowed="a number from 0")  # fmt: skip
    return int(text)


def _wanted(
    answers: Answers, alerts: Mapping[str, list[str]], asked: Asked
) -> list[dict[str, Any]]:
    rows = list(answers.rows)
    if asked.text:
        rows = [one for one in rows if asked.text in one["smiles"] or asked.text in one["name"]]
    if asked.zone:
        rows = [one for one in rows if one["zone"] == asked.zone]
    if asked.alerts:
        rows = [one for one in rows if bool(alerts[one["smiles"]]) == (asked.alerts == "some")]
    name = asked.sort.removeprefix("-")
    if not name:
        return rows

    def number(one: Mapping[str, Any]) -> float | None:
        found = one["similarity"] if name == "similarity" else one["answers"][name]["value"]
        return None if found is None else float(found)

    told = [one for one in rows if number(one) is not None]
    told.sort(key=lambda one: number(one) or 0.0, reverse=asked.sort.startswith("-"))
    return [*told, *(one for one in rows if number(one) is None)]  # withheld ones come last


def _heads(
    request: Request, answers: Answers | None, asked: Asked
) -> list[dict[str, Any]]:  # fmt: skip
    """The columns that can be sorted by, with the address that sorts the other way."""
    made = []
    for name in [] if answers is None else [*answers.labels, "similarity"]:
        down = asked.sort == f"-{name}"
        made.append({
            "name": name, "title": "Nearest known" if name == "similarity" else name,
            "sorted": "descending" if down else "ascending" if asked.sort == name else "none",
            "address": with_query(request, sort=name if down else f"-{name}", after=None),
        })  # fmt: skip
    return made
