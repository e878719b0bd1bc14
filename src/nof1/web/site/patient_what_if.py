"""``/patients/{patient}/what-if``: the model's answer for a person who differs in chosen things.

What is chosen stands in the address. It is an association and is called that, unless a stored
effect compares exactly the two medicines that were swapped: then that effect stands in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fastapi import FastAPI, Request, Response

from nof1.advice.governance.split import split_findings
from nof1.core.errors import UsageError
from nof1.core.finding import Finding, Kind, Status
from nof1.core.unit_words import unit_words
from nof1.pictures.patient_charts import icon_array
from nof1.pictures.views.patient import finding as shown
from nof1.pictures.views.patient import span
from nof1.predict.levers import Lever
from nof1.predict.score import Scorer
from nof1.predict.what_if import ASSOCIATION, Change, WhatIf, what_if
from nof1.web.access import guard
from nof1.web.site.answers import answers
from nof1.web.site.house import House
from nof1.web.site.kinds import after
from nof1.web.site.page import Missing, Page, asked_by_htmx, part, show
from nof1.web.site.subject import Subject, noted, subject
from nof1.web.site.swap import Effect, supported

OURS = frozenset({"site", "at", "model", "format", "table"})
SIZES = (100, 1000)
TITLES = {"number": "Measurements", "status": "Habits", "medicine": "Medicines"}


@dataclass(frozen=True)
class Asked:
    """A what-if with its answer; ``refused`` is what was wrong with what was asked."""

    scorer: Scorer
    answer: WhatIf
    effect: Effect | None
    refused: UsageError | None = None

    @property
    def replaced(self) -> bool:
        """Whether an effect on the same outcome stands in the place of the association."""
        return self.effect is not None and self.effect.same_outcome


def add(app: FastAPI, house: House) -> None:
    """Put the page into the application."""

    @app.get("/patients/{patient:id}/what-if", include_in_schema=False)
    @guard.needs("read", "RiskAssessment", patient="patient")
    def changed(request: Request, patient: str, model: str = "") -> Response:
        """Now, and changed."""
        asked = subject(house, request, patient)
        scorer = chosen(house, asked, model)
        if scorer is None:
            return show(request, house, nobody(asked))
        live = asked_by_htmx(request)
        made = ask(house, asked, scorer, _wanted(request), gently=live)
        noted(request, house, asked, "what if", (*made.answer.now, *made.answer.then))
        if live:
            return part(request, "patient-what-if-answer", answer(made))
        return show(request, house, page(house, asked, made))


def chosen(house: House, asked: Subject, name: str) -> Scorer | None:
    """The model of this name; without one the first that answers for this patient.

    Raises
    ------
    Missing : there is no such model.
    """
    scorers = house.room.adviser.scorers
    if name:
        found = next((one for one in scorers if one.basis.id == name), None)
        if found is None:
            raise Missing("There is no model of this name.", "Choose one on this page.")
        return found
    known = {one.basis.id: one for one in scorers}
    for told in answers(house, asked):
        if told.kind is Kind.RISK and told.status is Status.FOUND and told.basis.id in known:
            return known[told.basis.id]
    return scorers[0] if scorers else None


def ask(
    house: House, asked: Subject, scorer: Scorer, wanted: Mapping[str, str], *, gently: bool = False
) -> Asked:
    """The model's answers. ``gently``: what is impossible is told in the answer's place.

    A model that may not be heard (off, in shadow, paused) is not asked: its refusal is shown.

    Raises
    ------
    UsageError : an unknown lever or an impossible value, unless ``gently``.
    """
    names, refused = house.opened().names, None
    told = tuple(
        one
        for one in answers(house, asked)
        if one.kind is Kind.RISK and one.basis.id == scorer.basis.id
    )
    if not any(one.status is Status.FOUND for one in told):
        return Asked(scorer, WhatIf(None, (), (), (), told, ()), None)
    try:
        made = what_if(scorer, asked.person, asked.events, asked.at, wanted, names)
    except UsageError as error:
        if not gently:
            raise
        refused = error
        made = what_if(scorer, asked.person, asked.events, asked.at, {}, names)
    return Asked(
        scorer, _governed(house, asked, made, told), supported(house, made, asked, scorer), refused
    )


def _governed(house: House, asked: Subject, made: WhatIf, told: tuple[Finding, ...]) -> WhatIf:
    """The answers with what the decisions in force add to them."""
    known = {one.horizon_days: one for one in told}
    state = house.room.governance.state()
    return replace(
        made,
        now=tuple(known.get(one.horizon_days, one) for one in made.now),
        then=tuple(split_findings(state, made.then, asked.at).findings),
    )


def _wanted(request: Request) -> dict[str, str]:
    return {
        name: value for name, value in request.query_params.items() if name not in OURS and value
    }


def nobody(asked: Subject) -> Page:
    """The page of a workspace without models."""
    return Page(
        template="patient-what-if",
        title=f"What if: patient {asked.patient}",
        context={"head": asked.head("what-if"), "model": None},
        data={"schema": "nof1/web-what-if/1", **asked.about(), "model": None},
        data_date=asked.data_date,
        here="patients",
        trail=asked.trail(),
        styles=("patient.css",),
    )


def page(house: House, asked: Subject, made: Asked) -> Page:
    """The form with its answer."""
    scorers = [one.basis.id for one in house.room.adviser.scorers]
    found = made.answer
    moved = [
        {"feature": one.feature, "was": _number(one.was), "becomes": _number(one.becomes)}
        for one in found.moved
    ]
    then = () if made.replaced else found.then
    rows = [_row(one, "now") for one in found.now] + [_row(one, "changed") for one in then]
    return Page(
        template="patient-what-if",
        title=f"What if: patient {asked.patient}",
        context={
            "head": asked.head("what-if"), "model": made.scorer.basis.id, "models": scorers,
            "groups": _groups(found), "action": asked.address("what-if").partition("?")[0],
            "hidden": dict(asked.query),
            "bare": asked.address("what-if", model=made.scorer.basis.id),
            **answer(made),
        },
        data={
            "schema": "nof1/web-what-if/1", **asked.about(), "model": made.scorer.basis.id,
            "label": "effect" if made.effect is not None else "association",
            "says": ASSOCIATION,
            "changes": [
                {"name": one.lever.name, "was": one.was, "becomes": one.becomes}
                for one in found.changes
            ],
            "now": [one.to_dict() for one in found.now],
            "changed": [one.to_dict() for one in then],
            "effect": made.effect.finding.to_dict() if made.effect else None,
            "moved": moved,
        },
        tables={"answers": rows, "features": moved},
        data_date=asked.data_date,
        here="patients",
        trail=asked.trail(),
        styles=("patient.css",),
        scripts=("what-if.js",),
    )  # fmt: skip


def answer(made: Asked) -> dict[str, Any]:
    """What the part with the answer needs."""
    found = made.answer
    pairs = []
    if not made.replaced:
        pairs = [_pair(now, then) for now, then in _together(found)]
    effect = made.effect
    return {
        "pairs": pairs,
        "says": ASSOCIATION,
        "changes": [
            (one.lever.label, _plain(one, one.was), _plain(one, one.becomes))
            for one in found.changes
        ],
        "moved": [(one.feature, _number(one.was), _number(one.becomes)) for one in found.moved],
        "effect": None if effect is None else {
            "told": shown(effect.finding.to_dict()), "drawn": effect.drawn,
            "as_of": str(effect.finding.as_of)[:16],
        },
        "basis": made.scorer.basis,
        "refused": None if made.refused is None else made.refused.to_dict(),
        "silent": [] if found.moment else [shown(one.to_dict()) for one in found.now],
        "moment": "" if found.moment is None else f"{found.moment:%Y-%m-%d}",
    }  # fmt: skip


def _together(found: WhatIf) -> list[tuple[Finding, Finding | None]]:
    if found.moment is None:
        return []
    thens = found.then or (None,) * len(found.now)
    return list(zip(found.now, thens, strict=True))


def _pair(now: Finding, then: Finding | None) -> dict[str, Any]:
    """Both answers as icon arrays of one size, or the words of a refusal."""
    values = [one.value.amount for one in (now, then) if one is not None and one.value is not None]
    of = next((size for size in SIZES if all(v * size >= 1 for v in values)), SIZES[-1])
    return {
        "what": now.what.display,
        "span": span(now.horizon_days) or "",
        "of": of,
        "now": _side(now, of),
        "then": None if then is None else _side(then, of),
        "notes": list(now.notes),
    }


def _side(one: Finding, of: int) -> dict[str, Any]:
    if one.value is None:
        return {"open": False, "reason": one.reason, "resolve": one.resolve}
    interval = one.value.interval
    count = int(one.value.amount * of + 0.5)
    low, high = (
        min(int(interval.low * of + 1e-9), count),
        max(-int(-interval.high * of // 1), count),
    )
    high = min(high, of)
    return {
        "open": True, "count": count, "low": low, "high": high, "level": f"{interval.level:.0%}",
        "picture": icon_array(count, low, high, of),
    }  # fmt: skip


def _groups(found: WhatIf) -> list[dict[str, Any]]:
    """The levers by sort, each with the value that stands in the form."""
    values = {one.lever.name: one.value for one in found.changes}
    made: dict[str, list[dict[str, Any]]] = {}
    for lever in found.levers:
        made.setdefault(lever.kind, []).append(_control(lever, values.get(lever.name, "")))
    return [
        {
            "kind": kind, "title": TITLES[kind], "levers": made[kind],
            "open": kind != "medicine" or any(one["changed"] for one in made[kind]),
        }
        for kind in TITLES
        if kind in made
    ]  # fmt: skip


def _control(lever: Lever, value: str) -> dict[str, Any]:
    now = lever.now
    if lever.kind == "number" and now:
        now = f"{round(float(now) / lever.step) * lever.step:.7g}"
    return {
        "lever": lever, "value": value or now, "now": now, "changed": bool(value),
        "unit": unit_words(lever.unit),
    }  # fmt: skip


def _plain(change: Change, text: str) -> str:
    """A value of a change with its unit as people write it."""
    unit = change.lever.unit
    return text.removesuffix(unit).rstrip() + after(unit) if unit else text


def _number(value: float) -> str:
    return "not known" if value != value else f"{value:.4g}"


def _row(one: Finding, who: str) -> dict[str, Any]:
    value = one.value
    return {
        "who": who, "horizon_days": one.horizon_days, "status": str(one.status),
        "amount": value.amount if value else None,
        "low": value.interval.low if value else None,
        "high": value.interval.high if value else None,
        "level": value.interval.level if value else None, "reason": one.reason or "",
    }  # fmt: skip
