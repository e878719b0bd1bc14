"""One number with its interval on a line, small enough for a row of a table; SVG, no script."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import escape

from nof1.core.errors import UsageError
from nof1.pictures.picture import Picture, Table
from nof1.pictures.theme import BLUE, GREY, SANS

WIDTH, LINE, EDGE = 320, 16, 12


def interval_bar(
    what: str,
    numbers: tuple[float, float, float],
    texts: tuple[str, str, str],
    *,
    axis: tuple[float, float],
    ticks: Sequence[tuple[float, str]] = (),
    reference: float | None = None,
    level: float = 0.95,
) -> Picture:
    """A value as a dot and its interval as a band.

    Parameters
    ----------
    what : what is measured, for people who do not see the drawing.
    numbers : value, low, high; texts : the same as people read them.
    axis : numbers at the left and the right end; what lies beyond is drawn at the end.
    ticks : (number, words) below the line; without any the drawing is one text line high.
    reference : a number to compare with (for example chance), as a dashed line.

    Raises
    ------
    UsageError : an axis without length, or a value outside of its interval.
    """
    value, low, high = numbers
    start, end = axis
    if not (start < end and low <= value <= high):
        raise UsageError(
            "The numbers of an interval are out of order.", allowed="low <= value <= high"
        )

    def x(number: float) -> float:
        share = min(max((number - start) / (end - start), 0.0), 1.0)
        return round(EDGE + (WIDTH - 2 * EDGE) * share, 1)

    wide = max(x(high) - x(low), 2)
    marks = [
        f'<rect x="{EDGE}" y="{LINE - 1}" width="{WIDTH - 2 * EDGE}" height="2" '
        f'class="fill-rest" fill="{GREY}"/>',
        f'<rect x="{x(low)}" y="{LINE - 7}" width="{wide:.1f}" height="14" rx="4" '
        f'class="fill-accent" fill="{BLUE}" fill-opacity="0.28"/>',
    ]
    if reference is not None:
        marks.append(
            f'<path d="M{x(reference)} 2v28" class="stroke-quiet" stroke="{GREY}" '
            'stroke-width="1.5" stroke-dasharray="3 3"/>'
        )
    marks += [_tick(x(number), words) for number, words in ticks]
    marks.append(f'<circle cx="{x(value)}" cy="{LINE}" r="6" class="fill-accent" fill="{BLUE}"/>')
    said = f"{what}: {texts[0]}, {level:.0%} interval {texts[1]} to {texts[2]}."
    rows = tuple(zip(("value", "interval from", "to"), texts, strict=True))
    return Picture(
        what, said, Table(("What", what), rows), svg=_svg(48 if ticks else 32, said, marks)
    )


def _tick(x: float, words: str) -> str:
    anchor = "start" if x <= EDGE else "end" if x >= WIDTH - EDGE else "middle"
    return (
        f'<path d="M{x} 26v4" class="stroke-quiet" stroke="{GREY}"/>'
        f'<text x="{x}" y="43" text-anchor="{anchor}" font-size="12" font-family="{escape(SANS)}" '
        f'class="fill-quiet" fill="{GREY}">{escape(words)}</text>'
    )


def _svg(height: int, said: str, marks: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" class="interval" role="img" '
        f'aria-label="{escape(said)}" xmlns="http://www.w3.org/2000/svg">{"".join(marks)}</svg>'
    )
