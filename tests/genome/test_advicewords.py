"""Advice about a medicine in words."""

from datetime import date

import pytest

from genome.gene_events import result, results
from nof1.genome import advicewords
from nof1.genome.prescribing import DrugAdvice, advise
from nof1.genome.results import Phenotype
from nof1.knowledge.base import Source
from nof1.knowledge.prescribing import ACTIONS, rules


def advice(drug: str, source: str, **diplotypes: str) -> DrugAdvice:
    found = [o for o in advise(results(**diplotypes), [drug]) if o.source.startswith(source)]
    return found[0]


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_has_its_words(action: str) -> None:
    one = advice("clopidogrel", "cpic", CYP2C19="*1/*1")
    rule = one.worst.rule._replace(action=action)
    made = one._replace(worst=one.worst._replace(rule=rule), likely=one.worst._replace(rule=rule))
    assert advicewords.heading("x", made) == f"x and genes: {advicewords.ACTION_WORDS[action]}"


def test_an_unlikely_result_does_not_head_the_advice_alone() -> None:
    made = {"CYP2C19": result("CYP2C19", ("*1/*1", 0.97), ("*2/*2", 0.03))}
    (one, *_) = [o for o in advise(made, ["clopidogrel"]) if o.source.startswith("cpic")]
    assert advicewords.heading("x", one) == "x and genes: usual dose; not excluded: avoid"
    assert advicewords.because(one) == (
        "Because CYP2C19 Poor Metabolizer is not excluded (3 of 100)."
    )
    likely = advice("clopidogrel", "cpic", CYP2C19="*2/*2")
    assert advicewords.because(likely) == "Because of CYP2C19 Poor Metabolizer."


def test_a_gene_that_is_not_known_heads_the_advice() -> None:
    one = advice("phenytoin", "cpic", CYP2C9="*1/*1")
    assert advicewords.heading("x", one).startswith("x and genes: HLA-B not known; possible: ")


def test_a_source_without_advice_hides_no_other() -> None:
    """DPWG lists normal results without advice; CPIC says that the usual dose is right."""
    silent = advice("clopidogrel", "dpwg", CYP2C19="*1/*1")
    usual = advice("clopidogrel", "cpic", CYP2C19="*1/*1")
    avoid = advice("clopidogrel", "cpic", CYP2C19="*2/*2")
    assert silent.worst.rule.action == "no_advice"
    assert advicewords.most_cautious([silent, usual]) is usual
    assert advicewords.most_cautious([silent, usual, avoid]) is avoid
    assert advicewords.most_cautious([silent]) is silent


def test_what_is_certain_is_told_plainly() -> None:
    usual = advice("clopidogrel", "cpic", CYP2C19="*1/*1")
    assert advicewords.told(usual, certain=True) == usual.worst.rule.text


def test_an_unknown_gene_is_told_first() -> None:
    one = advice("phenytoin", "cpic", CYP2C9="*1/*1")
    assert advicewords.told(one, certain=False).startswith("HLA-B not known. Still possible: ")


def test_what_no_rule_covers_is_a_note_once() -> None:
    strange = Phenotype("Indeterminate", "Indeterminate", None, 0.25)
    plain = result("TPMT", ("*1/*1", 0.75))
    made = {"TPMT": plain._replace(phenotypes=(*plain.phenotypes, strange))}
    found = advise(made, ["azathioprine"])
    notes = advicewords.uncovered([*found, *found])
    assert "DPWG says nothing about some results that are not excluded (25 of 100)." in notes
    assert len(notes) == len(set(notes))
    assert advicewords.uncovered(advise(results(CYP2C19="*1/*1"), ["clopidogrel"])) == []


def test_what_would_resolve_it() -> None:
    assert advicewords.resolve(["TPMT", "NUDT15"]).startswith("A test of TPMT and NUDT15;")
    assert "nof1 knowledge import" in advicewords.resolve([])


def test_citations_name_papers_or_the_page() -> None:
    day = date(2023, 8, 1)
    source = Source("cpic-2023-08", "CPIC", "1", day, day, "CC0", "cpicpgx.org")
    rule = rules()[0]._replace(pmids=("1", "2"), url="https://example.org/x")
    assert advicewords.cited(rule, source) == "cpic-2023-08 (2023-08-01); PMID 1, PMID 2"
    assert advicewords.cited(rule._replace(pmids=()), source).endswith("https://example.org/x")
