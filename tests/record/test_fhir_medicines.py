"""Orders, statements, administrations, dispenses, and the Medications they refer to."""

import pytest

from fhir_samples import RXNORM, coded, converted, ndjson, reasons, resource, rows
from fhir_samples import imported as imported_from

ASPIRIN = coded("1191", RXNORM)
AT = "2020-01-01T08:00:00Z"


def order(**more):
    named = {"medicationCodeableConcept": ASPIRIN}
    return (
        resource("MedicationRequest", status="active", intent="order", authoredOn=AT) | named | more
    )


def referring(reference, **more):
    it = order(medicationReference={"reference": reference}, **more)
    del it["medicationCodeableConcept"]
    return it


def medication(name="asp", **more):
    return {"resourceType": "Medication", "id": name, "code": ASPIRIN} | more


def dosage(start=None, end=None):
    return [{"timing": {"repeat": {"boundsPeriod": {"start": start, "end": end}}}}]


def test_an_order_and_its_end(tmp_path):
    it = order(dosageInstruction=dosage("2020-01-01", "2020-01-10T00:00:00Z"))
    batch = converted(tmp_path, it)
    assert rows(batch) == [
        ("RxNorm//1191", "2020-01-01T08:00:00"),
        ("END//RxNorm//1191", "2020-01-10T00:00:00"),
    ]
    assert batch.events["recorded"].dt.hour().to_list() == [8, 8]


def test_an_open_second_dosage_leaves_the_end_open(tmp_path):
    it = order(dosageInstruction=[*dosage(end="2020-01-10"), {}])
    assert [code for code, _ in rows(converted(tmp_path, it))] == ["RxNorm//1191"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": "cancelled"}, "MedicationRequest.status is cancelled"),
        ({"status": "draft"}, "MedicationRequest.status is draft"),
        ({"intent": "proposal"}, "MedicationRequest.intent is proposal"),
        ({"intent": "plan"}, "MedicationRequest.intent is plan"),
        (
            {"doNotPerform": True},
            "MedicationRequest orders not to give the medicine (doNotPerform)",
        ),
        ({"status": "entered-in-error"}, "MedicationRequest was entered in error"),
    ],
)
def test_what_is_no_order(tmp_path, change, reason):
    batch = converted(tmp_path, order(**change))
    assert batch.events.is_empty()
    assert batch.excluded == {reason: 1}
    assert batch.retracted == ["MedicationRequest/x1"]


def test_statements(tmp_path):
    period = {"start": "2019-05", "end": "2020-01-10T00:00:00Z"}
    it = resource("MedicationStatement", status="active", effectivePeriod=period) | {
        "medicationCodeableConcept": ASPIRIN,
        "dateAsserted": "2019-05-20T00:00:00Z",
    }
    assert rows(converted(tmp_path, it)) == [
        ("RxNorm//1191", "2019-05-20T00:00:00"),
        ("END//RxNorm//1191", "2020-01-10T00:00:00"),
    ]
    batch = converted(tmp_path, it | {"status": "not-taken"})
    assert batch.excluded == {"MedicationStatement.status is not-taken": 1}


def test_administrations_carry_their_dose(tmp_path):
    dose = {"value": 100, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"}
    it = resource("MedicationAdministration", status="completed", effectiveDateTime=AT) | {
        "medicationCodeableConcept": ASPIRIN,
        "dosage": {"dose": dose},
    }
    batch = converted(tmp_path, it)
    assert batch.events.select("code", "numeric_value", "unit").rows() == [
        ("RxNorm//1191", 100.0, "mg")
    ]


def test_dispenses(tmp_path):
    it = resource("MedicationDispense", status="completed", whenPrepared="2020-01-01") | {
        "medicationCodeableConcept": ASPIRIN,
        "whenHandedOver": AT,
    }
    assert rows(converted(tmp_path, it)) == [("RxNorm//1191", "2020-01-01T08:00:00")]
    assert converted(tmp_path, it | {"status": "declined"}).events.is_empty()


@pytest.mark.parametrize(
    "reference",
    ["Medication/asp", "https://x.example/fhir/Medication/asp", "Medication/asp/_history/4"],
)
def test_the_medication_may_stand_in_a_later_file(tmp_path, reference):
    ndjson(tmp_path, referring(reference), name="a.ndjson")
    ndjson(tmp_path, medication(), name="b.ndjson")
    batch = imported_from(tmp_path)
    assert [code for code, _ in rows(batch)] == ["RxNorm//1191"]
    assert batch.excluded == {"Medication: read through the orders that refer to it": 1}


def test_the_newest_version_of_a_medication_names_it(tmp_path):
    new = medication(code=coded("2", RXNORM), meta={"lastUpdated": "2021-01-01T00:00:00Z"})
    old = medication(meta={"lastUpdated": "2020-01-01T00:00:00Z"})
    batch = converted(tmp_path, new, old, referring("Medication/asp"))
    assert [code for code, _ in rows(batch)] == ["RxNorm//2"]


def test_a_contained_medication(tmp_path):
    other = {"resourceType": "Organization", "id": "asp", "name": "x"}
    it = referring("#asp", contained=[other, medication()])
    assert [code for code, _ in rows(converted(tmp_path, it))] == ["RxNorm//1191"]


def test_ingredients_name_a_medication_without_code(tmp_path):
    mix = medication(
        "mix",
        code=None,
        ingredient=[
            {"itemCodeableConcept": coded("5", RXNORM)},
            {"itemReference": {"reference": "#asp"}},
        ],
    )
    it = referring("#mix", contained=[mix, medication()])
    assert [code for code, _ in rows(converted(tmp_path, it))] == ["RxNorm//5", "RxNorm//1191"]


def test_a_loop_of_contained_medications_is_refused(tmp_path):
    parts = [{"itemReference": {"reference": "#b"}}, {"itemReference": {"reference": "#b"}}]
    first = medication("a", code=None, ingredient=parts)
    second = medication("b", code=None, ingredient=[{"itemReference": {"reference": "#a"}}])
    batch = converted(tmp_path, referring("#a", contained=[first, second]))
    assert reasons(batch) == ["MedicationRequest: references between Medications form a loop"]


@pytest.mark.parametrize("reference", ["Medication/none", "#none", "", "nonsense"])
def test_an_unknown_medication_is_refused(tmp_path, reference):
    batch = converted(tmp_path, referring(reference))
    assert batch.events.is_empty()
    assert "refers to" in reasons(batch)[0]


def test_an_order_that_names_no_medicine_is_refused(tmp_path):
    it = order()
    del it["medicationCodeableConcept"]
    assert reasons(converted(tmp_path, it)) == [
        "MedicationRequest: MedicationRequest names no medicine"
    ]
