"""A patient's course on one time axis: bars, marks and small curves, row by row.

Each row is a drawing of its own as wide as the place it gets: across, everything stands in per
cent, so that text beside it keeps its size on a phone and the rows of a page stay under one axis.
Nothing here knows codes; who calls says what a row is, what it shows and where it leads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from markupsafe import escape

from nof1.core.errors import UsageError
from nof1.pictures.picture import Picture, Table
from nof1.pictures.theme import BLUE, GREY, SANS, VERMILION

LOW, TALL = 28, 44  # pixels: a row of bars and marks, a row with a curve
MOST_POINTS = 160  # of one curve; of more, the lowest and the highest of each stretch are drawn
STRETCHES = 80
LABELS = 5  # at most so many on the axis, so that they fit a phone
STEPS_DAYS = (1, 2, 7, 14)
STEPS_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120, 240)

Point = tuple[datetime, float]
Span = tuple[datetime, datetime | None]


@dataclass(frozen=True)
class Row:
    """One item of a course.

    Attributes
    ----------
    label : its name.
    said : what the row shows, in words.
    spans : from when to when; None as the end: no end is known.
    marks : moments.
    points : measured values over time.
    low, high : the normal band of the points; None where it has no such end.
    aside : a short text beside it, for example the last value with its unit.
    outside : whether the last value lies outside the band.
    address : where it leads.
    kind : of the marks: "dot", or "cross" for what ended a life or a question.
    """

    label: str
    said: str
    spans: tuple[Span, ...] = ()
    marks: tuple[datetime, ...] = ()
    points: tuple[Point, ...] = ()
    low: float | None = None
    high: float | None = None
    aside: str = ""
    outside: bool = False
    address: str = ""
    kind: str = "dot"


@dataclass(frozen=True)
class Lane:
    """Rows of one sort; ``hidden`` counts those that are not shown."""

    title: str
    name: str
    rows: tuple[Row, ...]
    hidden: int = 0
    address: str = ""


@dataclass(frozen=True)
class Drawn:
    """A row with its drawing."""

    row: Row
    picture: Picture


@dataclass(frozen=True)
class Timeline:
    """A drawn course: the axis, each lane with its rows, and the same as a table."""

    axis: Picture
    lanes: tuple[tuple[Lane, tuple[Drawn, ...]], ...]
    table: Table


@dataclass(frozen=True)
class Scale:
    """The time axis: from ``start`` (0 per cent) to ``end`` (100 per cent)."""

    start: datetime
    end: datetime

    def x(self, moment: datetime) -> float:
        """Place of a moment in per cent, kept inside the axis."""
        share = (moment - self.start) / (self.end - self.start)
        return round(100 * min(max(share, 0.0), 1.0), 2)

    def holds(self, moment: datetime) -> bool:
        """Whether a moment lies on the axis."""
        return self.start <= moment <= self.end


def timeline(lanes: Sequence[Lane], start: datetime, end: datetime) -> Timeline:
    """Draw a course between two moments.

    Raises
    ------
    UsageError : unless ``start`` is before ``end``.
    """
    if not start < end:
        raise UsageError("A course needs time between its ends.", allowed="start before end")
    scale = Scale(start, end)
    marks = ticks(start, end)
    drawn = tuple(
        (lane, tuple(Drawn(row, strip(row, scale, marks)) for row in lane.rows)) for lane in lanes
    )
    return Timeline(_axis(scale, marks), drawn, table(lanes))


def table(lanes: Sequence[Lane]) -> Table:
    """The same course in words: sort, item, what is shown, last value."""
    rows = tuple(
        (lane.title, row.label, row.said, row.aside) for lane in lanes for row in lane.rows
    )
    return Table(("Sort", "Item", "Shown", "Last"), rows)


def ticks(start: datetime, end: datetime) -> list[tuple[datetime, str]]:
    """At most five moments with their labels: days, months or years.

    >>> [label for _, label in ticks(datetime(2019, 3, 1), datetime(2024, 1, 6))]
    ['2020', '2021', '2022', '2023', '2024']
    """
    days = (end - start).total_seconds() / 86_400
    for step in STEPS_DAYS:
        if days / step < LABELS:
            first = datetime(start.year, start.month, start.day) + timedelta(days=1)
            every = (first + timedelta(days=step * n) for n in range(LABELS))
            return [(one, f"{one:%m-%d}") for one in every if one <= end]
    months = days / 30.44
    step = next((one for one in STEPS_MONTHS if months / one < LABELS), STEPS_MONTHS[-1])
    form = "%Y" if step >= 12 else "%Y-%m"
    return [(one, one.strftime(form)) for one in _months(start, end, step)]


def _months(start: datetime, end: datetime, step: int) -> Iterator[datetime]:
    count = -(-(start.year * 12 + start.month) // step) * step
    while count // 12 <= end.year:
        one = datetime(count // 12, count % 12 + 1, 1)
        if start <= one <= end:
            yield one
        count += step


def strip(row: Row, scale: Scale, marks: Iterable[tuple[datetime, str]] = ()) -> Picture:
    """One row: grid, normal band, bars, curve and marks."""
    height = TALL if row.points else LOW
    parts = [_grid(scale.x(moment), height) for moment, _ in marks]
    if row.points:
        parts += _curve(row, scale)
    parts += [_bar(span, scale) for span in row.spans if _seen(span, scale)]
    parts += [_mark(scale.x(one), height / 2, row.kind) for one in row.marks if scale.holds(one)]
    svg = (
        f'<svg class="strip" width="100%" height="{height}" role="img" '
        f'aria-label="{escape(row.said or row.label)}" '
        f'xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'
    )
    return Picture(row.label, row.said or row.label, _numbers(row), svg=svg)


def _numbers(row: Row) -> Table:
    values = tuple((f"{moment:%Y-%m-%d %H:%M}", value) for moment, value in row.points)
    bars = tuple((f"{a:%Y-%m-%d}", f"{b:%Y-%m-%d}" if b else "no end known") for a, b in row.spans)
    times = tuple((f"{one:%Y-%m-%d %H:%M}", "") for one in row.marks)
    return Table(("Time", "Value or end"), (*values, *bars, *times))


def _seen(span: Span, scale: Scale) -> bool:
    return span[0] <= scale.end and (span[1] is None or span[1] >= scale.start)


def _grid(x: float, height: int) -> str:
    return (
        f'<line x1="{x}%" x2="{x}%" y1="0" y2="{height}" class="stroke-line" stroke="{GREY}" '
        'stroke-opacity="0.3"/>'
    )


def _bar(span: Span, scale: Scale) -> str:
    """A bar; one without a known end is pale towards it, and ends open."""
    start, end = scale.x(span[0]), scale.x(span[1] or scale.end)
    tone = "fill-open" if span[1] is None else "fill-accent"
    faint = ' fill-opacity="0.55"' if span[1] is None else ""
    width = round(max(end - start, 0.4), 2)
    bar = (
        f'<rect x="{start}%" y="10" width="{width}%" height="8" rx="2" class="{tone}" '
        f'fill="{BLUE}"{faint}/>'
    )
    begin = f'<svg x="{start}%" y="14" overflow="visible">'
    return (
        bar + f'{begin}<rect y="-7" width="3" height="14" class="fill-accent" fill="{BLUE}"/></svg>'
    )


def _mark(x: float, y: float, kind: str) -> str:
    if kind == "cross":
        return _at(x, y, f'<path d="M-4-4L4 4M4-4L-4 4" class="stroke-ink" stroke="{GREY}" '
                         'stroke-width="2"/>')  # fmt: skip
    return f'<circle cx="{x}%" cy="{y:g}" r="4" class="fill-accent" fill="{BLUE}"/>'


def _at(x: float, y: float, inside: str) -> str:
    """Something drawn around a place that stands in per cent across."""
    return f'<svg x="{x}%" y="{y:g}" overflow="visible">{inside}</svg>'


def _curve(row: Row, scale: Scale) -> list[str]:
    """The band first, then the line, then the points: diamonds outside the band."""
    points = thinned([one for one in row.points if scale.holds(one[0])])
    if not points:
        return []
    values = [value for _, value in points]
    ends = [one for one in (row.low, row.high) if one is not None]
    floor, top = min(values + ends), max(values + ends)

    def y(value: float) -> float:
        share = (value - floor) / (top - floor) if top > floor else 0.5
        return round(TALL - 8 - share * (TALL - 16), 1)

    parts = [_band(y(top if row.high is None else row.high),
                   y(floor if row.low is None else row.low), row)] if ends else []  # fmt: skip
    placed = [(scale.x(moment), y(value), value) for moment, value in points]
    parts += [
        f'<line x1="{a[0]}%" y1="{a[1]}" x2="{b[0]}%" y2="{b[1]}" class="stroke-quiet" '
        f'stroke="{GREY}" stroke-width="1.5"/>'
        for a, b in pairwise(placed)
    ]
    return parts + [_point(x, height, value, row) for x, height, value in placed]


def _band(upper: float, lower: float, row: Row) -> str:
    above = 0 if row.high is None else upper
    below = TALL if row.low is None else lower
    return (
        f'<rect x="0" y="{above}" width="100%" height="{max(below - above, 1):.1f}" '
        f'class="fill-normal" fill="{BLUE}" fill-opacity="0.12"/>'
    )


def _point(x: float, y: float, value: float, row: Row) -> str:
    if outside(value, row.low, row.high):
        shape = f'<path d="M0-4.5L4.5 0L0 4.5L-4.5 0z" class="fill-risk" fill="{VERMILION}"/>'
        return _at(x, y, shape)
    return f'<circle cx="{x}%" cy="{y}" r="2.5" class="fill-accent" fill="{BLUE}"/>'


def outside(value: float, low: float | None, high: float | None) -> bool:
    """Whether a value lies outside a band; an end that is None has no limit.

    >>> outside(5.0, None, 4.0), outside(3.0, None, 4.0)
    (True, False)
    """
    return (low is not None and value < low) or (high is not None and value > high)


def thinned(points: Sequence[Point]) -> list[Point]:
    """Few enough to draw: of each stretch its lowest and highest, and always the last point."""
    if len(points) <= MOST_POINTS:
        return list(points)
    size = -(-len(points) // STRETCHES)
    kept: list[Point] = []
    for start in range(0, len(points), size):
        part = points[start : start + size]
        ends = {min(part, key=lambda one: one[1]), max(part, key=lambda one: one[1])}
        kept += sorted(ends)
    return kept if kept[-1] == points[-1] else [*kept, points[-1]]


def _axis(scale: Scale, marks: Sequence[tuple[datetime, str]]) -> Picture:
    said = f"From {scale.start:%Y-%m-%d} to {scale.end:%Y-%m-%d}."
    parts = []
    for moment, label in marks:
        x = scale.x(moment)
        anchor = "end" if x > 94 else "start" if x < 4 else "middle"
        parts.append(
            f'<text x="{x}%" y="14" text-anchor="{anchor}" font-size="12" '
            f'font-family="{escape(SANS)}" class="fill-quiet" fill="{GREY}">{label}</text>'
            f'<line x1="{x}%" x2="{x}%" y1="18" y2="24" class="stroke-line" stroke="{GREY}"/>'
        )
    svg = (
        f'<svg class="strip" width="100%" height="24" role="img" aria-label="{said}" '
        f'xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'
    )
    rows = tuple((f"{moment:%Y-%m-%d}", label) for moment, label in marks)
    return Picture("Time", said, Table(("Day", "Label"), rows), svg=svg)
