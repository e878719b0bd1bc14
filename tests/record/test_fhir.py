"""The importer as a whole: the example, real data, and the hot path equal to the import."""

import csv
import json
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from fhir_samples import LOINC, coded, imported, ndjson, observation, resource
from nof1.core.errors import InputError, UsageError
from nof1.record import lifestyle
from nof1.record.events import RAW_SCHEMA
from nof1.record.importers import fhir
from nof1.record.importers.fhir import events_of_bundle
from shared_data import needs

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "fhir"


def bundle(*resources):
    entries = [{"resource": it} for it in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def test_the_example_gives_the_expected_events():
    batch = imported(EXAMPLE / "input")
    expected = pl.read_csv(EXAMPLE / "expected_events.csv", schema=RAW_SCHEMA)
    assert_frame_equal(batch.events, expected)
    assert [(item.file, item.row) for item in batch.quarantined] == [
        ("Observation.ndjson", 6),
        ("Observation.ndjson", 7),
    ]
    assert sum(batch.excluded.values()) == 8
    assert sorted(batch.retracted) == [
        "Condition/c2",
        "Condition/c3",
        "Encounter/e2",
        "MedicationRequest/m2",
        "Observation/o0",
    ]


def test_codes_are_described_once_with_local_codes_as_parents():
    codes = imported(EXAMPLE / "input").codes
    assert codes["code"].is_unique().all()
    (row,) = codes.filter(pl.col("code") == "SNOMED//38341003").rows()
    assert row == ("SNOMED//38341003", "Hypertensive disorder", ["hospital.example/problems//HTN"])


def test_batches_are_bounded_and_never_split_a_record(tmp_path, monkeypatch):
    monkeypatch.setattr(fhir, "ROWS_PER_BATCH", 10)
    part = {"code": coded("8480-6", LOINC), "valueInteger": 1}
    ndjson(tmp_path, *[observation(id=f"o{n}", component=[part] * 4) for n in range(20)])
    batches = list(fhir.read(tmp_path, {}))
    assert sum(batch.events.height for batch in batches) == 80
    assert max(batch.events.height for batch in batches) < 10 + 4
    records = [set(batch.events["record"]) for batch in batches]
    assert sum(map(len, records)) == len(set().union(*records)) == 20


def test_reading_twice_gives_the_same():
    assert_frame_equal(imported(EXAMPLE / "input").events, imported(EXAMPLE / "input").events)


def test_an_unknown_zone_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="time zone"):
        imported(ndjson(tmp_path, observation()), timezone="Mars/Olympus")


def of_one_patient(folder: Path, patient: str) -> list[dict]:
    """All resources of one patient, plus those about nobody."""
    found = []
    for file in sorted(folder.glob("*.ndjson")):
        for line in file.read_bytes().splitlines():
            try:
                it = json.loads(line)
            except ValueError:
                continue
            about = (it.get("subject") or it.get("patient") or {}).get("reference", "")
            mine = it["resourceType"] == "Medication" or f"Patient/{patient}" in about
            if mine or (it["resourceType"] == "Patient" and it["id"] == patient):
                found.append(it)
    return found


def assert_hot_path_equals_import(folder: Path, patient: str) -> None:
    hot = events_of_bundle(bundle(*of_one_patient(folder, patient)))
    assert hot.patient == patient
    batch = pl.concat([batch.events for batch in fhir.read(folder, {})])
    batch = batch.filter(pl.col("patient") == patient)
    batch = pl.concat([batch, lifestyle.normalised(batch)])
    facts = [name for name in RAW_SCHEMA if not name.startswith("source_")]
    assert_frame_equal(hot.frame().select(facts), batch.select(facts), check_row_order=False)


@pytest.mark.parametrize("patient", ["syn-1", "syn-2"])
def test_the_hot_path_equals_the_import(patient):
    assert_hot_path_equals_import(EXAMPLE / "input", patient)


def test_the_hot_path_equals_the_import_on_public_data():
    folder = needs("records/fhir-r4-ndjson")
    for patient in ("129c6ac7-8d06-89de-ad63-0204a93e76c3", "cbc86e51-9eca-3855-76ec-c058f72c5761"):
        assert_hot_path_equals_import(folder, patient)


def test_public_data_is_imported_whole():
    folder = needs("records/fhir-r4-ndjson")
    batch = imported(folder)
    assert not batch.quarantined
    assert batch.events["patient"].n_unique() == 13
    lines = {
        file.name.split(".")[0]: len(file.read_bytes().splitlines())
        for file in folder.glob("*.ndjson")
    }
    kind = pl.col("record").str.split("/").list.first().alias("kind")
    records = dict(batch.events.group_by(kind).agg(pl.col("record").n_unique()).rows())
    skipped = {
        reason.split()[2]: count
        for reason, count in batch.excluded.items()
        if reason.endswith("is not imported")
    }
    assert records | skipped == lines


def test_json_text_and_object_are_the_same():
    it = bundle(
        {"resourceType": "Patient", "id": "1", "birthDate": "1960"}, observation(valueInteger=1)
    )
    text = events_of_bundle(json.dumps(it).encode())
    assert text == events_of_bundle(it)
    assert text.columns["time"] == [-315619200000000, 1577836800000000]


def test_events_after_the_as_of_time_are_left_out_and_counted():
    known = observation(id="a", valueInteger=1)
    late = observation(id="b", valueInteger=2, issued="2020-06-01T00:00:00Z")
    future = observation(id="c", valueInteger=3, effectiveDateTime="2021-01-01T00:00:00Z")
    sex = {"resourceType": "Patient", "id": "1", "gender": "male"}
    hot = events_of_bundle(bundle(sex, known, late, future), datetime(2020, 1, 1))
    assert hot.columns["code"] == ["GENDER//M", "LOINC//2345-7"]
    assert hot.excluded == {"not known at the as-of time": 2}


def test_lifestyle_is_normalised_on_the_hot_path():
    smoker = observation(
        code=coded("72166-2", LOINC), valueCodeableConcept=coded("LA18976-3", LOINC)
    )
    hot = events_of_bundle(bundle(smoker))
    assert hot.columns["code"] == ["LOINC//72166-2//LA18976-3", "LIFESTYLE//smoking//current"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (bundle(), "records of 0 patients"),
        (
            bundle(observation(), observation(id="2", subject={"reference": "Patient/2"})),
            "of 2 patients",
        ),
        (
            bundle(observation(), resource("Condition") | {"subject": {"reference": "Patient/2"}}),
            "of 2",
        ),
        (b"", "truncated"),
        (b"<html>", "malformed"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b'{"resourceType": "Bundle", "entry": {"resource": 1}}', "Expected `array`"),
        (b'{"resourceType": "Bundle", "entry": [', "truncated"),
        ({"resourceType": "Bundle", "entry": [object()]}, "cannot be written as JSON"),
    ],
)
def test_a_bundle_that_is_not_one_patient_is_an_error(data, message):
    with pytest.raises(InputError, match=message) as error:
        events_of_bundle(data)
    assert error.value.next_step
    assert "Patient/2" not in str(error.value)


def test_no_value_of_a_patient_reaches_reasons_or_errors(tmp_path):
    canary = "CANARY-7731"
    hostile = [
        observation(id=canary, status=canary),
        observation(id="a", effectiveDateTime=canary),
        observation(id="b", subject={"reference": canary}),
        observation(id="c", subject={"identifier": {"value": canary}}),
        observation(id="d", valueQuantity={"value": canary}),
        observation(id="e", valueQuantity={"value": 1, "comparator": canary}),
        resource("Encounter", status="finished", period={"start": "2020", "end": canary}),
        resource("MedicationRequest", status="active", intent="order", authoredOn="2020")
        | {"medicationReference": {"reference": canary}},
        {"resourceType": canary},
        {"resourceType": "Patient", "id": "1", "gender": canary, "deceasedDateTime": "2020"},
        canary.encode(),
    ]
    batch = imported(ndjson(tmp_path, *hostile))
    told = [*(item.reason for item in batch.quarantined), *batch.excluded, *batch.notes]
    assert {item.row for item in batch.quarantined} == set(range(1, len(hostile) + 1))
    assert not [text for text in told if canary in text]


def test_the_expected_events_are_readable():
    with (EXAMPLE / "expected_events.csv").open() as table:
        assert set(next(csv.reader(table))) == set(RAW_SCHEMA)
