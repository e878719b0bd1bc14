"""Parts of a drawing: round ticks, days without doubt, nothing unescaped."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof1.pictures import drawing


@given(st.floats(1e-3, 1e9), st.integers(2, 6))
def test_ticks_begin_at_zero_reach_the_top_and_are_few(top: float, most: int) -> None:
    marks = drawing.ticks(top, most)
    assert marks[0] == 0
    assert marks[-1] >= top * (1 - 1e-6)
    assert 2 <= len(marks) <= most + 1
    gaps = {round(b - a, 9) for a, b in pairwise(marks)}
    assert len({f"{gap:.6g}" for gap in gaps}) == 1


def test_a_scale_turns_numbers_into_pixels_and_never_leaves_the_sheet() -> None:
    scale = drawing.Scale(0, 10, 100, 0)
    assert [scale(one) for one in (0, 2.5, 10, 99, -1)] == [100, 75, 0, 0, 100]
    assert drawing.Scale(3, 3, 0, 50)(3) == 0  # one number only


def test_text_is_escaped_in_every_part() -> None:
    bad = "<script>&\"'"
    for made in (
        drawing.text(0, 0, bad),
        drawing.svg(1, 1, bad, "", "x"),
        drawing.key([("", bad)]),
    ):
        assert "<script>" not in made


def test_months_are_named_and_the_year_is_said() -> None:
    marks = drawing.calendar(date(2023, 11, 20), date(2024, 2, 10))
    assert marks == [
        (date(2023, 12, 1), "Dec 2023"),
        (date(2024, 1, 1), "Jan 2024"),
        (date(2024, 2, 1), "Feb"),
    ]
    for years in (1, 3, 10, 24, 90):
        assert 2 <= len(drawing.calendar(date(2000, 1, 1), date(2000 + years, 1, 1), most=6)) <= 6


def test_a_few_days_show_both_ends() -> None:
    marks = drawing.calendar(date(2024, 1, 5), date(2024, 1, 19))
    assert [words for _, words in marks] == ["5 Jan 2024", "19 Jan"]


@pytest.mark.parametrize(
    ("value", "said"), [(12090.4, "12,100"), (0.0349, "0.035"), (5, "5"), (0, "0")]
)
def test_sentences_say_three_digits(value: float, said: str) -> None:
    assert drawing.about(value) == said


def test_lines_and_bands_of_one_point_are_left_out() -> None:
    assert drawing.line([(1, 1)], "", "") == ""
    assert drawing.band([(1, 1, 2)], "", "") == ""
    assert drawing.boxes([(0, 0, 1, 0)], "", "") == ""
