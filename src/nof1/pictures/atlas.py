"""Outlines of places as SVG paths: the United States (us-atlas), or any GeoJSON of the user's.

Corners are moved onto a grid of one drawing unit, the same one for both sides of a border, so
that neighbours stay neighbours and a page stays small.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from nof1.core.errors import InputError
from nof1.pictures import assets

US_FILE = "vendor/us-states-albers-10m.json"
US_SIZE, US_SHIFT = (1020.0, 604.0), (60.0, -8.0)  # the file's own sheet begins at -58, 13
US_CODES = (
    "01AL 02AK 04AZ 05AR 06CA 08CO 09CT 10DE 11DC 12FL 13GA 15HI 16ID 17IL 18IN 19IA 20KS 21KY "
    "22LA 23ME 24MD 25MA 26MI 27MN 28MS 29MO 30MT 31NE 32NV 33NH 34NJ 35NM 36NY 37NC 38ND 39OH "
    "40OK 41OR 42PA 44RI 45SC 46SD 47TN 48TX 49UT 50VT 51VA 53WA 54WV 55WI 56WY 60AS 66GU 69MP "
    "72PR 78VI"
)
SHORT = {one[:2]: one[2:] for one in US_CODES.split()}  # FIPS code -> postal abbreviation
FIPS = {short: code for code, short in SHORT.items()}
WIDTH, TALLEST, SMALLEST = 800.0, 760.0, 3.0
MOST_CORNERS = 400_000
Ring = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Region:
    """One place: its outline, where its label stands, and how much room is around that point."""

    place: str
    name: str
    path: str
    label: tuple[float, float]
    room: float


@dataclass(frozen=True)
class Atlas:
    """Regions on a sheet of ``width`` x ``height`` drawing units; ``source``: whose outlines."""

    width: float
    height: float
    regions: tuple[Region, ...]
    source: str


def is_us(names: Mapping[str, str | None]) -> bool:
    """Whether identifiers are those of US states, and their names do not contradict it.

    Parameters
    ----------
    names : identifier (FIPS code or postal abbreviation) -> name, or None.
    """
    codes = {place: FIPS.get(place, place) for place in names}
    if len(names) < 2 or not all(code in SHORT for code in codes.values()):
        return False
    ours = {region.place: region.name for region in us_states().regions}
    told = [(codes[place], name) for place, name in names.items() if name]
    same = sum(name in (ours.get(code, name), SHORT[code]) for code, name in told)
    return same * 2 >= len(told)


@cache
def us_states() -> Atlas:
    """The 50 states and the District of Columbia (Albers projection, Alaska and Hawaii moved).

    Regions carry FIPS codes. Source: us-atlas 3, from the US Census Bureau's 2017 outlines.
    """
    topology = json.loads(assets.text(US_FILE))
    arcs = _arcs(topology)
    regions = []
    for one in topology["objects"]["states"]["geometries"]:
        parts = one["arcs"] if one["type"] == "MultiPolygon" else [one["arcs"]]
        rings = [[_joined(ring, arcs) for ring in part] for part in parts]
        regions.append(_region(one["id"], one["properties"]["name"], rings))
    return Atlas(*US_SIZE, tuple(regions), "us-atlas 3 (US Census Bureau)")


def us_atlas(places: Sequence[str]) -> Atlas:
    """The US map with regions named as the signal names them (FIPS codes or abbreviations)."""
    asked = {FIPS.get(place, place): place for place in places}
    full = us_states()
    regions = tuple(
        Region(asked.get(one.place, one.place), one.name, one.path, one.label, one.room)
        for one in full.regions
    )
    return Atlas(full.width, full.height, regions, full.source)


def _arcs(topology: Mapping[str, Any]) -> list[list[tuple[float, float]]]:
    """Arcs of a quantised TopoJSON file as positions (deltas summed, then scaled)."""
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    made = []
    for arc in topology["arcs"]:
        steps = np.cumsum(np.array(arc, dtype=float), axis=0)  # (corners, 2)
        made.append(
            [(x * sx + tx + US_SHIFT[0], y * sy + ty + US_SHIFT[1]) for x, y in steps.tolist()]
        )
    return made


def _joined(ring: Sequence[int], arcs: Sequence[Ring]) -> list[tuple[float, float]]:
    """One ring from its arcs; a negative number is the arc ``~number`` walked backwards."""
    made: list[tuple[float, float]] = []
    for at in ring:
        arc = list(arcs[at]) if at >= 0 else list(reversed(arcs[~at]))
        made += arc[1:] if made else arc
    return made


def from_geojson(document: Any) -> Atlas:
    """A map from a GeoJSON FeatureCollection; ``properties.id`` is the place.

    Longitude and latitude are drawn with the middle latitude's true proportions; numbers that
    cannot be degrees are taken for a plane whose y axis points up.

    Raises
    ------
    InputError : not a FeatureCollection of polygons with ids, or more than 400,000 corners.
    """
    features = document.get("features") if isinstance(document, Mapping) else None
    if not isinstance(features, list) or not features:
        raise _refused("It is not a FeatureCollection with features.", "map")
    found = [_feature(one, number) for number, one in enumerate(features, 1)]
    corners = [c for _, _, parts in found for part in parts for ring in part for c in ring]
    if len(corners) > MOST_CORNERS:
        raise _refused(f"It has {len(corners):,} corners.", "map")
    sheet = _Sheet.around(np.array(corners, dtype=float))
    regions = tuple(
        _region(place, name, [[[sheet.at(c) for c in ring] for ring in part] for part in parts])
        for place, name, parts in found
    )
    return Atlas(sheet.width, sheet.height, regions, "map.geojson")


@dataclass(frozen=True)
class _Sheet:
    """Where positions of a file land: ``at(corner)`` in drawing units, y down."""

    left: float
    top: float
    across: float
    up: float
    width: float
    height: float

    @classmethod
    def around(cls, corners: Any) -> _Sheet:
        """A sheet for all corners, (corners, 2), as wide as ``WIDTH`` or as tall as ``TALLEST``."""
        (west, south), (east, north) = corners.min(axis=0), corners.max(axis=0)
        degrees = abs(corners[:, 0]).max() <= 180 and abs(corners[:, 1]).max() <= 90
        narrow = math.cos(math.radians((south + north) / 2)) if degrees else 1.0
        wide, tall = max((east - west) * narrow, 1e-9), max(north - south, 1e-9)
        scale = min((WIDTH - 8) / wide, (TALLEST - 8) / tall)
        size = (math.ceil(wide * scale) + 8, math.ceil(tall * scale) + 8)
        return cls(float(west), float(north), scale * narrow, scale, *size)

    def at(self, corner: tuple[float, float]) -> tuple[float, float]:
        x, y = corner
        return 4 + (x - self.left) * self.across, 4 + (self.top - y) * self.up


def _feature(one: Any, number: int) -> tuple[str, str, list[list[Ring]]]:
    where = f"feature {number}"
    try:
        about, shape = one["properties"], one["geometry"]
        place = str(about["id"])
        parts = shape["coordinates"]
        parts = parts if shape["type"] == "MultiPolygon" else [parts]
        rings: list[list[Ring]] = [
            [[(float(c[0]), float(c[1])) for c in ring] for ring in part] for part in parts
        ]
    except (KeyError, TypeError, ValueError, IndexError):
        raise _refused("A feature is not a polygon with properties.id.", where) from None
    if shape["type"] not in ("Polygon", "MultiPolygon") or not any(r for p in rings for r in p):
        raise _refused("A feature is not a polygon.", where)
    if not all(math.isfinite(v) for p in rings for r in p for c in r for v in c):
        raise _refused("A corner is not a number.", where)
    return place, str(about.get("name") or place), rings


def _refused(message: str, where: str) -> InputError:
    return InputError(
        f"The map cannot be read. {message}",
        where=where,
        allowed="GeoJSON: a FeatureCollection of Polygon or MultiPolygon, each with properties.id",
        next_step="Export the regions as GeoJSON, with the place's identifier as id.",
    )


def _region(place: str, name: str, parts: Sequence[Sequence[Ring]]) -> Region:
    """A region from its polygons (each: outline, then holes) in drawing units."""
    kept = [[_snapped(ring) for ring in part] for part in parts]
    outlines = [part[0] for part in kept if part and len(part[0]) > 2]
    if not outlines:  # smaller than the grid: a dot that can still be seen
        x, y = parts[0][0][0]
        outlines = [[(round(x) + a, round(y) + b) for a, b in ((-1, -1), (2, -1), (2, 2), (-1, 2))]]
        kept = [outlines]
    largest = max(outlines, key=lambda ring: abs(_area(ring)))
    rings = [
        ring
        for part in kept
        for ring in part
        if len(ring) > 2 and (abs(_area(ring)) >= SMALLEST or ring is largest)
    ]
    label, room = _middle(np.array(largest, dtype=float))
    return Region(place, name, "".join(map(_drawn, rings)), label, room)


def _snapped(ring: Ring) -> list[tuple[int, int]]:
    """The ring on the grid of whole units, without repeated and without in-between corners."""
    made: list[tuple[int, int]] = []
    for x, y in ring:
        corner = (round(x), round(y))
        if made and corner == made[-1]:
            continue
        if len(made) > 1 and _straight(made[-2], made[-1], corner):
            made[-1] = corner
        else:
            made.append(corner)
    if len(made) > 1 and made[0] == made[-1]:
        made.pop()
    return made


def _straight(a: tuple[int, int], b: tuple[int, int], c: tuple[int, int]) -> bool:
    """Whether b lies on the way from a to c."""
    turn = (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0])
    onward = (b[0] - a[0]) * (c[0] - b[0]) + (b[1] - a[1]) * (c[1] - b[1])
    return turn == 0 and onward > 0


def _area(ring: Ring) -> float:
    after = [*ring[1:], ring[0]]
    return sum(x * v - u * y for (x, y), (u, v) in zip(ring, after, strict=True)) / 2


def _drawn(ring: Sequence[tuple[int, int]]) -> str:
    """A closed path with relative steps, which are shorter than positions."""
    steps = (f"{x - u},{y - v}" for (u, v), (x, y) in pairwise(ring))
    return f"M{ring[0][0]},{ring[0][1]}l{' '.join(steps)}z"


def _middle(ring: Any) -> tuple[tuple[float, float], float]:
    """The point of a grid inside the ring, (corners, 2), that is farthest from its border."""
    low, high = ring.min(axis=0), ring.max(axis=0)
    steps = (np.arange(16) + 0.5) / 16
    xs, ys = np.meshgrid(low[0] + steps * (high[0] - low[0]), low[1] + steps * (high[1] - low[1]))
    points = np.column_stack([xs.ravel(), ys.ravel()])  # (256, 2)
    start, end = ring, np.roll(ring, -1, axis=0)
    across = end - start  # (corners, 2)
    away = points[:, None, :] - start[None, :, :]  # (256, corners, 2)
    along = (away * across).sum(axis=2) / np.maximum((across**2).sum(axis=1), 1e-12)
    gap = away - np.clip(along, 0, 1)[:, :, None] * across
    distance = np.sqrt((gap**2).sum(axis=2).min(axis=1))
    crosses = (start[:, 1] > points[:, 1:]) != (end[:, 1] > points[:, 1:])
    rise = np.where(across[:, 1] == 0, 1e-12, across[:, 1])
    left = points[:, :1] < start[:, 0] + (points[:, 1:] - start[:, 1]) * across[:, 0] / rise
    inside = (crosses & left).sum(axis=1) % 2 == 1
    if not inside.any():
        return (float(ring[:, 0].mean()), float(ring[:, 1].mean())), 0.0
    best = int(np.where(inside, distance, -1.0).argmax())
    return (round(float(points[best, 0]), 1), round(float(points[best, 1]), 1)), float(
        distance[best]
    )
