"""Exposure tables joined to patients by where they lived, and when."""

from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from nof1.core.errors import InputError
from nof1.record.ingest import ingest
from nof1.record.store import Record
from record_samples import imported, reasons, table

DESCRIPTION = """\
schema: nof1/exposures/1
patients: {file: homes.csv, patient: id, region: county, from: since}
tables:
  - {file: air.csv, region: county, date: day, period: month, values: {pm25: ug/m3}}
  - {file: poor.csv, region: county, values: {deprivation: }}
"""
HOMES = "id,county,since\nann,A,\nann,B,2020-03-01\nbob,B,2020-01-01\neve,C,soon\nsam,,\n"
AIR = """\
county,day,pm25
A,2020-02,10
A,2020-03,11
B,2020-02,20
B,2020-03,21
B,x,1
B,2020-04,bad
Z,2020-02,9
"""
POOR = "county,deprivation\nA,1\nB,2\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "record"


def folder(place: Path, description: str = DESCRIPTION) -> Path:
    place.mkdir()
    (place / "exposures.yaml").write_text(description)
    for name, text in {"homes": HOMES, "air": AIR, "poor": POOR}.items():
        (place / f"{name}.csv").write_text(text)
    return place


def facts(root: Path) -> set[tuple]:
    rows = table(root).join(Record(root).subjects(), on="subject_id")
    return set(rows.select("patient", "code", "time", "recorded", "numeric_value").rows())


def test_patients_get_the_values_of_where_they_lived(root: Path, tmp_path: Path) -> None:
    done = imported(root, folder(tmp_path / "in"))
    assert done.excluded == {
        "air.csv: nobody lived there then, or no value": 2,  # A in March, Z
        "home without patient or region": 1,
        "poor.csv: nobody lived there then, or no value": 1,
    }
    feb, mar, apr = (datetime(2020, month, 1) for month in (2, 3, 4))
    assert facts(root) == {
        # a monthly value is known from the end of its month on
        ("ann", "EXPOSURE//pm25", feb, mar, 10.0),
        ("ann", "EXPOSURE//pm25", mar, apr, 21.0),
        ("bob", "EXPOSURE//pm25", feb, mar, 20.0),
        ("bob", "EXPOSURE//pm25", mar, apr, 21.0),
        ("ann", "EXPOSURE//deprivation", None, None, 2.0),
        ("bob", "EXPOSURE//deprivation", None, None, 2.0),
    }
    assert reasons(root) == [
        ("air.csv", 5, "column day: no date that can be read"),
        ("air.csv", 6, "column pm25: no number"),
        ("homes.csv", 4, "the date cannot be read"),
    ]
    again = imported(root, tmp_path / "in")
    assert (again.added, again.removed) == (0, 0)


def test_regions_from_events_of_the_record_or_of_the_same_import(root, tmp_path) -> None:
    text = DESCRIPTION.replace(
        "{file: homes.csv, patient: id, region: county, from: since}", "{code: REGION}"
    )
    place = folder(tmp_path / "in", text)
    mapping = """\
schema: nof1/mapping/1
tables:
  - file: moves.csv
    patient: id
    events: [{code: "REGION//{county}", time: since}]
"""
    (tmp_path / "moves").mkdir()
    (tmp_path / "moves/mapping.yaml").write_text(mapping)
    (tmp_path / "moves/moves.csv").write_text("id,county,since\nann,A,2019-01-01\n")
    done = imported(root, place, tmp_path / "moves")  # order does not matter
    assert {fact[1] for fact in facts(root)} >= {"EXPOSURE//pm25", "EXPOSURE//deprivation"}
    assert (done.patients, done.events) == (1, 4)
    assert imported(root, place).events == 4


def test_a_wrong_description_names_its_line(root: Path, tmp_path: Path) -> None:
    place = folder(tmp_path / "in", DESCRIPTION.replace("period: month", "period: week"))
    with pytest.raises(InputError) as caught:
        imported(root, place)
    assert caught.value.where == "exposures.yaml, line 4"
    assert "month" in caught.value.allowed


def test_an_absent_file_names_its_line(root: Path, tmp_path: Path) -> None:
    place = folder(tmp_path / "in")
    (place / "poor.csv").unlink()
    with pytest.raises(InputError, match="absent") as caught:
        imported(root, place)
    assert caught.value.where == "exposures.yaml, line 5"


HOME = {"events": "{code: REGION}", "file": "{file: homes.csv, patient: id, region: county}"}


@pytest.mark.parametrize("homes", HOME)
def test_surroundings_end_with_death(tmp_path: Path, homes: str) -> None:
    bundle = (
        '{"resourceType": "Patient", "id": "ann", "birthDate": "1950-01-01",'
        ' "deceasedDateTime": "2020-02-10", "address": [{"district": "A"}]}\n'
    )
    folder = tmp_path / "in"
    (folder / "fhir").mkdir(parents=True)
    (folder / "fhir" / "Patient.ndjson").write_text(bundle)
    (folder / "air").mkdir()
    (folder / "air" / "air.csv").write_text(
        "county,day,pm25\nA,2020-01-01,5\nA,2020-02-01,6\nA,2020-03-01,7\n"
    )
    (folder / "air" / "homes.csv").write_text("id,county\nann,A\n")
    (folder / "air" / "exposures.yaml").write_text(
        f"schema: nof1/exposures/1\npatients: {HOME[homes]}\n"
        "tables:\n"
        "  - {file: air.csv, region: county, date: day, period: month, values: {pm25: ug/m3}}\n"
    )
    root = tmp_path / "record"
    ingest(root, [folder], site="a", settings={"shards": 1})
    rows = Record(root).scan().collect().filter(pl.col("code") == "EXPOSURE//pm25")
    assert rows["numeric_value"].to_list() == [5.0, 6.0]
    assert rows["unit"].unique().to_list() == ["ug/m3"]


def test_all_regions_of_a_dated_address_count(tmp_path):
    homes = "id,county,since\nann,US,2020-01-01\nann,US-KS,2020-01-01\nann,FR,2020-03-01\n"
    (tmp_path / "homes.csv").write_text(homes)
    days = ("2020-01-01", "2020-02-01", "2020-03-01")
    rows = [f"{region},{day},5" for region in ("US", "US-KS", "FR") for day in days]
    (tmp_path / "air.csv").write_text("\n".join(["county,day,pm25", *rows]) + "\n")
    (tmp_path / "exposures.yaml").write_text(
        "schema: nof1/exposures/1\n"
        "patients: {file: homes.csv, patient: id, region: county, from: since}\n"
        "tables:\n"
        "  - {file: air.csv, region: county, date: day, period: month, values: {pm25: ug/m3}}\n"
    )
    root = tmp_path / "record"
    ingest(root, [tmp_path], site="a", settings={"shards": 1})
    found = Record(root).scan().collect()["time"].dt.month().sort().to_list()
    assert found == [1, 1, 2, 2, 3]
