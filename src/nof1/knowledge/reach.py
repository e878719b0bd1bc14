"""Which rules can hold for anybody, and where two guidelines ask for opposite things.

A rule is found by gene results in the words of our tables. A result that no table gives, and that
is no allele status or pair of alleles either, finds nobody: it is listed, so that a renamed
phenotype does not silently take a warning away.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from nof1.knowledge import alleles, phenotypes
from nof1.knowledge.base import SHIPPED, Base
from nof1.knowledge.phenotypes import INDETERMINATE, NO_SCORE
from nof1.knowledge.prescribing import Rule, by_drug, rules

NO_RESULT = "No Result"  # in the words of CPIC: this gene is not known
# Of genes without tables of ours, only HLA types come as an allele status from other programs.
_HLA = re.compile(r"HLA-[A-Z]+\d?")
_HLA_STATUS = re.compile(r"\*\d{2,3}:\d{2,3} (positive|negative)")
_STATUS = re.compile(r"(.+) (positive|negative)")

# What an action does to the amount of medicine that a patient gets.
LESS, MORE, SAME = "less or none", "more", "the usual"
DIRECTIONS = {
    "avoid": LESS,
    "alternative": LESS,
    "reduce": LESS,
    "increase": MORE,
    "monitor": SAME,
    "standard": SAME,
}


class Conflict(NamedTuple):
    """Two sources that ask for different directions for the same results of one medicine.

    Attributes
    ----------
    results : gene -> results that both name.
    """

    drug: str
    results: tuple[tuple[str, tuple[str, ...]], ...]
    first: Rule
    second: Rule

    @property
    def text(self) -> str:
        """In one line."""
        words = "; ".join(f"{gene} {', '.join(found)}" for gene, found in self.results)
        sides = ", ".join(_said(rule) for rule in (self.first, self.second))
        return f"{words}: {sides}"


def possible(gene: str, result: str, base: Base = SHIPPED) -> bool:
    """Whether a person can have this result of this gene."""
    if result == NO_RESULT or result in _words(gene, base):
        return True
    if "/" in result:
        return set(result.split("/")) <= _names(gene, base)
    if _HLA.fullmatch(gene):
        return bool(_HLA_STATUS.fullmatch(result))
    status = _STATUS.fullmatch(result)
    return status is not None and status[1] in _names(gene, base) | _letters(gene, base)


def unreachable(base: Base = SHIPPED) -> dict[str, Counter[str]]:
    """Gene -> results that nobody can have, and in how many rules each stands."""
    found: dict[str, Counter[str]] = {}
    for rule in rules(base):
        for gene, results in rule.when:
            missing = [result for result in results if not possible(gene, result, base)]
            if missing:
                found.setdefault(gene, Counter()).update(missing)
    return dict(sorted(found.items()))


def dead(base: Base = SHIPPED) -> list[tuple[Rule, str]]:
    """Rules that can hold for nobody, with the gene whose results nobody can have."""
    return [
        (rule, gene)
        for rule in rules(base)
        for gene, results in rule.when
        if not any(possible(gene, result, base) for result in results)
    ]


def conflicts(base: Base = SHIPPED) -> list[Conflict]:
    """Pairs of rules of CPIC and DPWG that ask for different directions for the same results.

    Compared are rules about the same genes (a further gene may stand there as not known), by the
    results that both name in the same words.
    """
    found = [
        Conflict(drug, shared, first, second)
        for drug, rules in by_drug(base).items()
        for first, second in itertools.product(_of(rules, "cpic"), _of(rules, "dpwg"))
        if (shared := _shared(first, second)) and _differ(first, second)
    ]
    return list({(one.drug, one.text): one for one in found}.values())


def _of(found: Iterable[Rule], name: str) -> list[Rule]:
    return [rule for rule in found if rule.source.startswith(name)]


def _differ(first: Rule, second: Rule) -> bool:
    ways = [DIRECTIONS.get(rule.action) for rule in (first, second)]
    return None not in ways and ways[0] != ways[1]


def _shared(first: Rule, second: Rule) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Gene -> results of both; empty when they are about different genes or results."""
    one, other = (_about(rule) for rule in (first, second))
    if set(one) != set(other):
        return ()
    shared = {gene: tuple(r for r in one[gene] if r in other[gene]) for gene in one}
    return tuple(shared.items()) if all(shared.values()) else ()


def _about(rule: Rule) -> dict[str, list[str]]:
    """Gene -> results that say something; a gene that may as well be unknown is left out."""
    return {
        gene: [r for r in results if "/" not in r and r not in (INDETERMINATE, NO_SCORE)]
        for gene, results in rule.when
        if NO_RESULT not in results
    }


def _said(rule: Rule) -> str:
    group = "" if rule.population == "general" else f" ({rule.population})"
    return f"{rule.source} says {rule.action.replace('_', ' ')}{group}"


@functools.cache
def _words(gene: str, base: Base) -> frozenset[str]:
    """Phenotypes and scores that the gene's table gives, with those for what it does not know."""
    if gene not in phenotypes.genes(base):
        return frozenset()
    results = phenotypes.phenotypes(gene, base).results.values()
    return frozenset((*itertools.chain(*results), INDETERMINATE, NO_SCORE))


@functools.cache
def _names(gene: str, base: Base) -> frozenset[str]:
    """Names of the gene's alleles, in the definition or in the phenotype table."""
    return frozenset(_all_names(gene, base))


def _all_names(gene: str, base: Base) -> Iterator[str]:
    if gene in alleles.genes(base):
        yield from alleles.definition(gene, base).names
    if gene in phenotypes.genes(base):
        yield from phenotypes.phenotypes(gene, base).values


def _letters(rsid: str, base: Base) -> frozenset[str]:
    """Bases of a position that is looked at by its rs number (``rs12777823``)."""
    extra = [
        place for gene in alleles.genes(base) for place in alleles.definition(gene, base).extra
    ]
    return frozenset(base for place in extra if place.rsid == rsid for base in place.alleles)
