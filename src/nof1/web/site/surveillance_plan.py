"""Sharing out beds or vaccines: what each region gets of so many units, and what stays unmet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from fastapi import FastAPI, Request, Response

from nof1.core.errors import UsageError
from nof1.pictures import surveillance_bars as bars
from nof1.pictures.drawing import day, number
from nof1.pictures.views.surveillance_data import day_of
from nof1.surveillance.allocate.answer import (
    HIGH,
    LOW,
    MEDIAN,
    Asked,
    Known,
    from_answer,
    problem_of,
)
from nof1.surveillance.allocate.past import last_known, parts
from nof1.surveillance.allocate.plan import Plan, solve
from nof1.surveillance.allocate.problem import Ints, Problem
from nof1.surveillance.allocate.regret import rules
from nof1.surveillance.allocate.tables import Places
from nof1.surveillance.scores import Floats
from nof1.web.access import guard
from nof1.web.site.house import House
from nof1.web.site.page import Page, asked_by_htmx, part, show
from nof1.web.site.surveillance import first
from nof1.web.site.surveillance_board import Board, board, history, names
from nof1.web.site.surveillance_head import STYLES, address, head, nothing

RESOURCES = ("beds", "vaccines", "staff", "tests")
MOST_UNITS, SECONDS, FIRST = 10_000_000, 1.0, 15
TAIL = (0.05, 0.95)


@dataclass(frozen=True)
class Wish:
    """What the reader asked for.

    ``units`` : whole units there are; None: nine tenths of the median need. ``per_case`` : units
    that one forecast case needs. ``horizon`` : weeks from the forecast's reference day.
    """

    units: int | None
    resource: str = "beds"
    per_case: float = 1.0
    horizon: int = 1


def add(app: FastAPI, house: House) -> None:
    """Put the page into the application."""

    @app.get("/surveillance/allocation", include_in_schema=False)
    @guard.needs("search", "Surveillance")
    def allocation(
        request: Request, series: str = "", units: str = "", resource: str = "beds",
        per_case: str = "1", horizon: str = "1", as_of: str = "",
    ) -> Response:  # fmt: skip
        """Units shared out under the kept forecast; the slider renews the result alone."""
        found = names(house)
        if not found:
            return show(request, house, nothing(house))
        wish = wished(units, resource, per_case, horizon)
        page = plan_page(house, board(house, series or first(house, found), as_of), wish, as_of)
        if asked_by_htmx(request) and page.template == "surveillance-allocation":
            return part(request, "surveillance-allocated", page.context)
        return show(request, house, page)


def wished(units: str, resource: str, per_case: str, horizon: str) -> Wish:
    """What an address asks for.

    Raises
    ------
    UsageError : a number that is none or out of range, or an unknown resource.
    """
    if resource not in RESOURCES:
        raise UsageError("There is no such resource.", where="resource", allowed=RESOURCES)
    return Wish(
        units=None if not units.strip() else int(_number("units", units, 0, MOST_UNITS, True)),
        resource=resource,
        per_case=_number("per_case", per_case, 0.0001, 1000, False),
        horizon=int(_number("horizon", horizon, 0, 52, True)),
    )


def _number(name: str, text: str, low: float, high: float, whole: bool) -> float:
    try:
        value = float(text[:40])
    except ValueError:
        value = float("nan")
    if not low <= value <= high or (whole and value != int(value)):
        kind = "a whole number" if whole else "a number"
        raise UsageError(
            "This number cannot be used.", where=name, allowed=f"{kind} from {low:g} to {high:,g}"
        )
    return value


def plan_page(house: House, made: Board, wish: Wish, as_of: str) -> Page:
    """The plan under the board's forecast, beside two simple rules; without a forecast, why not."""
    if "forecast" not in made.documents:
        return _without(house, made, as_of)
    forecast = from_answer(made.documents["forecast"])
    if wish.horizon not in forecast.horizons:
        raise UsageError("The forecast has no such week.", where="horizon",
                         allowed=[str(one) for one in forecast.horizons])  # fmt: skip
    found, quantiles, gone = parts(forecast, wish.horizon)
    places = _places(made)
    median = float(wish.per_case * quantiles[:, MEDIAN].sum())
    units = round(0.9 * median) if wish.units is None else wish.units
    asked = Asked(wish.resource, str(units), wish.horizon, wish.per_case, seconds=SECONDS)
    problem = problem_of(asked, forecast, Known(places, history(house, made)))
    plan = solve(problem, seconds=SECONDS)
    others = rules(problem, _last(made, found, wish), places.people(found))
    need = wish.per_case * quantiles
    rows = [_row(problem, plan, others, need, at, places) for at in range(len(found))]
    rows.sort(key=lambda row: (-row["expected_unmet"], row["name"]))
    sums = [_sum("this plan", problem, plan.allocated)]
    sums += [_sum(name, problem, others[name]) for name in others]
    top = int(max(units, np.ceil(1.5 * need[:, HIGH].sum()), 10))
    return Page(
        template="surveillance-allocation",
        title=f"Sharing out {wish.resource}",
        context={
            **head(house, made, "allocation", as_of),
            **_shown(rows, sums),
            "resources": RESOURCES, "resource": wish.resource, "units": units, "top": top,
            "per_case": f"{wish.per_case:g}", "horizon": wish.horizon,
            "horizons": [(one, _week(made, one)) for one in forecast.horizons],
            "given": int(plan.allocated.sum()), "reserve": int(plan.reserve),
            "gone": len(gone), "median_need": number(median),
            "here_address": address(made.signal.name, "allocation", as_of=as_of),
        },
        data={
            "schema": "nof1/web-surveillance-allocation/1", "series": made.signal.name,
            "as_of": made.as_of.isoformat(), "resource": wish.resource, "units": units,
            "units_per_case": wish.per_case, "horizon": wish.horizon,
            "allocated": int(plan.allocated.sum()), "rows": rows, "plans": sums,
        },
        tables={"allocation": rows, "plans": sums},
        data_date=made.as_of.isoformat(),
        here="surveillance",
        trail=(("Surveillance", address(made.signal.name, "now", as_of=as_of)),),
        styles=STYLES,
    )  # fmt: skip


def _without(house: House, made: Board, as_of: str) -> Page:
    return Page(
        template="surveillance-no-forecast",
        title="Sharing out beds or vaccines",
        context=head(house, made, "allocation", as_of),
        data={"schema": "nof1/web-surveillance-allocation/1", "series": made.signal.name,
              "as_of": made.as_of.isoformat(), "rows": []},
        tables={"allocation": []},
        data_date=made.as_of.isoformat(),
        here="surveillance",
        trail=(("Surveillance", address(made.signal.name, "now", as_of=as_of)),),
        styles=STYLES,
    )  # fmt: skip


def _week(made: Board, horizon: int) -> str:
    rows = made.documents["forecast"]["rows"]
    end = next(one["target_end_date"] for one in rows if one["horizon"] == horizon)
    return day(day_of(end))


def _places(made: Board) -> Places:
    report = made.report
    return Places(dict(report.names), dict(report.population))


def _last(made: Board, places: tuple[str, ...], wish: Wish) -> Floats | None:
    """Last week's counts of the places; small ones are not used, an older week stands in."""
    panel = made.shown
    if panel is None or any(one not in panel.places for one in places):
        return None
    return wish.per_case * np.nan_to_num(last_known(panel.only(places)))


def _row(
    problem: Problem, plan: Plan, others: Mapping[str, Ints], need: Floats, at: int, places: Places
) -> dict[str, Any]:
    """One region: need, what each way of sharing out gives it, and what stays unmet."""
    place = problem.places[at]
    unmet = np.clip(problem.need[:, at] - plan.allocated[at], 0, None)
    made: dict[str, Any] = {
        "place": place,
        "name": places.names.get(place, place),
        "need_low90": float(need[at, LOW]),
        "need_median": float(need[at, MEDIAN]),
        "need_high90": float(need[at, HIGH]),
        "allocated": int(plan.allocated[at]),
        "expected_unmet": float(unmet.mean()),
        "unmet_low90": float(np.quantile(unmet, TAIL[0])),
        "unmet_high90": float(np.quantile(unmet, TAIL[1])),
    }
    for name, given in others.items():
        left = np.clip(problem.need[:, at] - given[at], 0, None).mean()
        key = name.replace(" ", "_")
        made |= {f"allocated_{key}": int(given[at]), f"unmet_{key}": float(left)}
    return made


def _sum(name: str, problem: Problem, given: Ints) -> dict[str, Any]:
    unmet = problem.unmet(given)
    return {
        "plan": name,
        "allocated": int(given.sum()),
        "expected_unmet": float(unmet.mean()),
        "unmet_low90": float(np.quantile(unmet, TAIL[0])),
        "unmet_high90": float(np.quantile(unmet, TAIL[1])),
    }


def _shown(rows: list[dict[str, Any]], sums: list[dict[str, Any]]) -> dict[str, Any]:
    """Rows and sums in words, with a bar for each region on one scale."""
    top = max((max(row["need_high90"], row["allocated"]) for row in rows), default=1.0)
    told = [
        {
            **row,
            "bar": bars.need_bar(_bar(row), top),
            "need": f"{number(row['need_low90'])} to {number(row['need_high90'])}",
            "unmet": f"{number(row['unmet_low90'])} to {number(row['unmet_high90'])}",
            "unmet_mean": number(row["expected_unmet"]),
            "by_population": _other(row, "population"),
            "by_last_week": _other(row, "last_week"),
        }
        for row in rows
    ]
    best = sums[0]["expected_unmet"]
    plans = [
        {
            "plan": one["plan"],
            "range": f"{number(one['unmet_low90'])} to {number(one['unmet_high90'])}",
            "mean": number(one["expected_unmet"]),
            "more": "" if one is sums[0] else f"{number(one['expected_unmet'] - best)} more",
        }
        for one in sums
    ]
    return {"rows": told, "first": told[:FIRST], "rest": told[FIRST:], "plans": plans,
            "bar_key": bars.need_key()}  # fmt: skip


def _bar(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": row["name"], "need_low": row["need_low90"], "need_high": row["need_high90"],
            "need_median": row["need_median"], "allocated": row["allocated"],
            "capacity": None}  # fmt: skip


def _other(row: Mapping[str, Any], rule: str) -> dict[str, str] | None:
    if f"allocated_by_{rule}" not in row:
        return None
    return {"given": number(row[f"allocated_by_{rule}"]), "unmet": number(row[f"unmet_by_{rule}"])}
