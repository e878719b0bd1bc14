"""The natural-frequency tree: people in boxes, split twice, so that counts can be compared.

It is the drawing that makes a base rate visible: how many of the people who get an alert are ill.
Drawn as SVG without a script, legible from 340 pixels on.

Reference: Hoffrage & Gigerenzer, Acad Med 73 (1998) 538 (natural frequencies help physicians).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nof1.core.errors import UsageError
from nof1.pictures import drawing
from nof1.pictures.picture import Picture, Table
from nof1.pictures.theme import GREY, VERMILION

WIDTH, TALL, GAP = 344.0, 52.0, 34.0


@dataclass(frozen=True)
class Branch:
    """Some people, what they have in common (``words``), and how they split.

    ``words`` may hold one line break. ``marked`` boxes stand out: the people one looks for.
    """

    people: int
    words: str
    marked: bool = False
    parts: tuple[Branch, ...] = ()


def frequency_tree(root: Branch, title: str, said: str) -> Picture:
    """People of the root, split into two, and these into two again where they have parts.

    Parameters
    ----------
    said : what the tree shows, in a sentence; it stands below the title and is read aloud.

    Raises
    ------
    UsageError : when the parts of a branch do not add up to its people.
    """
    for branch in _all(root):
        if branch.parts and sum(part.people for part in branch.parts) != branch.people:
            raise UsageError(
                f"The parts of {branch.people} people do not add up.",
                allowed="parts that together are all people of their branch",
                next_step="Round one part, and take the other by subtraction.",
            )
    levels = 3 if any(part.parts for part in root.parts) else 2
    height = levels * TALL + (levels - 1) * GAP + 2
    body = _drawn(root, WIDTH / 2, 1, WIDTH / 2)
    rows = tuple((branch.words.replace("\n", " "), branch.people) for branch in _all(root))
    return Picture(
        title,
        said,
        Table(("People", "Number"), rows),
        svg=drawing.svg(WIDTH, height, f"{title}. {said}", body, "tree"),
    )


def alert_tree(people: int, ill: int, found: int, false_alarms: int) -> Picture:
    """The tree of a test or alert: ill and healthy people, each with and without an alert.

    Parameters
    ----------
    people, ill : all people, and the ill ones among them.
    found, false_alarms : ill and healthy people with an alert.
    """
    healthy = people - ill
    alerts = found + false_alarms
    root = Branch(
        people,
        "people",
        parts=(
            Branch(
                ill,
                "ill",
                parts=(Branch(found, "ill,\nalert", True), Branch(ill - found, "ill,\nno alert")),
            ),
            Branch(
                healthy,
                "healthy",
                parts=(
                    Branch(false_alarms, "healthy,\nalert", True),
                    Branch(healthy - false_alarms, "healthy,\nno alert"),
                ),
            ),
        ),
    )
    said = f"{found:,} of the {alerts:,} people with an alert are ill; {ill - found:,} are missed."
    return frequency_tree(root, f"{people:,} people, {ill:,} of them ill", said)


def _all(branch: Branch) -> Iterator[Branch]:
    yield branch
    for part in branch.parts:
        yield from _all(part)


def _drawn(branch: Branch, x: float, y: float, half: float) -> str:
    """A branch around ``x`` with everything below it; ``half`` is half its room."""
    lines = below = ""
    step = half / max(len(branch.parts), 1)
    for i, part in enumerate(branch.parts):
        at = x - half + step * (2 * i + 1)
        lines += _edge(x, y + TALL, at, y + TALL + GAP)
        below += _drawn(part, at, y + TALL + GAP, step)
    return lines + _box(branch, x, y, min(half - 2, 62)) + below


def _edge(x1: float, y1: float, x2: float, y2: float) -> str:
    middle = (y1 + y2) / 2
    return (
        f'<path d="M{x1:g} {y1:g}V{middle:g}H{x2:g}V{y2:g}" class="stroke-quiet" stroke="{GREY}" '
        'fill="none" stroke-width="1.2"/>'
    )


def _box(branch: Branch, x: float, y: float, half: float) -> str:
    tone = (
        f'class="tree-marked" fill="{VERMILION}" fill-opacity="0.18" stroke="{VERMILION}" '
        'stroke-width="2"'
        if branch.marked
        else f'class="tree-box" fill="{GREY}" fill-opacity="0.08" stroke="{GREY}"'
    )
    frame = (
        f'<rect x="{x - half:g}" y="{y:g}" width="{2 * half:g}" height="{TALL:g}" rx="6" {tone}/>'
    )
    words: Sequence[str] = branch.words.split("\n")[:2]
    top = y + (20 if len(words) == 2 else 24)
    said = drawing.text(x, top, f"{branch.people:,}", "middle", size=16, tone="fill-ink", bold=True)
    for i, part in enumerate(words):
        said += drawing.text(x, top + 15 + 12 * i, part, "middle", size=11)
    return frame + said
