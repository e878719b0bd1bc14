"""From pairs that fit to an answer: priors, phenotypes, and which unseen position would settle it.

The prior of a pair follows from the population frequencies of its two alleles as under
Hardy-Weinberg equilibrium (f_a f_b, twice that for two different alleles), scaled so that all pairs
that fit sum to 1. It weighs what fits the data; it is no probability of an error of the laboratory.
"""

from __future__ import annotations

import functools
import math
import re
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nof1.genome import lowest
from nof1.genome.haplotypes import Chromosome, chromosomes
from nof1.genome.matcher import Bools, Ints, Matcher, Pairs, Pattern
from nof1.genome.results import (
    MOST_LISTED,
    Diplotype,
    GeneResult,
    Outcome,
    Phenotype,
    Settling,
)
from nof1.knowledge import phenotypes as tables
from nof1.knowledge.alleles import Position, definition
from nof1.knowledge.base import SHIPPED, Base
from nof1.knowledge.frequencies import frequencies
from nof1.knowledge.phenotypes import NO_SCORE, UNKNOWN, GenePhenotypes, Result

Floats = NDArray[np.float64]

NO_FUNCTION = frozenset({"No function", "0.0", "Malignant Hyperthermia associated"})
LEAST_SHARE = 1e-15
LEAST_FREQUENCY = 1e-6  # nobody with it was reported: rare, not impossible
LEFTOVER_PRIOR = 1e-4  # of a variant in a place where no named allele has it
FULL, PART, NONE = 1.0, 0.5, 0.0
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, eq=False)
class Caller:
    """One gene, ready to be called: definition, phenotypes and frequencies together.

    Attributes
    ----------
    frequency : (alleles,) of the rows of the definition; rows of one name share it.
    values : (alleles,) what decides on the phenotype, see ``GenePhenotypes.value``.
    """

    matcher: Matcher
    table: GenePhenotypes | None
    frequency: Floats
    names: tuple[str, ...]
    values: tuple[str, ...]
    order: Ints
    _results: dict[tuple[str, ...], Result] = field(default_factory=dict)

    @property
    def gene(self) -> str:
        """The gene's symbol."""
        return self.matcher.definition.gene

    def result(self, *values: str) -> Result:
        """Phenotype of one or two deciding values (kept, since it is asked very often)."""
        if values not in self._results:
            table = self.table
            none = Result(UNDEFINED, UNDEFINED, None, False)
            self._results[values] = none if table is None else table.result(*values)
        return self._results[values]

    def call(self, pattern: Pattern) -> GeneResult:
        """The answer for one pattern of genotypes."""
        seen = pattern.seen[: len(self.matcher.fits)]
        columns = self.matcher.definition.positions
        missing = tuple(columns[i] for i in np.flatnonzero(~seen))
        if not seen.any():
            reason = "None of the gene's positions is in the file."
            return GeneResult(self.gene, Outcome.NOT_CALLED, missing=missing, reason=reason)
        if self.gene in lowest.LOWEST_FUNCTION_GENES:
            found = self._weakest(pattern)
            variants = tuple(self.names[r] for r in lowest.all_variants(self.matcher, pattern))
        else:
            pairs = self.matcher.match(pattern)
            found, variants = self._weighed(pairs), ()
        if not len(found.first):
            return self._described(pattern, missing)
        if len(found.first) == 1:
            return self._only(int(found.first[0]), int(found.second[0]), missing, variants)
        return self._answer(found, missing, variants, seen)

    # pairs of rows ----------------------------------------------------------------------------

    def _weighed(self, pairs: Pairs) -> Weighed:
        first, second = pairs
        weight = self.frequency[first].copy()
        two = second >= 0
        weight[two] *= self.frequency[second[two]] * np.where(first[two] == second[two], 1.0, 2.0)
        return Weighed(first, second, weight)

    def _weakest(self, pattern: Pattern) -> Weighed:
        parts = lowest.weakest(self.matcher, pattern, self.strength, self.frequency)
        return Weighed.joined([_crossed(part) for part in parts])

    @functools.cached_property
    def strength(self) -> Floats:
        """(alleles,) how much function an allele leaves: 1 full, 0 none; unknown counts half."""
        return np.array([_strength(value) for value in self.values])

    def _only(
        self, first: int, second: int, missing: tuple[Position, ...], variants: tuple[str, ...]
    ) -> GeneResult:
        """The answer when one pair fits: what most people get, so it is made without arrays."""
        values = [self.values[first], *([self.values[second]] if second >= 0 else [])]
        result = self.result(*sorted(values))
        phenotype, lookup, score, _ = result
        return GeneResult(
            self.gene,
            Outcome.CALLED,
            (Diplotype(self._name(first, second), 1.0, phenotype, lookup, score),),
            phenotypes=(Phenotype(phenotype, lookup, score, 1.0),),
            missing=missing,
            variants=variants,
        )

    def _answer(
        self, found: Weighed, missing: tuple[Position, ...], variants: tuple[str, ...], seen: Bools
    ) -> GeneResult:
        share = found.weight / found.weight.sum()
        results = self._results_of(found)
        by_result = np.bincount(results.which, share, len(results.known)).astype(np.float64)
        return GeneResult(
            self.gene,
            Outcome.CALLED,
            *self._listed(found, share, results),
            phenotypes=_phenotypes(results.known, by_result),
            missing=missing,
            settling=self._settling(found, share, results, seen) if missing else None,
            variants=variants,
        )

    def _results_of(self, found: Weighed) -> Results:
        """The result of every pair, worked out once for each pair of deciding values."""
        kinds, kind = self._kinds
        one, two = kind[found.first], np.where(found.second < 0, -1, kind[found.second])
        key = np.minimum(one, two) * len(kinds) + np.maximum(one, two)
        _, index, which = np.unique(key, return_index=True, return_inverse=True)
        known = []
        for row in index:
            values = [kinds[one[row]], *([kinds[two[row]]] if two[row] >= 0 else [])]
            known.append(self.result(*sorted(values)))
        return Results(known, which)

    @functools.cached_property
    def _kinds(self) -> tuple[list[str], Ints]:
        kinds = sorted(set(self.values))
        return kinds, np.array([kinds.index(value) for value in self.values])

    def _listed(
        self, found: Weighed, share: Floats, results: Results
    ) -> tuple[tuple[Diplotype, ...], tuple[int, float]]:
        """The likeliest pairs by name, and how many others there are."""
        best = np.argsort(-share, kind="stable")[:MOST_LISTED]
        named: dict[str, Diplotype] = {}
        for index in best:
            name = self._name(int(found.first[index]), int(found.second[index]))
            result = results.known[results.which[index]]
            before = named[name].prior if name in named else 0.0
            prior = before + float(share[index])
            named[name] = Diplotype(name, prior, result.phenotype, result.lookup, result.score)
        listed = tuple(sorted(named.values(), key=_rank))
        others = len(share) - len(best)
        return listed, (others, max(0.0, 1 - sum(one.prior for one in listed)) if others else 0.0)

    def _name(self, first: int, second: int) -> str:
        if second < 0:
            return self.names[first]
        a, b = sorted((first, second), key=lambda row: self.order[row])
        return f"{self.names[a]}/{self.names[b]}"

    # what would settle it ---------------------------------------------------------------------

    def _settling(
        self, found: Weighed, share: Floats, results: Results, seen: Bools
    ) -> Settling | None:
        top = int(np.argmax(np.bincount(results.which, share, len(results.known))))
        likely = results.known[top].phenotype
        other = np.array([one.phenotype != likely for one in results.known])[results.which]
        if not other.any():
            return None
        unseen = np.flatnonzero(~seen)
        rest = self._left_over(found, share, unseen)
        others = self._left_over(found, share * other, unseen)
        # where the reference base fits nothing at all, it cannot turn out to be there
        after = np.where(rest > LEAST_SHARE, others / np.maximum(rest, LEAST_SHARE), 1.0)
        best = int(np.argmin(after))
        place = self.matcher.definition.positions[unseen[best]]
        left = float(after[best])
        return Settling(place, float(share[other].sum()), left if left > 1e-12 else 0.0)

    def _left_over(self, found: Weighed, weight: Floats, unseen: Ints) -> Floats:
        """What stays of the pairs' weight if one position is as in the reference; (unseen,).

        The weights are put into a matrix over rows, so that each position is one product.
        """
        rows, codes = np.unique(np.stack([found.first, found.second]), return_inverse=True)
        one, two = codes.reshape(2, -1)
        count = len(rows)
        matrix = np.bincount(one * count + two, weight, count * count).reshape(count, count)
        stays = (self.matcher.fits[unseen, 0, :][:, rows] | (rows < 0)).astype(np.float64)
        return np.asarray(((stays @ matrix) * stays).sum(axis=1))

    # chromosomes that no named allele explains ------------------------------------------------

    def _described(self, pattern: Pattern, missing: tuple[Position, ...]) -> GeneResult:
        ways = chromosomes(self.matcher, pattern, hidden=True)
        if not ways:
            reason = "Too many variants of unknown order, and no named alleles that fit them."
            return GeneResult(
                self.gene,
                Outcome.NOT_CALLED,
                missing=missing,
                reason=reason,
            )
        weights = np.array([self._chance(one) * self._chance(two) for one, two in ways])
        share = weights / weights.sum()
        named: dict[str, Diplotype] = {}
        for (one, two), prior in zip(ways, share, strict=True):
            made = self._diplotype(one, two, float(prior))
            before = named[made.name].prior if made.name in named else 0.0
            named[made.name] = made._replace(prior=made.prior + before)
        ranked = sorted(named.values(), key=_rank)
        results = [Result(one.phenotype, one.lookup, one.score, False) for one in ranked]
        return GeneResult(
            self.gene,
            Outcome.CALLED,
            tuple(ranked[:MOST_LISTED]),
            phenotypes=_phenotypes(results, np.array([one.prior for one in ranked])),
            missing=missing,
            warnings=(NOT_LISTED,),
        )

    def _chance(self, chromosome: Chromosome | None) -> float:
        if chromosome is None:
            return 1.0
        named = np.prod(self.frequency[list(chromosome.rows)]) if chromosome.rows else 1.0
        return float(named * LEFTOVER_PRIOR ** len(chromosome.left))

    def _diplotype(self, one: Chromosome, two: Chromosome | None, prior: float) -> Diplotype:
        both = [one] if two is None else [one, two]
        names = sorted((self._words(each) for each in both), key=_natural)
        result = self.result(*sorted(self._value(each) for each in both))
        return Diplotype("/".join(names), prior, result.phenotype, result.lookup, result.score)

    def _words(self, chromosome: Chromosome) -> str:
        parts = [*(self.names[row] for row in chromosome.rows), *chromosome.left]
        if not parts:
            return self.names[0]
        bare = len(parts) == 1 and (chromosome.rows or not chromosome.left[0].startswith("unl"))
        return parts[0] if bare else f"[{' + '.join(parts)}]"

    def _value(self, chromosome: Chromosome) -> str:
        """What decides for a combination: no function stays none, one allele is itself."""
        values = [self.values[row] for row in chromosome.rows] or [self.values[0]]
        if len(values) == 1 and not chromosome.left:
            return values[0]
        without = [value for value in values if value in NO_FUNCTION]
        unknown = NO_SCORE if self.table is not None and self.table.by == "activity" else UNKNOWN
        return without[0] if without else unknown


UNDEFINED = "no phenotype is defined"
NOT_LISTED = (
    "No pair of named alleles explains these genotypes. What is shown is put together from parts; "
    "no table says what such a chromosome does."
)


@dataclass(frozen=True, eq=False)
class Weighed:
    """Pairs of rows with their relative prior; ``second`` is -1 for one copy."""

    first: Ints
    second: Ints
    weight: Floats

    @classmethod
    def joined(cls, parts: list[Weighed]) -> Weighed:
        """Several lists as one."""
        return cls(
            np.concatenate([part.first for part in parts]),
            np.concatenate([part.second for part in parts]),
            np.concatenate([part.weight for part in parts]),
        )


@dataclass(frozen=True, eq=False)
class Results:
    """Distinct results, and which of them each pair has."""

    known: list[Result]
    which: Ints


def _crossed(part: lowest.Candidates) -> Weighed:
    """Every row of one chromosome with every row of the other."""
    if not len(part.second):
        return Weighed(part.first, np.full(len(part.first), -1), part.first_weight)
    first = np.repeat(part.first, len(part.second))
    second = np.tile(part.second, len(part.first))
    return Weighed(first, second, np.outer(part.first_weight, part.second_weight).ravel())


def _phenotypes(known: list[Result], share: Floats) -> tuple[Phenotype, ...]:
    """Distinct results with their summed prior, likeliest first."""
    total: dict[tuple[str, str, float | None], float] = {}
    for result, prior in zip(known, share, strict=True):
        key = (result.phenotype, result.lookup, result.score)
        total[key] = total.get(key, 0.0) + float(prior)
    ranked = sorted(total.items(), key=lambda item: (-item[1], item[0][:2]))
    return tuple(Phenotype(*key, prior) for key, prior in ranked)


def _strength(value: str) -> float:
    score = tables.number(value)
    if score is not None:
        return score
    if value in NO_FUNCTION:
        return NONE
    return FULL if value == "Normal function" else PART


def _rank(one: Diplotype) -> tuple[object, ...]:
    """Likeliest first; of equals the one with less activity, then by name."""
    activity = one.score if one.score is not None else math.inf
    return (-round(one.prior, 9), activity, _natural(one.name))


def _natural(name: str) -> tuple[object, ...]:
    """``*2`` before ``*10``, plain names before those in brackets."""
    return (name.startswith("["), [int(n) for n in _NUMBER.findall(name)], name)


@functools.cache
def caller(gene: str, population: str | None = None, base: Base = SHIPPED) -> Caller:
    """A gene ready to be called.

    Parameters
    ----------
    population : whose frequencies weigh the diplotypes; None is the mean of all groups.
    """
    made = definition(gene, base)
    table = tables.phenotypes(gene, base) if gene in tables.genes(base) else None
    names = made.names
    frequency = np.maximum(frequencies(gene, names, population, base), LEAST_FREQUENCY)
    values = tuple(UNKNOWN if table is None else table.value(name) for name in names)
    stars = all(name.startswith("*") for name in names)
    ranks = sorted(range(len(names)), key=lambda i: _natural(names[i]) if stars else (False, [i]))
    order = np.empty(len(names), np.int64)
    order[ranks] = np.arange(len(names))
    return Caller(Matcher.of(made), table, frequency, names, values, order)
