"""``/patients/{patient}/medicines?condition=CODE``: medicines side by side, each question apart.

The ranking is that of ``nof1 medicines rank``; the conditions to choose from are those of the
patient's own problems for which the tables hold a medicine. Another can be named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request, Response

from nof1.advice.ranked import ranked
from nof1.core import audit
from nof1.core.errors import UsageError
from nof1.knowledge import indications
from nof1.knowledge.base import Base
from nof1.pictures.pages import VIEWS
from nof1.pictures.views.medicines import COLUMNS
from nof1.web.access import guard
from nof1.web.site.house import House, day
from nof1.web.site.page import Page, show
from nof1.web.site.subject import Subject, subject

KIND = "MedicationRequest"
FAMILY = "FAMILY//"  # somebody else's disease
LONGEST = 120
MOST = 40  # conditions offered
IN_FULL = 16  # medicines with every question on the page; the others have a link to theirs


def add(app: FastAPI, house: House) -> None:
    """Put the page into the application."""

    @app.get("/patients/{patient:id}/medicines", include_in_schema=False)
    @guard.needs("read", KIND, patient="patient")
    def medicines(
        request: Request, patient: str, condition: str = "", full: str = ""
    ) -> Response:  # fmt: skip
        """The medicines for a condition, best first, each question in a column of its own."""
        asked = subject(house, request, patient)
        return show(request, house, page(house, asked, " ".join(condition.split()), full))


def page(house: House, asked: Subject, condition: str, full: str = "") -> Page:
    """The ranking for the condition that was named, or for the patient's latest problem.

    ``full`` names a medicine that is shown with every question, wherever it stands.

    Raises
    ------
    UsageError : the condition cannot be read, or the patient has died before the moment.
    """
    if len(condition) > LONGEST:
        raise UsageError("The condition cannot be read.", where="condition",
                         allowed=f"a code or a name of at most {LONGEST} letters")  # fmt: skip
    base = house.room.adviser.base
    known = conditions(asked, base, house.opened().names)
    chosen = condition or (known[0]["code"] if known else "")
    data, refusal = ({}, None) if not chosen else _ranked(house, asked, chosen)
    context: dict[str, Any] = {
        "head": asked.head("medicines"), "conditions": _choices(asked, known, data, chosen),
        "typed": condition, "as_of": asked.query.get("at", ""), "refusal": refusal,
        "ranked": bool(data), "here_address": asked.address("medicines").split("?")[0],
    }  # fmt: skip
    if data:
        view = _view(data)
        context = {**view, **context, "groups": _shortened(view["groups"], asked, chosen, full)}
    return Page(
        template="patient-medicines" if data else "patient-medicines-none",
        title=f"Medicines: {asked.patient}",
        context=context,
        data={**asked.about(), "conditions": known, "refused": refusal,
              **(data or {"schema": "nof1/medicines-rank/1", "rows": []})},
        tables={"medicines": [_row(row) for row in data.get("rows", [])]},
        data_date=asked.data_date,
        here="patients",
        trail=asked.trail(),
        styles=("patient.css", "medicines.css"),
    )  # fmt: skip


def _view(data: Mapping[str, Any]) -> dict[str, Any]:
    """The context of the page that opens offline, less what the frame gives."""
    made = VIEWS["medicines"](data)
    taken = ("title", "data_date", "synthetic", "json_name")
    return {**{name: value for name, value in made.items() if name not in taken},
            "json_name": None}  # fmt: skip


def _shortened(
    groups: Sequence[Mapping[str, Any]], asked: Subject, condition: str, full: str
) -> list[dict[str, Any]]:
    """The groups with every question of the first medicines; a page must not grow without end."""
    made, left = [], IN_FULL
    for group in groups:
        rows = []
        for row in group["rows"]:
            if row["name"] == full:
                rows.append({**row, "open": True})
            elif left > 0 or row["open"] or row["current"]:
                rows.append(row)
            else:
                address = asked.address("medicines", condition=condition, full=row["name"])
                rows.append({**row, "elsewhere": f"{address}#{row['id']}"})
            left -= 1
        made.append({**group, "rows": rows})
    return made


def conditions(
    asked: Subject, base: Base, names: Mapping[str, str]
) -> list[dict[str, str]]:  # fmt: skip
    """The patient's problems that the tables have medicines for, latest first, each once."""
    found: dict[str, dict[str, str]] = {}
    rows = asked.events.select("code", "time").drop_nulls("time").sort("time", descending=True)
    for code, time in rows.iter_rows():
        if code.startswith(FAMILY) or "//" not in code:
            continue
        disease = indications.recognised(code, base)
        if disease is None or disease.name in found or not indications.candidates(code, base):
            continue
        words = names.get(code, disease.name)
        found[disease.name] = {"code": code, "name": words, "disease": disease.name,
                               "since": day(time)}  # fmt: skip
    return list(found.values())[:MOST]


def _ranked(
    house: House, asked: Subject, condition: str
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The ranking, or why there is none."""
    key = ("medicines", asked.subject_id, f"{asked.at:%Y%m%d%H}", condition.casefold())
    version = house.room.governance.state().version
    try:
        return house.kept(key, lambda: _made(house, asked, condition), version), None
    except UsageError as error:
        return {}, error.to_dict()


def _made(house: House, asked: Subject, condition: str) -> dict[str, Any]:
    opened = house.opened()
    made = ranked(house.room.adviser, asked.person, asked.events, asked.at, condition, opened.names)
    folder = house.workspace.audit
    audit.append(
        folder, "medicines rank", patient=audit.pseudonym(folder, asked.subject_id),
        condition=made["condition"]["name"], sources=[one["id"] for one in made["knowledge"]],
        rows=len(made["rows"]),
    )  # fmt: skip
    return made


def _choices(
    asked: Subject, known: list[dict[str, str]], data: Mapping[str, Any], chosen: str
) -> list[dict[str, Any]]:
    """Links to the patient's own conditions; which one is shown."""
    shown = data.get("condition", {}).get("name", "")
    return [
        {**one, "here": one["disease"] == shown or one["code"] == chosen,
         "address": asked.address("medicines", condition=one["code"])}
        for one in known
    ]  # fmt: skip


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A medicine as a line of a spreadsheet: each question's status and words."""
    made = {
        "purpose": row["purpose"] or "", "place": row["place"],
        "medicine": row["medicine"]["name"], "rxnorm": row["medicine"]["rxnorm"] or "",
        "atc": " ".join(row["medicine"]["atc"]), "verdict": row["verdict_word"],
        "taken now": row["current"] is not None,
    }  # fmt: skip
    for name, label in COLUMNS.items():
        column = row[name]
        said = [one["text"] for one in (*column["reasons"], *column["not_known"])]
        words = " ".join(said) or column["text"] or ""
        made[label.replace("\u00ad", "")] = f"{column['status']}: {words}".strip(": ")
    return made
