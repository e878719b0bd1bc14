"""Dates as strangers write them: one reading, or a refusal that says what to do."""

from datetime import date

import polars as pl
import pytest

from nof1.core.errors import InputError, UsageError
from nof1.surveillance.intake import dates

DAY = date(2024, 4, 3)


def read(*texts, form=None):
    return dates.read({"d": pl.Series("d", texts, pl.String)}, "f.csv", form)


@pytest.mark.parametrize(
    "text",
    [
        "2024-04-03",
        "2024/4/3",
        "2024.04.03",
        "20240403",
        "2024-04-03T10:20:00Z",
        "2024-04-03 00:00:00",
        "03.04.2024",
        "3 Apr 2024",
        "03-Apr-2024",
        "Apr 3, 2024",
        "3 April 2024",
    ],
)
def test_plain_dates(text):
    assert read(text).columns["d"].to_list() == [DAY]


@pytest.mark.parametrize("texts", [("3/4/2024",), ("03-04-2024", "12/12/2024")])
def test_two_readings_are_refused_with_the_next_step(texts):
    with pytest.raises(InputError) as caught:
        read(*texts)
    assert "3/4/2024 can be read in two ways" in caught.value.message
    assert "--date-format dmy" in caught.value.next_step
    assert "--date-format mdy" in caught.value.next_step


@pytest.mark.parametrize(("other", "day"), [("23/4/2024", DAY), ("4/23/2024", date(2024, 3, 4))])
def test_one_date_of_the_file_shows_the_order_of_all(other, day):
    columns = {"a": pl.Series([other], dtype=pl.String), "b": pl.Series(["3/4/2024"])}
    got = dates.read(columns, "f.csv")
    assert got.columns["b"].to_list() == [day]
    assert "dates read as" in got.notes[0]


def test_both_orders_in_one_file_are_refused():
    with pytest.raises(InputError, match="some show the day first and some the month"):
        read("23/4/2024", "4/23/2024")


@pytest.mark.parametrize(
    ("text", "form", "day"),
    [
        ("3/4/2024", "dmy", DAY),
        ("4/3/2024", "mdy", DAY),
        ("45385", "excel", DAY),  # LibreOffice and Excel show 45385 as 2024-04-03
        ("43923", "excel1904", DAY),
        ("03.04.24", "%d.%m.%y", DAY),
        ("2024-W14", "mmwr", date(2024, 4, 6)),
        ("202414", "mmwr", date(2024, 4, 6)),
        ("2024-W14", "isoweek", date(2024, 4, 7)),
        ("2021-W53", "mmwr", None),
    ],
)
def test_a_said_format(text, form, day):
    assert read(text, form=form).columns["d"].to_list() == [day]


@pytest.mark.parametrize(
    ("text", "words"), [("45385", "spreadsheet"), ("2024-W14", "weeks"), ("2024W14", "weeks")]
)
def test_numbers_and_weeks_are_refused_without_a_format(text, words):
    with pytest.raises(InputError, match=words) as caught:
        read(text, text)
    assert "--date-format" in caught.value.next_step


def test_what_is_no_date_is_counted_and_empty_is_not():
    got = read("2024-04-03", "31/31/2024", None, "soon", form="dmy")
    assert got.columns["d"].to_list() == [None, None, None, None]
    assert got.unreadable == {"d": 3}
    got = read("2024-04-03", None, "soon", "2024-02-30")
    assert got.columns["d"].to_list() == [DAY, None, None, None]
    assert got.unreadable == {"d": 2}


def test_an_unknown_format_is_refused():
    with pytest.raises(UsageError, match="not known"):
        read("3/4/2024", form="american")
