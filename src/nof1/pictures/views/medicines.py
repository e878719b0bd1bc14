"""The page of a ranking: medicines down, questions across, then each medicine in full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

COLUMNS = {
    "efficacy": "Evidence",
    "pharmacogenomics": "Genes",
    "phenoconversion": "Others on genes",
    "interactions": "Inter\u00adactions",
    "allergies": "Allergies",
    "renal": "Kidneys",
    "hepatic": "Liver",
    "pregnancy": "Preg\u00adnancy",
    "age": "Age",
    "conditions": "Diagnoses",
    "duplicates": "Same kind",
}
LABORATORY = "laboratory"
STATUS = {
    "stop": ("critical", "stop"),
    "caution": ("warning", "caution"),
    "clear": ("good", "clear"),
    "not_known": ("unknown", "open"),
}
VERDICT = {
    "contraindicated": "critical",
    "avoid": "critical",
    "check_first": "warning",
    "adjust": "warning",
    "standard": "good",
}
EVENTS_SHOWN = 5
OPEN_IN_FULL = 1  # of each purpose


def context(data: Mapping[str, Any]) -> dict[str, Any]:
    """What the template needs, from ``nof1/medicines-rank/1``."""
    rows = [_row(row, number) for number, row in enumerate(data["rows"])]
    taken = [one for one in data["not_indicated"] if one["current"]]
    return {
        "title": f"Medicines for {data['condition']['name']}",
        "disease": data["condition"]["name"],
        "patient": data["subject"]["id"],
        "site": data["subject"]["site"],
        "code": data["condition"]["code"],
        "as_of": data["as_of"][:16].replace("T", " ") + " UTC",
        "data_date": data["as_of"][:10],
        "synthetic": data["synthetic"],
        "json_name": data.get("json_name"),
        "current": data["current"],
        "genes": data["genes"],
        "heads": list(COLUMNS.values()),
        "groups": _groups(rows),
        "taken_without_use": taken,
        "deciding": data["deciding"],
        "refused": [one["name"] for one in data["not_indicated"]],
        "order": data["order"],
        "knowledge": data["knowledge"],
        "expired": [one for one in data["knowledge"] if one["expired"]],
    }


def _groups(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows by purpose, in the order in which they come."""
    found: dict[str | None, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["purpose"], []).append(row)
    several = len(found) > 1
    return [
        {"purpose": (purpose or "purpose not in our table") if several else None, "rows": group}
        for purpose, group in found.items()
    ]


def _row(row: Mapping[str, Any], number: int) -> dict[str, Any]:
    return {
        "id": f"medicine-{number}",
        "name": row["medicine"]["name"],
        "codes": _codes(row["medicine"]),
        "purpose": row["purpose"],
        "place": row["place"],
        "current": row["current"] is not None,
        "word": row["verdict_word"],
        "severity": _severity(row),
        "because": row["because"]["text"],
        "next": row["next"],
        "open": row["place"] <= OPEN_IN_FULL,
        "cells": [_cell(row[name]) for name in COLUMNS],
        "details": [
            {"label": label.replace("\u00ad", ""), **_detail(row[name])}
            for name, label in (*COLUMNS.items(), (LABORATORY, "Laboratory"))
            if row.get(name) is not None
        ]
        + [_compared(one) for one in row.get("effect_models") or ()],
        "unknown": len(row["not_known"]),
    }


def _severity(row: Mapping[str, Any]) -> str:
    """The sign of a verdict; a usual dose with open questions is no tick."""
    found = VERDICT[row["verdict"]]
    return "info" if found == "good" and row["not_known"] else found


def _codes(medicine: Mapping[str, Any]) -> str:
    rxnorm = [f"RxNorm {medicine['rxnorm']}"] if medicine["rxnorm"] else []
    atc = [f"ATC {', '.join(medicine['atc'])}"] if medicine["atc"] else []
    return "; ".join([*rxnorm, *atc]) or "no code known"


def _cell(column: Mapping[str, Any]) -> dict[str, Any]:
    """One cell of the table: its sign, its word, and what it is about."""
    severity, word = STATUS[column["status"]]
    about = [one["short"] for one in column["reasons"]] or [
        one["short"] for one in column["not_known"]
    ]
    quiet = column["status"] == "clear" and not column["reasons"]
    return {
        "severity": severity,
        "word": word,
        "short": "" if quiet or not about else about[0],
        "more": max(len(about) - 1, 0),
    }


def _detail(column: Mapping[str, Any]) -> dict[str, Any]:
    severity, word = STATUS[column["status"]]
    said = column["reasons"] or column["not_known"]
    return {
        "severity": severity,
        "word": word,
        "text": None if said else column["text"],
        "reasons": [_reason(one) for one in column["reasons"]],
        "opens": column["not_known"],
    }


def _compared(one: Mapping[str, Any]) -> dict[str, Any]:
    """A stored effect of this workspace, in a line of its own: never merged with other evidence."""
    return {
        "label": "Effect model",
        "severity": "info",
        "word": "compared",
        "text": one["text"],
        "reasons": [],
        "opens": [],
    }


def _reason(reason: Mapping[str, Any]) -> dict[str, Any]:
    source = reason["source"]
    events = [_event(one) for one in reason["evidence"]]
    return {
        "text": reason["text"],
        "events": events[:EVENTS_SHOWN],
        "more": max(len(events) - EVENTS_SHOWN, 0),
        "source": None
        if source is None
        else f"{source['id']} ({source['published'] or 'no date'}); {source['citation']}",
    }


def _event(event: Mapping[str, Any]) -> str:
    """Where in the patient's record it stands."""
    name = event.get("display") or event["code"]
    day = (event.get("time") or "undated")[:10]
    number = (
        "" if event.get("value") is None else f" {event['value']:.4g} {event.get('unit') or ''}"
    )
    row = "" if event.get("source_row") is None else f", row {event['source_row']}"
    return f"{name}{number.rstrip()}, {day} ({event.get('source_file') or 'no file'}{row})"
