"""The course: where things stand in time, what is drawn of many points, nothing unescaped."""

import re
from datetime import datetime, timedelta

import pytest

from nof1.core.errors import UsageError
from nof1.pictures.timeline import (
    MOST_POINTS,
    STRETCHES,
    Lane,
    Row,
    Scale,
    strip,
    thinned,
    ticks,
    timeline,
)

START, END = datetime(2020, 1, 1), datetime(2024, 1, 1)
MIDDLE = datetime(2022, 1, 1)
HALF = 100 * (MIDDLE - START) / (END - START)


def drawn(**more):
    return strip(Row("Item", "said", **more), Scale(START, END)).svg


def test_a_bar_stands_from_its_beginning_to_its_end():
    svg = drawn(spans=((START, MIDDLE),))
    assert f'<rect x="0.0%" y="10" width="{HALF:.2f}%"' in svg
    assert "fill-open" not in svg


def test_a_bar_without_a_known_end_reaches_the_edge_and_looks_different():
    svg = drawn(spans=((MIDDLE, None),))
    assert f'<rect x="{HALF:.2f}%" y="10" width="{100 - HALF:.2f}%"' in svg
    assert 'class="fill-open"' in svg


def test_what_lies_outside_the_time_span_is_not_drawn():
    before, after = START - timedelta(days=1), END + timedelta(days=1)
    svg = drawn(marks=(before, after), points=((before, 1.0), (after, 2.0)), spans=((after, None),))
    assert "<circle" not in svg
    assert 'class="fill-accent"' not in svg
    begun_earlier = drawn(spans=((before, MIDDLE),))
    assert 'x="0.0%"' in begun_earlier


def test_points_outside_the_band_have_another_shape_and_not_only_another_colour():
    points = ((START, 4.0), (MIDDLE, 5.0), (END, 9.0))
    svg = drawn(points=points, low=3.5, high=5.0)
    assert svg.count("<circle") == 2
    assert svg.count("<path") == 1
    assert svg.index("fill-normal") < svg.index("<circle")  # the band lies under the points


def test_a_band_with_one_end_reaches_the_edge():
    points = ((START, 80.0), (END, 30.0))
    heights = [
        float(re.search(r'height="([0-9.]+)" class="fill-normal"', drawn(points=points, **ends))[1])
        for ends in ({"low": 60.0}, {"high": 60.0})
    ]
    assert all(0 < one < 44 for one in heights)
    assert drawn(points=points, low=60.0) != drawn(points=points, high=60.0)


def test_of_many_points_the_extremes_and_the_last_are_drawn():
    points = [(START + timedelta(hours=n), float(n % 7)) for n in range(2000)]
    points[777] = (points[777][0], 99.0)
    points[1234] = (points[1234][0], -50.0)
    kept = thinned(points)
    assert len(kept) <= 2 * STRETCHES + 1
    assert {99.0, -50.0} <= {value for _, value in kept}
    assert kept[-1] == points[-1]
    assert kept == sorted(kept)
    assert thinned(points[:MOST_POINTS]) == points[:MOST_POINTS]


@pytest.mark.parametrize("days", [1, 3, 9, 20, 60, 200, 400, 1500, 4000, 20000, 40000])
def test_the_axis_has_few_labels_in_order(days):
    found = ticks(END - timedelta(days=days), END)
    assert len(found) <= 6
    assert [moment for moment, _ in found] == sorted({moment for moment, _ in found})
    assert all(END - timedelta(days=days) <= moment <= END for moment, _ in found)
    assert days == 1 or found


def test_names_are_escaped():
    hostile = '"><script>alert(1)</script>'
    row = Row(hostile, hostile, marks=(MIDDLE,), aside=hostile)
    made = timeline([Lane("Problems", "problems", (row,))], START, END)
    assert "<script" not in made.lanes[0][1][0].picture.svg


def test_the_table_says_the_same_in_words():
    row = Row("Hypertension", "recorded once", marks=(MIDDLE,), aside="2022-01-01")
    made = timeline([Lane("Problems", "problems", (row,))], START, END)
    assert made.table.rows == (("Problems", "Hypertension", "recorded once", "2022-01-01"),)
    assert made.lanes[0][1][0].picture.table.rows == (("2022-01-01 00:00", ""),)


def test_a_course_needs_time():
    with pytest.raises(UsageError):
        timeline([], END, END)
