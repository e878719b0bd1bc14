"""Drawings about one patient: well-formed, true to the numbers, in words too."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof1.core.errors import UsageError
from nof1.pictures import patient_charts

SVG = "{http://www.w3.org/2000/svg}"


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def tones(svg: str) -> list[str]:
    return [path.get("class", "") for path in parsed(svg).iter(f"{SVG}path")]


@given(st.integers(0, 100), st.integers(0, 100), st.integers(0, 100))
def test_icons_count_what_they_say(a: int, b: int, c: int) -> None:
    low, events, high = sorted((a, b, c))
    picture = patient_charts.icon_array(events, low, high)
    drawn = tones(picture.svg or "")
    assert drawn.count("fill-risk") == events
    assert drawn.count("fill-range") == high - events
    assert len(drawn) == 100
    assert f"{events} of 100 people; the range is {low} to {high}" in picture.description


@pytest.mark.parametrize("numbers", [(5, 6, 7), (5, 2, 4), (5, 2, 101), (-1, -2, 3)])
def test_icons_refuse_numbers_out_of_order(numbers: tuple[float, float, float]) -> None:
    with pytest.raises(UsageError, match="out of order"):
        patient_charts.icon_array(*numbers)


@given(
    st.lists(st.floats(0, 1), min_size=3, max_size=3).map(sorted),
    st.one_of(st.none(), st.floats(0, 1)),
)
def test_the_risk_bar_draws_interval_then_point_inside_its_frame(
    risks: list[float], usual: float | None
) -> None:
    low, value, high = risks
    picture = patient_charts.risk_bar(value, low, high, 0.9, usual)
    root = parsed(picture.svg or "")
    width = float(root.get("viewBox", "").split()[2])
    order = [element.get("class") for element in root]
    assert order.index("fill-range") < order.index("fill-risk")
    for element in root.iter(f"{SVG}rect"):
        assert float(element.get("x", 0)) + float(element.get("width", 0)) <= width + 2
    assert f"{low:.1%} to {high:.1%}" in picture.description


@pytest.mark.parametrize(("amount", "way"), [(0.4, "raises"), (-0.4, "lowers")])
def test_contributions_have_a_side_and_a_word(amount: float, way: str) -> None:
    bar = patient_charts.contribution_bar(amount, 0.8)
    rect = next(parsed(bar).iter(f"{SVG}rect"))
    assert (float(rect.get("x", 0)) >= 60) is (amount > 0)
    assert float(rect.get("width", 0)) == 28.0
    assert way in bar


def test_contributions_are_one_drawing_of_one_size() -> None:
    rows = [{"text": "age", "contribution": 0.4}, {"text": "eGFR", "contribution": -0.2}]
    picture = patient_charts.contributions(rows)
    root = parsed(picture.svg or "")
    assert [one.tag for one in root.iter() if one.tag == f"{SVG}svg"] == [f"{SVG}svg"]
    widths = [float(one.get("width", "0")) for one in root.iter(f"{SVG}rect")]
    assert widths == [56.0, 28.0]


def test_units_stand_as_people_write_them_and_one_value_is_one() -> None:
    points = [{"time": "2024-01-01", "value": 4.0}]
    score = patient_charts.sparkline("AUDIT-C", points, "{score}", None, 7)
    assert score.description == "AUDIT-C: 1 value, last 4, normal  to 7."
    assert score.table.columns == ("Time", "AUDIT-C")
    filtration = patient_charts.sparkline("eGFR", points * 2, "mL/min/{1.73_m2}", 60, 120)
    assert filtration.table.columns == ("Time", "eGFR (mL/min/1.73 m²)")


def test_contributions_of_nothing_do_not_divide_by_zero() -> None:
    assert 'width="0.0"' in patient_charts.contribution_bar(0.0, 0.0)
    assert patient_charts.contributions([]).description == "No reasons."


def test_sparkline_with_band_one_point_and_none() -> None:
    points = [{"time": f"2024-01-0{n}", "value": 10.0 + n} for n in range(1, 5)]
    drawn = patient_charts.sparkline("Hb <b>", points, "g/dL", 12.0, 16.0)
    root = parsed(drawn.svg or "")
    assert len(root.findall(f"{SVG}rect")) == 1
    line = root.find(f"{SVG}polyline")
    assert line is not None
    ys = [float(pair.split(",")[1]) for pair in line.get("points", "").split()]
    assert ys == sorted(ys, reverse=True)  # rising values go up
    assert "last 14 g/dL" in drawn.description
    for few in (points[:1], []):
        parsed(patient_charts.sparkline("Hb", few, "g/dL", None, None).svg or "")


def test_a_count_without_an_interval_of_its_own_says_what_it_is_told_to():
    made = patient_charts.count_array(7, 100, 'Seven "of" 100')
    assert made.svg.count("fill-risk") == 7
    assert "fill-range" not in made.svg
    assert "&#34;of&#34;" in made.svg
    assert "range" not in made.description
    assert made.table.rows == (("expected", 7), ("of", 100))
