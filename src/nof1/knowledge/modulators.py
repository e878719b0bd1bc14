"""Medicines that change the activity of the enzyme or transporter of a pharmacogene.

The grades are those of the US FDA (strong, moderate, weak): under an inhibitor the exposure to a
sensitive substrate of the enzyme rises at least 5, 2 or 1.25 times; under an inducer it falls by at
least 80, 50 or 20 percent. The FDA grades CYP3A as a whole: such a row is for CYP3A4 and CYP3A5.
A medicine without a grade is known to act on the gene's product, but nobody we cite says how much.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

from nof1.core.errors import InputError
from nof1.knowledge.base import SHIPPED, Base, listed

KINDS = ("inhibitor", "inducer")
GRADES = ("strong", "moderate", "weak", "")
# International names beside the names of RxNorm, which the tables use.
OTHER_NAMES = {
    "ciclosporin": "cyclosporine",
    "rifampicin": "rifampin",
    "phenobarbitone": "phenobarbital",
    "hypericum perforatum": "st. john's wort",
    "st john's wort": "st. john's wort",
}


class Modulator(NamedTuple):
    """One medicine that acts on the product of one gene.

    Attributes
    ----------
    drug : lower-case name of the ingredient, as in ``drugs.tsv``.
    rxnorm : RxNorm ingredient id, or empty.
    gene : ``CYP2D6``.
    kind : ``inhibitor`` (less activity) or ``inducer`` (more).
    strength : ``strong``, ``moderate``, ``weak``, or empty: not graded.
    source : id of the row in ``sources.tsv``; citation : where in it, or another paper.
    """

    drug: str
    rxnorm: str
    gene: str
    kind: str
    strength: str
    source: str
    citation: str


@functools.cache
def modulators(base: Base = SHIPPED) -> tuple[Modulator, ...]:
    """All rows, sorted by medicine and gene; one of them for each gene that a row names.

    Raises
    ------
    InputError : a kind or a strength is not one of the words in use.
    """
    rows = [
        Modulator(**{**{field: row.get(field) or "" for field in Modulator._fields}, "gene": gene})
        for row in base.rows("modulators.tsv")
        for gene in listed(row.get("gene") or "")
    ]
    for row in rows:
        if row.kind not in KINDS or row.strength not in GRADES:
            raise InputError(
                "This row has a word that we do not know.",
                where=f"knowledge/modulators.tsv, {row.drug}, {row.gene}",
                allowed=f"kind: {', '.join(KINDS)}; strength: {', '.join(GRADES[:3])}, or empty",
            )
    return tuple(sorted(rows))


@functools.cache
def _by_drug(base: Base) -> dict[str, tuple[Modulator, ...]]:
    found: dict[str, tuple[Modulator, ...]] = {}
    for row in modulators(base):
        found[row.drug] = (*found.get(row.drug, ()), row)
    return found


@functools.lru_cache(maxsize=8192)
def of(drug: str, base: Base = SHIPPED) -> tuple[Modulator, ...]:
    """What one medicine does, by the name of its ingredient (upper or lower case).

    An empty answer means: not in our list. It does not mean that the medicine does nothing.
    """
    name = " ".join(drug.lower().replace("\u2019", "'").split())
    return _by_drug(base).get(OTHER_NAMES.get(name, name), ())
