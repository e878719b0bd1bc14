"""Tables of strangers: what can be read is read, the rest is named by row."""

import csv
import gzip
import io
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nof1.core.errors import InputError
from nof1.record import tables
from nof1.record.tables import ROW, header, read_table


def read(path: Path, data: bytes, **options) -> tuple[list[tuple], list[tuple]]:
    """Good rows with their numbers, and refused rows."""
    path.write_bytes(data)
    chunks = list(read_table(path, "t.csv", **options))
    good = [row for chunk in chunks for row in chunk.frame.rows() if chunk.frame.width]
    return good, [(item.row, item.reason) for chunk in chunks for item in chunk.quarantined]


def test_every_bad_row_is_named_and_the_others_keep_their_numbers(tmp_path: Path) -> None:
    data = b'\xef\xbb\xbfa,b\n1,2\n1\n\n"x\ny",4\n5,6,7\n\xff,8\n\x00,9\n 10 , \n'
    good, bad = read(tmp_path / "t.csv", data)
    assert good == [("1", "2", 1), ("x\ny", "4", 3), ("10", None, 7)]
    assert bad == [
        (2, "the row has 1 fields, the header 2"),
        (4, "the row has 3 fields, the header 2"),
        (5, "the text is not valid UTF-8"),
        (6, "the row holds a NUL byte"),
    ]


@pytest.mark.parametrize("small", [100, 2**20])
def test_row_numbers_hold_across_blocks(tmp_path: Path, monkeypatch, small: int) -> None:
    monkeypatch.setattr(tables, "LONGEST_LINE", 2_000)
    monkeypatch.setattr(tables, "SMALL", small)
    lines = [f"{n},{'x' * (n % 50)}" if n % 7 else str(n) for n in range(1, 3_000)]
    good, bad = read(tmp_path / "t.csv", ("a,b\n" + "\n".join(lines)).encode())
    assert all(int(row[0]) == row[2] for row in good)
    assert [row for row, _ in bad] == list(range(7, 3_000, 7))
    assert len(good) + len(bad) == 2_999


def test_a_file_cut_in_its_last_row_loses_only_that_row(tmp_path: Path) -> None:
    good, bad = read(tmp_path / "t.csv", b"a,b\n1,2\n3")
    assert good == [("1", "2", 1)]
    assert bad == [(2, "the row has 1 fields, the header 2")]


def test_latin_1_only_when_told(tmp_path: Path) -> None:
    data = "a,b\nä,1\n".encode("latin-1")
    assert read(tmp_path / "t.csv", data)[1] == [(1, "the text is not valid UTF-8")]
    assert read(tmp_path / "t.csv", data, encoding="latin-1")[0] == [("ä", "1", 1)]
    with pytest.raises(InputError, match="encoding"):
        read(tmp_path / "t.csv", data, encoding="klingon")


def test_a_row_of_the_wrong_length_that_is_not_text_is_named_too(tmp_path: Path) -> None:
    good, bad = read(tmp_path / "t.csv", b"a,b\n1,2\nK\xf6ln,2,3\n4,5\n\xe4,6\n7,8\xc3")
    assert good == [("1", "2", 1), ("4", "5", 3)]
    assert bad == [
        (2, "the row has 3 fields, the header 2"),
        (4, "the text is not valid UTF-8"),
        (5, "the text is not valid UTF-8"),  # a letter cut in two at the end of the file
    ]
    bad = read(tmp_path / "t.csv", b"a,b\n\x81,2\n", encoding="cp1252")[1]
    assert bad == [(1, "the text is not valid CP1252")]


@pytest.mark.parametrize("small", [100, 2**20])
def test_letters_cut_by_a_block_are_whole(tmp_path: Path, monkeypatch, small: int) -> None:
    monkeypatch.setattr(tables, "LONGEST_LINE", 1_001)
    monkeypatch.setattr(tables, "SMALL", small)
    lines = [f"{n},{'ä€𝄞' * (n % 9)}" for n in range(1, 2_000)]
    good, bad = read(tmp_path / "t.csv", ("a,b\n" + "\n".join(lines)).encode())
    assert bad == []
    assert [f"{a},{b or ''}" for a, b, _ in good] == lines


@pytest.mark.parametrize("data", [b"a,b", b"a,b\n", b"\xef\xbb\xbfa,b\r\n\r\n\n"])
def test_a_header_alone_starts_no_reader(tmp_path: Path, monkeypatch, data: bytes) -> None:
    """Its threads sometimes ended the whole program with an abort."""
    monkeypatch.setattr(tables, "_batches", None)
    assert read(tmp_path / "t.csv", data) == ([], [])


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_the_delimiter_comes_from_the_header(tmp_path: Path, delimiter: str) -> None:
    data = f"a{delimiter}b\n1{delimiter}2\n".encode()
    assert read(tmp_path / "t.csv", data)[0] == [("1", "2", 1)]
    assert read(tmp_path / "t.csv", gzip.compress(data))[0] == [("1", "2", 1)]


def test_a_line_without_end_is_an_error_that_names_the_row(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(tables, "LONGEST_LINE", 10_000)
    monkeypatch.setattr(tables, "SMALL", 100)
    lines = b"".join(b"%d,2\n" % n for n in range(5_000))
    with pytest.raises(InputError, match="too long") as caught:
        read(tmp_path / "t.csv", b"a,b\n" + lines + b"1," + b"x" * 50_000 + b"\n")
    row = int(str(caught.value.where).rsplit(" ", 1)[1])
    assert 0 < row <= 5_000


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"x" * 200_000 + b",b\n1,2\n", "too long"),
        (b"\x00\x00\n", "no header"),
        (b"a,a\n1,2\n", "twice"),
        (b"\xff\xfea\x00\n\x00", "UTF-16"),
        (b"\xe4,b\n1,2\n", "not valid utf-8"),
        (gzip.compress(b"a,b\n1,2\n" * 100, mtime=0)[:-9], "damaged"),
        (b"PAR1 but not really", "parquet"),
    ],
)
def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path, data, message) -> None:
    with pytest.raises(InputError, match=message):
        read(tmp_path / "t.csv", data)


def test_a_missing_column_is_named_with_those_that_are_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="column c") as caught:
        read(tmp_path / "t.csv", b"a,b\n1,2\n", columns=["a", "c"])
    assert caught.value.allowed == ["a", "b"]


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    pl.DataFrame({"a": [1, 2], "b": [0.5, None]}).write_parquet(tmp_path / "t.parquet")
    assert header(tmp_path / "t.parquet") == ["a", "b"]
    (chunk,) = read_table(tmp_path / "t.parquet", "t.parquet")
    assert chunk.frame.rows() == [(1, 0.5, 1), (2, None, 2)]
    cut = (tmp_path / "t.parquet").read_bytes()[:-5]
    (tmp_path / "cut.parquet").write_bytes(cut)
    with pytest.raises(InputError, match="parquet"):
        list(read_table(tmp_path / "cut.parquet", "cut.parquet"))


cell = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=5)


@settings(suppress_health_check=list(HealthCheck))
@given(body=st.lists(st.tuples(cell, cell), max_size=8))
def test_what_the_standard_library_writes_is_read_back(tmp_path: Path, body) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([("a", "b"), *body])
    good, bad = read(tmp_path / "t.csv", text.getvalue().encode())
    # polars and python agree on blanks only for these; other blanks are kept as they are
    stripped = pl.DataFrame(body, schema={"a": pl.String, "b": pl.String}, orient="row")
    want = stripped.with_columns(pl.all().str.strip_chars().replace("", None)).rows()
    assert [row[:2] for row in good] == want
    assert bad == []
    assert [row[2] for row in good] == list(range(1, len(body) + 1))
    assert ROW == "__row__"
