"""What a label asks to be measured, and since when it is missing: one passive alert a medicine."""

from __future__ import annotations

from advice.orders.asking import codes, gaps, lab, of, tiers, told
from genome.gene_events import result
from medicines.ranking.people import creatinine, person
from nof1.knowledge import monitoring


def test_one_alert_lists_all_that_is_missing_and_since_when() -> None:
    made = told(person(lab("3016-3", 2.0, "m[iU]/L", 400)), "lithium")
    (one,) = of(made, "monitoring")
    text = one.finding.reason or ""
    assert one.tier == 3
    assert "before it is started" in text
    assert "TSH (the last: 2023-04-28)" in text
    assert "creatinine (none is recorded)" in text
    assert "lithium level" not in text  # nothing to measure before the first dose


def test_a_medicine_that_is_taken_is_asked_for_its_level_as_well() -> None:
    (one,) = of(told(person(medicines=codes("lithium")), "lithium"), "monitoring")
    assert "while it is taken" in (one.finding.reason or "")
    assert "lithium level (none is recorded)" in (one.finding.reason or "")


def test_nothing_is_said_when_all_is_measured() -> None:
    done = person(creatinine(0.9), lab("2823-3", 4.1, "mmol/L", 30))
    made = told(done, "lisinopril")
    assert not of(made, "monitoring")
    assert not gaps(made, "monitoring")
    assert tiers(told(person(creatinine(0.9)), "lisinopril"), "monitoring") == [3]


def test_a_gene_counts_once_in_a_life() -> None:
    counts = [
        lab("6690-2", 6.0, "10*3/uL"),
        lab("777-3", 200.0, "10*3/uL"),
        lab("1742-6", 20, "U/L"),
    ]
    (one,) = of(told(person(*counts), "azathioprine"), "monitoring")
    assert "TPMT (none is recorded)" in (one.finding.reason or "")
    known = person(*counts, genes=[result("TPMT", "*1/*1")])
    assert not of(told(known, "azathioprine"), "monitoring")


def test_a_medicine_that_the_table_does_not_know_is_told() -> None:
    (text,) = gaps(told(person(), "amoxicillin"), "monitoring")
    assert text == "No measurement that amoxicillin asks for is in our table."


def test_the_table_covers_the_medicines_that_need_it_most() -> None:
    wanted = [
        "lithium",
        "amiodarone",
        "methotrexate",
        "clozapine",
        "azathioprine",
        "mercaptopurine",
        "lisinopril",
        "losartan",
        "spironolactone",
        "hydrochlorothiazide",
        "furosemide",
        "warfarin",
        "apixaban",
        "digoxin",
        "metformin",
        "carbamazepine",
        "atorvastatin",
        "levothyroxine",
        "methimazole",
        "cyclosporine",
        "tacrolimus",
        "leflunomide",
        "sulfasalazine",
        "heparin",
        "gentamicin",
        "vancomycin",
        "olanzapine",
        "isotretinoin",
        "alendronate",
        "linezolid",
    ]
    assert all(monitoring.covered(name) for name in (*wanted, "valproic acid"))
    assert len({row.subject for row in monitoring.asked()}) >= 25
