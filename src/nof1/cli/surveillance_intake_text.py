"""The texts of ``nof1 surveillance import|quality|publish``, in 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from nof1.cli.options import WIDTH, counted, table
from nof1.core.finding import NOTICE

SHOWN = 8
MARKS = {"warning": "WARNING", "note": "note", "not_checked": "not checked", "clear": "clear"}


def imported(data: Mapping[str, Any]) -> str:
    """An import as text."""
    kind = {"reports": "reports with their days", "versions": "versions of values"}[data["kind"]]
    every = "day" if data["step_days"] == 1 else "week"
    synthetic = " SYNTHETIC." if data["synthetic"] else ""
    what = (
        f"{data['signal']} ({data['title']}, unit {data['unit']}): {kind}, by {every}, "
        f"{counted(len(data['places']), 'place')}, known on {data['as_of']}.{synthetic}"
    )
    pairs = [("read", data["rows"]), *((n, data[n]) for n in ("new", "changed", "withdrawn"))]
    pairs += [("said before", data["unchanged"]), ("set aside", data["set_aside"])]
    lines = [*textwrap.wrap(what, WIDTH), "", table(pairs, ["rows", "count"], right="1")]
    if not (data["new"] or data["changed"] or data["withdrawn"]):
        lines.append("Nothing changed: the store knew all of it.")
    if data["late"]:
        late = (
            f"{data['late']} reports carry a day before that on which their place was last known; "
            f"they count as known from {data['as_of']} on (--backfill trusts their days)."
        )
        lines += textwrap.wrap(late, WIDTH)
    lines += _aside(data)
    notes = [line for note in data["notes"] for line in _item(note)]
    lines += ["", "Notes:", *notes] if notes else []
    return "\n".join([*lines, "", f"Next step: nof1 surveillance quality {data['signal']}", NOTICE])


def _aside(data: Mapping[str, Any]) -> list[str]:
    if not data["reasons"]:
        return []
    lines = ["", f"SET ASIDE ({data['quarantine']}):"]
    for one in data["reasons"][:SHOWN]:
        rows = ", ".join(str(row) for row in one["first"])
        more = ", ..." if one["rows"] > len(one["first"]) else ""
        text = f"{one['rows']:>7,}  {one['reason']} ({one['file']}, row {rows}{more})"
        lines += textwrap.wrap(text, WIDTH, subsequent_indent=" " * 9)
    hidden = len(data["reasons"]) - SHOWN
    return [*lines, *([f"         and {hidden} more (--json shows all)"] if hidden > 0 else [])]


def _item(text: str) -> list[str]:
    return textwrap.wrap(f"- {text}", WIDTH, subsequent_indent="  ")


def quality(data: Mapping[str, Any]) -> str:
    """A quality report as text: what was found with its meaning, then what was clear."""
    every = "days" if data["step_days"] == 1 else "weeks"
    what = (
        f"{data['signal']} ({data['title']}, unit {data['unit']}), {data['first']} to "
        f"{data['last']}: {data['steps']} {every}, {counted(len(data['places']), 'place')}, as "
        f"known on {data['as_of']}.{' SYNTHETIC.' if data['synthetic'] else ''}"
    )
    rows = [
        [one["check"], MARKS[one["state"]], len(one["rows"]), one["count"], _example(one)]
        for one in data["checks"]
    ]
    head = ["check", "", "places", "count", "example"]
    lines = [*textwrap.wrap(what, WIDTH), "", table(rows, head, right="23")]
    for one in data["checks"]:
        if one["state"] in ("warning", "note"):
            lines += ["", *_remark(one)]
    waiting = [one for one in data["checks"] if one["state"] == "not_checked"]
    lines += ["", "Not checked:"] if waiting else []
    lines += [line for one in waiting for line in _item(f"{one['check']}: {one['words']}")]
    return "\n".join([*lines, "", NOTICE])


def _example(one: Mapping[str, Any]) -> str:
    return next((row["example"] for row in one["rows"] if row["example"]), "")


def _remark(one: Mapping[str, Any]) -> list[str]:
    lines = textwrap.wrap(f"{MARKS[one['state']]} {one['check']}: {one['words']}", WIDTH)
    for row in one["rows"][:SHOWN]:
        text = f"{row['place']}: {row['count']:,}"
        text += f" ({row['words']})" if row["words"] else ""
        text += f", e.g. {row['example']}" if row["example"] else ""
        lines += textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ")
    hidden = len(one["rows"]) - SHOWN
    lines += [f"  and {hidden} more places (--json shows all)"] if hidden > 0 else []
    for answer, text in one["means"].items():
        lines += textwrap.wrap(
            f"{answer}: {text}", WIDTH, initial_indent="  -> ", subsequent_indent="     "
        )
    return lines


def published(data: Mapping[str, Any]) -> str:
    """A release as text."""
    privacy = data["privacy"]
    total = f"the total is the place {data['total_place']}" if data["total_place"] else ""
    lines = textwrap.wrap(
        f"{data['file']}: {data['rows']:,} numbers of {data['signal']} ({data['title']}), as known "
        f"on {data['as_of']}{'; ' + total if total else ''}.",
        WIDTH,
    )
    lines += textwrap.wrap(_noise(privacy) if "epsilon" in privacy else _hidden(privacy), WIDTH)
    lines += [line for note in data["notes"] for line in _item(note)]
    lines.append(f"What a reader must know lies beside it: {data['file']}.about.json")
    return "\n".join([*lines, "", NOTICE])


def _hidden(privacy: Mapping[str, Any]) -> str:
    return (
        f"Counts from 1 to {privacy['k'] - 1} are hidden, and others so that no total of this file "
        f"gives them away: {privacy['hidden']:,} numbers in all. Another release of the same "
        "numbers could be subtracted from this one."
    )


def _noise(privacy: Mapping[str, Any]) -> str:
    return (
        f"Every count has discrete Laplace noise (OpenDP): epsilon {privacy['epsilon']:.4g} for "
        f"{privacy['unit_of_privacy']}. A count is within {privacy['within_95']:.1f} of the true "
        f"one with 95 % probability; totals are sums of noisy counts. All releases of this signal "
        f"together: epsilon {privacy['epsilon_all_releases']:.4g}."
    )
