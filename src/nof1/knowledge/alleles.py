"""Definitions of the named (star) alleles of the pharmacogenes.

A gene has positions and named alleles; an allele says which bases it has at which positions. A
blank cell means: the base of the reference row, the first allele (NamedAlleleMatcher 101 of the
PharmCAT documentation, docs/methods). An IUPAC letter in a definition allows several bases.

Positions are those of GRCh38, in VCF form: 1-based, anchored and left-aligned.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, NamedTuple

from nof1.core.errors import UsageError
from nof1.knowledge.base import SHIPPED, Base

Cell = frozenset[int] | None


class Position(NamedTuple):
    """One place of the genome that a definition asks about.

    Attributes
    ----------
    alleles : the sequences in VCF form, the reference of GRCh38 first: ``("CCTT", "C")``.
    hgvs : the name of the change on the chromosome; of an indel the right-most equal form.
    """

    chromosome: str
    position: int
    rsid: str | None
    alleles: tuple[str, ...]
    hgvs: str

    @property
    def label(self) -> str:
        """What a person reads: ``rs4244285 (chr10:94781859)``."""
        place = f"{self.chromosome}:{self.position}"
        return f"{self.rsid} ({place})" if self.rsid else place


class NamedAllele(NamedTuple):
    """One row of a definition table.

    Attributes
    ----------
    name : what is reported; two rows may share it (sub-alleles such as SLCO1B1 *45.001).
    cells : for each position the allowed indices into its ``alleles``; None is a blank cell.
    """

    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class GeneDefinition:
    """The definition table of one gene.

    Attributes
    ----------
    positions : the columns, sorted by place.
    extra : positions that are looked at, but belong to no named allele.
    alleles : the rows, the reference row first.
    """

    gene: str
    chromosome: str
    source: str
    version: str
    positions: tuple[Position, ...]
    extra: tuple[Position, ...]
    alleles: tuple[NamedAllele, ...]

    @property
    def all_positions(self) -> tuple[Position, ...]:
        """``positions``, then ``extra``: the columns of genotype tables."""
        return self.positions + self.extra

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the alleles in the order of the rows."""
        return tuple(allele.name for allele in self.alleles)


@functools.cache
def genes(base: Base = SHIPPED) -> tuple[str, ...]:
    """The genes with a definition table, sorted."""
    names = base.names("alleles")
    return tuple(name.removesuffix(".json") for name in names if name.endswith(".json"))


@functools.cache
def definition(gene: str, base: Base = SHIPPED) -> GeneDefinition:
    """The definition table of one gene.

    Raises
    ------
    UsageError : there is none for this gene.
    """
    if gene not in genes(base):
        raise UsageError(f"No alleles are defined for {gene!r}.", where="gene", allowed=genes(base))
    return base.load(f"alleles/{gene}.json", from_dict)


def from_dict(data: dict[str, Any]) -> GeneDefinition:
    """A definition from its compact form (``to_dict``)."""
    chromosome, columns = data["chromosome"], data["positions"]
    named = [NamedAllele(name, _cells(cells, columns)) for name, cells in data["alleles"]]
    return GeneDefinition(
        gene=data["gene"],
        chromosome=chromosome,
        source=data["source"],
        version=data["version"],
        positions=tuple(_position(chromosome, column) for column in columns),
        extra=tuple(_position(chromosome, column) for column in data["extra"]),
        alleles=tuple(named),
    )


def to_dict(made: GeneDefinition) -> dict[str, Any]:
    """The compact form that the data files have: only filled cells are written."""
    return {
        "gene": made.gene,
        "chromosome": made.chromosome,
        "source": made.source,
        "version": made.version,
        "positions": [[p.position, p.rsid, list(p.alleles), p.hgvs] for p in made.positions],
        "extra": [[p.position, p.rsid, list(p.alleles), p.hgvs] for p in made.extra],
        "alleles": [
            [
                allele.name,
                {str(i): sorted(cell) for i, cell in enumerate(allele.cells) if cell is not None},
            ]
            for allele in made.alleles
        ],
    }


def _position(chromosome: str, column: list[Any]) -> Position:
    place, rsid, alleles, hgvs = column
    return Position(chromosome, place, rsid, tuple(alleles), hgvs)


def _cells(filled: dict[str, list[int]], columns: list[Any]) -> tuple[Cell, ...]:
    cells: list[Cell] = [None] * len(columns)
    for index, allowed in filled.items():
        cells[int(index)] = frozenset(allowed)
    return tuple(cells)
