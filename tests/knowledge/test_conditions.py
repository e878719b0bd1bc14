"""Diagnoses against medicines: codes in both vocabularies, well-known contraindications."""

import re

import pytest

from nof1.core.errors import InputError
from nof1.knowledge.base import Base
from nof1.knowledge.conditions import (
    NAMES,
    TABLE,
    Codes,
    Condition,
    against,
    codes,
    conditions,
    of,
    recent,
    recognised,
)
from nof1.synthetic.codes import DIAGNOSES


@pytest.mark.parametrize(
    ("drug", "code", "action"),
    [
        ("ibuprofen", "ICD10CM//N18.30", "avoid"),
        ("ibuprofen", "SNOMED//84114007", "avoid"),
        ("ibuprofen", "ICD10CM//K92.2", "avoid"),
        ("prasugrel", "ICD10CM//I63.9", "contraindicated"),
        ("prasugrel", "SNOMED//266257000", "contraindicated"),
        ("metoclopramide", "ICD10CM//G20", "avoid"),
        ("propranolol", "ICD10CM//J45.909", "contraindicated"),
        ("sumatriptan", "SNOMED//22298006", "contraindicated"),
        ("bupropion", "ICD10CM//G40.909", "contraindicated"),
        ("pioglitazone", "ICD10CM//I50.22", "avoid"),
        ("cilostazol", "SNOMED//42343007", "contraindicated"),
        ("rasburicase", "ICD10CM//D550", "contraindicated"),
        ("lisinopril", "SNOMED//41291007", "contraindicated"),
        ("ciprofloxacin", "ICD10CM//G70.01", "avoid"),
        ("semaglutide", "ICD10CM//E31.22", "contraindicated"),
        ("oxybutynin", "ICD10CM//R33.9", "contraindicated"),
        ("haloperidol", "ICD10CM//G20", "contraindicated"),
        ("risperidone", "ICD10CM//G20", "avoid"),
        ("donepezil", "ICD10CM//R55", "avoid"),
        ("hydrochlorothiazide", "ICD10CM//E87.1", "avoid"),
        ("alendronate", "ICD10CM//E83.51", "contraindicated"),
        ("morphine", "ICD10CM//K56.7", "contraindicated"),
        ("metoprolol", "ICD10CM//R00.1", "contraindicated"),
        ("enoxaparin", "ICD10CM//D75.82", "contraindicated"),
        ("sumatriptan", "SNOMED//230690007", "contraindicated"),
        ("prasugrel", "ICD10//I64", "contraindicated"),
        ("naloxegol", "ICD10CM//K56.7", "contraindicated"),
        ("propafenone", "ICD10CM//J45.909", "contraindicated"),
        ("apixaban", "ICD10CM//K92.2", "adjust"),
    ],
)
def test_well_known_contraindications(drug, code, action):
    assert [one.action for one in against(drug, [code])] == [action]


@pytest.mark.parametrize(
    ("drug", "code"),
    [
        ("amlodipine", "ICD10CM//J45.909"),
        ("acetaminophen", "ICD10CM//N18.4"),
        ("acetaminophen", "ICD10CM//I10"),
        ("ibuprofen", "ICD9CM//428.0"),
        ("ibuprofen", "SNOMED//8411400"),
        ("ibuprofen", ""),
    ],
)
def test_where_no_row_holds(drug, code):
    assert against(drug, [code]) == ()


def test_codes_are_read_with_and_without_point_and_in_any_case():
    assert recognised(["icd10cm//i50.9"]) == recognised(["ICD10CM//I509"]) == {"heart failure"}
    assert recognised(["ICD10//I50"]) == {"heart failure"}
    assert recognised(["ICD10CM//I5"]) == frozenset()


def test_both_codes_of_the_synthetic_diagnoses_mean_the_same():
    for one in DIAGNOSES.values():
        icd = recognised([f"ICD10CM//{one.icd10}"])
        assert recognised([f"SNOMED//{one.snomed}"]) <= icd | {"coronary artery disease"}, one
    names = {name for name, one in DIAGNOSES.items() if recognised([f"SNOMED//{one.snomed}"])}
    assert {"heart_failure", "chronic_kidney_disease", "gastrointestinal_bleed"} <= names


def test_the_most_cautious_row_comes_first():
    found = against("ketorolac", ["ICD10CM//K92.2", "ICD10CM//J45"])
    assert [one.action for one in found] == ["contraindicated", "monitor"]


def test_of_several_rows_about_one_diagnosis_the_most_cautious_counts():
    assert [one.action for one in against("nadolol", ["ICD10CM//J45.909"])] == ["contraindicated"]
    assert [one.action for one in against("metoprolol", ["ICD10CM//J45.909"])] == ["avoid"]


def test_codes_are_well_formed_and_stand_once():
    for one in codes():
        assert all(re.fullmatch(r"[A-Z]\d[0-9A-Z]{1,5}", code) for code in one.icd10cm), one
        assert all(re.fullmatch(r"\d{6,18}", code) for code in one.snomed), one
    broader = {
        "heart failure": "heart failure with reduced ejection fraction",
        "diabetes": "type 1 diabetes",
    }  # a finer diagnosis counts as the broader one as well
    by_name = {one.condition: set(one.snomed) for one in codes()}
    assert all(by_name[fine] <= by_name[broad] for broad, fine in broader.items())
    ids = [
        code
        for one in codes()
        for code in one.snomed
        if code not in by_name.get(broader.get(one.condition, ""), ())
    ]
    assert len(ids) == len(set(ids))
    assert len({one.condition for one in codes()}) == len(codes())


def test_every_row_says_from_where_and_no_pair_stands_twice():
    for one in conditions():
        assert all((one.source, one.citation, one.text)), one
    pairs = [(one.subject, one.condition) for one in conditions()]
    assert len(pairs) == len(set(pairs))
    assert of("amoxicillin") == ()


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("aspirin\tgout\tavoid\td\ttext\ts\tc", "asthma\tJ45\t\ts\tc"),
        ("aspirin\tasthma\tavoid\td\ttext\ts\tc", "asthma\t\t\ts\tc"),
    ],
)
def test_a_damaged_table_is_refused(tmp_path, row, code):
    (tmp_path / TABLE).write_text("\t".join(Condition._fields) + f"\n{row}\n")
    (tmp_path / NAMES).write_text("\t".join(Codes._fields) + f"\n{code}\n")
    with pytest.raises(InputError):
        conditions(Base(tmp_path))


def test_what_was_recorded_lately_replaces_the_row_without_a_time():
    bled = "ICD10CM//K92.2"
    (row,) = against("apixaban", [bled], fresh=[bled])
    assert (row.condition, row.action) == ("recent gastrointestinal bleeding", "contraindicated")
    assert recent([bled]) == {"recent gastrointestinal bleeding"}
    assert recognised([bled]) == {"gastrointestinal bleeding"}
    (other,) = against("ibuprofen", [bled], fresh=[bled])  # has no row for a recent bleeding
    assert other.condition == "gastrointestinal bleeding"
