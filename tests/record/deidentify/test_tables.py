"""Tables: OMOP by column names, CSV by a settings file."""

import csv
import io
import json

import polars as pl
import pytest

from deidentify_samples import KEY, run
from nof1.core.errors import InputError
from nof1.record.deidentify.dates import shift_iso
from nof1.record.deidentify.table_rules import ROLES, omop_role, read_settings

PERSON = (
    "person_id,gender_concept_id,year_of_birth,month_of_birth,day_of_birth,birth_datetime,"
    "person_source_value,location_id\n"
    "1,8532,1951,3,4,1951-03-04T00:00:00,M5550123,9\n"
    "2,8507,1920,1,1,1920-01-01,M5550124,9\n"
)
VISIT = (
    "visit_occurrence_id,person_id,visit_concept_id,visit_start_date,visit_end_date,"
    "preceding_visit_occurrence_id,visit_source_value\n"
    "77,1,9201,2020-01-30,2020-02-03,,Quillfeather\n78,1,9202,2020-03-01,2020-03-01,77,x\n"
)
MEASURED = "measurement_id,person_id,value_as_number,value_as_string,note_text\n5,1,5.5,good,Bad\n"


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def omop(tmp_path, **more):
    files = {"cdm/person.csv": PERSON, "cdm/visit_occurrence.csv": VISIT}
    return run(tmp_path, files | {f"cdm/{name}.csv": text for name, text in more.items()})


def test_an_omop_folder_keeps_its_shape_and_its_keys(tmp_path):
    report, out = omop(tmp_path, measurement=MEASURED)
    assert report.clean, report.text()
    assert sorted(out) == ["cdm/measurement.csv", "cdm/person.csv", "cdm/visit_occurrence.csv"]
    person, visits = rows(out["cdm/person.csv"]), rows(out["cdm/visit_occurrence.csv"])
    assert person[0]["person_id"] == str(KEY.number("person", "1")) == visits[0]["person_id"]
    assert visits[1]["preceding_visit_occurrence_id"] == visits[0]["visit_occurrence_id"] != "77"
    assert "visit_source_value" not in visits[0]
    assert "day_of_birth" not in person[0]
    days = KEY.days("M5550123")
    assert visits[0]["visit_start_date"] == shift_iso("2020-01-30", days)
    assert visits[0]["visit_end_date"] == shift_iso("2020-02-03", days)
    assert person[0]["year_of_birth"] == shift_iso("1951-03-04", days)[:4]
    assert rows(out["cdm/measurement.csv"])[0]["value_as_number"] == "5.5"
    assert report.tally.dropped["measurement.note_text (free text)"] == 1


def test_people_over_89_share_one_year_of_birth(tmp_path):
    _, out = omop(tmp_path)
    old = rows(out["cdm/person.csv"])[1]
    assert old["year_of_birth"] == "1936"  # 90 in the as-of year 2026
    assert old["birth_datetime"] == ""


def test_parquet_stays_parquet_with_its_types(tmp_path):
    import datetime

    made = pl.DataFrame(
        {
            "person_id": [1.0],
            "year_of_birth": [1951],
            "person_source_value": ["M5550123"],
            "birth_datetime": [datetime.datetime(1951, 3, 4)],
        }
    )
    death = pl.DataFrame({"person_id": [1], "death_date": [datetime.date(2020, 5, 6)]})
    buffers = [io.BytesIO(), io.BytesIO()]
    made.write_parquet(buffers[0])
    death.write_parquet(buffers[1])
    files = {"person.parquet": buffers[0].getvalue(), "death.parquet": buffers[1].getvalue()}
    report, out = run(tmp_path, files)
    assert report.clean, report.text()
    tables = {name: pl.read_parquet(io.BytesIO(content)) for name, content in out.items()}
    moved = datetime.date(2020, 5, 6) + datetime.timedelta(KEY.days("M5550123"))
    assert tables["death.parquet"]["death_date"].to_list() == [moved]
    assert tables["death.parquet"]["person_id"][0] == tables["person.parquet"]["person_id"][0]


def test_a_vocabulary_or_an_unknown_table_of_omop_is_refused(tmp_path):
    report, out = omop(tmp_path, concept="concept_id\n1\n", quillfeather="name\nx\n")
    assert len(out) == 2
    assert sorted(one.reason[:24] for one in report.refused) == [
        "It is a vocabulary table", "It is no table of OMOP."]  # fmt: skip


SETTINGS = {
    "mrn": "patient", "who": "name", "born": "birth_date", "seen": "date", "age": "age",
    "zip": "zip", "value": "number", "kind": "common", "note": "text", "tel": "contact",
}  # fmt: skip
TABLE = "mrn,who,born,seen,age,zip,value,kind,note,tel,secret\n" + "".join(
    f"M555000{n},Ottoline Quill{n},1951-03-04,03/25/2020,{88 + n},02139,{n}.5,blood,"
    f"Quill{n} is well,617-555-010{n},s3cret\n"
    for n in range(6)
)


def test_a_csv_table_by_its_settings(tmp_path):
    report, out = run(tmp_path, {"labs.csv": TABLE}, settings={"labs.csv": SETTINGS})
    assert report.clean, report.text()
    (content,) = out.values()
    found = rows(content)
    assert list(found[0]) == ["mrn", "born", "seen", "age", "zip", "value", "kind", "note"]
    days = KEY.days("M5550000")
    assert found[0]["seen"] == shift_iso("2020-03-25", days)
    assert [row["age"] for row in found] == ["88", "89", "90", "90", "90", "90"]
    assert {row["zip"] for row in found} == {"021"}
    assert {row["kind"] for row in found} == {"blood"}
    assert {row["note"] for row in found} == {""}
    assert report.tally.dropped["labs.csv: column that is not named"] == 1
    assert "s3cret" not in report.text() + json.dumps(report.to_dict())
    assert report.anonymity.patients == 6


def test_its_free_text_is_scrubbed_when_asked_for(tmp_path):
    settings = {"labs.csv": SETTINGS}
    report, out = run(tmp_path, {"labs.csv": TABLE}, settings=settings, free_text="scrub")
    assert report.clean, report.text()
    assert {row["note"] for row in rows(next(iter(out.values())))} == {"[NAME] is well"}


def test_a_name_in_a_column_that_was_called_common_is_found_by_the_second_look(
    tmp_path, monkeypatch
):
    from nof1.record.deidentify.context import Context

    monkeypatch.setattr(Context, "tells", lambda self, text, person: False)
    table = "mrn,who,remark\n" + "".join(f"M555000{n},Otto Quill,Quill\n" for n in range(6))
    settings = {"t.csv": {"mrn": "patient", "who": "name", "remark": "common"}}
    report, out = run(tmp_path, {"t.csv": table}, settings=settings)
    assert out == {}
    assert "the patient's own name" in report.taken_out[0].reason


@pytest.mark.parametrize(
    "table",
    [
        "mrn,mrn\n1,2\n",
        "mrn,value\n1,2,3\n",
        'mrn,value\n1,"open\n',
        b"mrn,value\n1,\xff\xfe\n",
        b"\xff\xfem\0r\0n\0",
        "other,column\n1,2\n",
    ],
)
def test_a_damaged_table_is_refused(tmp_path, table):
    settings = {"t.csv": {"mrn": "patient", "value": "number"}}
    report, out = run(tmp_path, {"t.csv": table}, settings=settings)
    assert out == {}
    assert len(report.refused) == 1


def test_roles_of_omop_columns():
    assert omop_role("condition_concept_id") == "whole"
    assert omop_role("CONDITION_START_DATE") == "date"
    assert omop_role("condition_source_value") is None
    assert omop_role("address_1") is None
    assert omop_role("provider_name") is None


@pytest.mark.parametrize(
    "text",
    [
        "tables: {}",
        "tables: {a.csv: {columns: {x: patience}}}",
        "tables: {a.csv: {columns: {x: date}}}",
        "tables: {a.csv: {cols: {x: patient}}}",
        "other: 1",
    ],
)
def test_a_settings_file_that_is_wrong_says_where(tmp_path, text):
    path = tmp_path / "tables.yaml"
    path.write_text(text)
    if text == "tables: {}":
        assert read_settings(path) == {}
        return
    with pytest.raises(InputError) as caught:
        read_settings(path)
    assert "tables.yaml" in caught.value.where
    assert "patient" in ROLES


def test_a_formula_is_written_as_text(tmp_path):
    table = "mrn,kind\n" + "".join(f"M555000{n},=1+1\n" for n in range(6))
    settings = {"t.csv": {"mrn": "patient", "kind": "common"}}
    report, out = run(tmp_path, {"t.csv": table}, settings=settings)
    assert report.clean
    assert {row["kind"] for row in rows(out["t.csv"])} == {"'=1+1"}
