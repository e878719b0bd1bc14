"""Pregnancy, age and diagnoses."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from medicines.ranking.people import AT, event, know, person, tables
from nof1.knowledge.base import Base
from nof1.medicines.ranking.columns import NOT_IN_TABLE, Level, Status
from nof1.medicines.ranking.person import age, conditions, pregnancy

YOUNG = datetime(1994, 6, 1)
PREGNANT = [
    {"subject": "warfarin", "stages": "any", "action": "contraindicated", "text": "Harms."},
    {"subject": "valproic acid", "stages": "possible", "action": "avoid", "text": "Contraception."},
    {"subject": "ibuprofen", "stages": "week20|third", "action": "avoid", "text": "Kidneys."},
]
AGES = [
    {"subject": "codeine", "low": "", "high": "12", "action": "contraindicated", "text": "No."},
    {"subject": "apixaban", "low": "80", "high": "", "condition": "weight below 60 kg",
     "action": "adjust", "text": "Halve."},
    {"subject": "prasugrel", "low": "75", "high": "", "action": "avoid", "text": "Bleeding."},
]  # fmt: skip
DIAGNOSES = [
    {"subject": "ibuprofen", "condition": "heart failure", "action": "avoid", "text": "Worsens."}
]
CODES = [{"condition": "heart failure", "icd10cm": "I50", "snomed": "84114007"}]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    return tables(
        Path(tmp_path_factory.mktemp("facts")),
        pregnancy=PREGNANT,
        age=AGES,
        conditions=DIAGNOSES,
        condition_codes=CODES,
    )


def test_a_recorded_pregnancy_counts_until_it_ends(base: Base) -> None:
    here = know(person(event("ICD10CM//Z33.1"), born=YOUNG))
    assert pregnancy(here, "warfarin", base).level is Level.CONTRAINDICATED
    over = event("ICD10CM//Z37.0", time=AT - timedelta(days=3))
    asked = pregnancy(know(person(event("ICD10CM//Z33.1"), over, born=YOUNG)), "warfarin", base)
    assert asked.status is Status.NOT_KNOWN
    long_ago = event("SNOMED//77386006", time=AT - timedelta(days=400))
    assert pregnancy(know(person(long_ago, born=YOUNG)), "warfarin", base).opens[0].decisive


@pytest.mark.parametrize("changes", [{"born": YOUNG, "female": False}, {"born": AT}, {}])
def test_a_pregnancy_against_sex_or_age_still_counts(base: Base, changes: dict) -> None:
    """A man, a child of nobody's age, a woman of 70: one of the two entries is wrong."""
    made = pregnancy(know(person(event("ICD10CM//Z33.1"), **changes)), "warfarin", base)
    assert made.level is Level.CONTRAINDICATED
    assert "one is wrong" in made.text


@pytest.mark.parametrize("years", [0, 120])
def test_the_youngest_and_the_oldest(base: Base, years: int) -> None:
    here = know(person(born=AT - timedelta(days=365.25 * years + 1)))
    assert age(here, "codeine", base).level == (Level.CONTRAINDICATED if not years else Level.NONE)
    assert age(here, "prasugrel", base).level == (Level.AVOID if years else Level.NONE)


@pytest.mark.parametrize("born", [datetime(1800, 1, 1), AT + timedelta(days=1), None])
def test_a_date_of_birth_that_cannot_be_right_is_none(base: Base, born: datetime | None) -> None:
    made = age(know(person(born=born)), "prasugrel", base)
    assert (made.status, made.opens[0].decisive) == (Status.NOT_KNOWN, True)


def test_the_week_moves_on(base: Base) -> None:
    """Week 17 thirty days ago is week 21 now; week 8 is week 12."""
    late = know(person(event("ICD10CM//Z3A.17"), born=YOUNG))
    assert pregnancy(late, "ibuprofen", base).status is Status.STOP
    early = know(person(event("ICD10CM//Z3A.08"), born=YOUNG))
    assert pregnancy(early, "ibuprofen", base).status is Status.CLEAR


def test_who_could_be_pregnant_is_asked(base: Base) -> None:
    asked = pregnancy(know(person(born=YOUNG)), "warfarin", base)
    assert (asked.status, asked.opens[0].decisive) == (Status.NOT_KNOWN, True)
    unknown_sex = pregnancy(know(person(born=YOUNG, female=None)), "warfarin", base)
    assert unknown_sex.opens[0].decisive
    possible = pregnancy(know(person(born=YOUNG)), "valproic acid", base)
    assert possible.status is Status.CAUTION
    for someone in (person(), person(born=YOUNG, female=False)):
        assert pregnancy(know(someone), "warfarin", base).status is Status.CLEAR
    assert pregnancy(know(person(born=YOUNG)), "codeine", base).opens[0].short == NOT_IN_TABLE


def test_age(base: Base) -> None:
    old = datetime(1940, 1, 1)
    assert age(know(person(born=old)), "prasugrel", base).status is Status.STOP
    assert age(know(person()), "prasugrel", base).status is Status.CLEAR
    child = age(know(person(born=datetime(2015, 1, 1))), "codeine", base)
    assert child.level is Level.CONTRAINDICATED
    condition = age(know(person(born=old)), "apixaban", base)
    assert condition.status is Status.NOT_KNOWN
    assert condition.opens[0].short == "weight below 60 kg"
    unknown = age(know(person(born=None)), "prasugrel", base)
    assert unknown.opens[0].decisive
    assert age(know(person(born=YOUNG)), "metformin", base).status is Status.CLEAR
    assert age(know(person()), "metformin", base).status is Status.NOT_KNOWN


def test_diagnoses(base: Base) -> None:
    made = conditions(know(person(event("ICD10CM//I50.9"))), "ibuprofen", base)
    assert made.status is Status.STOP
    assert [one.code for one in made.reasons[0].events] == ["ICD10CM//I50.9"]
    assert conditions(know(person(event("SNOMED//84114007"))), "ibuprofen", base).status is (
        Status.STOP
    )
    other = conditions(know(person(event("ICD10CM//E11.9"))), "ibuprofen", base)
    assert other.status is Status.CLEAR
    assert conditions(know(person()), "ibuprofen", base).status is Status.NOT_KNOWN
    assert conditions(know(person(event("ICD10CM//E11.9"))), "codeine", base).opens[0].short == (
        NOT_IN_TABLE
    )


def test_a_diagnosis_that_ended_no_longer_counts(base: Base) -> None:
    ended = event("END//ICD10CM//I50.9", time=AT - timedelta(days=3))
    rows = (event("ICD10CM//I50.9"), event("ICD10CM//E11.9"), ended)
    assert conditions(know(person(*rows)), "ibuprofen", base).status is Status.CLEAR
