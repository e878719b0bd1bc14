"""What all pages of surveillance share: their addresses, their head, and the empty room."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from nof1.pictures.drawing import day
from nof1.pictures.views import surveillance as view
from nof1.pictures.views.surveillance_data import COMMANDS, RUN
from nof1.web.site.house import House
from nof1.web.site.page import Page
from nof1.web.site.surveillance_board import Board, names

STYLES = ("outbreak.css",)
TABS = (
    ("now", "Now"),
    ("regions", "Regions"),
    ("spread", "Spread"),
    ("alarms", "Alarms"),
    ("allocation", "Allocation"),
    ("reading", "Past and reading"),
)
EMPTY = (
    "nof1 surveillance import FILE --signal NAME",
    "nof1 surveillance nowcast NAME",
    "nof1 surveillance alarms NAME",
    "nof1 surveillance forecast NAME",
)


def nothing(house: House) -> Page:
    """A workspace without a series."""
    return Page(
        template="surveillance-empty",
        title="Surveillance",
        context={"commands": EMPTY},
        data={"schema": "nof1/web-surveillance/1", "series": []},
        tables={"series": []},
        data_date=house.data_date(),
        here="surveillance",
        styles=STYLES,
    )


def address(name: str, tab: str, **more: str) -> str:
    """The page of a part of a series."""
    query = {key: value for key, value in more.items() if value}
    if tab == "allocation":
        path, query = "/surveillance/allocation", {"series": name, **query}
    elif tab == "now":
        path, query = "/surveillance", {"series": name, **query}
    else:
        path = f"/surveillance/{quote(name, safe='')}"
        query = query if "place" in query else {"tab": tab, **query}
    return path + (f"?{urlencode(query)}" if query else "")


def head(house: House, made: Board, tab: str, as_of: str) -> dict[str, Any]:
    """What every page of a series shows above: as-of day, newest numbers, tabs."""
    name = made.signal.name
    own = [(words, address(name, key, as_of=as_of), key == tab) for key, words in TABS]
    late = {name: day(when) for name, when in made.later.items()}
    return {
        "series": name,
        "all_series": names(house),
        "words": made.signal.words,
        "as_of": made.as_of.isoformat(),
        "as_of_words": day(made.as_of),
        "asked_as_of": as_of,
        "tab": tab,
        "tabs": own,
        "newest": _newest(made),
        "step": "days" if made.signal.step_days == 1 else "weeks",
        "places_count": len(made.places),
        "hidden_answers": late,
        "missing": {one: view.EMPTY[one] for one in COMMANDS if one not in made.documents},
        "run": {key: words.format(name) for key, words in RUN.items()},
        "signal": name,
        "only": None,
        "small_cells": "Counts from 1 to 4 of a single region are not shown.",
    }


def _newest(made: Board) -> str:
    if made.report.newest is not None:
        return day(made.report.newest)
    return day(made.panel.dates[-1].item()) if made.panel is not None else "none"


def title_of(made: Board) -> str:
    """The words of a series as a heading."""
    return made.signal.words[:1].upper() + made.signal.words[1:]
