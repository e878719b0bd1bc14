"""The last value: its unit, its age, and whether it can be right."""

from __future__ import annotations

from datetime import timedelta

import pytest

from advice.orders.asking import lab
from genome.gene_events import result
from medicines.ranking.people import AT, know, person
from nof1.advice.orders import values
from nof1.knowledge.measurements import measurements

POTASSIUM = measurements()["potassium"]


def test_a_fresh_value_may_decide() -> None:
    value = values.last(know(person(lab("2823-3", 5.8, "mmol/L"))), POTASSIUM, 90)
    assert (value.amount, value.why) == (pytest.approx(5.8), "")
    assert values.shown(5.8, POTASSIUM, value.time) == "potassium 5.8 mmol/L, 2024-05-29"


def test_the_newest_of_several_codes_counts() -> None:
    known = know(person(lab("2823-3", 5.8, "mmol/L", 9), lab("6298-4", 4.1, "mmol/L", 2)))
    assert values.last(known, POTASSIUM, 90).amount == pytest.approx(4.1)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (lab("2823-3", 5.8, "mmol/L", 120), "no potassium in 90 days (the last: 2024-02-02)"),
        (lab("2823-3", 58.0, "mmol/L"), "not plausible (1 to 10 mmol/L are)"),
        (lab("2823-3", 5.8, None), "a unit that is not known here"),
        (lab("2823-3", 5.8, "kg"), "a unit that is not known here"),
        (lab("2823-3//[furlongs]", 5.8, "furlongs"), "no unit that is known here"),
        (lab("2951-2", 140.0, "mmol/L"), "no potassium in 90 days (none is recorded)"),
        (lab("2823-3", 5.8, "mmol/L", -1), "none is recorded"),
    ],
)
def test_what_cannot_decide_says_why(row: dict[str, object], why: str) -> None:
    value = values.last(know(person(row)), POTASSIUM, 90)
    assert value.amount is None
    assert why in value.why


def test_units_that_can_meet_are_converted_exactly() -> None:
    digoxin = measurements()["digoxin level"]
    # the record keeps mass concentrations in mg/dL: 2.4 ng/mL are 0.00024 mg/dL
    value = values.last(know(person(lab("10535-3", 0.00024, "mg/dL"))), digoxin, 14)
    assert value.amount == pytest.approx(2.4)


def test_a_gene_result_of_any_form_is_a_look() -> None:
    tpmt = measurements()["TPMT"]
    assert values.looked_at(know(person()), tpmt) is None
    assert values.looked_at(know(person(genes=[result("TPMT", "*1/*1")])), tpmt) == AT
    potassium = know(person(lab("2823-3", 4.0, "mmol/L", 40)))
    assert values.looked_at(potassium, POTASSIUM) == AT - timedelta(days=40)
