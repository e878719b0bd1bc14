"""``/patients/{patient}``: one patient's course, what follows from it, and why.

The course is the menu: each of its rows leads to its source rows. Answers come from the same
adviser as ``nof1 advise``; what the reader may not see is on no page and in no twin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl
from fastapi import FastAPI, Request, Response

from nof1.core.finding import Finding, Kind, Status
from nof1.pictures.timeline import Timeline, timeline
from nof1.web.access import guard
from nof1.web.site import course, patient_events, patient_print, patient_what_if
from nof1.web.site.answers import answers, heard, view_of
from nof1.web.site.house import House
from nof1.web.site.kinds import NAMES, is_kind, of_kinds, readable
from nof1.web.site.options import compared
from nof1.web.site.page import Page, show, with_query
from nof1.web.site.subject import Subject, noted, subject

GLANCE = 6
UNDATED = ("genes", "surroundings", "family", "allergies")


def add(app: FastAPI, house: House) -> None:
    """Put the pages into the application."""

    @app.get("/patients/{patient:id}", include_in_schema=False)
    @guard.needs("read", "Patient", patient="patient")
    def overview(request: Request, patient: str, span: str = "all") -> Response:
        """One patient."""
        asked = subject(house, request, patient)
        found = heard(request, asked, answers(house, asked))
        made = show(request, house, page(request, house, asked, found, span))
        noted(request, house, asked, "patient", found)
        return made

    patient_events.add(app, house)
    patient_what_if.add(app, house)
    patient_print.add(app, house)


def page(
    request: Request, house: House, asked: Subject, found: Sequence[Finding], span: str
) -> Page:
    """The overview."""
    names = house.opened().names
    kinds = readable(request, asked.patient)
    events = of_kinds(asked.events, kinds)
    start, end = course.window(asked, events, span)
    lanes = course.lanes(asked, events, kinds, names, start)
    drawn = timeline(lanes, start, end)
    view = view_of(asked, found, house.synthetic)
    return Page(
        template="patient-overview",
        title=f"Patient {asked.patient}",
        context={
            **view, "head": asked.head("overview"), "glance": glance(view["findings"]),
            "course": drawn, "spans": _spans(request, span), "undated": undated(asked, events),
            "options": compared(house, asked, found),
        },
        data={
            "schema": "nof1/web-patient/1", **asked.about(),
            "from": f"{start:%Y-%m-%d}", "course": _course(drawn),
            "findings": [one.to_dict() for one in found],
        },
        tables={
            "answers": [_answer(one) for one in found],
            "course": [
                dict(zip(drawn.table.columns, row, strict=True)) for row in drawn.table.rows
            ],
        },
        data_date=asked.data_date,
        here="patients",
        trail=[("Patients", "/patients")],
        styles=("patient.css",),
    )  # fmt: skip


def glance(findings: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The answers in a few words, each with its place on the page."""
    return [
        {
            "what": one["what"], "place": f"#finding-{number}", "open": one["open"],
            "severity": one["severity"], "status": one["status"],
            "answer": _short(one), "range": _range(one), "reason": one["reason"] or "",
        }
        for number, one in enumerate(findings[:GLANCE], 1)
    ]  # fmt: skip


def _short(one: Mapping[str, Any]) -> str:
    frequency = one["frequency"]
    if frequency:
        return f"{round(frequency['events']):,} of {frequency['of']:,}"
    return str(one["value"] or "").partition(" (")[0]


def _range(one: Mapping[str, Any]) -> str:
    frequency = one["frequency"]
    if not frequency:
        return str(one["value"] or "").partition(" (")[2].rstrip(")")
    ends = f"range {round(frequency['low']):,} to {round(frequency['high']):,}"
    return f"{ends}, {one['horizon']}" if one["horizon"] else ends


def undated(asked: Subject, events: pl.DataFrame) -> list[dict[str, str]]:
    """What is known without a date: how much of each sort, and where to read it."""
    bare = events.filter(pl.col("time").is_null())
    made = []
    for name in UNDATED:
        count = bare.filter(is_kind(NAMES[name])).height
        if count:
            words = f"{count} {'entry' if count == 1 else 'entries'}"
            made.append({
                "title": NAMES[name].title, "words": words,
                "address": asked.address("events", kind=name),
            })  # fmt: skip
    return made


def _spans(request: Request, chosen: str) -> list[dict[str, Any]]:
    return [
        {"words": words, "address": with_query(request, span=None if name == "all" else name),
         "now": name == chosen}
        for name, words in course.SPAN_WORDS.items()
    ]  # fmt: skip


def _course(drawn: Timeline) -> list[dict[str, Any]]:
    return [
        {
            "sort": lane.name, "item": one.row.label, "said": one.row.said,
            "spans": [[_iso(a), _iso(b)] for a, b in one.row.spans],
            "marks": [_iso(moment) for moment in one.row.marks],
            "points": [[_iso(moment), value] for moment, value in one.row.points],
            "normal": [one.row.low, one.row.high], "events": one.row.address,
        }
        for lane, rows in drawn.lanes
        for one in rows
    ]  # fmt: skip


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%S}"


def _answer(one: Finding) -> dict[str, Any]:
    """A finding as a row."""
    value = one.value
    found = one.status in (Status.FOUND, Status.EXCLUDED)
    return {
        "what": one.what.display, "kind": str(Kind(one.kind)), "status": str(one.status),
        "amount": value.amount if value else None,
        "low": value.interval.low if value else None,
        "high": value.interval.high if value else None,
        "level": value.interval.level if value else None,
        "unit": value.unit if value else None, "horizon_days": one.horizon_days,
        "reason": one.reason or "", "resolve": "" if found else one.resolve or "",
        "basis": f"{one.basis.id}/{one.basis.version}",
    }  # fmt: skip
