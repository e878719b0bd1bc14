"""The surveillance report: what now, map, curves, alarms, plan, past performance, reading."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from nof1.core.errors import UsageError
from nof1.pictures import atlas, map_charts
from nof1.pictures.drawing import about, day
from nof1.pictures.picture import Picture, Table
from nof1.pictures.surveillance_bars import reproduction_by_place
from nof1.pictures.surveillance_charts import fan, reproduction, small_fan
from nof1.pictures.views import surveillance_tables as tables
from nof1.pictures.views.surveillance_data import (
    COMMANDS,
    RUN,
    TOTAL,
    Report,
    day_of,
    place_of,
    weekly_growth,
)
from nof1.pictures.views.surveillance_words import (
    days_differ,
    direction,
    listed,
    trend_class,
    what_now,
    when,
)

FIRST, MOST_SMALL, WINDOWS = 12, 60, 200
EMPTY = {
    "nowcast": "There is no estimate of the reports that are still to come.",
    "transmission": "There is no reproduction number.",
    "alarms": "No place was tested against what is usual there.",
    "forecast": "There is no forecast.",
    "allocation": "There is no plan for beds, vaccines or staff.",
}


def context(data: Mapping[str, Any]) -> dict[str, Any]:
    """What the template needs, from ``nof1/surveillance-report/1``.

    Parameters
    ----------
    data : signal, title (or None), only (places asked for; empty for all), documents (command ->
        its answer; any may be missing), map (GeoJSON or None).

    Raises
    ------
    UsageError : there is no answer at all, or a place that no answer has.
    InputError : an answer or the map lacks what the page needs.
    """
    report = Report.of(data)
    if not report.documents:
        raise UsageError(
            "There is no answer about this signal yet.",
            where=str(data["signal"]),
            next_step="Make one, for example: nof1 surveillance nowcast SIGNAL",
        )
    _known(report)
    newest = max(day_of(one["as_of"]) for one in report.documents.values())
    sheet = _sheet(report, data.get("map"))
    return {
        "title": _title(data),
        "table_name": data.get("table_name"),
        "signal": data["signal"],
        "as_of": day(newest),
        "data_date": newest.isoformat(),
        "synthetic": any(one.get("synthetic") for one in report.documents.values()),
        "json_name": data.get("json_name"),
        "only": listed(report, report.only) if report.only else None,
        "places": len(report.places),
        "newest": None if report.newest is None else day(report.newest),
        "step": "days" if report.step_days == 1 else "weeks",
        "warnings": days_differ(report),
        "lines": what_now(report),
        "maps": maps(report, sheet),
        "map_source": sheet.source if sheet else None,
        "fans": fans(report, newest),
        "apart": not report.same_step,
        "small": small(report, newest),
        "transmission": transmission(report),
        "alarms": tables.alarms(report),
        "plan": tables.allocation(report),
        "past": tables.performance(report),
        "missing": {name: EMPTY[name] for name in COMMANDS if name not in report.documents},
        "run": {name: words.format(data["signal"]) for name, words in RUN.items()},
        "answers": [_answer(name, one) for name, one in report.documents.items()],
    }


def _title(data: Mapping[str, Any]) -> str:
    words = str(data.get("title") or str(data["signal"]).replace("-", " ").replace("_", " "))
    return words[:1].upper() + words[1:]


def _known(report: Report) -> None:
    unknown = [place for place in report.only if place not in report.places]
    if unknown:
        raise UsageError(
            f"No answer is about the place {unknown[0]!r}.",
            where="--place",
            allowed=", ".join(report.places[:60]),
        )


def _sheet(report: Report, given: Any) -> atlas.Atlas | None:
    """The outlines to draw on: the user's map, the United States', or none."""
    if given is not None:
        return atlas.from_geojson(given)
    if atlas.is_us({place: report.names.get(place) for place in report.places}):
        return atlas.us_atlas(report.places)
    return None


def maps(report: Report, sheet: atlas.Atlas | None) -> list[Picture]:
    """A map of the newest numbers per 100,000 people, and one of the growth a week."""
    if sheet is None:
        return []
    made = []
    fired = {place_of(row) for row in report.alarms if row["status"] == "alarm"}
    rows = [_rate(report, place, fired) for place in report.places]
    if any(row["value"] is not None for row in rows) and report.newest:
        what = f"per 100,000 people {when(report, {'date': report.newest})}"
        made.append(map_charts.rate_map(sheet, rows, what))
    growth = [_growth(report, place) for place in report.places]
    if any(row["class"] is not None for row in growth):
        made.append(map_charts.change_map(sheet, growth))
    return made


def _rate(report: Report, place: str, fired: set[str]) -> dict[str, Any]:
    """The newest week of a place; a place whose newest week is older is not known."""
    row = report.level(place)
    row = row if row and row["date"] == report.newest else None
    value, *ends = (None,) * 3 if row is None else (row["value"], row["low95"], row["high95"])
    return {
        "place": place,
        "name": report.name(place),
        "value": report.per_100k(place, value),
        "low": report.per_100k(place, ends[0]),
        "high": report.per_100k(place, ends[1]),
        "alarm": int(place in fired),
        "cluster": report.letters.get(place, ""),
    }


def _growth(report: Report, place: str) -> dict[str, Any]:
    row = report.window(place)
    value, low, high = (row and weekly_growth(row)) or (None, None, None)
    known = {"value": value, "low": low, "high": high, "class": trend_class(row)}
    return {"place": place, "name": report.name(place), **known}


def fans(report: Report, as_of: date) -> list[Picture]:
    """The curve of all places together; two where nowcast and forecast have other steps."""
    place = report.total
    if place is None:
        return []
    past, future = report.curve(place)
    shown = "reported, estimated and expected" if future else "reported and estimated"
    words = f"{report.name(place)}: {shown}"
    made = []
    if past or future:
        made.append(fan(words, past, future, as_of=as_of, step_days=report.step_days))
    if not report.same_step and report.ahead(place):
        known = report.observed(place)
        later = report.ahead(place, known[-1]["date"] if known else None)
        if later:
            made.append(
                fan(
                    f"{report.name(place)}: forecast by week",
                    known,
                    later,
                    as_of=as_of,
                    step_days=7,
                )
            )
    return made


def small(report: Report, as_of: date) -> dict[str, Any]:
    """One small curve a place: those with an alarm first, then by how much per 100,000."""
    fired = {place_of(row) for row in report.alarms if row["status"] == "alarm"}
    found = []
    for place in report.shown:
        past, future = report.curve(place)
        row = report.level(place)
        if past or future:
            size = 0.0 if row is None else _size(report, place, row) or 0.0
            found.append((place not in fired, -size, place))
    order = [place for _, _, place in sorted(found)]
    cards = [_card(report, place, as_of, place in fired) for place in order[:MOST_SMALL]]
    return {
        "first": cards[:FIRST] if len(cards) > FIRST + 3 else cards,
        "rest": cards[FIRST:] if len(cards) > FIRST + 3 else [],
        "left": order[MOST_SMALL:],
        "table": _numbers(report, order),
    }


def _size(report: Report, place: str, row: Mapping[str, Any]) -> float | None:
    known = report.population.get(place)
    return report.per_100k(place, row["value"]) if known else float(row["value"])


def _card(report: Report, place: str, as_of: date, alarm: bool) -> dict[str, Any]:
    past, future = report.curve(place)
    row = report.level(place)
    severity, word = direction(report.window(place)) if report.windows else ("unknown", "")
    name, value, span = report.name(place), "not known", None
    if row is not None:
        value = about(row["value"])
        if row["low95"] is not None:
            span = f"{about(row['low95'])} to {about(row['high95'])}"
    said = f"{name}: {value}" + (f" {when(report, row)}" if row else "")
    said += f", 95 % interval {span}." if span else "."
    drawn = small_fan(past, future, as_of=as_of, step_days=report.step_days, said=said)
    return {"name": name, "value": value, "range": span, "alarm": alarm, "svg": drawn} | {
        "severity": severity,
        "trend": word,
    }


def _numbers(report: Report, order: Sequence[str]) -> Table:
    """The table twin of the small curves: a row for each place."""
    heads = ["Place", "Week to", "Reported", "Estimate", "95 % from", "to"]
    heads += ["Forecast for", "Median", "90 % from", "to "]
    rows = []
    for place in order:
        row, coming = report.level(place) or {}, report.ahead(place)
        known = [row.get(name) for name in ("reported", "value", "low95", "high95")]
        far = [coming[-1][name] for name in ("q50", "q05", "q95")] if coming else [None] * 3
        days = [one["date"].isoformat() if one else None for one in (row, (coming or [{}])[-1])]
        rows.append((report.name(place), days[0], *known, days[1], *far))
    return Table(tuple(heads), tuple(rows))


def transmission(report: Report) -> dict[str, Any]:
    """R of all places together over time, and of each place now."""
    windows = report.windows.get(report.total or TOTAL) or []
    whole = [row for row in windows if row["r"] is not None]
    newest = [
        {**row, "name": report.name(place)}
        for place in report.shown
        if (row := report.window(place)) and row["r"] is not None
    ]
    document = report.documents.get("transmission") or {}
    return {
        "curve": reproduction(whole[-WINDOWS:], place=report.name(report.total or TOTAL))
        if whole
        else None,
        "places": reproduction_by_place(newest[:100]) if len(newest) > 1 else None,
        "window_days": document.get("window_days"),
        "serial": document.get("serial_interval") or {},
    }


def _answer(name: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """Where a part of the page comes from, and what that answer itself warns about."""
    return {
        "name": name,
        "as_of": day(day_of(document["as_of"])),
        "schema": document.get("schema") or "",
        "notes": [str(one) for one in document.get("notes") or []],
        "not_checked": list(document.get("not_checked") or []),
    }


COLUMNS = (
    "place name population week_to reported estimate low95 high95 estimate_per_100k r r_low "
    "r_high growth_per_week alarm alarm_observed alarm_expected alarm_upper alarm_q cluster "
    "forecast_day forecast_median forecast_low90 forecast_high90 need_median need_low need_high "
    "allocated"
)


def listing(data: Mapping[str, Any]) -> tuple[Sequence[str], Iterator[tuple[Any, ...]]]:
    """Head and rows of the CSV beside the page: one row for each place, the total first."""
    report = Report.of(data)
    places = [*([report.total] if report.total else []), *report.shown]
    return COLUMNS.split(), (tuple(map(_rounded, _listed(report, place))) for place in places)


def _rounded(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value


def _listed(report: Report, place: str) -> tuple[Any, ...]:
    row = report.level(place) or {}
    window = report.window(place) or {}
    growth = weekly_growth(window) or (None,)
    of_place = [one for one in report.alarms if place_of(one) == place]
    fired: Mapping[str, Any] = next(
        (one for one in of_place if one["status"] == "alarm"), of_place[0] if of_place else {}
    )
    far: Mapping[str, Any] = (report.ahead(place) or [{}])[-1]
    plan = (one for one in report.rows("allocation") if place_of(one) == place)
    need: Mapping[str, Any] = next(plan, {})
    return (
        *(place, report.name(place), report.population.get(place), row.get("date")),
        *(row.get(name) for name in ("reported", "value", "low95", "high95")),
        *(
            report.per_100k(place, row.get("value")),
            *(window.get(name) for name in ("r", "low", "high")),
        ),
        growth[0],
        *(fired.get(name) for name in ("status", "observed", "expected", "upper", "q")),
        report.letters.get(place),
        *(far.get(name) for name in ("date", "q50", "q05", "q95")),
        *(need.get(name) for name in ("need_median", "need_low", "need_high", "allocated")),
    )
