"""Allergies: the same, a cross-reaction, an old entry, an unknown one, none."""

from datetime import timedelta
from pathlib import Path

import pytest

from genome.gene_events import medicine_row
from medicines.ranking.people import AT, event, know, person, tables
from nof1.knowledge.base import Base
from nof1.medicines.ranking.allergy import allergies
from nof1.medicines.ranking.columns import Status

PENICILLIN = "ALLERGY//RxNorm//7984"
ROWS = [
    {"allergy": "same ingredient", "kind": "same", "action": "contraindicated", "text": "Same."},
    {"allergy": "penicillin", "subject": "penicillin", "kind": "class", "action": "avoid",
     "text": "Class."},
    {"allergy": "penicillin", "subject": "carbapenem", "kind": "unrelated", "action": "none",
     "text": "Rarely."},
]  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    return tables(Path(tmp_path_factory.mktemp("facts")), allergies=ROWS)


def test_the_same_and_its_class(base: Base) -> None:
    known = know(person(event(PENICILLIN)))
    same = allergies(known, "penicillin v", base)
    assert same.status is Status.STOP
    assert same.reasons[0].events[0].code == PENICILLIN
    assert "Class." in allergies(known, "amoxicillin", base).text


def test_what_is_known_not_to_matter_is_clear(base: Base) -> None:
    known = know(person(event(PENICILLIN)), {PENICILLIN: "penicillin V"})
    made = allergies(known, "meropenem", base)
    assert made.status is Status.CLEAR
    assert made.text == "Not the same, and no cross-reaction in our table: penicillin V."


def test_prescribed_again_later_is_said_and_holds_nothing_back(base: Base) -> None:
    entry = event(PENICILLIN, time=AT - timedelta(days=900))
    known = know(person(entry, medicine_row("amoxicillin", AT - timedelta(days=200))))
    made = allergies(known, "amoxicillin", base)
    assert made.status is Status.CAUTION
    assert "prescribed again after that entry" in made.text


@pytest.mark.parametrize("days", [None, 100])
def test_an_entry_after_the_prescription_or_without_a_day_counts(
    base: Base, days: int | None
) -> None:
    time = None if days is None else AT - timedelta(days=days)
    rows = (event(PENICILLIN, time=time), medicine_row("amoxicillin", AT - timedelta(days=200)))
    assert allergies(know(person(*rows)), "amoxicillin", base).status is Status.STOP


def test_an_entry_later_than_the_moment_is_not_seen(base: Base) -> None:
    known = know(person(event(PENICILLIN, time=AT + timedelta(days=1))))
    assert allergies(known, "amoxicillin", base).status is Status.NOT_KNOWN


def test_no_entry_is_no_all_clear_but_none_known_is(base: Base) -> None:
    assert allergies(know(person()), "amoxicillin", base).status is Status.NOT_KNOWN
    known = know(person(event("ALLERGY//SNOMED//716186003")))
    assert allergies(known, "amoxicillin", base).status is Status.CLEAR


def test_words_help_where_the_code_does_not(base: Base) -> None:
    code = "ALLERGY//SNOMED//294505008"
    known = know(person(event(code)), {code: "penicillin"})
    assert allergies(known, "amoxicillin", base).status is Status.STOP
    strange = know(person(event(code)))
    assert allergies(strange, "amoxicillin", base).status is Status.NOT_KNOWN
