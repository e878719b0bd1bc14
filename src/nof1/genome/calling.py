"""Calling the genes of many people: each distinct pattern of genotypes is worked out once.

X-linked genes have one copy in men. Genes whose function hangs on copy number and hybrid genes
(CYP2D6) are never settled by a VCF of small variants: everything stays "not excluded".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nof1.genome.diplotypes import Caller, caller
from nof1.genome.genecalls import ABSENT, MISSING, OTHER, Flag, GeneCalls
from nof1.genome.matcher import READ_AS_REFERENCE, Bases, Ints, Pattern
from nof1.genome.results import Diplotype, GeneResult, Outcome, Phenotype
from nof1.knowledge.alleles import Position
from nof1.knowledge.base import SHIPPED, Base
from nof1.knowledge.phenotypes import INDETERMINATE, NO_SCORE, UNKNOWN

ONE_COPY_IN_MEN = frozenset({"G6PD"})
STRUCTURAL = frozenset({"CYP2D6"})
SAMPLES_AT_ONCE = 10_000
ENOUGH_OPEN = 0.25  # prior of "indeterminate" that makes a doubt plain enough
MOST_KEPT = 2_000  # results of one gene that are kept for the next samples

WARNINGS = {
    Flag.FILTERED: "did not pass the file's filters and count as not seen",
    Flag.OTHER_ALLELE: "have a base that no definition lists; its effect is not known",
    Flag.REF_MISMATCH: "have another reference base than the genome build and count as not seen",
    Flag.DUPLICATE: "stand in the file twice with different genotypes and count as not seen",
    Flag.HALF_CALL: "are known for one of the two copies only",
    Flag.SYMBOLIC: "lie in a deletion or another large change and count as not seen",
    Flag.HAPLOID: "are called for one copy only",
    Flag.DOUBTED: "show a change in a record that does not count; it may be real",
}
ONE = {"have": "has", "are": "is"} | {
    word: f"{word}s" for word in ("stand", "lie", "count", "show")
}
CHANGES = Flag.DOUBTED | Flag.SYMBOLIC | Flag.DUPLICATE  # some change is there, whatever it is
NOT_EXCLUDED = (
    "A file of small variants shows neither copy number nor hybrid genes, which decide here. "
    "The alleles listed hold only if both copies are plain."
)
TWO_BASES_IN_A_MAN = (
    "Two different bases were called in a gene of which a man has one copy: these positions count "
    "as not seen. Check the sex and the sample."
)
SEEN = ("positive", "negative")
UNSEEN = "The position is not in the file, or only partly."
SEX_UNKNOWN = "The sex is not known: there may be one copy or two."


@dataclass(frozen=True, eq=False)
class GeneTable:
    """One gene of some samples: the distinct results, and which one each sample has.

    Attributes
    ----------
    which : (samples,) index into ``results``.
    first : number of the first of these samples among all samples of the file.
    """

    gene: str
    results: tuple[GeneResult, ...]
    which: Ints
    first: int = 0

    def of(self, sample: int) -> GeneResult:
        """The result of the sample with this number among all samples of the file."""
        return self.results[int(self.which[sample - self.first])]

    def holds(self, sample: int) -> bool:
        """Whether the sample with this number is in this table."""
        return self.first <= sample < self.first + len(self.which)


def call_genes(
    samples: tuple[str, ...],
    genes: Iterable[GeneCalls],
    *,
    sexes: Mapping[str, str] | None = None,
    population: str | None = None,
    base: Base = SHIPPED,
) -> Iterator[GeneTable]:
    """Call every gene of all samples, in the order in which the genes are read.

    Parameters
    ----------
    sexes : sample -> ``M`` or ``F``; for genes on the X chromosome.
    population : whose frequencies weigh the diplotypes (``nof1.knowledge.frequencies``).

    Returns
    -------
    For each gene one table for every ``SAMPLES_AT_ONCE`` samples, so that memory stays flat.
    """
    known = [(sexes or {}).get(sample) for sample in samples]
    for calls in genes:
        ready = caller(calls.gene, population, base)
        often: dict[bytes, GeneResult] = {}
        for first in range(0, len(samples), SAMPLES_AT_ONCE):
            part = slice(first, first + SAMPLES_AT_ONCE)
            yield _table(ready, _patterns(calls, part), known[part], first, often)
        place = len(ready.matcher.definition.positions)
        for column, position in enumerate(ready.matcher.definition.extra, place):
            yield _single(position, calls.alleles[:, column])


class _Patterns(NamedTuple):
    """The genotypes of some samples in one form; see ``Pattern``."""

    bases: NDArray[np.int8]
    phase: NDArray[np.int16]
    flags: NDArray[np.uint16]


def _patterns(calls: GeneCalls, part: slice) -> _Patterns:
    """In one form: no phase where it says nothing, copies of unknown order sorted."""
    bases, phase = calls.alleles[part], calls.phase[part]
    phase = np.where(bases[..., 0] == bases[..., 1], 0, phase).astype(np.int16)
    turned = (phase == 0) & (bases[..., 0] > bases[..., 1]) & (bases[..., 1] != ABSENT)
    return _Patterns(np.where(turned[..., None], bases[..., ::-1], bases), phase, calls.flags[part])


def _table(
    ready: Caller,
    patterns: _Patterns,
    sexes: list[str | None],
    first: int,
    often: dict[bytes, GeneResult],
) -> GeneTable:
    """Patterns are told apart by their bytes: most people share one with somebody."""
    with_sex = ready.gene in ONE_COPY_IN_MEN
    seen: dict[bytes, int] = {}
    results: list[GeneResult] = []
    which = np.empty(len(sexes), np.int64)
    for number, sex in enumerate(sexes):
        bases, phase, flags = (part[number] for part in patterns)
        key = b"".join((bases.tobytes(), phase.tobytes(), flags.tobytes()))
        key = key + (sex or "?").encode() if with_sex else key
        if key not in seen:
            seen[key] = len(results)
            if with_sex and sex == "M":
                flags = flags & ~np.uint16(Flag.HAPLOID)  # one copy is all that a man has
            pattern = Pattern(bases, phase)
            result = often.get(key) or _warned(
                _doubted(ready, flags, _call(ready, pattern, sex)), flags
            )
            results.append(result)
            if len(often) < MOST_KEPT:
                often[key] = result
        which[number] = seen[key]
    return GeneTable(ready.gene, tuple(results), which, first)


def _single(position: Position, bases: Bases) -> GeneTable:
    """A position of its own that guidelines ask about: is the other base there?"""
    name, other = position.rsid or position.label, position.alleles[1]
    present, absent = (Phenotype(f"{other} {w}", f"{other} {w}", None, 1.0) for w in SEEN)
    results = (
        GeneResult(name, Outcome.CALLED, phenotypes=(present,)),
        GeneResult(name, Outcome.CALLED, phenotypes=(absent,)),
        GeneResult(name, Outcome.NOT_CALLED, missing=(position,), reason=UNSEEN),
    )
    carried, whole = (bases == 1).any(axis=1), (bases == 0).all(axis=1)
    return GeneTable(name, results, np.where(carried, 0, np.where(whole, 1, 2)))


def _call(ready: Caller, pattern: Pattern, sex: str | None) -> GeneResult:
    if ready.gene in ONE_COPY_IN_MEN:
        return _unlisted(ready, pattern, _x_linked(ready, pattern, sex))
    result = ready.call(_two_copies(pattern))
    if ready.gene in STRUCTURAL:
        return _structural(ready, result)
    return _unlisted(ready, pattern, result)


def _unlisted(ready: Caller, pattern: Pattern, result: GeneResult) -> GeneResult:
    """Where an unlisted base was read as the reference, its effect is still not known.

    A deletion of the splice site of DPYD*2A is no normal gene.
    """
    strange = (pattern.bases[: len(ready.matcher.fits)] == OTHER).any()
    if not strange or ready.gene not in READ_AS_REFERENCE:
        return result
    return _half_open(ready, result, "unlisted base")


def _doubted(ready: Caller, flags: NDArray[np.uint16], result: GeneResult) -> GeneResult:
    """A change in a record that does not count, or a large one, may be real all the same."""
    changed = flags[: len(ready.matcher.fits)] & np.uint16(CHANGES)
    return _half_open(ready, result, "uncertain change") if changed.any() else result


def _half_open(ready: Caller, result: GeneResult, why: str) -> GeneResult:
    """Half of the prior for "indeterminate": nothing says how likely it is."""
    likely = result.likeliest
    open_now = sum(one.prior or 0.0 for one in result.phenotypes if one[0] == INDETERMINATE)
    called = result.outcome is Outcome.CALLED and ready.table is not None
    if not called or likely is None or open_now > ENOUGH_OPEN:
        return result
    unknown = NO_SCORE if ready.table is not None and ready.table.by == "activity" else UNKNOWN
    values = [unknown, *([ready.values[0]] if "/" in likely.name else [])]
    phenotype, lookup, score, _ = ready.result(*sorted(values))
    new = Diplotype(f"{likely.name} + {why}", 0.5, phenotype, lookup, score)
    listed = [one._replace(prior=one.prior / 2) for one in result.diplotypes]
    total = {(phenotype, lookup, score): 0.5}
    for one in result.phenotypes:
        total[one[:3]] = total.get(one[:3], 0.0) + (one.prior or 0.0) / 2
    kept = [Phenotype(*key, prior) for key, prior in total.items()]
    return result._replace(
        diplotypes=tuple(sorted([*listed, new], key=lambda one: -one.prior)),
        unlisted=(result.unlisted[0], result.unlisted[1] / 2),
        phenotypes=tuple(sorted(kept[1:] + kept[:1], key=lambda one: -(one.prior or 0.0))),
    )


def _two_copies(pattern: Pattern) -> Pattern:
    """A haploid call where there are two copies says nothing about the second."""
    return pattern._replace(bases=np.where(pattern.bases == ABSENT, MISSING, pattern.bases))


def _x_linked(ready: Caller, pattern: Pattern, sex: str | None) -> GeneResult:
    first, second = pattern.bases[:, 0], pattern.bases[:, 1]
    differ = (first != second) & (second != ABSENT)
    if sex == "F" or (sex is None and differ.any()):
        return ready.call(_two_copies(pattern))
    one = np.where(differ, MISSING, first)
    single = pattern._replace(bases=np.stack([one, np.full_like(one, ABSENT)], axis=1))
    alone = ready.call(single)
    if sex == "M":
        return _noted(alone, TWO_BASES_IN_A_MAN) if differ.any() else alone
    if pattern.single:
        return alone
    return _noted(_either(alone, ready.call(pattern)), SEX_UNKNOWN)


def _either(one: GeneResult, two: GeneResult) -> GeneResult:
    """One copy or two, each as likely: the diplotypes and phenotypes of both."""
    diplotypes = [d._replace(prior=d.prior / 2) for d in (*one.diplotypes, *two.diplotypes)]
    total: dict[tuple[str, str, float | None], float] = {}
    for phenotype in (*one.phenotypes, *two.phenotypes):
        key = phenotype[:3]
        total[key] = total.get(key, 0.0) + (phenotype.prior or 0.0) / 2
    ranked = sorted(total.items(), key=lambda item: -item[1])
    return two._replace(
        diplotypes=tuple(sorted(diplotypes, key=lambda each: -each.prior)),
        phenotypes=tuple(Phenotype(*key, prior) for key, prior in ranked),
        unlisted=(
            one.unlisted[0] + two.unlisted[0],
            (one.unlisted[1] + two.unlisted[1]) / 2,
        ),
    )


def _structural(ready: Caller, result: GeneResult) -> GeneResult:
    """Nothing is excluded, unless no copy of whatever number could have any function."""
    poor = {one.score for one in result.phenotypes} == {0.0}
    if result.outcome is not Outcome.CALLED or poor:
        return result
    table = ready.table
    every = {} if table is None else dict.fromkeys(found for found, _ in table.results.values())
    every.pop(INDETERMINATE, None)
    possible = tuple(Phenotype(name, name, None, None) for name in sorted(every))
    diplotypes = tuple(_bare(one) for one in result.diplotypes)
    return result._replace(
        outcome=Outcome.NOT_EXCLUDED,
        diplotypes=diplotypes,
        phenotypes=possible,
        settling=None,
        reason=NOT_EXCLUDED,
    )


def _bare(one: Diplotype) -> Diplotype:
    return one._replace(phenotype="not excluded", lookup="not excluded", score=None)


def _warned(result: GeneResult, flags: np.ndarray) -> GeneResult:
    """The result with a sentence for each kind of trouble at its positions."""
    if not flags.any():
        return result
    sentences = []
    for flag, words in WARNINGS.items():
        count = int(((flags & np.uint16(flag)) != 0).sum())
        if count:
            sentences.append(f"{count} positions {words}." if count > 1 else _of_one(words))
    return _noted(result, *sentences)


def _of_one(words: str) -> str:
    return f"1 position {' '.join(ONE.get(word, word) for word in words.split())}."


def _noted(result: GeneResult, *sentences: str) -> GeneResult:
    return result._replace(warnings=(*result.warnings, *sentences))
