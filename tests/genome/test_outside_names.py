"""Spellings of other programs in our words."""

import pytest

from nof1.genome.outside_calls import Refused
from nof1.genome.outside_names import diplotypes, gene_symbol, genes, is_no_call, vocabulary

SAME = [
    ("CYP2D6", "*4/*1", "*1/*4"),
    ("CYP2D6", "CYP2D6*1/CYP2D6 *4", "*1/*4"),
    ("CYP2D6", "*10/*2", "*2/*10"),
    ("CYP2D6", "*1|*2", "*1/*2"),
    ("CYP2D6", "wt/*4", "*1/*4"),
    ("CYP2D6", "*1.016/*4.021", "*1/*4"),
    ("CYP2D6", "*4.021.ALDY_2/*1", "*1/*4.021.ALDY_2"),
    ("CYP2D6", "*1x1/*2", "*1/*2"),
    ("CYP2D6", "*1x2/*2", "*1x2/*2"),
    ("CYP2D6", "*1X3/*2", "*1x≥3/*2"),
    ("CYP2D6", "*1×5/*2", "*1x≥3/*2"),
    ("CYP2D6", "*1≥3/*2", "*1x≥3/*2"),
    ("CYP2D6", "*1x>=3/*2", "*1x≥3/*2"),
    ("CYP2D6", "*41x3/*2", "*2/*41x3"),
    ("CYP2D6", "*10x3/*2", "*2/*10x3"),
    ("CYP2D6", "*2+*2/*1", "*1/*2x2"),
    ("CYP2D6", "*2x2+*2/*1", "*1/*2x≥3"),
    ("CYP2D6", "*36+*10/*1", "*1/*10+*36"),
    ("CYP2D6", "[*36 + *10]/*1", "*1/*10+*36"),
    ("CYP2D6", "*1/Unknown", "*1/unknown"),
    ("CYP2C19", "wild type/*2", "*1/*2"),
    ("CYP2C9", "*1/[*6 + *8]", "*1/[*6 + *8]"),
    ("TPMT", "*3a/*1", "*1/*3A"),
    ("UGT1A1", "*28+*80/*1", "*1/*80+*28"),
    ("G6PD", "B (wildtype)/Mediterranean Haplotype", "B (reference)/Mediterranean Haplotype"),
    ("G6PD", "B", "B (reference)"),
    ("DPYD", "*1/*2A", "Reference/c.1905+1G>A (*2A)"),
    ("DPYD", "c.1905+1G>A/wildtype", "Reference/c.1905+1G>A (*2A)"),
    ("DPYD", "HapB3/Reference", "Reference/c.1129-5923C>G, c.1236G>A (HapB3)"),
    ("DPYD", "*c.1905+1G>A/*Reference", "Reference/c.1905+1G>A (*2A)"),
    ("VKORC1", "C/T", "rs9923231 reference (C)/rs9923231 variant (T)"),
    ("MT-RNR1", "1555A>G", "m.1555A>G"),
    ("MT-RNR1", "A1555G", "m.1555A>G"),
    ("MT-RNR1", "m.961T>del+Cn", "m.961T>del+Cn"),
    ("MT-RNR1", "wt", "Reference"),
    ("CFTR", "711+3A->G/711+3A->G", "711+3A->G/711+3A->G"),
]


@pytest.mark.parametrize(("gene", "text", "expected"), SAME)
def test_one_name(gene, text, expected):
    assert diplotypes(gene, text) == (expected,)


def test_an_open_number_of_copies_stands_for_all():
    assert diplotypes("CYP2D6", "*1xN/*4") == ("*1x2/*4", "*1x≥3/*4")
    assert diplotypes("CYP2D6", "*1x≥2/*4") == ("*1x2/*4", "*1x≥3/*4")
    assert diplotypes("CYP2D6", "*10xN/*4") == ("*4/*10x2", "*4/*10x≥3")


def test_several_solutions_once_each():
    assert diplotypes("CYP2C19", "*1/*2; *2/*1;*1/*3;") == ("*1/*2", "*1/*3")


def test_two_mitochondrial_alleles_are_two_possibilities():
    assert diplotypes("MT-RNR1", "Reference/1555A>G") == ("Reference", "m.1555A>G")


def test_every_name_of_every_table_is_read_as_itself():
    for gene in set(genes().values()) - {"HLA-A", "HLA-B"}:
        for name in vocabulary(gene).names:
            assert diplotypes(gene, name) == (name,), (gene, name)


@pytest.mark.parametrize("text", ["mt_rnr1", "MTRNR1", "MT-RNR1"])
def test_genes_in_other_spellings(text):
    assert gene_symbol(text) == "MT-RNR1"


def test_an_unknown_gene_is_refused():
    with pytest.raises(Refused, match="unknown gene"):
        gene_symbol("CYP2A6")


def test_words_for_no_answer():
    assert all(map(is_no_call, ["None", "NO_MATCH/NO_MATCH", "n/a", "./.", "No Result", "no call"]))
    assert not any(map(is_no_call, ["", "*1/*2", "*1/unknown", "*57:01/-"]))
