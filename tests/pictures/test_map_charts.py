"""Maps: every colour has words, alarms a sign and an outline, unknown places a hatch."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import surveillance_samples as samples
from nof1.core.errors import UsageError
from nof1.pictures import atlas, map_charts

PLACES = samples.regions()
SHEET = atlas.from_geojson(samples.hexagons(PLACES))


def rate(place: dict[str, Any], value: float | None, **changes: Any) -> dict[str, Any]:
    ends = {"low": value and value - 1, "high": value and value + 1}
    made = {"place": place["id"], "name": place["name"], "value": value, **ends}
    return {**made, "alarm": 0, "cluster": "", **changes}


def rows() -> list[dict[str, Any]]:
    return [rate(one, 2.0 + i) for i, one in enumerate(PLACES)]


def test_every_place_is_one_area_with_its_number_in_words() -> None:
    picture = map_charts.rate_map(SHEET, rows(), "per 100,000")
    areas = re.findall(r'<path d="[^"]*" class="area amount-\d"[^>]*><title>([^<]*)', picture.svg)
    assert len(areas) == len(PLACES)
    assert areas[3].endswith("5 per 100,000 (95 % interval 4 to 6)")
    assert len(picture.table.rows) == len(PLACES)
    assert "alarm" not in re.sub("No alarm", "", picture.svg)


def test_classes_are_about_equal_and_all_stand_in_the_key() -> None:
    picture = map_charts.rate_map(SHEET, rows(), "per 100,000")
    used = [picture.svg.count(f'class="area amount-{i}"') for i in range(6)]
    assert min(used) >= 5
    key = picture.svg.partition('<ul class="key">')[2]
    assert len(re.findall(r"[\d.]+ to [\d.]+</li>", key)) == 6


def test_an_alarm_is_outlined_and_signed_and_said() -> None:
    given = rows()
    given[5] |= {"alarm": 1, "cluster": "A"}
    given[6] |= {"cluster": "A"}
    picture = map_charts.rate_map(SHEET, given, "per 100,000")
    assert picture.svg.count('class="outline"') == 1
    assert picture.svg.count('class="sign"') == 1
    assert picture.svg.count("stroke-dasharray") == 1
    assert f"Alarms: {PLACES[5]['name']}." in picture.description
    assert "alarm (outlined)" in picture.svg
    assert "; alarm; in cluster A" in picture.svg


def test_what_is_not_known_is_hatched_and_never_the_lowest_colour() -> None:
    given = [*rows()[:-1], rate(PLACES[-1], None)]
    picture = map_charts.rate_map(SHEET, given[1:], "per 100,000")  # one place without any row
    assert picture.svg.count('class="area" fill="url(#hatch-rate)"') == 2
    assert "not known</li>" in picture.svg
    assert "known for 38 of 39 places" in picture.description


def test_a_place_without_outline_is_a_square_below() -> None:
    extra = {"id": "X1", "name": "An island"}
    picture = map_charts.rate_map(SHEET, [*rows(), rate(extra, 3.0)], "per 100,000")
    assert "Not on the map:" in picture.svg
    assert "An island: 3 per 100,000" in picture.svg


def test_growth_is_named_only_where_it_is_clear() -> None:
    changes = [(0.5, 0.3, 0.7), (0.1, 0.05, 0.2), (0.5, -0.1, 1.2), (-0.1, -0.2, -0.01)]
    changes += [(-0.4, -0.5, -0.3), (None, None, None)]
    given = [
        {"place": one["id"], "name": one["name"], "value": v, "low": low, "high": high}
        | {"class": map_charts.change_class(v, low, high)}
        for one, (v, low, high) in zip(PLACES, changes, strict=False)
    ]
    picture = map_charts.change_map(SHEET, given)
    said = "Growing in 2 places, shrinking in 2, not clear in 1, not known in 1."
    assert picture.description == said
    assert [picture.svg.count(f'class="area change-{i}"') for i in range(5)] == [1, 1, 1, 1, 1]
    for arrow in map_charts.ARROWS.values():
        assert picture.svg.count(f">{arrow}</text>") == 1


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=80))
def test_breaks_rise_and_hold_every_value(values: list[float]) -> None:
    edges = map_charts.breaks(values)
    assert 2 <= len(edges) <= 7
    assert edges == sorted(set(edges))
    assert edges[0] <= min(values) * (1 + 1e-9) + 1e-12
    assert edges[-1] >= max(values) * (1 - 1e-9) - 1e-12


def test_a_hostile_name_stays_text() -> None:
    bad = rate({"id": PLACES[0]["id"], "name": "</svg><script>alert(1)</script>"}, 3.0)
    picture = map_charts.rate_map(SHEET, [bad, *rows()[1:]], "<b>x</b>")
    assert "<script" not in picture.svg
    assert "<b>" not in picture.svg


def test_rows_that_lack_a_field_are_refused() -> None:
    with pytest.raises(UsageError, match="cluster"):
        map_charts.rate_map(
            SHEET, [{"place": "a", "name": "a", "value": 1, "low": 1, "high": 1, "alarm": 0}], "x"
        )


# Machado, Oliveira & Fernandes, IEEE TVCG 2009;15:1291-1298: severity 1.0, on linear RGB.
SEEN_AS = {
    "full colour": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
)  # sRGB, D65


def lab(colours: tuple[str, ...], eyes: str) -> Any:
    """CIELAB of hexadecimal colours, (colours, 3), as seen with these eyes."""
    rgb = np.array([[int(one[i : i + 2], 16) / 255 for i in (1, 3, 5)] for one in colours])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ SEEN_AS[eyes].T, 0, 1) @ XYZ.T / (XYZ.sum(axis=1))
    f = np.where(seen > 0.008856, np.cbrt(seen), 7.787 * seen + 16 / 116)
    return np.column_stack(
        [116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])]
    )


@pytest.mark.parametrize("eyes", SEEN_AS)
def test_amounts_get_darker_step_by_step_for_every_eye(eyes: str) -> None:
    lightness = lab(map_charts.AMOUNTS, eyes)[:, 0]
    assert np.diff(lightness).max() < -6  # each class at least 6 of 100 darker than the one before


@pytest.mark.parametrize("eyes", SEEN_AS)
@pytest.mark.parametrize("colours", [map_charts.AMOUNTS, map_charts.CHANGES])
def test_no_two_classes_look_alike_to_any_eye(eyes: str, colours: tuple[str, ...]) -> None:
    seen = lab(colours, eyes)
    gaps = np.sqrt(((seen[:, None] - seen[None]) ** 2).sum(axis=2))
    assert gaps[~np.eye(len(seen), dtype=bool)].min() > 10  # 2 is just noticeable
