"""Drawings about a reader: what was said against what is true, as SVG without a script."""

from __future__ import annotations

from collections.abc import Sequence

from nof1.core.errors import UsageError
from nof1.pictures import drawing
from nof1.pictures.drawing import Scale
from nof1.pictures.picture import Picture, Table
from nof1.pictures.theme import BLUE, VERMILION

WIDTH, ROW = 360.0, 40


def said_against_truth(
    rows: Sequence[tuple[str, float]], truth: float, threshold: float, what: str = ""
) -> Picture:
    """Chances that were said for one patient, on one line each, with the truth and the threshold.

    Parameters
    ----------
    rows : (who or when, chance); chances from 0 to 1.
    truth : the true chance; threshold : from where on acting is right.

    Raises
    ------
    UsageError : a chance is not from 0 to 1.
    """
    everything = [truth, threshold, *(chance for _, chance in rows)]
    if not all(0 <= chance <= 1 for chance in everything):
        raise UsageError("A chance is out of range.", allowed="0 to 1")
    top = next(t for t in (0.04, 0.08, 0.2, 0.4, 0.6, 0.8, 1.0) if max(everything) <= t)
    x = Scale(0, top, 8, WIDTH - 8)
    height = 38 + ROW * (len(rows) + 1)
    body = _axis(x, top, height)
    body += drawing.rule(
        x(threshold), 20, x(threshold), height - 20, dashed=True, tone="stroke-ink"
    )
    side = "end" if threshold > 0.6 * top else "start"
    act = f"act from {_of_100(threshold)}"
    body += drawing.text(x(threshold) + (-4 if side == "end" else 4), 12, act, side, size=11)
    for i, (name, chance) in enumerate([*rows, ("Truth", truth)]):
        body += _row(x, 24 + ROW * i, name, chance, i == len(rows))
    told = "; ".join(f"{name}: {_of_100(chance)} of 100" for name, chance in rows)
    said = f"{told}. True: {_of_100(truth)} of 100. Acting is right from {_of_100(threshold)} on."
    table = (*((name, f"{_of_100(chance)} of 100") for name, chance in rows),)
    table = (
        *table,
        ("Truth", f"{_of_100(truth)} of 100"),
        ("Threshold", f"{_of_100(threshold)} of 100"),
    )
    return Picture(
        what or "What was said, and what is true",
        said,
        Table(("Who", "Of 100 people like this"), table),
        svg=drawing.svg(WIDTH, height, said, body, "sketch"),
    )


def _of_100(chance: float) -> str:
    """Whole people, and one digit where rounding would say none at all or hide a difference."""
    return f"{100 * chance:.2g}" if chance < 0.1 else f"{100 * chance:.0f}"


def _axis(x: Scale, top: float, height: float) -> str:
    marks = ""
    for i in range(5):
        at = x(top * i / 4)
        anchor = ("start", "middle", "middle", "middle", "end")[i]
        marks += drawing.rule(at, 22, at, height - 18)
        marks += drawing.text(at, height - 4, f"{25 * i * top:g}", anchor, size=11)
    return marks


def _row(x: Scale, y: float, name: str, chance: float, true: bool) -> str:
    tone = ("fill-risk", VERMILION) if true else ("fill-accent", BLUE)
    wide = max(x(chance) - x(0), 1)
    words = drawing.text(
        8, y + 12, f"{name}: {_of_100(chance)} of 100", size=12, tone="fill-ink halo", bold=true
    )
    bar = (
        f'<rect x="{x(0):g}" y="{y + 18:g}" width="{wide:g}" height="12" rx="2" class="{tone[0]}" '
        f'fill="{tone[1]}"/>'
    )
    return bar + words
