"""Encounters, diagnoses, allergies, procedures, vaccinations, reports, family, images."""

import pytest

from fhir_samples import LOINC, coded, converted, reasons, resource, rows

END_OF = "T23:59:59.999999"
PNEUMONIA = coded("233604007")


def condition(**more):
    return resource("Condition", code=PNEUMONIA, recordedDate="2015-03-04T09:00:00Z", **more)


@pytest.mark.parametrize(
    ("onset", "time"),
    [
        ({"onsetDateTime": "2015"}, "2015-03-04T09:00:00"),  # recorded inside the span
        ({"onsetDateTime": "2014"}, "2014-12-31" + END_OF),  # latest moment
        ({"onsetDateTime": "2015-03-01T08:00:00Z"}, "2015-03-01T08:00:00"),
        ({"onsetPeriod": {"start": "2014-05", "end": "2014-07"}}, "2014-07-31" + END_OF),
        ({"onsetAge": {"value": 45, "unit": "a"}}, "2015-03-04T09:00:00"),
        ({"onsetString": "in spring"}, "2015-03-04T09:00:00"),
        ({}, "2015-03-04T09:00:00"),
    ],
)
def test_onset_never_lies_too_early(tmp_path, onset, time):
    assert rows(converted(tmp_path, condition(**onset))) == [("SNOMED//233604007", time)]


def test_abatement_is_an_end_event(tmp_path):
    it = condition(onsetDateTime="2014-01-01", abatementDateTime="2014-02")
    assert rows(converted(tmp_path, it)) == [
        ("SNOMED//233604007", "2014-01-01" + END_OF),
        ("END//SNOMED//233604007", "2014-02-28" + END_OF),
    ]


def test_abatement_before_onset_is_left_out(tmp_path):
    batch = converted(tmp_path, condition(onsetDateTime="2014-01-01", abatementDateTime="2013"))
    assert [code for code, _ in rows(batch)] == ["SNOMED//233604007"]
    assert "abates before its onset" in reasons(batch)[0]


def test_a_resolved_condition_without_date_is_noted(tmp_path):
    batch = converted(tmp_path, condition(clinicalStatus=coded("resolved")))
    assert batch.notes == {"Condition has ended at an unknown date: no END event": 1}


@pytest.mark.parametrize("status", ["refuted", "differential"])
def test_unverified_diagnoses_are_no_facts_and_withdraw_earlier_beliefs(tmp_path, status):
    batch = converted(tmp_path, condition(verificationStatus=coded(status)))
    assert batch.events.is_empty()
    assert batch.excluded == {f"Condition.verificationStatus is {status}": 1}
    assert batch.retracted == ["Condition/x1"]


def test_a_condition_without_any_date_stands_at_last_updated(tmp_path):
    it = resource("Condition", code=PNEUMONIA, meta={"lastUpdated": "2020-01-01T00:00:00Z"})
    assert rows(converted(tmp_path, it)) == [("SNOMED//233604007", "2020-01-01T00:00:00")]
    batch = converted(tmp_path, it | {"meta": {}})
    assert "no place in time" in reasons(batch)[0]


def test_encounter_start_end_and_type(tmp_path):
    period = {"start": "2020-05-01", "end": "2020-05-01T10:00:00Z"}
    it = resource(
        "Encounter",
        status="finished",
        period=period,
        type=[coded("185347001")],
        **{"class": {"code": "IMP"}},
    )
    assert rows(converted(tmp_path, it)) == [
        ("ENCOUNTER//IMP", "2020-05-01T10:00:00"),
        ("ENCOUNTER_TYPE//SNOMED//185347001", "2020-05-01T10:00:00"),
        ("ENCOUNTER_END//IMP", "2020-05-01T10:00:00"),
    ]


def test_an_encounter_that_ends_in_9999_keeps_its_start(tmp_path):
    period = {"start": "2020-05-01T00:00:00Z", "end": "9999-12-31"}
    it = resource("Encounter", status="finished", period=period, **{"class": {"code": "IMP"}})
    batch = converted(tmp_path, it)
    assert rows(batch) == [("ENCOUNTER//IMP", "2020-05-01T00:00:00")]
    assert reasons(batch) == ["period.end: the year lies outside 1800 to 2299"]


def test_allergies_keep_text_and_criticality(tmp_path):
    it = resource(
        "AllergyIntolerance", code={"text": "Penicillin"}, criticality="high", recordedDate="2010"
    )
    batch = converted(tmp_path, it)
    assert rows(batch) == [("ALLERGY//TEXT//penicillin", "2010-12-31" + END_OF)]
    assert batch.events["text_value"].to_list() == ["high"]


def test_allergies_keep_what_happened(tmp_path):
    coded = {"coding": [{"system": "http://snomed.info/sct", "code": "39579001"}]}
    rash = {"coding": [{"code": "271807003", "display": "Rash"}], "text": "red all over"}
    it = resource(
        "AllergyIntolerance",
        code={"text": "Penicillin"},
        criticality="high",
        recordedDate="2010",
        reaction=[
            {"severity": "severe", "manifestation": [coded, rash]},
            {"manifestation": [{"text": "itching"}]},
            {"severity": "mild"},
        ],
    )
    batch = converted(tmp_path, it)
    said = "high; severe: 39579001, Rash; itching; mild"
    assert batch.events["text_value"].to_list() == [said]


def test_procedures_at_their_start(tmp_path):
    period = {"start": "2020-05-01T08:00:00Z", "end": "2020-05-01T10:00:00Z"}
    it = resource("Procedure", status="completed", code=coded("80146002"), performedPeriod=period)
    assert rows(converted(tmp_path, it)) == [("SNOMED//80146002", "2020-05-01T08:00:00")]
    batch = converted(tmp_path, it | {"status": "not-done"})
    assert batch.excluded == {"Procedure.status is not-done": 1}


def test_immunizations(tmp_path):
    vaccine = coded("140", "http://hl7.org/fhir/sid/cvx")
    it = resource(
        "Immunization", status="completed", vaccineCode=vaccine, occurrenceDateTime="2020-05-01"
    )
    assert rows(converted(tmp_path, it)) == [("CVX//140", "2020-05-01" + END_OF)]
    later = it | {"occurrenceDateTime": None, "occurrenceString": "last winter", "recorded": "2021"}
    assert rows(converted(tmp_path, later)) == [("CVX//140", "2021-12-31" + END_OF)]
    assert converted(tmp_path, it | {"status": "not-done"}).events.is_empty()


def test_reports_and_their_coded_conclusions(tmp_path):
    it = resource(
        "DiagnosticReport",
        status="final",
        code=coded("24627-2", LOINC),
        issued="2020-05-01T10:00:00Z",
        effectiveDateTime="2020-05-01",
        conclusionCode=[coded("233604007")],
    )
    assert rows(converted(tmp_path, it)) == [
        ("LOINC//24627-2", "2020-05-01T10:00:00"),
        ("LOINC//24627-2//SNOMED//233604007", "2020-05-01T10:00:00"),
    ]


def test_family_history_carries_relative_and_age(tmp_path):
    it = resource(
        "FamilyMemberHistory",
        status="completed",
        relationship=coded("MTH", "http://x.example"),
        date="2020",
        condition=[{"code": coded("254837009"), "onsetAge": {"value": 48, "unit": "a"}}],
    )
    batch = converted(tmp_path, it)
    columns = ("code", "numeric_value", "text_value", "unit")
    assert batch.events.select(columns).rows() == [("FAMILY//SNOMED//254837009", 48.0, "MTH", "a")]
    assert converted(tmp_path, it | {"condition": []}).excluded == {
        "FamilyMemberHistory names no disease": 1
    }


def test_imaging_once_per_modality(tmp_path):
    it = resource(
        "ImagingStudy",
        status="available",
        started="2020-05-01T10:00:00Z",
        modality=[{"code": "CT"}],
        series=[{"modality": {"code": "CT"}}, {"modality": {"code": "SR"}}],
    )
    assert [code for code, _ in rows(converted(tmp_path, it))] == ["IMAGING//CT", "IMAGING//SR"]


@pytest.mark.parametrize(
    "it",
    [
        resource("Condition", code=PNEUMONIA, clinicalStatus="active"),  # DSTU2, STU3
        resource("Encounter", status="completed", **{"class": [coded("IMP")]}),  # R5
        resource("Encounter", status="finished", actualPeriod={"start": "2020"}),  # R5
        resource(
            "MedicationStatement",
            status="completed",
            medication={"concept": PNEUMONIA},
            effectiveDateTime="2020",
        ),
    ],
)
def test_shapes_of_other_versions_are_refused(tmp_path, it):
    batch = converted(tmp_path, it)
    assert batch.events.is_empty()
    assert len(batch.quarantined) == 1
    assert "R4" in reasons(batch)[0]


HELD = {"meta": {"lastUpdated": "2020-05-01T09:00:00Z"}}


@pytest.mark.parametrize(
    "it",
    [
        resource("Procedure", status="completed", performedDateTime="2020-05-01", code=PNEUMONIA),
        resource("Condition", onsetDateTime="2020", recordedDate="2020-05-01", code=PNEUMONIA),
        resource("DiagnosticReport", status="final", issued="2020-05-01", code=PNEUMONIA),
        resource(
            "DiagnosticReport",
            status="final",
            effectivePeriod={"start": "2020-04-01", "end": "2020-05-01"},
            code=PNEUMONIA,
        ),
    ],
)
def test_what_the_source_held_this_morning_happened_by_then(tmp_path, it):
    batch = converted(tmp_path, it | HELD)
    assert rows(batch) == [("SNOMED//233604007", "2020-05-01T09:00:00")]
    assert batch.events["recorded"].fill_null(batch.events["time"][0])[0] == batch.events["time"][0]


def test_a_planned_end_is_not_moved_to_when_it_was_planned(tmp_path):
    period = {"start": "2020-05-01T08:00:00Z", "end": "2020-05-01"}
    it = resource("Encounter", status="in-progress", period=period, **{"class": {"code": "IMP"}})
    assert rows(converted(tmp_path, it | HELD))[-1] == ("ENCOUNTER_END//IMP", "2020-05-01" + END_OF)
