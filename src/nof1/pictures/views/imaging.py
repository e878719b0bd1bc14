"""The page about a study: each picture, what was asked of it, and what was answered or refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nof1.pictures.interval_charts import interval_bar
from nof1.pictures.picture import Picture
from nof1.pictures.views.patient import finding

GATES = {
    "passed": ("good", "passed"),
    "refused": ("critical", "refused"),
    "not validated": ("warning", "not validated"),
    "not checkable": ("warning", "not checkable"),
}
ASKS = {
    "kind": "Is it a picture that this model reads?",
    "quality": "Can anything be seen in it?",
    "orientation": "Is it upright, and a picture of this kind?",
    "domain": "Is it like the pictures in training?",
    "population": "Was the model made for such a patient?",
}
SHARES = [(0.0, "0 %"), (0.25, "25 %"), (0.5, "50 %"), (0.75, "75 %"), (1.0, "100 %")]
VOLUME, DOUBT, LOG_ODDS = "volume of ", "Not validated", "log odds"


def context(data: Mapping[str, Any]) -> dict[str, Any]:
    """What the template needs, from ``nof1/imaging-read/1`` with ``drawings`` and ``films``.

    ``drawings`` are {source, finding, png}: a PNG as base64 text for each answered finding;
    ``films`` {source, png}: the picture as it is. Both may be absent.
    """
    drawn = {(one["source"], one["finding"]): one["png"] for one in data.get("drawings") or []}
    films = {one["source"]: one["png"] for one in data.get("films") or []}
    findings = data["findings"]
    pictures = [
        _picture(n, one, drawn, films.get(_source(one)))
        for n, one in enumerate(data["pictures"], 1)
    ]
    return {
        "title": f"Pictures: {data['path']}",
        "status": data["status"],
        "reason": data["reason"],
        "answered": sum(row["status"] in ("found", "excluded") for row in findings),
        "withheld": sum(row["status"] == "withheld" for row in findings),
        "synthetic": any(row.get("synthetic") for row in findings),
        "data_date": str(findings[0]["as_of"])[:10] if findings else "today",
        "json_name": data.get("json_name"),
        "pictures": pictures,
        "refused": data["refused"],
        "models": data["models"],
    }


def _source(one: Mapping[str, Any]) -> str:
    return str(one["sources"][0]) if one["sources"] else "picture"


def _picture(
    number: int,
    one: Mapping[str, Any],
    drawn: Mapping[tuple[str, str], str],
    film: str | None,
) -> dict[str, Any]:
    source, many, spacing = _source(one), len(one["sources"]), one["spacing_mm"]
    volumes: list[Mapping[str, Any]] = []
    others: list[Mapping[str, Any]] = []
    for row in one["findings"]:
        value = row.get("value")
        (volumes if value and value["unit"] == "mL" else others).append(row)
    return {
        "title": source if many < 2 else f"{source} and {many - 1} more",
        "facts": {
            "Kind": one["modality"] or "not said",
            "View": one["view"] or "not said",
            "Body part": one["body_part"] or "not said",
            "Size": " × ".join(f"{side:,}" for side in one["shape"]),
            "Pixel": " × ".join(f"{mm:.3g}" for mm in spacing) + " mm" if spacing else "not said",
        },
        "notes": one["notes"],
        "gates": [_gates(answer) for answer in one["answers"]],
        "film": f"data:image/png;base64,{film}" if film else None,
        "findings": [
            {**_answer(row, drawn.get((source, row["what"]["display"]))), "number": f"{number}-{n}"}
            for n, row in enumerate(others, 1)
        ],
        "measured": _measured(volumes),
        "limits": _shared(one["findings"], one["notes"]),
    }


def _answer(row: Mapping[str, Any], drawing: str | None) -> dict[str, Any]:
    """A finding about a film: number, interval and evidence, or the reason why there is none."""
    value = row.get("value")
    share = value is not None and value["unit"] == "1"
    units = [str(one["unit"]) for one in row.get("evidence") or [] if one.get("unit")]
    return {
        **finding(row, drawing),
        "doubts": [one for one in row.get("notes") or [] if one.startswith(DOUBT)],
        "unit": (units or [LOG_ODDS])[0].capitalize(),
        "signed": units == [] or units[0] == LOG_ODDS,
        "probability": _percent(value["amount"]) if value and share else None,
        "interval": _interval(row["what"]["display"], value) if value and share else None,
        "range": _range(value["interval"]) if value and share else None,
    }


def _percent(share: float) -> str:
    """A share in words that never says "never" or "always".

    >>> _percent(0.183), _percent(0.9996), _percent(0.0001)
    ('18 %', 'above 99 %', 'below 1 %')
    """
    if share < 0.01:
        return "below 1 %"
    return "above 99 %" if share > 0.99 else f"{100 * share:.0f} %"


def _range(inside: Mapping[str, Any]) -> str:
    ends = f"{_percent(inside['low'])} to {_percent(inside['high'])}"
    return f"{inside['level']:.0%} interval: {ends}".replace("%", " %", 1)


def _interval(name: str, value: Mapping[str, Any]) -> Picture:
    inside = value["interval"]
    numbers = (float(value["amount"]), float(inside["low"]), float(inside["high"]))
    texts = (_percent(numbers[0]), _percent(numbers[1]), _percent(numbers[2]))
    return interval_bar(
        f"Probability of {name}",
        numbers,
        texts,
        axis=(0.0, 1.0),
        ticks=SHARES,
        level=inside["level"],
    )


def _measured(volumes: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Volumes of each rule or model that measured them."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in volumes:
        groups.setdefault(row["basis"]["content_hash"], []).append(row)
    return [
        {"basis": rows[0]["basis"], "rows": [_volume(row) for row in rows]}
        for rows in groups.values()
    ]


def _volume(row: Mapping[str, Any]) -> dict[str, Any]:
    """A measured volume as a row: its number, its interval drawn from 0, and its density."""
    value, name = row["value"], row["what"]["display"]
    inside = value["interval"]
    numbers = (float(value["amount"]), float(inside["low"]), float(inside["high"]))
    texts = tuple(f"{one:,.0f} mL" for one in numbers)
    return {
        "name": name.removeprefix(VOLUME).capitalize(),
        "said": texts[0],
        "range": f"{numbers[1]:,.0f} to {texts[2]}",
        "bar": interval_bar(
            name,
            numbers,
            (texts[0], texts[1], texts[2]),
            axis=(0.0, 1.15 * max(numbers[2], 1.0)),
            level=inside["level"],
        ),
        "reason": row.get("reason"),
        "evidence": [one["text"] for one in row.get("evidence") or []],
    }


def _gates(answer: Mapping[str, Any]) -> dict[str, Any]:
    rows = [
        {
            **verdict,
            "severity": GATES[verdict["status"]][0],
            "word": GATES[verdict["status"]][1],
            "asks": ASKS.get(verdict["gate"], ""),
        }
        for verdict in answer["gates"]
    ]
    twice = {(row["gate"], row["status"], row["reason"]): row for row in rows}  # two domain checks
    return {"model": answer["model"], "rows": list(twice.values())}


def _shared(findings: list[Mapping[str, Any]], said: list[str]) -> list[str]:
    """Notes of the findings, each once, without doubts and those of the picture itself."""
    notes = dict.fromkeys(note for row in findings for note in row.get("notes") or [])
    return [note for note in notes if note not in said and not note.startswith(DOUBT)]
