"""Whose sample it is, and what sex its owner has."""

from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from nof1.core.errors import InputError
from nof1.genome.cohort import STRANGERS, People, people

NOBODY = pl.DataFrame(schema={"patient": pl.String, "code": pl.String})


def genders(**sexes: str) -> pl.DataFrame:
    rows = [(name, f"GENDER//{sex}") for name, both in sexes.items() for sex in both.split("+")]
    return pl.DataFrame(rows, schema=NOBODY.schema, orient="row")


def listed(folder: Path, text: str) -> People:
    (folder / "samples.csv").write_text(text, newline="")
    return people(folder, NOBODY)


def test_without_a_list_a_sample_is_a_patient_of_its_name(tmp_path: Path) -> None:
    found = people(tmp_path, NOBODY)
    assert found.patient("a") == "a"
    assert found.frame(("a", "b")).rows() == [(1, "a", "a", None), (2, "b", "b", None)]
    assert found.notes(("a",)) == {}


def test_a_sex_counts_when_it_is_one(tmp_path: Path) -> None:
    found = people(tmp_path, genders(eve="F", tom="M", torn="M+F", sam="U"))
    assert found.sexes(("eve", "tom", "torn", "sam", "who")) == {"eve": "F", "tom": "M"}


def test_the_sex_belongs_to_the_patient_of_the_sample(tmp_path: Path) -> None:
    (tmp_path / "samples.csv").write_text("sample,patient\neve,tom\n")
    found = people(tmp_path, genders(eve="F", tom="M"))
    assert found.sexes(("eve",)) == {"eve": "M"}


def test_strangers_are_counted_where_the_record_knows_anybody(tmp_path: Path) -> None:
    found = people(tmp_path, genders(eve="F"))
    assert found.notes(("eve", "who", "else")) == {STRANGERS: 2}
    assert found.notes(("eve",)) == {}


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_list_with_dates(tmp_path: Path, ending: str) -> None:
    lines = ["\ufeffpatient,sample,reported,more", "ann,L1,2020-02-03,x", "bob,L2,,y"]
    found = listed(tmp_path, ending.join(lines) + ending)
    assert found.patients == {"L1": "ann", "L2": "bob"}
    assert found.reported == {"L1": datetime(2020, 2, 3)}
    assert found.quarantined == []


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2020-02-03T04:05:06", datetime(2020, 2, 3, 4, 5, 6)),
        ("2020-02-03T04:05:06Z", datetime(2020, 2, 3, 4, 5, 6)),
        ("2020-02-03 01:00:00-05:00", datetime(2020, 2, 3, 6)),
    ],
)
def test_moments_are_utc(tmp_path: Path, written: str, meant: datetime) -> None:
    found = listed(tmp_path, f"sample,patient,reported\ns,p,{written}\n")
    assert found.reported == {"s": meant}


@pytest.mark.parametrize("written", ["soon", "2020-13-01", "03.02.2020", "0001-01-01T00:00+05:00"])
def test_a_date_that_cannot_be_read_is_no_date_at_all(tmp_path: Path, written: str) -> None:
    """Without its date a result would count as always known: the row is refused as a whole."""
    found = listed(tmp_path, f"sample,patient,reported\ns,p,{written}\n")
    assert (found.patients, found.reported) == ({}, {})
    (refused,) = found.quarantined
    assert (refused.file, refused.row) == ("samples.csv", 2)
    assert "no date" in refused.reason
    assert written not in refused.reason


def test_doubled_and_empty_rows_are_refused(tmp_path: Path) -> None:
    found = listed(tmp_path, "sample,patient\na,x\nb,y\na,z\n,q\nc,\nd\n")
    assert found.patients == {"b": "y"}
    assert [(one.row, one.reason.split()[0]) for one in found.quarantined] == [
        (2, "this"),
        (4, "this"),
        (5, "no"),
        (6, "no"),
        (7, "no"),
    ]


def test_a_name_over_two_lines_is_one_name(tmp_path: Path) -> None:
    found = listed(tmp_path, 'sample,patient\n"a\nb",x\n"c\u2028d",y\n')
    assert found.patients == {"a\nb": "x", "c\u2028d": "y"}


@pytest.mark.parametrize(
    "text", ["", "\n\n", "sample\ta\n", "a,b\n1,2\n", "sample;patient\n1;2\n", "\x00" * 50]
)
def test_another_table_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"columns|comma-separated"):
        listed(tmp_path, text)


def test_a_link_to_somewhere_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside.csv").write_text("sample,patient\na,b\n")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "samples.csv").symlink_to(tmp_path / "outside.csv")
    with pytest.raises(InputError, match="leads out"):
        people(folder, NOBODY)
