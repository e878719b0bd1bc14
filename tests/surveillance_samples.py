"""Answers of the surveillance room for the page tests: 52 US-like places, and an invented country.

Made by a small seeded wave, so that every part of the page has something to show: late reports,
alarms with two clusters, places that could not be tested, a plan. Nothing here is a real count.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

LEVELS = ("0.01", "0.025", "0.05", *(f"{i / 20:g}" for i in range(2, 19)), "0.95", "0.975", "0.99")
Z = (-2.33, -1.96, -1.64, -1.28, -1.04, -0.84, -0.67, -0.52, -0.39, -0.25, -0.13, 0.0)
SCORES = (*Z, *(-z for z in reversed(Z[:-1])))
STATES = (
    "01 Alabama 5.06|02 Alaska 0.73|04 Arizona 7.36|05 Arkansas 3.05|06 California 39.0|"
    "08 Colorado 5.84|09 Connecticut 3.63|10 Delaware 1.02|11 District of Columbia 0.67|"
    "12 Florida 22.2|13 Georgia 10.9|15 Hawaii 1.44|16 Idaho 1.94|17 Illinois 12.6|"
    "18 Indiana 6.83|19 Iowa 3.2|20 Kansas 2.94|21 Kentucky 4.51|22 Louisiana 4.59|23 Maine 1.39|"
    "24 Maryland 6.16|25 Massachusetts 6.98|26 Michigan 10.0|27 Minnesota 5.72|"
    "28 Mississippi 2.94|29 Missouri 6.18|30 Montana 1.12|31 Nebraska 1.97|32 Nevada 3.18|"
    "33 New Hampshire 1.4|34 New Jersey 9.26|35 New Mexico 2.11|36 New York 19.7|"
    "37 North Carolina 10.7|38 North Dakota 0.78|39 Ohio 11.8|40 Oklahoma 4.02|41 Oregon 4.24|"
    "42 Pennsylvania 13.0|44 Rhode Island 1.09|45 South Carolina 5.28|46 South Dakota 0.91|"
    "47 Tennessee 7.05|48 Texas 30.0|49 Utah 3.38|50 Vermont 0.65|51 Virginia 8.68|"
    "53 Washington 7.79|54 West Virginia 1.78|55 Wisconsin 5.89|56 Wyoming 0.58|72 Puerto Rico 3.22"
)
SYLLABLES = (
    ("Ar", "Bel", "Cor", "Dun", "El", "Fal", "Gor", "Hal"),
    ("mar", "vik", "den", "ros", "lin"),
)
LAST = date(2024, 1, 13)
Words = Callable[[str], str]


def states() -> list[dict[str, Any]]:
    """The places of the US-like sample, as an answer lists them."""
    parts = [one.split(" ", 1) for one in STATES.split("|")]
    return [
        {
            "id": code,
            "name": rest.rsplit(" ", 1)[0],
            "population": 1e6 * float(rest.rsplit(" ", 1)[1]),
        }
        for code, rest in parts
    ]


def regions() -> list[dict[str, Any]]:
    """The places of the invented country."""
    chance = random.Random(4)
    return [
        {"id": f"R{i + 1:02d}", "population": chance.randrange(40_000, 900_000)}
        | {"name": SYLLABLES[0][i % 8] + SYLLABLES[1][i // 8]}
        for i in range(40)
    ]


def hexagons(places: list[dict[str, Any]]) -> dict[str, Any]:
    """A map of the invented country: 8 columns of regular hexagons in degrees."""
    features = []
    for i, one in enumerate(places):
        column, row = i % 8, i // 8
        x, y = 10 + 0.4319 * column, 47 - 0.3464 * (row + column % 2 / 2)
        ring = [
            [x + 0.2 * math.cos(math.radians(60 * k)) / math.cos(math.radians(46)), y]
            for k in range(7)
        ]
        for k in range(7):
            ring[k][1] = y + 0.2 * math.sin(math.radians(60 * k))
        features.append(
            {"type": "Feature", "properties": {"id": one["id"], "name": one["name"]}}
            | {"geometry": {"type": "Polygon", "coordinates": [ring]}}
        )
    return {"type": "FeatureCollection", "features": features}


def us() -> dict[str, Any]:
    """The report of a winter wave in US-like places by week."""
    return _report("influenza-admissions", "Influenza admissions", states(), 7, 30, None)


def country(text: str | None = None) -> dict[str, Any]:
    """The report of an invented country by day; with ``text``, every word in it is that text."""
    places = regions()
    if text is not None:
        places = [{**one, "name": text} for one in places[:6]]
    made = _report("fever", None, places, 1, 60, hexagons(places))
    return made if text is None else replaced(made, text)


def replaced(value: Any, text: str, key: str = "") -> Any:
    """The same answer with its free words as ``text``; identifiers, dates and states stay."""
    kept = ("schema", "id", "place", "status", "date", "as_of", "first", "last", "target_end_date")
    kept = (*kept, "reference_date", "type", "places", "only")
    if isinstance(value, dict):
        return {k: replaced(v, text, k) for k, v in value.items()}
    if isinstance(value, list):
        return [replaced(one, text, key) for one in value]
    return text if isinstance(value, str) and key not in kept else value


def _report(
    signal: str, title: str | None, places: list[dict[str, Any]], step: int, steps: int, shapes: Any
) -> dict[str, Any]:
    chance = random.Random(11)
    truth = {one["id"]: _wave(one, step, steps, chance) for one in places}
    truth["TOTAL"] = [sum(numbers) for numbers in zip(*truth.values(), strict=True)]
    head = {"signal": signal, "as_of": LAST.isoformat(), "synthetic": True, "places": places}
    head |= {"notice": "Research and education use; not a medical device.", "notes": []}
    head["not_checked"] = []
    documents = {
        "nowcast": _nowcast(truth, step, chance),
        "transmission": _transmission(truth, step, chance),
        "alarms": _alarms(truth, step, chance),
        "forecast": _forecast(truth, step, chance),
        "allocation": _allocation(truth, step),
    }
    return {
        "schema": "nof1/surveillance-report/1",
        "signal": signal,
        "title": title,
        "only": [],
        "documents": {
            name: {"schema": f"nof1/surveillance-{name}/1", **head, **one}
            for name, one in documents.items()
        },
        "map": shapes,
    }


def _wave(one: dict[str, Any], step: int, steps: int, chance: random.Random) -> list[float]:
    """A rise and a fall, at another time and height in each place."""
    height = chance.uniform(2.0, 9.0) * one["population"] / 1e5 * (1 if step == 7 else 0.6)
    peak, wide = chance.uniform(0.8, 1.15) * steps, chance.uniform(0.16, 0.3) * steps
    return [
        max(
            round((0.3 + height * math.exp(-(((i - peak) / wide) ** 2))) * chance.gauss(1, 0.06)), 0
        )
        for i in range(steps)
    ]


def _day(steps: int, at: int, step: int) -> str:
    return (LAST - timedelta(days=step * (steps - 1 - at))).isoformat()


def _nowcast(truth: dict[str, list[float]], step: int, chance: random.Random) -> dict[str, Any]:
    late = (
        (0.62, 0.84, 0.93, 0.97, 0.99)
        if step == 7
        else tuple(1 - 0.8 ** (i + 1) for i in range(14))
    )
    rows = []
    for place, numbers in truth.items():
        for at, value in enumerate(numbers):
            age = len(numbers) - 1 - at
            share = late[age] if age < len(late) else 1.0
            doubt = 1.3 * (1 - share) * value / 2 + (math.sqrt(value) if share < 1 else 0)
            middle = max(value + chance.gauss(0, 0.3) * doubt, share * value)
            ends = {"low50": 0.67, "high50": 0.67, "low95": 1.96, "high95": 1.96}
            row = {"place": place, "stratum": "", "date": _day(len(numbers), at, step)}
            row |= {
                "reported": round(share * value),
                "estimate": round(middle, 1),
                "complete": share,
            }
            for name, times in ends.items():
                sign = -1 if name.startswith("low") else 1
                row[name] = round(max(middle + sign * times * doubt / 1.96, share * value), 1)
            rows.append(row)
    past = {"coverage50": 0.52, "coverage95": 0.946, "wis": 18.9, "n": 23}
    return {"step_days": step, "rows": rows, "past": past}


def _transmission(
    truth: dict[str, list[float]], step: int, chance: random.Random
) -> dict[str, Any]:
    rows = []
    for place, numbers in truth.items():
        for at in range(4, len(numbers)):
            before, after = numbers[at - 2] + 1, numbers[at] + 1
            growth = math.log(after / before) / (2 * step)
            r, spread = math.exp(growth * 3.6), min(2.5 / math.sqrt(after + before) + 0.02, 1.6)
            rows.append(
                {"place": place, "date": _day(len(numbers), at, step), "r": round(r, 3)}
                | {"low": round(r * (1 - spread / 2), 3), "high": round(r * (1 + spread / 2), 3)}
                | {"growth_per_day": growth, "growth_low": growth + math.log(1 - spread / 2) / 3.6}
                | {"growth_high": growth + math.log(1 + spread / 2) / 3.6}
                | {"probability_growing": None}
                | {"doubling_days": math.log(2) / growth if growth > 0 else None}
            )
    serial = {"mean_days": 3.6, "sd_days": 1.6}
    return {"window_days": 7 if step == 1 else 14, "serial_interval": serial, "rows": rows}


def _alarms(truth: dict[str, list[float]], step: int, chance: random.Random) -> dict[str, Any]:
    rows, history = [], []
    places = [place for place in truth if place != "TOTAL"]
    for i, place in enumerate(places):
        numbers = truth[place]
        fired = i % 11 == 4
        factor = 0.45 if fired else chance.uniform(0.8, 1.1)
        for at, value in enumerate(numbers):
            expected = value * (chance.uniform(0.85, 1.1) if at < len(numbers) - 2 else factor)
            upper = expected + 3 * math.sqrt(expected + 1)
            history.append(
                {"place": place, "date": _day(len(numbers), at, step), "observed": value}
                | {"expected": round(expected, 1), "upper": round(upper, 1), "alarm": value > upper}
            )
        row = {**history[-1], "stratum": "", "estimate": round(1.1 * history[-1]["observed"], 1)}
        row |= {"p": 0.0004 if fired else 0.31, "q": 0.011 if fired else 0.6, "reason": None}
        row |= {"status": "alarm" if fired else "quiet", "false_if": []}
        if fired:
            row["false_if"] = ["Reports of two weeks came in one batch.", "Testing was widened."]
        if i % 17 == 8:
            row |= {"status": "not_checked", "reason": "Fewer than 3 years of history.", "q": None}
            row |= {"expected": None, "upper": None, "p": None}
        rows.append({name: value for name, value in row.items() if name != "alarm"})
    cluster = {"places": places[3:6], "first": _day(9, 6, step), "last": LAST.isoformat()}
    cluster |= {"observed": 410, "expected": 231.5, "relative_risk": 1.8, "p": 0.002}
    other = {**cluster, "places": places[-2:], "observed": 77, "expected": 40.2, "p": 0.03}
    made = {"method": "Farrington flexible", "alpha": 0.01, "fdr": 0.1}
    return {**made, "rows": rows, "clusters": [cluster, other], "history": history}


def _forecast(truth: dict[str, list[float]], step: int, chance: random.Random) -> dict[str, Any]:
    rows, observed = [], []
    for place, numbers in truth.items():
        trend = math.log((numbers[-1] + 2) / (numbers[-3] + 2)) / 2
        for horizon in range(1, 4 if step == 7 else 15):
            middle = numbers[-1] * math.exp(trend * (1 - 0.8**horizon) / 0.2 * 0.6)
            spread = 0.09 * math.sqrt(horizon) + 0.3 / math.sqrt(numbers[-1] + 1)
            quantiles = {
                level: round(middle * math.exp(z * spread), 1)
                for level, z in zip(LEVELS, SCORES, strict=True)
            }
            ahead = (LAST + timedelta(days=step * horizon)).isoformat()
            rows.append({"place": place, "horizon": horizon, "target_end_date": ahead})
            rows[-1]["quantiles"] = quantiles
        observed += [
            {"place": place, "date": _day(len(numbers), at, step), "value": value}
            for at, value in enumerate(numbers)
        ]
    names = (
        ("season", 0.1, 44.0),
        ("boosted_trees", 0.5, 51.2),
        ("deep", 0.3, 44.6),
        ("seir", 0.1, 43.0),
    )
    members = [
        {"name": name, "weight": weight, "wis_with": 43.4, "wis_without": without}
        for name, weight, without in names
    ]
    past = {"relative_wis": 0.548, "coverage50": 0.49, "coverage95": 0.91, "weeks": 30}
    made = {"reference_date": LAST.isoformat(), "target": "wk inc flu hosp", "members": members}
    return {**made, "horizons": [1, 2, 3], "rows": rows, "past": past, "observed": observed}


def _allocation(truth: dict[str, list[float]], step: int) -> dict[str, Any]:
    rows = []
    for i, (place, numbers) in enumerate(truth.items()):
        need = 0.8 * numbers[-1] * (1 if step == 7 else 7)
        if place != "TOTAL":
            given = round(need * (0.8 + 0.03 * (i % 9)))
            rows.append(
                {"place": place, "need_median": round(need), "need_low": round(0.7 * need)}
                | {"need_high": round(1.45 * need), "allocated": given, "capacity": given + 20}
                | {"expected_unmet": round(max(need * 1.05 - given, 0), 1)}
                | {"share_of_need": given / need if need else None}
            )
    total = sum(row["allocated"] for row in rows)
    unmet = sum(row["expected_unmet"] for row in rows)
    others = (("proportional_to_population", 1.9), ("proportional_to_last_week", 1.2))
    regret = [
        {
            "plan": plan,
            "mean_regret": 41 * times,
            "low": 30 * times,
            "high": 52 * times,
            "weeks": 27,
        }
        for plan, times in (("this plan", 1.0), *others)
    ]
    ends = [row["place"] for row in rows][:3]
    return {
        "resource": "beds",
        "supply": total + 40,
        "rows": rows,
        "expected_unmet": unmet,
        "cvar": 2.4 * unmet,
        "cvar_level": 0.9,
        "alternatives": [
            {"plan": plan, "expected_unmet": times * unmet, "cvar": 2.9 * times * unmet}
            for plan, times in others
        ],
        "transfers": [{"from": ends[0], "to": ends[1], "amount": 12, "cost": 3.5}],
        "settings": {"fairness_floor": 0.5, "scenarios": 200, "whole_units": True},
        "regret": regret,
    }
