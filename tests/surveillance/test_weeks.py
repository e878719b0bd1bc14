"""Epidemiological weeks."""

from datetime import date

import polars as pl
import pytest

from nof1.surveillance import weeks


# CDC, MMWR weeks: 2020 has 53 weeks and ends on 2021-01-02; 2024 week 1 ends on 2024-01-06
@pytest.mark.parametrize(
    ("year", "week", "system", "end"),
    [
        (2020, 53, "cdc", date(2021, 1, 2)),
        (2024, 1, "cdc", date(2024, 1, 6)),
        (2021, 53, "cdc", None),
        (2020, 53, "iso", date(2021, 1, 3)),
        (2024, 0, "cdc", None),
    ],
)
def test_week_end(year, week, system, end):
    assert weeks.week_end(year, week, system) == end


def test_columns_of_weeks_keep_their_order_and_missing_values():
    ends = weeks.week_ends(pl.Series([2024, None, 2021, 2024]), pl.Series([2, 1, 53, 1]))
    assert ends.to_list() == [date(2024, 1, 13), None, None, date(2024, 1, 6)]


def test_days_and_weeks_agree():
    day = date(2023, 10, 11)  # a Wednesday
    assert weeks.wednesday_of(date(2023, 10, 14)) == day
    assert weeks.epiweek(day) == (2023, 41)
    assert weeks.label(date(2021, 1, 1)) == "2020-W53"
