"""Calling all genes, one person and a cohort: ./dev bench genome [SAMPLES] [SHARE MISSING].

People are drawn from the allele frequencies. First each person is called alone, with nothing kept
between people: CPU milliseconds of matching and phenotype for all genes. Then the command itself
runs over a bgzipped VCF of many people (all positions, phased) and writes its table.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.genotypes import head, made
from bench.measured import measured
from nof1.genome.diplotypes import caller
from nof1.genome.matcher import Pattern
from nof1.knowledge.alleles import GeneDefinition, definition, genes
from nof1.knowledge.frequencies import frequencies

SAMPLES = 10_000
ALONE = 200
BUDGET_MS, BUDGET_S, BUDGET_MB = 4, 600, 1024


def drawn(gene: GeneDefinition, count: int, random: np.random.Generator) -> np.ndarray:
    """Bases of many people at the gene's positions; int8 (people, positions, 2)."""
    chance = frequencies(gene.gene, gene.names)
    rows = random.choice(len(chance), (count, 2), p=chance)
    reference = gene.alleles[0]
    table = np.array(
        [
            [min(cell if cell is not None else reference.cells[i] or (0,)) for i, cell in cells]
            for cells in (list(enumerate(allele.cells)) for allele in gene.alleles)
        ],
        np.int8,
    )
    return np.moveaxis(table[rows], 1, 2)


def alone(missing: float) -> float:
    """CPU milliseconds a person for all genes, each person called by itself."""
    random = np.random.default_rng(2)
    people: list[list[tuple[str, Pattern]]] = [[] for _ in range(ALONE)]
    for name in genes():
        bases = drawn(definition(name), ALONE, random)
        bases[random.random(bases.shape[:2]) < missing] = -1
        extra = np.zeros((ALONE, len(definition(name).extra), 2), np.int8)
        bases = np.concatenate([bases, extra], axis=1)
        phase = np.zeros(bases.shape[1], np.int16)
        for number, person in enumerate(people):
            person.append((name, Pattern(bases[number], phase)))
    for name, pattern in people[0]:
        caller(name).call(pattern)
    start = time.process_time()
    for person in people:
        for name, pattern in person:
            caller(name).call(pattern)
    return 1000 * (time.process_time() - start) / ALONE


def cohort(count: int, missing: float) -> Iterator[bytes]:
    """A phased VCF of all positions."""
    random = np.random.default_rng(3)
    yield head([f"s{number}" for number in range(count)])
    for gene in sorted((definition(name) for name in genes()), key=_place):
        bases = drawn(gene, count, random)
        none = np.zeros((count, len(gene.extra), 2), np.int8)
        bases = np.concatenate([bases, none], axis=1)
        order = sorted(range(len(gene.all_positions)), key=lambda i: gene.all_positions[i].position)
        for column in order:
            place = gene.all_positions[column]
            ref, *alts = place.alleles
            fixed = [gene.chromosome, str(place.position), ".", ref, ",".join(alts), ".", "PASS"]
            cells = np.tile(np.frombuffer(b"0|0\t", np.uint8), (count, 1))
            cells[:, [0, 2]] += bases[:, column].astype(np.uint8)
            unseen = random.random(count) < missing
            cells[np.ix_(unseen, [0, 2])] = ord(".")
            yield "\t".join([*fixed, ".", "GT", ""]).encode() + cells.tobytes()[:-1] + b"\n"


def _place(gene: GeneDefinition) -> tuple[int, int]:
    number = gene.chromosome.removeprefix("chr").replace("X", "23")
    return int(number), gene.positions[0].position


def main(arguments: list[str]) -> None:
    """Print both measurements."""
    count = int(arguments[0]) if arguments else SAMPLES
    missing = float(arguments[1]) if len(arguments) > 1 else 0.0
    print(f"one person, {len(genes())} genes, matching and phenotype (budget {BUDGET_MS} CPU-ms)")
    for share in (0.0, 0.01, 0.1, 0.5):
        print(f"  {share:>4.0%} of positions unseen: {alone(share):6.2f} CPU-ms")
    path = made(f"cohort-{count}-{missing:g}.vcf.gz", cohort(count, missing))
    table = path.with_name("calls.parquet")
    own = [sys.executable, "-m", "nof1", "genome", "call", path, "--table", Path(table), "--json"]
    cost = measured(own, accepted=(0, 1))  # 1: somebody has a gene without any position
    print(
        f"{count:,} people, {missing:.0%} unseen, file to table (budget {BUDGET_S} s for 100,000)"
    )
    print(f"  {cost.cpu_s:.1f} CPU-s, {cost.wall_s:.1f} s, {cost.peak_mb:.0f} MB")
    print(f"  {1000 * cost.cpu_s / count:.2f} CPU-ms a person, {table.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
