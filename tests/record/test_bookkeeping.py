"""No row is hidden: each row of a source is an event, in quarantine, or counted as not kept."""

import json
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nof1.record.importers import names
from record_samples import imported, labs_folder, table

DATES = ("2020-01-01", "2020-05-06 07:08:09", "", "soon", "0001-01-01", "9999-12-31", "2020-02-30")
NUMBERS = ("5", "-1.5", "<3", "", "high", "NaN", "1e400")

LABS = """\
schema: nof1/mapping/1
tables:
  - file: labs.csv
    patient: pid
    record: id
    exclude: [{column: state, equals: cancelled, reason: cancelled}]
    events: [{code: "lab//{name}", time: when, value: value, where: {state: [final, ""]}}]
"""


def tabular(folder: Path, rows: list[tuple]) -> int:
    """Rows of record, patient, name, time, value and state; some with a field too many."""
    lines = ["id,pid,name,when,value,state"]
    for number, patient, when, value, oddity in rows:
        name = "" if oddity == "no code" else "x"
        state = {"cancelled": "cancelled", "other": "draft"}.get(oddity, "final")
        line = f"{number},{patient},{name},{when},{value},{state}"
        lines.append(line + (",more" if oddity == "ragged" else ""))
    labs_folder(folder, "\n".join(lines) + "\n", LABS)
    return len(rows)


def fhir(folder: Path, rows: list[tuple]) -> int:
    """One resource a line; repeated ids are versions of one resource."""
    folder.mkdir()
    lines = [json.dumps(_observation(*row)) for row in rows]
    broken = [
        line[:-9] if row[-1] == "ragged" else line for row, line in zip(rows, lines, strict=True)
    ]
    start = json.dumps({"resourceType": "Patient", "id": "p", "birthDate": "1950-01-01"})
    (folder / "a.ndjson").write_text("\n".join([start, *broken]) + "\n")
    return len(rows) + 1


def _observation(number: int, patient: str, when: str, value: str, oddity: str) -> dict:
    kind = {"other": "Device", "no code": "Basic"}.get(oddity, "Observation")
    number_or_not = {"5": 5, "-1.5": -1.5}.get(value)
    return {
        "resourceType": kind,
        "id": str(number),
        "status": "entered-in-error" if oddity == "cancelled" else "final",
        "subject": {"reference": f"Patient/{patient}"} if patient else None,
        "effectiveDateTime": when[:10] or None,
        "code": {"text": "x"},
        "valueQuantity": None if number_or_not is None else {"value": number_or_not},
    }


def omop(folder: Path, rows: list[tuple]) -> int:
    """A table person of two, and measurements; repeated keys stand for one record."""
    folder.mkdir()
    (folder / "person.csv").write_text("person_id,year_of_birth\n1,1950\n2,\n")
    head = "measurement_id,person_id,measurement_concept_id,measurement_date,value_as_number"
    lines = [head + ",measurement_source_value"]
    for number, patient, when, value, oddity in rows:
        person = {"p": "1", "q": "2", "": "99"}[patient]
        source = "" if oddity == "no code" else "local"
        line = f"{number},{person},0,{when[:10]},{value},{source}"
        lines.append(line + (",more" if oddity == "ragged" else ""))
    (folder / "measurement.csv").write_text("\n".join(lines) + "\n")
    return len(rows) + 2


def meds(folder: Path, rows: list[tuple]) -> int:
    """Columns of text, as careless writers leave them."""
    (folder / "data").mkdir(parents=True)
    columns = {
        "subject_id": [{"p": "1", "q": "2.0", "": "x"}[row[1]] for row in rows],
        "time": [row[2] or None for row in rows],
        "code": [None if row[4] == "no code" else "x" for row in rows],
        "numeric_value": [row[3] or None for row in rows],
    }
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    frame.write_parquet(folder / "data" / "a.parquet")
    return len(rows)


def exposures(folder: Path, rows: list[tuple]) -> int:
    """Two homes, the second of them left; rows of a third region concern nobody."""
    folder.mkdir()
    (folder / "e.yaml").write_text(
        "schema: nof1/exposures/1\n"
        "patients: {file: homes.csv, patient: id, region: region, from: since}\n"
        "tables: [{file: air.csv, region: region, date: day, values: {pm25: ug/m3}}]\n"
    )
    (folder / "homes.csv").write_text("id,region,since\n1,p,2020-03-01\n2,p,\n2,q,2020-02-01\n")
    lines = ["region,day,pm25"]
    for _, region, when, value, oddity in rows:
        lines.append(f"{region},{when[:10]},{value}" + (",more" if oddity == "ragged" else ""))
    (folder / "air.csv").write_text("\n".join(lines) + "\n")
    return len(rows)


def genome(folder: Path, rows: list[tuple]) -> int:
    """One sample a row, with a genotype or without; a list that knows some of their patients."""
    folder.mkdir()
    calls = {"5": "1/1", "-1.5": "0/1", "<3": "./1", "": "./."}
    names = [f"s{index}" for index in range(len(rows))]
    columns = "\t".join(["#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT", *names, "last"])
    place = "chr10\t94781859\t.\tG\tA\t.\tPASS\t.\tGT"
    genotypes = [calls.get(row[3], "0/0") for row in rows]
    lines = ["##fileformat=VCFv4.2", "##reference=GRCh38", columns]
    lines.append("\t".join([place, *genotypes, "0/1"]))
    (folder / "a.vcf").write_text("\n".join(lines) + "\n")
    listed = [
        f"{name},{patient},{when}" for name, (_, patient, when, *_) in zip(names, rows, strict=True)
    ]
    wrong = sum(
        not patient or when == "soon" or when == "2020-02-30" for _, patient, when, *_ in rows
    )
    (folder / "samples.csv").write_text("\n".join(["sample,patient,reported", *listed]) + "\n")
    return len(rows) + 1 + wrong


def imaging(folder: Path, rows: list[tuple]) -> int:
    """One answer a line; the same picture asked again replaces the earlier answer."""
    folder.mkdir()
    basis = {"kind": "model", "id": "m", "version": "1", "content_hash": "0"}
    basis |= {"knowledge_date": "2020-01-01", "validated_in": "nobody"}
    lines = []
    for number, patient, when, value, oddity in [(0, "p", "2020-01-01", "5", ""), *rows]:
        sure = {"5": 0.5}.get(value)
        interval = {"low": 0.1, "high": 0.9, "level": 0.9}
        finding = {
            "subject": {"id": patient},
            "as_of": "2021-01-01T00:00:00Z",
            "kind": "image",
            "what": {"code": "IMAGE//x", "display": "x"},
            "status": "found" if sure else "withheld",
            "reason": "because",
            "resolve": "" if oddity == "no code" else "ask",
            "basis": basis,
        }
        if sure:
            finding["value"] = {"amount": sure, "unit": "1", "interval": interval}
        reading = {
            "schema": "nof1/imaging-reading/1",
            "patient": patient,
            "taken": when.replace(" ", "T") if " " in when else f"{when}T00:00:00Z",
            "picture": f"{number:064x}"[::-1],
            "sources": ["a.dcm"],
            "finding": finding,
        }
        line = json.dumps(reading)
        lines.append(line[:-9] if oddity == "ragged" else line)
    (folder / "a.ndjson").write_text("\n".join(lines) + "\n")
    return len(lines)


WRITERS: dict[str, Callable[[Path, list[tuple]], int]] = {
    "fhir": fhir,
    "omop": omop,
    "meds": meds,
    "exposures": exposures,
    "genome": genome,
    "imaging": imaging,
    "tabular": tabular,
}
row = st.tuples(
    st.integers(1, 6),
    st.sampled_from(("p", "p", "q", "")),
    st.sampled_from(DATES),
    st.sampled_from(NUMBERS),
    st.sampled_from(("", "", "", "no code", "ragged", "cancelled", "other")),
)


def test_every_importer_is_in_this_test() -> None:
    assert set(WRITERS) == set(names())


@pytest.mark.parametrize("name", names())
@settings(deadline=None, max_examples=12)
@given(rows=st.lists(row, max_size=12))
def test_the_books_balance(name: str, rows: list[tuple]) -> None:
    with tempfile.TemporaryDirectory() as place:
        root, folder = Path(place, "record"), Path(place, "in")
        given_rows = WRITERS[name](folder, rows)
        done = imported(root, folder, shards=2)
        assert done.sources == ((name, "in"),)
        kept = table(root).select("source_file", "source_row").unique().height
        not_kept = sum(done.excluded.values()) + done.superseded
        assert given_rows == kept + done.quarantined_rows + not_kept
        assert sum(one.rows for one in done.refusals) >= done.quarantined_rows
        assert done.events == done.added + done.replaced
        again = imported(root, folder, shards=2)
        assert (again.added, again.removed, again.events) == (0, 0, done.events)
        assert again.refusals == done.refusals


def test_a_row_refused_for_its_patients_birth_is_not_called_added(tmp_path: Path) -> None:
    rows = "id,pid,name,when,value,unit\n1,a,b,2000-01-01,1,\n2,a,x,1990-01-01,1,\n"
    mapping = """\
schema: nof1/mapping/1
tables:
  - file: labs.csv
    patient: pid
    events:
      - {code: MEDS_BIRTH, time: when, where: {name: b}}
      - {code: x, time: when, where: {name: x}}
"""
    done = imported(tmp_path / "record", labs_folder(tmp_path / "in", rows, mapping))
    assert (done.events, done.added, done.quarantined_rows) == (1, 1, 1)
    earlier = labs_folder(tmp_path / "in", rows.replace("2000", "1989"), mapping)
    imported(tmp_path / "second", earlier)
    done = imported(tmp_path / "second", labs_folder(tmp_path / "in", rows, mapping))
    assert (done.events, done.added, done.replaced, done.removed) == (1, 0, 1, 1)
    assert table(tmp_path / "second")["time"].to_list() == [datetime(2000, 1, 1)]
