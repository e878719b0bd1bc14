"""Draft orders as FHIR writes them: what is read, what is refused, and that nothing vanishes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof1.advice.orders.drafts import ordered, read
from nof1.core.errors import InputError, UsageError

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"


def context(*resources: dict[str, Any]) -> dict[str, Any]:
    entries = [{"resource": one} for one in resources]
    return {"draftOrders": {"resourceType": "Bundle", "entry": entries}}


def concept(*codes: str, text: str | None = None, system: str = RXNORM) -> dict[str, Any]:
    made: dict[str, Any] = {"coding": [{"system": system, "code": code} for code in codes]}
    return made if text is None else {**made, "text": text}


def request(medicine: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    made = {"resourceType": "MedicationRequest", "id": "mr1", "status": "draft", **more}
    return made if medicine is None else {**made, "medicationCodeableConcept": medicine}


def test_a_coded_order_with_its_dose() -> None:
    dosage = {
        "timing": {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}},
        "route": {"text": "oral"},
        "doseAndRate": [{"doseQuantity": {"value": 81, "unit": "milligram", "code": "mg"}}],
    }
    (made,) = read(context(request(concept("1191"), dosageInstruction=[dosage])))
    assert (made.medicine, made.code, made.reference) == (
        "aspirin",
        "RxNorm//1191",
        "MedicationRequest/mr1",
    )
    assert (made.dose, made.unit, made.per_day, made.route) == (81.0, "mg", 2.0, "oral")


@pytest.mark.parametrize(
    ("timing", "per_day"),
    [
        ({"repeat": {"frequency": 1, "period": 1, "periodUnit": "wk"}}, 1 / 7),
        ({"repeat": {"period": 8, "periodUnit": "h"}}, 3.0),
        ({"code": {"coding": [{"code": "BID"}]}}, 2.0),
        ({"code": {"text": "QOD"}}, 0.5),
        ({"repeat": {"frequency": 1, "period": 0, "periodUnit": "d"}}, None),
        ({}, None),
    ],
)
def test_doses_a_day(timing: dict[str, Any], per_day: float | None) -> None:
    (made,) = read(context(request(concept("1191"), dosageInstruction=[{"timing": timing}])))
    assert made.per_day == (None if per_day is None else pytest.approx(per_day))


def test_a_product_code_is_read_by_its_words() -> None:
    (made,) = read(context(request(concept("855332", text="warfarin sodium 5 MG Oral Tablet"))))
    assert (made.medicine, made.code) == ("warfarin", "RxNorm//855332")


def test_atc_is_read_and_ranks_behind_rxnorm() -> None:
    both = {
        "coding": [
            {"system": "http://www.whocc.no/atc", "code": "B01AA03"},
            {"system": RXNORM, "code": "11289"},
        ]
    }
    (made,) = read(context(request(both)))
    assert (made.medicine, made.code) == ("warfarin", "RxNorm//11289")


def test_each_ingredient_of_a_product_is_a_draft_of_one_order() -> None:
    text = "lisinopril 10 MG / hydrochlorothiazide 12.5 MG Oral Tablet"
    made = read(context(request({"text": text})))
    assert [one.medicine for one in made] == ["lisinopril", "hydrochlorothiazide"]
    assert {one.raw_index for one in made} == {0}


def test_a_combination_with_a_name_of_its_own_is_one_draft() -> None:
    (made,) = read(context(request({"text": "sulfamethoxazole 800 MG / trimethoprim 160 MG"})))
    assert made.medicine == "sulfamethoxazole / trimethoprim"


def test_the_medication_is_contained_or_an_entry_or_named_by_its_ingredients() -> None:
    inside = {"resourceType": "Medication", "id": "m", "code": concept("1191")}
    (made,) = read(context(request(contained=[inside], medicationReference={"reference": "#m"})))
    assert made.medicine == "aspirin"
    entry = {
        "resourceType": "Medication",
        "id": "m2",
        "ingredient": [{"itemCodeableConcept": concept("11289")}],
    }
    (made,) = read(context(request(medicationReference={"reference": "Medication/m2"}), entry))
    assert made.medicine == "warfarin"


def test_a_medication_that_refers_to_itself_ends() -> None:
    loop = {
        "resourceType": "Medication",
        "id": "m",
        "ingredient": [{"itemReference": {"reference": "Medication/m"}}],
    }
    (made,) = read(context(request(medicationReference={"reference": "Medication/m"}), loop))
    assert made.medicine is None


def test_what_nobody_knows_stays_as_a_draft_without_medicine() -> None:
    made = read(
        context(
            request(concept("99999999", text="zorblax")),
            request(),
            {"resourceType": "ServiceRequest", "id": "s", "code": {"text": "CT of the head"}},
        )
    )
    assert [one.medicine for one in made] == [None, None, None]
    assert [one.display for one in made] == [
        "zorblax",
        "MedicationRequest without a name",
        "CT of the head",
    ]
    assert made[0].code == "RxNorm//99999999"


def test_words_that_name_another_medicine_than_the_code_are_read_as_well() -> None:
    made = read(context(request(concept("1191", text="warfarin 5 mg"))))
    assert [one.medicine for one in made] == ["aspirin", "warfarin"]


@pytest.mark.parametrize(
    "more", [{"doNotPerform": True}, {"status": "cancelled"}, {"status": "entered-in-error"}]
)
def test_an_order_that_asks_for_nothing_is_none(more: dict[str, Any]) -> None:
    assert read(context(request(concept("1191"), **more), request(concept("11289")))) != ()
    assert read(context(request(concept("1191"), **more))) == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"draftOrders": []},
        {"draftOrders": {"resourceType": "OperationOutcome"}},
        {"draftOrders": {"resourceType": "Bundle", "entry": {}}},
        {"draftOrders": {"resourceType": "Bundle", "entry": [{}]}},
        {"draftOrders": {"resourceType": "Bundle", "entry": [{"resource": "x"}]}},
    ],
)
def test_what_is_no_bundle_of_orders_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError) as error:
        read(wrong)
    assert "draftOrders" in str(error.value.where)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["coding", "code", "text", "reference", "repeat", "value", "display"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(medicine=JSON, pointer=JSON, dosage=JSON, contained=JSON, code=JSON, identifier=JSON)
def test_no_order_of_any_shape_breaks_the_reader_or_vanishes(
    medicine: Any, pointer: Any, dosage: Any, contained: Any, code: Any, identifier: Any
) -> None:
    order = {
        "resourceType": "MedicationRequest",
        "id": identifier,
        "medicationCodeableConcept": medicine,
        "medicationReference": pointer,
        "dosageInstruction": [dosage],
        "contained": contained,
        "code": code,
    }
    made = read(context(order))
    assert made
    assert all(one.raw_index == 0 for one in made)


@pytest.mark.parametrize("text", ["RxNorm//1191", "1191", "B01AC06", "aspirin", " Aspirin "])
def test_orders_as_codes_or_words(text: str) -> None:
    (made,) = ordered([text])
    assert made.medicine == "aspirin"


def test_orders_in_words_keep_their_place() -> None:
    made = ordered(["zorblax", "lisinopril 10 MG / hydrochlorothiazide 12.5 MG"])
    assert [(one.medicine, one.raw_index) for one in made] == [
        (None, 0),
        ("lisinopril", 1),
        ("hydrochlorothiazide", 1),
    ]
    with pytest.raises(UsageError):
        ordered(["  "])


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        ({"coding": [{"system": "http://snomed.info/sct", "code": "47625008"}]}, "47625008"),
        ({"coding": [{"code": "47625008", "display": "Intravenous route"}]}, "Intravenous route"),
        ({}, None),
    ],
)
def test_a_route_by_its_code_alone_is_not_lost(route: dict[str, Any], expected: str | None) -> None:
    order = {
        "resourceType": "MedicationRequest",
        "medicationCodeableConcept": {"text": "vancomycin"},
        "dosageInstruction": [{"route": route}],
    }
    (made,) = read(context(order))
    assert made.route == expected


@pytest.mark.parametrize(("code", "per_day"), [("Q12H", 2.0), ("Q2H", 12.0), ("QHS", 1.0)])
def test_codes_of_timing(code: str, per_day: float) -> None:
    order = {
        "resourceType": "MedicationRequest",
        "medicationCodeableConcept": {"text": "lisinopril"},
        "dosageInstruction": [{"timing": {"code": {"coding": [{"code": code}]}}}],
    }
    (made,) = read(context(order))
    assert made.per_day == per_day
