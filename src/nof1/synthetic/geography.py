"""The invented country: forty regions around five hospitals, as a map, with people and distances.

Each hospital has a town in the middle and seven regions around it; the fifth lies on an island.
The regions are the cells of a Voronoi tessellation (Okabe et al. 2000, Spatial Tessellations)
between points of land and points of sea. Each border is bent by midpoint displacement (Fournier,
Fussell and Carpenter 1982): coasts more, inland borders less. Neighbours share their border's
points exactly, so there are no gaps. Nothing here is a real place.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Voronoi, cKDTree

Floats = NDArray[np.float64]

SITES, AROUND = 5, 7  # the town of a site, and what lies around it
REGIONS = tuple(f"SYN-{chr(65 + s)}{r + 1}" for s in range(SITES) for r in range(AROUND + 1))
NAMES = (
    "Aldermark", "Ashwater", "Arnholt", "Amberley", "Averness", "Askerdale", "Aumont", "Alvik",
    "Bramhaven", "Birkvale", "Bosgrave", "Bellrush", "Brightfen", "Burnlow", "Byrehill", "Bexmark",
    "Corvale", "Calderbay", "Crannmouth", "Cinderby", "Clarefell", "Coldmere", "Cressby", "Corholm",
    "Dunmarsh", "Dellwick", "Dornhaven", "Drumfirth", "Deepdene", "Dryadwood", "Dalmore", "Dravik",
    "Elmsund", "Eastray", "Eiderholm", "Emberside", "Ettrelow", "Elderness", "Erran", "Evenmoor",
)  # fmt: skip
CENTRES = np.array([[0.0, 0.0], [-1.0, 1.95], [1.8, 1.2], [0.75, -2.0], [-3.1, -1.3]])
RING, SEA_FROM, SEA_STEP, FRAME = 1.0, 0.66, 0.42, 6.0
CORNER_LONGITUDE, CORNER_LATITUDE = -34.0, 44.0  # open ocean
DEGREES_NORTH, KM_PER_DEGREE = 0.42, 111.2
COAST, INLAND, HALVINGS = 0.16, 0.07, 4
TOWN_PEOPLE, OTHER_PEOPLE, LOG_SD = 150_000, 42_000, 0.45


@dataclass(frozen=True, eq=False, repr=False)
class Country:
    """Forty regions.

    Attributes
    ----------
    regions : ``SYN-A1`` to ``SYN-E8``, as in ``surroundings``; ``names`` : words for them.
    population : (regions,) people.
    longitude, latitude : (regions,) degrees of a point inside the region.
    rings : for each region its border, (points, 2) longitude and latitude, counter-clockwise,
        the first point again at the end.
    """

    regions: tuple[str, ...]
    names: tuple[str, ...]
    population: NDArray[np.int64]
    longitude: Floats
    latitude: Floats
    rings: tuple[Floats, ...]

    def distances_km(self) -> Floats:
        """Distances between the regions' points on a plane, (regions, regions), km."""
        scale = np.cos(np.radians(self.latitude.mean()))
        flat = np.column_stack([self.longitude * scale, self.latitude]) * KM_PER_DEGREE
        return np.asarray(np.linalg.norm(flat[:, None] - flat[None], axis=2))

    def geojson(self) -> dict[str, Any]:
        """The map as a GeoJSON FeatureCollection (RFC 7946); properties id, name, population."""
        return {
            "type": "FeatureCollection",
            "synthetic": True,
            "notice": "SYNTHETIC: an invented country; no such place exists.",
            "features": [self._feature(at) for at in range(len(self.regions))],
        }

    def _feature(self, at: int) -> dict[str, Any]:
        return {
            "type": "Feature",
            "id": self.regions[at],
            "properties": {
                "id": self.regions[at],
                "name": self.names[at],
                "population": int(self.population[at]),
            },
            "geometry": {"type": "Polygon", "coordinates": [self.rings[at].round(4).tolist()]},
        }


def country(seed: int = 1) -> Country:
    """Draw the country; one seed gives the same one every time."""
    rng = np.random.default_rng([seed, 4040])
    land = _land(rng)
    sea = _sea(rng, land)
    land = _relaxed(land, sea)
    cells = Voronoi(np.vstack([land, sea]))
    borders = _borders(cells, len(land), rng)
    rings = tuple(_ring(cells, at, borders) for at in range(len(land)))
    town = np.arange(len(land)) % (AROUND + 1) == 0
    people = np.where(town, TOWN_PEOPLE, OTHER_PEOPLE) * np.exp(rng.normal(0, LOG_SD, len(land)))
    where = _degrees(land)
    return Country(
        regions=REGIONS,
        names=NAMES,
        population=people.round(-2).astype(np.int64),
        longitude=where[:, 0],
        latitude=where[:, 1],
        rings=tuple(_degrees(ring) for ring in rings),
    )


def _land(rng: np.random.Generator) -> Floats:
    """A town and a jittered ring of regions around each centre, (regions, 2), plane units."""
    points = []
    for centre in CENTRES:
        turn = rng.uniform(0, 2 * np.pi)
        angle = turn + np.arange(AROUND) * 2 * np.pi / AROUND + rng.normal(0, 0.09, AROUND)
        out = RING * rng.uniform(0.85, 1.15, AROUND)
        ring = centre + np.column_stack([np.cos(angle), np.sin(angle)]) * out[:, None]
        points += [centre[None] + rng.normal(0, 0.05, (1, 2)), ring]
    return np.vstack(points)


def _sea(rng: np.random.Generator, land: Floats) -> Floats:
    """Jittered points of a grid that lie far enough from all land."""
    line = np.arange(-FRAME, FRAME, SEA_STEP)
    grid = np.array([(x, y) for x in line for y in line]) + rng.normal(0, 0.05, (len(line) ** 2, 2))
    away, _ = cKDTree(land).query(grid)
    return np.asarray(grid[away > SEA_FROM])


def _relaxed(land: Floats, sea: Floats, rounds: int = 2) -> Floats:
    """Land points moved half way to the middle of their cells (Lloyd): no slivers."""
    for _ in range(rounds):
        cells = Voronoi(np.vstack([land, sea]))
        corners = [cells.vertices[cells.regions[cells.point_region[at]]] for at in range(len(land))]
        land = np.array([(p + c.mean(axis=0)) / 2 for p, c in zip(land, corners, strict=True)])
    return land


def _borders(cells: Voronoi, land: int, rng: np.random.Generator) -> dict[int, dict[int, Floats]]:
    """Corner -> next corner -> the bent line between them, for every border of land."""
    lines: dict[int, dict[int, Floats]] = defaultdict(dict)
    for (one, other), (start, end) in zip(cells.ridge_points, cells.ridge_vertices, strict=True):
        if min(one, other) >= land or min(start, end) < 0:
            continue  # between two points of sea, or endless
        rough = COAST if max(one, other) >= land else INLAND
        line = _bent(cells.vertices[start], cells.vertices[end], rough, rng)
        lines[start][end], lines[end][start] = line, line[::-1]
    return lines


def _bent(start: Floats, end: Floats, rough: float, rng: np.random.Generator) -> Floats:
    """Points from start to end, bent at each halving by a part of the piece's length."""
    line = np.array([start, end])
    for _ in range(HALVINGS):
        step = np.diff(line, axis=0)
        normal = np.column_stack([-step[:, 1], step[:, 0]])
        middle = line[:-1] + step / 2 + normal * rng.normal(0, rough, (len(step), 1))
        both = np.empty((2 * len(line) - 1, 2))
        both[::2], both[1::2] = line, middle
        line = both
    return line


def _ring(cells: Voronoi, at: int, borders: dict[int, dict[int, Floats]]) -> Floats:
    """The closed border of one cell, counter-clockwise."""
    corners = cells.regions[cells.point_region[at]]
    pairs = zip(corners, [*corners[1:], corners[0]], strict=True)
    ring = np.vstack([borders[start][end][:-1] for start, end in pairs])
    x, y = ring[:, 0], ring[:, 1]
    area = float(x @ np.roll(y, -1) - y @ np.roll(x, -1))
    ring = ring if area > 0 else ring[::-1]
    return np.vstack([ring, ring[:1]])


def _degrees(points: Floats) -> Floats:
    """Plane units to longitude and latitude."""
    wide = DEGREES_NORTH / np.cos(np.radians(CORNER_LATITUDE))
    scale = np.array([wide, DEGREES_NORTH])
    return np.asarray(points * scale + np.array([CORNER_LONGITUDE, CORNER_LATITUDE]))
