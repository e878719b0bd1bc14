"""Prescribing facts: what a guideline asks for, for one medicine and one set of gene results."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from nof1.core.errors import InputError
from nof1.knowledge.base import SHIPPED, Base, listed

# The most cautious first; ``unread`` comes before everything: nobody has read the text for us yet.
ACTIONS = (
    "unread",
    "avoid",
    "alternative",
    "reduce",
    "increase",
    "monitor",
    "no_advice",
    "standard",
)
DEGREES = ("must", "should", "consider", "")
STRENGTHS = ("strong", "moderate", "optional", "none")


class Rule(NamedTuple):
    """One recommendation of one source, as structured facts and one sentence of our own.

    Attributes
    ----------
    source : id of the row in ``sources.tsv``.
    when : gene -> the results it holds for, sorted by gene: phenotypes (``Poor Metabolizer``),
        activity scores as text (``0.5``) or allele status (``*57:01 positive``).
    population : ``general``, or the group the guideline speaks about.
    action : one of ``ACTIONS``. ``standard``: usual dose; ``monitor``: usual dose with extra
        monitoring; ``reduce`` / ``increase``: another dose; ``alternative``: prefer another
        medicine; ``avoid``: do not use; ``no_advice``: the guideline gives none; ``unread``: the
        source's text is newer than our encoding.
    degree : ``must``, ``should`` or ``consider``; empty for standard and no_advice.
    strength : the guideline's own strength of recommendation.
    dose_low_pct, dose_high_pct : change of the usual dose in percent, signed; the smaller change
        first (-25, -50).
    """

    source: str
    drug: str
    when: tuple[tuple[str, tuple[str, ...]], ...]
    population: str
    action: str
    degree: str
    strength: str
    dose_low_pct: float | None
    dose_high_pct: float | None
    dose_limit: str
    alternatives: tuple[str, ...]
    monitor: str
    if_used: str
    text: str
    pmids: tuple[str, ...]
    url: str

    @property
    def genes(self) -> tuple[str, ...]:
        """The genes it depends on."""
        return tuple(gene for gene, _ in self.when)


@functools.cache
def rules(base: Base = SHIPPED) -> tuple[Rule, ...]:
    """Every prescribing rule, in the order of the file.

    Raises
    ------
    InputError : a row is not a rule; says which.
    """
    made = [from_row(row, number) for number, row in enumerate(base.rows(FILE), 2)]
    return tuple(made)


@functools.cache
def by_drug(base: Base = SHIPPED) -> dict[str, tuple[Rule, ...]]:
    """The rules of each medicine, by its name."""
    found: dict[str, list[Rule]] = {}
    for rule in rules(base):
        found.setdefault(rule.drug, []).append(rule)
    return {drug: tuple(each) for drug, each in sorted(found.items())}


@functools.lru_cache(maxsize=8192)
def genes_of(drug: str, base: Base = SHIPPED) -> frozenset[str]:
    """The genes that guidelines link to a medicine; none when they link it to no gene."""
    return frozenset(gene for rule in by_drug(base).get(drug, ()) for gene in rule.genes)


def to_row(rule: Rule) -> dict[str, str]:
    """A rule as a row of the table: lists with ``|``, genes with ``;``, numbers without zeros."""
    when = ";".join(f"{gene}={'|'.join(results)}" for gene, results in rule.when)
    cells: dict[str, str] = {}
    for name, value in rule._asdict().items():
        if isinstance(value, tuple):
            cells[name] = when if name == "when" else "|".join(value)
        else:
            cells[name] = "" if value is None else f"{value:g}" if name in NUMBERS else str(value)
    return cells


def from_row(row: Mapping[str, str], number: int = 0) -> Rule:
    """A rule from a row of the table.

    Raises
    ------
    InputError : a word is not allowed, or a cell cannot be read.
    """
    try:
        pairs = [part.split("=", 1) for part in row["when"].split(";")]
        cells: dict[str, Any] = {name: row[name] for name in WORDS}
        cells |= {name: float(row[name]) if row[name] else None for name in NUMBERS}
        cells |= {name: listed(row[name]) for name in ("alternatives", "pmids")}
        made = Rule(when=tuple((gene, tuple(r.split("|"))) for gene, r in pairs), **cells)
    except (KeyError, ValueError, TypeError, AttributeError):
        raise _bad(number, "a cell is missing or cannot be read", Rule._fields) from None
    for word, allowed in (
        (made.action, ACTIONS),
        (made.degree, DEGREES),
        (made.strength, STRENGTHS),
    ):
        if word not in allowed:
            raise _bad(number, f"{word!r} is not allowed", allowed)
    return made


def _bad(number: int, what: str, allowed: Sequence[str]) -> InputError:
    return InputError(
        f"This row is no prescribing rule: {what}.",
        where=f"knowledge/{FILE}, row {number}",
        allowed=allowed,
    )


FILE = "prescribing.tsv"
NUMBERS = ("dose_low_pct", "dose_high_pct")
WORDS = tuple(
    name for name in Rule._fields if name not in ("when", "alternatives", "pmids", *NUMBERS)
)
