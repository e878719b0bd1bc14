"""Two pictures of a property model: its figure on the three splits, and how often the 90 % held.

Own SVG with the page's classes, so that dark mode needs no second picture. Marks differ by shape,
not by colour alone, and every number stands in the table twin.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from nof1.pictures.picture import Picture, Table

MAIN = {"regression": "rmse", "classification": "auroc"}
TITLES = {
    "rmse": "RMSE",
    "mae": "mean absolute error",
    "r2": "R2",
    "auroc": "AUROC",
    "average_precision": "average precision",
    "brier": "Brier score",
}
WIDE, LEFT, RIGHT, ROW, HEAD = 600, 130, 24, 40, 12
BETTER = {"regression": "lower is better", "classification": "higher is better"}
ZONES = ("all", "inside", "edge", "outside")


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float
    step: float

    def x(self, value: float) -> float:
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return LEFT + share * (WIDE - LEFT - RIGHT)


def quality(label: Mapping[str, Any]) -> Picture:
    """Our figure with its interval, the naive answer and the nearest neighbour, split by split."""
    kind = label["kind"]
    main, title = MAIN[kind], TITLES[MAIN[kind]]
    found = [(name, one) for name, one in label["splits"].items() if one["repeats"]]
    rows = []
    for name, one in found:
        figure = one["metrics"][main]
        rows.append(
            (name, figure["value"], figure["low"], figure["high"], one["naive"], one["neighbour"])
        )
    numbers = [value for row in rows for value in row[1:] if value is not None]
    scale = _scale(numbers, classify=kind == "classification")
    body = []
    for place, (name, value, low, high, naive, neighbour) in enumerate(rows):
        y = HEAD + ROW * place + ROW / 2
        body += [_word(name, y), _rail(scale, y), _tick(scale.x(naive), y)]
        body += [_diamond(scale.x(neighbour), y), *_dot(scale, y, value, low, high)]
    said = "; ".join(f"{row[0]} {row[1]:.3f}, naive {row[4]:.3f}" for row in rows)
    return Picture(
        f"{title} of {label['name']}",
        f"Held-out compounds, three ways to hold back; {BETTER[kind]}. Dot and line: this model "
        "with its 95 % interval. Upright tick: naive answer. Open diamond: label of the most "
        "similar training compound.",
        Table(("split", title, "95 % from", "to", "naive", "neighbour"), tuple(rows)),
        svg=_svg(len(rows), f"{title}: {said or 'no figure'}", body, scale),
    )


def coverage(label: Mapping[str, Any]) -> Picture:
    """Share of test compounds whose 90 % interval or class set held the truth."""
    found = [(name, one) for name, one in label["splits"].items() if one["repeats"]]
    scale = _Scale(0.0, 1.0, 0.25)
    body, rows = [], []
    for place, (name, one) in enumerate(found):
        y = HEAD + ROW * place + ROW / 2
        total = one["coverage"]["all"]
        body += [_word(name, y), _rail(scale, y), _tick(scale.x(0.9), y)]
        body += _dot(scale, y, total["covered"], total["low"], total["high"])
        for zone in ZONES:
            part = one["coverage"][zone]
            if part["predictions"]:
                share = (part["covered"], part["low"], part["high"])
                rows.append((name, zone, part["predictions"], *share))
    said = "; ".join(f"{row[0]} {row[3]:.0%}" for row in rows if row[1] == "all")
    return Picture(
        f"Do the 90 % limits of {label['name']} hold?",
        "Share of held-out compounds whose interval or class set held the truth, with its 95 % "
        "interval. Upright tick: the promised 90 %. A dot to the left of it: the promise did not "
        "hold there.",
        Table(("split", "zone", "predictions", "held", "95 % from", "to"), tuple(rows)),
        svg=_svg(len(found), f"Coverage: {said or 'no figure'}", body, scale, percent=True),
    )


def _scale(numbers: Sequence[float], *, classify: bool) -> _Scale:
    """From 0 (an AUROC: from 0.4 or lower) to a round number, with round steps."""
    if classify:
        return _Scale(math.floor(10 * min([0.4, *numbers])) / 10, 1.0, 0.1)
    high = max([*numbers, 1e-9])
    size = 10 ** math.floor(math.log10(high))
    step = next(one * size for one in (0.2, 0.5, 1.0, 2.0, 5.0) if high <= 5 * one * size)
    return _Scale(0.0, step * math.ceil(high / step), step)


def _svg(rows: int, said: str, body: Sequence[str], scale: _Scale, *, percent: bool = False) -> str:
    height = HEAD + ROW * rows + 24
    marks = []
    for step in range(round((scale.high - scale.low) / scale.step) + 1):
        value = scale.low + scale.step * step
        text = f"{100 * value:.0f} %" if percent else f"{value:.4g}"
        marks.append(
            f'<text class="fill-quiet" x="{scale.x(value):.1f}" y="{height - 6}" '
            f'font-size="12" text-anchor="middle">{text}</text>'
        )
    return (
        f'<svg viewBox="0 0 {WIDE} {height}" width="100%" role="img" '
        f'aria-label="{escape(said)}">{"".join([*body, *marks])}</svg>'
    )


def _word(text: str, y: float) -> str:
    return f'<text class="fill-quiet" x="0" y="{y + 5:.1f}" font-size="14">{escape(text)}</text>'


def _rail(scale: _Scale, y: float) -> str:
    ends = scale.x(scale.low), scale.x(scale.high)
    return (
        f'<rect class="fill-rest" x="{ends[0]:.1f}" y="{y - 0.5:.1f}" '
        f'width="{ends[1] - ends[0]:.1f}" height="1"/>'
    )


def _tick(x: float, y: float) -> str:
    return f'<rect class="fill-quiet" x="{x - 1.5:.1f}" y="{y - 11:.1f}" width="3" height="22"/>'


def _diamond(x: float, y: float) -> str:
    points = f"{x:.1f},{y - 7:.1f} {x + 7:.1f},{y:.1f} {x:.1f},{y + 7:.1f} {x - 7:.1f},{y:.1f}"
    return f'<polygon class="stroke-quiet" points="{points}" fill="none" stroke-width="2"/>'


def _dot(
    scale: _Scale, y: float, value: float | None, low: float | None, high: float | None
) -> list[str]:
    if value is None:
        return []
    found = [f'<circle class="fill-accent" cx="{scale.x(value):.1f}" cy="{y:.1f}" r="6"/>']
    if low is not None and high is not None:
        left, right = scale.x(low), scale.x(high)
        found.append(
            f'<rect class="fill-accent" x="{left:.1f}" y="{y - 1.5:.1f}" '
            f'width="{max(right - left, 1):.1f}" height="3"/>'
        )
    return found
