"""The triangle against loops over rows; refusals; units and the longest delay."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.surveillance.reports_samples import FIRST, epidemic, last_day

from nof1.core.errors import InputError
from nof1.surveillance.nowcast.triangle import build, checked, longest_delay, of_units

ROW = st.tuples(st.sampled_from("AB"), st.integers(0, 20), st.integers(-2, 12), st.integers(-3, 9))


def slow(rows, as_of, max_delay):
    """Every row on its own: {(place, day, delay): count}, late by day, before."""
    cells, late, before = {}, {}, 0
    for place, _, day, reported, count in rows.iter_rows():
        delay = (reported - day).days
        if reported > as_of:
            continue
        if delay < 0:
            before += abs(count)
        elif delay <= max_delay:
            cells[place, day, delay] = cells.get((place, day, delay), 0) + count
        else:
            late[place, day] = late.get((place, day), 0) + count
    return cells, late, before


@settings(max_examples=40, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=30))
def test_triangle_equals_loops(rows):
    table = pl.DataFrame(
        {
            "place": [row[0] for row in rows],
            "stratum": [""] * len(rows),
            "date": [FIRST + timedelta(days=row[1]) for row in rows],
            "reported": [FIRST + timedelta(days=row[1] + row[2]) for row in rows],
            "count": [row[3] for row in rows],
        }
    )
    as_of = FIRST + timedelta(days=18)
    known = table.filter((pl.col("reported") <= as_of) & (pl.col("date") <= pl.col("reported")))
    if known.is_empty():
        return
    made = build(checked(table, as_of), as_of, 7)
    cells, late, before = slow(table, as_of, 7)
    assert made.before == before
    assert made.dates[-1] == np.datetime64(as_of)
    dates = made.dates.tolist()
    for unit, (place, _) in enumerate(made.units):
        for at, day in enumerate(dates):
            assert made.late[unit, at] == late.get((place, day), 0)
            for delay in range(8):
                assert made.new[unit, at, delay] == cells.get((place, day, delay), 0)
    by_day = made.by_report_day()
    for at, day in enumerate(dates):
        expected = sum(
            count for (_, ref, delay), count in cells.items() if ref + timedelta(days=delay) == day
        )
        assert by_day[:, at].sum() == expected


def test_weekdays_are_those_of_the_calendar():
    reports, _ = epidemic(30)
    made = build(checked(reports, last_day(30)), last_day(30), 7)
    assert made.weekdays.tolist() == [day.weekday() for day in made.dates.tolist()]


def test_text_from_a_csv_file_is_read():
    table = pl.DataFrame(
        {"place": ["06"], "date": ["2024-01-02"], "reported": ["2024-01-03"], "count": ["4"]}
    )
    rows = checked(table, date(2024, 1, 3))
    assert rows.row(0) == ("06", "", date(2024, 1, 2), date(2024, 1, 3), 4)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"count": ["many"]}, "cannot be read"),
        ({"date": ["03/01/2024"]}, "cannot be read"),
        ({"count": [None]}, "empty values"),
        ({"reported": ["2025-01-01"]}, "Nothing had been reported"),
    ],
)
def test_what_cannot_be_read_is_named(change, said):
    row = {"place": ["A"], "date": ["2024-01-02"], "reported": ["2024-01-03"], "count": ["4"]}
    with pytest.raises(InputError, match=said):
        checked(pl.DataFrame({**row, **change}), date(2024, 2, 1))


def test_a_missing_column_is_named():
    with pytest.raises(InputError, match="reported"):
        checked(pl.DataFrame({"place": ["A"], "date": ["2024-01-02"], "count": [1]}), date.max)


def test_totals_are_the_own_rows_or_the_sum_of_strata():
    strata, _ = epidemic(20, stratum="old")
    own, _ = epidemic(20, seed=2)
    both = pl.concat([strata, own])
    assert of_units(both, strata=False)["count"].sum() == own["count"].sum()
    assert of_units(strata, strata=False)["count"].sum() == strata["count"].sum()
    assert set(of_units(strata, strata=False)["stratum"]) == {""}
    assert of_units(both, strata=True)["count"].sum() == strata["count"].sum()


def test_the_longest_delay_comes_from_days_long_past():
    reports, _ = epidemic(120)
    assert longest_delay(checked(reports, last_day()), last_day()) == 7
