"""Frequencies of named alleles: they sum to 1, name real alleles, and hold well-known facts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof1.core.errors import InputError, UsageError
from nof1.knowledge.alleles import definition, genes
from nof1.knowledge.base import SHIPPED, Base
from nof1.knowledge.frequencies import (
    POPULATIONS,
    REST,
    UNLISTED,
    UNLISTED_TOGETHER,
    frequencies,
)
from nof1.synthetic.genes import ANCESTRIES, GENES

ROWS = SHIPPED.rows("frequencies.tsv")
CASES = [(gene, population) for gene in genes() for population in (*POPULATIONS, None)]


def frequency(gene, allele, population):
    names = definition(gene).names
    return frequencies(gene, names, population)[names.index(allele)]


@pytest.mark.parametrize(("gene", "population"), CASES)
def test_every_allele_has_a_frequency_and_they_sum_to_one(gene, population):
    found = frequencies(gene, definition(gene).names, population)
    assert found.shape == (len(definition(gene).names),)
    assert found.min() > 0
    assert found.sum() == pytest.approx(1, abs=1e-12)


def test_every_gene_has_one_common_allele_and_every_name_is_defined():
    assert {row["gene"] for row in ROWS} == set(genes())
    for gene in genes():
        own = [row for row in ROWS if row["gene"] == gene]
        assert [REST] * len(POPULATIONS) in [[row[name] for name in POPULATIONS] for row in own]
        named = [row["allele"] for row in own]
        assert len(set(named)) == len(named)
        assert set(named) <= set(definition(gene).names)


def test_every_row_says_where_it_comes_from():
    for row in ROWS:
        assert bool(row["source"]) != (row["EUR"] == REST)


@pytest.mark.parametrize("gene", sorted(GENES))
@pytest.mark.parametrize("ancestry", ANCESTRIES)
def test_the_synthetic_hospital_draws_from_about_the_same(gene, ancestry):
    for allele in GENES[gene][1:]:  # the first takes the rest, and the hospital has few alleles
        name = allele.name
        theirs = allele.frequencies[ANCESTRIES.index(ancestry)]
        ours = frequency(gene, name, ancestry)
        if theirs == 0:
            assert ours < 0.01
        else:
            assert theirs / 3 <= ours <= theirs * 3, (name, theirs, ours)


# From the literature: CPIC frequency tables, 1000 Genomes phase 3, gnomAD; the bounds are wide.
FACTS = [
    ("VKORC1", "rs9923231 variant (T)", "EAS", 0.85, 0.95),
    ("CYP3A5", "*3", "EUR", 0.9, 0.97),
    ("NUDT15", "*3", "EAS", 0.05, 0.12),
    ("CYP2C19", "*2", "SAS", 0.27, 0.38),
    ("CYP2C19", "*1", "EUR", 0.5, 0.7),
    ("DPYD", "c.1129-5923C>G, c.1236G>A (HapB3)", "EUR", 0.015, 0.03),
    ("DPYD", "c.1905+1G>A (*2A)", "EUR", 0.004, 0.01),
    ("CYP2D6", "*4", "EUR", 0.14, 0.22),
    ("CYP2D6", "*17", "AFR", 0.15, 0.25),
    ("CYP2D6", "*10", "EAS", 0.35, 0.5),
    ("CYP2B6", "*6", "AFR", 0.28, 0.4),
    ("UGT1A1", "*80+*28", "EUR", 0.25, 0.35),
    ("UGT1A1", "*6", "EAS", 0.1, 0.2),
    ("TPMT", "*3C", "AFR", 0.03, 0.07),
    ("G6PD", "A- 202A_376G", "AFR", 0.08, 0.15),
    ("IFNL3", "rs12979860 variant (T)", "EAS", 0.05, 0.12),
    ("ABCG2", "rs2231142 variant (T)", "EAS", 0.25, 0.35),
    ("NAT2", "*5", "EUR", 0.38, 0.48),
]


@pytest.mark.parametrize(("gene", "allele", "population", "low", "high"), FACTS)
def test_well_known_facts(gene, allele, population, low, high):
    assert low <= frequency(gene, allele, population) <= high


def test_slco1b1_alleles_that_carry_rs4149056_add_up():
    assert 0.12 <= sum(frequency("SLCO1B1", name, "EUR") for name in ("*5", "*15")) <= 0.18


def test_no_population_is_the_mean_of_the_five():
    names = definition("CYP2C9").names
    each = np.stack([frequencies("CYP2C9", names, population) for population in POPULATIONS])
    np.testing.assert_allclose(frequencies("CYP2C9", names), each.mean(axis=0), rtol=1e-12)


def test_unlisted_alleles_are_rare_one_by_one_and_together():
    assert frequencies("CYP3A5", ("*1", "unheard of"), "EUR")[1] == pytest.approx(UNLISTED)
    names = definition("RYR1").names
    listed = {row["allele"] for row in ROWS if row["gene"] == "RYR1"}
    rare = [i for i, name in enumerate(names) if name not in listed]
    assert frequencies("RYR1", names, "EUR")[rare].sum() == pytest.approx(UNLISTED_TOGETHER)


def test_rows_of_one_name_share_its_frequency():
    one = frequencies("CYP2C9", ("*1", "*2"), "EUR")
    two = frequencies("CYP2C9", ("*2", "*1", "*2"), "EUR")
    assert two[0] == two[2] == pytest.approx(one[1] / 2)
    assert two[1] == pytest.approx(one[0])


@given(st.permutations(definition("CYP2C19").names), st.sampled_from([*POPULATIONS, None]))
def test_the_order_of_the_names_is_the_order_of_the_answer(names, population):
    straight = definition("CYP2C19").names
    places = [straight.index(name) for name in names]
    expected = frequencies("CYP2C19", straight, population)[places]
    np.testing.assert_allclose(frequencies("CYP2C19", names, population), expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("gene", "names", "population"),
    [
        ("CYP2C19", ("*1", "*2"), "FIN"),
        ("CYP9Z9", ("*1",), "EUR"),
        ("CYP2C19", ("*2", "*3"), "EUR"),
        ("CYP2C19", (), None),
        ("CYP2C19", ("*1", "*1", "*2"), "EUR"),
    ],
)
def test_a_wrong_request_is_refused(gene, names, population):
    with pytest.raises(UsageError) as caught:
        frequencies(gene, names, population)
    assert caught.value.allowed


@pytest.mark.parametrize(
    "lines",
    [
        ["*2 0.1 0.1 0.1 0.1 0.1"],
        ["*1 rest rest rest rest rest", "*2 0.1 0.1 many 0.1 0.1"],
        ["*1 rest rest rest rest rest", "*2 0.1 0.1 0 0.1 0.1"],
        ["*1 rest rest rest rest rest", "*2 0.1 0.1 nan 0.1 0.1"],
        ["*1 rest rest rest rest rest", "*2 0.1 0.1 0.1"],
        ["*1 rest rest rest rest rest", "*2 0.6 0.1 0.1 0.1 0.1", "*3 0.4 0.1 0.1 0.1 0.1"],
        ["*1 rest rest rest rest rest", "*2 rest rest rest rest rest"],
    ],
)
def test_an_own_table_that_makes_no_sense_is_refused(tmp_path, lines):
    header = "\t".join(("gene", "allele", *POPULATIONS, "source"))
    rows = ["\t".join(("CYP2C9", *line.split())) for line in lines]
    (tmp_path / "frequencies.tsv").write_text("\n".join([header, *rows]), encoding="utf-8")
    with pytest.raises(InputError, match="cannot be used"):
        frequencies("CYP2C9", ("*1", "*2"), "EUR", Base(tmp_path))
