"""Who a resource is about, in every form of reference."""

import pytest

from fhir_samples import converted, observation, reasons
from nof1.record.importers.fhir_references import identity, resolve


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("Patient/1", "Patient/1"),
        ("Patient/1/_history/2", "Patient/1"),
        ("https://host.example/fhir/Patient/1", "Patient/1"),
        ("https://host.example/fhir/Patient/1/_history/2", "Patient/1"),
        ("urn:uuid:abc", "Patient/abc"),
        ("urn:uuid:known", "Patient/7"),
        ("https://host.example/odd", "Patient/8"),
        ("https://host.example/odd/_history/3", "Patient/8"),
        ("nonsense", None),
        ("", None),
        ("/", None),
    ],
)
def test_literal_references(reference, found):
    urls = {"urn:uuid:known": "Patient/7", "https://host.example/odd": "Patient/8"}
    assert resolve(reference, "Patient", urls) == found


def test_identity_falls_back_to_urn_then_content():
    assert identity("Patient", "1", "urn:uuid:x", b"") == "Patient/1"
    assert identity("Patient", None, "urn:uuid:x", b"") == "Patient/x"
    assert identity("Patient", None, "https://h.example/Patient/3", b"") == "Patient/3"
    assert identity("Patient", "", None, b"a") == identity("Patient", None, None, b"a")
    assert identity("Patient", None, None, b"a") != identity("Patient", None, None, b"b")


PATIENT = {
    "resourceType": "Patient",
    "id": "p9",
    "birthDate": "1960",
    "identifier": [{"system": "urn:mrn", "value": "77"}],
}


@pytest.mark.parametrize(
    "subject",
    [
        {"identifier": {"system": "urn:mrn", "value": "77"}},
        {"type": "Patient", "identifier": {"system": "urn:mrn", "value": "77"}},
        {"reference": "Patient?identifier=urn:mrn|77"},
        {"reference": "Patient?identifier=urn%3Amrn%7C77"},
    ],
)
def test_a_patient_named_by_identifier_may_come_later(tmp_path, subject):
    batch = converted(tmp_path, observation(subject=subject, valueInteger=1), PATIENT)
    assert batch.events["patient"].to_list() == ["p9", "p9"]


@pytest.mark.parametrize(
    ("subject", "reason"),
    [
        (None, "names no patient"),
        ({}, "names no patient"),
        ({"display": "Somebody"}, "names no patient"),
        ({"identifier": {"value": "unknown-77"}}, "by an identifier that no Patient here has"),
        ({"reference": "#p"}, "contained"),
        ({"reference": "who"}, "no form that FHIR R4 knows"),
    ],
)
def test_without_a_patient_it_is_refused(tmp_path, subject, reason):
    batch = converted(tmp_path, observation(subject=subject))
    assert batch.events.is_empty()
    assert reason in reasons(batch)[0]
    assert "77" not in reasons(batch)[0]


def test_groups_and_devices_are_not_patients(tmp_path):
    batch = converted(tmp_path, observation(subject={"reference": "Group/1"}))
    assert batch.excluded == {"its subject is not a patient (a group, device, location)": 1}
