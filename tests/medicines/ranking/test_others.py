"""Interactions with what is taken, and medicines that do the same."""

from pathlib import Path

import pytest

from genome.gene_events import medicine_row
from medicines.ranking.people import event, know, person, tables
from nof1.knowledge.base import Base
from nof1.medicines.ranking.columns import NOT_IN_TABLE, Status
from nof1.medicines.ranking.others import beside, duplicates, interactions

PAIR = {"tier": "2", "severity": "serious", "affected": "first", "mechanism": "CYP2C19"}
PAIRS = [
    {**PAIR, "first": "clopidogrel", "second": "omeprazole", "action": "avoid", "text": "Weaker."},
    {**PAIR, "first": "NSAID", "second": "anticoagulant", "action": "avoid", "text": "Bleeding.",
     "detail": "paracetamol"},
    {**PAIR, "first": "anticoagulant", "second": "aspirin", "action": "monitor", "text": "Watch."},
    {**PAIR, "first": "clopidogrel", "second": "ramipril", "tier": "3", "action": "avoid",
     "text": "On demand."},
    {**PAIR, "first": "anticoagulant", "second": "anticoagulant", "action": "contraindicated",
     "text": "Two."},
]  # fmt: skip
SAME = [{"group": "anticoagulant", "action": "avoid", "text": "One is enough."}]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    return tables(Path(tmp_path_factory.mktemp("facts")), interactions=PAIRS, duplicates=SAME)


def test_each_pair_with_the_event_of_the_other_medicine(base: Base) -> None:
    known = know(person(medicines=["omeprazole", "aspirin"]))
    made = interactions(known, "clopidogrel", base)
    assert made.status is Status.STOP
    assert made.reasons[0].short == "with omeprazole: avoid"
    assert made.reasons[0].events[0].source_file == "orders.csv"
    assert made.opens == ()


def test_by_class_with_its_detail(base: Base) -> None:
    made = interactions(know(person(medicines=["warfarin"])), "ibuprofen", base)
    assert made.text == "With warfarin: Bleeding. Consider: paracetamol."


def test_the_third_tier_is_said_and_holds_nothing_back(base: Base) -> None:
    made = interactions(know(person(medicines=["ramipril"])), "clopidogrel", base)
    assert made.status is Status.CAUTION


def test_what_does_the_same_comes_instead_not_beside(base: Base) -> None:
    known = know(person(medicines=["warfarin", "aspirin"]))
    assert [one.name for one in beside(known, "apixaban", base)] == ["aspirin"]
    assert interactions(known, "apixaban", base).status is Status.CAUTION
    made = duplicates(known, "apixaban", base)
    assert made.status is Status.CAUTION
    assert "instead of it, not beside it" in made.text


def test_two_of_one_kind_that_are_taken_count_fully(base: Base) -> None:
    known = know(person(medicines=["warfarin", "apixaban"]))
    assert interactions(known, "apixaban", base).status is Status.STOP
    assert duplicates(known, "apixaban", base).status is Status.STOP
    assert "One is enough." in duplicates(known, "apixaban", base).text


def test_a_medicine_is_no_pair_with_itself(base: Base) -> None:
    known = know(person(medicines=["warfarin"]))
    assert interactions(known, "warfarin", base).status is Status.CLEAR
    assert duplicates(known, "warfarin", base).status is Status.CLEAR


def test_a_combination_that_holds_what_is_taken_is_told() -> None:
    known = know(person(medicines=["amoxicillin"]))
    made = duplicates(known, "amoxicillin / clavulanate")
    assert made.status is Status.CAUTION
    assert "amoxicillin is taken now and holds the same ingredient" in made.text


def test_nothing_taken_is_not_known(base: Base) -> None:
    known = know(person())
    assert interactions(known, "apixaban", base).status is Status.NOT_KNOWN
    assert duplicates(known, "apixaban", base).status is Status.NOT_KNOWN


def test_medicines_that_no_row_knows_are_named(base: Base) -> None:
    known = know(person(medicines=["metformin", "omeprazole"]))
    made = interactions(known, "clopidogrel", base)
    assert made.opens[0].text == "Our table has no pair with metformin: not checked."
    made = interactions(known, "codeine", base)
    assert made.opens[0].short == NOT_IN_TABLE
    assert "against 2 medicines" in made.text


def test_a_code_that_nobody_knows_is_not_left_out(base: Base) -> None:
    known = know(person(event("NDC//00000-0000"), medicine_row("omeprazole")))
    made = interactions(known, "clopidogrel", base)
    assert made.status is Status.STOP
    assert "NDC//00000-0000" in made.opens[0].text


def test_a_pair_that_is_clear_says_against_what(base: Base) -> None:
    made = interactions(know(person(medicines=["aspirin"])), "omeprazole", base)
    assert (made.status, made.text) == (Status.CLEAR, "No pair in our table with aspirin.")
