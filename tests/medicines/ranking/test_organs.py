"""Kidneys and liver: by the formula the label means, and never by an old or missing value."""

from datetime import datetime
from pathlib import Path

import pytest

from medicines.ranking.people import creatinine, event, know, person, tables, weight
from nof1.knowledge.base import Base
from nof1.medicines.ranking.columns import NOT_IN_TABLE, Column, Level, Status
from nof1.medicines.ranking.organs import hepatic, kidneys_of, renal

METFORMIN = {"drug": "metformin", "measure": "egfr"}
BANDS = [
    {**METFORMIN, "low": "0", "high": "30", "action": "contraindicated", "text": "Not below 30."},
    {**METFORMIN, "low": "30", "high": "45", "action": "adjust", "text": "Do not start."},
    {"drug": "dabigatran", "measure": "crcl", "low": "0", "high": "30", "action": "avoid",
     "text": "Too little is known."},
    {"drug": "apixaban", "use": "atrial fibrillation", "measure": "creatinine", "low": "1.5",
     "high": "", "action": "adjust", "text": "Halve with age or low weight."},
    {"drug": "apixaban", "use": "thrombosis", "measure": "crcl", "low": "0", "high": "15",
     "action": "avoid", "text": "Not studied."},
]  # fmt: skip
LIVER = [
    {"subject": "ticagrelor", "grades": "C", "action": "avoid", "text": "Not in severe disease."},
    {"subject": "atorvastatin", "grades": "active", "action": "contraindicated", "text": "Stop."},
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    return tables(Path(tmp_path_factory.mktemp("facts")), renal=BANDS, hepatic=LIVER)


def kidney(base: Base, drug: str, *rows: object, disease: str = "x", **changes: object) -> Column:
    known = know(person(*rows, **changes))  # type: ignore[arg-type]
    return renal(known, kidneys_of(known), drug, disease, base)


def test_by_ckd_epi_2021(base: Base) -> None:
    """Woman of 70, 1.9 mg/dL: eGFR 28, by the formula on paper; 1.5: 37; 0.7: 93."""
    stop = kidney(base, "metformin", creatinine(1.9))
    assert stop.status is Status.STOP
    assert stop.level is Level.CONTRAINDICATED
    assert "eGFR 28 mL/min/1.73 m2, 2024-05-02" in stop.text
    assert stop.reasons[0].events[0].source_row == 3
    assert kidney(base, "metformin", creatinine(1.5)).status is Status.CAUTION
    clear = kidney(base, "metformin", creatinine(0.7))
    assert (clear.status, clear.opens) == (Status.CLEAR, ())


def test_by_cockcroft_gault_only_with_a_weight(base: Base) -> None:
    """(140 - 70) x 50 / (72 x 1.2) x 0.85 = 34.4; with 40 kg 27.5."""
    assert kidney(base, "dabigatran", creatinine(1.2), weight(50)).status is Status.CLEAR
    assert kidney(base, "dabigatran", creatinine(1.2), weight(40)).status is Status.STOP
    none = kidney(base, "dabigatran", creatinine(1.2))
    assert none.status is Status.NOT_KNOWN
    assert none.opens[0].short == "weight"
    assert none.opens[0].decisive
    assert none.text == (
        "Creatinine clearance not checkable: no weight is recorded. "
        "What hangs on it: Too little is known."
    )


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (weight(40, days=400), "no weight since 2023-04-28"),
        (weight(4000), "the weight of 2024-05-02 is not plausible (20 to 400 kg are)"),
        (weight(-70), "the weight of 2024-05-02 is not plausible (20 to 400 kg are)"),
    ],
)
def test_a_weight_that_cannot_be_used_is_none(base: Base, row: dict, said: str) -> None:
    made = kidney(base, "dabigatran", creatinine(1.2), row)
    assert made.opens[0].decisive
    assert f"Creatinine clearance not checkable: {said}." in made.text


def test_an_old_creatinine_decides_nothing_but_is_said(base: Base) -> None:
    old = kidney(base, "metformin", creatinine(1.9, days=91))
    assert old.status is Status.NOT_KNOWN
    assert "no creatinine since 2024-03-02" in old.text
    assert "That value would have asked for: Not below 30." in old.text
    assert kidney(base, "metformin", creatinine(1.9, days=90)).status is Status.STOP


@pytest.mark.parametrize(
    ("rows", "changes", "said"),
    [
        ([], {}, "no creatinine is recorded"),
        ([creatinine(120.0)], {}, "not plausible"),
        ([creatinine(1.2, unit="umol/L")], {}, "no unit that is known here"),
        ([creatinine(-1.0)], {}, "not plausible"),
        ([creatinine(1.2)], {"born": datetime(1800, 1, 1)}, "no date of birth that can be right"),
        ([creatinine(1.2)], {"born": datetime(2025, 1, 1)}, "no date of birth that can be right"),
        ([creatinine(1.2)], {"born": None}, "no date of birth"),
        ([creatinine(1.2)], {"female": None}, "no sex"),
    ],
)
def test_what_is_missing_is_named(base: Base, rows: list, changes: dict, said: str) -> None:
    made = kidney(base, "metformin", *rows, **changes)
    assert made.status is Status.NOT_KNOWN
    assert said in made.text
    assert made.opens[0].decisive


def test_children_have_no_result(base: Base) -> None:
    made = kidney(base, "metformin", creatinine(0.6), born=datetime(2012, 1, 1))
    assert "for adults" in made.text


def test_the_label_of_the_use_that_is_asked_about(base: Base) -> None:
    rows = (creatinine(1.6),)
    assert kidney(base, "apixaban", *rows, disease="atrial fibrillation").status is Status.CAUTION
    other = kidney(base, "apixaban", *rows, disease="pneumonia")
    assert "(for atrial fibrillation)" in other.text
    assert [one.short for one in other.opens] == ["weight"]


def test_a_medicine_that_is_not_in_the_table_is_no_clear_one(base: Base) -> None:
    made = kidney(base, "codeine", creatinine(0.7))
    assert made.status is Status.NOT_KNOWN
    assert made.opens[0].short == NOT_IN_TABLE
    assert not made.opens[0].decisive


def test_later_and_corrected_values() -> None:
    known = know(person(creatinine(1.9, days=30), creatinine(0.8, days=10), creatinine(3.0, -5)))
    assert kidneys_of(known).values["creatinine"] == pytest.approx(0.8)


def test_liver(base: Base) -> None:
    plain = hepatic(know(person()), "ticagrelor", base)
    assert (plain.status, plain.opens[0].decisive) == (Status.NOT_KNOWN, False)
    sick = hepatic(know(person(event("ICD10CM//K74.60"))), "ticagrelor", base)
    assert sick.opens[0].decisive
    assert "Child-Pugh C: Not in severe disease." in sick.text
    high = event("LOINC//1742-6", numeric_value=180.0, unit="U/L")
    assert hepatic(know(person(high)), "atorvastatin", base).status is Status.STOP
    low = event("LOINC//1742-6", numeric_value=60.0, unit="U/L")
    assert hepatic(know(person(low)), "atorvastatin", base).status is Status.NOT_KNOWN
    assert hepatic(know(person()), "codeine", base).opens[0].short == NOT_IN_TABLE
