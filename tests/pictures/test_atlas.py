"""Outlines: the United States as they are, and any GeoJSON, refused when it is none."""

from __future__ import annotations

import re
from typing import Any

import pytest

from nof1.core.errors import InputError
from nof1.pictures import atlas


def square(x: float, y: float, size: float = 1.0) -> list[list[float]]:
    return [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]


def feature(place: Any, rings: Any, kind: str = "Polygon", **more: Any) -> dict[str, Any]:
    geometry = {"type": kind, "coordinates": rings}
    return {"type": "Feature", "properties": {"id": place, **more}, "geometry": geometry}


def collection(*features: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


def corners(path: str) -> list[list[tuple[int, int]]]:
    """The rings of a path with relative steps, as positions."""
    rings = []
    for start, steps in re.findall(r"M(-?\d+,-?\d+)l([^z]*)z", path):
        x, y = map(int, start.split(","))
        ring = [(x, y)]
        for step in steps.split():
            dx, dy = map(int, step.split(","))
            ring.append((ring[-1][0] + dx, ring[-1][1] + dy))
        rings.append(ring)
    return rings


def test_the_united_states_are_fifty_states_and_the_district() -> None:
    regions = {one.place: one for one in atlas.us_states().regions}
    assert len(regions) == 51
    assert regions["08"].name == "Colorado"
    assert len(corners(regions["15"].path)) >= 5  # Hawaii is islands
    assert sum(len(one.path) for one in regions.values()) < 45_000
    for one in regions.values():
        assert 0 <= one.label[0] <= atlas.US_SIZE[0]
        assert 0 <= one.label[1] <= atlas.US_SIZE[1]


def test_neighbours_share_their_border() -> None:
    regions = {one.place: one for one in atlas.us_states().regions}
    wyoming = {c for ring in corners(regions["56"].path) for c in ring}
    montana = {c for ring in corners(regions["30"].path) for c in ring}
    assert len(wyoming & montana) >= 3


def test_places_are_the_states_by_code_or_abbreviation_and_names_may_object() -> None:
    assert atlas.is_us({"06": None, "48": None})
    assert atlas.is_us({"CA": "California", "TX": "TX"})
    assert not atlas.is_us({"06": "Halvik", "48": "Elmar"})  # an invented country with such codes
    assert not atlas.is_us({"06": None, "R1": None})
    assert not atlas.is_us({"06": None})
    assert {one.place for one in atlas.us_atlas(["CA", "TX"]).regions} >= {"CA", "TX", "08"}


def test_degrees_keep_their_proportions_and_north_is_up() -> None:
    made = atlas.from_geojson(
        collection(feature(1, [square(10, 60)]), feature(2, [square(10, 61)]))
    )
    south, north = made.regions
    assert south.place == "1"
    assert south.label[1] > north.label[1]
    (ring,) = corners(south.path)
    wide = max(x for x, _ in ring) - min(x for x, _ in ring)
    tall = max(y for _, y in ring) - min(y for _, y in ring)
    assert wide / tall == pytest.approx(0.485, abs=0.01)  # cos 61 degrees


def test_a_plane_is_drawn_as_it_is_and_holes_stay_holes() -> None:
    hole = list(reversed(square(1300, 1300, 400)))
    made = atlas.from_geojson(
        collection(feature("a", [[square(1000, 1000, 1000), hole]], "MultiPolygon", name="A"))
    )
    assert len(corners(made.regions[0].path)) == 2
    assert made.regions[0].name == "A"
    assert made.width == pytest.approx(made.height, abs=1)


def test_a_region_smaller_than_the_grid_is_still_a_dot() -> None:
    made = atlas.from_geojson(
        collection(feature("big", [square(0, 0, 50)]), feature("tiny", [square(60, 0, 1e-6)]))
    )
    assert made.regions[1].path.startswith("M")


def test_a_label_stands_inside_even_of_a_bent_region() -> None:
    bent = [[0, 0], [10, 0], [10, 2], [2, 2], [2, 8], [10, 8], [10, 10], [0, 10], [0, 0]]
    made = atlas.from_geojson(collection(feature("c", [bent])))
    x, y = made.regions[0].label
    share = (x - 4) / (made.width - 8), (y - 4) / (made.height - 8)
    assert share[0] < 0.2 or share[1] < 0.2 or share[1] > 0.8
    assert made.regions[0].room > 0


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {"type": "Feature"},
        collection(),
        collection({"type": "Feature"}),
        collection(feature("a", [square(0, 0)]), {"geometry": None, "properties": {"id": "b"}}),
        collection(feature("a", [0.0, 1.0], "Point")),
        collection(feature("a", [[[0, "x"]]])),
        collection(feature("a", [[[0.0, float("nan")], [1.0, 1.0], [2.0, 0.0]]])),
        collection(feature("a", [])),
        collection({**feature("a", [square(0, 0)]), "properties": {"name": "no id"}}),
    ],
)
def test_what_is_no_map_is_refused_with_the_form_it_should_have(document: Any) -> None:
    with pytest.raises(InputError) as error:
        atlas.from_geojson(document)
    assert "properties.id" in str(error.value.allowed)


def test_a_map_of_too_many_corners_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atlas, "MOST_CORNERS", 4)
    with pytest.raises(InputError, match="5 corners"):
        atlas.from_geojson(collection(feature("a", [square(0, 0)])))
