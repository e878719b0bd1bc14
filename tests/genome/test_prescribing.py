"""Rules found for what a person's genes may be: against a slow reading of the same table."""

from collections.abc import Mapping
from itertools import product

import numpy as np
import pytest

from genome.gene_events import result, results
from nof1.genome.prescribing import Possibility, advise, possibilities, severity, unknown_for
from nof1.genome.results import Diplotype, GeneResult, Outcome, Phenotype
from nof1.knowledge import phenotypes as tables
from nof1.knowledge.phenotypes import number
from nof1.knowledge.prescribing import ACTIONS, Rule, by_drug

SEEN = ("CYP2C19", "CYP2C9", "VKORC1", "TPMT", "NUDT15", "SLCO1B1", "CYP2D6", "DPYD", "UGT1A1")


def drawn(rng: np.random.Generator, gene: str) -> GeneResult:
    """A called gene with up to four diplotypes of any listed alleles."""
    names = list(tables.phenotypes(gene).values)
    count = int(rng.integers(1, 5))
    pairs = {"/".join(sorted(rng.choice(names, 2))) for _ in range(count)}
    share = rng.dirichlet(np.ones(len(pairs)))
    return result(gene, *zip(sorted(pairs), share.tolist(), strict=True))


# the slow reading ---------------------------------------------------------------------------------


def exactness(text: str, diplotype: str, lookup: str, phenotype: str) -> int:
    """3: this pair of alleles, or its status; 2: this score; 1: this phenotype; 0: another."""
    alleles = sorted(diplotype.split("/"))
    if "/" in text and sorted(text.split("/")) == alleles:
        return 3
    if text.endswith((" positive", " negative")) and text.startswith("*"):
        return 3 if (text.split()[0] in alleles) == text.endswith("positive") else 0
    if text == lookup:
        return 2 if number(lookup) is not None else 1
    return int(text == phenotype)


def holding(rules: list[Rule], person: Mapping[str, Diplotype]) -> list[Rule]:
    """For each set of genes the rules that name this person most exactly."""
    chosen = []
    for genes in {rule.genes for rule in rules}:
        scored = []
        for rule in rules:
            if rule.genes != genes:
                continue
            levels = [
                max(exactness(text, one.name, one.lookup, one.phenotype) for text in texts)
                for gene, texts in rule.when
                for one in [person.get(gene)]
                if one is not None
            ]
            scored.append((sum(levels) if levels and all(levels) else 0, rule))
        best = max(score for score, _ in scored)
        chosen += [rule for score, rule in scored if score == best > 0]
    return chosen


def slow_worst(found: Mapping[str, GeneResult], drug: str) -> dict[tuple[str, str], int]:
    """(source, population) -> place in ACTIONS of the most cautious rule that is not excluded."""
    worst: dict[tuple[str, str], int] = {}
    for group in {(rule.source, rule.population) for rule in by_drug()[drug]}:
        rules = [rule for rule in by_drug()[drug] if (rule.source, rule.population) == group]
        genes = sorted({gene for rule in rules for gene in rule.genes} & set(found))
        for pairs in product(*(found[gene].diplotypes for gene in genes)):
            for rule in holding(rules, dict(zip(genes, pairs, strict=True))):
                place = ACTIONS.index(rule.action)
                worst[group] = min(worst.get(group, place), place)
    return worst


@pytest.mark.parametrize("seed", range(6))
def test_the_most_cautious_rule_that_is_not_excluded(seed: int) -> None:
    rng = np.random.default_rng(seed)
    found = {gene: drawn(rng, gene) for gene in SEEN if rng.random() < 0.8}
    for drug, rules in by_drug().items():
        if not {gene for rule in rules for gene in rule.genes} & set(found):
            continue
        fast = {(o.source, o.population): severity(o.worst.rule) for o in advise(found, [drug])}
        assert fast == slow_worst(found, drug), drug


# cases --------------------------------------------------------------------------------------------


def by_source(found: Mapping[str, GeneResult], drug: str) -> dict[str, list[str]]:
    made: dict[str, list[str]] = {}
    for one in advise(found, [drug]):
        made.setdefault(one.source, []).append(one.worst.rule.action)
    return made


def test_clopidogrel_without_cyp2c19() -> None:
    found = by_source(results(CYP2C19="*2/*2"), "clopidogrel")
    assert set(found["cpic-2023-08"]) == {"avoid"}
    assert "avoid" in found["dpwg-2023-08"]


def test_the_likeliest_and_the_worst_stand_side_by_side() -> None:
    found = {"CYP2C19": result("CYP2C19", ("*1/*1", 0.9), ("*1/*2", 0.07), ("*2/*2", 0.03))}
    for one in advise(found, ["clopidogrel"]):
        assert one.likely is not None
        assert not one.certain
        if one.uncovered == 0:
            assert one.likely.prior == pytest.approx(0.9)
            assert severity(one.worst.rule) < severity(one.likely.rule)
        else:  # rules for some results only: the likeliest of these need not be that of all
            assert one.uncovered + one.likely.prior <= 1 + 1e-9


def test_one_result_is_certain() -> None:
    for one in advise(results(CYP2C19="*1/*1"), ["clopidogrel"]):
        assert one.certain
        assert one.unknown == ()
        assert one.worst == one.likely


def test_the_gene_that_is_not_known_keeps_its_rules_open() -> None:
    """Phenytoin asks for CYP2C9 and HLA-B: with HLA-B unknown, its positive result stays open."""
    found = {one.population: one for one in advise(results(CYP2C9="*1/*1"), ["phenytoin"])}
    new = found["new users"]
    assert new.worst.rule.action == "avoid"
    assert new.unknown == ("HLA-B",)
    assert new.likely is None
    assert not new.certain


def test_an_exact_rule_about_one_gene_hides_none_of_another() -> None:
    """DPWG names pairs of CYP2C9 and phenotypes of VKORC1 for warfarin: both are questions."""
    sensitive = "rs9923231 variant (T)/rs9923231 variant (T)"
    found = by_source(results(CYP2C9="*1/*1", VKORC1=sensitive), "warfarin")
    assert found["dpwg-2023-08"] == ["reduce"]
    plain = "rs9923231 reference (C)/rs9923231 reference (C)"
    found = by_source(results(CYP2C9="*1/*1", VKORC1=plain), "warfarin")
    assert found["dpwg-2023-08"] == ["no_advice"]


def test_a_pair_is_more_exact_than_its_phenotype() -> None:
    """DPWG counts CYP2C19 *1/*10 as intermediate by name, whatever the table calls it."""
    found = {one.population: one for one in advise(results(CYP2C19="*10/*1"), ["omeprazole"])}
    rule = found["general"].worst.rule
    assert "*1/*10" in dict(rule.when)["CYP2C19"] or rule.source.startswith("cpic")


def test_results_that_no_rule_covers_are_counted() -> None:
    strange = Phenotype("Indeterminate", "Indeterminate", None, 0.25)
    plain = result("TPMT", ("*1/*1", 0.75))
    found = {"TPMT": plain._replace(phenotypes=(*plain.phenotypes, strange))}
    shares = {one.source: one.uncovered for one in advise(found, ["azathioprine"])}
    assert shares["dpwg-2023-08"] == pytest.approx(0.25)
    assert not any(one.certain for one in advise(found, ["azathioprine"]) if one.uncovered)


def test_medicines_without_a_known_gene() -> None:
    found = {"CYP2D6": GeneResult("CYP2D6", Outcome.NOT_EXCLUDED)}
    assert advise(found, ["codeine"]) == []
    assert unknown_for(found, ["codeine", "clopidogrel", "no such thing"]) == {
        "codeine": ("CYP2D6",),
        "clopidogrel": ("CYP2C19",),
    }
    assert unknown_for(results(CYP2C19="*1/*1"), ["clopidogrel"]) == {}


def test_unknown_medicines_are_no_error() -> None:
    assert advise(results(CYP2C19="*1/*1"), ["no such thing"]) == []


def test_all_medicines_most_cautious_first() -> None:
    found = advise(results(CYP2C19="*2/*2", TPMT="*3A/*3A"))
    places = [severity(one.worst.rule) for one in found]
    assert places == sorted(places)
    assert {"clopidogrel", "azathioprine", "omeprazole"} <= {one.drug for one in found}


def test_a_phenotype_of_no_listed_pair_is_not_lost() -> None:
    plain = result("CYP2C9", ("*1/*1", 0.9))
    poor = Phenotype("Poor Metabolizer", "0.0", 0.0, 0.1)
    found = possibilities(plain._replace(phenotypes=(*plain.phenotypes, poor)), pairs=True)
    assert found == [
        Possibility("CYP2C9", "*1/*1", "2.0", "Normal Metabolizer", 0.9),
        Possibility("CYP2C9", "", "0.0", "Poor Metabolizer", 0.1),
    ]


def test_words_of_a_possibility() -> None:
    scored, plain = (possibilities(result(gene, pair))[0] for gene, pair in (
        ("CYP2C9", "*1/*3"), ("CYP2C19", "*2/*2"),
    ))  # fmt: skip
    assert scored.text == "Intermediate Metabolizer (activity score 1.0)"
    assert plain.text == "Poor Metabolizer"
