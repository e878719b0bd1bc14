"""A lesson as a page: text, drawings, exercises with computed answers, questions, the live step.

The answers stand in the address, so the page works without scripts and can be restored; htmx only
renews the words below one exercise. Nothing is kept until the reader says "done", and then only of
those who opted in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from fastapi import FastAPI, Request, Response

from nof1.academy.curriculum import drawings, words
from nof1.academy.curriculum.lesson import (
    Exercise,
    Lesson,
    Part,
    Question,
    lesson,
    lessons,
)
from nof1.academy.curriculum.posing import LONGEST, pose
from nof1.academy.practice import GAPS
from nof1.core.errors import UsageError
from nof1.pictures.picture import Picture
from nof1.web.access import guard
from nof1.web.site.academy_room import (
    Academy,
    due_day,
    enrolled,
    go,
    leaf,
    learner,
    lesson_address,
    live_address,
)
from nof1.web.site.house import House
from nof1.web.site.page import Missing, Page, form, show

MOST_SEEDS = 10**6
EX, Q = "e-", "q-"  # fields of exercises and of questions


def add(app: FastAPI, house: House, room: Academy) -> None:
    """Put the pages into the application."""

    @app.get("/academy/lessons/{name}", include_in_schema=False)
    @guard.needs("read", "Academy")
    def one_lesson(request: Request, name: str) -> Response:
        """One lesson."""
        return show(request, house, lesson_page(request, house, room, found(name)))

    @app.post("/academy/lessons/{name}/done", include_in_schema=False)
    @guard.needs("update", "Academy")
    async def done(request: Request, name: str) -> Response:
        """Write down that the lesson was done, for a reader who opted in."""
        one, fields = found(name), await form(request)
        who, token = enrolled(request)
        if room.store.opted(who):
            keep(room, who, one, given(one, fields), seed_of(fields, room))
        return go("/academy#lessons", token)


def found(name: str) -> Lesson:
    """The lesson of an address.

    Raises
    ------
    Missing : there is none.
    """
    try:
        return lesson(name)
    except UsageError:
        raise Missing("There is no such lesson.", "Choose one on the academy's page.") from None


def seed_of(fields: Mapping[str, str], room: Academy) -> int:
    """The seed of the numbers: that of the address, else one for each day.

    Raises
    ------
    UsageError : it is no number in range.
    """
    told = fields.get("seed")
    if told is None:
        return room.now().date().toordinal() % 10_000
    if not (told.isascii() and told.isdigit() and int(told[:9]) < MOST_SEEDS and len(told) < 9):
        raise UsageError("The seed cannot be read.", where="seed", allowed=f"0 to {MOST_SEEDS - 1}")
    return int(told)


def given(one: Lesson, fields: Mapping[str, str]) -> dict[str, str]:
    """What the reader answered: field -> answer, of this lesson's fields only."""
    names = [EX + e.id for e in one.exercises] + [Q + q.id for q in one.questions]
    return {name: fields[name].strip()[:LONGEST] for name in names if fields.get(name, "").strip()}


def keep(room: Academy, who: str, one: Lesson, answers: Mapping[str, str], seed: int) -> None:
    """Write the lesson down: how many were right, and when it comes back."""
    today, before = room.now().date(), room.store.lessons(who).get(one.id)
    stage = 1
    if before is not None:
        stage = int(before.get("stage", 1)) + (due_day(before) <= today)
    right = sum(_exercise(e, answers, seed)["right"] is True for e in one.exercises)
    right += sum(_question(q, answers, seed, one)["right"] is True for q in one.questions)
    state = {
        "stage": min(stage, len(GAPS)),
        "right": right,
        "of": len(one.exercises) + len(one.questions),
    }
    room.store.keep_lesson(who, one.id, state, room.now())


def lesson_page(request: Request, house: House, room: Academy, one: Lesson) -> Page:
    """The page of a lesson with what was answered so far."""
    seed = seed_of(request.query_params, room)
    answers = given(one, request.query_params)
    sections: list[dict[str, Any]] = [
        {"heading": s.heading, "parts": [_part(p, one, answers, seed) for p in s.parts]}
        for s in one.sections
    ]
    tried = [p for s in sections for p in s["parts"] if p["kind"] in ("exercise", "question")]
    who = learner(request)
    place = [other.id for other in lessons()].index(one.id)
    after = lessons()[place + 1] if place + 1 < len(lessons()) else None
    data: dict[str, Any] = {
        "schema": "nof1/academy-lesson/1", "id": one.id, "title": one.title, "goal": one.goal,
        "minutes": round(one.minutes), "seed": seed, "remember": words.plain(one.remember),
        "asked": [{key: p[key] for key in ("kind", "id", "ask", "given", "right")} for p in tried],
    }  # fmt: skip
    return leaf(
        house, "academy-lesson", one.title,
        {
            "lesson": one, "sections": sections, "seed": seed, "answers": answers,
            "minutes": round(one.minutes), "live": live_address(request, house, one.live),
            "live_do": words.inline(one.live.do), "remember": words.inline(one.remember),
            "again": f"{lesson_address(one)}?seed={(seed + 1) % MOST_SEEDS}",
            "address": lesson_address(one), "answered": sum(p["right"] is not None for p in tried),
            "right": sum(p["right"] is True for p in tried), "of": len(tried),
            "opted": bool(who and room.store.opted(who)), "after": after,
            "after_address": lesson_address(after) if after else None,
        },
        data,
        tables={"asked": data["asked"]},
        scripts=("academy.js",),
    )  # fmt: skip


def _part(part: Part, one: Lesson, answers: Mapping[str, str], seed: int) -> dict[str, Any]:
    """One part for the template."""
    if part.text is not None:
        return {"kind": "text", "html": words.html(part.text, one.labels)}
    if part.drawing is not None:
        return {
            "kind": "drawing",
            "picture": _drawn(json.dumps([part.drawing.kind, part.drawing.of])),
        }
    if part.exercise is not None:
        return _exercise(part.exercise, answers, seed)
    assert part.question is not None
    return _question(part.question, answers, seed, one)


@cache
def _drawn(told: str) -> Picture:
    """A drawing by its kind and settings: they are the same for everybody and every day."""
    kind, settings = json.loads(told)
    return drawings.make(kind, settings)


def _exercise(one: Exercise, answers: Mapping[str, str], seed: int) -> dict[str, Any]:
    posed = pose(one, seed)
    said = answers.get(EX + one.id, "")
    right = posed.right(said) if said else None
    return {
        "kind": "exercise",
        "id": one.id,
        "field": EX + one.id,
        "ask": words.inline(posed.ask),
        "unit": one.made_by.unit,
        "choices": one.made_by.choices,
        "given": said,
        "right": right,
        "unread": bool(said) and right is None,
        "solution": words.inline(posed.solution) if right is not None else "",
        "picture": posed.picture if right is not None else None,
    }


def _question(one: Question, answers: Mapping[str, str], seed: int, of: Lesson) -> dict[str, Any]:
    said = answers.get(Q + one.id, "")
    chosen = (
        one.choices[int(said)]
        if re.fullmatch("[0-9]", said) and int(said) < len(one.choices)
        else None
    )
    return {
        "kind": "question",
        "id": one.id,
        "field": Q + one.id,
        "ask": words.inline(one.ask),
        "options": [
            {"value": str(i), "text": words.inline(choice.text)} for i, choice in one.shuffled(seed)
        ],
        "given": said if chosen else "",
        "right": None if chosen is None else chosen.right,
        "unread": False,
        "feedback": words.inline(chosen.feedback, of.labels) if chosen else "",
    }
