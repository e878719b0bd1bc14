"""Nowcasts and transmission as text for people, 80 columns."""

from __future__ import annotations

import textwrap
from typing import Any

from nof1.cli.options import WIDTH, table
from nof1.core.finding import NOTICE

TEXT_DAYS = 14
TEXT_PLACES = 20


def nowcast_text(data: dict[str, Any]) -> str:
    """A nowcast for people: the total by day, the last seven days by place, how good it was.

    The total comes first, then the places with most cases.
    """
    totals = [row for row in data["rows"] if row["stratum"] == ""]
    names = list(dict.fromkeys(row["place"] for row in totals))
    shown = next((name for name in ("TOTAL", *names) if name in names), None)
    days = [row for row in totals if row["place"] == shown][-TEXT_DAYS:]
    by_day = [
        [row["date"], _count(row["reported"]), *_estimate(row), _share(row["complete"])]
        for row in days
    ]
    weeks = sorted(data["last_week"], key=_largest)[:TEXT_PLACES]
    by_place = [
        [f"{row['place']} {row['stratum']}".strip(), _count(row["reported"]), *_estimate(row)]
        for row in weeks
    ]
    more = len(data["last_week"]) - len(weeks)
    head = ["reported", "estimate", "95 % interval"]
    lines = [
        _title(f"Nowcast of {data['signal']}, as of {data['as_of']}: {shown}", data),
        "",
        table(by_day, ["day", *head, "in so far"], right="1234"),
        "",
        "Last seven days together:",
        table(by_place, ["place", *head], right="123"),
        *([f"... and {more} more: --json shows all."] if more else []),
        "",
        *_past(data["past"]),
    ]
    return "\n".join([*lines, *_remarks(data), "", NOTICE])


def _title(text: str, data: dict[str, Any]) -> str:
    return f"{text:<{WIDTH - 16}}{'SYNTHETIC DATA':>16}" if data["synthetic"] else text


def _largest(row: dict[str, Any]) -> tuple[bool, float]:
    size = row["reported"] if row["estimate"] is None else row["estimate"]
    return row["place"] != "TOTAL", -size


def _fastest(row: dict[str, Any]) -> tuple[bool, bool, float]:
    return row["place"] != "TOTAL", row["r"] is None, -(row["r"] or 0.0)


def _count(value: float | None) -> str:
    return "not known" if value is None else f"{value:.0f}"


def _estimate(row: dict[str, Any]) -> tuple[str, str]:
    if row["estimate"] is None:
        return "not known", "not known"
    return _count(row["estimate"]), f"{_count(row['low95'])} to {_count(row['high95'])}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.0f} %"


def _past(past: dict[str, Any] | None) -> list[str]:
    if past is None:
        return ["Past performance: too short a history to score past nowcasts."]
    text = (
        f"Past {past['nowcasts']} weekly nowcasts, made again from what was known: "
        f"{100 * past['coverage95']:.0f} % of the final counts were inside the 95 % interval, "
        f"{100 * past['coverage50']:.0f} % inside the 50 % interval. Mean score "
        f"{past['wis']:.3g}; taking reported counts for the truth {past['wis_reported']:.3g}."
    )
    return textwrap.wrap(text, WIDTH)


def _remarks(data: dict[str, Any]) -> list[str]:
    notes = [f"- {note}" for note in data["notes"]]
    for one in data["not_checked"]:
        notes.append(f"NOT CHECKED: {one['what']}: {one['reason']}. {one['resolve']}")
    return [line for note in notes for line in textwrap.wrap(note, WIDTH)]


def transmission_text(data: dict[str, Any]) -> str:
    """The newest row of each place for people: the total, then the fastest places."""
    newest = {row["place"]: row for row in data["rows"]}
    first = sorted(newest.values(), key=_fastest)[:TEXT_PLACES]
    rows = [
        [
            _short(row["place"]),
            row["date"][5:],
            _band(row["r"], row["low"], row["high"], 2),
            _growth(row),
            "-" if row["doubling_days"] is None else f"{row['doubling_days']:.0f} d",
            f"{100 * row['probability_growing']:.0f} %",
        ]
        for row in first
    ]
    interval = data["serial_interval"]
    lines = [
        _title(f"Transmission of {data['signal']}, as of {data['as_of']}", data),
        f"Windows of {data['window_days']} days; serial interval {interval['mean_days']:g} days "
        f"(sd {interval['sd_days']:g})",
        "",
        table(rows, ["place", "until", "R (95 %)", "% a day (95 %)", "doubling", "grows"], "45"),
        *([f"... and {len(newest) - TEXT_PLACES} more: --json"] if len(newest) > len(rows) else []),
    ]
    remarks = _remarks(data)
    return "\n".join([*lines, *([""] if remarks else []), *remarks, "", NOTICE])


def _growth(row: dict[str, Any]) -> str:
    rates = (row["growth_per_day"], row["growth_low"], row["growth_high"])
    middle, low, high = (None if rate is None else 100 * rate for rate in rates)
    shown = ["" if one is None else f"{one:.{int(abs(one) < 10)}f}" for one in (middle, low, high)]
    return f"{shown[0]} ({shown[1]} to {shown[2]})"


def _short(name: str, width: int = 14) -> str:
    return name if len(name) <= width else f"{name[: width - 1]}~"


def _band(middle: float | None, low: float | None, high: float | None, digits: int) -> str:
    if middle is None:
        return "not known"
    return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"
