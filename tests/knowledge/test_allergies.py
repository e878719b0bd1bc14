"""Allergies: the same ingredient, classes, side chains, and what does not cross."""

import pytest

from nof1.knowledge.allergies import allergic, between, crosses, known


@pytest.mark.parametrize(
    ("allergy", "drug", "action"),
    [
        ("amoxicillin", "RxNorm//723", "contraindicated"),
        ("amoxicillin", "amoxicillin / clavulanate", "contraindicated"),
        ("co-amoxiclav", "amoxicillin", "contraindicated"),
        ("trimethoprim", "co-trimoxazole", "contraindicated"),
        ("RxNorm//7984", "amoxicillin", "avoid"),
        ("Penicillins", "piperacillin / tazobactam", "avoid"),
        ("amoxicillin", "cephalexin", "avoid"),
        ("penicillin v", "cephalexin", "monitor"),
        ("penicillin", "ceftriaxone", "none"),
        ("penicillin", "meropenem", "none"),
        ("penicillin", "aztreonam", "none"),
        ("ceftazidime", "aztreonam", "avoid"),
        ("ceftriaxone", "cefotaxime", "avoid"),
        ("cefazolin", "ceftriaxone", "monitor"),
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
        assert one.kind in ("same", "class", "side chain", "unrelated"), one
