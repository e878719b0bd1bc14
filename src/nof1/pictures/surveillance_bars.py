"""Rows of drawings for a table: need against what is allocated, R by place, an alarm's history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from markupsafe import Markup

from nof1.pictures import drawing
from nof1.pictures.drawing import Scale, day, number
from nof1.pictures.picture import Picture, Row, need, rows_of, table_of
from nof1.pictures.surveillance_charts import ratio_axis, ratio_marks
from nof1.pictures.theme import BLUE, GREEN, GREY, INK, VERMILION

WIDTH, ROW, NAME = 320, 24, 150


def need_bar(row: Row, top: float) -> Markup:
    """Need (90 % interval and median) against what is allocated, on an axis from 0 to ``top``.

    Parameters
    ----------
    row : name, need_median, need_low, need_high, allocated, capacity (None = not said).
    """
    x = Scale(0, max(top, 1e-9), 8, WIDTH - 8)
    low, middle, high = x(row["need_low"]), x(row["need_median"]), x(row["need_high"])
    given = x(row["allocated"])
    marks = (
        f'<rect x="8" y="15" width="{WIDTH - 16}" height="1" class="fill-rest" fill="{GREY}"/>'
        f'<rect x="8" y="17" width="{max(given - 8, 1):.1f}" height="7" class="fill-given" '
        f'fill="{GREEN}"/>'
        f'<rect x="{low}" y="4" width="{max(high - low, 2):.1f}" height="9" rx="3" class="est95" '
        f'fill="{BLUE}" fill-opacity="0.3"/>'
        f'<path d="M{middle} 3v11" class="stroke-accent" stroke="{BLUE}" stroke-width="3"/>'
    )
    if row["capacity"] is not None and row["capacity"] <= top:
        place = x(row["capacity"])
        marks += f'<path d="M{place} 15v11" class="stroke-ink" stroke="{INK}" stroke-width="1.5"/>'
    said = (
        f"{row['name']}: need {number(row['need_median'])} (90 % interval "
        f"{number(row['need_low'])} to {number(row['need_high'])}), allocated "
        f"{number(row['allocated'])}"
    )
    return drawing.svg(WIDTH, 28, said, marks, "need")


def need_key() -> Markup:
    """What the marks of ``need_bar`` mean."""
    tick = f'<path d="M8 1v10" class="stroke-accent" stroke="{BLUE}" stroke-width="3"/>'
    limit = f'<path d="M8 1v10" class="stroke-ink" stroke="{INK}" stroke-width="1.5"/>'
    return drawing.key(
        [
            (drawing.box("est95", BLUE, 0.3), "need, 90 % interval"),
            (tick, "need, median"),
            (drawing.box("fill-given", GREEN), "allocated"),
            (limit, "capacity"),
        ]
    )


def reproduction_by_place(rows: Any, title: str = "Reproduction number by place") -> Picture:
    """R of every place with its 95 % interval, the highest lower end first.

    Parameters
    ----------
    rows : name, r, low, high.
    """
    given = sorted(rows_of(rows), key=lambda row: (-row["low"], row["name"]))
    need(given, ["name", "r", "low", "high"], "reproduction by place")
    above, below = (
        sum(one) for one in ((r["low"] > 1 for r in given), (r["high"] < 1 for r in given))
    )
    said = (
        f"The interval lies above 1 (growing) in {above} of {len(given)} places, below 1 "
        f"(shrinking) in {below}, and holds 1 (not clear) in {len(given) - above - below}."
    )
    half = -(-len(given) // 2)
    span = ratio_axis([row[name] for row in given for name in ("low", "high")])
    both = (_forest(given[:half], span, said), _forest(given[half:], span, said))
    columns = {"name": "Place", "r": "R", "low": "95 % from", "high": "to"}
    drawn = f'<div class="columns">{"".join(both)}</div>'
    return Picture(title, said, table_of(given, columns), svg=drawn)


def _forest(rows: Sequence[Row], span: tuple[float, float], said: str) -> Markup:
    if not rows:
        return Markup("")
    width, height = 480, ROW * len(rows) + 30
    x = Scale(*span, NAME + 8, width - 60)
    body = "".join(
        drawing.rule(x(mark), 4, x(mark), height - 22, dashed=mark == 1, tone=_upright(mark))
        + drawing.text(x(mark), height - 6, f"{mark:g}", "middle")
        for mark in ratio_marks(*span)
    )
    for i, row in enumerate(rows):
        y = ROW * i + 16
        low, high = x(row["low"]), x(row["high"])
        body += drawing.text(NAME, y + 4, _short(row["name"]), "end", tone="fill-ink")
        body += (
            f'<rect x="{low}" y="{y - 5}" width="{max(high - low, 2):.1f}" height="10" rx="4" '
            f'class="est95" fill="{BLUE}" fill-opacity="0.3"/><circle cx="{x(row["r"])}" '
            f'cy="{y}" r="4" class="fill-accent" fill="{BLUE}"/>'
        )
        body += drawing.text(width, y + 4, f"{row['r']:.2f}", "end", tone="fill-ink")
    return drawing.svg(width, height, said, body, "forest")


def _upright(mark: float) -> str:
    return "stroke-ink" if mark == 1 else "stroke-line"


def _short(name: str, most: int = 22) -> str:
    """A name cut to what a margin holds.

    >>> _short("District of Columbia and surroundings")
    'District of Columbia …'
    """
    return name if len(name) <= most else name[: most - 1] + "…"


def alarm_history(rows: Any, said: str) -> Markup:
    """Observed counts against what was expected and the alarm limit, as SVG text.

    Parameters
    ----------
    rows : date, observed, expected, upper (None = not known), alarm.
    """
    given = rows_of(rows)
    need(given, ["date", "observed", "expected", "upper", "alarm"], "alarm history")
    width, height = 320, 120
    numbers = [row[k] for row in given for k in ("observed", "upper") if row[k] is not None]
    marks = drawing.ticks(max(numbers, default=1.0), 2)
    first, last = given[0]["date"], given[-1]["date"]
    x = Scale(first.toordinal(), max(last.toordinal(), first.toordinal() + 1), 42, width - 8)
    y = Scale(0, max(marks[-1], 1e-9), height - 20, 8)
    body = "".join(
        drawing.rule(40, y(mark), width - 4, y(mark))
        + drawing.text(36, y(mark) + 4, number(mark), "end", size=11)
        for mark in marks
    )
    at = {id(row): x(row["date"].toordinal()) for row in given}
    bar = round(min(0.6 * (width - 50) / len(given), 8), 1)
    bars = [
        (round(at[id(r)] - bar / 2, 1), y(r["observed"]), bar, round(y(0) - y(r["observed"]), 1))
        for r in given
        if r["observed"] is not None
    ]
    body += drawing.boxes(bars, "bar-reported", "#b7c0c9")
    for name, tone, colour, dash in (
        ("expected", "stroke-accent", BLUE, ""),
        ("upper", "stroke-warn", VERMILION, ' stroke-dasharray="3 2"'),
    ):
        points = ((at[id(r)], y(r[name])) for r in given if r[name] is not None)
        body += drawing.line(points, tone, colour, dash)
    for row in (one for one in given if one["alarm"] and one["observed"] is not None):
        body += (
            f'<path d="M0-5L5 4H-5z" transform="translate({at[id(row)]} {y(row["observed"]) - 2})" '
            f'class="fill-warn" fill="{VERMILION}"/>'
        )
    body += _ends(first, last, width, height)
    return drawing.svg(width, height, said, body, "history")


def _ends(first: date, last: date, width: float, height: float) -> str:
    return drawing.text(42, height - 4, day(first), size=11) + drawing.text(
        width - 4, height - 4, day(last), "end", size=11
    )


def history_key() -> Markup:
    """What the marks of ``alarm_history`` mean."""
    expected = f'<path d="M0 6h16" class="stroke-accent" stroke="{BLUE}" stroke-width="2"/>'
    limit = (
        f'<path d="M0 6h16" class="stroke-warn" stroke="{VERMILION}" stroke-width="2" '
        'stroke-dasharray="3 2"/>'
    )
    alarm = f'<path d="M8 1L13 10H3z" class="fill-warn" fill="{VERMILION}"/>'
    return drawing.key(
        [
            (drawing.box("bar-reported", "#b7c0c9"), "observed"),
            (expected, "expected"),
            (limit, "alarm limit"),
            (alarm, "alarm"),
        ]
    )
