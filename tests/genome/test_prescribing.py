"""Rules found for what a person's genes may be: against a slow reading of the same table."""

from collections.abc import Mapping
from itertools import product

import numpy as np
import pytest

from genome.gene_events import result, results
from nof1.genome.outside_calls import OutsideCall
from nof1.genome.outside_results import result as outside_result
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
        if not genes:  # a source that asks about other genes only: all its rules stay open
            worst[group] = min(ACTIONS.index(rule.action) for rule in rules)
            continue
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


def test_a_milder_result_that_is_possible_is_no_certainty_either() -> None:
    found = {"CYP2C19": result("CYP2C19", ("*2/*2", 0.9), ("*1/*1", 0.1))}
    cpic = [one for one in advise(found, ["clopidogrel"]) if one.source == "cpic-2023-08"]
    assert cpic
    for one in cpic:
        assert one.worst == one.likely
        assert not one.certain


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


def test_a_source_none_of_whose_genes_is_known_keeps_its_rules_open() -> None:
    """DPWG asks for ABCG2 and allopurinol, CPIC for HLA-B*58:01: a deadly skin reaction."""
    normal = "rs2231142 reference (G)/rs2231142 reference (G)"
    found = {one.source: one for one in advise(results(ABCG2=normal), ["allopurinol"])}
    cpic = found["cpic-2023-08"]
    assert cpic.worst.rule.action == "avoid"
    assert (cpic.worst.because, cpic.worst.prior, cpic.likely) == ((), None, None)
    assert cpic.unknown == ("HLA-B",)
    assert not cpic.certain
    assert found["dpwg-2023-08"].certain


def test_of_two_lower_doses_the_lowest_is_advised() -> None:
    """TPMT *1/*3A or *3B/*3C, as unphased data leave it open: 30 to 80 % of the dose, or 10 %."""
    tpmt = result("TPMT", ("*1/*3A", 0.9996), ("*3B/*3C", 0.0004))
    found = {"TPMT": tpmt, **results(NUDT15="*1/*1")}
    (cpic,) = [one for one in advise(found, ["mercaptopurine"]) if one.source == "cpic-2023-08"]
    assert cpic.worst.rule.action == "reduce"
    assert cpic.worst.rule.dose_high_pct == -90
    assert cpic.worst.prior == pytest.approx(0.0004)
    assert cpic.likely is not None
    assert cpic.likely.rule.dose_high_pct == -70
    assert not cpic.certain


def test_of_two_highest_doses_the_lowest_is_advised() -> None:
    found = {"SLCO1B1": result("SLCO1B1", ("*1/*5", 0.9), ("*5/*5", 0.1))}
    (cpic,) = [one for one in advise(found, ["atorvastatin"]) if one.source == "cpic-2023-08"]
    assert cpic.worst.rule.dose_limit == "at most 20 mg/day at the start"
    assert not cpic.certain


def test_no_possible_result_is_dropped_because_there_are_many() -> None:
    """Three genes with 18 results each; only the unlikeliest of all has a rule that matters."""
    score = Phenotype("Poor Metabolizer", "0.0", 0.0, 0.01)
    many = [Phenotype("Indeterminate", f"strange {n}", None, 0.99 / 17) for n in range(17)]
    found = {
        gene: GeneResult(gene, Outcome.CALLED, phenotypes=(*many, score))
        for gene in ("CYP2C9", "VKORC1", "CYP4F2")
    }
    poor = [
        one.worst.because
        for one in advise(found, ["warfarin"])
        if one.source == "cpic-warfarin-2017"
    ]
    assert poor
    assert all(("CYP2C9", "0.0") in {(p.gene, p.lookup) for p in because} for because in poor)


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


def test_a_test_for_one_hla_allele_answers_no_question_about_another() -> None:
    """A laboratory looked for HLA-B*57:01 only: *58:01 is not known, and not called found."""
    call = OutsideCall("p", "HLA-B", status="*57:01 negative", program="lab", file="f")
    found = {"HLA-B": outside_result(call)}
    [abacavir] = advise(found, ["abacavir"])
    assert (abacavir.worst.rule.action, abacavir.certain) == ("standard", True)
    [gout] = [one for one in advise(found, ["allopurinol"]) if one.source == "cpic-2023-08"]
    assert gout.worst.rule.action == "avoid"
    assert gout.unknown == ("HLA-B",)
    assert (gout.likely, gout.certain, gout.worst.because) == (None, False, ())


def test_what_another_gene_asks_is_not_the_likeliest_answer_to_this_question() -> None:
    """DPWG judges imipramine by CYP2D6 (30 % of the dose) and by CYP2C19 (70 %): both are sure."""
    found = results(CYP2D6="*4/*4", CYP2C19="*2/*2")
    [one] = [each for each in advise(found, ["imipramine"]) if each.source == "dpwg-2023-08"]
    assert one.worst.rule.dose_low_pct == -70
    assert one.likely == one.worst
    assert one.certain


def test_results_of_unknown_prior_are_never_more_than_all() -> None:
    """A report says "ultrarapid" without a score: ten scores fit, DPWG calls only 2.5 normal."""
    call = OutsideCall("p", "CYP2D6", phenotype="Ultrarapid Metabolizer", program="lab", file="f")
    for one in advise({"CYP2D6": outside_result(call)}, ["codeine"]):
        assert 0 <= one.uncovered <= 1
