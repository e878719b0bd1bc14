"""Families of checks: doses that fit a pair, weak kidneys, allergies of words, unclear genes."""

from __future__ import annotations

from typing import Any

import pytest

from advice.orders.asking import codes, gaps, of, tiers, told
from genome.gene_events import result
from medicines.ranking.people import AT, creatinine, event, person
from nof1.advice.orders.check import check
from nof1.advice.orders.shapes import Advice, Draft
from nof1.core.finding import Subject
from nof1.genome.results import Phenotype


def dosed(drug: str, mg: float, per_day: float, events: Any) -> Advice:
    draft = Draft(drug, "", drug, "MedicationRequest/a", mg, "mg", per_day, None, 0)
    return check(events, [draft], AT, subject=Subject(id="p"))


@pytest.mark.parametrize(
    ("drug", "mg", "per_day", "other", "tier"),
    [
        ("simvastatin", 20, 1, "amlodipine", 3),  # label: at most 20 mg a day
        ("simvastatin", 40, 1, "amlodipine", 2),
        ("ranolazine", 500, 2, "diltiazem", 3),  # at most 500 mg twice a day
        ("ranolazine", 1000, 2, "diltiazem", 2),
        ("aspirin", 81, 1, "ticagrelor", 3),  # 75 to 100 mg a day
        ("aspirin", 325, 1, "ticagrelor", 2),
    ],
)
def test_a_dose_that_keeps_to_the_pair_is_on_demand(
    drug: str, mg: float, per_day: float, other: str, tier: int
) -> None:
    made = dosed(drug, mg, per_day, person(medicines=codes(other)))
    assert tiers(made, "interactions") == [tier]


def test_without_a_dose_and_for_the_other_medicine_the_pair_stands_in_line() -> None:
    assert tiers(told(person(medicines=codes("amlodipine")), "simvastatin"), "interactions") == [2]
    beside = dosed("amlodipine", 5, 1, person(medicines=codes("simvastatin")))
    assert tiers(beside, "interactions") == [2]


def test_colchicine_beside_an_inhibitor_is_forbidden_with_weak_kidneys_alone() -> None:
    """Label of colchicine, section 4: P-gp or strong CYP3A4 inhibitors in renal impairment."""
    taken = codes("clarithromycin")
    assert tiers(told(person(creatinine(0.8), medicines=taken), "colchicine"), "interactions") == [
        2
    ]
    weak = told(person(creatinine(1.8), medicines=taken), "colchicine")
    assert tiers(weak, "interactions") == [1]


def test_low_dose_aspirin_in_pregnancy_is_on_demand() -> None:
    events = person(event("SNOMED//77386006"), born=AT.replace(year=AT.year - 30))
    assert 2 not in tiers(dosed("aspirin", 81, 1, events), "pregnancy")
    assert 2 in tiers(dosed("aspirin", 650, 4, events), "pregnancy")


@pytest.mark.parametrize(
    ("words", "drug", "tier"),
    [
        ("Allergy to aspirin", "naproxen", 2),
        ("Hypersensitivity to amoxicillin (disorder)", "ampicillin", 1),
        ("Allergy to aspirin", "metformin", None),
    ],
)
def test_the_words_of_an_entry_are_read(words: str, drug: str, tier: int | None) -> None:
    events, code = person(event("ALLERGY//SNOMED//1")), "ALLERGY//SNOMED//1"
    draft = Draft(drug, "", drug, "MedicationRequest/a", None, None, None, None, 0)
    made = check(events, [draft], AT, names={code: words}, subject=Subject(id="p"))
    assert tiers(made, "allergies") == ([tier] if tier else [])


def test_an_allergy_without_a_row_says_that_only_the_ingredient_was_looked_for() -> None:
    made = told(person(event(f"ALLERGY//{codes('adalimumab')[0]}")), "infliximab")
    assert not of(made, "allergies")
    assert any("only this ingredient" in one for one in gaps(made, "allergies"))
    known = told(person(event(f"ALLERGY//{codes('ibuprofen')[0]}")), "metformin")
    assert not any("only this ingredient" in one for one in gaps(known, "allergies"))


def test_an_indeterminate_result_is_a_gap_and_a_clear_one_is_none() -> None:
    clear = result("CYP2C19", "*1/*1")
    unclear = clear._replace(phenotypes=(Phenotype("Indeterminate", "Indeterminate", None, 1.0),))
    unclear = unclear._replace(diplotypes=())
    said = gaps(told(person(genes=[unclear]), "clopidogrel"), "genes")
    assert any("indeterminate" in one for one in said)
    assert not any(
        "indeterminate" in one for one in gaps(told(person(genes=[clear]), "clopidogrel"), "genes")
    )


@pytest.mark.parametrize(
    ("drug", "gene", "pair", "tier"),
    [
        ("siponimod", "CYP2C9", "*3/*3", 1),  # label, section 4
        ("siponimod", "CYP2C9", "*1/*3", 2),  # label, section 2: 1 mg
        ("thioridazine", "CYP2D6", "*4/*4", 1),  # label, section 4
        ("valbenazine", "CYP2D6", "*4/*4", 2),  # label, section 2: 40 mg
        ("clobazam", "CYP2C19", "*2/*2", 2),  # label, section 2
        ("valbenazine", "CYP2D6", "*1/*1", None),
    ],
)
def test_what_labels_ask_because_of_genes(
    drug: str, gene: str, pair: str, tier: int | None
) -> None:
    made = told(person(genes=[result(gene, pair)], born=AT.replace(year=AT.year - 60)), drug)
    assert tiers(made, "genes") == ([tier] if tier else [])


def test_siponimod_without_a_test_asks_for_it() -> None:
    assert tiers(told(person(), "siponimod"), "genes") == [2]
