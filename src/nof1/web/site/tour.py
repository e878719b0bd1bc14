"""The guided walk of a demo: one patient, one model, one outbreak, one lesson."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request

from nof1.web.site import menu
from nof1.web.site.addresses import model_address, patient_address
from nof1.web.site.house import House
from nof1.web.site.people import people

DEMO = "demo.json"  # what nof1 demo leaves in its workspace: the patient that it asked about


def steps(request: Request, house: House) -> list[dict[str, Any]]:
    """The steps that this reader may take, each with title, text, link and address."""
    allowed = {one.name for one in menu.seen(request)}
    makers = (
        ("patients", _patient),
        ("models", _model),
        ("surveillance", _outbreak),
        ("academy", _lesson),
    )
    made = [make(house) for name, make in makers if name in allowed]
    return [one for one in made if one is not None]


def _patient(house: House) -> dict[str, Any] | None:
    found = house.room.opened()
    if found is None:
        return None
    who = chosen(house)
    if who is None:
        return None
    patient, query = who
    return {
        "title": "One patient",
        "text": "Course, risks as people of 100, the reasons with their source rows, and what the "
        "models refuse to say.",
        "link": f"Open patient {patient}",
        "address": patient_address(patient, query.pop("site", None), **query),
    }


def chosen(house: House) -> tuple[str, dict[str, str]] | None:
    """The patient that the demo asked about, with site and day; else the one with most events."""
    try:
        kept = json.loads((house.workspace.root / DEMO).read_text(encoding="utf-8"))
        return str(kept["patient"]), {
            name: str(kept[name]) for name in ("site", "at") if kept[name]
        }
    except (OSError, ValueError, KeyError, TypeError):
        rows = people(house.record).filter(several=False).sort("events", descending=True)
    return (str(rows["patient"][0]), {}) if rows.height else None


def _model(house: House) -> dict[str, Any] | None:
    scorers = house.scorers()
    if not scorers:
        return None
    name = scorers[0].basis.id
    return {
        "title": "One model",
        "text": "Does it keep its promises? Calibration with counts, who it fails, and the curves "
        "it has learned.",
        "link": f"Open model {name}",
        "address": model_address(name),
    }


def _outbreak(house: House) -> dict[str, Any] | None:
    return {
        "title": "One outbreak",
        "text": "What is known now about last week, what may come, where the alarm is, and where "
        "beds would help.",
        "link": "Open surveillance",
        "address": "/surveillance",
    }


def _lesson(house: House) -> dict[str, Any] | None:
    return {
        "title": "One lesson",
        "text": "Ten minutes on reading a probability, then cases in which the model may be wrong.",
        "link": "Open the academy",
        "address": "/academy",
    }
