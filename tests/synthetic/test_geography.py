"""The invented country: a map without gaps, with the regions of the hospital."""

from itertools import pairwise

import numpy as np
import pytest

from nof1.synthetic.geography import NAMES, REGIONS, country
from nof1.synthetic.surroundings import surroundings


@pytest.fixture(scope="module")
def land():
    return country(1)


def test_the_regions_are_those_of_the_hospital(land):
    start = np.datetime64("2019-01-01")
    around = surroundings(np.random.default_rng(1), start, 12, [0.0] * 5)
    assert list(land.regions) == around.regions
    assert len(set(NAMES)) == len(NAMES) == 40


def test_each_region_has_one_simple_ring_around_its_point(land):
    for at, ring in enumerate(land.rings):
        assert (ring[0] == ring[-1]).all()
        x, y = ring[:-1].T
        assert np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)) > 0  # counter-clockwise, RFC 7946
        assert inside(land.longitude[at], land.latitude[at], ring)


def inside(x: float, y: float, ring: np.ndarray) -> bool:
    """Ray casting: an odd number of borders lies east of the point."""
    (x0, y0), (x1, y1) = ring[:-1].T, ring[1:].T
    across = (y0 > y) != (y1 > y)
    at = x0[across] + (y - y0[across]) * (x1 - x0)[across] / (y1 - y0)[across]
    return int((at > x).sum()) % 2 == 1


def test_inner_borders_are_shared_point_by_point(land):
    steps: dict[tuple, list[int]] = {}
    for at, ring in enumerate(land.rings):
        points = [tuple(point) for point in ring.round(9)]
        for pair in pairwise(points):
            steps.setdefault(tuple(sorted(pair)), []).append(at)
    shared = {frozenset(pair) for pair in steps.values() if len(pair) == 2}
    assert max(len(pair) for pair in steps.values()) == 2
    assert len(shared) > 60  # forty regions touch each other in so many borders
    town, first = REGIONS.index("SYN-A1"), REGIONS.index("SYN-A2")
    assert frozenset((town, first)) in shared


def test_geojson_and_distances(land):
    map_ = land.geojson()
    assert map_["synthetic"] is True
    assert [one["properties"]["id"] for one in map_["features"]] == list(REGIONS)
    far = land.distances_km()
    assert np.allclose(far, far.T)
    assert (np.diag(far) == 0).all()
    near = np.sort(far, axis=1)[:, 1]
    assert 10 < near.min() < near.max() < 120
    towns = land.population[::8]
    assert towns.mean() > 2 * land.population.mean()


def test_one_seed_gives_one_country(land):
    again, other = country(1), country(2)
    assert all((a == b).all() for a, b in zip(land.rings, again.rings, strict=True))
    assert (land.population != other.population).any()
