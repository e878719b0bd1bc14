"""Maps of places: one colour a class, hatched where nothing is known, alarms outlined and marked.

Colours: pale yellow over green to dark blue for amounts (after ColorBrewer YlGnBu), purple over
grey to orange for change (after PuOr): even steps of lightness, told apart with every kind of
colour blindness. Every class also stands in words in the key, every alarm has a sign and an
outline, and every clear change an arrow.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from nof1.pictures import drawing
from nof1.pictures.atlas import SHORT, Atlas, Region
from nof1.pictures.picture import Picture, Row, need, rows_of, table_of
from nof1.pictures.theme import GREY, INK, VERMILION

AMOUNTS = ("#fbfbd8", "#bde0ac", "#7cc9b8", "#3fadc3", "#2b76b1", "#26348b")  # low to high
CHANGES = ("#5e3c99", "#b2abd2", "#e4e4e4", "#fdb863", "#e66101")  # falling to rising
FAST = 0.25  # a change of more than this share a week is called fast
TILE, GAP = 46.0, 6.0
WARN = "M0-9.5L10 8H-10z"
ARROWS = {0: "⇊", 1: "↓", 3: "↑", 4: "⇈"}


def rate_map(atlas: Atlas, rows: Any, what: str, title: str = "Where it is") -> Picture:
    """Amounts by place in classes of about equal size.

    Parameters
    ----------
    rows : place, name, value (None = not known), low, high (its 95 % interval, or None), alarm
        (0 or 1), cluster (a letter, or "").
    what : what a value is, for example ``"per 100,000 in the week to 6 Jan 2024"``.
    """
    given = rows_of(rows)
    need(given, ["place", "name", "value", "low", "high", "alarm", "cluster"], "rate map")
    edges = breaks([row["value"] for row in given if row["value"] is not None])
    marks = {row["place"]: _amount(row, edges, what) for row in given}
    alarms = [row["name"] for row in given if row["alarm"]]
    known = [row for row in given if row["value"] is not None]
    most = max(known, key=lambda row: row["value"], default=None)
    said = f"{_first_large(what)}; known for {len(known)} of {len(given)} places. "
    said += f"Highest: {most['name']}, {drawing.number(most['value'])}. " if most else ""
    said += f"Alarms: {_named(alarms)}." if alarms else "No alarm."
    key = [
        (drawing.box(f"amount-{i}", AMOUNTS[_spread(i, len(edges) - 1)]), _between(edges, i))
        for i in range(len(edges) - 1)
    ]
    columns = {"name": "Place", "value": _first_large(what), "low": "From", "high": "to"}
    words = [{**row, "alarm": "alarm" if row["alarm"] else ""} for row in given]
    return Picture(
        title,
        said,
        table_of(words, {**columns, "alarm": "Alarm", "cluster": "Cluster"}),
        svg=_map(atlas, given, marks, f"{title}. {said}", "rate")
        + drawing.key([*key, *_signs(given)]),
    )


def change_map(atlas: Atlas, rows: Any, title: str = "Where it grows") -> Picture:
    """Growth a week by place, in the classes of ``change_class``.

    Parameters
    ----------
    rows : place, name, value, low, high: growth a week as a share (0.1 = 10 % more each week)
        with its 95 % interval; None = not known; class: 0 to 4, or None, see ``change_class``.
    """
    given = rows_of(rows)
    need(given, ["place", "name", "value", "low", "high", "class"], "change map")
    classes = {row["place"]: row["class"] for row in given}
    marks = {row["place"]: _change(row, classes[row["place"]]) for row in given}
    counts = [sum(one == i for one in classes.values()) for i in range(5)]
    said = (
        f"Growing in {counts[3] + counts[4]} places, shrinking in "
        f"{counts[0] + counts[1]}, not clear in {counts[2]}, not known in "
        f"{sum(one is None for one in classes.values())}."
    )
    words = ["shrinking fast (over 25 % a week) ⇊", "shrinking ↓", "not clear", "growing ↑"]
    words.append("growing fast (over 25 % a week) ⇈")
    key = [
        (drawing.box(f"change-{i}", CHANGES[i]), f"{one}: {counts[i]}")
        for i, one in enumerate(words)
    ]
    percent = [
        {"name": row["name"]} | {k: _percent(row[k]) for k in ("value", "low", "high")}
        for row in given
    ]
    columns = {"name": "Place", "value": "Growth a week", "low": "From", "high": "to"}
    svg = _map(atlas, given, marks, f"{title}. {said}", "change")
    unknown = [one for one in _signs(given) if one[1] == UNKNOWN]
    return Picture(title, said, table_of(percent, columns), svg=svg + drawing.key([*key, *unknown]))


def _named(names: Sequence[str], most: int = 8) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def change_class(value: float | None, low: float | None, high: float | None) -> int | None:
    """0 shrinking fast, 1 shrinking, 2 not clear, 3 growing, 4 growing fast; None unknown.

    >>> change_class(0.3, 0.1, 0.5), change_class(0.3, -0.1, 0.7), change_class(-0.1, -0.2, -0.05)
    (4, 2, 1)
    """
    if value is None or low is None or high is None:
        return None
    if low <= 0 <= high:
        return 2
    if value > 0:
        return 4 if value > FAST else 3
    return 0 if value < 1 / (1 + FAST) - 1 else 1


def breaks(values: Sequence[float]) -> list[float]:
    """Edges of at most six classes of about equal size, at two digits; never two the same.

    >>> breaks([1.02, 2.04, 3.3, 4.4, 5.5, 6.6]), breaks([])
    ([1.0, 2.0, 3.3, 4.4, 5.5, 6.6], [0.0, 1.0])
    """
    known = sorted(value for value in values if math.isfinite(value))
    if not known:
        return [0.0, 1.0]
    inner = [known[min(round(i * len(known) / 6), len(known) - 1)] for i in range(1, 6)]
    edges = sorted({_digits(known[0], math.floor), *map(_digits, inner)})
    top = _digits(known[-1], math.ceil)
    edges = [edge for edge in edges if edge < top]
    return [*edges, top] if edges else [0.0, top or 1.0]


def _first_large(words: str) -> str:
    return words[:1].upper() + words[1:]


def _digits(value: float, way: Any = round, digits: int = 2) -> float:
    if abs(value) < 1e-12:
        return 0.0
    size = 10.0 ** (math.floor(math.log10(abs(value))) - digits + 1)
    return float(f"{way(round(value / size, 6)) * size:.12g}")


def _between(edges: Sequence[float], i: int) -> str:
    return f"{drawing.number(edges[i])} to {drawing.number(edges[i + 1])}"


def _spread(i: int, classes: int) -> int:
    """Which of the six colours class ``i`` of ``classes`` takes."""
    return round(i * (len(AMOUNTS) - 1) / (classes - 1)) if classes > 1 else 2


def _amount(row: Row, edges: Sequence[float], what: str) -> dict[str, Any]:
    value = row["value"]
    if value is None:
        return {"said": f"{row['name']}: not known", "tone": None}
    at = max(sum(value >= edge for edge in edges[:-1]) - 1, 0)
    colour = _spread(at, len(edges) - 1)
    told = f"{row['name']}: {drawing.number(value)} {what}" + _interval(row, drawing.number)
    told += "; alarm" if row["alarm"] else ""
    told += f"; in cluster {row['cluster']}" if row["cluster"] else ""
    return {"said": told, "tone": f"amount-{colour}", "colour": AMOUNTS[colour]} | {
        "ink": ("low", "low", "mid", "mid", "high", "high")[colour]
    }


def _change(row: Row, at: int | None) -> dict[str, Any]:
    if at is None:
        return {"said": f"{row['name']}: not known", "tone": None}
    told = f"{row['name']}: {_percent(row['value'])} a week" + _interval(row, _percent)
    return {"said": told, "tone": f"change-{at}", "colour": CHANGES[at]} | {
        "label": ARROWS.get(at, ""),
    }


def _interval(row: Row, words: Any) -> str:
    if row["low"] is None or row["high"] is None:
        return ""
    return f" (95 % interval {words(row['low'])} to {words(row['high'])})"


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{100 * share:+.0f} %".replace("-", "−")


UNKNOWN = "not known"


def _signs(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """What else the key explains, as far as it is on the map."""
    signs = []
    if any(row["value"] is None for row in rows):
        lines = f'<path d="M0 12L12 0M6 12L16 2M-4 10L6 0" class="stroke-quiet" stroke="{GREY}"/>'
        signs.append((drawing.box("fill-none", "#ffffff", 0.2) + lines, UNKNOWN))
    if any(row.get("alarm") for row in rows):
        triangle = f'<g transform="translate(8 6.5) scale(.58)">{_triangle()}</g>'
        signs.append((triangle, "alarm (outlined)"))
    if any(row.get("cluster") for row in rows):
        words = drawing.text(8, 10, "A", "middle", size=11, tone="fill-ink", bold=True)
        signs.append((words, "cluster of places (letter, dashed outline)"))
    return signs


def _triangle() -> str:
    return (
        f'<path d="{WARN}" class="warn" fill="#ffffff" stroke="{VERMILION}" stroke-width="2.6" '
        f'stroke-linejoin="round"/><path d="M0-3.5v5.5M0 4.2v1.8" class="warn-sign" '
        f'stroke="{VERMILION}" stroke-width="2.4"/>'
    )


def _map(
    atlas: Atlas, rows: Sequence[Row], marks: Mapping[str, Mapping[str, Any]], said: str, name: str
) -> Markup:
    """The drawing: areas, then outlines, then signs and labels, then tiles for the rest."""
    by_place = {row["place"]: row for row in rows}
    on_map = {region.place for region in atlas.regions}
    tiles = _tiles([row for row in rows if row["place"] not in on_map], atlas)
    regions = [*atlas.regions, *tiles]
    height = atlas.height + (TILE + 30 if tiles else 0)
    hatch = (
        f'<defs><pattern id="hatch-{name}" width="7" height="7" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><rect width="7" height="7" class="fill-none" '
        f'fill="#ffffff" fill-opacity="0.2"/><path d="M0 0v7" class="stroke-quiet" '
        f'stroke="{GREY}" stroke-width="1.6"/></pattern></defs>'
    )
    areas = "".join(_area(one, marks.get(one.place), name) for one in regions)
    lines = "".join(_outline(one, by_place.get(one.place, {})) for one in regions)
    signs = "".join(
        _sign(one, by_place.get(one.place, {}), marks.get(one.place, {}), i >= len(atlas.regions))
        for i, one in enumerate(regions)
    )
    note = drawing.text(8, atlas.height + 14, "Not on the map:", size=18) if tiles else ""
    return drawing.svg(atlas.width, height, said, hatch + areas + lines + signs + note, "map")


def _tiles(rows: Sequence[Row], atlas: Atlas) -> list[Region]:
    """Squares below the map for places without an outline, as many as fit beside each other."""
    most = int((atlas.width - 8) // (TILE + GAP))
    made = []
    for i, row in enumerate(rows[:most]):
        x, y = 8 + i * (TILE + GAP), atlas.height + 24
        path = f"M{x:g},{y:g}h{TILE:g}v{TILE:g}h{-TILE:g}z"
        middle = (x + TILE / 2, y + TILE / 2)
        made.append(Region(row["place"], row["name"], path, middle, TILE / 2))
    return made


def _area(region: Region, mark: Mapping[str, Any] | None, name: str) -> str:
    shown = mark or {"said": f"{region.name}: no data", "tone": None}
    fill = (
        f'class="area {shown["tone"]}" fill="{shown["colour"]}"'
        if shown["tone"]
        else f'class="area" fill="url(#hatch-{name})"'
    )
    return f'<path d="{region.path}" {fill}><title>{escape(shown["said"])}</title></path>'


def _outline(region: Region, row: Row) -> str:
    """An alarm has a light and a coloured outline, a cluster a dashed one."""
    if row.get("alarm"):
        return (
            f'<path d="{region.path}" class="casing" fill="none" stroke="#ffffff" '
            f'stroke-width="6"/><path d="{region.path}" class="outline" fill="none" '
            f'stroke="{VERMILION}" stroke-width="3"/>'
        )
    if row.get("cluster"):
        return (
            f'<path d="{region.path}" class="stroke-ink" fill="none" stroke="{INK}" '
            'stroke-width="2" stroke-dasharray="5 3"/>'
        )
    return ""


def _sign(region: Region, row: Row, mark: Mapping[str, Any], tile: bool) -> str:
    """The sign of an alarm, or a label where there is room for it."""
    x, y = region.label
    if row.get("alarm"):
        letter = (
            drawing.text(x + 13, y + 5, row["cluster"], size=15, tone="cluster on-map", bold=True)
            if row.get("cluster")
            else ""
        )
        return (
            f'<g transform="translate({x:g} {y:g})"><g class="sign">{_triangle()}</g></g>{letter}'
        )
    label = mark.get("label")
    if label is None:
        short = SHORT.get(region.place, region.place)
        label = row.get("cluster") or (short if len(short) <= 4 else "")
    room = max(region.room, 9 if len(label) == 1 else 0)
    if not label or (not tile and room < 4.2 * len(label) + 2):
        return ""
    if "label" in mark:
        return drawing.text(x, y + 8, label, "middle", size=26, tone="place arrow", bold=True)
    tone = f"on-{mark.get('ink', 'none')}"
    kind = "cluster" if row.get("cluster") else "place"
    return drawing.text(x, y + 5, label, "middle", size=15, tone=f"{kind} {tone}")
