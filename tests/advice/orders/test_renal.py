"""Kidneys in the order checks: an eGFR in place of a clearance, and doses that fit already."""

from __future__ import annotations

from datetime import datetime

import pytest

from advice.orders.asking import gaps, of, told
from medicines.ranking.people import AT, creatinine, person, weight
from nof1.advice.orders import check
from nof1.advice.orders.shapes import Draft
from nof1.core.finding import Subject

MAN = {"born": datetime(1979, 6, 1), "female": False}  # 45


def rules(*rows: dict[str, object], order: str) -> list[tuple[int, str]]:
    return [(one.tier, one.rule) for one in of(told(person(*rows, **MAN), order), "renal")]


def test_an_egfr_clearly_below_a_limit_of_clearance_warns_and_the_gap_stays() -> None:
    """3.6 mg/dL in a man of 45: eGFR 20 by CKD-EPI 2021, a third below the limit of 30."""
    advice = told(person(creatinine(3.6), **MAN), "fondaparinux")
    (alert,) = of(advice, "renal")
    assert (alert.tier, alert.rule) == (2, "renal/other-measure")
    assert "By eGFR 20" in (alert.finding.reason or "")
    assert "creatinine clearance, which is not known" in (alert.finding.reason or "")
    assert any("no weight is recorded" in one for one in gaps(advice, "renal"))


def test_near_the_limit_the_egfr_decides_nothing() -> None:
    """Creatinine 2.8 mg/dL: eGFR 27, only a tenth below the limit of 30."""
    assert rules(creatinine(2.8), order="fondaparinux") == [(2, "renal/open-contraindicated")]


def test_a_clearance_far_above_the_limit_counts_before_the_egfr() -> None:
    assert rules(creatinine(3.6), weight(140.0), order="clarithromycin") == []


def test_a_clearance_just_above_the_limit_warns_by_the_egfr() -> None:
    """3.6 mg/dL at 85 kg: Cockcroft-Gault 31, eGFR 20."""
    found = rules(creatinine(3.6), weight(85.0), order="clarithromycin")
    assert found == [(2, "renal/other-measure")]


def test_direct_anticoagulants_follow_a_known_clearance_alone() -> None:
    """2.1 mg/dL at 85 kg: Cockcroft-Gault 53, eGFR 38; the limit of rivaroxaban is 50."""
    assert (2, "renal/other-measure") not in rules(
        creatinine(2.1), weight(85.0), order="rivaroxaban"
    )


def order(name: str, dose: float | None, per_day: float | None = 1.0, unit: str = "mg") -> Draft:
    return Draft(name, "", name, "MedicationRequest/1", dose, unit, per_day, "oral", 0)


@pytest.mark.parametrize(
    ("draft", "expected"),
    [
        (order("sitagliptin", 25.0), (3, "renal/dose-fits")),
        (order("sitagliptin", 12.5, 2.0), (3, "renal/dose-fits")),
        (order("sitagliptin", 0.025, unit="g"), (3, "renal/dose-fits")),
        (order("sitagliptin", 50.0), (2, "renal/adjust")),
        (order("sitagliptin", 25.0, 2.0), (2, "renal/adjust")),
        (order("sitagliptin", 25.0, None), (2, "renal/adjust")),
        (order("sitagliptin", None), (2, "renal/adjust")),
    ],
)
def test_a_dose_that_keeps_to_the_limit_is_said_on_demand(
    draft: Draft, expected: tuple[int, str]
) -> None:
    """eGFR 20: the label allows 25 mg a day below 30."""
    events = person(creatinine(3.6), weight(85.0), **MAN)
    advice = check.check(events, [draft], AT, subject=Subject(id="p"))
    assert [(one.tier, one.rule) for one in of(advice, "renal")] == [expected]


def test_a_medicine_that_is_forbidden_is_not_quieter_at_a_low_dose() -> None:
    events = person(creatinine(3.6), weight(85.0), **MAN)
    advice = check.check(events, [order("metformin", 100.0)], AT, subject=Subject(id="p"))
    assert [one.tier for one in of(advice, "renal")] == [1]
