"""Regions of a series: their rows, small curves, and everything about one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

import numpy as np
from markupsafe import Markup

from nof1.pictures.drawing import about, day
from nof1.pictures.surveillance_bars import alarm_history, history_key
from nof1.pictures.surveillance_charts import fan, small_fan
from nof1.pictures.views import surveillance_tables as tables
from nof1.pictures.views.surveillance_data import TOTAL, day_of, place_of, weekly_growth
from nof1.pictures.views.surveillance_words import direction, when
from nof1.surveillance.series import Panel
from nof1.surveillance.suppression import SMALLEST
from nof1.web.site.page import Missing
from nof1.web.site.surveillance_board import Board

Address = Callable[..., str]
ALARM = ("place", "name", "status", "date", "stratum", "observed", "estimate", "expected", "upper",
         "p", "q", "reason")  # fmt: skip
TESTED = {"alarm": ("critical", "alarm"), "quiet": ("good", "within what is usual"),
          "not_checked": ("info", "not tested")}  # fmt: skip


def listing(made: Board) -> list[dict[str, Any]]:
    """One row a region: newest week, rate, spread, alarm, forecast; the total first."""
    report = made.report
    if not report.places and made.shown is not None:
        last = made.shown.dates[-1].item().isoformat()
        values = zip(made.places, made.shown.only(list(made.places)).values[-1], strict=True)
        return [
            {"place": place, "name": made.places[place], "week_to": last, "r": None,
             "reported": None if np.isnan(value) else float(value)}
            for place, value in values
        ]  # fmt: skip
    fired = {place_of(row) for row in report.alarms if row["status"] == "alarm"}
    places = [*([TOTAL] if report.total == TOTAL else []), *made.places]
    return [_row(made, place, place in fired) for place in places]


def _row(made: Board, place: str, fired: bool) -> dict[str, Any]:
    report = made.report
    level = report.level(place) or {}
    window = report.window(place) or {}
    far: Mapping[str, Any] = (report.ahead(place) or [{}])[-1]
    growth = weekly_growth(window) if window else None
    kept = {} if made.small(place, level.get("value")) else level
    moment = level.get("date")
    return {
        "place": place,
        "name": report.name(place),
        "week_to": None if moment is None else moment.isoformat(),
        "reported": kept.get("reported"),
        "estimate": kept.get("value"),
        "low95": kept.get("low95"),
        "high95": kept.get("high95"),
        "per_100k": report.per_100k(place, kept.get("value")),
        "r": window.get("r"),
        "r_low": window.get("low"),
        "r_high": window.get("high"),
        "growth_per_week": None if growth is None else growth[0],
        "alarm": fired,
        "forecast_day": far["date"].isoformat() if "date" in far else None,
        "forecast_median": far.get("q50"),
        "forecast_low90": far.get("q05"),
        "forecast_high90": far.get("q95"),
    }


def alarm_rows(made: Board, place: str | None = None) -> list[dict[str, Any]]:
    """Rows of the alarms for programs: alarms first, then what was quiet or not tested."""
    report = made.report
    found = [
        {**dict.fromkeys(ALARM), **{key: row.get(key) for key in ALARM if key in row},
         "name": report.name(place_of(row))}
        for row in report.alarms
        if place in (None, place_of(row))
    ]  # fmt: skip
    order = {"alarm": 0, "not_checked": 2}
    return sorted(
        found, key=lambda row: (order.get(str(row["status"]), 1), row["q"] or 1.0, row["name"])
    )


def curve_rows(past: Iterable[Mapping[str, Any]], ahead: Iterable[Mapping[str, Any]]) -> list[Any]:
    """The points of a curve for programs: what was reported, estimated, and expected."""
    known = [
        {"date": row["date"].isoformat(), "reported": row["reported"], "median": row["estimate"],
         "low95": row["low95"], "high95": row["high95"], "forecast": False}
        for row in past
    ]  # fmt: skip
    coming = [
        {"date": row["date"].isoformat(), "reported": None, "median": row["q50"],
         "low95": row["q025"], "high95": row["q975"], "forecast": True}
        for row in ahead
    ]  # fmt: skip
    return [*known, *coming]


def places_of_alarms(made: Board, address: Address, as_of: str) -> dict[str, str]:
    """Name of a place with an alarm -> its page."""
    report, series = made.report, made.signal.name
    return {
        report.name(place_of(row)): address(series, "regions", place=place_of(row), as_of=as_of)
        for row in report.alarms
        if row["status"] == "alarm" and place_of(row) != TOTAL
    }


def cards(made: Board, address: Address, as_of: str) -> list[dict[str, Any]]:
    """A small curve of whole weeks for each region: alarms first, then by number per 100,000."""
    report, series = made.report, made.signal.name
    fired = {place_of(row) for row in report.alarms if row["status"] == "alarm"}
    found = []
    for place, name in made.places.items():
        past, ahead = made.weeks(place)
        if not (past or ahead):
            continue
        card = _card(made, place, name, past)
        said = f"{name}: {card['value']} {card['when']}" + (", alarm" if place in fired else "")
        svg = small_fan(past, ahead, as_of=made.as_of, step_days=7, said=said)
        where = address(series, "regions", place=place, as_of=as_of)
        found.append({**card, "svg": svg, "alarm": place in fired, "address": where})
    found.sort(key=lambda one: (not one["alarm"], -one["size"], one["name"]))
    return found


def _card(made: Board, place: str, name: str, past: list[dict[str, Any]]) -> dict[str, Any]:
    report = made.report
    row = report.level(place)
    span, value, moment = None, "not shown or not known", ""
    size = 0.0
    if row is not None and not made.small(place, row["value"]):
        value, moment = about(row["value"]), when(report, row)
        size = report.per_100k(place, row["value"]) or 0.0
        if row["low95"] is not None:
            span = f"{about(row['low95'])} to {about(row['high95'])}"
    elif row is not None:
        value = f"1 to {SMALLEST - 1}"
    elif past and past[-1]["reported"] is not None and not report.places:
        value, moment = about(past[-1]["reported"]), f"reported to {day(past[-1]['date'])}"
    _, trend = direction(report.window(place)) if report.windows else ("", "")
    rate = report.per_100k(place, row["value"]) if row is not None and size else None
    return {"name": name, "value": value, "range": span, "when": moment, "size": size,
            "trend": trend, "rate": None if rate is None else f"{rate:.0f}"}  # fmt: skip


def key(made: Board) -> Markup:
    """What the marks of the small curves mean: the key of a large one."""
    place = next(iter(made.places), TOTAL)
    past, ahead = made.weeks(place)
    if not (past or ahead):
        return Markup("")
    drawn = str(fan("Key", past, ahead, as_of=made.as_of, step_days=7).svg)
    return Markup(drawn[drawn.rindex('<ul class="key">') :])  # our own drawing


def region(made: Board, place: str) -> dict[str, Any]:
    """Everything about one region.

    Raises
    ------
    Missing : the series has no such place.
    """
    if place not in made.places:
        raise Missing("This series has no such region.", "Choose one under Regions.")
    name = made.places[place]
    past, ahead = made.weeks(place)
    picture = None
    if past or ahead:
        words = f"{name}: weeks reported{', estimated and expected' if ahead else ''}"
        picture = fan(words, past, ahead, as_of=made.as_of, step_days=7)
    changes = _changes(made, place)
    tested = alarm_rows(made, place)
    return {
        "place_name": name,
        "picture": picture,
        "facts": _facts(made, place),
        "rows": curve_rows(past, ahead),
        "tested": tested,
        "tests": [_tested(row) for row in tested],
        "history": _history(made, place, name),
        "history_key": history_key(),
        "changes": changes,
        "planned": _planned(made, place),
    }


def _facts(made: Board, place: str) -> dict[str, str]:
    report = made.report
    row, window = report.level(place), report.window(place)
    found = {}
    people = report.population.get(place)
    if row is not None and not made.small(place, row["value"]):
        span = ""
        if row["low95"] is not None:
            span = f"{about(row['low95'])} to {about(row['high95'])}, best estimate "
        found[f"Cases {when(report, row)}"] = f"{span}{about(row['value'])}"
        rate = report.per_100k(place, row["value"])
        if rate is not None:
            found["Per 100,000 people"] = f"{rate:.0f}"
    if people:
        found["People"] = f"{people:,.0f}"
    if window is not None and window.get("r") is not None:
        found["Each case infects"] = (
            f"{window['low']:.2f} to {window['high']:.2f}, best estimate {window['r']:.2f}"
        )
    level = next((one for one in report.activity if place_of(one) == place), None)
    if level is not None:
        found["Against its own past"] = str(level["level"])
    return found


def _tested(row: Mapping[str, Any]) -> dict[str, Any]:
    severity, word = TESTED.get(str(row["status"]), ("info", str(row["status"])))
    return {
        "severity": severity,
        "word": word,
        "step": day(day_of(row["date"])),
        "stratum": row["stratum"] or "all ages",
        "observed": tables.told(row["observed"]),
        "estimate": tables.told(row["estimate"]),
        "expected": tables.told(row["expected"]),
        "upper": tables.told(row["upper"]),
        "q": tables.chance(row["q"] if row["q"] is not None else row["p"]),
        "reason": row["reason"],
    }


def _history(made: Board, place: str, name: str) -> Any:
    rows = (made.documents.get("alarms") or {}).get("history") or []
    own = [{**row, "date": day_of(row["date"])} for row in rows if place_of(row) == place]
    if not own:
        return None
    own.sort(key=lambda row: row["date"])
    return alarm_history(own, f"{name}: observed, expected and alarm limit by week")


def _changes(made: Board, place: str, weeks: int = 8) -> list[dict[str, Any]]:
    """A region's newest weeks as known seven days before, and now; small counts are gaps."""
    now, then = made.shown, made.shown_before
    if now is None or then is None or place not in now.places:
        return []
    old = _by_week(then, place)
    return [
        {"week_to": when_.isoformat(), "before": old.get(when_), "now": value}
        for when_, value in list(_by_week(now, place).items())[-weeks:][::-1]
    ]


def _by_week(panel: Panel, place: str) -> dict[date, float | None]:
    if place not in panel.places:
        return {}
    column = panel.values[:, panel.places.index(place)].tolist()
    values = [None if np.isnan(one) else one for one in column]
    return dict(zip(panel.dates.tolist(), values, strict=True))


def _planned(made: Board, place: str) -> Mapping[str, Any] | None:
    rows = (made.documents.get("allocation") or {}).get("rows") or []
    return next((row for row in rows if place_of(row) == place), None)
