"""The amount of an order: above the largest, a slip of the unit, daily for weekly, or not known."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from medicines.ranking.people import AT, event, person
from nof1.advice.orders.check import check
from nof1.advice.orders.shapes import Advice, Draft
from nof1.core.finding import Subject


def draft(
    drug: str, dose: float | None, unit: str | None, per_day: float | None, **more: Any
) -> Draft:
    cells = {"route": None, "raw_index": 0, **more}
    return Draft(drug, "", drug, "MedicationRequest/a", dose, unit, per_day, **cells)


def told(*drafts: Draft, events: pl.DataFrame | None = None) -> Advice:
    return check(person() if events is None else events, drafts, AT, subject=Subject(id="p"))


def tiers(advice: Advice) -> list[int]:
    return [one.tier for one in advice.alerts if one.family == "dose"]


def gap(advice: Advice) -> str:
    (found,) = [one for one in advice.gaps if one.family == "dose"]
    return found.reason or ""


@pytest.mark.parametrize(
    ("dose", "unit", "per_day", "expected"),
    [
        (40.0, "mg", 2.0, []),  # 80 mg, the largest of lisinopril
        (0.08, "g", 1.0, []),
        (81.0, "mg", 1.0, [2]),
        (40.0, "MG", 3.0, [2]),
        (241.0, "mg", 1.0, [1]),  # more than three times as much
        (20.0, "g", 1.0, [1]),  # grams for milligrams
        (20_000.0, "ug", 1.0, []),
        (100.0, "mg", None, [2]),  # one dose alone is too much already
        (100.0, "mg", 0.5, [2]),  # every other day: still one such dose
    ],
)
def test_a_dose_against_the_largest(
    dose: float, unit: str, per_day: float | None, expected: list[int]
) -> None:
    assert tiers(told(draft("lisinopril", dose, unit, per_day))) == expected


def test_the_alert_names_both_amounts_and_the_source() -> None:
    (one,) = (a for a in told(draft("lisinopril", 50.0, "mg", 2.0)).alerts if a.family == "dose")
    assert one.finding.what.display.startswith("Lisinopril, 100 mg a day: above 80 mg")
    assert one.finding.evidence[0].citation == "fda-labels: label of lisinopril, section 2"
    assert one.alternatives == ()


def test_methotrexate_is_weekly() -> None:
    assert tiers(told(draft("methotrexate", 10.0, "mg", 1.0))) == [1]
    assert tiers(told(draft("methotrexate", 5.0, "mg", 3 / 7))) == [1]
    assert tiers(told(draft("methotrexate", 15.0, "mg", 1 / 7))) == []
    assert tiers(told(draft("methotrexate", 40.0, "mg", 1 / 7))) == [2]
    leukaemia = person(event("ICD10CM//C91.0"))
    assert tiers(told(draft("methotrexate", 10.0, "mg", 1.0), events=leukaemia)) == [2]


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (draft("lisinopril", None, None, None), "names no dose"),
        (draft("lisinopril", 2.0, "{tbl}", 1.0), "unit"),
        (draft("lisinopril", -2.0, "mg", 1.0), "above zero"),
        (draft("lisinopril", 900.0, "mg", 1.0, route="Intravenous"), "by mouth"),
        (draft("lisinopril", 900.0, "mg", 1.0, route="Somewhere"), "another one"),
        (draft("lisinopril", 900.0, "[iU]", 1.0), "limit here is in mg"),
        (draft("abacavir", 600.0, "mg", 1.0), "not in our table|No largest dose"),
        (draft("amoxicillin / clavulanate", 875.0, "mg", 2.0), "combination"),
        (draft("lisinopril", 10.0, "mg", None), "How often"),
    ],
)
def test_what_cannot_be_checked_is_said(one: Draft, why: str) -> None:
    made = told(one)
    assert not tiers(made)
    assert any(part in gap(made) for part in why.split("|"))


def test_the_dose_of_two_ingredients_is_of_neither() -> None:
    both = [draft(name, 900.0, "mg", 1.0) for name in ("lisinopril", "hydrochlorothiazide")]
    made = told(*both)
    assert not tiers(made)
    assert len([one for one in made.gaps if one.family == "dose"]) == 2


def child(years: int, *rows: Any) -> pl.DataFrame:
    return person(*rows, born=AT.replace(year=AT.year - years))


def kilos(value: float, days: float = 10.0, unit: str = "kg") -> dict[str, Any]:
    time = AT - timedelta(days=days)
    return event("LOINC//29463-7", numeric_value=value, unit=unit, time=time)


def test_a_child_without_a_weight_is_held_against_the_limit_of_adults_and_that_is_said() -> None:
    made = told(draft("lisinopril", 200.0, "mg", 1.0), events=child(6))
    assert tiers(made) == [2]
    assert "no weight" in gap(made)
    made = told(draft("warfarin", 40.0, "mg", 1.0), events=child(6, kilos(20.0)))
    assert tiers(made) == [1]
    assert "adults" in gap(made)


@pytest.mark.parametrize(
    ("drug", "dose", "per_day", "route", "kg", "expected"),
    [
        ("amoxicillin", 450.0, 2.0, "Oral", 10.0, []),  # 90 mg/kg a day
        ("amoxicillin", 460.0, 2.0, "Oral", 10.0, [2]),
        ("amoxicillin", 500.0, 8.0, "Oral", 10.0, [1]),  # 400 mg/kg
        ("amoxicillin", 2000.0, 2.0, "Oral", 60.0, []),  # the cap of 4 g, not 5.4 g
        ("amoxicillin", 2100.0, 2.0, "Oral", 60.0, [2]),
        ("acetaminophen", 150.0, 4.0, "Oral", 10.0, []),
        ("acetaminophen", 300.0, 1.0, "Oral", 10.0, [2]),  # 30 mg/kg at once
        ("ibuprofen", 100.0, 4.0, "Oral", 10.0, []),
        ("ibuprofen", 200.0, 3.0, "Oral", 10.0, [2]),
        ("morphine", 50.0, 1.0, "Oral", 10.0, [1]),  # ten times 0.5 mg/kg
        ("gentamicin", 70.0, 1.0, "Intravenous", 10.0, []),
        ("gentamicin", 700.0, 1.0, "Intravenous", 10.0, [1]),
        ("vancomycin", 150.0, 4.0, "Intravenous route", 10.0, []),
        ("digoxin", 4.0, 1.0, "Oral", 10.0, [1]),  # mg for micrograms
        ("cetirizine", 10.0, 1.0, "Oral", 18.0, [2]),  # 5 mg below 6 years
        ("prednisolone", 20.0, 1.0, "Oral", 10.0, []),
        ("ondansetron", 40.0, 1.0, "Oral", 10.0, [1]),
    ],
)
def test_doses_of_a_child_by_weight(
    drug: str, dose: float, per_day: float, route: str, kg: float, expected: list[int]
) -> None:
    """A child of 5: the largest amounts are those of the row, times the weight, by hand."""
    made = told(draft(drug, dose, "mg", per_day, route=route), events=child(5, kilos(kg)))
    assert tiers(made) == expected


def test_a_weight_counts_in_grams_and_only_when_it_is_recent() -> None:
    order = draft("amoxicillin", 460.0, "mg", 2.0)
    assert tiers(told(order, events=child(5, kilos(10_000.0, unit="g")))) == [2]
    assert "no weight" in gap(told(order, events=child(5, kilos(10.0, days=400))))
    assert "no weight" in gap(told(order, events=child(1, kilos(10.0, days=90))))
    assert "no weight" in gap(told(order, events=child(5, kilos(1000.0))))


def test_an_order_for_each_kilogram_needs_no_weight() -> None:
    assert tiers(told(draft("amoxicillin", 45.0, "mg/kg", 2.0), events=child(5))) == []
    assert tiers(told(draft("amoxicillin", 300.0, "mg/kg", 1.0), events=child(5))) == [1]
    assert tiers(told(draft("enoxaparin", 1.0, "mg/kg", 2.0, route="Subcutaneous"))) == []
    assert tiers(told(draft("enoxaparin", 10.0, "mg/kg", 2.0, route="Subcutaneous"))) == [1]


@pytest.mark.parametrize(
    ("drug", "dose", "unit", "per_day", "route", "expected"),
    [
        ("levothyroxine", 50.0, "mg", 1.0, None, [1]),  # mg for micrograms
        ("levothyroxine", 50.0, "mcg", 1.0, None, []),
        ("fentanyl", 50.0, "mg", 1.0, "Intravenous", [1]),
        ("fentanyl", 25.0, "ug/h", None, "Transdermal", []),
        ("fentanyl", 2.5, "mg/h", None, "Transdermal", [1]),
        ("digoxin", 125.0, "ug", 1.0, None, []),
        ("digoxin", 125.0, "mg", 1.0, None, [1]),
        ("metformin", 1.0, "mg", 2.0, None, [2]),  # g was meant: hardly an amount
        ("metformin", 500.0, "mg", 2.0, None, []),
        ("insulin glargine", 20.0, "[iU]", 1.0, "Subcutaneous", []),
        ("insulin glargine", 2000.0, "units", 1.0, "Subcutaneous", [1]),
        ("potassium chloride", 20.0, "meq", 2.0, "Oral", []),
        ("potassium chloride", 200.0, "meq", 4.0, "Oral", [1]),
        ("semaglutide", 2.4, "mg", 1.0, "Subcutaneous", [1]),  # daily for weekly
        ("semaglutide", 2.4, "mg", 1 / 7, "Subcutaneous", []),
        ("methotrexate", 15.0, "mg", 1.0, "Subcutaneous", [1]),
        ("alendronate", 70.0, "mg", 1 / 7, "Oral", []),
        ("alendronate", 70.0, "mg", 1.0, "Oral", [1]),
        ("alendronate", 10.0, "mg", 1.0, "Oral", []),
        ("vancomycin", 1000.0, "mg", 2.0, None, []),  # the route is not said: the higher limit
        ("vancomycin", 1000.0, "mg", 2.0, "Oral", [2]),
        ("acetaminophen", 2000.0, "mg", 1.0, "Intravenous", [2]),  # at most 1 g at once
        ("sildenafil", 80.0, "mg", 3.0, "Oral", []),
    ],
)
def test_units_routes_and_slips(
    drug: str, dose: float, unit: str, per_day: float | None, route: str | None, expected: list[int]
) -> None:
    assert tiers(told(draft(drug, dose, unit, per_day, route=route))) == expected


def test_tablets_and_millilitres_count_with_the_strength_of_the_product() -> None:
    def order(words: str, dose: float, unit: str) -> Draft:
        return Draft("lisinopril", "", words, "MedicationRequest/a", dose, unit, 1.0, "Oral", 0)

    assert tiers(told(order("lisinopril 20 MG Oral Tablet", 2.0, "{tbl}"))) == []
    assert tiers(told(order("lisinopril 20 MG Oral Tablet", 20.0, "{tbl}"))) == [1]
    assert tiers(told(order("lisinopril 1 MG/ML Oral Solution", 90.0, "mL"))) == [2]
    assert "unit" in gap(told(order("lisinopril", 90.0, "mL")))


def test_the_use_that_is_recorded_decides_among_several() -> None:
    asthma = person(event("ICD10CM//J45.909"))
    assert tiers(told(draft("prednisone", 100.0, "mg", 1.0))) == []  # multiple sclerosis: 200 mg
    assert tiers(told(draft("prednisone", 100.0, "mg", 1.0), events=asthma)) == [2]


def test_a_checked_dose_leaves_no_gap() -> None:
    made = told(draft("lisinopril", 10.0, "mg", 1.0, route="Oral route"))
    states = {one.state for one in made.coverage if one.family == "dose"}
    assert states == {"checked"}
