import numpy as np
import pytest

from nof1.knowledge import alleles
from nof1.knowledge.phenotypes import phenotypes
from nof1.synthetic.genes import (
    ANCESTRIES,
    CYP2C9_ACTIVITY,
    GENES,
    VARIANTS,
    Genomes,
    genomes,
    polygenic_score,
)


@pytest.fixture(scope="module")
def drawn() -> tuple[Genomes, np.ndarray]:
    ancestry = np.repeat(np.arange(4), 5000)
    return genomes(np.random.default_rng(3), ancestry), ancestry


def test_alleles_come_at_their_frequencies(drawn: tuple[Genomes, np.ndarray]) -> None:
    people, ancestry = drawn
    for gene, named in GENES.items():
        for allele in named[1:]:
            for group, wanted in enumerate(allele.frequencies):
                got = people.copies(gene, allele.name)[ancestry == group].sum() / 10_000
                assert abs(got - wanted) < 4 * np.sqrt(wanted * (1 - wanted) / 10_000) + 1e-12


def test_chromosomes_carry_the_variants_of_their_allele(drawn: tuple[Genomes, np.ndarray]) -> None:
    """The slow way round: name each chromosome from its variants, and find the allele again."""
    people, _ = drawn
    column = {variant.name: i for i, variant in enumerate(VARIANTS)}
    for gene, named in GENES.items():
        mine = sorted({name for allele in named for name in allele.variants})
        by_pattern = {
            tuple(name in allele.variants for name in mine): allele.name for allele in named
        }
        for person in range(0, 20_000, 997):
            for chromosome in (0, 1):
                pattern = tuple(
                    bool(people.haplotypes[person, column[name], chromosome]) for name in mine
                )
                index = people.alleles[gene][person, chromosome]
                assert by_pattern[pattern] == named[index].name


def test_phenotypes_follow_the_diplotypes(drawn: tuple[Genomes, np.ndarray]) -> None:
    people, _ = drawn
    seen = dict(zip(people.diplotypes("CYP2C19"), people.phenotypes("CYP2C19"), strict=True))
    assert seen["*1/*1"] == "Normal Metabolizer"
    assert seen["*1/*2"] == seen["*2/*17"] == "Intermediate Metabolizer"
    assert seen["*2/*2"] == seen["*2/*3"] == "Poor Metabolizer"
    assert seen["*1/*17"] == "Rapid Metabolizer"
    assert seen["*17/*17"] == "Ultrarapid Metabolizer"
    activity = dict(zip(people.diplotypes("CYP2C9"), people.cyp2c9_activity_score(), strict=True))
    assert (activity["*1/*1"], activity["*1/*2"], activity["*3/*3"]) == (2.0, 1.5, 0.0)


def test_the_activity_that_acts_is_that_of_the_tables(
    drawn: tuple[Genomes, np.ndarray],
) -> None:
    """The course of health reads its own numbers; they must not drift from the facts."""
    people, _ = drawn
    assert {name: phenotypes("CYP2C9").activity(name) for name in CYP2C9_ACTIVITY} == (
        CYP2C9_ACTIVITY
    )
    poor = np.array(people.phenotypes("CYP2C19")) == "Poor Metabolizer"
    assert (poor == (people.copies("CYP2C19", "*2", "*3") == 2)).all()
    decreased = np.array(people.phenotypes("SLCO1B1")) != "Normal Function"
    assert (decreased == (people.copies("SLCO1B1", "*5", "*15") > 0)).all()


def test_diplotypes_are_written_by_number(drawn: tuple[Genomes, np.ndarray]) -> None:
    people, _ = drawn
    seen = set(people.diplotypes("SLCO1B1"))
    assert {"*5/*37", "*15/*37", "*1/*37"} <= seen
    assert not seen & {"*37/*5", "*37/*15", "*37/*1"}


def test_the_score_is_the_weighted_sum_of_copies(drawn: tuple[Genomes, np.ndarray]) -> None:
    people, _ = drawn
    table = polygenic_score()
    slow = sum(
        weight * int(people.polygenic[17, i].sum())
        for i, weight in enumerate(table.weights.tolist())
    )
    assert people.score[17] == pytest.approx(slow)
    assert abs(people.polygenic_z().mean()) < 0.1
    assert 0.9 < people.polygenic_z().std() < 1.4  # groups differ, so the whole is a little wider


def test_the_score_table_never_changes() -> None:
    table = polygenic_score()
    assert (len(table.variants), len(ANCESTRIES)) == (100, 4)
    assert len({(v.chromosome, v.position) for v in table.variants}) == 100
    assert all(v.ref != v.alt for v in table.variants)
    assert not {v.position for v in table.variants} & {v.position for v in VARIANTS}


def test_positions_are_those_of_the_definitions() -> None:
    known = {place[:2]: place for gene in GENES for place in alleles.definition(gene).all_positions}
    for variant in VARIANTS:
        place = known[variant[:2]]
        assert (variant.name, variant.ref) == (place.rsid, place.alleles[0])
        assert variant.alt in place.alleles[1:]


@pytest.mark.parametrize("gene", GENES)
def test_alleles_are_those_of_the_definitions(gene: str) -> None:
    """Each has exactly the variants that its row asks for, and no other row of that name."""
    made = alleles.definition(gene)
    alternates = {variant.name: variant.alt for variant in VARIANTS}
    for allele in GENES[gene]:
        (row,) = [row for row in made.alleles if row.name == allele.name]
        asked = {
            place.rsid: [place.alleles[index] for index in cell]
            for place, cell in zip(made.positions, row.cells, strict=True)
            if cell is not None and 0 not in cell  # a cell with the reference asks for nothing
        }
        assert asked == {name: [alternates[name]] for name in allele.variants}


def test_the_reference_holds_the_score_of_every_group(drawn: tuple[Genomes, np.ndarray]) -> None:
    people, ancestry = drawn
    mean, sd = polygenic_score().by_group()
    for group in range(4):
        scores = people.score[ancestry == group]
        assert abs(scores.mean() - mean[group]) < 4 * sd[group] / np.sqrt(5000)
        assert abs(scores.std() / sd[group] - 1) < 0.05
