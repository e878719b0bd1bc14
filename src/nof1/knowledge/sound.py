"""Whether a definition from somebody's file can be right, before anything is made of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nof1.core.errors import InputError
from nof1.knowledge.alleles import GeneDefinition

# A gene's name becomes the name of a file: nothing in it may lead elsewhere.
GENE = re.compile(r"[A-Z][A-Z0-9]{1,15}(-[A-Z0-9]{1,8})?")
_CHROMOSOME = re.compile(r"chr([1-9]|1\d|2[0-2]|X|Y|M)")
_BASES = re.compile(r"[ACGT]{1,1000}")


def sound(gene: GeneDefinition, data: Mapping[str, Any], path: Path) -> GeneDefinition:
    """The definition, when its names, bases and rows can be what they are said to be.

    Parameters
    ----------
    data : the file that it was read from; path : its name is told.

    Raises
    ------
    InputError : something cannot be right; all that was found is named.
    """
    places, (reference, *_) = gene.all_positions, gene.alleles
    cells = [cell for allele in gene.alleles for cell in allele.cells]
    wrong = {
        "its gene or chromosome": not GENE.fullmatch(gene.gene)
        or not _CHROMOSOME.fullmatch(gene.chromosome),
        "a position": not gene.positions or any(place.position < 1 for place in places),
        "a base": not all(_BASES.fullmatch(text) for place in places for text in place.alleles),
        "an allele's name": not all(a.name and a.name.isprintable() for a in gene.alleles),
        "the reference row, which has gaps": None in reference.cells,
        "a letter that stands for none of the bases": frozenset() in cells,
        "the length of a row": {len(data["variants"])}
        != {len(row["alleles"]) for row in data["namedAlleles"]},
    }
    faults = [what for what, found in wrong.items() if found]
    if faults:
        raise InputError(
            f"This definition cannot be right: {', '.join(faults)}.",
            where=path.name,
            next_step="Download the release again.",
        )
    return gene
