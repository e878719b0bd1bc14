"""Small drawings that only lessons need, as SVG without a script, legible from 340 pixels on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from nof1.pictures import drawing
from nof1.pictures.drawing import Scale
from nof1.pictures.picture import Picture, Table
from nof1.pictures.surveillance_charts import fan
from nof1.pictures.theme import BLUE, GREY, VERMILION

WIDTH = 360.0


def intervals(spans: Sequence[tuple[float, float]], truth: float, level: float) -> Picture:
    """Intervals below each other around one true value (shares); those that miss it are marked."""
    x = Scale(0.0, 0.4, 12, WIDTH - 12)
    missed = [not low <= truth <= high for low, high in spans]
    body = drawing.rule(
        x(truth), 18, x(truth), 24 + 9 * len(spans), dashed=True, tone="stroke-quiet"
    )
    body += drawing.text(x(truth), 12, f"true value {truth:.0%}", "middle", size=11)
    for i, (low, high) in enumerate(spans):
        tone = ("stroke-risk", VERMILION) if missed[i] else ("stroke-accent", BLUE)
        y = 26 + 9 * i
        body += drawing.line([(x(low), y), (x(high), y)], *tone)
        if missed[i]:
            body += drawing.text(WIDTH - 8, y + 4, "missed", "end", size=10)
    said = f"{sum(missed)} of {len(spans)} intervals at {level:.0%} miss the true value."
    rows = tuple(
        (i + 1, f"{low:.1%}", f"{high:.1%}", "no" if out else "yes")
        for i, ((low, high), out) in enumerate(zip(spans, missed, strict=True))
    )
    height = 30 + 9 * len(spans)
    return Picture(
        f"{len(spans)} intervals at {level:.0%}",
        said,
        Table(("Interval", "From", "To", "Holds the true value"), rows),
        svg=drawing.svg(WIDTH, height, said, body, "sketch"),
    )


def funnel(rows: Sequence[tuple[int, float, int]], rate: float) -> Picture:
    """Rates (per 100,000) against size of the town, with the range that chance alone gives."""
    top = max([3.0 * rate, *(one[1] for one in rows)])
    sizes = [math.log10(one[0]) for one in rows]
    x, y = Scale(min(sizes), max(sizes), 44, WIDTH - 12), Scale(0, top, 190, 10)
    body = "".join(
        drawing.rule(44, y(tick), WIDTH - 12, y(tick))
        + drawing.text(38, y(tick) + 4, f"{tick:g}", "end", size=10)
        for tick in drawing.ticks(top, 4)
        if tick <= top
    )
    limits = []
    for step in range(41):
        size = min(sizes) + (max(sizes) - min(sizes)) * step / 40
        spread = 1.96 * math.sqrt(rate / (10**size / 100_000)) * 1.0
        limits.append((x(size), y(max(rate - spread, 0)), y(rate + spread)))
    body += drawing.band(limits, "fill-normal", BLUE)
    body += drawing.rule(44, y(rate), WIDTH - 12, y(rate), dashed=True, tone="stroke-quiet")
    for people, value, _ in rows:
        at = (x(math.log10(people)), y(value))
        body += _dot(*at, "fill-risk", VERMILION)
    for people, anchor in ((rows[0][0], "start"), (rows[-1][0], "end")):
        body += drawing.text(x(math.log10(people)), 206, f"{people:,} people", anchor, size=10)
    smallest = [one[1] for one in rows[:6]]
    said = (
        f"All towns have the true rate {rate:g} per 100,000. The six smallest show rates from "
        f"{min(smallest):.0f} to {max(smallest):.0f}, by chance alone."
    )
    table = tuple((f"{people:,}", cases, f"{value:.1f}") for people, value, cases in rows)
    return Picture(
        "One true rate, many towns",
        said,
        Table(("People", "Cases", "Rate per 100,000"), table),
        svg=drawing.svg(WIDTH, 212, said, body, "sketch"),
    )


def sets(rows: Sequence[dict[str, Any]], error: float) -> Picture:
    """Plausibility of both answers for some patients, and the set that stays above the line."""
    x = Scale(0, 1, 78, WIDTH - 84)
    body, table = "", []
    for i, row in enumerate(rows):
        y = 22 + 46 * i
        stays = [name for name in ("ill", "healthy") if row[name] > error]
        result = " or ".join(stays) or "atypical"
        body += drawing.text(0, y + 18, str(row["who"]), size=12, tone="fill-ink")
        for j, name in enumerate(("ill", "healthy")):
            tone = ("fill-accent", BLUE) if row[name] > error else ("fill-rest", GREY)
            wide = max(x(row[name]) - x(0), 1)
            body += _rect(x(0), y + 16 * j, wide, 11, *tone)
            body += drawing.text(x(max(row[name], error)) + 4, y + 10 + 16 * j, name, size=10)
        body += drawing.text(WIDTH, y + 18, result, "end", size=11, tone="fill-ink", bold=True)
        table.append((row["who"], row["ill"], row["healthy"], result))
    body += drawing.rule(
        x(error), 14, x(error), 20 + 46 * len(rows), dashed=True, tone="stroke-ink"
    )
    body += drawing.text(x(error), 10, f"allowed error {error:.0%}", "start", size=10)
    said = "; ".join(f"{row[0]}: {row[3]}" for row in table) + "."
    return Picture(
        "What stays possible",
        said,
        Table(("Patient", "Plausibility of ill", "Plausibility of healthy", "Set"), tuple(table)),
        svg=drawing.svg(WIDTH, 24 + 46 * len(rows), said, body, "sketch"),
    )


def bars(rows: Sequence[dict[str, Any]], unit: str, title: str) -> Picture:
    """Values side by side; where some are below zero, they are changes and carry their sign."""
    values = [float(row["value"]) for row in rows]
    top, signed = max(abs(value) for value in values), min(values) < 0
    told = [(f"{v:+g}" if signed else f"{v:g}").replace("-", "\u2212") for v in values]
    x = Scale(-top if signed else 0, top, 44 if signed else 0, WIDTH - 44)
    body = drawing.rule(x(0), 4, x(0), 44 * len(rows), tone="stroke-quiet")
    for i, (row, value) in enumerate(zip(rows, values, strict=True)):
        y = 44 * i
        tone = ("fill-accent", BLUE) if value >= 0 else ("fill-risk", VERMILION)
        body += drawing.text(0, y + 13, str(row["words"]), size=12, tone="fill-ink halo")
        body += _rect(min(x(0), x(value)), y + 20, abs(x(value) - x(0)), 14, *tone)
        at, anchor = (x(value) + 4, "start") if value >= 0 else (x(value) - 4, "end")
        body += drawing.text(at, y + 31, told[i], anchor, size=11, tone="fill-ink")
    said = "; ".join(f"{row['words']}: {told[i]} {unit}" for i, row in enumerate(rows)) + "."
    table = tuple((row["words"], value) for row, value in zip(rows, values, strict=True))
    return Picture(
        title,
        said,
        Table(("What", unit.capitalize()), table),
        svg=drawing.svg(WIDTH, 44 * len(rows) + 2, said, body, "sketch"),
    )


def window(back: int, ahead: int, events: Sequence[dict[str, Any]]) -> Picture:
    """Day 0, the days that features may look at, and events inside and outside of them."""
    days = [int(one["day"]) for one in events]
    x = Scale(min([-back, *days]) - 30, max([ahead, *days]) + 30, 8, WIDTH - 8)
    body = _rect(x(-back), 26, x(0) - x(-back), 44, "fill-normal", BLUE, 0.15)
    body += _rect(x(0), 26, x(ahead) - x(0), 44, "fill-range", VERMILION, 0.2)
    body += drawing.text((x(-back) + x(0)) / 2, 18, "may be seen", "middle", size=11)
    body += drawing.text((x(0) + x(ahead)) / 2, 18, "to be foretold", "middle", size=11)
    body += drawing.rule(8, 48, WIDTH - 8, 48, tone="stroke-quiet")
    body += drawing.rule(x(0), 22, x(0), 78, tone="stroke-ink")
    body += drawing.text(x(0), 92, "day 0", "middle", size=11, tone="fill-ink")
    table = []
    for one in events:
        inside = -back <= int(one["day"]) <= 0
        tone = ("fill-accent", BLUE) if inside else ("fill-risk", VERMILION)
        body += _dot(x(int(one["day"])), 48, *tone)
        table.append((one["day"], one["words"], "yes" if inside else "no"))
    said = (
        f"{sum(row[2] == 'yes' for row in table)} of {len(table)} events may be seen by the model."
    )
    return Picture(
        "The window of a prediction",
        said,
        Table(("Day", "Event", "May be seen"), tuple(table)),
        svg=drawing.svg(WIDTH, 98, said, body, "sketch"),
    )


def reported(weekly: Sequence[int], shares: Sequence[float], ahead: Sequence[int]) -> Picture:
    """Weekly counts of which the last ones are not complete, the nowcast, and a forecast.

    Parameters
    ----------
    weekly : counts when all reports are in. ``shares``: of the last weeks, what is reported now.
    ahead : medians of the forecast.
    """
    day, steps = date(2025, 1, 4), []
    for i, count in enumerate(weekly):
        left = len(weekly) - i
        share = shares[len(shares) - left] if left <= len(shares) else 1.0
        sure = share == 1.0
        spread = 0.0 if sure else 1.96 * math.sqrt(count * (1 - share) / share + 1)
        row = {"date": day + timedelta(weeks=i), "reported": round(count * share)}
        ends = {name: max(count + k * spread, 0) for name, k in (("low95", -1), ("high95", 1))}
        ends |= {
            name: max(count + k * spread, 0) for name, k in (("low50", -0.34), ("high50", 0.34))
        }
        empty = dict.fromkeys(["estimate", *ends])
        steps.append({**row, **(empty if sure else {"estimate": count, **ends})})
    future = []
    for i, middle in enumerate(ahead, start=1):
        wide = middle * (0.12 + 0.1 * i)
        parts = (("q025", -1.96), ("q05", -1.64), ("q25", -0.67), ("q50", 0), ("q75", 0.67))
        quantiles = {
            name: max(middle + k * wide, 0) for name, k in (*parts, ("q95", 1.64), ("q975", 1.96))
        }
        future.append({"date": day + timedelta(weeks=len(weekly) - 1 + i), **quantiles})
    as_of = day + timedelta(weeks=len(weekly) - 1)
    return fan("Reported, expected, and ahead", steps, future, as_of=as_of, step_days=7)


def _rect(
    x: float, y: float, wide: float, tall: float, tone: str, colour: str, opacity: float = 1.0
) -> str:
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{wide:g}" height="{tall:g}" rx="2" class="{tone}" '
        f'fill="{colour}" fill-opacity="{opacity:g}"/>'
    )


def _dot(x: float, y: float, tone: str, colour: str) -> str:
    return f'<circle cx="{x:g}" cy="{y:g}" r="4.5" class="{tone}" fill="{colour}"/>'
