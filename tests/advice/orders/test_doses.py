"""The amount of an order: above the largest, a slip of the unit, daily for weekly, or not known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from medicines.ranking.people import AT, event, person
from nof1.advice.orders.check import check
from nof1.advice.orders.doses import largest
from nof1.advice.orders.shapes import Advice, Draft
from nof1.core.errors import InputError
from nof1.core.finding import Subject
from nof1.knowledge import drugs
from nof1.knowledge.base import sources


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
    (one,) = told(draft("lisinopril", 50.0, "mg", 2.0)).alerts
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


def test_a_child_is_held_against_the_limit_of_adults_and_that_is_said() -> None:
    child = person(born=AT.replace(year=AT.year - 6))
    made = told(draft("lisinopril", 200.0, "mg", 1.0), events=child)
    assert tiers(made) == [2]
    assert "adults" in gap(made)


def test_a_checked_dose_leaves_no_gap() -> None:
    made = told(draft("lisinopril", 10.0, "mg", 1.0, route="Oral route"))
    states = {one.state for one in made.coverage if one.family == "dose"}
    assert states == {"checked"}


def test_the_table_names_known_medicines_and_sources() -> None:
    assert len(largest()) > 150
    for name, row in largest().items():
        assert name in drugs.drugs()
        assert row.source in sources()
        assert name in row.citation


@pytest.mark.parametrize(
    "row",
    ["a\t1\t0\t\tx\ty", "a\t2\t1\t\tx\ty", "a\tone\t1\t\tx\ty", "a\t1\t1\tx\ty", "b\t1\t1\t\tx\ty"],
)
def test_an_unsound_table_is_refused(row: str, tmp_path: Path) -> None:
    path = tmp_path / "doses.tsv"
    path.write_text(f"head\nb\t1\t1\t\tx\ty\n{row}\n")
    with pytest.raises(InputError):
        largest(path)
