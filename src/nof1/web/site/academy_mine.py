"""What is kept of a learner: see it, take it away, delete it; and a sheet of paper to print."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request, Response

from nof1.academy.curriculum.lesson import lessons
from nof1.academy.history import all_scores, exams
from nof1.academy.scores import UNPROVEN
from nof1.academy.sitting import Step
from nof1.web.access import guard
from nof1.web.site.academy_room import COOKIE, Academy, go, leaf, learner, open_server
from nof1.web.site.academy_scores import chances, share_rows, signals
from nof1.web.site.house import House
from nof1.web.site.page import Page, form, show

NAME_LENGTH = 80


def add(app: FastAPI, house: House, room: Academy) -> None:
    """Put the pages into the application."""

    @app.get("/academy/mine", include_in_schema=False)
    @guard.needs("read", "Academy")
    def mine(request: Request) -> Response:
        """What is kept; as JSON the whole export."""
        return show(request, house, mine_page(request, house, room))

    @app.post("/academy/mine/forget", include_in_schema=False)
    @guard.needs("update", "Academy")
    async def forget(request: Request) -> Response:
        """Delete everything of this learner."""
        fields = await form(request)
        name = learner(request)
        if fields.get("sure") != "yes" or not name:
            return go("/academy/mine")
        room.desk.forget(name)
        answer = go("/academy")
        if open_server(request):
            answer.delete_cookie(COOKIE, path="/academy")
        return answer

    @app.get("/academy/certificate", include_in_schema=False)
    @guard.needs("read", "Academy")
    def certificate(request: Request, name: str = "") -> Response:
        """The sheet to print."""
        return show(request, house, certificate_page(request, house, room, name))


def mine_page(request: Request, house: House, room: Academy) -> Page:
    """What is kept of this learner, and nobody else."""
    name = learner(request)
    since = room.store.opted(name) if name else None
    kept: dict[str, Any] = (
        room.store.export(name)
        if since
        else {"schema": "nof1/academy-export/1", "sittings": [], "lessons": {}}
    )
    sittings = room.desk.sittings(name) if name else []
    rows = [
        {
            "begun": one.begun[:16].replace("T", " "), "kind": one.kind, "number": one.number,
            "answered": len(one.answers), "of": len(one.cases),
            "state": "finished" if one.step is Step.DONE else "going on",
        }
        for one in sittings
    ]  # fmt: skip
    titles = {one.id: one.title for one in lessons()}
    learned = [
        {"lesson": titles.get(key, key), "right": one["right"], "of": one["of"],
         "done": one["at"][:10]}
        for key, one in kept["lessons"].items()
    ]  # fmt: skip
    lines = [
        {"at": answer.at[:10], "lesson": answer.lesson}
        for one in sittings for answer in one.answers if answer.lesson
    ]  # fmt: skip
    context = {
        "since": since, "guest": open_server(request), "sittings": rows, "learned": learned,
        "lines": lines, "memory": bool(sittings) and since is None,
    }  # fmt: skip
    return leaf(
        house, "academy-mine", "What is kept of you", context, kept,
        tables={"sittings": rows, "lessons": learned, "lines": lines},
    )  # fmt: skip


def certificate_page(request: Request, house: House, room: Academy, name: str) -> Page:
    """What was done, with intervals; no grade, and no proof of competence."""
    who = learner(request)
    sittings = room.desk.sittings(who) if who else []
    done = room.store.lessons(who) if who and room.store.opted(who) else {}
    found, _ = all_scores(sittings)
    finished = [one for one in exams(sittings) if one.complete]
    shown = " ".join(name.split())[:NAME_LENGTH]
    told = finished[-1].scores if finished else found
    data: dict[str, Any] = {
        "schema": "nof1/academy-certificate/1", "name": shown, "date": str(room.now().date()),
        "lessons": [one.title for one in lessons() if one.id in done], "cases": found.cases,
        "tests": len(finished), "scores": told.to_dict(), "notice": UNPROVEN,
    }  # fmt: skip
    context = {
        **data, "whom": shown, "unproven": UNPROVEN,
        "rows": [one for one in share_rows(told) if one["of"]],
        "signals": signals(told), "chances": chances(told), "tested": bool(finished),
        "all_lessons": len(lessons()), "longest": NAME_LENGTH,
    }  # fmt: skip
    return leaf(house, "academy-certificate", "What was done in the academy", context, data)
