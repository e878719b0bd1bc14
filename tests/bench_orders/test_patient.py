"""The patient of a case: complete, healthy but for the facts, and readable by an importer."""

import json
from datetime import datetime

import pytest
from bench.orders.patient import ckd_epi, creatinine_for, resources
from bench.orders.request import whole
from bench.orders.tables import cases

from nof1.record.bundle import read_bundle

AT = datetime(2026, 3, 1, 12)
ONE_EACH = list({(one.category, one.row): one for one in cases()}.values())


def of(category, row):
    return next(one for one in cases() if (one.category, one.row) == (category, row))


def kinds(case, kind):
    return [one for one in resources(case, AT) if one["resourceType"] == kind]


# CKD-EPI 2021 creatinine equation (Inker et al., N Engl J Med 385:1737), by hand:
# 142 x (1.0/0.9)^-1.2 x 0.9938^50 = 142 x 0.8812 x 0.7327 = 91.7 for a man of 50 years.
def test_the_egfr_equation():
    assert ckd_epi(1.0, 50, female=False) == pytest.approx(91.7, abs=0.1)


@pytest.mark.parametrize(
    ("egfr", "age", "female"), [(15, 45, False), (38, 75, True), (95, 30, True)]
)
def test_creatinine_gives_its_egfr_back(egfr, age, female):
    assert ckd_epi(creatinine_for(egfr, age, female), age, female) == pytest.approx(egfr, rel=0.02)


def test_without_facts_nothing_is_missing():
    case = of("dose", "usual")
    measured = {one["id"] for one in kinds(case, "Observation")}
    assert measured >= {"lab-egfr", "lab-creatinine", "lab-potassium", "lab-alt", "lab-weight"}
    assert kinds(case, "AllergyIntolerance")[0]["code"]["text"] == "No known allergy"


def test_missing_and_old_data():
    assert not {"lab-egfr", "lab-creatinine"} & {
        one["id"] for one in kinds(of("coverage", "no_kidney"), "Observation")
    }
    old = kinds(of("coverage", "old_kidney"), "Observation")
    assert {one["effectiveDateTime"][:4] for one in old} == {"2025"}
    assert not kinds(of("coverage", "no_allergy_list"), "AllergyIntolerance")


def test_a_pregnant_patient_is_a_woman_of_30():
    (patient,) = kinds(of("pregnancy", "contraindicated"), "Patient")
    assert patient["gender"] == "female"
    assert AT.year - int(patient["birthDate"][:4]) in (30, 31)


def test_the_import_reads_every_kind_of_patient():
    for case in ONE_EACH:
        read = read_bundle(json.dumps(whole(case, AT)).encode(), site="bench")
        assert not read.quarantined, case.id
        assert read.events.height >= 6
