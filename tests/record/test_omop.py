"""OMOP: folders in any dress, DuckDB files, PostgreSQL; the same tables give the same events."""

import gzip
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from nof1.core.errors import InputError, UsageError
from nof1.record.events import BIRTH, DEATH
from nof1.record.importers import detect, omop_sources
from nof1.record.store import Record
from record_samples import imported, reasons, table
from shared_data import needs


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "record"


# ruff: noqa: E501 - the headers are as long as the CDM's column names
CDM: dict[str, str] = {
    "person": """\
person_id,gender_concept_id,year_of_birth,month_of_birth,day_of_birth,birth_datetime,race_concept_id,race_source_value,ethnicity_concept_id,gender_source_value
1,8507,1950,3,4,,0,white,0,M
2,8532,1960,,,,8527,,0,F
3,0,1970,1,1,1970-01-01 06:00:00,0,,0,
""",
    "death": "person_id,death_date,death_datetime,cause_concept_id\n1,2020-05-01,,312327\n",
    "observation_period": """\
observation_period_id,person_id,observation_period_start_date,observation_period_end_date
1,1,2010-01-01,2020-05-01
2,77,2010-01-01,2020-05-01
""",
    "visit_occurrence": """\
visit_occurrence_id,person_id,visit_concept_id,visit_start_date,visit_start_datetime,visit_end_date,visit_end_datetime,visit_source_value,admitting_source_concept_id,discharge_to_concept_id
1,1,9201,2019-01-01,2019-01-01 08:00:00,2019-01-03,2019-01-03 10:00:00,x,8844,8536
2,2,0,2019-02-01,,,,walk-in,0,
""",
    "condition_occurrence": """\
condition_occurrence_id,person_id,condition_concept_id,condition_start_date,condition_end_date,condition_source_value
1,1,312327,2019-01-01,2019-02-01,I21
1,2,312327,2019-01-01,,I21
3,1,0,2019-01-05,,local-7
4,1,999999,2019-01-05,,
5,1,0,2019-01-05,,
6,1,312327,not a date,,
7,1,312327,,,
""",
    "measurement": """\
measurement_id,person_id,measurement_concept_id,measurement_date,measurement_datetime,value_as_number,value_as_concept_id,operator_concept_id,unit_concept_id,unit_source_value,value_source_value,measurement_source_value
1,1,3004501,2019-01-01,2019-01-01T09:00:00,120.5,0,0,8840,mg/dl,120.5,glu
2,1,3004501,2019-01-02,,0.02,0,4171756,8840,,,glu
3,1,3004501,2019-01-03,,,45884084,0,0,,pos,glu
4,1,3004501,2019-01-04,,high,0,0,0,,,glu
""",
    "observation": """\
observation_id,person_id,observation_concept_id,observation_date,value_as_string,observation_source_value
1,2,4275495,2018-01-01,smokes a pipe,smoke
""",
    "note": "note_id,person_id,note_date,note_class_concept_id,note_text\n1,1,2019-01-02,0,SECRET\n",
    "concept": """\
concept_id,concept_name,vocabulary_id,concept_code
0,No matching concept,None,No matching concept
312327,Acute myocardial infarction,SNOMED,57054005
4329847,Myocardial infarction,SNOMED,22298006
3004501,Glucose,LOINC,2345-7
8840,milligram per deciliter,UCUM,mg/dL
45884084,Positive,LOINC,LA6576-8
4275495,Tobacco,SNOMED,229819007
8844,Other Place of Service,CMS Place of Service,99
""",
    "concept_ancestor": """\
ancestor_concept_id,descendant_concept_id,min_levels_of_separation
312327,312327,0
4329847,312327,1
4329847,4329847,0
""",
}


def csv_folder(place: Path, **changes: str | None) -> Path:
    place.mkdir(parents=True, exist_ok=True)
    for name, text in {**CDM, **changes}.items():
        if text is not None:
            (place / f"{name}.csv").write_text(text, encoding="utf-8")
    return place


def facts(root: Path) -> set[tuple]:
    people = Record(root).subjects()
    rows = table(root).join(people, on="subject_id")
    names = ["patient", "code", "time", "numeric_value", "text_value", "unit"]
    return set(rows.select(names).rows())


def test_every_table_becomes_events(root: Path, tmp_path: Path) -> None:
    done = imported(root, csv_folder(tmp_path / "cdm"))
    got = {(patient, code): rest for patient, code, *rest in facts(root)}
    day = datetime(2019, 1, 1)
    assert got["1", BIRTH][0] == datetime(1950, 3, 4)
    assert got["2", BIRTH][0] == datetime(1960, 1, 1)
    assert got["3", BIRTH][0] == datetime(1970, 1, 1, 6)
    assert got["1", "GENDER//M"][0] is None
    assert ("2", "GENDER//F") in got
    assert ("1", "RACE//white") in got
    assert ("2", "RACE//8527") in got
    assert got["1", DEATH][:3:2] == [datetime(2020, 5, 1), "SNOMED//57054005"]
    assert got["1", "END_OF_FOLLOW_UP"][0] == datetime(2020, 5, 1)
    assert got["1", "ENCOUNTER//IMP"][0] == datetime(2019, 1, 1, 8)
    assert got["1", "ENCOUNTER_END//IMP"][0] == datetime(2019, 1, 3, 10)
    assert got["1", "ADMITTED_FROM//CMS Place of Service//99"][0] == datetime(2019, 1, 1, 8)
    assert got["1", "DISCHARGED_TO//OMOP//8536"][0] == datetime(2019, 1, 3, 10)
    assert ("2", "ENCOUNTER//OMOP_SOURCE//visit_occurrence//walk-in") in got
    assert got["1", "SNOMED//57054005"][0] == got["2", "SNOMED//57054005"][0] == day
    assert got["1", "END//SNOMED//57054005"][0] == datetime(2019, 2, 1)
    assert ("1", "OMOP_SOURCE//condition_occurrence//local-7") in got
    assert ("1", "OMOP//999999") in got
    assert got["1", "LOINC//2345-7//LA6576-8"][2] == "Positive"
    assert got["2", "SNOMED//229819007"][2] == "smokes a pipe"
    values = {fact[3:] for fact in facts(root) if fact[1] == "LOINC//2345-7"}
    assert (120.5, None, "mg/dL") in values
    assert any(text == "<0.02" for _, text, _ in values)
    assert "SECRET" not in str(facts(root))
    assert done.notes["condition_occurrence: rows without a standard concept"] == 2
    assert done.notes["condition_occurrence: rows with a concept that the concept table lacks"] == 1
    assert done.notes["birth date without month or day: the first was taken"] == 1
    absent = next(note for note in done.notes if note.startswith("tables that are absent"))
    assert "drug_exposure" in absent


def test_bad_rows_are_named(root: Path, tmp_path: Path) -> None:
    imported(root, csv_folder(tmp_path / "cdm"))
    assert reasons(root) == [
        ("condition_occurrence.csv", 5, "no code"),
        ("condition_occurrence.csv", 6, "condition_start: the date cannot be read"),
        ("condition_occurrence.csv", 7, "condition_start: no date"),
        ("measurement.csv", 4, "the value is no number"),
        ("note.csv", 1, "no code"),
        ("observation_period.csv", 2, "the person is not in the table person"),
    ]


def test_codes_and_ancestors(root: Path, tmp_path: Path) -> None:
    imported(root, csv_folder(tmp_path / "cdm"))
    pairs = set(Record(root).ancestors().rows())
    assert ("SNOMED//22298006", "SNOMED//57054005") in pairs
    assert ("SNOMED//22298006", "SNOMED//22298006") not in pairs  # no patient has this code
    codes = {row["code"]: row for row in Record(root).codes().rows(named=True)}
    assert codes["SNOMED//57054005"]["description"] == "Acute myocardial infarction"
    assert codes["SNOMED//57054005"]["parent_codes"] == ["SNOMED//22298006"]
    assert codes["SNOMED//22298006"]["description"] == "Myocardial infarction"
    assert codes["ENCOUNTER//IMP"]["description"] is None


def test_cdm_5_4_names_and_upper_case(root: Path, tmp_path: Path) -> None:
    place = csv_folder(tmp_path / "cdm")
    imported(root, place)
    newer = CDM["visit_occurrence"].replace("admitting_source", "admitted_from")
    newer = newer.replace("discharge_to", "discharged_to")
    other = csv_folder(tmp_path / "other", visit_occurrence=newer)
    for path in list(other.iterdir()):
        head, body = path.read_text().split("\n", 1)
        target = other / f"{path.stem.upper()}.CSV.gz"
        target.write_bytes(gzip.compress(f"{head.upper()}\n{body}".encode()))
        path.unlink()
    imported(tmp_path / "second", other)
    assert facts(tmp_path / "second") == facts(root)


def typed(name: str) -> pl.DataFrame:
    frame = pl.read_csv(CDM[name].encode(), infer_schema_length=None, try_parse_dates=False)
    ids = [c for c in frame.columns if c.endswith("_id") and frame[c].dtype.is_integer()]
    return frame.with_columns(pl.col(ids).cast(pl.Float64))  # as R exports them


def test_parquet_with_float_ids_gives_the_same(root: Path, tmp_path: Path) -> None:
    imported(root, csv_folder(tmp_path / "cdm"))
    place = tmp_path / "parquet"
    place.mkdir()
    for name in CDM:
        typed(name).write_parquet(place / f"{name}.parquet")
    imported(tmp_path / "second", place)
    assert facts(tmp_path / "second") == facts(root)


def test_duckdb_gives_the_same(root: Path, tmp_path: Path) -> None:
    import duckdb

    imported(root, csv_folder(tmp_path / "cdm"))
    path = tmp_path / "cdm.anything"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA cdm.cdm")  # as ambiguous as it gets
        for name in CDM:
            connection.register("frame", typed(name).to_arrow())
            connection.execute(f"CREATE TABLE cdm.cdm.{name.upper()} AS SELECT * FROM frame")
            connection.unregister("frame")
    assert detect(path, {}) == [("omop", path)]
    imported(tmp_path / "second", path)
    assert facts(tmp_path / "second") == facts(root)
    rows = table(tmp_path / "second").filter(pl.col("source_file") == "measurement")
    assert set(rows["source_row"]) == {1, 2, 3}  # the primary key


def test_a_duckdb_file_cannot_reach_other_files(root: Path, tmp_path: Path) -> None:
    import duckdb

    secret = tmp_path / "secret.csv"
    secret.write_text("person_id,gender_concept_id,year_of_birth\n1,0,1950\n")
    path = tmp_path / "evil.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE VIEW person AS SELECT * FROM read_csv('{secret}')")
    with pytest.raises(InputError):
        imported(root, path)


def test_without_a_vocabulary_codes_are_ids(root: Path, tmp_path: Path) -> None:
    place = csv_folder(tmp_path / "cdm", concept=None, concept_ancestor=None)
    done = imported(root, place)
    assert ("1", "OMOP//312327") in {fact[:2] for fact in facts(root)}
    assert done.notes["no concept table: codes are OMOP//<id>"] == 1


def test_a_missing_column_is_an_error(root: Path, tmp_path: Path) -> None:
    text = CDM["condition_occurrence"].replace("condition_concept_id", "concept")
    with pytest.raises(InputError, match="condition_concept_id"):
        imported(root, csv_folder(tmp_path / "cdm", condition_occurrence=text))


def test_a_table_that_is_there_twice_is_an_error(root: Path, tmp_path: Path) -> None:
    place = csv_folder(tmp_path / "cdm")
    (place / "PERSON.CSV").write_text(CDM["person"])
    with pytest.raises(InputError):
        imported(root, place)


def test_athena_writes_quotation_marks_as_they_are(root: Path, tmp_path: Path) -> None:
    concept = CDM["concept"].replace(",", "\t").replace("Glucose", '"Glucose" 5" tube')
    imported(root, csv_folder(tmp_path / "cdm", concept=concept))
    codes = dict(Record(root).codes().select("code", "description").rows())
    assert codes["LOINC//2345-7"] == '"Glucose" 5" tube'


def test_gibleed(root: Path) -> None:
    path = needs("records/gibleed-omop")
    done = imported(root, path)
    assert done.patients == 2_694
    assert done.superseded == 0
    refused = Record(root).quarantine()["reason"].value_counts().rows()
    orphans = 5_343 - 2_694
    assert dict(refused) == {
        "the person is not in the table person": orphans,
        "more than 300 days before birth": 1,
    }
    starts = pl.read_parquet(path / "condition_occurrence.parquet").height
    got = table(root).filter(pl.col("source_file") == "condition_occurrence.parquet")
    assert got.filter(~pl.col("code").str.starts_with("END//")).height == starts
    born = table(root).filter(pl.col("code") == BIRTH)["time"].dt.date()
    assert set(born) == set(pl.read_parquet(path / "person.parquet")["birth_datetime"].dt.date())
    assert born.min() > date(1850, 1, 1)


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of an own PostgreSQL cluster, which must not run as root."""
    found = shutil.which("initdb"), shutil.which("pg_ctl")
    if None in found:
        pytest.skip("needs the PostgreSQL server programs (initdb, pg_ctl)")
    runner: list[str] = []
    place = Path(tempfile.mkdtemp(prefix="nof1-pg-"))
    if os.getuid() == 0:
        if shutil.which("runuser") is None or not _has_user("postgres"):
            pytest.skip("runs as root, and there is no user `postgres` to run the server")
        shutil.chown(place, "postgres")
        runner = ["runuser", "-u", "postgres", "--"]
    data = str(place / "data")

    def call(*words: str) -> None:
        subprocess.run([*runner, *words], check=True, capture_output=True, cwd=place)

    call(str(found[0]), "-D", data, "-U", "nof1", "-A", "trust", "--no-sync")
    options = f"-c listen_addresses='' -c unix_socket_directories={place} -c fsync=off"
    waits = ("-w", "-t", "300", "-l", str(place / "log"))
    call(str(found[1]), "-D", data, *waits, "-o", options, "start")
    try:
        yield f"postgresql:///postgres?host={place}&user=nof1"
    finally:
        call(str(found[1]), "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(place)


def _has_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def test_postgresql_gives_the_same(root: Path, tmp_path: Path, postgres: str, monkeypatch) -> None:
    psycopg = pytest.importorskip("psycopg")
    imported(root, csv_folder(tmp_path / "cdm"))
    with psycopg.connect(postgres) as connection:
        connection.execute("CREATE SCHEMA cdm")
        for name in CDM:
            frame = typed(name)
            kinds = ", ".join(f"{c} {_kind(frame[c])}" for c in frame.columns)
            connection.execute(f"CREATE TABLE cdm.{name} ({kinds})")
            with connection.cursor().copy(f"COPY cdm.{name} FROM STDIN") as copy:
                for row in frame.rows():
                    copy.write_row(row)
    monkeypatch.setattr(omop_sources, "ROWS_PER_BATCH", 2)  # several fetches from the cursor
    done = imported(tmp_path / "second", postgres)
    assert facts(tmp_path / "second") == facts(root)
    assert done.sources == (("omop", "database"),)
    again = imported(tmp_path / "second", postgres)
    assert (again.added, again.removed) == (0, 0)


def _kind(column: pl.Series) -> str:
    return {pl.Int64: "bigint", pl.Float64: "double precision"}.get(column.dtype, "text")


def test_a_database_that_is_not_there(root: Path) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(InputError, match="cannot be reached") as caught:
        imported(root, "postgresql://user:SECRET@127.0.0.1:1/none?connect_timeout=2")
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    ["postgresql+x://u:SECRET@h/db", "postgresql:/u:SECRET@h/db", "mysql://u:SECRET@h/db"],
)
def test_an_address_with_a_typo_is_not_repeated(root: Path, address: str) -> None:
    with pytest.raises(UsageError, match="address") as caught:
        imported(root, address)
    assert "SECRET" not in str(caught.value)


def test_a_duckdb_file_without_omop_says_so(root: Path, tmp_path: Path) -> None:
    import duckdb

    duckdb.connect(str(tmp_path / "a.duckdb")).execute("CREATE TABLE t (a int)").close()
    with pytest.raises(InputError, match="table person is absent"):
        imported(root, tmp_path / "a.duckdb")
