"""One teaching case at a time: own answer, then the card, then the final answer, then the truth.

What may be seen at a step is decided by ``nof1.academy.sitting``; this module only shows it. The
card is drawn by the template of the patient's page. What a check would reveal stays out of it until
the check is opened, so that opening it can be counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request, Response

from nof1.academy.curriculum.posing import read_number
from nof1.academy.sitting import SITTINGS, Sitting, Step
from nof1.core.errors import InputError
from nof1.pictures.reading_charts import said_against_truth
from nof1.pictures.tree_charts import Branch, frequency_tree
from nof1.pictures.views.patient import finding
from nof1.web.access import guard
from nof1.web.site.academy_room import Academy, enrolled, go, leaf, learner
from nof1.web.site.house import House
from nof1.web.site.page import Page, form, show

CASE = "/academy/case"
LATER = "Open the check below to see it."
MOVES = {
    "accept": "Accept: I act as the card advises, and with its number",
    "modify": "Modify: I use it with a change or a condition",
    "reject": "Reject: I do not act as the card advises",
}
STEPS = {
    "own": "1 Your own answer",
    "card": "2 The card",
    "feedback": "3 What is true",
}


def add(app: FastAPI, house: House, room: Academy) -> None:
    """Put the pages into the application."""

    @app.get(CASE, include_in_schema=False)
    @guard.needs("read", "Academy")
    def case(request: Request) -> Response:
        """The current case, or the ways to begin."""
        return show(request, house, case_page(house, room, learner(request)))

    @app.post(CASE + "/begin", include_in_schema=False)
    @guard.needs("create", "Academy")
    async def begin(request: Request) -> Response:
        """Begin a practice, or the next sitting of a test."""
        fields = await form(request)
        name, token = enrolled(request)
        if room.ready and room.desk.current(name) is None:
            start = (
                room.desk.begin_test if fields.get("kind") == "test" else room.desk.begin_practice
            )
            start(name, room.now())
        return go(CASE, token)

    @app.post(CASE + "/own", include_in_schema=False)
    @guard.needs("update", "Academy")
    async def own(request: Request) -> Response:
        """The own answer."""
        return _step(request, house, room, await form(request), _own)

    @app.post(CASE + "/check", include_in_schema=False)
    @guard.needs("update", "Academy")
    async def check(request: Request) -> Response:
        """Open a check."""
        return _step(request, house, room, await form(request), _check)

    @app.post(CASE + "/final", include_in_schema=False)
    @guard.needs("update", "Academy")
    async def final(request: Request) -> Response:
        """The final answer."""
        return _step(request, house, room, await form(request), _final)

    @app.post(CASE + "/learn", include_in_schema=False)
    @guard.needs("update", "Academy")
    async def learn(request: Request) -> Response:
        """Leave the feedback."""
        return _step(request, house, room, await form(request), _learn)

    @app.post(CASE + "/leave", include_in_schema=False)
    @guard.needs("update", "Academy")
    def leave(request: Request) -> Response:
        """End the sitting early."""
        name = learner(request)
        if name and room.desk.current(name) is not None:
            room.desk.leave(name, room.now())
        return go("/academy")


def _step(
    request: Request, house: House, room: Academy, fields: Mapping[str, str], do: Any
) -> Response:
    """Do a step; what was typed is kept when it is refused."""
    name = learner(request)
    before = room.desk.current(name) if name else None
    if before is None:
        return go(CASE)
    try:
        after: Sitting = do(room, name, fields)
    except InputError as error:
        page = case_page(house, room, name, refused=error, typed=fields)
        return show(request, house, page)
    if after.step is Step.DONE:
        return go("/academy/test" if after.kind == "test" else "/academy/scores")
    return go(CASE)


def _own(room: Academy, name: str, fields: Mapping[str, str]) -> Sitting:
    act, chance = _said(fields)
    return room.desk.own(name, fields.get("case", ""), act, chance, room.now())


def _check(room: Academy, name: str, fields: Mapping[str, str]) -> Sitting:
    return room.desk.open_check(name, fields.get("case", ""), fields.get("check", ""), room.now())


def _final(room: Academy, name: str, fields: Mapping[str, str]) -> Sitting:
    act, chance = _said(fields)
    move = fields.get("move", "")
    if not move:
        raise InputError("Say what you do with the card.", where="move", allowed=list(MOVES))
    return room.desk.final(name, fields.get("case", ""), act, chance, move, room.now())


def _learn(room: Academy, name: str, fields: Mapping[str, str]) -> Sitting:
    return room.desk.learn(name, fields.get("case", ""), fields.get("lesson", ""), room.now())


def _said(fields: Mapping[str, str]) -> tuple[bool, float]:
    """(act, chance 0 to 1) of a form.

    Raises
    ------
    InputError : one of the two is missing, or the chance is not from 0 to 100.
    """
    act, number = fields.get("act"), read_number(fields.get("chance", "")[:40])
    if act not in ("yes", "no"):
        raise InputError("Say whether you would act.", where="act", allowed="yes or no")
    if number is None or not 0 <= number <= 100:
        raise InputError("Say how many of 100.", where="chance", allowed="a number from 0 to 100")
    return act == "yes", number / 100


def case_page(
    house: House, room: Academy, name: str, refused: InputError | None = None,
    typed: Mapping[str, str] | None = None,
) -> Page:  # fmt: skip
    """The current case at its step; without a sitting, the ways to begin one."""
    sitting = room.desk.current(name) if name else None
    if sitting is None:
        return _nothing(house, room, name)
    seen = room.desk.view(name)
    place = f"Case {seen['place']} of {seen['of']}"
    kind = f"Test, sitting {sitting.number} of {SITTINGS}" if sitting.kind == "test" else "Practice"
    context = {
        **seen,
        "kind_words": kind,
        "place_words": place,
        "steps": STEPS,
        "labs": [_lab(one) for one in seen["vignette"]["labs"]],
        "threshold_of_100": f"{100 * seen['threshold']:g}",
        "refused": refused.to_dict() if refused else None,
        "typed": dict(typed or {}),
        "moves": MOVES,
        "finding": None,
        "drawn": {},
    }
    if "card" in seen:
        context["finding"] = finding(seen["card"] if "feedback" in seen else covered(seen["card"]))
    if "feedback" in seen:
        context["drawn"] = _drawn(seen)
        context["shows"] = lines(seen["feedback"]["shows"])
    context["opened_lines"] = {key: lines(text) for key, text in seen.get("opened", {}).items()}
    hidden = "card" in seen and "feedback" not in seen
    shown = {**seen, "card": covered(seen["card"])} if hidden else seen
    return leaf(
        house, "academy-case", place, context, shown, status=400 if refused else 200,
        restores=False, tables={"labs": context["labs"]},
    )  # fmt: skip


def covered(card: Mapping[str, Any]) -> dict[str, Any]:
    """The card without what only a check shows: source events, people of validation, knowledge."""
    evidence = [
        {key: value for key, value in one.items() if key not in ("events", "citation")}
        for one in card.get("evidence") or []
    ]
    basis = {**card["basis"], "validated_in": LATER, "knowledge_date": LATER}
    return {**card, "evidence": evidence, "basis": basis}


def lines(text: str) -> dict[str, Any]:
    """What a check shows: its sentence, and the rows below it."""
    first, *rows = [one.strip() for one in text.split("\n") if one.strip()]
    return {"sentence": first, "rows": rows}


def _nothing(house: House, room: Academy, name: str) -> Page:
    tests = [one for one in room.desk.sittings(name) if one.kind == "test"] if name else []
    data = {"schema": "nof1/academy-begin/1", "ready": room.ready, "cases": len(room.desk.cases)}
    return leaf(
        house, "academy-begin", "Cases", {**data, "tested": bool(tests), "new_here": not name}, data
    )


def _lab(one: Mapping[str, Any]) -> dict[str, Any]:
    low, high, value = one["low"], one["high"], one["value"]
    ends = [f"{end:g}" for end in (low, high) if end is not None]
    if low is not None and high is not None:
        normal = " to ".join(ends)
    else:
        normal = f"{'up to' if low is None else 'from'} {ends[0]}" if ends else "no limits"
    mark = "low" if low is not None and value < low else ""
    mark = "high" if high is not None and value > high else mark
    return {"name": one["name"], "value": f"{value:.4g}", "unit": one["unit"], "normal": normal,
            "mark": mark, "day": one["day"]}  # fmt: skip


def _drawn(seen: Mapping[str, Any]) -> dict[str, Any]:
    """The drawings of the feedback: chances against the truth, and the tree."""
    answer, told = seen["answer"], seen["feedback"]
    rows = [
        ("Your own answer", answer["before"]["probability"]),
        ("The card", seen["card"]["value"]["amount"]),
        ("Your final answer", answer["after"]["probability"]),
    ]
    return {
        "said": said_against_truth(rows, told["truth"]["risk"], seen["threshold"]),
        "tree": tree_picture(told["tree"], answer["after"]["act"]),
    }


def tree_picture(tree: Mapping[str, Any], act: bool) -> Any:
    """The tree of a case, with what the final answer does to the people in it."""
    names = list(tree["if_act" if act else "if_not"])
    parts = tuple(
        Branch(one["count"], one["text"], parts=(Branch(one["count"], end, good),))
        for one, end, good in zip(tree["root"]["children"], names, (act, not act), strict=True)
    )
    title = "If you act for all of them" if act else "If you act for none of them"
    return frequency_tree(Branch(tree["of"], "people like this", parts=parts), title, tree["words"])
