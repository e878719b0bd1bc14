"""Texts to times, numbers and identifiers."""

from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof1.record.scalars import bounds, identifiers, numbers, times


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("2020-02-29", datetime(2020, 2, 29)),
        ("20200229", datetime(2020, 2, 29)),
        ("2020-02-29 13:05", datetime(2020, 2, 29, 13, 5)),
        ("2020-02-29T13:05:06.25", datetime(2020, 2, 29, 13, 5, 6, 250000)),
        ("2020-02-29T13:05:06Z", datetime(2020, 2, 29, 13, 5, 6)),
        ("2020-02-29T00:05:06+0200", datetime(2020, 2, 28, 22, 5, 6)),
        ("2020-02-29 00:05-05:00", datetime(2020, 2, 29, 5, 5)),
        ("0001-01-01", datetime(1, 1, 1)),
        ("9999-12-31", datetime(9999, 12, 31)),
        ("2021-02-29", None),
        ("29/02/2020", None),
        ("2020", None),
        ("soon", None),
        (None, None),
    ],
)
def test_times(text: str | None, want: datetime | None) -> None:
    assert times(pl.Series([text], dtype=pl.String)).to_list() == [want]
    # the same beside texts of all other kinds
    mixed = pl.Series(["2020-01-01", text, "2020-01-01T00:00:00Z", "x", "2020-01-01 01:00"])
    assert times(mixed).to_list()[1] == want


@given(st.datetimes(datetime(1850, 1, 1), datetime(2100, 1, 1)))
def test_iso_round_trip(moment: datetime) -> None:
    assert times(pl.Series([moment.isoformat()])).to_list() == [moment]
    assert times(pl.Series([moment.replace(tzinfo=UTC).isoformat()])).to_list() == [moment]


def test_a_zone_moves_clock_times_but_not_bare_dates() -> None:
    column = pl.Series(["2020-07-01 12:00", "2020-07-01", "2020-07-01T12:00:00Z"])
    want = [datetime(2020, 7, 1, 10), datetime(2020, 7, 1), datetime(2020, 7, 1, 12)]
    assert times(column, timezone="Europe/Berlin").to_list() == want
    # 02:30 does not exist on this day
    assert times(pl.Series(["2020-03-29 02:30"]), timezone="Europe/Berlin").to_list() == [None]


def test_typed_columns() -> None:
    assert times(pl.Series([date(2020, 1, 2)])).to_list() == [datetime(2020, 1, 2)]
    aware = pl.Series([datetime(2020, 1, 2)]).dt.replace_time_zone("America/New_York")
    assert times(aware).to_list() == [datetime(2020, 1, 2, 5)]
    assert times(pl.Series(["03.02.2020"]), format="%d.%m.%Y").to_list() == [datetime(2020, 2, 3)]


def test_numbers_bounds_and_identifiers() -> None:
    assert numbers(pl.Series([" 1.5", "1e3", "x", None])).to_list() == [1.5, 1000.0, None, None]
    assert bounds(pl.Series(["> 89", "<=0.2", "5", None])).to_list() == [89.0, 0.2, None, None]
    big = 2**62 + 1
    assert identifiers(pl.Series([str(big), "7.0", "7.5"])).to_list() == [big, 7, None]
    assert identifiers(pl.Series([7.0, float("nan"), None])).to_list() == [7, None, None]
