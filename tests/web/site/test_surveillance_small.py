"""Small cells: what is hidden, what would give it away, and what stays."""

from datetime import date

import numpy as np
import pytest

from nof1.surveillance.series import Panel, calendar
from nof1.web.site.surveillance_small import discreet, suppressed, without_small

DAY = "2024-01-06"


def row(place, reported, estimate=None, **more):
    return {"place": place, "date": DAY, "reported": reported, "estimate": estimate,
            "low95": estimate, "high95": estimate, **more}  # fmt: skip


def rows(*given):
    return {one["place"]: one for one in discreet({"rows": list(given)})["rows"]}


@pytest.mark.parametrize(
    ("value", "small"),
    [(0, False), (0.4, True), (1, True), (4, True), (5, False), (None, False), ("4", False)],
)
def test_one_to_four_are_small_and_none_is_not(value, small):
    assert suppressed(value) is small


def test_a_small_count_goes_with_the_estimate_that_tells_it_and_zero_stays():
    found = rows(row("a", 3, 3.2), row("b", 2, 20.0), row("c", 0, 0.0), row("d", 50, 52.0))
    assert (found["a"]["reported"], found["a"]["estimate"], found["a"]["high95"]) == (None,) * 3
    assert (found["b"]["reported"], found["b"]["estimate"]) == (None, 20.0)
    assert (found["c"]["reported"], found["c"]["estimate"]) == (0, 0.0)
    assert (found["d"]["reported"], found["d"]["estimate"]) == (50, 52.0)


def test_the_total_is_told_and_a_stratum_of_it_is_not():
    found = discreet({"rows": [row("TOTAL", 3), row("TOTAL", 3, stratum="0-4")]})["rows"]
    assert [one["reported"] for one in found] == [3, None]


def test_one_hidden_place_alone_takes_the_smallest_other_with_it():
    found = rows(row("a", 3), row("b", 9), row("c", 7), row("d", 0), row("TOTAL", 19))
    assert {place: one["reported"] for place, one in found.items()} == {
        "a": None, "b": 9, "c": None, "d": 0, "TOTAL": 19,
    }  # fmt: skip
    two = rows(row("a", 3), row("b", 2), row("c", 7))
    assert two["c"]["reported"] == 7


def test_answers_of_other_forms_are_left_as_they_are():
    odd = {"rows": "none", "history": None, "places": [{"id": "a"}]}
    assert discreet(odd) == odd


def test_weeks_of_a_panel_have_gaps_by_the_same_rules():
    values = np.array([[3.0, 9, 7, 19], [0, 2, 4, 6], [8, 9, 7, 24]])
    dates = calendar(date(2024, 1, 6), date(2024, 1, 20))
    panel = Panel("x", dates, ("a", "b", "c", "TOTAL"), values, date(2024, 2, 1))
    found = without_small(panel)
    assert np.isnan(found.values).tolist() == [
        [True, False, True, False], [False, True, True, False], [False] * 4,
    ]  # fmt: skip
    assert panel.values[0, 0] == 3
