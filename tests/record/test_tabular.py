"""Tables with a mapping file."""

from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from nof1.core.errors import InputError
from nof1.record.events import BIRTH, DEATH
from nof1.record.store import Record
from record_samples import MAPPING, imported, labs_folder, reasons, table
from shared_data import SHARED, needs

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "record"


def folder(tmp_path: Path, mapping: str, **files: str) -> Path:
    place = tmp_path / "in"
    place.mkdir()
    (place / "mapping.yaml").write_text("schema: nof1/mapping/1\n" + mapping, encoding="utf-8")
    for name, text in files.items():
        (place / f"{name}.csv").write_text(text, encoding="utf-8")
    return place


WIDE = """
missing: [NA]
tables:
  - file: t.csv
    code: study
    patient: id
    time: {constant: "2000-01-01"}
    birth: {age: age, at: {constant: "2000-01-01"}}
    survival: {end: {constant: "2000-01-01", plus: days, unit: days}, event: died}
    numbers: {bp: "mm[Hg]", score: }
    categories: [race]
    translate: {race: {w: white}}
"""
WIDE_ROWS = """\
id,age,days,died,bp,score,race
1,50,10,1,120,1.5,w
2,> 89,20,0,NA,,b
3,-4,30,0,high,2,NA
4,40,30,maybe,<90,2,w
"""


def test_one_row_per_patient(root: Path, tmp_path: Path) -> None:
    imported(root, folder(tmp_path, WIDE, t=WIDE_ROWS))
    got = table(root).join(Record(root).subjects(), on="subject_id")
    facts = {
        (r["patient"], r["code"]): (r["time"], r["numeric_value"], r["text_value"], r["unit"])
        for r in got.rows(named=True)
    }
    start = datetime(2000, 1, 1)
    assert facts["1", "study//bp"] == (start, 120.0, None, "mm[Hg]")
    assert facts["1", "study//race//white"] == (start, None, None, None)
    assert facts["1", DEATH][0] == facts["1", "END_OF_FOLLOW_UP"][0] == datetime(2000, 1, 11)
    assert ("2", DEATH) not in facts
    assert facts["2", "END_OF_FOLLOW_UP"][0] == datetime(2000, 1, 21)
    assert ("2", "study//bp") not in facts
    assert facts["2", BIRTH][0].year == 1910
    assert facts["2", BIRTH][2] == "> 89"
    assert facts["4", "study//bp"][1:3] == (90.0, "<90")
    # a bad cell costs only its own event
    assert facts["3", "study//score"][1] == 2.0
    assert ("3", BIRTH) not in facts
    assert ("3", "study//race//NA") not in facts
    assert set(reasons(root)) == {
        ("t.csv", 3, "column age: not between 0 and 130"),
        ("t.csv", 3, "column bp: no number"),
        ("t.csv", 4, "column died: not 0 or 1"),
    }


LONG = """
anchors:
  admission:
    file: stays.csv
    key: stay
    patient: person
    time: {template: "{year}-01-01 {clock}", minus: before, unit: minutes}
tables:
  - file: labs.csv
    anchor: admission
    key: stay
    record: labid
    exclude: [{column: state, equals: "No", reason: cancelled}]
    events:
      - code: ["lab//{name}", "lab//number {number}"]
        value: result
        text: words
        unit: {column: unit}
        time: {anchor: true, plus: offset, unit: minutes}
        recorded: {anchor: true, plus: entered, unit: hours}
      - code: END//lab
        where: {name: [Na, K]}
        time: {anchor: true, plus: stop, unit: days}
        optional: true
"""
STAYS = "stay,person,year,clock,before\n7,p,2014,12:00:00,-60\n8,p,2015,00:00:00,0\n9,q,,,\n"
LAB_ROWS = """\
labid,stay,name,number,result,words,unit,offset,entered,stop,state
1,7,Na,,140,,mmol/L,30,2,1,Yes
2,8,,4,,negative,,0,0,,Yes
3,8,K,,4,,mmol/L,,0,,Yes
4,8,K,,,,,5,0,,Yes
5,99,K,,4,,,5,0,,Yes
6,9,K,,4,,,5,0,,Yes
7,7,K,,4,,,5,0,,No
8,7,,,4,,,5,0,,Yes
"""


def test_times_as_offsets_from_an_anchor(root: Path, tmp_path: Path) -> None:
    done = imported(root, folder(tmp_path, LONG, stays=STAYS, labs=LAB_ROWS))
    got = (
        table(root)
        .sort("source_row", "code")
        .select("source_row", "code", "time", "recorded", "numeric_value", "text_value")
    )
    assert got.rows() == [
        (1, "END//lab", datetime(2014, 1, 2, 13), None, None, None),
        (1, "lab//Na", datetime(2014, 1, 1, 13, 30), datetime(2014, 1, 1, 15), 140.0, None),
        (2, "lab//number 4", datetime(2015, 1, 1), datetime(2015, 1, 1), None, "negative"),
    ]
    assert done.excluded == {
        "cancelled": 1,
        "labs.csv: rows whose cells are empty or match no rule": 1,
    }
    assert reasons(root) == [
        ("labs.csv", 3, "no time that can be read (column offset)"),
        ("labs.csv", 5, "no patient: the anchor admission lacks this key"),
        ("labs.csv", 6, "no time: the anchor admission has none for this key"),
        ("labs.csv", 8, "no code"),
    ]


def test_files_beside_the_mapping_are_named(root: Path, tmp_path: Path) -> None:
    place = labs_folder(tmp_path / "in")
    (place / "more.csv").write_text("a\n1\n")
    assert imported(root, place).notes == {"the file more.csv is not in the mapping: not read": 1}


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("patient: pid", "pateint: pid", 4, "pateint"),
        ("patient: pid", "patient: [pid]", 4, "must be a text"),
        ("    patient: pid\n", "", 3, "either `patient`, or `anchor`"),
        ("    record: id", "    record: id\n    record: id", 6, "twice"),
        ("time: when", "time: {column: when, plus: x}", 7, "offset needs a unit"),
        ("time: when", "time: {column: when, plus: x, unit: weeks}", 7, "unknown value"),
        ("time: when", "time: {anchor: true}", 7, "no anchor"),
        ("nof1/mapping/1", "nof1/mapping/9", 1, "unknown value"),
        ("time: when,", "time: when", 7, "no valid YAML"),
        ("record: id", "record: *id", None, "aliases"),
    ],
)
def test_a_wrong_mapping_names_its_line(root, tmp_path, old, new, line, message) -> None:
    place = labs_folder(tmp_path / "in", mapping=MAPPING.replace(old, new))
    with pytest.raises(InputError, match=message) as caught:
        imported(root, place / "labs.csv", mapping=str(place / "mapping.yaml"))
    if line is not None:
        assert caught.value.where == f"mapping.yaml, line {line}"


def test_no_value_of_a_patient_is_told(root: Path, tmp_path: Path) -> None:
    text = "id,pid,name,when,value,unit\n1,CANARY-1,glucose,CANARY-2,CANARY-3,mg/dL\n"
    done = imported(root, labs_folder(tmp_path / "in", text))
    assert done.quarantined_rows == 1
    told = (done.generation / "imports.json").read_text() + str(done) + str(reasons(root))
    assert "CANARY" not in told


def test_support2(root: Path) -> None:
    path = needs("records/support2.csv")
    done = imported(root, path, mapping=str(EXAMPLES / "support2" / "mapping.yaml"))
    raw = pl.read_csv(path, infer_schema=False)
    got = table(root)
    assert done.patients == raw.height
    assert done.quarantined_rows == 0
    deaths = raw["death"].str.strip_chars().cast(pl.Int64).sum()
    assert got.filter(pl.col("code") == DEATH).height == deaths
    for column in ("meanbp", "totmcst", "surv6m", "bun"):
        filled = raw[column].str.strip_chars().replace("", None).drop_nulls().len()
        assert got.filter(pl.col("code") == f"support2//{column}").height == filled
    ages = got.filter(pl.col("code") == BIRTH)["time"]
    years = (datetime(1990, 1, 1) - ages).dt.total_seconds() / 86_400 / 365.25
    want = raw["age"].str.strip_chars().cast(pl.Float64).sort()
    assert (years.sort() - want).abs().max() < 1e-6


def test_eicu(root: Path) -> None:
    done = imported(
        root, needs("records/eicu-demo"), mapping=str(EXAMPLES / "eicu" / "mapping.yaml")
    )
    got = table(root)
    assert done.patients == 100
    labs = pl.read_csv(SHARED / "records/eicu-demo/lab.csv", infer_schema=False)
    told = labs.filter(pl.col("labresult").is_not_null() | pl.col("labresulttext").is_not_null())
    mine = got.filter(pl.col("source_file") == "lab.csv")
    assert mine.height + done.excluded.get("column labresult: no value", 0) == labs.height
    assert mine.height == told.height
    # impossible values survive, with their units, for `nof1 quality` to report
    oxygen = got.filter(pl.col("code").str.starts_with("lab//FiO2"))
    assert oxygen["numeric_value"].max() == 10_000.0
    assert got.filter(pl.col("code").str.starts_with("lab//sodium"))["unit"].unique().to_list() == [
        "mmol/L"
    ]
    cancelled = pl.read_csv(SHARED / "records/eicu-demo/medication.csv", infer_schema=False)
    count = (cancelled["drugordercancelled"] == "Yes").sum()
    assert done.excluded["cancelled order"] == count
    assert got.filter(pl.col("code") == DEATH).height == 9


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("lab//{name}", "lab//{name", "needs its }"),
        ("lab//{name}", "lab//{{name}}", "needs its }"),
        ("time: when", 'time: {template: "{when"}', "needs its }"),
        ("tables:", "timezone: Mars/Crater\ntables:", "time zone"),
        ("tables:", "encoding: klingon\ntables:", "unknown value"),
        ("value: value", "valeu: value", "Did you mean 'value'"),
    ],
)
def test_mistakes_in_a_mapping_are_found_before_any_row(tmp_path, old, new, message) -> None:
    place = labs_folder(tmp_path / "in", mapping=MAPPING.replace(old, new))
    with pytest.raises(InputError, match=message) as caught:
        imported(tmp_path / "record", place)
    assert "mapping.yaml, line" in caught.value.where


def test_a_table_that_gives_no_events_is_a_mistake(tmp_path: Path) -> None:
    mapping = "schema: nof1/mapping/1\ntables: [{file: labs.csv, patient: pid}]\n"
    with pytest.raises(InputError, match="nothing that could become an event"):
        imported(tmp_path / "record", labs_folder(tmp_path / "in", mapping=mapping))


def test_files_that_another_importer_reads_are_no_news(tmp_path: Path) -> None:
    place = labs_folder(tmp_path / "in")
    (place / "p.ndjson").write_text(
        '{"resourceType": "Patient", "id": "1", "birthDate": "1950-01-01"}\n'
    )
    (place / "extra.csv").write_text("a\n1\n")
    done = imported(tmp_path / "record", place)
    assert {name for name, _ in done.sources} == {"fhir", "tabular"}
    assert done.notes == {"the file extra.csv is not in the mapping: not read": 1}
    assert done.excluded == {}
    (place / "mapping.yaml").rename(tmp_path / "m.yaml")
    named = imported(tmp_path / "other", place, mapping=str(tmp_path / "m.yaml"))
    assert (named.events, named.sources) == (done.events, done.sources)
