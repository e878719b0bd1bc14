"""Numbers as strangers write them."""

import polars as pl
import pytest

from nof1.core.errors import InputError
from nof1.surveillance.intake.numbers import read


def values(*texts, **said):
    return read(pl.Series(texts, dtype=pl.String), "f.csv", **said)


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["12", "-3", "1.5", "1e3", ".5"], [12, -3, 1.5, 1000, 0.5]),
        (["1,234", "12", "1,234,567"], [1234, 12, 1234567]),
        (["1,234.5", "7"], [1234.5, 7]),
        (["12,5", "1.234,5", "3"], [12.5, 1234.5, 3]),
        (["1.234.567", "1.234"], [1234567, 1234]),
        (["1 234", "1'234", "1\u202f234", "5"], [1234, 1234, 1234, 5]),
    ],
)
def test_marks_of_thousands_and_decimals(texts, numbers):
    got = values(*texts)
    assert got.values.to_list() == numbers
    assert not got.unreadable.any()


def test_suppressed_is_not_zero_and_not_unreadable():
    got = values("<5", "*", "7", None)
    assert got.values.to_list() == [None, None, 7, None]
    assert got.suppressed == 2
    assert not got.unreadable.any()
    assert "not 0" in got.notes[-1]


def test_text_is_unreadable_and_missing_is_not():
    got = values("7", "many", None, "inf", "nan", "12a")
    assert got.unreadable.to_list() == [False, True, False, True, True, True]
    assert got.values.to_list() == [7, None, None, None, None, None]


@pytest.mark.parametrize("texts", [("1,234", "5"), ("1.234", "2.345")])
def test_two_readings_in_a_file_with_semicolons_are_refused(texts):
    with pytest.raises(InputError, match="two ways") as caught:
        values(*texts, semicolons=True)
    assert "--decimal" in caught.value.next_step


def test_a_said_decimal_mark():
    assert values("1,234", semicolons=True, decimal=",").values.to_list() == [1.234]
    assert values("1,234", semicolons=True, decimal=".").values.to_list() == [1234]
    assert values("1.234", semicolons=True, decimal=",").values.to_list() == [1234]


def test_plain_numbers_in_a_file_with_semicolons_need_no_word():
    assert values("1", "2", "3.25", semicolons=True).values.to_list() == [1, 2, 3.25]
