"""Who a rule can hold for, and where CPIC and DPWG part."""

import pytest

from nof1.knowledge import prescribing, reach
from nof1.knowledge.base import Base
from nof1.knowledge.prescribing import to_row
from nof1.knowledge.release import write_table
from release_samples import RULE


def facts(tmp_path, *rules):
    write_table(tmp_path / prescribing.FILE, [to_row(rule) for rule in rules])
    return Base(tmp_path)


def rule(source="cpic-2023-08", action="reduce", population="general", **when):
    named = tuple((gene.replace("_", "-"), results) for gene, results in sorted(when.items()))
    return RULE._replace(source=source, action=action, population=population, when=named)


@pytest.mark.parametrize(
    ("gene", "result"),
    [
        ("CYP2C19", "Poor Metabolizer"),
        ("CYP2C19", "Indeterminate"),
        ("CYP2C19", "No Result"),
        ("CYP2C19", "*2/*17"),
        ("CYP2C9", "0.5"),
        ("CYP2C9", "n/a"),
        ("CYP2D6", "≥3.0"),
        ("CYP2D6", "*1x2/*4"),
        ("HLA-B", "*57:01 positive"),
        ("HLA-A", "*31:01 negative"),
        ("CYP2C9", "*5 positive"),
        ("CYP4F2", "*3 positive"),
        ("rs12777823", "A positive"),
        ("MT-RNR1", "increased risk of aminoglycoside-induced hearing loss"),
    ],
)
def test_results_that_a_person_can_have(gene, result):
    assert reach.possible(gene, result)


@pytest.mark.parametrize(
    ("gene", "result"),
    [
        ("CYP2C19", "Slow Metabolizer"),
        ("CYP2C19", "poor metabolizer"),
        ("CYP2C19", "*2/*1000"),
        ("CYP2C9", "0.7"),
        ("CYP2C9", "*1000 positive"),
        ("HLA-B", "57:01 positive"),
        ("HLA-B", "*57:01"),
        ("rs12777823", "T positive"),
        ("rs1", "A positive"),
        ("F5", "Factor V Leiden homozygous"),
        ("NOGENE", "Poor Metabolizer"),
    ],
)
def test_results_that_nobody_can_have(gene, result):
    assert not reach.possible(gene, result)


def test_a_rule_is_dead_when_no_result_of_one_gene_can_be_had(tmp_path):
    partly = rule(CYP2C19=("Poor Metabolizer", "Slow Metabolizer"))
    dead = rule(CYP2C19=("Poor Metabolizer",), CYP2D6=("Slow Metabolizer", "42.0"))
    base = facts(tmp_path, partly, dead)
    assert reach.dead(base) == [(dead, "CYP2D6")]
    assert reach.unreachable(base) == {
        "CYP2C19": {"Slow Metabolizer": 1},
        "CYP2D6": {"Slow Metabolizer": 1, "42.0": 1},
    }


def test_of_the_shipped_rules_only_those_on_factor_v_leiden_are_dead():
    assert {(one.drug, gene) for one, gene in reach.dead()} == {
        ("hormonal contraceptives for systemic use", "F5")
    }


def test_opposite_directions_are_conflicts_and_the_same_direction_is_none(tmp_path):
    mine = rule(CYP2C19=("Poor Metabolizer", "Rapid Metabolizer"))
    base = facts(
        tmp_path,
        mine,
        rule("dpwg-2023-08", "avoid", "adults", CYP2C19=("Poor Metabolizer",)),
        rule("dpwg-2023-08", "increase", "children", CYP2C19=("Rapid Metabolizer",)),
        rule("dpwg-2023-08", "no_advice", "new users", CYP2C19=("Rapid Metabolizer",)),
        rule("dpwg-2023-08", "standard", "nobody", CYP2C19=("Normal Metabolizer",)),
    )
    (found,) = reach.conflicts(base)
    assert found.text == (
        "CYP2C19 Rapid Metabolizer: cpic-2023-08 says reduce, dpwg-2023-08 says increase (children)"
    )


def test_a_second_gene_must_be_one_that_may_be_unknown(tmp_path):
    both = {"CYP2C19": ("Poor Metabolizer",)}
    known = rule(**both, CYP2D6=("0.0",))
    unknown = rule(action="avoid", **both, CYP2D6=("Indeterminate", "No Result"))
    dutch = rule("dpwg-2023-08", "standard", **both)
    found = reach.conflicts(facts(tmp_path, known, unknown, dutch))
    assert [one.first for one in found] == [unknown]


def test_the_guidelines_part_on_paroxetine_for_poor_metabolizers():
    """Read in the two shipped guidelines: CPIC asks for less, DPWG for no change."""
    texts = [one.text for one in reach.conflicts() if one.drug == "paroxetine"]
    assert "CYP2D6 0.0: cpic-2023-08 says reduce, dpwg-2023-08 says standard" in texts
