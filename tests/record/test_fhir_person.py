"""Patient: birth, death, sex, background, region."""

import pytest

from fhir_samples import converted, reasons, rows


def patient(**more):
    return {"resourceType": "Patient", "id": "1", "birthDate": "1960-04-03"} | more


@pytest.mark.parametrize(
    ("birth", "time"),
    [("1960", "1960-01-01"), ("1960-04", "1960-04-01"), ("1960-04-03", "1960-04-03")],
)
def test_birth_is_the_earliest_moment(tmp_path, birth, time):
    assert rows(converted(tmp_path, patient(birthDate=birth))) == [
        ("MEDS_BIRTH", f"{time}T00:00:00")
    ]


def test_death_is_the_latest_moment(tmp_path):
    batch = converted(tmp_path, patient(deceasedDateTime="2020-02"))
    assert rows(batch)[1] == ("MEDS_DEATH", "2020-02-29T23:59:59.999999")


def test_a_death_without_date_is_noted_and_leaks_nothing(tmp_path):
    batch = converted(tmp_path, patient(deceasedBoolean=True))
    assert [code for code, _ in rows(batch)] == ["MEDS_BIRTH"]
    assert batch.notes == {"Patient is deceased at an unknown date: no death event": 1}


def test_death_before_birth_is_refused(tmp_path):
    batch = converted(tmp_path, patient(deceasedDateTime="1950"))
    assert batch.events.is_empty()
    assert reasons(batch) == ["Patient: Patient dies before birth"]


def test_static_facts_have_no_time(tmp_path):
    race = {
        "url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race",
        "extension": [
            {"url": "ombCategory", "valueCoding": {"code": "2106-3", "display": "White"}},
            {"url": "text", "valueString": "White"},
        ],
    }
    sex = {
        "url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex",
        "valueCode": "F",
    }
    batch = converted(tmp_path, patient(birthDate=None, gender="female", extension=[race, sex]))
    assert rows(batch) == [("GENDER//F", None), ("RACE//2106-3", None), ("BIRTHSEX//F", None)]
    assert batch.notes == {"Patient without birthDate: no birth event": 1}


def test_unknown_gender_is_no_fact_and_a_wrong_word_is_refused(tmp_path):
    assert len(rows(converted(tmp_path, patient(gender="unknown")))) == 1
    batch = converted(tmp_path, patient(gender="F"))
    assert len(rows(batch)) == 1
    assert "left out" in reasons(batch)[0]


def test_regions_at_every_level(tmp_path):
    home = {
        "use": "home",
        "country": "US",
        "state": "KS",
        "district": "Lyon",
        "postalCode": "66801",
    }
    old = {"use": "old", "country": "DE"}
    moved = {"country": "FR", "period": {"start": "2019-01-01T00:00:00Z"}}
    batch = converted(tmp_path, patient(birthDate=None, address=[home, old, moved]))
    assert rows(batch) == [
        ("REGION//US", None),
        ("REGION//US-KS", None),
        ("REGION//Lyon", None),
        ("REGION//66801", None),
        ("REGION//FR", "2019-01-01T00:00:00"),
    ]


def test_a_replaced_patient_is_noted(tmp_path):
    link = [{"type": "replaced-by", "other": {"reference": "Patient/2"}}]
    assert len(converted(tmp_path, patient(link=link)).notes) == 1
