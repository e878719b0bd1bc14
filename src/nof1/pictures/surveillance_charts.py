"""Curves of a signal: reported, estimated and expected counts, and the reproduction number.

Every drawing is SVG without a script, made twice: wide for a screen or paper, narrow for a phone
(the style sheet shows one). Bands are drawn before lines; what is not reported yet is hatched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from markupsafe import Markup, escape

from nof1.pictures import drawing
from nof1.pictures.drawing import Scale, day, number
from nof1.pictures.picture import Picture, Row, need, rows_of, table_of
from nof1.pictures.theme import BLUE, GREY, PURPLE

WIDE, NARROW, SMALL = (1000, 320), (360, 260), (240, 96)
NARROW_STEPS = 20
CUT = 3.0  # an upper end beyond this many times everything else is cut at the top, and said
STEP_FIELDS = ["date", "reported", "estimate", "low50", "high50", "low95", "high95"]
AHEAD_FIELDS = ["date", "q025", "q05", "q25", "q50", "q75", "q95", "q975"]
STRIPES = f'<path d="M-2 12L10 0M6 14L20 0" class="stroke-quiet" stroke="{GREY}"/>'


@dataclass(frozen=True)
class _Frame:
    """Where the marks of one drawing go: its size, its margins, and both scales."""

    width: float
    height: float
    left: float
    top: float
    bottom: float
    x: Scale
    y: Scale
    marks: list[float]
    bar: float

    def at(self, moment: date) -> float:
        return self.x(moment.toordinal())


def fan(
    title: str, steps: Any, ahead: Any, *, as_of: date, step_days: int, what: str = "counts"
) -> Picture:
    """Reported counts, the estimate of what they will become, and the forecast.

    Parameters
    ----------
    steps : rows of date, reported, estimate (median), low50, high50, low95, high95; only date is
        always known. An estimate is what ``reported`` will be when all reports are in.
    ahead : rows of date, q025, q05, q25, q50, q75, q95, q975 (quantiles); may be empty.
    as_of : the day as of which it was known.
    """
    known, future = rows_of(steps), rows_of(ahead)
    need(known, STEP_FIELDS, "fan")
    need(future, AHEAD_FIELDS, "fan")
    said = f"As known on {day(as_of)}. " + _told(known, future, step_days)
    top, cut = _top(known, future)
    if cut:
        said += f" The band is cut at {number(top)}; its upper end is {number(cut)}."
    drawings = Markup("").join(
        _fan(past, future, size, top, as_of, step_days, f"{title}. {said}", tone)
        for past, size, tone in (
            (known, WIDE, "chart wide"),
            (known[-NARROW_STEPS:], NARROW, "chart narrow"),
        )
    )
    columns = {"date": "Day" if step_days == 1 else "Last day", "reported": "Reported"}
    columns |= {"estimate": "Estimate or median", "low50": "50 % from", "high50": "to"}
    columns |= {"low95": "95 % from", "high95": "to "}
    rows = [*known, *({**_as_step(row)} for row in future)]
    shown = [{**row, "date": row["date"].isoformat()} for row in rows]
    return Picture(
        title,
        said,
        table_of(shown, columns),
        svg=drawings + drawing.key(_fan_key(known, future, as_of)),
    )


def small_fan(steps: Any, ahead: Any, *, as_of: date, step_days: int, said: str) -> Markup:
    """The same for one of many places, as SVG text: own scale, only the ends are labelled."""
    past, future = rows_of(steps), rows_of(ahead)
    need(past, STEP_FIELDS, "fan")
    need(future, AHEAD_FIELDS, "fan")
    top, _ = _top(past, future)
    frame = _frame(past, future, SMALL, top, step_days, (34, 6, 18), 2)
    body = _curves(frame, past, future)
    dates = [row["date"] for row in [*past, *future]]
    for moment, anchor in ((min(dates), "start"), (max(dates), "end")):
        x = frame.left if anchor == "start" else frame.width - 2
        body += drawing.text(x, 92, day(moment, year=False), anchor, size=10)
    return drawing.svg(*SMALL, said, _grid(frame, 10) + body + _now(frame, as_of), "small-chart")


def reproduction(
    rows: Any, title: str = "Reproduction number: how many each case infects", place: str = ""
) -> Picture:
    """R over time with its 95 % interval; above 1 numbers grow, below 1 they shrink.

    Parameters
    ----------
    rows : date (end of the window), r, low, high.
    """
    given = rows_of(rows)
    need(given, ["date", "r", "low", "high"], "reproduction")
    last = given[-1]
    low, high = span = _span(given)
    cut = any(row["low"] < low or row["high"] > high for row in given)
    said = (
        f"{place + ': ' if place else ''}R {last['r']:.2f} (95 % interval {last['low']:.2f} to "
        f"{last['high']:.2f}) at the end of {day(last['date'])}. At 1 each case infects one other."
        + (" Older values beyond the frame are drawn at its edge." if cut else "")
    )
    drawings = "".join(
        _reproduction(given, span, size, said, tone)
        for size, tone in (((1000, 240), "chart wide"), ((360, 220), "chart narrow"))
    )
    shown = [{**row, "date": row["date"].isoformat()} for row in given]
    columns = {"date": "End of window", "r": "R", "low": "95 % from", "high": "to"}
    return Picture(title, said, table_of(shown, columns), svg=drawings)


def _span(rows: Sequence[Row]) -> tuple[float, float]:
    """Made for the newest two thirds: the first windows of a wave know almost nothing."""
    newest = rows[len(rows) // 3 :]
    return ratio_axis([row[name] for row in newest for name in ("low", "high")])


def _reproduction(
    rows: Sequence[Row], span: tuple[float, float], size: tuple[int, int], said: str, tone: str
) -> Markup:
    low, high = span
    first, last = rows[0]["date"], rows[-1]["date"]
    x = Scale(first.toordinal(), max(last.toordinal(), first.toordinal() + 1), 44, size[0] - 12)
    y = Scale(low, high, size[1] - 26, 10)
    frame = _Frame(size[0], size[1], 44, 10, 26, x, y, [], 0)
    body = "".join(
        drawing.rule(44, y(mark), size[0] - 12, y(mark))
        + drawing.text(38, y(mark) + 4, f"{mark:g}", "end")
        for mark in ratio_marks(low, high)
    )
    body += drawing.band(
        ((frame.at(row["date"]), frame.y(row["low"]), frame.y(row["high"])) for row in rows),
        "est95",
        BLUE,
    )
    one = frame.y(1.0)
    body += drawing.rule(44, one, size[0] - 12, one, dashed=True, tone="stroke-ink")
    body += drawing.text(50, 22, "growing")
    body += drawing.text(50, size[1] - 32, "shrinking")
    body += drawing.line(
        ((frame.at(row["date"]), frame.y(row["r"])) for row in rows), "stroke-accent", BLUE
    )
    return drawing.svg(*size, said, body + _dates(frame, first, last), tone)


def ratio_axis(values: Sequence[float]) -> tuple[float, float]:
    """The narrowest of a few spans around 1 that holds the values; wider ones are cut off at 5.

    >>> ratio_axis([0.8, 1.2]), ratio_axis([0.8, 2.7]), ratio_axis([0.1, 80])
    ((0.5, 1.5), (0.0, 3.0), (0.0, 5.0))
    """
    spans = ((0.5, 1.5), (0.0, 2.0), (0.0, 3.0), (0.0, 5.0))
    holding = (span for span in spans if span[0] <= min(values) and max(values) <= span[1])
    return next(holding, spans[-1])


def ratio_marks(low: float, high: float) -> list[float]:
    """Round numbers on such a span: steps of 0.25, 0.5 or 1."""
    size = 0.25 if high - low <= 1 else 0.5 if high - low <= 3 else 1.0
    return [low + size * i for i in range(round((high - low) / size) + 1)]


def _told(past: Sequence[Row], future: Sequence[Row], step_days: int) -> str:
    """The newest estimate and the farthest forecast in words."""
    said = []
    if past:
        last = past[-1]
        when = ("Day " if step_days == 1 else "Week to ") + day(last["date"])
        seen = "nothing" if last["reported"] is None else number(last["reported"])
        said.append(f"{when}: {seen} reported" + (_estimate(last) or "") + ".")
    if future:
        far = future[-1]
        said.append(
            f"Forecast for {day(far['date'])}: 90 % interval {number(far['q05'])} to "
            f"{number(far['q95'])}, median {number(far['q50'])}."
        )
    return " ".join(said)


def _estimate(row: Row) -> str | None:
    if row["estimate"] is None:
        return None
    if row["low95"] is None:
        return f", estimated {number(row['estimate'])}"
    return (
        f", estimated {number(row['estimate'])} (95 % interval {number(row['low95'])} to "
        f"{number(row['high95'])})"
    )


def _as_step(row: Row) -> dict[str, Any]:
    names = {"estimate": "q50", "low50": "q25", "high50": "q75", "low95": "q025", "high95": "q975"}
    return {"date": row["date"], "reported": None} | {k: row[v] for k, v in names.items()}


def _top(past: Sequence[Row], future: Sequence[Row]) -> tuple[float, float | None]:
    """The highest number that is drawn, and the one that is cut off, if any."""
    middle = [row[k] for row in past for k in ("reported", "estimate", "high95")]
    middle += [row["q75"] for row in future]
    inside = max([one for one in middle if one is not None], default=1.0) or 1.0
    most = max([row["q975"] for row in future if row["q975"] is not None], default=0.0)
    return (CUT * inside, most) if most > CUT * inside else (max(inside, most), None)


def _frame(
    past: Sequence[Row],
    future: Sequence[Row],
    size: tuple[int, int],
    top: float,
    step_days: int,
    margins: tuple[int, int, int],
    most: int,
) -> _Frame:
    left, above, below = margins
    dates = [row["date"] for row in [*past, *future]]
    first = min(dates) - timedelta(days=step_days)
    last = max(dates) + timedelta(days=step_days / 2)
    marks = drawing.ticks(top, most)
    x = Scale(first.toordinal(), max(last.toordinal(), first.toordinal() + 1), left, size[0] - 8)
    pixel = (size[0] - 8 - left) * step_days / max((last - first).days, 1)
    high = max(top * 1.04, marks[-1] if marks[-1] < 1.15 * top else 0)
    y = Scale(0, high, size[1] - below, above)
    return _Frame(*size, left, above, below, x, y, [m for m in marks if m <= high], pixel * 0.72)


def _fan(
    past: Sequence[Row],
    future: Sequence[Row],
    size: tuple[int, int],
    top: float,
    as_of: date,
    step_days: int,
    said: str,
    tone: str,
) -> Markup:
    frame = _frame(past, future, size, top, step_days, (54, 26, 26), 5)
    dates = [row["date"] for row in [*past, *future]]
    body = _grid(frame, 12) + _curves(frame, past, future) + _now(frame, as_of)
    body += _dates(frame, min(dates), max(dates))
    split = frame.at(as_of)
    words = f"known on {day(as_of, year=False)}"
    body += drawing.text(split - 6, 16, words, "end", tone="fill-quiet")
    if future:
        room = frame.width - split > 70
        at, anchor = (split + 6, "start") if room else (frame.width, "end")
        body += drawing.text(at, 16, "forecast", anchor, tone="fill-ahead", bold=True)
    return drawing.svg(*size, said, body + _hover(frame, past, future, step_days), tone)


def _grid(frame: _Frame, size: float) -> str:
    return "".join(
        drawing.rule(frame.left, frame.y(mark), frame.width - 8, frame.y(mark))
        + drawing.text(frame.left - 6, frame.y(mark) + 4, _axis(mark), "end", size=size)
        for mark in frame.marks
    )


def _axis(value: float) -> str:
    """Thousands as "k", so that a margin fits every country."""
    for size, letter in ((1e6, "m"), (1e4, "k")):
        if value >= size:
            return f"{value / (1e3 if letter == 'k' else 1e6):g}{letter}"
    return f"{value:,g}"


def _dates(frame: _Frame, first: date, last: date) -> str:
    most = 9 if frame.width > 500 else 4
    made = ""
    for moment, words in drawing.calendar(first, last, most):
        x = frame.at(moment)
        anchor = "end" if x > frame.width - 30 else "start" if x < frame.left + 14 else "middle"
        base = frame.height - frame.bottom
        made += drawing.rule(x, base, x, base + 4, tone="stroke-quiet")
        made += drawing.text(x, frame.height - 6, words, anchor)
    return made


def _now(frame: _Frame, as_of: date) -> str:
    x = frame.at(as_of)
    return drawing.rule(
        x, frame.top, x, frame.height - frame.bottom, dashed=True, tone="stroke-quiet"
    )


def _curves(frame: _Frame, past: Sequence[Row], future: Sequence[Row]) -> str:
    """Bars of what is reported and what is still to come, then bands, then the lines."""
    at, y = frame.at, frame.y
    reported = [row for row in past if row["reported"] is not None]
    solid = [_bar(frame, row["date"], 0.0, row["reported"]) for row in reported]
    missing = [
        _bar(frame, row["date"], row["reported"], row["estimate"])
        for row in reported
        if row["estimate"] is not None and row["estimate"] > row["reported"]
    ]
    body = drawing.boxes(solid, "bar-reported", "#b7c0c9")
    body += drawing.boxes(missing, "bar-missing", "#e3e7eb")
    known = [row for row in past if row["estimate"] is not None]
    for low, high, tone in (("low95", "high95", "est95"), ("low50", "high50", "est50")):
        points = [(at(r["date"]), y(r[low]), y(r[high])) for r in known if r[low] is not None]
        body += drawing.band(points, tone, BLUE)
    body += drawing.line(((at(r["date"]), y(r["estimate"])) for r in known), "stroke-accent", BLUE)
    return body + _ahead(frame, past, future)


def _bar(frame: _Frame, moment: date, low: float, high: float) -> tuple[float, ...]:
    """x, y, width and height of a bar from one number up to another."""
    top = frame.y(high)
    x = round(frame.at(moment) - frame.bar / 2, 1)
    return (x, top, round(frame.bar, 1), round(frame.y(low) - top, 1))


def _ahead(frame: _Frame, past: Sequence[Row], future: Sequence[Row]) -> str:
    """The forecast's bands and median, begun at the last number before it."""
    at, y = frame.at, frame.y
    start: list[Row] = [_start(past[-1])] if past and _start(past[-1])["q50"] is not None else []
    rows = [*start, *future] if future else []
    body = ""
    for low, high, tone in (("q025", "q975", "ahead95"), ("q05", "q95", "ahead90")):
        body += drawing.band(((at(r["date"]), y(r[low]), y(r[high])) for r in rows), tone, PURPLE)
    body += drawing.band(
        ((at(r["date"]), y(r["q25"]), y(r["q75"])) for r in rows), "ahead50", PURPLE
    )
    return body + drawing.line(
        ((at(r["date"]), y(r["q50"])) for r in rows),
        "stroke-ahead",
        PURPLE,
        ' stroke-dasharray="5 3"',
    )


def _start(row: Row) -> dict[str, Any]:
    middle = row["reported"] if row["estimate"] is None else row["estimate"]
    ends = {"q025": "low95", "q05": "low95", "q25": "low50", "q75": "high50"}
    ends |= {"q95": "high95", "q975": "high95"}
    given = {k: middle if row[v] is None else row[v] for k, v in ends.items()}
    return {"date": row["date"], "q50": middle, **given}


def _hover(frame: _Frame, past: Sequence[Row], future: Sequence[Row], step_days: int) -> str:
    """What a step says when it is pointed at: plain SVG titles, no script."""
    height = frame.height - frame.top - frame.bottom
    wide = frame.bar / 0.72
    said = [(row["date"], _told([row], [], step_days)) for row in past]
    said += [(row["date"], _told([], [row], step_days)) for row in future]
    return "".join(
        f'<rect x="{frame.at(moment) - wide / 2:.1f}" y="{frame.top:g}" width="{wide:.1f}" '
        f'height="{height:g}" fill="none" pointer-events="all"><title>{escape(words)}</title>'
        "</rect>"
        for moment, words in said
    )


def _fan_key(past: Sequence[Row], future: Sequence[Row], as_of: date) -> list[tuple[str, str]]:
    box = drawing.box
    made = [(box("bar-reported", "#b7c0c9"), f"reported until {day(as_of, year=False)}")]
    if any(row["estimate"] is not None for row in past):
        made.append((box("bar-missing", "#e3e7eb"), "not reported yet (estimated)"))
        made.append((box("est50", BLUE, 0.4), "estimate, 50 %"))
        made.append((box("est95", BLUE, 0.2), "and 95 % interval"))
    if future:
        made.append((box("ahead50", PURPLE, 0.5), "forecast, 50 %"))
        made.append((box("ahead90", PURPLE, 0.35), "90 %"))
        made.append((box("ahead95", PURPLE, 0.2), "and 95 % interval"))
    return made
