"""People with known alleles: what a laboratory would see of two drawn rows of a definition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from genome.oracle import ABSENT, MISSING, OTHER
from nof1.knowledge.alleles import GeneDefinition

PHASES = ("phased", "unphased", "mixed")
Rng = np.random.Generator


class Person(NamedTuple):
    """What was seen, and what is true.

    Attributes
    ----------
    bases, phase : as in the oracle, over ``definition.all_positions``.
    rows : the rows of the definition on the two chromosomes (of single-variant genes: all of
        them on each).
    true : all bases of the two chromosomes, also those that were not seen; the second is empty
        where there is one copy.
    """

    bases: list[tuple[int, int]]
    phase: list[int]
    rows: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
    true: tuple[list[int], list[int]] = ([], [])

    def arrays(self) -> tuple[NDArray[np.int8], NDArray[np.int16]]:
        """Bases and phase as the fast code takes them."""
        return np.array(self.bases, np.int8).reshape(-1, 2), np.array(self.phase, np.int16)


def chromosome(definition: GeneDefinition, rows: Sequence[int], rng: Rng) -> list[int]:
    """The bases of one chromosome; where a row allows several, one is drawn.

    The reference row of every gene allows the reference sequence (a test in ``test_alleles``).
    """
    bases = [0] * len(definition.positions)
    for row in rows:
        for position, written in enumerate(definition.alleles[row].cells):
            if written is not None:
                cell = sorted(written)
                bases[position] = cell[0] if len(cell) == 1 else int(rng.choice(cell))
    return bases


def person(
    definition: GeneDefinition,
    rows: tuple[Sequence[int], Sequence[int]],
    rng: Rng,
    *,
    phasing: str = "phased",
    hidden: float = 0.0,
    half: float = 0.0,
    other: float = 0.0,
    haploid: bool = False,
) -> Person:
    """One person with these rows on the two chromosomes.

    Parameters
    ----------
    hidden, half, other : shares of positions that are not seen, of which one copy is not seen,
        and at which one copy has a base that the definition does not know.
    """
    one, two = (chromosome(definition, side, rng) for side in rows)
    extra = len(definition.extra)
    one, two = one + [0] * extra, two + [0] * extra
    phase = _phases(len(one), phasing, rng)
    turned = {number: rng.random() < 0.5 for number in set(phase)}
    bases = []
    for a, b, number in zip(one, two, phase, strict=True):
        turn = rng.random() < 0.5 if number == 0 else turned[number]
        bases.append((b, a) if turn else (a, b))
    if haploid:
        bases = [(a, ABSENT) for a in one]
    # the phase of a homozygous position says nothing, and files write it either way
    phase = [
        int(rng.integers(0, 3)) if a == b and rng.random() < 0.3 else number
        for (a, b), number in zip(bases, phase, strict=True)
    ]
    chance = rng.random((3, len(bases)))
    for position in range(len(bases)):
        side = int(rng.integers(2))
        if chance[0, position] < other:
            bases[position] = _with(bases[position], 0 if haploid else side, OTHER)
        if chance[1, position] < half and not haploid:
            bases[position] = _with(bases[position], side, MISSING)
        if chance[2, position] < hidden:
            bases[position] = (MISSING, ABSENT if haploid and side else MISSING)
    if haploid:
        return Person(bases, phase, (tuple(rows[0]), ()), (one, []))
    return Person(bases, phase, (tuple(rows[0]), tuple(rows[1])), (one, two))


def _with(pair: tuple[int, int], side: int, code: int) -> tuple[int, int]:
    return (code, pair[1]) if side == 0 else (pair[0], code)


def _phases(positions: int, phasing: str, rng: Rng) -> list[int]:
    if phasing == "phased":
        return [1] * positions
    if phasing == "unphased":
        return [0] * positions
    return [int(number) for number in rng.integers(0, 4, positions)]


def drawn_rows(
    count: int, rng: Rng, frequency: Sequence[float] | None = None
) -> tuple[list[int], list[int]]:
    """One row for each chromosome: by frequency where given, else any row alike."""
    if frequency is None:
        one, two = rng.integers(0, count, 2)
    else:
        share = np.asarray(frequency, float)
        one, two = rng.choice(count, 2, p=share / share.sum())
    return [int(one)], [int(two)]


def drawn_variants(count: int, rng: Rng, mean: float = 1.0) -> tuple[list[int], list[int]]:
    """Several rows for each chromosome, for genes whose alleles are single variants."""
    one, two = (
        rng.choice(np.arange(1, count), min(n, 4, count - 1), replace=False)
        for n in rng.poisson(mean, 2)
    )
    return [int(r) for r in one], [int(r) for r in two]


def typed(definition: GeneDefinition, **calls: str) -> Person:
    """A person from calls as in a VCF: ``typed(gene, p94781859="G/A", p94842866="G|G:2")``.

    Positions that are not named are homozygous for the reference. ``A/G`` is of unknown order,
    ``A|G`` of phase set 1, ``A|G:2`` of phase set 2, ``A`` one copy, ``.`` not seen, ``?`` a base
    that the definition does not know.
    """
    places = {f"p{p.position}": i for i, p in enumerate(definition.all_positions)}
    assert set(calls) <= set(places), "a typing error in the test"
    bases, phase = [(0, 0)] * len(places), [0] * len(places)
    for place, call in calls.items():
        at = places[place]
        text, _, number = call.partition(":")
        parts = text.replace("|", "/").split("/")
        codes = [_code(part, definition.all_positions[at].alleles) for part in parts]
        bases[at] = (codes[0], codes[1] if len(codes) == 2 else ABSENT)
        phase[at] = int(number or 1) if "|" in text else 0
    return Person(bases, phase)


def _code(text: str, alleles: tuple[str, ...]) -> int:
    return {".": MISSING, "?": OTHER}.get(text) or alleles.index(text)
