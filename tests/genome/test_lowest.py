"""DPYD and RYR1: the weakest variant on each chromosome, against every way to share them."""

import functools
import itertools

import numpy as np
import pytest

from genome.oracle import carried, changes, ways, weakest
from genome.simulate import PHASES, drawn_variants, person, typed
from nof1.genome import lowest
from nof1.genome.diplotypes import caller
from nof1.genome.matcher import Matcher, Pattern
from nof1.knowledge.alleles import definition
from nof1.knowledge.phenotypes import phenotypes

GENES = ("DPYD", "RYR1")
WORDS = {"Malignant Hyperthermia associated": 0.0, "Normal function": 1.0}


MATCHERS = {gene: Matcher.of(definition(gene)) for gene in GENES}


@functools.cache
def values(gene):
    return [phenotypes(gene).value(name) for name in definition(gene).names]


def strength(gene):
    """How much function each row leaves; what is not known counts half."""
    if gene == "DPYD":
        return [float(value) for value in values(gene)]
    return [WORDS.get(value, 0.5) for value in values(gene)]


def results(gene, one, two):
    """What any row of one chromosome makes with any of the other."""
    kinds = [sorted({values(gene)[row] for row in rows}) for rows in (one, two)]
    return {phenotypes(gene).result(*pair)[:2] for pair in itertools.product(*kinds)}


def said_by(gene, someone):
    """Phenotypes that the fast code thinks possible."""
    frequency = np.full(len(strength(gene)), 1e-4)
    pattern = Pattern(*someone.arrays())
    found = lowest.weakest(MATCHERS[gene], pattern, np.array(strength(gene)), frequency)
    return set().union(*(results(gene, way.first, way.second) for way in found))


def possible(gene, someone):
    """The phenotypes that each way to share the variants can mean; of equally weak rows all."""
    shared = weakest(definition(gene), someone.bases, someone.phase, strength(gene))
    seen_only = [results(gene, *way.seen) for way in shared]
    wide = [
        results(gene, way.seen[0] | way.unseen[0], way.seen[1] | way.unseen[1]) for way in shared
    ]
    return seen_only, set().union(*wide)


def people(gene, count, seed):
    made, rng = definition(gene), np.random.default_rng(seed)
    weak = [r for r, s in enumerate(strength(gene)) if s < 1 and r]
    for number in range(count):
        rows = drawn_variants(len(made.alleles), rng, 1.0)
        if number % 2:  # all of less than full function, which are rare among the drawn
            rows = tuple(
                [int(r) for r in rng.choice(weak, len(side), replace=False)] for side in rows
            )
        yield person(
            made,
            rows,
            rng,
            phasing=PHASES[number % 3],
            hidden=float(rng.choice([0, 0.1, 0.5])),
            half=float(rng.choice([0, 2])) / len(made.positions),
            other=float(rng.choice([0, 2])) / len(made.positions),
        )


@pytest.mark.parametrize(("gene", "count"), [("DPYD", 400), ("RYR1", 100)])
def test_every_way_to_share_the_variants_and_one_unseen_on_each_chromosome(gene, count):
    checked = 0
    for someone in people(gene, count, 5):
        if len(ways(definition(gene), someone.bases, someone.phase)) > 2**7:
            continue
        checked += 1
        said = said_by(gene, someone)
        seen_only, wide = possible(gene, someone)
        assert said <= wide
        assert all(said & way for way in seen_only)
        if gene == "DPYD":  # equally weak rows have the same activity value, so nothing is open
            assert said == wide
    assert checked > count / 2


@pytest.mark.parametrize("gene", GENES)
def test_all_variants_are_those_that_a_chromosome_carries_in_full(gene):
    made, of = definition(gene), changes(definition(gene))
    for someone in people(gene, 20, 6):
        found = lowest.all_variants(MATCHERS[gene], Pattern(*someone.arrays()))
        sides = [[pair[side] for pair in someone.bases] for side in (0, 1)]
        there = {
            row
            for row in range(1, len(made.alleles))
            for side in sides
            if carried(of[row], side, unseen=False)
        }
        inside = {made.names.index("c.1129-5923C>G")} if gene == "DPYD" else set()
        assert set(found) | inside >= there
        assert set(found) <= there


def dpyd(**calls):
    found = caller("DPYD").call(Pattern(*typed(definition("DPYD"), **calls).arrays()))
    return {(one.phenotype, one.score) for one in found.phenotypes}, set(found.variants)


NORMAL = ("Normal Metabolizer", 2.0)
MIDDLE = ("Intermediate Metabolizer", 1.0)
NEARLY = ("Intermediate Metabolizer", 1.5)
POOR = ("Poor Metabolizer", 0.0)
POOR_HALF = ("Poor Metabolizer", 0.5)


def test_pharmcat_234_two_normal_variants_are_normal():
    # PharmCAT 3.2.0 said Indeterminate for [c.85T>C (*9A) + c.496A>G] (issue #234).
    both = {"c.85T>C (*9A)", "c.496A>G"}
    for call in ({"p97883329": "G/G", "p97699535": "C/C"},
                 {"p97883329": "A|G", "p97699535": "T|C"},
                 {"p97883329": "A/G", "p97699535": "T/C"}):  # fmt: skip
        assert dpyd(**call) == ({NORMAL}, both)


def test_pharmcat_120_a_homozygous_and_a_heterozygous_variant():
    # Issue #120: no diplotype may be made up; both are of normal function.
    assert dpyd(p97515839="C/C", p97883329="A/G") == (
        {NORMAL},
        {"c.1627A>G (*5)", "c.85T>C (*9A)"},
    )


def test_one_variant():
    assert dpyd(p97450058="C/T") == ({MIDDLE}, {"c.1905+1G>A (*2A)"})
    assert dpyd(p97450058="T/T")[0] == {POOR}
    assert dpyd(p97082391="T/A")[0] == {NEARLY}
    assert dpyd(p97082391="A/A")[0] == {MIDDLE}


def test_two_variants_of_unknown_order_may_be_on_one_or_on_two_chromosomes():
    # CPIC (PMID 29152729) presumes two chromosomes, which is the worse case; both are said.
    assert dpyd(p97450058="C/T", p97082391="T/A")[0] == {POOR_HALF, MIDDLE}
    assert dpyd(p97450058="C|T", p97082391="T|A")[0] == {MIDDLE}
    assert dpyd(p97450058="C|T", p97082391="A|T")[0] == {POOR_HALF}
    assert dpyd(p97450058="C|T:1", p97082391="T|A:2")[0] == {POOR_HALF, MIDDLE}


def test_the_weaker_of_two_variants_on_one_chromosome_decides():
    # c.498G>A + c.2582A>G / c.2846A>T + c.2933A>G of Gene-Definition-Exceptions, "Phased data"
    phased = {"p97699533": "T|C", "p97193109": "C|T", "p97082391": "T|A", "p97079121": "T|C"}
    names = {"c.498G>A", "c.2582A>G", "c.2846A>T", "c.2933A>G"}
    found, variants = dpyd(**phased)
    table = phenotypes("DPYD")
    weak = [
        min((table.value("c.498G>A"), table.value("c.2582A>G")), key=float),
        min((table.value("c.2846A>T"), table.value("c.2933A>G")), key=float),
    ]
    expected = table.result(*weak)
    assert variants == names
    assert found == {(expected.phenotype, expected.score)}


def test_the_intron_decides_about_hapb3():
    # c.1129-5923C>G is the cause, c.1236G>A only travels with it (PharmCAT's rules for HapB3).
    assert dpyd(p97579893="G/C", p97573863="C/T")[0] == {NEARLY}
    assert dpyd(p97579893="G/C")[0] == {NEARLY}
    assert dpyd(p97573863="C/T") == ({NORMAL}, set())
    assert dpyd(p97579893="C/C", p97573863="C/T")[0] == {MIDDLE}


def test_the_tag_of_hapb3_alone_leaves_it_open():
    found, _ = dpyd(p97579893="./.", p97573863="C/T")
    assert {NORMAL, NEARLY} <= found
    # and without the tag, the cause may still be there
    found, _ = dpyd(p97579893="./.", p97573863="C/C")
    assert {NORMAL, NEARLY} <= found


def test_an_unknown_base_is_read_as_the_reference():
    assert dpyd(p97450058="C/?") == ({NORMAL}, set())
    assert dpyd(p97450058="T/?") == ({MIDDLE}, {"c.1905+1G>A (*2A)"})


def test_an_unseen_position_widens_the_answer_on_each_chromosome():
    assert dpyd(p97450058="./.")[0] == {NORMAL, MIDDLE, POOR}
    assert dpyd(p97450058="C/.")[0] == {NORMAL, MIDDLE}
    assert dpyd(p97450058="T/.")[0] == {MIDDLE, POOR}


def test_one_variant_on_each_unseen_chromosome_beside_a_seen_one():
    assert dpyd(p97082391="T/A", p97450058="./.")[0] == {
        NEARLY,
        MIDDLE,
        POOR_HALF,
        POOR,
    }


@pytest.mark.parametrize("side", [0, 1])
def test_many_variants_of_unknown_order(side):
    """The written order of the copies must not matter, however many variants there are."""
    made, table = definition("DPYD"), phenotypes("DPYD")
    weak = [row for row, name in enumerate(made.names) if table.value(name) == "0.0"][:10]
    calls = {}
    for number, row in enumerate(weak):
        (at,) = (i for i, cell in enumerate(made.alleles[row].cells) if cell is not None)
        ref, alt = made.positions[at].alleles[:2]
        pair = (ref, alt) if side == 0 or number % 2 else (alt, ref)
        calls[f"p{made.positions[at].position}"] = "/".join(pair)
    assert dpyd(**calls)[0] == {MIDDLE, POOR}


def test_ryr1_one_associated_variant_is_enough():
    made = definition("RYR1")
    table = phenotypes("RYR1")
    for row, name in enumerate(made.names):
        if row == 0 or table.value(name) != "Malignant Hyperthermia associated":
            continue
        (at,) = (i for i, cell in enumerate(made.alleles[row].cells) if cell is not None)
        (code,) = made.alleles[row].cells[at]
        position = made.positions[at]
        call = {f"p{position.position}": f"{position.alleles[0]}/{position.alleles[code]}"}
        found = caller("RYR1").call(Pattern(*typed(made, **call).arrays()))
        assert {one.phenotype for one in found.phenotypes} == {
            "Malignant Hyperthermia Susceptibility"
        }
        assert found.variants == (name,)
