"""Duplicate therapy: the same ingredient, the same class, and what is no duplicate."""

import pytest

from nof1.knowledge.duplicates import groups, of


@pytest.mark.parametrize(
    ("one", "other", "group"),
    [
        ("atorvastatin", "simvastatin", "statin"),
        ("ibuprofen", "naproxen", "NSAID"),
        ("ramipril", "lisinopril", "ACE inhibitor"),
        ("omeprazole", "pantoprazole", "proton pump inhibitor"),
        ("clopidogrel", "ticagrelor", "P2Y12 inhibitor"),
        ("apixaban", "rivaroxaban", "DOAC"),
        ("sertraline", "citalopram", "SSRI"),
    ],
)
def test_well_known_duplicates(one, other, group):
    (found,) = of(one, [other])
    assert (found.other, found.group.group) == (other, group)
    assert of(other, [one])[0].group == found.group


def test_the_same_ingredient_is_a_duplicate_without_a_row_and_comes_first():
    found = of("warfarin", ["ATC//B01AA07", "RxNorm//11289"])
    assert [(one.other, one.group and one.group.group) for one in found] == [
        ("warfarin", None),
        ("acenocoumarol", "vitamin K antagonist"),
    ]


def test_a_part_of_a_combination_counts():
    assert of("trimethoprim", ["co-trimoxazole"])[0].group is None
    assert of("amoxicillin / clavulanate", ["RxNorm//723"])[0].other == "amoxicillin"


@pytest.mark.parametrize(
    ("one", "other"),
    [("aspirin", "clopidogrel"), ("ramipril", "amlodipine"), ("metformin", "sitagliptin")],
)
def test_what_is_no_duplicate(one, other):
    assert of(one, [other]) == ()


def test_no_group_stands_twice():
    names = [one.group for one in groups()]
    assert len(names) == len(set(names))
    assert all(all((one.source, one.citation, one.text)) for one in groups())
