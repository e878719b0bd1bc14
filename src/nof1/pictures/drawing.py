"""Small parts of a drawing in SVG: text, ticks, bands, lines, and the key that explains them.

Numbers become pixels by a ``Scale``; colours come from the page's style sheet by class, with an
attribute beside it so that a notebook shows the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup, escape

from nof1.pictures.theme import GREY, SANS

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Scale:
    """Numbers from ``low`` to ``high`` onto pixels from ``start`` to ``end``; clamped."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, number: float) -> float:
        share = (number - self.low) / ((self.high - self.low) or 1.0)
        return round(self.start + (self.end - self.start) * min(max(share, 0.0), 1.0), 1)


def text(
    x: float,
    y: float,
    words: str,
    anchor: str = "start",
    *,
    size: float = 12,
    tone: str = "fill-quiet",
    bold: bool = False,
) -> str:
    """A line of text; ``words`` may hold anything, it is escaped."""
    weight = ' font-weight="650"' if bold else ""
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="{size:g}"{weight} '
        f'font-family="{escape(SANS)}" class="{tone}" fill="{GREY}">{escape(words)}</text>'
    )


def rule(
    x1: float, y1: float, x2: float, y2: float, *, dashed: bool = False, tone: str = ""
) -> str:
    """A straight line, level or upright."""
    dash = ' stroke-dasharray="4 3"' if dashed else ""
    return (
        f'<path d="M{x1:g} {y1:g}L{x2:g} {y2:g}" class="{tone or "stroke-line"}" '
        f'stroke="{GREY}" stroke-width="1"{dash}/>'
    )


def line(points: Iterable[tuple[float, float]], tone: str, colour: str, more: str = "") -> str:
    """A broken line through the points; nothing for fewer than two."""
    known = list(points)
    if len(known) < 2:
        return ""
    return (
        f'<path d="{_through(known)}" class="{tone}" fill="none" stroke="{colour}" '
        f'stroke-width="2" stroke-linejoin="round"{more}/>'
    )


def band(points: Iterable[tuple[float, float, float]], tone: str, colour: str) -> str:
    """The area between (x, y of the low end, y of the high end); nothing for fewer than two."""
    known = list(points)
    if len(known) < 2:
        return ""
    edge = [(x, high) for x, _, high in known] + [(x, low) for x, low, _ in reversed(known)]
    return f'<path d="{_through(edge)}z" class="{tone}" fill="{colour}" fill-opacity="0.25"/>'


def _through(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)


def boxes(bars: Iterable[tuple[float, ...]], tone: str, colour: str) -> str:
    """Many rectangles (x, y, width, height) as one path; flat ones are left out."""
    made = "".join(f"M{x:g} {y:g}h{w:g}v{h:g}h{-w:g}z" for x, y, w, h in bars if h > 0)
    return f'<path d="{made}" class="{tone}" fill="{colour}"/>' if made else ""


def svg(width: float, height: float, said: str, body: str, tone: str) -> Markup:
    """The whole drawing, with ``said`` for people who do not see it."""
    return Markup(
        f'<svg viewBox="0 0 {width:g} {height:g}" class="{tone}" role="img" '
        f'aria-label="{escape(said)}" xmlns="http://www.w3.org/2000/svg">{body}</svg>'
    )


def key(items: Sequence[tuple[str, str]]) -> Markup:
    """An HTML list that explains a drawing; each item is (marks in a 16 x 12 box, words)."""
    rows = "".join(
        f'<li><svg viewBox="0 0 16 12" aria-hidden="true" class="swatch">{marks}</svg>'
        f"{escape(words)}</li>"
        for marks, words in items
    )
    return Markup(f'<ul class="key">{rows}</ul>')


def box(tone: str, colour: str, opacity: float = 1.0) -> str:
    """A filled rectangle for the key."""
    seen = "" if opacity == 1 else f' fill-opacity="{opacity:g}"'
    return f'<rect width="16" height="12" rx="1" class="{tone}" fill="{colour}"{seen}/>'


def ticks(top: float, most: int = 4) -> list[float]:
    """Round numbers from 0 up to at least ``top``, in at most ``most`` + 1 steps.

    >>> ticks(870), ticks(0)
    ([0.0, 250.0, 500.0, 750.0, 1000.0], [0.0, 1.0])
    """
    if top <= 0:
        return [0.0, 1.0]
    power = 10 ** math.floor(math.log10(top / most))
    sizes = (power * step for step in (1, 2, 2.5, 5, 10, 20))
    size = next(one for one in sizes if math.ceil(top / one - 1e-9) <= most)
    return [size * i for i in range(math.ceil(top / size - 1e-9) + 1)]


def number(value: float) -> str:
    """A number as short as its size allows, never more exact than it is worth.

    >>> number(12345), number(8.25), number(33.02), number(0), number(0.034), number(999.6)
    ('12,345', '8.2', '33', '0', '0.034', '1,000')
    """
    size = abs(value)
    if size >= 99.95 or value == round(value):
        return f"{value:,.0f}"
    if size >= 10:
        return f"{value:.1f}".removesuffix(".0")
    return f"{value:.1f}" if size >= 1 else f"{value:.2g}"


def about(value: float) -> str:
    """A number for a sentence: three digits are as exact as an estimate is.

    >>> about(16322.4), about(987), about(3.14159), about(0)
    ('16,300', '987', '3.1', '0')
    """
    if value == 0:
        return "0"
    size = 10.0 ** (math.floor(math.log10(abs(value))) - 2)
    return number(round(value / size) * size if size > 1 else value)


def day(moment: date, *, year: bool = True) -> str:
    """A day in words that no country misreads.

    >>> day(date(2024, 1, 6)), day(date(2024, 1, 6), year=False)
    ('6 Jan 2024', '6 Jan')
    """
    short = f"{moment.day} {MONTHS[moment.month - 1]}"
    return f"{short} {moment.year}" if year else short


def calendar(first: date, last: date, most: int = 8) -> list[tuple[date, str]]:
    """First days of months between two days with their names, at most ``most`` of them.

    January, and the first one, also say the year. Spans without a first day of a month give the
    two ends.
    """
    months = [
        date(year, month, 1)
        for year in range(first.year, last.year + 1)
        for month in range(1, 13)
        if first <= date(year, month, 1) <= last
    ]
    if len(months) < 2:
        return [(first, day(first)), (last, day(last, year=first.year != last.year))]
    sizes = (1, 2, 3, 6, 12, 24, 60, 120, 240, 1200)
    step = next(size for size in sizes if len(months) <= size * (most - 1))
    kept = [one for one in months if (12 * one.year + one.month - 1) % step == 0]
    return [(one, _month(one, i == 0)) for i, one in enumerate(kept)]


def _month(first: date, year: bool) -> str:
    """Jan 2024, or Feb where the year was said before."""
    said = MONTHS[first.month - 1]
    return f"{said} {first.year}" if year or first.month == 1 else said
