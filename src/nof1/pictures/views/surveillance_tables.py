"""Tables of the surveillance page: alarms, clusters, the plan, past performance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nof1.pictures import surveillance_bars as bars
from nof1.pictures.drawing import day, number
from nof1.pictures.picture import Table
from nof1.pictures.views.surveillance_data import Report, day_of, place_of

MOST_HISTORIES, MOST_ROWS, NEWEST = 12, 60, 12


def told(value: float | None) -> str:
    """A number, or a dash where it is not known."""
    return "–" if value is None else number(value)


def alarms(report: Report) -> dict[str, Any] | None:
    """Alarm rows with reasons why they could be false, and what was quiet or not tested."""
    if "alarms" not in report.documents:
        return None
    document = report.documents["alarms"]
    rows = [row for row in report.alarms if place_of(row) in (*report.shown, report.total)]
    fired = sorted(
        (row for row in rows if row["status"] == "alarm"),
        key=lambda row: (
            _or_one(row.get("q")),
            _or_one(row.get("p")),
            report.name(place_of(row)),
        ),
    )
    shown = fired[:MOST_ROWS]
    doubts = {text: _letter(i) for i, text in enumerate(_doubts(shown))}
    histories = _histories(report, [place_of(row) for row in fired])
    return {
        "rows": [_alarm(report, row, doubts) for row in shown],
        "doubts": [(letter, text) for text, letter in doubts.items()],
        "more": max(len(fired) - MOST_ROWS, 0),
        "quiet": sum(row["status"] == "quiet" for row in rows),
        "not_checked": _unchecked(report, rows),
        "method": document.get("method"),
        "alpha": document.get("alpha"),
        "fdr": document.get("fdr"),
        "clusters": [
            _cluster(report, letter, one)
            for letter, one in zip("ABCDEFGHIJ", report.clusters, strict=False)
        ],
        "histories": histories,
        "table": history_table(histories),
        "key": bars.history_key(),
    }


def _or_one(value: float | None) -> float:
    return 1.0 if value is None else float(value)


def _doubts(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Every reason why an alarm may be false, once."""
    return list(dict.fromkeys(str(text) for row in rows for text in row.get("false_if") or []))


def _letter(at: int) -> str:
    """a, b, ..., z, a2, b2, ..."""
    again = at // 26
    return "abcdefghijklmnopqrstuvwxyz"[at % 26] + (str(again + 1) if again else "")


def _alarm(report: Report, row: Mapping[str, Any], doubts: Mapping[str, str]) -> dict[str, Any]:
    stratum = row.get("stratum")
    count = row["observed"] if row.get("estimate") is None else row["estimate"]
    return {
        "name": report.name(place_of(row)) + (f" ({stratum})" if stratum else ""),
        "date": day(day_of(row["date"])),
        "observed": told(row["observed"]),
        "estimate": told(row.get("estimate")),
        "expected": told(row["expected"]),
        "upper": told(row["upper"]),
        "times": _times(count, row["expected"]),
        "q": chance(row.get("q") if row.get("q") is not None else row.get("p")),
        "reason": row.get("reason"),
        "false_if": [doubts[str(text)] for text in row.get("false_if") or []],
    }


def _times(count: float | None, expected: float | None) -> str:
    return f"{count / expected:.1f} ×" if count is not None and expected else "–"


def chance(value: float | None) -> str:
    """A chance between 0 and 1 in words that never say "impossible".

    >>> chance(0.0312), chance(0.00001), chance(None)
    ('0.031', 'below 0.001', '–')
    """
    if value is None:
        return "–"
    return "below 0.001" if value < 0.001 else f"{value:.2g}"


def _unchecked(report: Report, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """What could not be tested, places of one reason together."""
    reasons: dict[str, list[str]] = {}
    for row in rows:
        if row["status"] == "not_checked":
            reason = str(row.get("reason") or "no reason is given")
            reasons.setdefault(reason, []).append(report.name(place_of(row)))
    return [
        {"reason": reason, "places": ", ".join(dict.fromkeys(names)), "count": str(len(names))}
        for reason, names in reasons.items()
    ]


def _cluster(report: Report, letter: str, one: Mapping[str, Any]) -> dict[str, str]:
    return {
        "letter": letter,
        "places": ", ".join(report.name(str(place)) for place in one["places"]),
        "span": f"{day(day_of(one['first']))} to {day(day_of(one['last']))}",
        "observed": told(one["observed"]),
        "expected": told(one["expected"]),
        "risk": told(one.get("relative_risk")),
        "p": chance(one.get("p")),
    }


def _histories(report: Report, places: Sequence[str]) -> list[dict[str, Any]]:
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in report.documents["alarms"].get("history") or []:
        rows.setdefault(place_of(row), []).append({**row, "date": day_of(row["date"])})
    made = []
    for place in [one for one in dict.fromkeys(places) if one in rows][:MOST_HISTORIES]:
        steps = sorted(rows[place], key=lambda row: row["date"])
        name = report.name(place)
        said = f"{name}: observed counts, what was expected, and the alarm limit since "
        numbers = ("observed", "expected", "upper")
        newest = [
            (name, row["date"].isoformat(), *(row[key] for key in numbers), _fired(row))
            for row in steps[-NEWEST:]
        ]
        made.append(
            {
                "name": name,
                "rows": newest,
                "svg": bars.alarm_history(steps, said + day(steps[0]["date"])),
            }
        )
    return made


def _fired(row: Mapping[str, Any]) -> str:
    return "alarm" if row["alarm"] else ""


def history_table(histories: Sequence[Mapping[str, Any]]) -> Table:
    """The table twin of the curves of alarms: the newest steps of each place."""
    heads = ("Place", "Step to", "Observed", "Expected", "Alarm above", "Alarm")
    return Table(heads, tuple(row for one in histories for row in one["rows"]))


def allocation(report: Report) -> dict[str, Any] | None:
    """The plan: need beside what is allocated, place by place, and the plans it was compared to."""
    document = report.documents.get("allocation")
    if document is None:
        return None
    rows = [
        {"capacity": None, "share_of_need": None, **row, "name": report.name(place_of(row))}
        for row in document["rows"]
        if place_of(row) in report.shown
    ]
    rows.sort(key=lambda row: (-(row["expected_unmet"] or 0), row["name"]))
    top = max((max(row["need_high"], row["allocated"]) for row in rows), default=1.0)
    return {
        "resource": document.get("resource") or "units",
        "supply": told(document.get("supply")),
        "given": told(sum(row["allocated"] for row in document["rows"])),
        "unmet": told(document.get("expected_unmet")),
        "cvar": told(document.get("cvar")),
        "cvar_level": document.get("cvar_level"),
        "rows": [_planned(row, top) for row in rows],
        "key": bars.need_key(),
        "alternatives": _alternatives(document),
        "regret": [_regret(row) for row in document.get("regret") or []],
        "transfers": _transfers(report, document),
        "settings": {
            str(name).replace("_", " "): _setting(value)
            for name, value in (document.get("settings") or {}).items()
        },
    }


def _planned(row: Mapping[str, Any], top: float) -> dict[str, Any]:
    share = row["share_of_need"]
    return {
        "name": row["name"],
        "need": f"{number(row['need_low'])} to {number(row['need_high'])}",
        "median": number(row["need_median"]),
        "allocated": number(row["allocated"]),
        "capacity": told(row["capacity"]),
        "unmet": told(row["expected_unmet"]),
        "share": "–" if share is None else f"{100 * share:.0f} %",
        "bar": bars.need_bar(row, top),
    }


def _alternatives(document: Mapping[str, Any]) -> list[dict[str, str]]:
    mine = {"plan": "this plan"} | {k: document.get(k) for k in ("expected_unmet", "cvar")}
    return [
        {"plan": str(one["plan"]).replace("_", " ")}
        | {name: told(one.get(name)) for name in ("expected_unmet", "cvar")}
        for one in [mine, *(document.get("alternatives") or [])]
    ]


def _regret(row: Mapping[str, Any]) -> dict[str, str]:
    low, high = row.get("low"), row.get("high")
    return {
        "plan": str(row["plan"]).replace("_", " "),
        "regret": told(row["mean_regret"]),
        "range": "too few weeks" if low is None else f"{told(low)} to {told(high)}",
        "weeks": told(row.get("weeks")),
    }


def _transfers(report: Report, document: Mapping[str, Any]) -> list[dict[str, str]]:
    return [
        {"from": report.name(str(one["from"])), "to": report.name(str(one["to"]))}
        | {"amount": told(one["amount"]), "cost": told(one.get("cost"))}
        for one in document.get("transfers") or []
    ]


def _setting(value: Any) -> str:
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return number(value)
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def performance(report: Report) -> dict[str, Any]:
    """How often past intervals held the truth, and what each member of the forecast is worth."""
    parts = []
    for name in ("nowcast", "forecast"):
        past = (report.documents.get(name) or {}).get("past")
        if past:
            parts.append(
                {
                    "name": name.capitalize(),
                    "rows": _held(past),
                    "wis": told(past.get("relative_wis")) if "relative_wis" in past else None,
                    "better": (past.get("relative_wis") or 1.0) < 1.0,
                    "span": _span(past),
                }
            )
    members = [
        {"name": str(one["name"]).replace("_", " ")}
        | {"weight": "–" if one.get("weight") is None else f"{100 * one['weight']:.0f} %"}
        | {k: _error(one.get(k)) for k in ("wis_with", "wis_without")}
        | {"verdict": _worth(one)}
        for one in (report.documents.get("forecast") or {}).get("members") or []
    ]
    return {"parts": parts, "members": members}


def _held(past: Mapping[str, Any]) -> list[dict[str, str]]:
    rows = []
    for level, low, high in ((50, 0.45, 0.55), (95, 0.93, 0.97)):
        share = past.get(f"coverage{level}")
        if share is None:
            continue
        word = (
            ("warning", "too narrow: trust them less") if share < low else ("good", "as promised")
        )
        word = ("info", "wider than needed") if share > high else word
        rows.append(
            {"level": f"{level} %", "share": f"{100 * share:.0f} of 100"}
            | {"severity": word[0], "word": word[1]}
        )
    return rows


def _span(past: Mapping[str, Any]) -> str:
    weeks, n = past.get("weeks"), past.get("n")
    if weeks is not None:
        return f"{weeks if not isinstance(weeks, list) else len(weeks)} past weeks"
    return f"{n:,} past estimates" if isinstance(n, int | float) else "past estimates"


def _error(value: float | None) -> str:
    """An error with three digits: two members often differ in the third."""
    return "–" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:#.3g}"


def _worth(one: Mapping[str, Any]) -> str:
    given, without = one.get("wis_with"), one.get("wis_without")
    if given is None or without is None:
        return "not known"
    if given < without:
        return "helps"
    return "does not help" if given > without else "makes no difference"
