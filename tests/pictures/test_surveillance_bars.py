"""Rows of drawings: need against allocation, R by place, what came before an alarm."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from nof1.pictures.surveillance_bars import alarm_history, need_bar, reproduction_by_place

NEED = {"name": "Elmar", "need_median": 50, "need_low": 30, "need_high": 90, "allocated": 60}


def test_need_and_allocation_share_one_scale() -> None:
    made = need_bar({**NEED, "capacity": 80}, 100)
    widths = [float(one) for one in re.findall(r'width="([\d.]+)" height="[79]"', made)]
    assert widths[0] == (320 - 16) * 0.6  # allocated 60 of 100
    assert widths[1] == round((320 - 16) * 0.6, 1)  # 30 to 90
    assert "need 50 (90 % interval 30 to 90), allocated 60" in made
    assert made.count('class="stroke-ink"') == 1


def test_a_capacity_that_is_unknown_or_off_the_scale_is_not_drawn() -> None:
    for capacity in (None, 500):
        assert "stroke-ink" not in need_bar({**NEED, "capacity": capacity}, 100)


def test_no_need_and_nothing_allocated_is_drawn() -> None:
    nothing = {**dict.fromkeys(NEED, 0), "name": "x", "capacity": 0}
    assert "nan" not in need_bar(nothing, 0)


def test_places_are_sorted_by_what_is_sure() -> None:
    rows = [
        {"name": "unsure", "r": 1.6, "low": 0.4, "high": 2.4},
        {"name": "growing", "r": 1.2, "low": 1.1, "high": 1.3},
        {"name": "shrinking", "r": 0.8, "low": 0.7, "high": 0.9},
    ]
    picture = reproduction_by_place(rows)
    assert [row[0] for row in picture.table.rows] == ["growing", "shrinking", "unsure"]
    assert "above 1 (growing) in 1 of 3 places" in picture.description
    assert "below 1 (shrinking) in 1, and holds 1 (not clear) in 1" in picture.description


def history(**changes: Any) -> list[dict[str, Any]]:
    first = date(2023, 12, 2)
    rows = [
        {"date": first + timedelta(days=7 * i), "observed": 10, "expected": 9.0, "upper": 15.0}
        | {"alarm": False}
        for i in range(6)
    ]
    rows[-1] |= {"observed": 30, "alarm": True, **changes}
    return rows


def test_an_alarm_in_the_past_has_its_sign() -> None:
    made = alarm_history(history(), "Elmar")
    assert made.count('class="fill-warn"') == 1
    assert "2 Dec 2023" in made


def test_steps_that_could_not_be_tested_leave_a_gap_not_a_zero() -> None:
    made = alarm_history(history(expected=None, upper=None), "Elmar")
    (limit,) = re.findall(r'<path d="([^"]*)" class="stroke-warn"', made)
    assert limit.count("L") == 4
    assert "nan" not in made
