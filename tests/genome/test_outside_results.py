"""What follows from another program's call; expected values by hand from CPIC's tables."""

import pytest

from nof1.genome.outside_calls import OutsideCall
from nof1.genome.outside_names import diplotypes, vocabulary
from nof1.genome.outside_results import haplotype_value, result
from nof1.genome.results import Outcome


def of(gene, text="", **more):
    names = diplotypes(gene, text) if text else ()
    return result(OutsideCall("p", gene, names, program="Aldy", file="f", row=1, **more))


# activity of *1 and *2: 1; *9, *10, *41: 0.25; *4, *5, *13, *36, *68: 0 (CPIC v1.30)
COPIES = [
    ("*1/*4", "Intermediate Metabolizer", "1.0"),
    ("*1x2/*4", "Normal Metabolizer", "2.0"),
    ("*1x3/*10", "Ultrarapid Metabolizer", "≥3.25"),
    ("*4x3/*1", "Intermediate Metabolizer", "1.0"),
    ("*5/*5", "Poor Metabolizer", "0.0"),
    ("*4+*68/*4", "Poor Metabolizer", "0.0"),
    ("*36+*10/*36+*10", "Intermediate Metabolizer", "0.5"),
    ("*36x2+*10/*4", "Intermediate Metabolizer", "0.25"),
    ("*13+*2/*1", "Normal Metabolizer", "2.0"),
    ("*10x3/*41", "Intermediate Metabolizer", "1.0"),
    ("*10x4/*1x2", "Ultrarapid Metabolizer", "3.0"),
    ("*1+*2/*2", "Ultrarapid Metabolizer", "3.0"),
    ("*2x3+*1/*1x2", "Ultrarapid Metabolizer", "≥6.0"),
    ("*1+*999/*1", "Indeterminate", "n/a"),
    ("*1/*10x≥3", "Indeterminate", "n/a"),
    ("*1/*5x≥3", "Intermediate Metabolizer", "1.0"),
    ("*1/CYP2D6::CYP2D7::exon2", "Indeterminate", "n/a"),
    ("*1xq/*2", "Indeterminate", "n/a"),
    ("*1", "Indeterminate", "n/a"),
]


@pytest.mark.parametrize(("text", "phenotype", "lookup"), COPIES)
def test_copies_of_cyp2d6(text, phenotype, lookup):
    (found,) = of("CYP2D6", text).phenotypes
    assert (found.phenotype, found.lookup, found.prior) == (phenotype, lookup, 1.0)


def test_what_no_table_lists_is_said():
    assert of("CYP2D6", "*1/*4").warnings == ()
    assert of("CYP2D6", "*36+*10/*1").warnings == (
        "No table lists *10+*36; worked out from the parts.",
    )
    assert of("CYP2D6", "*1/*999").warnings == ("No table says what this does: *999.",)
    assert of("CYP2C19", "*2").warnings == (
        "Only one of the two alleles is named; the other one is not known.",
    )
    assert of("CYP4F2", "*1/*3").warnings == ("There is no table of phenotypes for this gene.",)


def test_solutions_share_the_prior():
    made = of("CYP2D6", "*1xN/*4;*4/*4;*4/*5")
    assert [d.prior for d in made.diplotypes] == [0.25] * 4
    assert {p.phenotype: p.prior for p in made.phenotypes} == {
        "Normal Metabolizer": 0.25,
        "Ultrarapid Metabolizer": 0.25,
        "Poor Metabolizer": 0.5,
    }
    assert made.phenotypes[0].phenotype == "Poor Metabolizer"
    assert made.source == "Aldy, f, row 1"
    assert made.outcome is Outcome.CALLED


def test_single_copies():
    assert of("MT-RNR1", "1555A>G").phenotypes[0].lookup == (
        "increased risk of aminoglycoside-induced hearing loss"
    )
    assert of("MT-RNR1", "9999A>G").phenotypes[0].phenotype == "Indeterminate"
    made = of("G6PD", "B")
    assert (made.phenotypes[0].phenotype, made.warnings) == ("Normal", ())


def test_a_half_call_is_never_a_single_copy():
    assert of("G6PD", "B/unknown").phenotypes[0].phenotype == "Indeterminate"


@pytest.mark.parametrize(
    ("gene", "name", "expected"),
    [
        ("DPYD", "[c.498G>A + c.2582A>G]", "1.0"),
        ("DPYD", "[c.1905+1G>A (*2A) + c.498G>A]", "0.0"),
        ("DPYD", "[c.498G>A + c.1C>A]", "n/a"),
        ("RYR1", "[Reference + c.1021G>A]", "Malignant Hyperthermia associated"),
        ("CYP2C19", "[*2 + *3]", "No function"),
        ("CYP2C19", "[*1 + *17]", "Unknown function"),
        ("CYP2C19", "[*1 + *2]", "Unknown function"),
    ],
)
def test_several_alleles_on_one_chromosome(gene, name, expected):
    assert haplotype_value(vocabulary(gene), name) == expected


def test_a_score_counts_first():
    # PharmCAT's own example of a contradiction: *1/*6 and 4.0, where the tables say 1.0
    made = of("CYP2D6", "*1/*6", score="4.0", phenotype="Poor Metabolizer")
    assert [(p.phenotype, p.lookup) for p in made.phenotypes] == [("Ultrarapid Metabolizer", "4.0")]
    assert made.likeliest.lookup == "4.0"
    assert made.warnings == (
        "The score 4.0 and the phenotype Poor Metabolizer contradict.",
        "By the tables, *1/*6 makes 1.0, not 4.0.",
        "Aldy: 4.0 is used, as given.",
    )


def test_a_phenotype_counts_before_the_diplotype():
    made = of("CYP2C19", "*1/*2", phenotype="Poor Metabolizer")
    assert [p.phenotype for p in made.phenotypes] == ["Poor Metabolizer"]
    assert made.likeliest.phenotype == "Poor Metabolizer"
    assert made.warnings[0] == (
        "By the tables, *1/*2 makes Intermediate Metabolizer, not Poor Metabolizer."
    )


def test_a_fitting_phenotype_takes_the_score_of_the_diplotype():
    made = of("CYP2D6", "*1/*4", phenotype="Intermediate Metabolizer")
    assert [(p.lookup, p.prior) for p in made.phenotypes] == [("1.0", 1.0)]
    assert made.warnings == ()


def test_a_phenotype_alone_leaves_the_score_open():
    made = of("DPYD", phenotype="Intermediate Metabolizer")
    assert {(p.lookup, p.score, p.prior) for p in made.phenotypes} == {
        ("1.0", 1.0, None),
        ("1.5", 1.5, None),
    }
    assert "is not known" in made.warnings[0]


def test_a_given_phenotype_stands_where_the_allele_is_unknown():
    made = of("CYP2C19", "*1/*999", phenotype="Poor Metabolizer")
    assert made.likeliest.phenotype == "Poor Metabolizer"
    assert made.warnings == ("No table says what this does: *999.",)
