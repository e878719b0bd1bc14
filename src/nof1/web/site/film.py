"""``/patients/{patient}/films``: the pictures of a patient, and each with what was answered.

The film is drawn here and sent as PNG; the evidence lies over it as a second, transparent PNG, so
that both can be changed without asking the model again. Without scripts a form does the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request, Response

from nof1.core.errors import UsageError
from nof1.imaging.answering import album, shelf
from nof1.imaging.answering.register import Filed
from nof1.pictures.pages import VIEWS
from nof1.web.access import guard
from nof1.web.site import film_files
from nof1.web.site.film_list import lines, list_page, middle, row, when
from nof1.web.site.film_room import Film, FilmRoom, films
from nof1.web.site.house import House
from nof1.web.site.page import HEADERS, Missing, Page, show
from nof1.web.site.subject import Subject, subject

KIND = "ImagingStudy"
ID = re.compile(r"[0-9a-f]{16}|t\d{14}|no-date")
PNG = "image/png"
STEP, USUAL = 10, 60  # of the heatmap's opacity, in percent
WIDEST = 1_000_000.0  # of a window; no picture has larger values
# Width and level in Hounsfield units: the usual windows of a CT.
WINDOWS = (("Lung", 1500, -600), ("Soft tissue", 400, 40), ("Bone", 1800, 400), ("Brain", 80, 40))


def add(app: FastAPI, house: House) -> None:
    """Put the pages into the application."""
    room = FilmRoom(house.workspace.images)
    _pages(app, house, room)
    _pictures(app, house, room)
    film_files.add(app, house, room)


def _pages(app: FastAPI, house: House, room: FilmRoom) -> None:
    @app.get("/patients/{patient:id}/films", include_in_schema=False)
    @guard.needs("read", KIND, patient="patient")
    def listed(request: Request, patient: str) -> Response:
        """The pictures of a patient, newest first."""
        return show(request, house, list_page(house, subject(house, request, patient)))

    @app.get("/patients/{patient:id}/films/{film}", include_in_schema=False)
    @guard.needs("read", KIND, patient="patient")
    def one(request: Request, patient: str, film: str) -> Response:
        """One picture with its answers."""
        asked = subject(house, request, patient)
        return show(request, house, film_page(request, house, room, asked, film))


def _pictures(app: FastAPI, house: House, room: FilmRoom) -> None:
    @app.get("/patients/{patient:id}/films/{film}/image", include_in_schema=False)
    @guard.needs("read", KIND, patient="patient")
    def image(
        request: Request, patient: str, film: str, slice: int = 1, small: bool = False
    ) -> Response:
        """The film as PNG, in a window."""
        filed = filed_of(house, subject(house, request, patient), film)
        made = room.film(filed, slice, window(request), small=small)
        return Response(made, 200, dict(HEADERS), PNG)

    @app.get("/patients/{patient:id}/films/{film}/heat", include_in_schema=False)
    @guard.needs("read", KIND, patient="patient")
    def heat(request: Request, patient: str, film: str, answer: int = 1) -> Response:
        """The evidence of an answer as a transparent PNG."""
        found = find(house, subject(house, request, patient), film)
        path = None
        if 1 <= answer <= len(found.findings):
            path = room.evidence(found.findings[answer - 1])
        if path is None:
            raise Missing("The evidence of this answer is not kept here.")
        return Response(room.layer(path), 200, dict(HEADERS), PNG)

    @app.get("/patients/{patient:id}/films/{film}/drawing", include_in_schema=False)
    @guard.needs("read", KIND, patient="patient")
    def drawing(request: Request, patient: str, film: str, answer: int = 1) -> Response:
        """The film with its evidence as it was drawn when the answer was kept."""
        found = find(house, subject(house, request, patient), film)
        path = None
        if 1 <= answer <= len(found.findings):
            path = room.evidence(found.findings[answer - 1], album.FOLDER)
        if path is None or path.stat().st_size > album.MOST_BYTES:
            raise Missing("No drawing of this answer is kept here.")
        return Response(path.read_bytes(), 200, dict(HEADERS), PNG)


def find(house: House, asked: Subject, film: str) -> Film:
    """A picture of the patient by its name in addresses.

    Raises
    ------
    Missing : there is none, or it was not known at the moment.
    """
    if ID.fullmatch(film):
        for one in films(house, asked):
            if one.id == film:
                return one
    raise Missing(
        "There is no such picture of this patient at this moment.", "See the list of films."
    )


def filed_of(house: House, asked: Subject, film: str) -> Filed:
    """Where a picture lies.

    Raises
    ------
    Missing : there is no such picture, or only its answer is known here.
    """
    found = find(house, asked, film).filed
    if found is None:
        raise Missing("The picture itself is not filed in this workspace, only its answer.",
                      "File it: nof1 imaging read PATH --patient ID --keep")  # fmt: skip
    return found


def window(request: Request) -> tuple[float, float] | None:
    """(low, high) of the address's window width and level; None: the file's own.

    Raises
    ------
    UsageError : one without the other, no numbers, or no width.
    """
    texts = [request.query_params.get(name, "") for name in ("window", "level")]
    if texts == ["", ""]:
        return None
    bad = UsageError("The window cannot be read.", where="window and level",
                     allowed="two numbers, the width above 0")  # fmt: skip
    try:
        width, level = (float(text) for text in texts)
    except ValueError:
        raise bad from None
    if not (0 < width <= WIDEST and abs(level) <= WIDEST):
        raise bad
    return level - width / 2, level + width / 2


# one film -----------------------------------------------------------------------------------------


def film_page(request: Request, house: House, room: FilmRoom, asked: Subject, name: str) -> Page:
    """One picture: itself, the evidence over it, and each answer in full.

    Raises
    ------
    Missing : no such picture. UsageError : a window, slice or opacity that cannot be.
    """
    one = find(house, asked, name)
    view = VIEWS["imaging"](_document(one))["pictures"][0]
    looked = _look(request, room, asked, one)
    answers = [
        {**shown, "heat": room.evidence(one.findings[n]) is not None,
         "drawing_at": _drawing(room, asked, one, n), "model_here": _model_here(house, one, n)}
        for n, shown in _numbered(one, view)
    ]  # fmt: skip
    return Page(
        template="film",
        title=f"Film of {when(one)[:10]}: {asked.patient}",
        context={
            "head": asked.head("films"), "film": row(one, asked), "facts": _facts(one),
            "look": looked, "as_of": asked.query.get("at", ""), "answers": answers,
            "measured": view["measured"],
            "limits": view["limits"],
            "files": film_files.offers(room, asked, one),
        },
        data={
            "schema": "nof1/web-film/1", **asked.about(), "film": row(one, asked),
            "look": looked, "findings": [each.to_dict() for each in one.findings],
        },
        tables={"answers": lines(row(one, asked))},
        data_date=asked.data_date,
        here="patients",
        trail=asked.trail(("Films", asked.address("films"))),
        styles=("patient.css", "film.css"),
        scripts=("film.js",),
    )  # fmt: skip


def _numbered(one: Film, view: Mapping[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    """(place among the film's findings, finding as shown) of those that are no volume."""
    places = [n for n, each in enumerate(one.findings)
              if each.value is None or each.value.unit != "mL"]  # fmt: skip
    return list(zip(places, view["findings"], strict=True))


def _document(one: Film) -> dict[str, Any]:
    """The film as ``nof1/imaging-read/1``, which the imaging page knows how to show."""
    filed = one.filed
    picture = {
        "sources": ["picture"], "shape": list(filed.shape) if filed else [], "spacing_mm": None,
        "modality": filed and filed.modality, "view": filed and filed.view,
        "body_part": filed and filed.body_part, "notes": [], "answers": [],
        "findings": [each.to_dict() for each in one.findings],
    }  # fmt: skip
    return {"path": one.id, "status": "ok", "reason": None, "models": [], "refused": [],
            "findings": picture["findings"], "pictures": [picture]}  # fmt: skip


def _facts(one: Film) -> dict[str, str]:
    filed = one.filed
    if filed is None:
        return {"Taken": f"{when(one)} UTC"}
    return {
        "Taken": f"{when(one)} UTC",
        "Kind": filed.modality or "not said",
        "View": filed.view or "not said",
        "Body part": (filed.body_part or "not said").lower(),
        "Size": " × ".join(f"{side:,}" for side in filed.shape),
    }


def _drawing(room: FilmRoom, asked: Subject, one: Film, number: int) -> str | None:
    """The drawing of an answer whose evidence alone is not kept."""
    finding = one.findings[number]
    if room.evidence(finding) is not None or room.evidence(finding, album.FOLDER) is None:
        return None
    return asked.address("films", one.id, "drawing", answer=str(number + 1))


def _model_here(house: House, one: Film, number: int) -> bool:
    """Whether the model that answered is still in this workspace (or comes with nof1)."""
    named = one.findings[number].basis.id
    return named in {path.name for path in shelf.all_models(house.workspace.images)}


def _look(request: Request, room: FilmRoom, asked: Subject, one: Film) -> dict[str, Any] | None:
    """What the viewer shows: addresses and the places of its sliders; None without a picture."""
    filed = one.filed
    if filed is None:
        return None
    number, opacity = _whole(request, "slice", middle(one), (1, filed.slices)), _whole(
        request, "opacity", USUAL, (0, 100)
    )  # fmt: skip
    chosen, problem = window(request), room.problem(filed, number)
    query = (
        {}
        if chosen is None
        else {"window": f"{chosen[1] - chosen[0]:g}", "level": f"{(chosen[0] + chosen[1]) / 2:g}"}
    )
    heats = [n for n, each in enumerate(one.findings, 1) if room.evidence(each) is not None]
    answer = _whole(request, "answer", heats[0] if heats else 1, (1, max(len(one.findings), 1)))
    slices = {"slice": str(number)} if filed.slices > 1 else {}
    return {
        "image": asked.address("films", one.id, "image", **slices, **query),
        "heat": asked.address("films", one.id, "heat", answer=str(answer))
        if answer in heats else None,
        "answer": answer,
        "choices": [{"number": n, "name": one.findings[n - 1].what.display} for n in heats],
        "opacity": STEP * round(opacity / STEP),
        "slice": number, "slices": filed.slices,
        **_windowing(filed, chosen),
        "presets": _presets(asked, one, filed, slices),
        "own": asked.address("films", one.id, **slices),
        "missing": None if problem is None else problem.to_dict(),
        "shape": list(filed.shape[-2:]),
    }  # fmt: skip


def _windowing(filed: Filed, chosen: tuple[float, float] | None) -> dict[str, Any]:
    """Width and level as they stand, and how far their sliders go."""
    low, high = filed.range or (0.0, 4095.0)
    if filed.unit == "HU":
        low, high = max(low, -1024.0), min(high, 3071.0)
    now = chosen or filed.window or (low, high)
    span = max(high - low, 1.0)
    step = 1 if span > 100 else span / 100
    return {
        "chosen": chosen is not None, "width": now[1] - now[0], "level": (now[0] + now[1]) / 2,
        "widest": max(span, now[1] - now[0]), "narrowest": step, "low": low, "high": high,
        "step": step, "level_step": step / 2,
        "unit": "HU" if filed.unit == "HU" else "stored values",
    }  # fmt: skip


def _presets(
    asked: Subject, one: Film, filed: Filed, slices: Mapping[str, str]
) -> list[dict[str, str]]:
    if filed.unit != "HU":
        return []
    return [
        {"name": name, "address": asked.address(
            "films", one.id, window=str(width), level=str(level), **slices)}
        for name, width, level in WINDOWS
    ]  # fmt: skip


def _whole(request: Request, name: str, usual: int, ends: tuple[int, int]) -> int:
    """A whole number of the address.

    Raises
    ------
    UsageError : it is none, or outside.
    """
    text = request.query_params.get(name, "")
    if text == "":
        return usual
    if not re.fullmatch(r"\d{1,6}", text) or not ends[0] <= int(text) <= ends[1]:
        raise UsageError("The address holds a number that cannot be.", where=name,
                         allowed=f"{ends[0]} to {ends[1]}")  # fmt: skip
    return int(text)
