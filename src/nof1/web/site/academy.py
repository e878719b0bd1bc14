"""The academy's first page: what it is, what is due, the lessons, and consent."""

from __future__ import annotations

from datetime import date
from typing import Any

from fastapi import FastAPI, Request, Response

from nof1.academy.curriculum.lesson import TRACKS, Lesson, track
from nof1.academy.desk import Desk
from nof1.academy.faults import FAULTS
from nof1.academy.practice import ordered, regions, why
from nof1.academy.scores import UNPROVEN
from nof1.academy.sitting import Step
from nof1.academy.store import CONSENT
from nof1.web.access import guard
from nof1.web.site import academy_case, academy_lesson, academy_mine, academy_scores
from nof1.web.site.academy_room import (
    TITLES,
    Academy,
    due_day,
    enrolled,
    go,
    leaf,
    learner,
    lesson_address,
    open_server,
)
from nof1.web.site.house import House
from nof1.web.site.page import Page, show

LEAD = (
    "Learn when to trust a card and when to check it: short lessons, then cases of invented "
    "patients. In some of them the card is wrong."
)


def add(app: FastAPI, house: House) -> None:
    """Put the academy's pages into the application."""
    room = Academy(house)
    for one in (academy_lesson, academy_case, academy_scores, academy_mine):
        one.add(app, house, room)

    @app.get("/academy", include_in_schema=False)
    @guard.needs("search", "Academy")
    def academy(request: Request) -> Response:
        """The first page."""
        return show(request, house, first_page(request, house, room))

    @app.post("/academy/opt-in", include_in_schema=False)
    @guard.needs("create", "Academy")
    def opt_in(request: Request) -> Response:
        """Keep this learner's data from now on."""
        name, token = enrolled(request)
        room.desk.opt_in(name, room.now())
        return go("/academy", token)


def first_page(request: Request, house: House, room: Academy) -> Page:
    """What there is for this learner today."""
    name, today = learner(request), room.now().date()
    done = room.store.lessons(name) if name else {}
    courses: list[dict[str, Any]] = [
        {"title": title, "lessons": [_lesson(one, done, today) for one in track(key)]}
        for key, title in TRACKS.items()
    ]
    coming = next_topics(room, name, today)
    rows: list[dict[str, Any]] = [one for course in courses for one in course["lessons"]]
    data = {
        "schema": "nof1/academy/1",
        "ready": room.ready,
        "opted_in": bool(name and room.store.opted(name)),
        "lessons": rows,
        "topics": coming,
        "notice": UNPROVEN,
    }
    return leaf(
        house, "academy", "Academy",
        {**data, "lead": LEAD, "courses": courses, "consent": CONSENT, "unproven": UNPROVEN,
         "guest": open_server(request),
         "going": _going(room.desk, name), "due": [one for one in coming if one["due_now"]],
         "first": next((one for one in rows if one["state"] != "done"), rows[0]),
         "finished": sum(one["state"] == "done" for one in rows)},
        data, tables={"lessons": rows, "topics": coming}, trail=(),
    )  # fmt: skip


def next_topics(room: Academy, name: str, today: date) -> list[dict[str, Any]]:
    """Every topic of the bank, the one that is needed most first, and why."""
    pairs = room.desk.pairs(name) if name else []
    return [
        {
            "topic": one.topic,
            "title": TITLES.get(one.topic, one.topic),
            "why": why(one, today),
            "wrong": one.wrong.text() if one.wrong.of else "no case yet",
            "due": str(one.due) if one.due else None,
            "due_now": bool(one.due and one.due <= today),
            "lesson": lesson_address(FAULTS[one.topic].lesson) if one.topic in FAULTS else None,
        }
        for one in ordered(regions(pairs, room.topics), today)
    ]


def _lesson(one: Lesson, done: dict[str, dict[str, Any]], today: date) -> dict[str, Any]:
    """A lesson as a row: its state is new, done, or due again."""
    kept = done.get(one.id)
    due = None if kept is None else due_day(kept)
    state = "new" if due is None else "due" if due <= today else "done"
    return {
        "id": one.id, "title": one.title, "goal": one.goal, "minutes": round(one.minutes),
        "address": lesson_address(one), "state": state, "due": str(due) if due else None,
    }  # fmt: skip


def _going(desk: Desk, name: str) -> dict[str, Any] | None:
    """The sitting that is not finished, in words."""
    found = desk.current(name) if name else None
    if found is None or found.step is Step.DONE:
        return None
    place, of = found.place
    kind = f"Test, sitting {found.number} of 4" if found.kind == "test" else "Practice"
    return {"kind": kind, "place": place, "of": of}
