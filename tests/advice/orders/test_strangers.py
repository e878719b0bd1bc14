"""What could be a medicine and cannot be read is a gap of every order, never silence."""

from __future__ import annotations

from datetime import timedelta

import pytest

from advice.orders.asking import codes, gaps, told
from medicines.ranking.people import AT, event, know, person
from nof1.advice.orders.strangers import foreign, strange
from nof1.knowledge.base import SHIPPED

HOUSE = "hospital.example/drugs//H12"


@pytest.mark.parametrize(
    ("code", "yes"),
    [
        (HOUSE, True),
        ("oid:1.2.3//z", True),
        ("nof1:bench:orders//zz", True),
        ("TEXT//house mixture", True),
        ("NOSYSTEM//x1", True),
        ("RxNorm//6918", False),
        ("SNOMED//38341003", False),
        ("LOINC//2160-0", False),
        ("MEDS_BIRTH", False),
        ("GENDER//F", False),
        ("ALLERGY//SNOMED//716186003", False),
        ("END//RxNorm//6918", False),
    ],
)
def test_only_codes_of_unknown_vocabularies_and_words_are_strange(code: str, yes: bool) -> None:
    assert strange(code) is yes


def test_a_current_medicine_with_a_code_of_the_house_is_named_beside_a_known_one() -> None:
    made = told(person(event(HOUSE), medicines=codes("metoprolol")), "apixaban")
    assert any(HOUSE in one and "not known here" in one for one in gaps(made, "interactions"))


def test_words_that_name_a_medicine_say_which_one_may_be_meant() -> None:
    made = told(person(event("TEXT//warfarin")), "ibuprofen")
    assert any("perhaps warfarin" in one for one in gaps(made, "interactions"))


def test_numbers_old_entries_and_ended_ones_are_no_medicine_taken_now() -> None:
    number = event(HOUSE, numeric_value=4.0, unit="mg")
    old = event(HOUSE, time=AT - timedelta(days=400))
    ended = event(f"END//{HOUSE}", time=AT - timedelta(days=3))
    for rows in ((number,), (old,), (event(HOUSE), ended)):
        assert foreign(know(person(*rows)), SHIPPED) == ()


def test_many_are_one_question_with_a_count() -> None:
    rows = [event(f"TEXT//mixture {number}") for number in range(5)]
    (one,) = foreign(know(person(*rows)), SHIPPED)
    assert one.text.count("TEXT//") == 3
    assert "and 2 more" in one.text
    assert not one.decisive
