"""Rows of advice: the most cautious that is not excluded, beside the likeliest, and why."""

from __future__ import annotations

import pytest

from genome import reporting
from nof1.genome.medicinerows import conversion_row, medicine_rows
from nof1.genome.phenoconversion import convert
from nof1.genome.prescribing import advise


@pytest.fixture
def facts(tmp_path):
    return reporting.base(tmp_path / "facts")


def rows(results, base, drug):
    found = {one.gene: one for one in results}
    return [
        row for row in medicine_rows(advise(found, base=base), found, base) if row["drug"] == drug
    ]


def test_a_certain_result_gives_its_advice_codes_and_reason(facts):
    first, second = rows([reporting.poor()], facts, "clopidogrel")
    assert (first["action"], first["source"], first["certain"]) == ("avoid", reporting.CPIC, True)
    assert (first["rxnorm"], first["atc"]) == ("32968", ["B01AC04"])
    assert first["alternatives"] == ["prasugrel"]
    assert first["because"] == [
        {"gene": "CYP2C19", "diplotype": "*2/*2", "result": reporting.POOR, "prior": 1.0}
    ]
    assert first["settled_by"] == []
    assert second["source"] == reporting.DPWG


def test_sources_that_ask_for_different_things_are_flagged(facts):
    assert [row["disagree"] for row in rows([reporting.poor()], facts, "clopidogrel")] == [
        True,
        True,
    ]
    assert not any(row["disagree"] for row in rows([reporting.poor()], facts, "citalopram"))


def test_avoid_and_another_medicine_are_one_opinion(tmp_path):
    rules = (
        reporting.rule("clopidogrel", "avoid", "No."),
        reporting.rule("clopidogrel", "alternative", "Another.", source=reporting.DPWG),
    )
    base = reporting.base(tmp_path / "facts", rules)
    assert not any(row["disagree"] for row in rows([reporting.poor()], base, "clopidogrel"))


def test_what_is_not_excluded_comes_first_with_its_prior_and_what_settles_it(facts):
    (row,) = rows([reporting.unsure(0.003)], facts, "citalopram")
    assert (row["action"], row["prior"]) == ("reduce", 0.003)
    assert row["likely"]["action"] == "standard"
    assert row["likely"]["prior"] == pytest.approx(0.997)
    assert row["dose_change_pct"] == [-25.0, -50.0]
    assert row["settled_by"] == [
        {"gene": "CYP2C19", "position": "rs28399504 (chr10:94762706)", "settles": True}
    ]
    assert row["certain"] is False


def test_a_gene_that_is_not_known_is_named_with_the_mildest_that_stays(facts):
    normal = reporting.called("CYP2C19", "*1/*1", reporting.NORMAL)
    (row,) = rows([normal, reporting.open_cyp2d6()], facts, "amitriptyline")
    assert row["unknown_genes"] == ["CYP2D6"]
    assert (row["action"], row["at_least"], row["likely"]) == ("avoid", "standard", None)
    assert row["settled_by"] == [{"gene": "CYP2D6", "position": None, "settles": True}]
    (row,) = rows([reporting.poor(), reporting.open_cyp2d6()], facts, "amitriptyline")
    assert (row["action"], row["at_least"]) == ("avoid", "avoid")


def test_a_conversion_shows_both_phenotypes_and_by_whom():
    change = convert("CYP2D6", reporting.NORMAL, 2.0, ["paroxetine"])
    row = conversion_row(change, "codeine")
    assert (row["phenotype"], row["effective"]) == (reporting.NORMAL, reporting.POOR)
    assert (row["medicine"], row["because"], row["changed"]) == ("codeine", ["paroxetine"], True)
    same = conversion_row(convert("CYP2D6", reporting.NORMAL, 2.0, []), "codeine")
    assert same["changed"] is False
