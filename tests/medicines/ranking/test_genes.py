"""Genes: the likeliest result decides, what is not excluded stays a question, others change it."""

from datetime import datetime

import pytest

from genome.gene_events import medicine_row, result
from medicines.ranking.people import event, know, person
from nof1.genome.results import GeneResult, Outcome, Phenotype
from nof1.medicines.ranking.columns import Column, Level, Status
from nof1.medicines.ranking.genes import pharmacogenomics, phenoconversion
from nof1.medicines.ranking.groups import belongs

HEART = "myocardial infarction"


def genes(drug: str, *made: GeneResult, disease: str = HEART) -> Column:
    return pharmacogenomics(know(person(genes=made)), drug, disease)


def test_a_poor_metaboliser_stops_clopidogrel_with_source_and_event() -> None:
    made = genes("clopidogrel", result("CYP2C19", "*2/*2"))
    assert made.status is Status.STOP
    assert made.reasons[0].short == "CYP2C19: avoid"
    assert made.reasons[0].events[0].code == "GENE//CYP2C19"
    source = made.reasons[0].source
    assert source is not None
    assert source.id in ("cpic-2023-08", "dpwg-2023-08")
    assert "PMID" in source.citation


def test_normal_is_clear_and_says_by_which_result() -> None:
    made = genes("clopidogrel", result("CYP2C19", "*1/*1"))
    assert made.status is Status.CLEAR
    assert "CYP2C19 *1/*1, Normal Metabolizer" in made.text


def test_an_unlikely_result_is_a_question_that_holds_nothing_back() -> None:
    rare = genes("clopidogrel", result("CYP2C19", ("*1/*1", 0.98), ("*1/*2", 0.02)))
    assert rare.status is Status.NOT_KNOWN
    assert not rare.opens[0].decisive
    likely = genes("clopidogrel", result("CYP2C19", ("*1/*1", 0.9), ("*1/*2", 0.1)))
    assert likely.opens[0].decisive
    assert "not excluded (10 of 100)" in likely.opens[0].text
    remote = genes("clopidogrel", result("CYP2C19", ("*1/*1", 0.99999), ("*1/*2", 0.00001)))
    assert remote.status is Status.CLEAR


def test_a_gene_that_is_not_known_could_forbid_it() -> None:
    made = genes("clopidogrel")
    assert made.status is Status.NOT_KNOWN
    assert made.opens[0].decisive
    assert made.opens[0].resolve == "A test of CYP2C19."
    assert not genes("ramipril").opens
    assert genes("ramipril").status is Status.CLEAR


def test_a_gene_of_which_nothing_is_excluded_is_not_known() -> None:
    open_gene = GeneResult(
        "CYP2D6",
        Outcome.NOT_EXCLUDED,
        phenotypes=(Phenotype("Poor Metabolizer", "Poor Metabolizer", None, None),),
        reason="Copies do not show.",
    )
    made = genes("codeine", open_gene)
    assert made.status is Status.NOT_KNOWN
    assert made.opens[0].decisive


def test_dose_changes_are_cautions() -> None:
    made = genes(
        "warfarin",
        result("CYP2C9", "*1/*3"),
        result("VKORC1", AG),
        disease="atrial fibrillation",
    )
    assert made.level is Level.ADJUST


AG = "rs9923231 reference (C)/rs9923231 variant (T)"


def test_advice_for_another_group_is_left_out() -> None:
    """CPIC's words for stroke do not hold after a heart attack; those for ACS do."""
    made = genes("clopidogrel", result("CYP2C19", "*1/*2"))
    said = " ".join(one.text for one in made.reasons)
    assert "acute coronary syndrome or PCI" in said
    assert "stroke, TIA or neurovascular procedure" not in said
    known = know(person(event("ICD10CM//I63.9")))
    assert belongs("stroke, TIA or neurovascular procedure", known, HEART) is True
    young, nobody = know(person(born=datetime(2015, 1, 1))), know(person(born=None))
    assert belongs("adults", young, HEART) is False
    assert belongs("adults", nobody, HEART) is None
    assert belongs("African ancestry", young, HEART) is None


def test_an_inhibitor_that_is_taken_changes_the_advice() -> None:
    """Fluvoxamine inhibits CYP2C19 strongly (FDA): clopidogrel acts as in poor metabolisers."""
    known = know(person(genes=[result("CYP2C19", "*1/*1")], medicines=["fluvoxamine"]))
    assert pharmacogenomics(known, "clopidogrel", HEART).status is Status.CLEAR
    made = phenoconversion(known, "clopidogrel", HEART)
    assert made.status is Status.STOP
    assert "fluvoxamine makes CYP2C19 act as Poor Metabolizer" in made.text
    assert {one.code for one in made.reasons[0].events} == {"RxNorm//42355"}


def test_a_medicine_that_would_change_the_genes_of_another_one() -> None:
    rows = {"genes": [result("CYP2C19", "*1/*1")], "medicines": ["clopidogrel"]}
    made = phenoconversion(know(person(**rows)), "fluvoxamine", "depression")
    assert made.status is Status.STOP
    assert made.text.startswith("For clopidogrel: ")


def test_without_genes_or_others_nothing_changes() -> None:
    for someone in (
        person(medicines=["fluvoxamine"]),
        person(genes=[result("CYP2C19", "*1/*1")], medicines=["aspirin"]),
        person(medicine_row("clopidogrel"), genes=[result("CYP2C19", "*2/*2")]),
    ):
        assert phenoconversion(know(someone), "clopidogrel", HEART).status is Status.CLEAR


def test_an_empty_list_of_medicines_excludes_nothing() -> None:
    nobody = know(person(genes=[result("CYP2C19", "*1/*1")]))
    assert "not excluded" in phenoconversion(nobody, "clopidogrel", HEART).text
    assert phenoconversion(nobody, "bisoprolol", HEART).status is Status.CLEAR


@pytest.mark.parametrize("drug", ["clopidogrel", "warfarin", "simvastatin", "codeine", "abacavir"])
def test_no_genes_at_all_is_never_clear(drug: str) -> None:
    assert genes(drug).status is Status.NOT_KNOWN


def test_a_phenotype_of_a_laboratory_counts_like_a_stored_one() -> None:
    told = event("LOINC//79714-2//LA9657-3", text_value="Poor metabolizer")
    made = pharmacogenomics(know(person(told)), "clopidogrel", HEART)
    assert made.status is Status.STOP
    assert made.reasons[0].events[0].code == "LOINC//79714-2//LA9657-3"


def test_no_result_is_said_only_where_none_is_recorded() -> None:
    (without,) = pharmacogenomics(know(person()), "clopidogrel", HEART).opens
    assert without.text.endswith("no result is recorded.")
    unread = event("LOINC//79714-2", text_value="see the report")
    (one,) = pharmacogenomics(know(person(unread)), "clopidogrel", HEART).opens
    assert "no result is recorded" not in one.text
    assert (
        "a result about CYP2C19 is recorded that is not understood here: LOINC 79714-2" in one.text
    )
    assert one.resolve.startswith("Read the recorded result.")
