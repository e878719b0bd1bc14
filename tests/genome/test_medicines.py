"""Which ingredient a code means, and what medicines make of genes."""

from datetime import datetime

import pytest

from genome.gene_events import result, results
from nof1.core.finding import EventRef
from nof1.genome.medicines import Taken, converted, taken
from nof1.genome.results import GeneResult, Outcome
from nof1.knowledge.phenotypes import phenotypes
from nof1.knowledge.prescribing import by_drug
from nof1.record.current import CurrentMedicine

WHEN = datetime(2024, 5, 1)


def current(*codes: str) -> list[CurrentMedicine]:
    return [CurrentMedicine(code, WHEN, "orders.csv", 7, "s") for code in codes]


def named(*names: str) -> list[Taken]:
    return [Taken(name, name, EventRef(code=name)) for name in names]


def test_an_ingredient_is_known_by_its_code() -> None:
    (found,) = taken(current("RxNorm//32968"), {})
    assert (found.name, found.code) == ("clopidogrel", "RxNorm//32968")
    event = found.event
    assert (event.display, event.source_file, event.source_row, event.site) == (
        "clopidogrel", "orders.csv", 7, "s",
    )  # fmt: skip
    assert event.time is not None
    assert event.time.tzinfo is not None
    assert [one.name for one in taken(current("ATC//B01AC04"), {})] == ["clopidogrel"]


@pytest.mark.parametrize(
    ("words", "ingredients"),
    [
        ("clopidogrel 75 MG Oral Tablet", ["clopidogrel"]),
        ("Clopidogrel 75 MG Oral Tablet [Plavix]", ["clopidogrel"]),
        ("24 HR Metoprolol succinate 50 MG Extended Release", ["metoprolol"]),
        ("carbamazepine / unknownium 5 MG", ["carbamazepine"]),
        ("acetaminophen 300 MG / codeine phosphate 30 MG Oral Tablet", ["codeine"]),
        ("water for injection", []),
        ("Methylene Blue 10 MG/ML Injectable Solution", ["methylene blue"]),
        ("peginterferon alfa-2b 0.12 MG", ["peginterferon alfa-2b"]),
        ("5-FU 50 MG/ML", ["fluorouracil"]),
        (
            "sulfamethoxazole 800 MG / trimethoprim 160 MG Oral Tablet",
            ["sulfamethoxazole", "trimethoprim", "sulfamethoxazole / trimethoprim"],
        ),
    ],
)
def test_a_product_is_known_by_its_words(words: str, ingredients: list[str]) -> None:
    found = [one.name for one in taken(current("RxNorm//999999999"), {"RxNorm//999999999": words})]
    assert [name for name in found if name != "acetaminophen"] == ingredients


@pytest.mark.parametrize("drug", sorted(by_drug()))
def test_every_medicine_with_a_guideline_is_found_in_the_words_of_a_product(drug: str) -> None:
    words = {"RxNorm//999999999": f"{drug} 10 MG Oral Tablet"}
    assert drug in [one.name for one in taken(current("RxNorm//999999999"), words)]


def test_a_code_that_nobody_knows_is_left_out() -> None:
    assert taken(current("RxNorm//999999999", "NDC//1"), {}) == []


def test_each_ingredient_once_with_its_latest_order() -> None:
    latest = CurrentMedicine("ATC//B01AC04", WHEN, "new.csv", 1, "s")
    (found,) = taken([latest, *current("RxNorm//32968")], {})
    assert found.event.source_file == "new.csv"


# phenoconversion ----------------------------------------------------------------------------------


def test_a_strong_inhibitor_stops_the_gene() -> None:
    omeprazole, fluvoxamine = named("omeprazole", "fluvoxamine")
    now, notes = converted(results(CYP2C19="*1/*1"), omeprazole, [omeprazole, fluvoxamine])
    assert [one.phenotype for one in now["CYP2C19"].phenotypes] == ["Poor Metabolizer"]
    (note,) = notes
    assert "fluvoxamine" in note
    assert "Poor Metabolizer, from Normal Metabolizer" in note


def test_a_medicine_does_not_judge_itself() -> None:
    (fluvoxamine,) = named("fluvoxamine")
    before = results(CYP2C19="*1/*1")
    assert converted(before, fluvoxamine, [fluvoxamine]) == (before, ())


def test_every_possible_phenotype_is_converted_by_itself() -> None:
    before = {"CYP2C19": result("CYP2C19", ("*1/*1", 0.9), ("*1/*2", 0.08), ("*2/*2", 0.02))}
    citalopram, fluconazole = named("citalopram", "fluconazole")
    now, _ = converted(before, citalopram, [fluconazole])
    assert {one.phenotype for one in now["CYP2C19"].phenotypes} == {"Poor Metabolizer"}
    assert sum(one.prior for one in now["CYP2C19"].phenotypes) == pytest.approx(1)
    assert now["CYP2C19"].diplotypes == ()  # pairs of alleles no longer say what the gene does
    assert before["CYP2C19"].phenotypes[0].phenotype == "Normal Metabolizer"


def test_scores_follow_and_meet_what_guidelines_list() -> None:
    table = phenotypes("CYP2D6")
    listed = {lookup for _, lookup in table.results.values()}
    before = {"CYP2D6": result("CYP2D6", "*1/*1", "*1/*4", "*1/*41", "*4/*4")}
    codeine, paroxetine = named("codeine", "paroxetine")
    now, _ = converted(before, codeine, [paroxetine])
    assert {one.phenotype for one in now["CYP2D6"].phenotypes} == {"Poor Metabolizer"}
    assert {one.lookup for one in now["CYP2D6"].phenotypes} == {"0.0"}
    duloxetine = named("duloxetine")  # a moderate inhibitor halves the score
    now, _ = converted(before, codeine, duloxetine)
    assert {one.lookup for one in now["CYP2D6"].phenotypes} <= listed
    halved = [one.score / 2 for one in before["CYP2D6"].phenotypes]
    assert [one.score for one in now["CYP2D6"].phenotypes] == halved


def test_an_inducer_is_named_and_moves_nothing() -> None:
    before = results(CYP2C19="*1/*2")
    now, notes = converted(before, *([named("omeprazole")[0], named("rifampin")]))
    assert now == before
    assert "higher than the genotype says" in " ".join(notes)


def test_genes_without_an_answer_are_left_alone() -> None:
    unsure = {"CYP2D6": GeneResult("CYP2D6", Outcome.NOT_EXCLUDED, reason="Copies.")}
    codeine, paroxetine = named("codeine", "paroxetine")
    assert converted(unsure, codeine, [paroxetine]) == (unsure, ())


def test_other_genes_are_not_touched() -> None:
    before = results(
        CYP2C19="*1/*1", TPMT="*1/*3A", VKORC1="rs9923231 reference (C)/rs9923231 variant (T)"
    )
    now, _ = converted(before, named("omeprazole")[0], named("fluvoxamine"))
    assert now["TPMT"] is before["TPMT"]
    assert now["VKORC1"] is before["VKORC1"]
