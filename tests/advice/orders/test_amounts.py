"""Amounts: units, strengths of products, and what is not understood."""

from __future__ import annotations

import pytest

from nof1.advice.orders.amounts import Amount, amount
from nof1.advice.orders.shapes import Draft


def of(dose: float | None, unit: str | None, words: str = "x") -> Amount | None:
    return amount(Draft("x", "", words, "r", dose, unit, 1.0, None, 0))


@pytest.mark.parametrize(
    ("dose", "unit", "words", "expected"),
    [
        (1.0, "g", "", Amount(1000.0, "mg")),
        (50.0, "mcg", "", Amount(0.05, "mg")),
        (50.0, "UG", "", Amount(0.05, "mg")),
        (5.0, "mg/kg", "", Amount(5.0, "mg", per_kg=True)),
        (50.0, "ug/h", "", Amount(0.05, "mg", hourly=True)),
        (2.0, "ug/kg/h", "", Amount(0.002, "mg", True, True)),
        (10.0, "[iU]", "", Amount(10.0, "unit")),
        (5.0, "k[IU]", "", Amount(5000.0, "unit")),
        (20.0, "mEq", "", Amount(20.0, "mEq")),
        (2.0, "{tbl}", "amlodipine 5 MG Oral Tablet", Amount(10.0, "mg")),
        (1.0, "capsule", "omeprazole 20 mg", Amount(20.0, "mg")),
        (5.0, "mL", "amoxicillin 250 MG per 5 ML suspension", Amount(250.0, "mg")),
        (0.2, "mL", "insulin glargine 100 UNT/ML Injection", Amount(20.0, "unit")),
        (1.0, "patch", "fentanyl 0.025 MG/HR Transdermal System", Amount(0.025, "mg", hourly=True)),
    ],
)
def test_what_is_understood(dose: float, unit: str, words: str, expected: Amount) -> None:
    found = of(dose, unit, words)
    assert found is not None
    assert found.value == pytest.approx(expected.value)
    assert found[1:] == expected[1:]


@pytest.mark.parametrize(
    ("dose", "unit", "words"),
    [
        (None, "mg", ""),
        (0.0, "mg", ""),
        (-1.0, "mg", ""),
        (1.0, None, ""),
        (1.0, "spoon", ""),
        (1.0, "mg/m2", ""),
        (1.0, "{tbl}", "amlodipine"),
        (1.0, "{tbl}", "lisinopril 20 MG / hydrochlorothiazide 12.5 MG Oral Tablet"),
        (1.0, "{tbl}", "amoxicillin 50 MG/ML"),  # a strength of a fluid is none of a tablet
        (1.0, "mL", "amlodipine 5 MG Oral Tablet"),
        (1.0, "mL/kg", "amoxicillin 50 MG/ML"),
    ],
)
def test_what_is_not_understood_has_no_amount(
    dose: float | None, unit: str | None, words: str
) -> None:
    assert of(dose, unit, words) is None
