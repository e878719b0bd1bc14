"""Gene results in words."""

import pytest

from genome.gene_events import result
from nof1.genome import words
from nof1.genome.results import GeneResult, Outcome, Phenotype, Settling
from nof1.knowledge.alleles import definition

PLACES = definition("CYP2C19").positions


@pytest.mark.parametrize(
    ("prior", "text"),
    [
        (1.0, "all that fits"),
        (0.9999, "more than 99 of 100"),
        (0.995, "more than 99 of 100"),
        (0.994, "99 of 100"),
        (0.5, "50 of 100"),
        (0.01, "1 of 100"),
        (0.0099, "about 10 in 1,000"),
        (0.0031, "about 3 in 1,000"),
        (0.00012, "about 1 in 10,000"),
        (1e-5, "about 1 in 100,000"),
        (1e-9, "less than 1 in 1,000,000"),
        (0.0, "less than 1 in 1,000,000"),
    ],
)
def test_chance(prior: float, text: str) -> None:
    assert words.chance(prior) == text


def test_chances_never_round_to_nothing_or_to_all() -> None:
    for exponent in range(1, 12):
        assert not words.chance(10.0**-exponent).startswith(("0 ", "about 0 "))
        assert words.chance(1 - 10.0**-exponent) != "all that fits"


def test_one_answer() -> None:
    text = words.sentence(result("CYP2C19", "*1/*2"))
    assert text == "*1/*2 is the only answer that fits. Phenotype: Intermediate Metabolizer."


def test_several_answers() -> None:
    made = result("CYP2C19", ("*1/*1", 0.9), ("*1/*2", 0.06), ("*2/*2", 0.04))
    text = words.sentence(made._replace(unlisted=(1200, 0.0)))
    assert text.startswith("1,203 answers fit; the likeliest is *1/*1 (90 of 100).")
    assert "Phenotype: Normal Metabolizer (90 of 100)." in text
    assert "Not excluded: Intermediate Metabolizer (6 of 100), Poor Metabolizer (4 of 100)." in text


def test_many_phenotypes_are_counted_not_hidden() -> None:
    many = ("*1/*1", "*1/*2", "*2/*2", "*1/*17", "*17/*17")
    text = words.sentence(result("CYP2C19", *many))
    assert text.endswith("and 1 more.")


def test_scores_of_one_phenotype_are_put_together() -> None:
    made = result("CYP2C9", ("*1/*2", 0.4), ("*1/*3", 0.35), ("*1/*1", 0.25))
    assert words.by_phenotype(made) == [
        ("Intermediate Metabolizer", pytest.approx(0.75)),
        ("Normal Metabolizer", pytest.approx(0.25)),
    ]


def test_a_result_of_another_laboratory() -> None:
    poor = Phenotype("Poor Metabolizer", "0.0", 0.0, None)
    made = GeneResult("CYP2D6", Outcome.CALLED, phenotypes=(poor,), source="Aldy")
    assert words.sentence(made) == "Poor Metabolizer, as reported by Aldy."


def test_no_answer_says_why_and_what_would_give_one() -> None:
    none = GeneResult("TPMT", Outcome.NOT_CALLED, reason="Nothing was seen.")
    assert words.sentence(none) == "Nothing was seen."
    assert words.sentence(none._replace(reason=None)) == "The gene was not called."
    assert "TPMT" in words.resolve(none)
    unsure = GeneResult("CYP2D6", Outcome.NOT_EXCLUDED, reason="Copies do not show.")
    assert words.sentence(unsure) == "Nothing is excluded. Copies do not show."
    assert "counts copies" in words.resolve(unsure)


def test_unseen_positions() -> None:
    made = result("CYP2C19", "*1/*1")
    assert words.unseen(made, 35) is None
    one = made._replace(missing=PLACES[:1])
    assert words.unseen(one, 35) == "1 of the gene's 35 positions was not seen."
    settled = made._replace(missing=PLACES[:3], settling=Settling(PLACES[1], 0.2, 0.0))
    text = words.unseen(settled, 35)
    assert text.startswith("3 of the gene's 35 positions were not seen. ")
    assert text.endswith(f"{PLACES[1].label} alone would settle the phenotype.")
    partly = made._replace(missing=PLACES[:3], settling=Settling(PLACES[1], 0.2, 0.1))
    assert words.unseen(partly, 35).endswith("would say most about the phenotype.")
