"""Small drawings about one patient, as SVG without any script: they print, and open anywhere.

Colours come from the page's style sheet by class (``fill-accent``), with an attribute beside it
so that a notebook shows the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from markupsafe import Markup, escape

from nof1.core.errors import UsageError
from nof1.core.unit_words import unit_words
from nof1.pictures.picture import Picture, Table, rows_of, table_of
from nof1.pictures.theme import BLUE, GREY, SANS, VERMILION

PERSON = (
    "M8 1.5a2.6 2.6 0 1 1 0 5.2a2.6 2.6 0 1 1 0-5.2"  # head
    "M3.6 14.5v-3.4a3.6 3.6 0 0 1 3.6-3.6h1.6a3.6 3.6 0 0 1 3.6 3.6v3.4z"  # shoulders
)
SIZE = 16
WIDE = 396


def icon_array(events: float, low: float, high: float, of: int = 100) -> Picture:
    """How many of ``of`` people like this one: filled = expected, pale = within the interval.

    Raises
    ------
    UsageError : unless 0 <= low <= events <= high <= of <= 1000.
    """
    if not 0 <= low <= events <= high <= of <= 1000:
        raise UsageError(
            "The numbers of an icon array are out of order.",
            allowed="0 <= low <= events <= high <= of <= 1000",
            next_step="Give the frequency with the interval around it.",
        )
    columns = 10 if of <= 100 else 25
    filled, possible = round(events), round(high)
    icons = [
        f'<path d="{PERSON}" transform="translate({SIZE * (i % columns)} {SIZE * (i // columns)})"'
        f" {_tone(i, filled, possible)}/>"
        for i in range(of)
    ]
    said = f"{filled} of {of} people; the range is {round(low)} to {possible}."
    numbers = Table(("People", "Number"), (("expected", filled), ("at least", round(low))))
    numbers = Table(numbers.columns, (*numbers.rows, ("at most", possible), ("of", of)))
    height = SIZE * -(-of // columns)
    return Picture(
        f"{filled} of {of} people",
        said,
        numbers,
        svg=_svg(SIZE * columns, height, said, "".join(icons), "icons"),
    )


def count_array(count: int, of: int, said: str) -> Picture:
    """``count`` filled of ``of`` people, where no interval belongs to the count itself.

    ``said`` is the text alternative and says where the uncertainty stands instead.

    Raises
    ------
    UsageError : unless 0 <= count <= of <= 1000.
    """
    made = icon_array(count, count, count, of)
    assert made.svg is not None
    table = Table(("People", "Number"), (("expected", count), ("of", of)))
    old = f'aria-label="{escape(made.description)}"'
    return Picture(
        made.title, said, table, svg=made.svg.replace(old, f'aria-label="{escape(said)}"')
    )


def _tone(index: int, filled: int, possible: int) -> str:
    if index < filled:
        return f'class="fill-risk" fill="{VERMILION}"'
    if index < possible:
        return f'class="fill-range" fill="{VERMILION}" fill-opacity="0.35"'
    return f'class="fill-rest" fill="{GREY}" fill-opacity="0.3"'


def risk_bar(
    value: float, low: float, high: float, level: float, usual: float | None = None
) -> Picture:
    """A risk (0 to 1) on a line: the interval first, then the point, and what is usual.

    Parameters
    ----------
    level : coverage of the interval, for example 0.9.
    usual : the average risk of the people the model was made with, if known.
    """
    top = next(t for t in (0.05, 0.1, 0.2, 0.5, 1.0) if max(high, value, usual or 0) <= t)

    def x(risk: float) -> float:
        return round(12 + WIDE * risk / top, 1)

    marks = [f'<rect x="12" y="27" width="{WIDE}" height="2" class="fill-rest" fill="{GREY}"/>']
    marks += [_tick(x(top * i / 4), f"{100 * top * i / 4:.3g} %") for i in range(5)]
    marks.append(
        f'<rect x="{x(low)}" y="18" width="{max(x(high) - x(low), 2):.1f}" height="20" rx="4" '
        f'class="fill-range" fill="{VERMILION}" fill-opacity="0.35"/>'
    )
    if usual is not None:
        marks.append(
            f'<path d="M{x(usual)} 12v32" class="stroke-quiet" stroke="{GREY}" stroke-width="2" '
            f'stroke-dasharray="3 3"/>{_text(x(usual), 9, "usual here", "middle")}'
        )
    marks.append(f'<circle cx="{x(value)}" cy="28" r="7" class="fill-risk" fill="{VERMILION}"/>')
    said = f"Risk {value:.1%}, {level:.0%} interval {low:.1%} to {high:.1%}" + (
        f"; usual here {usual:.1%}." if usual is not None else "."
    )
    rows = (("risk", f"{value:.1%}"), ("from", f"{low:.1%}"), ("to", f"{high:.1%}"))
    return Picture(
        "Risk with its interval",
        said,
        Table(("What", "Value"), rows),
        svg=_svg(WIDE + 24, 62, said, "".join(marks), "riskbar"),
    )


def _tick(x: float, text: str) -> str:
    anchor = "start" if x < 20 else "end" if x > 400 else "middle"
    return f'<path d="M{x} 40v4" class="stroke-quiet" stroke="{GREY}"/>' + _text(
        x, 57, text, anchor
    )


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return (
        f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-size="11" font-family="{escape(SANS)}" '
        f'class="fill-quiet" fill="{GREY}">{escape(text)}</text>'
    )


def contribution_bar(contribution: float, largest: float) -> Markup:
    """One signed bar: to the right raises the risk, to the left lowers it; plus sign as text too.

    ``largest`` is the largest absolute contribution of the list, which fills half the width.
    """
    way = "raises" if contribution >= 0 else "lowers"
    drawn = _contribution(contribution, largest)
    return Markup(_svg(120, 20, f"{way} the risk", drawn, "contribution"))


def _contribution(contribution: float, largest: float) -> str:
    """The bar and its middle line, in a place of 120 by 20."""
    length = round(56 * abs(contribution) / largest, 1) if largest else 0.0
    x = 60 if contribution >= 0 else 60 - length
    tone = ("fill-risk", VERMILION) if contribution >= 0 else ("fill-accent", BLUE)
    bar = (
        f'<rect x="{x}" y="4" width="{length}" height="12" rx="2" '
        f'class="{tone[0]}" fill="{tone[1]}"/>'
    )
    return bar + f'<path d="M60 1v18" class="stroke-quiet" stroke="{GREY}"/>'


def contributions(reasons: Any) -> Picture:
    """All signed reasons of one finding in one drawing.

    Parameters
    ----------
    reasons : rows of text and contribution (> 0 raises the risk, < 0 lowers it).
    """
    rows = [row for row in rows_of(reasons) if row.get("contribution") is not None]
    largest = max([abs(row["contribution"]) for row in rows], default=0.0)
    lines = []
    for i, row in enumerate(rows):
        bar = _contribution(row["contribution"], largest)
        lines.append(f'<g transform="translate(0 {24 * i})">{bar}</g>')
        lines.append(_text(130, 24 * i + 14, f"{row['contribution']:+.2f}  {row['text']}", "start"))
    said = "; ".join(f"{row['text']}: {row['contribution']:+.2f}" for row in rows) or "No reasons."
    return Picture(
        "Reasons",
        said,
        table_of(rows, {"text": "Reason", "contribution": "Contribution (log odds)"}),
        svg=_svg(600, max(24 * len(rows), 24), said, "".join(lines), "reasons"),
    )


def sparkline(
    name: str, points: Sequence[Mapping[str, Any]], unit: str, low: float | None, high: float | None
) -> Picture:
    """One laboratory value over time, over the band of its normal range.

    Parameters
    ----------
    points : rows of time (datetime or ISO text) and value, in ``unit``.
    low, high : the normal range, where known; either may be None.
    """
    seen = [(_seconds(p["time"]), float(p["value"])) for p in points]
    values = [v for _, v in seen] + [v for v in (low, high) if v is not None]
    floor, top = (min(values), max(values)) if values else (0.0, 1.0)
    start, end = (min(t for t, _ in seen), max(t for t, _ in seen)) if seen else (0.0, 1.0)

    def xy(time: float, value: float) -> tuple[float, float]:
        x = 6 + 208 * ((time - start) / (end - start) if end > start else 0.5)
        y = 34 - 28 * ((value - floor) / (top - floor) if top > floor else 0.5)
        return round(x, 1), round(y, 1)

    upper = xy(start, top if high is None else high)[1]
    lower = xy(start, floor if low is None else low)[1]
    band = f'<rect x="0" y="{upper}" width="220" height="{max(lower - upper, 0):.1f}" '
    band += f'class="fill-normal" fill="{BLUE}" fill-opacity="0.12"/>'
    placed = [xy(*point) for point in seen]
    line = " ".join(f"{x},{y}" for x, y in placed)
    marks = f'<polyline points="{line}" fill="none" class="stroke-ink" stroke="{GREY}" '
    marks += 'stroke-width="1.5"/>'
    for x, y in placed[-1:]:
        marks += f'<circle cx="{x}" cy="{y}" r="3.5" class="fill-accent" fill="{BLUE}"/>'
    normal = f"normal {low if low is not None else ''} to {high if high is not None else ''}"
    bare = unit_words(unit)
    known = "" if low is None and high is None else f", {normal} {bare}".rstrip()
    last = f"last {seen[-1][1]:g} {bare}".rstrip() if seen else "no number"
    said = f"{name}: {len(seen)} value{'' if len(seen) == 1 else 's'}, {last}{known}."
    return Picture(
        name,
        said,
        table_of(list(points), {"time": "Time", "value": f"{name} ({bare})" if bare else name}),
        svg=_svg(220, 40, said, (band if known else "") + marks, "sparkline"),
    )


def _seconds(time: datetime | str) -> float:
    return (datetime.fromisoformat(time) if isinstance(time, str) else time).timestamp()


def _svg(width: int, height: int, said: str, inside: str, name: str) -> str:
    """A drawing with its text alternative; ``inside`` is already escaped."""
    return (
        f'<svg viewBox="0 0 {width} {height}" class="{name}" role="img" '
        f'aria-label="{escape(said)}" xmlns="http://www.w3.org/2000/svg">{inside}</svg>'
    )
