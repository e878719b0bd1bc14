"""The data quality page: from ``nof1/quality/1`` to problems in order, charts and tables."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from nof1.pictures import quality_charts

SEVERITIES = ("critical", "warning", "info")
SHOWN = 6
TOP_CODES = 25
MANY_SITES = 12


def context(data: Mapping[str, Any]) -> dict[str, Any]:
    """What the template needs; counts of 1 to 4 arrive as null and read "fewer than 5"."""
    problems = data["problems"]
    return {
        "title": "Data quality",
        "synthetic": data["synthetic"],
        "data_date": data["as_of"][:10],
        "json_name": data.get("json_name"),
        "totals": data["totals"],
        "severities": data["severities"],
        "masked_below": data["masked_below"],
        "checks": checks(problems),
        "quarantined": data["quarantined"],
        "codes": data["codes"],
        "pictures": charts(data),
    }


def checks(problems: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Problems grouped by severity and check, each group with its worst places first."""

    def key(problem: dict[str, Any]) -> tuple[int, str]:
        return SEVERITIES.index(problem["severity"]), problem["check"]

    groups = [list(group) for _, group in groupby(sorted(problems, key=key), key)]
    return [
        {
            "check": group[0]["check"].replace("-", " "),
            "severity": group[0]["severity"],
            "why": group[0]["why"],
            "next_step": group[0]["next_step"],
            "places": group[:SHOWN],
            "more": max(len(group) - SHOWN, 0),
            "total": len(group),
        }
        for group in groups
    ]


def charts(data: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The pictures that have something to show: ``first`` above the problems, ``then`` below."""
    months = [row for row in data["months"] if row["code"] is None]
    first = [quality_charts.problem_counts(data["problems"])] if data["problems"] else []
    first += [quality_charts.volume(months)] if months else []
    found = cells(data)
    then = [quality_charts.completeness(found)] if found else []
    if 1 < len(data["people"]) <= MANY_SITES:
        then.append(quality_charts.people(data["people"]))
    return {"first": first, "then": then}


def cells(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Events by code and month over all sites, the most frequent code first."""
    names = {row["code"]: row["display"] or row["code"] for row in data["codes"][:TOP_CODES]}
    added: dict[tuple[str, str], int] = {}
    for row in data["months"]:
        if row["code"] in names:
            key = (row["code"], row["month"])
            added[key] = added.get(key, 0) + (row["events"] or 0)
    order = list(names)
    rows = sorted(added.items(), key=lambda item: (order.index(item[0][0]), item[0][1]))
    return [{"code": names[code], "month": month, "events": n} for (code, month), n in rows]
