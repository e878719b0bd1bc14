"""The pictures of a patient as a list, and one of them in a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nof1.core.finding import Finding
from nof1.core.unit_words import unit_words
from nof1.web.site.film_room import Film, films, gates
from nof1.web.site.house import House
from nof1.web.site.page import Page
from nof1.web.site.subject import Subject

THUMBS = 6  # small pictures in the list: a page asks for few files


def list_page(house: House, asked: Subject) -> Page:
    """All pictures of a patient that were known at the moment."""
    rows = [row(one, asked) for one in films(house, asked)]
    shown = [{**one, "image": one["image"] if n < THUMBS else None} for n, one in enumerate(rows)]
    flat = [line for one in rows for line in lines(one)]
    return Page(
        template="films",
        title=f"Films: {asked.patient}",
        context={"head": asked.head("films"), "rows": shown},
        data={"schema": "nof1/web-films/1", **asked.about(), "films": rows},
        tables={"films": flat},
        data_date=asked.data_date,
        here="patients",
        trail=asked.trail(),
        styles=("patient.css", "film.css"),
    )


def row(one: Film, asked: Subject) -> dict[str, Any]:
    """A picture in the list."""
    shown = one.filed is not None
    return {
        "film": one.id,
        "taken": when(one),
        "kind": one.kind,
        "filed": shown,
        "address": asked.address("films", one.id),
        "image": asked.address("films", one.id, "image", slice=str(middle(one)), small="yes")
        if shown
        else None,
        "answers": [_told(each) for each in one.findings],
    }


def middle(one: Film) -> int:
    """The slice that stands for a volume."""
    return 1 if one.filed is None else (one.filed.slices + 1) // 2


def when(one: Film) -> str:
    """When it was taken, UTC, to the minute."""
    return "not known" if one.taken is None else f"{one.taken:%Y-%m-%d %H:%M}"


def _told(finding: Finding) -> dict[str, Any]:
    """A finding in one line: the interval before the point."""
    value = finding.value
    made: dict[str, Any] = {
        "finding": finding.what.display, "status": str(finding.status), "amount": None,
        "low": None, "high": None, "unit": None, "text": "", "gates": gates(finding),
        "model": f"{finding.basis.id} {finding.basis.version}",
    }  # fmt: skip
    if value is None:
        return made
    inside = value.interval
    numbers = (value.amount, inside.low, inside.high)
    share = value.unit == "1"
    texts = [
        _percent(n) if share else f"{n:,.3g} {unit_words(value.unit)}".strip() for n in numbers
    ]
    made |= {"amount": numbers[0], "low": numbers[1], "high": numbers[2], "unit": value.unit,
             "text": f"{texts[1]} to {texts[2]} (point {texts[0]})"}  # fmt: skip
    return made


def _percent(share: float) -> str:
    if share < 0.01:
        return "below 1 %"
    return "above 99 %" if share > 0.99 else f"{100 * share:.0f} %"


def lines(one: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A picture as lines of a spreadsheet, one for each answer."""
    head = {name: one[name] for name in ("film", "taken", "kind", "filed")}
    empty = dict.fromkeys(("finding", "status", "low", "high", "amount", "unit", "gates", "model"))
    return [
        {**head, **{name: each[name] for name in empty}} for each in one["answers"]
    ] or [{**head, **empty}]  # fmt: skip
