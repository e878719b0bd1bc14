"""Surveillance: what is known of a series on a day, region by region, and how alarms came about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from fastapi import FastAPI, Request, Response

from nof1.core.errors import UsageError
from nof1.pictures.drawing import day, number
from nof1.pictures.picture import Picture
from nof1.pictures.surveillance_charts import fan, reproduction
from nof1.pictures.views import surveillance as view
from nof1.pictures.views import surveillance_tables as tables
from nof1.pictures.views.surveillance_data import TOTAL
from nof1.pictures.views.surveillance_words import days_differ, what_now
from nof1.web.access import guard
from nof1.web.site import surveillance_regions as regions
from nof1.web.site.house import House
from nof1.web.site.later import later, waiting
from nof1.web.site.page import Page, show
from nof1.web.site.surveillance_board import Board, board, names, revised, sheet, store_of
from nof1.web.site.surveillance_head import STYLES, TABS, address, head, nothing, title_of

ALARMS_FIRST = 8
WORKING = "The answers are being read and drawn."


def add(app: FastAPI, house: House) -> None:
    """Put the pages into the application."""

    @app.get("/surveillance", include_in_schema=False)
    @guard.needs("search", "Surveillance")
    def overview(request: Request, series: str = "", as_of: str = "") -> Response:
        """What now, in all places together."""
        found = names(house)
        if not found:
            return show(request, house, nothing(house))
        name = series or first(house, found)
        made = prepared(
            house, ("overview", name), lambda: now_page(house, name, as_of), bool(as_of)
        )
        if made is None:
            return waiting(request, house, "Surveillance", WORKING, "surveillance")
        return show(request, house, made)

    @app.get("/surveillance/{series}", include_in_schema=False)
    @guard.needs("search", "Surveillance")
    def one(
        request: Request, series: str, tab: str = "", place: str = "", as_of: str = ""
    ) -> Response:
        """One series by regions: curves, spread, alarms; or one region."""
        if tab not in ("", "now", *(name for name, _ in TABS)):
            raise UsageError("There is no such part.", where="tab", allowed=[n for n, _ in TABS])
        special = bool(place or as_of) or series not in names(house)
        made = prepared(
            house,
            ("series", series, tab),
            lambda: series_page(house, series, tab, place, as_of),
            special,
        )
        if made is None:
            return waiting(request, house, "Surveillance", WORKING, "surveillance")
        return show(request, house, made)


def prepared(
    house: House, key: tuple[str, ...], make: Callable[[], Page], special: bool
) -> Page | None:
    """A page that is worked out aside and kept; one of a chosen day or region is made at once.

    There are as many days and regions as readers think of: those pages are not kept.
    """
    return make() if special else later(house, key, make, mark(house))


def mark(house: House) -> str:
    """Changes when any answer or series of the workspace changes."""
    folder = store_of(house).folder
    files = [*folder.glob("answers/*/*.json"), *folder.glob("signals/*/signal.json")]
    files += [one for one in (folder / "map.geojson", folder / "places.parquet") if one.exists()]
    stats = ((str(one), one.stat()) for one in sorted(files))
    return " ".join(f"{name}:{one.st_mtime_ns}:{one.st_size}" for name, one in stats)


def warm(house: House) -> None:
    """Begin to read the newest series, so that the first visitor need not wait."""
    found = names(house)
    if found:
        name = first(house, found)
        later(house, ("overview", name), lambda: now_page(house, name, ""), mark(house), 0.0)


def first(house: House, found: list[str]) -> str:
    """The series with the newest answer; the first by name where none has any."""
    folder = store_of(house).folder / "answers"

    def newest(name: str) -> int:
        return max((one.stat().st_mtime_ns for one in (folder / name).glob("*.json")), default=0)

    return max(found, key=newest)


def now_page(house: House, name: str, as_of: str) -> Page:
    """All places together: what now, map, curve, alarms, what was revised."""
    made = board(house, name, as_of)
    report = made.report
    lines = what_now(report) if made.documents else []
    fired = tables.alarms(report)
    changes = revised(made)
    fans = view.fans(report, made.as_of) if _has_curve(made) else _reported(made)
    outlines = sheet(house, made)
    context = {
        **head(house, made, "now", as_of),
        "lines": lines,
        "warnings": days_differ(report),
        "fans": fans,
        "maps": view.maps(report, outlines),
        "map_source": outlines.source if outlines else None,
        "alarms": fired,
        "first_alarms": (fired or {"rows": []})["rows"][:ALARMS_FIRST],
        "alarm_places": regions.places_of_alarms(made, address, as_of),
        "revised": [_said(row) for row in changes],
        "day_before": day(date.fromordinal(made.as_of.toordinal() - 7)),
        "allocation": made.documents.get("allocation") is not None,
        "apart": not report.same_step,
    }
    rows = regions.listing(made)
    return Page(
        template="surveillance-now",
        title=title_of(made),
        context=context,
        data={
            "schema": "nof1/web-surveillance/1",
            "series": name,
            "as_of": made.as_of.isoformat(),
            "answers_as_of": {key: one.isoformat() for key, one in made.asked.items()},
            "what_now": lines,
            "places": rows,
            "alarms": regions.alarm_rows(made),
            "revised": changes,
            "curve": regions.curve_rows(*report.curve(report.total or TOTAL)),
        },
        tables={"places": rows, "alarms": regions.alarm_rows(made), "revised": changes},
        data_date=made.as_of.isoformat(),
        here="surveillance",
        styles=STYLES,
    )


def _has_curve(made: Board) -> bool:
    return any(name in made.documents for name in ("nowcast", "forecast"))


def _reported(made: Board) -> list[Picture]:
    """The curve of what was reported, where nothing was estimated by this day."""
    place = TOTAL if len(made.places) != 1 else next(iter(made.places))
    past, _ = made.weeks(place)
    if not past:
        return []
    words = "All places: as reported by then" if place == TOTAL else made.places[place]
    return [fan(words, past, [], as_of=made.as_of, step_days=7)]


def _said(row: Mapping[str, Any]) -> dict[str, str]:
    def told(value: float | None) -> str:
        return "–" if value is None else number(value)

    change = row["change"]
    sign = "" if change is None or change <= 0 else "+"
    return {
        "week": day(date.fromisoformat(row["week_to"])),
        "before": told(row["before"]),
        "now": told(row["now"]),
        "change": "new" if change is None else f"{sign}{told(change)}".replace("-", "−"),
    }


def series_page(house: House, name: str, tab: str, place: str, as_of: str) -> Page:
    """One part of a series, or one region of it."""
    made = board(house, name, as_of)
    if place:
        return _region(house, made, place, as_of)
    tab = tab or "regions"
    if tab in ("now", "allocation"):
        where = address(name, tab)
        raise UsageError("This part has a page of its own.", where="tab", next_step=where)
    context = head(house, made, tab, as_of)
    report = made.report
    rows: list[dict[str, Any]] = regions.listing(made)
    if tab == "regions":
        context |= {"cards": regions.cards(made, address, as_of), "numbers": rows}
        context |= {"key": regions.key(made)}
    elif tab == "spread":
        context |= {"transmission": view.transmission(report)}
        rows = [one for one in rows if one["r"] is not None]
    elif tab == "alarms":
        context |= {"alarms": tables.alarms(report)}
        rows = regions.alarm_rows(made)
    else:
        context |= {
            "past": tables.performance(report),
            "answers": [view._answer(key, one) for key, one in report.documents.items()],
            "table_name": None,
        }
    return Page(
        template=f"surveillance-{tab}",
        title=f"{title_of(made)}: {dict(TABS)[tab].lower()}",
        context=context,
        data={"schema": f"nof1/web-surveillance-{tab}/1", "series": name,
              "as_of": made.as_of.isoformat(), "rows": rows},
        tables={tab: rows},
        data_date=made.as_of.isoformat(),
        here="surveillance",
        trail=(("Surveillance", address(name, "now", as_of=as_of)),),
        styles=STYLES,
    )  # fmt: skip


def _region(house: House, made: Board, place: str, as_of: str) -> Page:
    name = made.signal.name
    found = regions.region(made, place)
    windows = [row for row in made.report.windows.get(place) or [] if row["r"] is not None]
    context = {
        **head(house, made, "regions", as_of),
        **found,
        "place": place,
        "spread": reproduction(windows[-120:], place=found["place_name"]) if windows else None,
    }
    return Page(
        template="surveillance-region",
        title=f"{found['place_name']}: {made.signal.words}",
        context=context,
        data={"schema": "nof1/web-surveillance-region/1", "series": name, "place": place,
              "as_of": made.as_of.isoformat(), "weeks": found["rows"], "alarms": found["tested"],
              "revised": found["changes"]},
        tables={"weeks": found["rows"], "revised": found["changes"]},
        data_date=made.as_of.isoformat(),
        here="surveillance",
        trail=(
            ("Surveillance", address(name, "now", as_of=as_of)),
            ("Regions", address(name, "regions", as_of=as_of)),
        ),
        styles=STYLES,
    )  # fmt: skip
