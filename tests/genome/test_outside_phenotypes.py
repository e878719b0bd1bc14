"""Phenotypes and activity scores of other programs in our words."""

import pytest

from nof1.genome.outside_calls import Refused
from nof1.genome.outside_names import vocabulary
from nof1.genome.outside_phenotypes import phenotype_name, score_text

# The examples with CYP2D6 Ultrarapid and "likely" stand in PharmCAT's Outside-Call-Format.md.
PHENOTYPES = [
    ("CYP2D6", "PM", "Poor Metabolizer"),
    ("CYP2D6", "im", "Intermediate Metabolizer"),
    ("CYP2D6", "NM", "Normal Metabolizer"),
    ("CYP2D6", "EM", "Normal Metabolizer"),
    ("CYP2D6", "extensive metaboliser", "Normal Metabolizer"),
    ("CYP2D6", "CYP2D6 Ultrarapid Metabolizers (UM)", "Ultrarapid Metabolizer"),
    ("CYP2C19", "RM", "Rapid Metabolizer"),
    ("CYP2C19", "likely cyp2c19 poor metaboliser", "Likely Poor Metabolizer"),
    ("CYP2C19", "LIM", "Likely Intermediate Metabolizer"),
    ("NUDT15", "possible IM", "Possible Intermediate Metabolizer"),
    ("SLCO1B1", "decreased function", "Decreased Function"),
    ("CYP2D6", "indeterminate", "Indeterminate"),
    ("VKORC1", "-1639 ag", "-1639 AG"),
]


@pytest.mark.parametrize(("gene", "text", "expected"), PHENOTYPES)
def test_phenotypes(gene, text, expected):
    assert phenotype_name(vocabulary(gene), text) == expected


@pytest.mark.parametrize(("gene", "text"), [("CYP2D6", "RM"), ("CYP2D6", "slow"), ("TPMT", "")])
def test_a_phenotype_of_no_table_is_refused(gene, text):
    with pytest.raises(Refused, match="phenotype"):
        phenotype_name(vocabulary(gene), text)


SCORES = [
    ("CYP2D6", "2", "2.0"),
    ("CYP2D6", "0.25", "0.25"),
    ("CYP2D6", "3", "3.0"),
    ("CYP2D6", "≥3", "≥3.0"),
    ("CYP2D6", ">= 3.0", "≥3.0"),
    ("CYP2D6", "3.1", "≥3.0"),
    ("CYP2D6", "7", "≥6.0"),
    ("DPYD", "1.5", "1.5"),
    ("CYP2D6", "n/a", ""),
]


@pytest.mark.parametrize(("gene", "text", "expected"), SCORES)
def test_scores(gene, text, expected):
    assert score_text(vocabulary(gene), text) == expected


@pytest.mark.parametrize("text", ["0.1", "≥2", "nan0", "inf", "1e3", "٣", "2.0.0"])
def test_a_score_of_no_table_is_refused(text):
    with pytest.raises(Refused, match="activity score"):
        score_text(vocabulary("CYP2D6"), text)
