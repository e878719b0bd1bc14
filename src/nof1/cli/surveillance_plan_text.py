"""A plan, a check of hub files and scores as text of 80 columns."""

from __future__ import annotations

import csv
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nof1.cli.options import WIDTH, table
from nof1.cli.twins import cell
from nof1.core.finding import NOTICE
from nof1.core.whole import whole_file

SHOWN = 15
FINAL = (
    "On past weeks, sharing out by last week used the final counts of --truth, not those known "
    "then; with a SIGNAL it uses what was known."
)
SCORE_NOTES = [
    "WIS: weighted interval score, in cases; lower is better. It is the sum of dispersion (wide "
    "intervals), under (forecast too low) and over (forecast too high).",
    "log-WIS is the same on log(1 + cases): small places count as much as large ones.",
    "Coverage: share of what came that lay inside the interval; 50 % and 95 % are right.",
    "Forecasts made later than the target data known at the time are not comparable with ones "
    "that were handed in live.",
]


def plan(data: Mapping[str, Any]) -> str:
    """The plan as text."""
    rows = sorted(data["rows"], key=lambda row: -row["expected_unmet"])
    names = {one["id"]: one["name"] or one["id"] for one in data["places"]}
    given = sum(row["allocated"] for row in rows)
    need = sum(row["need_median"] for row in rows)
    head = ["place", "need (90 %)", "median", data["resource"][:10], "unmet", "share"]
    cells = [
        [
            names[row["place"]][:22],
            f"{row['need_low']:.0f} to {row['need_high']:.0f}",
            f"{row['need_median']:.0f}",
            row["allocated"],
            f"{row['expected_unmet']:.1f}",
            "-" if row["share_of_need"] is None else f"{100 * row['share_of_need']:.0f} %",
        ]
        for row in rows[:SHOWN]
    ]
    more = len(rows) - SHOWN
    title = f"{data['resource'].capitalize()}: {given} of {data['supply']} for {len(rows)} places"
    if data["synthetic"]:
        title = f"{title:<{WIDTH - 16}}{'SYNTHETIC DATA':>16}"
    lines = [
        title,
        f"Median need {need:.0f}; forecast of {data['settings']['reference_date']}, "
        f"horizon {data['settings']['horizon']}",
        "",
        table(cells, head, right="12345"),
        *([f"... and {more} more places with less unmet need (--json, --out)"] if more > 0 else []),
        "",
        _compared(data),
        "",
        *_moved(data, names),
        *_regret(data),
        *_proof(data),
        *_notes(data),
    ]
    return "\n".join(lines)


def _compared(data: Mapping[str, Any]) -> str:
    worst = f"worst {100 * (1 - data['cvar_level']):.0f} %"
    mine = {"plan": "this plan", "expected_unmet": data["expected_unmet"], "cvar": data["cvar"]}
    cells = [
        [one["plan"], f"{one['expected_unmet']:.1f}", f"{one['cvar']:.1f}"]
        for one in [mine, *data["alternatives"]]
    ]
    return table(cells, ["sharing out", "expected unmet", worst], right="12")


def _moved(data: Mapping[str, Any], names: Mapping[str, str]) -> list[str]:
    moves = sorted(data["transfers"], key=lambda one: -one["amount"])
    if not moves:
        return []
    cells = [[names[one["from"]][:25], names[one["to"]][:25], one["amount"]] for one in moves[:8]]
    total = sum(one["amount"] for one in moves)
    more = f" (the 8 largest of {len(moves)})" if len(moves) > 8 else ""
    return [f"Moves: {total} units{more}", table(cells, ["from", "to", "units"], right="2"), ""]


def _range(low: float | None, high: float | None, digits: int) -> str:
    if low is None or high is None:
        return "too few weeks"
    return f"{low:.{digits}f} to {high:.{digits}f}"


def _regret(data: Mapping[str, Any]) -> list[str]:
    if not data["regret"]:
        return []
    cells = [
        [
            one["plan"],
            f"{one['mean_regret']:.2f} % ({_range(one['low'], one['high'], 2)})",
            one["weeks"],
        ]
        for one in data["regret"]
    ]
    head = ["on past weeks", "regret, % of need (95 %)", "weeks"]
    return [table(cells, head, right="2"), ""]


def _proof(data: Mapping[str, Any]) -> list[str]:
    best = "proven best" if data["gap"] < 1e-6 else f"within {100 * data['gap']:.3f} % of the best"
    return textwrap.wrap(
        f"The plan is {best} for {data['settings']['scenarios']} scenarios. "
        "Change --supply, --floor, --cvar or --capacity to see what they cost.",
        WIDTH,
    )


def _notes(data: Mapping[str, Any]) -> list[str]:
    missing = [f"Not checked: {one['what']}: {one['reason']}." for one in data["not_checked"]]
    notes = [*data["notes"], *missing]
    return ["", *(line for one in notes for line in textwrap.wrap(f"- {one}", WIDTH)), "", NOTICE]


def write_rows(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """The plan's rows as CSV.

    Raises
    ------
    UsageError : the file cannot be written.
    """
    with whole_file(path) as there, there.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows({name: cell(one) for name, one in row.items()} for row in rows)


def checked(data: Mapping[str, Any]) -> str:
    """What the validator found, file by file."""
    lines: list[str] = []
    for one in data["files"]:
        lines += [*_file(one), ""]
    bad = sum(not one["ok"] for one in data["files"])
    total = len(data["files"])
    lines.append(
        f"{total} files keep the hub's rules."
        if not bad
        else f"{bad} of {total} files have faults."
    )
    return "\n".join(lines)


def _file(one: Mapping[str, Any]) -> list[str]:
    kinds = len(one["faults"])
    verdict = "ok" if one["ok"] else f"{kinds} kind{'s' if kinds > 1 else ''} of fault"
    size = f"{one['rows']} rows, {one['forecasts']} forecasts"
    lines = [f"{one['file']}: {verdict} ({size})"]
    for number, fault in enumerate(one["faults"], 1):
        lines += textwrap.wrap(f"{number}. {fault['what']}", WIDTH, subsequent_indent="   ")
        for name, value in (
            ("Where", fault["where"]),
            ("Allowed", fault["allowed"]),
            ("Next step", fault["next_step"]),
        ):
            lines += textwrap.wrap(
                f"{name}: {value}", WIDTH, initial_indent="   ", subsequent_indent="     "
            )
    for note in one["notes"]:
        lines += textwrap.wrap(f"Note: {note}", WIDTH, subsequent_indent="  ")
    return lines


def scored(data: Mapping[str, Any]) -> str:
    """Scores as text, the best first."""
    models = sorted(data["models"], key=lambda one: one["wis"])
    cells = [
        [
            one["model"][:22],
            one["n"],
            f"{one['wis']:.2f}",
            f"{one['dispersion']:.1f}",
            f"{one['underprediction']:.1f}",
            f"{one['overprediction']:.1f}",
            f"{one['log_wis']:.3f}",
            f"{100 * one['coverage50']:.0f}",
            f"{100 * one['coverage95']:.0f}",
        ]
        for one in models
    ]
    head = ["model", "n", "WIS", "disp.", "under", "over", "log-WIS", "50 %", "95 %"]
    lines = [table(cells, head, right="12345678"), ""]
    if data["comparison"]:
        lines += [_against(data["comparison"], data["baseline"]), ""]
    unjudged = sum(one["not_judged"] for one in models)
    notes = [*data["notes"]]
    if unjudged:
        notes.insert(0, f"{unjudged} forecasts are not judged: it is not known yet what came.")
    lines += [line for one in notes for line in textwrap.wrap(f"- {one}", WIDTH)]
    return "\n".join(lines)


def _against(rows: Sequence[Mapping[str, Any]], baseline: str) -> str:
    def said(value: float | None) -> str:
        return "-" if value is None else f"{value:.3f}"

    cells = [
        [
            one["model"][:30],
            said(one["relative_skill"]),
            f"{said(one['ratio'])} ({_range(one['ratio_low'], one['ratio_high'], 3)})",
            one["shared"],
        ]
        for one in sorted(rows, key=lambda one: one["relative_skill"] or 9e9)
    ]
    head = [f"against {baseline}"[:30], "skill", "WIS ratio (95 %)", "shared"]
    return table(cells, head, right="123")
