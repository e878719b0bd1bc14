"""Gene results on their way into events and back."""

import json

import msgspec
import numpy as np
import pytest

from genome.gene_events import result
from genome.simulate import drawn_rows, drawn_variants, person
from nof1.genome import stored
from nof1.genome.diplotypes import caller
from nof1.genome.lowest import LOWEST_FUNCTION_GENES
from nof1.genome.matcher import Pattern
from nof1.genome.results import GeneResult, Outcome, Phenotype
from nof1.genome.stored import MOST_KEPT, SURE, Fact, facts
from nof1.knowledge.alleles import definition, genes


def drawn(gene: str, number: int) -> list[GeneResult]:
    """Called results of simulated people, some of whose positions were not seen."""
    made, rng = definition(gene), np.random.default_rng([7, number])
    found = []
    for hidden in (0.0, 0.1, 0.5):
        draw = drawn_variants if gene in LOWEST_FUNCTION_GENES else drawn_rows
        one = person(made, draw(len(made.alleles), rng), rng, hidden=hidden)
        found.append(caller(gene).call(Pattern(*one.arrays())))
    return found


@pytest.mark.parametrize(("number", "gene"), list(enumerate(genes())))
def test_what_comes_back_is_what_went_in(number: int, gene: str) -> None:
    for before in drawn(gene, number):
        after = stored.decode(gene, stored.encode(before))
        assert after.outcome is before.outcome
        assert after[5:6] + after[7:] == before[5:6] + before[7:]  # missing; variants and words
        kept = before.diplotypes[:MOST_KEPT]
        assert [one[0] for one in after.diplotypes] == [one[0] for one in kept]
        assert [one[2:] for one in after.diplotypes] == [one[2:] for one in kept]
        assert [one.prior for one in after.diplotypes] == pytest.approx(
            [one.prior for one in kept], rel=1e-5
        )
        assert [one[:3] for one in after.phenotypes] == [one[:3] for one in before.phenotypes]
        if before.settling:
            assert after.settling.position == before.settling.position
        else:
            assert after.settling is None
        if before.diplotypes:
            total = sum(one.prior for one in after.diplotypes) + after.unlisted[1]
            assert total == pytest.approx(1, abs=1e-4)
            cut = len(before.diplotypes) - len(kept)
            assert after.unlisted[0] == before.unlisted[0] + cut


def test_no_phenotype_is_ever_cut() -> None:
    """Of many pairs only some are kept; what they mean is kept whole."""
    hidden = np.full((len(definition("CYP2C19").all_positions), 2), -1, np.int8)
    hidden[0] = 0
    found = caller("CYP2C19").call(Pattern(hidden, np.zeros(len(hidden), np.int16)))
    assert len(found.diplotypes) + found.unlisted[0] > MOST_KEPT
    after = stored.decode("CYP2C19", stored.encode(found))
    assert {one.phenotype for one in after.phenotypes} == {o.phenotype for o in found.phenotypes}


def test_the_events_of_a_sure_answer() -> None:
    made = result("CYP2C9", "*1/*3")
    whole, *plain = facts(made)
    assert whole.code == "GENE//CYP2C9"
    assert whole.value is None
    assert plain == [
        Fact("GENE//CYP2C9//Intermediate Metabolizer"),
        Fact("GENE//CYP2C9//activity_score", 1.0),
        Fact("GENE//CYP2C9//*1/*3"),
    ]


@pytest.mark.parametrize("share", [SURE - 0.01, SURE])
def test_only_what_is_nearly_sure_is_a_plain_event(share: float) -> None:
    made = result("CYP2C19", ("*1/*2", share), ("*2/*2", 1 - share))
    plain = {fact.code for fact in facts(made)} - {"GENE//CYP2C19"}
    both = {"GENE//CYP2C19//Intermediate Metabolizer", "GENE//CYP2C19//*1/*2"}
    assert plain == (both if share >= SURE else set())


def test_the_phenotype_may_be_sure_where_the_alleles_are_not() -> None:
    made = result("CYP2C19", ("*2/*2", 0.5), ("*2/*3", 0.5))
    assert [fact.code for fact in facts(made)] == [
        "GENE//CYP2C19",
        "GENE//CYP2C19//Poor Metabolizer",
    ]


def test_no_answer_is_no_event_and_an_open_one_no_feature() -> None:
    none = GeneResult("TPMT", Outcome.NOT_CALLED, reason="Nothing was seen.")
    assert list(facts(none)) == []
    possible = (Phenotype("Poor Metabolizer", "Poor Metabolizer", None, None),)
    unsure = GeneResult("CYP2D6", Outcome.NOT_EXCLUDED, phenotypes=possible, reason="Copies.")
    (only,) = facts(unsure)
    after = stored.decode("CYP2D6", only.text)
    assert (after.outcome, after.reason) == (Outcome.NOT_EXCLUDED, "Copies.")
    assert after.phenotypes == possible


def test_positions_of_another_version_are_not_guessed() -> None:
    before = result("CYP2C19", "*1/*1", missing=definition("CYP2C19").positions[2:5])
    data = json.loads(stored.encode(before))
    assert len(stored.decode("CYP2C19", json.dumps(data)).missing) == 3
    older = stored.decode("CYP2C19", json.dumps({**data, "version": "1999"}))
    assert older.missing == ()
    assert older.settling is None
    assert older.diplotypes == before.diplotypes


def test_a_gene_without_a_definition() -> None:
    positive = Phenotype("*57:01 positive", "*57:01 positive", None, None)
    before = GeneResult("HLA-B", Outcome.CALLED, phenotypes=(positive,), source="HLA typing")
    assert stored.decode("HLA-B", stored.encode(before)) == before


CALLED = f'{{"outcome": "called", "version": "{definition("CYP2C19").version}"'
PHENOTYPE = ', "phenotypes": [["Poor Metabolizer", "Poor Metabolizer", null, 1]]'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"outcome": "sure"}',
        '{"outcome": 1}',
        CALLED + "}",
        CALLED + PHENOTYPE + ', "missing": "zz"}',
        CALLED + PHENOTYPE + ', "settling": [999, 0.1, 0]}',
        CALLED + PHENOTYPE + ', "settling": [-1, 0.1, 0]}',
        CALLED + PHENOTYPE + ', "diplotypes": [["*1/*1"]]}',
    ],
)
def test_what_is_no_result_is_refused(text: str) -> None:
    with pytest.raises((msgspec.DecodeError, msgspec.ValidationError)):
        stored.decode("CYP2C19", text)


def test_a_complete_answer_is_short() -> None:
    assert len(stored.encode(result("CYP2C19", "*1/*2"))) < 260
