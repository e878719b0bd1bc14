import json

import numpy as np
import pytest

from nof1.synthetic import genes
from nof1.synthetic.genes import ANCESTRIES, GENES, VARIANTS, Genomes, genomes, polygenic_score
from shared_data import needs


@pytest.fixture(scope="module")
def drawn() -> tuple[Genomes, np.ndarray]:
    ancestry = np.repeat(np.arange(4), 5000)
    return genomes(np.random.default_rng(3), ancestry), ancestry


def test_alleles_come_at_their_frequencies(drawn: tuple[Genomes, np.ndarray]) -> None:
    people, ancestry = drawn
    for gene, alleles in GENES.items():
        for allele in alleles[1:]:
            for group, wanted in enumerate(allele.frequencies):
                got = people.copies(gene, allele.name)[ancestry == group].sum() / 10_000
                assert abs(got - wanted) < 4 * np.sqrt(wanted * (1 - wanted) / 10_000) + 1e-12


def test_chromosomes_carry_the_variants_of_their_allele(drawn: tuple[Genomes, np.ndarray]) -> None:
    """The slow way round: name each chromosome from its variants, and find the allele again."""
    people, _ = drawn
    column = {variant.name: i for i, variant in enumerate(VARIANTS)}
    for gene, alleles in GENES.items():
        mine = sorted({name for allele in alleles for name in allele.variants})
        by_pattern = {
            tuple(name in allele.variants for name in mine): allele.name for allele in alleles
        }
        for person in range(0, 20_000, 997):
            for chromosome in (0, 1):
                pattern = tuple(
                    bool(people.haplotypes[person, column[name], chromosome]) for name in mine
                )
                index = people.alleles[gene][person, chromosome]
                assert by_pattern[pattern] == alleles[index].name


def test_phenotypes_follow_the_diplotypes(drawn: tuple[Genomes, np.ndarray]) -> None:
    people, _ = drawn
    seen = dict(zip(people.diplotypes("CYP2C19"), people.cyp2c19_phenotypes(), strict=True))
    assert seen["*1/*1"] == "Normal Metabolizer"
    assert seen["*1/*2"] == seen["*2/*17"] == "Intermediate Metabolizer"
    assert seen["*2/*2"] == seen["*2/*3"] == "Poor Metabolizer"
    assert seen["*1/*17"] == "Rapid Metabolizer"
    assert seen["*17/*17"] == "Ultrarapid Metabolizer"
    activity = dict(zip(people.diplotypes("CYP2C9"), people.cyp2c9_activity_score(), strict=True))
    assert (activity["*1/*1"], activity["*1/*2"], activity["*3/*3"]) == (2.0, 1.5, 0.0)


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


def test_positions_and_alleles_are_those_of_the_definition_tables() -> None:
    folder = needs("genome/pharmcat/alleles")
    known, star = {}, {}
    for gene in GENES:
        table = json.loads((folder / f"{gene}_translation.json").read_text())
        for variant in table["variants"]:
            known[variant.get("rsid")] = (table["chromosome"], variant["position"], variant["ref"])
        for allele in table["namedAlleles"]:
            pairs = zip(table["variants"], allele["alleles"], strict=True)
            star[gene, allele["name"]] = {v.get("rsid"): base for v, base in pairs if base}
    for variant in VARIANTS:
        assert known[variant.name] == (variant.chromosome, variant.position, variant.ref)
    alternates = {variant.name: variant.alt for variant in genes.VARIANTS}
    for gene, alleles in GENES.items():
        for allele in alleles[1:]:
            defined = star.get((gene, allele.name))
            if gene in ("VKORC1",):  # the table names the variant, not the base
                continue
            assert defined is not None, (gene, allele.name)
            # Bases such as R (A or G) say that both belong to the allele.
            firm = {name: base for name, base in defined.items() if base in "ACGT"}
            assert firm == {name: alternates[name] for name in allele.variants}, (gene, allele.name)
