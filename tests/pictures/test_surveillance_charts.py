"""Curves of a signal: what is late is seen, bands come before lines, nothing is cut in silence."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from nof1.pictures.surveillance_charts import fan, ratio_axis, ratio_marks, reproduction, small_fan

LAST = date(2024, 1, 13)


def steps(count: int = 10) -> list[dict[str, Any]]:
    """Weeks of 100; of the newest only 60 are reported and the estimate is 100 (80 to 130)."""
    made = []
    for at in range(count):
        sure = at < count - 1
        row = {"date": LAST - timedelta(days=7 * (count - 1 - at)), "estimate": 100.0}
        row |= {"reported": 100 if sure else 60, "low50": 100.0 if sure else 95.0}
        row |= {"high50": 100.0 if sure else 108.0, "low95": 100.0 if sure else 80.0}
        made.append(row | {"high95": 100.0 if sure else 130.0})
    return made


def ahead(top: float = 200.0) -> list[dict[str, Any]]:
    row = {"q025": 60.0, "q05": 65.0, "q25": 90.0, "q50": 110.0, "q75": 120.0, "q95": 180.0}
    return [{"date": LAST + timedelta(days=7 * (i + 1)), **row, "q975": top} for i in range(3)]


def chart(svg: str, tone: str) -> str:
    found = re.search(rf'<svg [^>]*class="{tone}".*?</svg>', svg, re.DOTALL)
    assert found
    return found[0]


def test_the_part_that_is_not_reported_yet_is_drawn_and_said() -> None:
    picture = fan("All", steps(), ahead(), as_of=LAST, step_days=7)
    wide = chart(picture.svg, "chart wide")
    reported = re.search(r'<path d="([^"]*)" class="bar-reported"', wide)
    missing = re.search(r'<path d="([^"]*)" class="bar-missing"', wide)
    assert reported
    assert missing
    assert reported[1].count("M") == 10
    assert missing[1].count("M") == 1
    assert "not reported yet (estimated)" in picture.svg
    assert "60 reported, estimated 100 (95 % interval 80 to 130)" in picture.description
    assert "90 % interval 65 to 180, median 110" in picture.description


def test_bars_come_before_bands_and_bands_before_lines() -> None:
    wide = chart(fan("All", steps(), ahead(), as_of=LAST, step_days=7).svg, "chart wide")
    order = ["bar-reported", "bar-missing", "est95", "est50", "stroke-accent", "ahead95", "ahead90"]
    order += ["ahead50", "stroke-ahead"]
    places = [wide.index(f'class="{one}"') for one in order]
    assert places == sorted(places)


def test_the_table_holds_past_and_future() -> None:
    table = fan("All", steps(), ahead(), as_of=LAST, step_days=7).table
    assert len(table.rows) == 13
    assert table.rows[-1][0] == "2024-02-03"
    assert table.rows[-1][1:] == (None, 110.0, 90.0, 120.0, 60.0, 200.0)


def test_a_huge_upper_end_is_cut_and_said_so() -> None:
    usual = fan("All", steps(), ahead(), as_of=LAST, step_days=7)
    huge = fan("All", steps(), ahead(90_000.0), as_of=LAST, step_days=7)
    assert "cut" not in usual.description
    assert "cut at 390; its upper end is 90,000" in huge.description


def test_a_phone_sees_fewer_steps_and_the_same_table() -> None:
    picture = fan("All", steps(40), [], as_of=LAST, step_days=7)
    bars = [
        re.search(r'<path d="([^"]*)" class="bar-reported"', chart(picture.svg, tone))[1].count("M")
        for tone in ("chart wide", "chart narrow")
    ]
    assert bars == [40, 20]
    assert "forecast" not in picture.svg


def test_reports_without_an_estimate_make_no_line_that_looks_like_a_fall() -> None:
    late = [
        {**row, **dict.fromkeys(("estimate", "low50", "high50", "low95", "high95"))}
        for row in steps()
    ]
    picture = fan("All", [*steps()[:-2], *late[-2:]], [], as_of=LAST, step_days=7)
    line = re.search(r'<path d="([^"]*)" class="stroke-accent"', picture.svg)
    assert line
    assert line[1].count("L") == 7  # eight estimates, none of the two newest steps
    assert "60 reported." in picture.description


def test_every_step_says_its_numbers_when_pointed_at() -> None:
    picture = fan("All", steps(), ahead(), as_of=LAST, step_days=7)
    assert chart(picture.svg, "chart wide").count("<title>") == 13
    assert "<script" not in picture.svg


def test_a_small_curve_of_zeros_is_drawn() -> None:
    zero = [{**row, **{k: 0 for k in row if k != "date"}} for row in steps()]
    made = small_fan(zero, [], as_of=LAST, step_days=7, said="Nothing <here>")
    assert made.startswith("<svg")
    assert "&lt;here&gt;" in made
    assert "nan" not in made


def windows() -> list[dict[str, Any]]:
    return [
        {"date": LAST - timedelta(days=40 - i), "r": 1.1, "low": 1.0, "high": 1.2}
        for i in range(40)
    ]


def test_r_has_a_line_at_one_and_says_the_newest_window() -> None:
    picture = reproduction(windows(), place="All places")
    assert "All places: R 1.10 (95 % interval 1.00 to 1.20)" in picture.description
    assert 'class="stroke-ink"' in picture.svg
    assert "beyond the frame" not in picture.description


def test_values_beyond_the_frame_are_said() -> None:
    first = {**windows()[0], "high": 40.0}
    assert "beyond the frame" in reproduction([first, *windows()[1:]]).description


def test_axes_of_ratios_always_hold_one() -> None:
    for values in ([0.9, 1.1], [1.2, 1.9], [0.1, 0.2], [3, 4]):
        low, high = ratio_axis(values)
        assert low < 1 < high
        assert 1.0 in ratio_marks(low, high)
