"""Files as tables: separators, marks, title lines, and what is set aside."""

import gzip

import polars as pl
import pytest

from intake_samples import write
from nof1.core.errors import InputError
from nof1.surveillance.intake.tables import ROW, read

TEXT = "date,location,value\n2024-01-06,06,5\n2024-01-13,06,NA\n"


@pytest.mark.parametrize(
    "content",
    [
        TEXT,
        "\ufeff" + TEXT,
        TEXT.replace(",", ";"),
        TEXT.replace(",", "\t"),
        TEXT.replace("\n", "\r\n"),
        gzip.compress(TEXT.encode(), mtime=0),
        "Weekly counts of a place\n" + TEXT,
        '"A title, with a comma, and more"\n' + TEXT,
        "A title, with a comma\n\n" + TEXT,
    ],
)
def test_one_table_in_many_clothes(tmp_path, content):
    table = read(write(tmp_path, content))
    assert table.columns == ["date", "location", "value"]
    assert table.frame["location"].to_list() == ["06", "06"]
    assert table.frame["value"].to_list() == ["5", None]
    assert table.frame[ROW].to_list() == [1, 2]


def test_parquet_becomes_text(tmp_path):
    from datetime import date

    frame = pl.DataFrame({"date": [date(2024, 1, 6)], "location": ["06"], "value": [5.0]})
    frame.write_parquet(tmp_path / "t.parquet")
    table = read(tmp_path / "t.parquet")
    assert table.frame.row(0) == ("2024-01-06", "06", "5.0", 1)


@pytest.mark.parametrize("mark", ["NA", "n/a", "X", ".", "-", "NULL", "unknown", " "])
def test_marks_of_a_missing_value(tmp_path, mark):
    table = read(write(tmp_path, f"a,b\n1,{mark}\n"))
    assert table.frame["b"].to_list() == [None]


def test_ragged_rows_are_set_aside_by_their_number(tmp_path):
    table = read(write(tmp_path, "a,b\n1,2\n1,2,3\n4,5\n"))
    assert table.frame["a"].to_list() == ["1", "4"]
    assert table.aside["row"].to_list() == [2]
    assert "3 fields" in table.aside["reason"][0]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("date,location,value\n", "no rows"),
        (b"a,b\n\xe4,1\n\xf6,2\n", r"not valid UTF-8 \(2 of 2 rows\)"),
        ('a,b\n"1,2\n', "has 1 fields, the header 2"),
        ("a,a\n1,2\n", "names a column twice"),
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
        (gzip.compress(TEXT.encode(), mtime=0)[:-12], "damaged|too early"),
        (b"PAR1nothing", "parquet"),
        ("c1,2024-03-01,A\nc2,2024-03-02,B\n", "first line looks like data"),
        ("date,location,12\n2024-03-01,A,3\n", "first line looks like data"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, content, words):
    with pytest.raises(InputError, match=words):
        read(write(tmp_path, content))


def test_a_missing_header_shows_no_values(tmp_path):
    with pytest.raises(InputError) as caught:
        read(write(tmp_path, "Mary Canary,2024-03-01,A\nc2,2024-03-02,B\n"))
    assert "Canary" not in str(caught.value)


def test_rows_that_are_not_utf8_are_set_aside_even_when_ragged(tmp_path):
    content = b"a,b\n1,2\n\xff,3\n4,\xff,5\n6,7\n"
    table = read(write(tmp_path, content))
    assert table.frame["a"].to_list() == ["1", "6"]
    assert sorted(table.aside["row"]) == [2, 3]
    assert read(write(tmp_path, b"a,b\n\xe9t\xe9,2\n"), "latin-1").frame["a"].to_list() == [
        "\u00e9t\u00e9"
    ]


def test_a_file_in_another_encoding_is_told_what_to_say(tmp_path):
    with pytest.raises(InputError) as caught:
        read(write(tmp_path, b"a,b\nK\xf6ln,1\n"))
    assert "--encoding latin-1" in str(caught.value.next_step)
