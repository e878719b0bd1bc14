"""Child-Pugh: points by hand, what stays open, and what a decompensation rules out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from medicines.ranking.people import AT, event, know, person
from nof1.medicines.ranking.columns import Level
from nof1.medicines.ranking.liver import graded
from nof1.medicines.ranking.organs import hepatic

CIRRHOSIS = event("ICD10CM//K74.60")
ASCITES, BRAIN = event("ICD10CM//R18.8"), event("ICD10CM//K76.82")


def labs(
    bilirubin: float, albumin: float, inr: float, days: float = 5.0
) -> tuple[dict[str, Any], ...]:
    time = AT - timedelta(days=days)
    values = (("1975-2", bilirubin, "mg/dL"), ("1751-7", albumin, "g/dL"), ("6301-6", inr, "{INR}"))
    return tuple(
        event(f"LOINC//{code}", numeric_value=value, unit=unit, time=time)
        for code, value, unit in values
    )


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ((CIRRHOSIS, *labs(1.0, 4.0, 1.1)), "A"),  # 5 points
        ((CIRRHOSIS, *labs(2.0, 3.5, 1.1)), "B"),  # 2 + 2 + 1 + 1 + 1 = 7
        ((CIRRHOSIS, *labs(1.9, 3.6, 1.7)), "A"),  # 1 + 1 + 2 + 1 + 1 = 6
        ((CIRRHOSIS, *labs(5.0, 2.5, 2.5)), "C"),  # 9 + 1 + 1 = 11
        ((CIRRHOSIS, ASCITES, *labs(1.0, 4.0, 1.1)), "B"),  # 6 or 7, and never A
        ((CIRRHOSIS, ASCITES, BRAIN, *labs(5.2, 2.4, 2.1)), "C"),  # 12 to 14
        ((CIRRHOSIS, ASCITES, *labs(2.5, 3.0, 1.8)), "BC"),  # 9 or 10
        ((CIRRHOSIS, ASCITES), "BC"),
        ((event("SNOMED//389026000"),), "BC"),
        ((CIRRHOSIS,), "ABC"),
        ((CIRRHOSIS, *labs(5.0, 2.5, 2.5, days=120)), "ABC"),  # too old
        (labs(5.0, 2.5, 2.5), ""),  # no cirrhosis: no score
        ((event("ICD10CM//K74.00"), *labs(5.0, 2.5, 2.5)), ""),  # fibrosis
    ],
)
def test_the_class_that_the_record_allows_for(rows: tuple[Any, ...], expected: str) -> None:
    assert "".join(graded(know(person(*rows))).grades) == expected


def test_a_known_class_decides_and_another_one_is_no_question() -> None:
    severe = know(person(CIRRHOSIS, ASCITES, BRAIN, *labs(5.2, 2.4, 2.1)))
    made = hepatic(severe, "carvedilol")  # contraindicated in class C
    assert made.level is Level.CONTRAINDICATED
    assert "Child-Pugh C" in made.text
    mild = know(person(CIRRHOSIS, *labs(1.0, 4.0, 1.1)))
    made = hepatic(mild, "carvedilol")
    assert made.reasons == ()
    assert not any(one.decisive for one in made.opens)


def test_moderate_or_severe_is_enough_for_what_both_forbid() -> None:
    known = know(person(CIRRHOSIS, ASCITES))
    made = hepatic(known, "alfuzosin")  # contraindicated in B and C
    assert made.level is Level.CONTRAINDICATED
    assert "Child-Pugh B or C" in made.text
    half = hepatic(known, "carvedilol")  # in C only
    assert half.reasons == ()
    assert half.opens[0].decisive


def test_a_statin_is_forbidden_in_decompensated_cirrhosis_whatever_the_class() -> None:
    made = hepatic(know(person(CIRRHOSIS, ASCITES, *labs(1.0, 4.0, 1.1))), "atorvastatin")
    assert made.level is Level.CONTRAINDICATED
    assert "decompensated cirrhosis" in made.text
    plain = hepatic(know(person(CIRRHOSIS, *labs(1.0, 4.0, 1.1))), "atorvastatin")
    assert plain.reasons == ()
