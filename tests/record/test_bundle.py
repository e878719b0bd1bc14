"""A Bundle gives the rows that an import of the same resources keeps."""

import json

import polars as pl
import pytest

from nof1.core.errors import InputError
from nof1.record.bundle import read_bundle
from nof1.record.store import Record

FIELDS = ["subject_id", "time", "code", "numeric_value", "text_value", "unit", "recorded"]
NOT_FHIR = pl.col("code").str.contains("^(EXPOSURE|GENE|PGS|PHENOTYPE)//")


def bundle_of(folder, patient):
    """All resources of one patient in the files of a site, as one Bundle."""
    found = []
    for path in sorted(folder.glob("*.ndjson")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if f'"{patient}"' in line or f'Patient/{patient}"' in line:
                found.append({"resource": json.loads(line)})
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": found}).encode()


@pytest.mark.parametrize("place", [0, 7, 40])
def test_same_rows_as_an_import(small_hospital, place):
    record = Record(small_hospital.workspace.record)
    people = record.subjects().filter(pl.col("site") == "site-a").sort("patient")
    patient = people["patient"][place]
    folder = small_hospital.written.sites["site-a"] / "fhir"
    read = read_bundle(bundle_of(folder, patient), site="site-a")
    stored = record.patient_events(people["subject_id"][place]).filter(~NOT_FHIR)
    assert read.patient == patient
    assert read.events.select(FIELDS).sort(FIELDS).equals(stored.select(FIELDS).sort(FIELDS))
    assert set(read.events["record_key"]) == set(stored["record_key"])
    assert read.events["time"].is_sorted(nulls_last=False)


def test_a_refused_entry_is_told(small_hospital):
    folder = small_hospital.written.sites["site-a"] / "fhir"
    people = Record(small_hospital.workspace.record).subjects()
    patient = people.filter(pl.col("site") == "site-a")["patient"].min()
    bundle = json.loads(bundle_of(folder, patient))
    broken = {
        "resourceType": "Condition",
        "id": "c1",
        "subject": {"reference": "Patient/" + patient},
    }
    bundle["entry"].append({"resource": broken | {"code": {"text": "x"}, "onsetDateTime": "0001"}})
    read = read_bundle(json.dumps(bundle).encode(), site="site-a")
    assert len(read.quarantined) == 1


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[1, 2]", b'{"resourceType": "Bundle"}', b"\xff\xfe"]
)
def test_what_is_no_bundle_of_a_patient(data):
    with pytest.raises(InputError):
        read_bundle(data, site="a")
