"""Polygenic scores as anybody would compute them by hand: loops, dictionaries, one row at a time.

Slow and plain on purpose; ``nof1.genome.polygenic`` must agree with it.
"""

import math
from dataclasses import dataclass, field

OTHER_STRAND = {"A": "T", "T": "A", "C": "G", "G": "C"}
ENOUGH = 50


@dataclass
class Row:
    """One row of a scoring file; ``weights`` is what 0, 1, 2 copies of the effect allele add."""

    position: int
    effect: str
    other: str | None
    mode: str
    weights: tuple[float, float, float]
    frequency: float | None = None


@dataclass
class Site:
    """One place of the genotype file; a genotype is a pair of bases, or None."""

    position: int
    ref: str
    alts: tuple[str, ...]
    genotypes: list = field(default_factory=list)


def agreements(row: Row, ref: str, alt: str):
    """Every way in which a row and a pair of alleles agree: (rank, base that is counted)."""
    flip = OTHER_STRAND.get
    if row.other is not None:
        if (row.effect, row.other) == (alt, ref):
            yield 0, alt
        if (row.effect, row.other) == (ref, alt):
            yield 1, ref
        if (flip(row.effect), flip(row.other)) == (alt, ref):
            yield 2, alt
        if (flip(row.effect), flip(row.other)) == (ref, alt):
            yield 3, ref
    else:
        if row.effect == alt:
            yield 4, alt
        if row.effect == ref:
            yield 5, ref
        if flip(row.effect) == alt:
            yield 6, alt
        if flip(row.effect) == ref:
            yield 7, ref


def matched(rows: list[Row], sites: list[Site], ambiguous: str):
    """For each row: None, or (site, base counted)."""
    best = []
    for row in rows:
        found = []
        for number, site in enumerate(sites):
            for alt in site.alts if site.position == row.position else ():
                for rank, base in agreements(row, site.ref, alt):
                    found.append((rank, number, site.alts.index(alt), base, site, alt))
        best.append(min(found, key=lambda one: one[:3]) if found else None)
    palindromes = [b is not None and OTHER_STRAND[b[4].ref] == b[5] for b in best]
    clear = [b[0] for b, p in zip(best, palindromes, strict=True) if b and not p and b[0] < 4]
    other_strand = sum(rank >= 2 for rank in clear)
    uncertain = bool(clear) and other_strand / len(clear) > 0.01
    for number, palindrome in enumerate(palindromes):
        if palindrome and (ambiguous == "drop" or uncertain):
            best[number] = None
    seen = set()
    for number in sorted(range(len(rows)), key=lambda n: (best[n][0] if best[n] else 99, n)):
        if best[number]:
            key = (best[number][1], best[number][3], rows[number].mode)
            if key in seen:
                best[number] = None
            seen.add(key)
    return [(b[4], b[3]) if b else None for b in best]


def moments(weights, chances):
    mean = sum(w * c for w, c in zip(weights, chances, strict=True))
    return mean, sum((w - mean) ** 2 * c for w, c in zip(weights, chances, strict=True))


def hardy_weinberg(frequency):
    return ((1 - frequency) ** 2, 2 * frequency * (1 - frequency), frequency**2)


def score(rows: list[Row], sites: list[Site], people: int, ambiguous: str = "keep"):
    """For each person: (sum, low, high, rows used); and how many rows were found."""
    places = matched(rows, sites, ambiguous)
    results = []
    for person in range(people):
        total = expected = variance = lowest = highest = 0.0
        used = 0
        for row, place in zip(rows, places, strict=True):
            chances = None if row.frequency is None else hardy_weinberg(row.frequency)
            if place is not None:
                site, base = place
                genotype = site.genotypes[person]
                if genotype is not None:
                    total += row.weights[genotype.count(base)]
                    used += 1
                    continue
                calls = [one.count(base) for one in site.genotypes if one is not None]
                if len(calls) >= ENOUGH:
                    chances = [calls.count(number) / len(calls) for number in range(3)]
            if chances is None:
                lowest += min(row.weights)
                highest += max(row.weights)
                continue
            mean, spread = moments(row.weights, chances)
            variance += spread
            if place is None:
                expected += mean
            else:
                total += mean
        half = 1.6448536269514722 * math.sqrt(variance)
        low = min(total, total + expected + lowest - half)
        high = max(total, total + expected + highest + half)
        results.append((total, low, high, used))
    return results, sum(place is not None for place in places)
