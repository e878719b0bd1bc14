"""Allergies: the same ingredient, classes, side chains, and what does not cross."""

import pytest

from nof1.core.errors import InputError
from nof1.knowledge.allergies import (
    CODES,
    allergic,
    between,
    crosses,
    crossing,
    entries,
    known,
    substance,
    word,
)
from nof1.knowledge.base import Base


@pytest.mark.parametrize(
    ("allergy", "drug", "action"),
    [
        ("amoxicillin", "RxNorm//723", "contraindicated"),
        ("amoxicillin", "amoxicillin / clavulanate", "contraindicated"),
        ("co-amoxiclav", "amoxicillin", "contraindicated"),
        ("trimethoprim", "co-trimoxazole", "contraindicated"),
        ("RxNorm//7984", "amoxicillin", "contraindicated"),
        ("Penicillins", "piperacillin / tazobactam", "contraindicated"),
        ("amoxicillin", "cephalexin", "avoid"),
        ("penicillin v", "cephalexin", "monitor"),
        ("penicillin", "ceftriaxone", "none"),
        ("penicillin", "meropenem", "none"),
        ("penicillin", "aztreonam", "none"),
        ("ceftazidime", "aztreonam", "avoid"),
        ("ceftriaxone", "cefotaxime", "contraindicated"),
        ("cefazolin", "ceftriaxone", "contraindicated"),
        ("sulfamethoxazole", "sulfadiazine", "contraindicated"),
        ("sulfamethoxazole", "sulfamethoxazole / trimethoprim", "contraindicated"),
        ("sulfamethoxazole", "furosemide", "none"),
        ("sulfamethoxazole", "celecoxib", "none"),
        ("aspirin", "ibuprofen", "contraindicated"),
        ("ibuprofen", "naproxen", "contraindicated"),
        ("aspirin", "celecoxib", "avoid"),
        ("lisinopril", "sacubitril / valsartan", "contraindicated"),
        ("carbamazepine", "phenytoin", "avoid"),
        ("codeine", "morphine", "avoid"),
    ],
)
def test_well_known_cross_reactions(allergy, drug, action):
    assert between(allergy, drug)[0].action == action


@pytest.mark.parametrize(
    ("allergy", "drug"),
    [
        ("penicillin", "azithromycin"),
        ("aspirin", "acetaminophen"),
        ("unknownol", "amoxicillin"),
        ("", ""),
    ],
)
def test_where_no_row_holds(allergy, drug):
    assert between(allergy, drug) == ()


def test_an_unknown_allergen_is_told_apart_from_one_without_a_row():
    assert known("penicillin")
    assert known("Sulfonamide antibiotics")
    assert known("RxNorm//10180")
    assert known("metformin")
    assert not known("unknownol")
    assert not known("bee venom")


def test_an_unknown_name_is_still_the_same_ingredient_as_itself():
    assert between("Unknownol", "unknownol")[0].action == "contraindicated"


def test_a_class_stands_for_itself_and_not_for_a_member():
    assert allergic("penicillins") == {"penicillin"}
    assert "aminopenicillin" in allergic("amoxicillin")


def test_every_row_says_from_where():
    for one in crosses():
        assert all((one.source, one.citation, one.text)), one
        assert one.kind in ("same", "class", "reaction", "side chain", "unrelated"), one


@pytest.mark.parametrize(
    ("code", "drug", "action"),
    [
        ("SNOMED//764146007", "amoxicillin", "contraindicated"),
        ("SNOMED//91936005", "piperacillin / tazobactam", "contraindicated"),
        ("SNOMED//294532003", "ceftriaxone", "contraindicated"),
        ("SNOMED//387406002", "sulfamethoxazole / trimethoprim", "contraindicated"),
        ("SNOMED//387406002", "furosemide", "none"),
        ("SNOMED//372665008", "ibuprofen", "contraindicated"),
        ("SNOMED//372665008", "celecoxib", "avoid"),
        ("ATC//J01C", "ampicillin", "contraindicated"),
        ("ICD10CM//Z88.0", "amoxicillin", "contraindicated"),
        ("ICD10//Z882", "sulfadiazine", "contraindicated"),
        ("ICD10CM//Z88.5", "morphine", "monitor"),
        ("ATC//C09AA", "lisinopril", "contraindicated"),
    ],
)
def test_a_code_of_a_whole_class_is_understood(code, drug, action):
    assert known(code)
    assert between(code, drug)[0].action == action


def test_a_code_of_a_class_says_nothing_about_others():
    assert word("SNOMED//764146007") == "penicillin"
    assert word("SNOMED//91935009") == ""
    assert not known("SNOMED//91935009")  # peanut
    assert between("SNOMED//764146007", "azithromycin") == ()


def test_a_code_for_a_class_that_does_not_exist_is_refused(tmp_path):
    table = "code\tallergy\tsource\tcitation\nSNOMED//1\tno such class\tsnomed-ct\tx\n"
    (tmp_path / CODES).write_text(table, encoding="utf-8")
    with pytest.raises(InputError, match="stands for no class"):
        entries(Base(tmp_path))


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("Allergy to aspirin", "aspirin"),
        ("Penicillin allergy", "Penicillin"),
        ("Hypersensitivity to amoxicillin (disorder)", "amoxicillin"),
        ("Allergic reaction caused by codeine", "codeine"),
        ("sulfonamide antibiotic", "sulfonamide antibiotic"),
        ("RxNorm//1191", "RxNorm//1191"),
        ("Allergy to drug", "drug"),
    ],
)
def test_the_substance_of_the_words_of_an_entry(words, meant):
    assert substance(words) == meant


def test_words_that_name_no_substance_stay_unknown():
    assert known("Allergy to aspirin")
    assert not known("Allergy to drug")
    assert crossing("aspirin")
    assert not crossing("rivaroxaban")


@pytest.mark.parametrize(
    ("allergy", "drug", "action"),
    [
        ("metronidazole", "tinidazole", "contraindicated"),  # label, section 4
        ("cimetidine", "famotidine", "contraindicated"),
        ("cetirizine", "hydroxyzine", "contraindicated"),
        ("citalopram", "escitalopram", "contraindicated"),
        ("risperidone", "paliperidone", "contraindicated"),
        ("primaquine", "tafenoquine", "contraindicated"),
        ("sulfadiazine", "zonisamide", "contraindicated"),
        ("gentamicin", "amikacin", "avoid"),  # "may contraindicate"
        ("cisplatin", "carboplatin", "contraindicated"),
        ("rifampin", "rifabutin", "contraindicated"),
    ],
)
def test_classes_and_products_that_labels_name_together(allergy, drug, action):
    assert between(allergy, drug)[0].action == action
