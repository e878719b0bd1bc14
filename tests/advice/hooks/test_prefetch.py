"""What is missing in a prefetch is a gap, and somebody else's data are refused."""

import pytest

from hook_samples import (
    AT,
    PATIENT,
    allergy,
    asked,
    bundle,
    creatinine,
    prefetched,
    raw,
    taken,
)
from nof1.advice.hooks import prefetch, request
from nof1.advice.hooks.outcome import Refusal

KEYS = tuple(prefetch.TEMPLATES)
OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "timeout"}]}
REMARK = {"resourceType": "OperationOutcome", "issue": [{"severity": "information"}]}
OTHER = {"reference": "Patient/2"}


def chart(**changes):
    data = raw(asked("patient-view", prefetch=prefetched(**changes)))
    return prefetch.chart(request.read(data, "patient-view"), KEYS, "here", AT)


def reasons(found):
    return {gap.key: gap.reason for gap in found.gaps}


def test_a_full_prefetch_has_no_gap():
    found = chart()
    assert (found.patient, found.origin, found.gaps) == ("1", "prefetch", ())
    assert "LOINC//2160-0" in found.events["code"].to_list()


def test_words_of_codes_come_from_the_codings():
    found = chart(medications=bundle(taken()))
    assert found.names["RxNorm//312961"] == "simvastatin 20 MG Oral Tablet"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (..., "did not send"),
        (None, "has no data"),
        (OUTCOME, "met an error"),
        (bundle(allergy(), OUTCOME), "the search met an error"),
        (bundle(allergy(), link=[{"relation": "next", "url": "https://x/2"}]), "first page"),
    ],
)
def test_each_way_of_missing_is_a_gap(value, words):
    found = chart(allergies=value)
    assert list(reasons(found)) == ["allergies"]
    assert words in reasons(found)["allergies"]
    assert found.gaps[0].families == ("allergies", "omissions")


def test_a_key_that_nobody_asked_for_cannot_be_missing():
    assert chart(user=None, other=OUTCOME).gaps == ()
    more = chart(laboratory=bundle(), other=bundle(creatinine()))
    assert "LOINC//2160-0" in more.events["code"].to_list()  # what came along is read


def test_a_remark_of_the_search_is_no_gap():
    assert chart(allergies=bundle(allergy(), REMARK)).gaps == ()


def test_an_entry_that_is_refused_is_a_gap_of_its_kind():
    wrong = creatinine() | {"effectiveDateTime": "yesterday"}
    (gap,) = chart(laboratory=bundle(wrong)).gaps
    assert gap.key == "laboratory"
    assert "1 Observation" in gap.reason
    assert "renal" in gap.families
    assert chart(laboratory=bundle(wrong)).notes


def refusal(**changes):
    with pytest.raises(Refusal) as stop:
        chart(**changes)
    return stop.value


@pytest.mark.parametrize("value", [..., None, OUTCOME])
def test_without_the_patient_it_is_412(value):
    found = refusal(patient=value)
    assert (found.status, found.where) == (412, "prefetch.patient")


def test_another_patient_is_refused():
    assert refusal(patient=PATIENT | {"id": "2"}).status == 400
    mixed = refusal(laboratory=bundle(creatinine() | {"subject": OTHER}))
    assert mixed.status == 400
    assert "exactly one patient" in mixed.text


@pytest.mark.parametrize("value", ["text", 7, [], {}, {"resourceType": 5}, {"a": None}])
def test_a_value_that_is_no_resource_is_refused(value):
    assert refusal(allergies=value).status == 400


def test_nothing_usable_is_412():
    empty = {key: ... for key in ("conditions", "allergies", "laboratory", "medications")}
    assert refusal(patient={"resourceType": "Patient", "id": "1"}, **empty).status == 412


def test_every_template_has_its_families_and_every_type_its_key():
    assert set(prefetch.FAMILIES) == set(prefetch.TEMPLATES)
    assert set(prefetch.KEYS.values()) <= set(prefetch.TEMPLATES)
