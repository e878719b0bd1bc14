"""``/patients/{patient}/print``: one A4 page to have in hand before the visit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request, Response

from nof1.core.finding import Finding
from nof1.pictures.timeline import Lane, timeline
from nof1.web.access import guard
from nof1.web.site import course
from nof1.web.site.answers import answers, heard, view_of
from nof1.web.site.house import House
from nof1.web.site.kinds import of_kinds, readable
from nof1.web.site.page import Page, show
from nof1.web.site.subject import Subject, noted, subject

# Rows that fit on one page beside each other; what is left out is counted.
MOST = {"problems": 8, "medicines": 8, "allergies": 3, "measurements": 7}
ANSWERS, REFUSALS, GENES, LETTERS = 3, 3, 6, 150
YEARS = "5y"
LISTS = ("problems", "medicines", "allergies")
USUAL = ("Normal", "Reference/Reference", "ivacaftor non-responsive")
NOTES = 3


def add(app: FastAPI, house: House) -> None:
    """Put the page into the application."""

    @app.get("/patients/{patient:id}/print", include_in_schema=False)
    @guard.needs("read", "Patient", patient="patient")
    def sheet(request: Request, patient: str) -> Response:
        """One page before the visit."""
        asked = subject(house, request, patient)
        found = heard(request, asked, answers(house, asked))
        made = show(request, house, page(request, house, asked, found))
        noted(request, house, asked, "print", found)
        return made


def page(request: Request, house: House, asked: Subject, found: Sequence[Finding]) -> Page:
    """The sheet."""
    names = house.opened().names
    kinds = readable(request, asked.patient)
    events = of_kinds(asked.events, kinds)
    start, end = course.window(asked, events, YEARS)
    first = course.window(asked, events, "all")[0]
    every = {one.name: one for one in course.lanes(asked, events, kinds, names, first)}
    view = view_of(asked, found, house.synthetic)
    measured = _cut(every.get("measurements"), MOST["measurements"])
    drawn = timeline([measured] if measured else [], start, end)
    may = {one.name: one.title for one in kinds if one.name in LISTS}
    may = {one.name: one.title for one in kinds if one.name in LISTS}
    lists = [_list(every.get(name), name, title) for name, title in may.items()]
    opened = [one for one in view["findings"] if one["open"]]
    closed = [one for one in view["findings"] if not one["open"]]
    genes = sorted((one for one in view["genes"] if one["open"]), key=_usual)
    return Page(
        template="patient-print",
        title=f"Patient {asked.patient}",
        context={
            "head": asked.head("print"), "lists": lists, "course": drawn,
            "answers": opened[:ANSWERS], "more_answers": max(len(opened) - ANSWERS, 0),
            "refusals": [_refusal(one) for one in closed[:REFUSALS]],
            "more_refusals": max(len(closed) - REFUSALS, 0),
            "genes": genes[:GENES], "more_genes": max(len(genes) - GENES, 0),
            "notes": view["common_notes"][:NOTES],
            "hidden": measured.hidden if measured else 0,
            "back": asked.address(),
        },
        data={
            "schema": "nof1/web-patient-print/1", **asked.about(),
            "lists": {one["title"]: one["rows"] for one in lists},
            "answers": [one.to_dict() for one in found],
        },
        tables={
            "lists": [{"list": one["title"], **row} for one in lists for row in one["rows"]],
        },
        data_date=asked.data_date,
        here="patients",
        trail=asked.trail(),
        styles=("patient.css",),
    )  # fmt: skip


def _cut(lane: Lane | None, most: int) -> Lane | None:
    """The first rows of a lane; the rest is counted."""
    if lane is None:
        return None
    hidden = lane.hidden + max(len(lane.rows) - most, 0)
    return Lane(lane.title, lane.name, lane.rows[:most], hidden, lane.address)


def _list(lane: Lane | None, name: str, title: str) -> dict[str, Any]:
    cut = _cut(lane, MOST[name])
    rows = [{"item": row.label, "when": row.aside} for row in cut.rows] if cut else []
    return {"title": title, "rows": rows, "hidden": cut.hidden if cut else 0}


def _usual(gene: Mapping[str, Any]) -> bool:
    """Whether a gene result is the usual one: those come last on the sheet."""
    return any(word in gene["answer"] for word in USUAL)


def _refusal(one: dict[str, Any]) -> dict[str, Any]:
    reason = str(one["reason"])
    return {**one, "reason": reason if len(reason) <= LETTERS else f"{reason[: LETTERS - 3]}..."}
