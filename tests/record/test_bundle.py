"""A Bundle gives exactly the rows that an import of the same file keeps."""

import json
from datetime import datetime

import msgspec
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_samples import LOINC, RXNORM, UCUM, coded, observation, resource
from nof1.core.errors import InputError
from nof1.record.bundle import read_bundle, read_rows
from nof1.record.events import SCHEMA
from nof1.record.importers.fhir_types import Bundle
from nof1.record.ingest import ingest
from nof1.record.rows import frame_of
from nof1.record.store import Record

NOT_FHIR = pl.col("code").str.contains("^(EXPOSURE|GENE|PGS|PHENOTYPE)//")
NAME = "bundle.json"


def bundle(resources, kind="collection"):
    entries = [{"resource": each} for each in resources]
    return json.dumps({"resourceType": "Bundle", "type": kind, "entry": entries}).encode()


def resources_of(folder, patient):
    """All resources of one patient in the files of a site."""
    return [
        json.loads(line)
        for path in sorted(folder.glob("*.ndjson"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if f'"{patient}"' in line or f'Patient/{patient}"' in line
    ]


def stored(folder, data):
    """Events and refused rows after an import of the same Bundle into an empty record."""
    folder.mkdir(exist_ok=True)
    (folder / NAME).write_bytes(data)
    ingest(folder / "record", [folder / NAME], site="s", settings={"shards": 1})
    record = Record(folder / "record")
    refused = record.quarantine().select("row", "reason").unique().sort("row", "reason").rows()
    return record.scan().collect(), refused


def same_as_import(folder, data):
    read = read_bundle(data, site="s", name=NAME)
    events, refused = stored(folder, data)
    assert read.events.schema == SCHEMA
    assert read.events.equals(events.select(list(SCHEMA)))
    assert sorted({(one.row, one.reason) for one in read.quarantined}) == refused
    return read


PATIENT = {"resourceType": "Patient", "id": "1", "gender": "female", "birthDate": "1960-02-03"}
GLUCOSE = {"value": 5.5, "system": UCUM, "code": "mmol/L", "unit": "mmol/L"}
SMOKER = coded("LA18976-3", LOINC, "Current every day smoker")
POOL = [
    PATIENT,
    PATIENT | {"deceasedDateTime": "2021-01-01"},
    PATIENT | {"deceasedDateTime": "1950-01-01"},  # birth after death
    observation(),
    observation(id="o1", valueQuantity=GLUCOSE, meta={"lastUpdated": "2020-05-01T00:00:00Z"}),
    observation(id="o1", status="entered-in-error", meta={"lastUpdated": "2022-01-01T00:00:00Z"}),
    observation(id="o2", valueQuantity={"value": 2, "unit": "furlongs"}),
    observation(id="o3", valueQuantity={"value": 90, "unit": "mg/dL"}),
    observation(id="o4", valueQuantity={"value": 1e300, "unit": "mg/dL"}),  # too large for float32
    observation(id="o5", effectiveDateTime="1901-01-01"),  # before birth
    observation(id="o6", effectiveDateTime="2999-01-01"),
    observation(id="o7", effectiveDateTime="0001"),
    observation(id="o8", code=coded("72166-2", LOINC), valueCodeableConcept=SMOKER),
    observation(id="o9", issued="2020-06-01T00:00:00Z", valueQuantity=GLUCOSE),
    observation(id=None, valueQuantity=GLUCOSE),
    resource("Condition", id="c1", code=coded("38341003"), onsetDateTime="2019"),
    resource("Condition", id="c1", code=coded("38341003"), verificationStatus=coded("refuted")),
    resource("AllergyIntolerance", id="a1", code=coded("7984", RXNORM)),
    resource("MedicationRequest", id="m1", status="stopped", intent="order", authoredOn="2020"),
    {"resourceType": "Device", "id": "d1"},
    {"resourceType": "Observation", "id": 7},
    "no resource",
]


@pytest.mark.parametrize("kind", ["collection", "searchset", "document"])
def test_everything_at_once(tmp_path, kind):
    good = [each for each in POOL if each not in POOL[1:3]]
    read = same_as_import(tmp_path, bundle(good, kind))
    assert read.patient == "1"
    assert {"LIFESTYLE//smoking//current", "LOINC//2345-7//[furlongs]"} <= set(read.events["code"])


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(picked=st.lists(st.sampled_from(POOL), max_size=8))
def test_any_mixture(tmp_path_factory, picked):
    data = bundle([*picked, PATIENT])
    same_as_import(tmp_path_factory.mktemp("any"), data)


def test_a_deleted_resource_of_a_history(tmp_path):
    entries = [
        {"resource": PATIENT, "request": {"method": "PUT", "url": "Patient/1"}},
        {"resource": observation(), "request": {"method": "PUT", "url": "Observation/o1"}},
        {"request": {"method": "DELETE", "url": "Observation/o1"}},
    ]
    data = json.dumps({"resourceType": "Bundle", "type": "history", "entry": entries}).encode()
    read = same_as_import(tmp_path, data)
    assert "LOINC//2345-7" not in set(read.events["code"])


@pytest.mark.parametrize("place", [0, 7, 40])
def test_patients_of_the_synthetic_hospital(small_hospital, tmp_path, place):
    record = Record(small_hospital.workspace.record)
    people = record.subjects().filter(pl.col("site") == "site-a").sort("patient")
    patient, subject_id = people.select("patient", "subject_id").row(place)
    folder = small_hospital.written.sites["site-a"] / "fhir"
    data = bundle(resources_of(folder, patient))
    assert same_as_import(tmp_path, data).patient == patient
    fields = [name for name in SCHEMA if not name.startswith("source")]
    from_files = record.patient_events(subject_id).filter(~NOT_FHIR).select(fields).sort(fields)
    read = read_bundle(data, site="site-a").events
    assert read.select(fields).sort(fields).equals(from_files)


@pytest.mark.parametrize(
    ("broken", "note"),
    [
        (0, ()),
        (1, ("1 entry of the Bundle could not be used: nothing in them counts.",)),
        (2, ("2 entries of the Bundle could not be used: nothing in them counts.",)),
    ],
)
def test_refused_entries_are_told(broken, note):
    bad = [observation(id=f"b{n}", effectiveDateTime="0001") for n in range(broken)]
    read = read_bundle(bundle([PATIENT, observation(), *bad]), site="s")
    assert len(read.quarantined) == broken
    assert read.notes == note


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[1, 2]", b'{"resourceType": "Bundle"}', b"\xff\xfe"]
)
def test_what_is_no_bundle_of_a_patient(data):
    with pytest.raises(InputError):
        read_bundle(data, site="a")


def test_nothing_usable_says_where_to_look():
    with pytest.raises(InputError, match="nothing that could be used"):
        read_bundle(bundle([observation(effectiveDateTime="2999-01-01")]), site="s")


def test_what_lies_in_the_future_is_judged_by_the_moment_of_asking():
    later = observation(effectiveDateTime="2024-03-01")
    data = bundle([PATIENT, observation(effectiveDateTime="2024-01-01"), later])
    asked = read_bundle(data, site="s", at=datetime(2024, 2, 1))
    assert len(asked.quarantined) == 1
    assert asked.events.filter(pl.col("time") > datetime(2024, 2, 1)).is_empty()
    assert not read_bundle(data, site="s", at=datetime(2024, 4, 1)).quarantined


@settings(max_examples=40, deadline=None)
@given(
    picked=st.lists(st.sampled_from(POOL), max_size=8),
    nested=st.booleans(),
    opened=st.booleans(),
)
def test_resources_give_the_rows_of_a_bundle_that_holds_them(picked, nested, opened):
    """As values of a prefetch: single resources and Bundles, opened already or not."""
    parts = [PATIENT, *([json.loads(bundle(picked, "searchset"))] if nested else picked)]
    raws = [msgspec.Raw(json.dumps(one).encode()) for one in parts]
    sent = raws
    if nested and opened:
        sent = [raws[0], msgspec.json.decode(raws[1], type=Bundle)]
    try:
        whole = read_bundle(bundle(parts), site="s")
    except InputError as error:
        with pytest.raises(InputError, match=error.message[:20]):
            read_rows(sent, site="s")
        return
    read = read_rows(sent, site="s")
    assert read.patient == whole.patient
    assert frame_of(read.rows).equals(whole.events)
    assert read.quarantined == whole.quarantined
    assert read.notes == whole.notes
