"""The answer of ``nof1 surveillance alarms`` as text of 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from nof1.cli.options import WIDTH, table

MOST_ROWS = 30
SYNTHETIC = "SYNTHETIC data: no person and no place in it exists."


def alarms_text(data: Mapping[str, Any]) -> str:
    """Alarms first with what would make them false, then clusters, then what was not checked."""
    rows = data["rows"]
    raised = [row for row in rows if row["status"] == "alarm"]
    raised.sort(key=lambda row: (row["q"] or row["p"] or 0.0, row["place"]))
    quiet = sum(row["status"] == "quiet" for row in rows)
    head = (
        f"{data['signal']} as known on {data['as_of']}: {_count(len(raised))}, "
        f"{quiet} checked without one, {len(rows) - quiet - len(raised)} not checked."
    )
    lines = [*textwrap.wrap(head, WIDTH), *textwrap.wrap(_promise(data), WIDTH)]
    lines += [SYNTHETIC, ""] if data["synthetic"] else [""]
    if raised:
        lines += [_listed(raised[:MOST_ROWS]), *_more(raised), *_together(raised), ""]
        lines += [*_false(raised), ""]
    lines += _first(rows)
    for one in data["clusters"]:
        lines += textwrap.wrap(_cluster(one), WIDTH)
    for one in data["not_checked"]:
        text = f"Not checked: {one['what']}. {one['reason']} Next step: {one['resolve']}"
        lines += textwrap.wrap(text, WIDTH)
    lines += [line for note in data["notes"] for line in textwrap.wrap(f"- {note}", WIDTH)]
    end = "An alarm is a reason to look, not an outbreak; no alarm is not safety."
    return "\n".join([*lines, "", end, data["notice"]])


def _count(alarms: int) -> str:
    return "1 alarm" if alarms == 1 else f"{alarms} alarms"


def _promise(data: Mapping[str, Any]) -> str:
    if data["fdr"] is not None:
        return f"{data['method']}; on average at most {data['fdr']:.0%} of the alarms are false."
    level = "the method's own level" if data["alpha"] is None else f"level {data['alpha']:g}"
    return f"{data['method']} at {level} for each place: many places give false alarms by chance."


def _listed(raised: list[Any]) -> str:
    cells = [
        [
            f"{row['place']} {row['stratum']}".strip()[:24],
            row["date"],
            f"{row['observed']:g}",
            _figure(row["estimate"]),
            _figure(row["expected"]),
            _figure(row["upper"]),
            "-" if row["p"] is None else f"{row['p']:.1g}",
        ]
        for row in raised
    ]
    names = ["place", "week to", "cases", "nowcast", "expected", "alarm >", "p"]
    return table(cells, names, right="23456")


def _more(raised: list[Any]) -> list[str]:
    left = len(raised) - MOST_ROWS
    return [f"... and {left} more (--json lists all)"] if left > 0 else []


def _together(raised: list[Any]) -> list[str]:
    """Why a place can be listed whose week alone is not too high."""
    below = [row for row in raised if row["two_weeks"] and row["observed"] <= row["upper"]]
    named = ", ".join(row["place"] for row in below[:8])
    text = f"Not this week alone but the last two together are too many: {named}."
    return textwrap.wrap(text, WIDTH) if below else []


def _false(raised: list[Any]) -> list[str]:
    """Each reason once, with the places it is for."""
    reasons: dict[str, list[str]] = {}
    for row in raised:
        for text in row["false_if"]:
            reasons.setdefault(text, []).append(row["place"])
    lines = ["An alarm is false if"]
    for text, places in reasons.items():
        whom = "all" if len(places) == len(raised) else ", ".join(places[:4])
        more = f" and {len(places) - 4} more" if whom != "all" and len(places) > 4 else ""
        lines += textwrap.wrap(f"- {text} ({whom}{more})", WIDTH, subsequent_indent="  ")
    return lines


def _first(rows: list[Any]) -> list[str]:
    found = [row["place"] for row in rows if row["first_cases"]]
    if not found:
        return []
    text = f"LOOK AT: first cases in the baseline's years in {', '.join(found[:10])}."
    return textwrap.wrap(text, WIDTH)


def _cluster(one: Mapping[str, Any]) -> str:
    more = f" and {len(one['places']) - 8} more" if len(one["places"]) > 8 else ""
    risk = "" if one["relative_risk"] is None else f" ({one['relative_risk']:.1f} times)"
    return (
        f"Cluster {one['first']} to {one['last']}: {', '.join(one['places'][:8])}{more}; "
        f"{one['observed']:g} cases, {one['expected']:.1f} expected{risk}, p {one['p']:.1g}."
    )


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}" if value % 1 else f"{value:.0f}"
