"""From a pair of named alleles to the phenotype and the activity score.

Each allele has a function (``No function``) or, for some genes, an activity value (0.5); a table
says what two of them make. What the table does not list is worked out by the same rule where the
rule is a sum, and is ``Indeterminate`` elsewhere: never guessed.

Reference: CPIC allele functionality and diplotype-phenotype tables, https://cpicpgx.org; the
terms are those of Caudle et al. 2017 (PMID 27441996).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, NamedTuple

from nof1.core.errors import UsageError
from nof1.knowledge.base import SHIPPED, Base

INDETERMINATE = "Indeterminate"
UNKNOWN = "Unknown function"
NO_SCORE = "n/a"


class Result(NamedTuple):
    """What a gene's alleles make.

    Attributes
    ----------
    phenotype : in the words of CPIC.
    lookup : what guidelines ask for: the phenotype, or the activity score as text.
    score : the activity score, for genes that have one; higher means more activity.
    in_table : whether the source lists it (else it was worked out, or is indeterminate).
    """

    phenotype: str
    lookup: str
    score: float | None
    in_table: bool


@dataclass(frozen=True)
class GenePhenotypes:
    """The phenotype table of one gene.

    Attributes
    ----------
    by : ``activity`` when activity values decide, else ``function``.
    functions : allele -> function in words.
    values : allele -> what decides: the function, or the activity value as text.
    results : sorted pair of deciding values (one value for a single copy) -> phenotype, lookup.
    """

    gene: str
    source: str
    version: str
    by: str
    functions: dict[str, str]
    values: dict[str, str]
    results: dict[tuple[str, ...], tuple[str, str]]

    def function(self, allele: str) -> str:
        """The function of an allele in words; ``Unknown function`` when no table lists it."""
        return self.functions.get(allele, UNKNOWN)

    def value(self, allele: str) -> str:
        """What decides: the function, or the activity value as text."""
        return self.values.get(allele, NO_SCORE if self.by == "activity" else UNKNOWN)

    def activity(self, allele: str) -> float | None:
        """The activity value of an allele; None when unknown or when the gene has none."""
        return number(self.value(allele)) if self.by == "activity" else None

    def result(self, *values: str) -> Result:
        """The result of one or two deciding values."""
        found = self.results.get(tuple(sorted(values)))
        if found is not None:
            return Result(*found, number(found[1]) if self.by == "activity" else None, True)
        if self.by == "activity":
            return self._summed(values)
        return Result(INDETERMINATE, INDETERMINATE, None, False)

    def _summed(self, values: tuple[str, ...]) -> Result:
        numbers = [number(value) for value in values]
        if len(values) == 2 and None not in numbers:
            score = sum(n for n in numbers if n is not None)
            for phenotype, lookup in self.results.values():
                if number(lookup) == score:
                    return Result(phenotype, lookup, score, False)
        return Result(INDETERMINATE, NO_SCORE, None, False)


def number(text: str) -> float | None:
    """The number in an activity value: ``0.5``, ``≥3.0`` (its lower end); None for ``n/a``.

    >>> number("0.5"), number("≥3.0"), number("n/a")
    (0.5, 3.0, None)
    """
    try:
        return float(text.lstrip("≥"))
    except ValueError:
        return None


@functools.cache
def genes(base: Base = SHIPPED) -> tuple[str, ...]:
    """The genes with a phenotype table, sorted."""
    names = base.names("phenotypes")
    return tuple(name.removesuffix(".json") for name in names if name.endswith(".json"))


@functools.cache
def phenotypes(gene: str, base: Base = SHIPPED) -> GenePhenotypes:
    """The phenotype table of one gene.

    Raises
    ------
    UsageError : there is none for this gene.
    """
    if gene not in genes(base):
        raise UsageError(f"There are no phenotypes for {gene!r}.", allowed=genes(base))
    return base.load(f"phenotypes/{gene}.json", from_dict)


def from_dict(data: dict[str, Any]) -> GenePhenotypes:
    """A table from its compact form (``to_dict``)."""
    functions: dict[str, str] = {name: function for name, function, _ in data["alleles"]}
    by = data["by"]
    values = {name: value if by == "activity" else f for name, f, value in data["alleles"]}
    results = {tuple(pair): (phenotype, lookup) for pair, phenotype, lookup in data["results"]}
    return GenePhenotypes(
        data["gene"], data["source"], data["version"], by, functions, values, results
    )


def to_dict(made: GenePhenotypes) -> dict[str, Any]:
    """The compact form that the data files have."""
    scored = made.by == "activity"
    return {
        "gene": made.gene,
        "source": made.source,
        "version": made.version,
        "by": made.by,
        "alleles": [
            [name, function, made.values[name] if scored else None]
            for name, function in made.functions.items()
        ],
        "results": [[list(pair), *result] for pair, result in sorted(made.results.items())],
    }
