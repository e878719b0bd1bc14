"""How common the named alleles of a gene are, in five groups of the world's population.

They are used for ONE thing: to weigh several diplotypes that all fit a person's data. They never
rule an allele out, so no allele has the frequency 0, and one or two significant digits are enough.
The column ``source`` of the table says where a row comes from; ``approximate`` means general
knowledge of CPIC's frequency tables (CC0), 1000 Genomes phase 3 and gnomAD, rounded;
``paper|approximate`` means from the paper for the groups that it covers, else approximate.

A named allele without a row gets 1 in 5,000: in the published tables the alleles that are left out
are those seen a few times or never among some thousand people. A gene may have hundreds of them
(RYR1: 339), and 1 in 5,000 for each would say that one person in seven carries a malignant
hyperthermia variant. So all of them together get at most 1 in 100.

G6PD lies on X: these are frequencies of alleles, the same for men (one copy) and women (two).
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import InputError, UsageError
from nof1.knowledge.base import SHIPPED, Base

# Ancestry groups of 1000 Genomes: African, admixed American, East Asian, European, South Asian.
POPULATIONS = ("AFR", "AMR", "EAS", "EUR", "SAS")
UNLISTED = 1 / 5000
UNLISTED_TOGETHER = 0.01
REST = "rest"

Frequencies = NDArray[np.float64]


def frequencies(
    gene: str, names: Sequence[str], population: str | None = None, base: Base = SHIPPED
) -> Frequencies:
    """The frequency of each named allele, shape (names,), each above 0, summing to 1.

    Parameters
    ----------
    names : alleles as in the definition of the gene; rows of one name (sub-alleles) share its
        frequency. The common allele (whose row says ``rest``) must be there once: it takes what the
        others leave.
    population : one of ``POPULATIONS``, or None: the mean of the five.

    Raises
    ------
    UsageError : gene, population or names as above are not met.
    InputError : the table cannot be read as frequencies.
    """
    if population is not None and population not in POPULATIONS:
        raise UsageError(
            "This population is not known.", where=population, allowed=[*POPULATIONS, "none"]
        )
    common, table = _gene(gene, base)
    if list(names).count(common) != 1:
        raise UsageError(
            "The names must hold the common allele once.",
            where=gene,
            allowed=f"names of the gene's definition, with {common}",
        )
    chosen = POPULATIONS if population is None else (population,)
    columns = [POPULATIONS.index(name) for name in chosen]
    return np.asarray(_filled(common, table, names)[:, columns].mean(axis=1), np.float64)


def _filled(common: str, table: dict[str, Frequencies], names: Sequence[str]) -> Frequencies:
    """Frequencies of these names, shape (names, populations)."""
    rows = Counter(names)
    unlisted = sum(name not in table for name in rows) - 1
    small = np.full(len(POPULATIONS), min(UNLISTED, UNLISTED_TOGETHER / max(unlisted, 1)))
    found = np.stack([table.get(name, small) / rows[name] for name in names])
    found[names.index(common)] = 0
    found[names.index(common)] = 1 - found.sum(axis=0)
    return found


@functools.cache
def _genes(base: Base) -> dict[str, dict[str, list[str]]]:
    genes: dict[str, dict[str, list[str]]] = {}
    for row in base.rows("frequencies.tsv"):
        cells = [row.get(name) or "" for name in POPULATIONS]
        genes.setdefault(row["gene"], {})[row["allele"]] = cells
    return genes


@functools.cache
def _gene(gene: str, base: Base) -> tuple[str, dict[str, Frequencies]]:
    """The common allele, and the frequencies of the others by population."""
    rows = _genes(base).get(gene)
    if rows is None:
        raise UsageError("This gene has no frequencies.", where=gene, allowed=sorted(_genes(base)))
    common = [name for name, cells in rows.items() if set(cells) == {REST}]
    try:
        table = {
            name: np.array(cells, np.float64) for name, cells in rows.items() if name not in common
        }
    except ValueError:
        raise _bad(gene) from None
    total = sum(table.values(), np.zeros(len(POPULATIONS)))
    positive = all((values > 0).all() for values in table.values())
    if len(common) != 1 or not positive or (total >= 1 - UNLISTED_TOGETHER).any():
        raise _bad(gene)
    return common[0], table


def _bad(gene: str) -> InputError:
    return InputError(
        "The frequencies of this gene cannot be used.",
        where=f"knowledge/frequencies.tsv, {gene}",
        allowed="one row with 'rest'; else numbers above 0 that leave over 0.01 in each column",
    )
