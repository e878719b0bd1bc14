"""The two builds of the human genome: which one a file has, and where the wanted positions lie.

Within a gene both builds are the same sequence, moved by a constant number of bases. The table
``builds.tsv`` (made by tools/compile_builds.py) holds that number for each gene, the range in which
anchors known in both builds confirm it, and the few bases that differ. A position outside such a
range is not translated.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from nof1.core.errors import InputError, UsageError
from nof1.genome.header import BUILDS, CONTRADICTION, GRCH38, LENGTHS
from nof1.genome.places import Places
from nof1.genome.sites import Layout, Site, layout
from nof1.genome.vcf import NO_END_MARK, VariantFile, open_variants
from nof1.knowledge.alleles import definition
from nof1.knowledge.base import SHIPPED, Base

ENOUGH = 25  # positions after which the bases have spoken
FEWEST = 4
AGREEMENT = 0.9
WAY_OUT = "If you know the build, say it: --build GRCh38 (or GRCh37)."


class Shift(NamedTuple):
    """What GRCh37 has for one gene.

    Attributes
    ----------
    bases : to add to a GRCh38 position.
    first, last : GRCh38 positions of the outermost anchors.
    anchors : variants and exon ends known in both builds that confirm the number.
    """

    chromosome: str
    bases: int
    first: int
    last: int
    anchors: int


@functools.cache
def shifts(base: Base = SHIPPED) -> dict[str, Shift]:
    """The shift of each gene that GRCh37 is known for."""
    return {
        row["gene"]: Shift(
            row["chromosome"],
            int(row["shift"]),
            int(row["first"]),
            int(row["last"]),
            int(row["anchors"]),
        )
        for row in base.rows("builds.tsv")
    }


@functools.cache
def other_bases(base: Base = SHIPPED) -> dict[tuple[str, int], str]:
    """Reference bases of GRCh37 where they differ, by chromosome and GRCh38 position."""
    rows = base.rows("builds_bases.tsv")
    return {(row["chromosome"], int(row["position"])): row["ref37"] for row in rows}


def is_known(gene: str, build: str) -> bool:
    """Whether all positions of a gene can be found in this build."""
    if build == GRCH38:
        return True
    known = shifts().get(gene)
    places = [position.position for position in definition(gene).all_positions]
    return known is not None and known.first <= min(places) and max(places) <= known.last


def to_grch37(gene: str, position: int) -> int:
    """A GRCh38 position of a gene in GRCh37.

    Raises
    ------
    UsageError : the table says nothing about this place.
    """
    known = shifts().get(gene)
    if known is None or not known.first <= position <= known.last:
        raise UsageError(
            f"The place of this position in GRCh37 is not known for {gene}.",
            where=gene,
            next_step="Use a GRCh38 file for this gene.",
        )
    return position + known.bases


@functools.lru_cache(maxsize=128)
def gene_layout(gene: str, build: str) -> Layout:
    """The sites of a gene in a file of this build.

    Raises
    ------
    UsageError : the gene's place in GRCh37 is not known.
    """
    made = definition(gene)
    if build == GRCH38:
        return layout(made)
    return layout(
        made,
        lambda position: to_grch37(gene, position) - position,
        lambda position: other_bases().get((made.chromosome, position)),
    )


def wanted(genes: Iterable[str], build: str) -> Places:
    """Every place where a record can speak of a position of these genes."""
    places: dict[str, list[int]] = {}
    for gene in genes:
        own = places.setdefault(definition(gene).chromosome, [])
        for site in gene_layout(gene, build).sites:
            own += range(site.start, site.stop + 1 + site.is_indel)
    return Places(places)


def find_build(path: Path, genes: Sequence[str], given: str | None = None) -> str:
    """The build of a file: from its header; if that is silent, from its reference bases.

    Parameters
    ----------
    given : what the user says; is held against the header and the bases.

    Raises
    ------
    UsageError : ``given`` is no build.
    InputError : the file speaks of another build than ``given``, of two, or cannot be told.
    """
    if given is not None and given not in BUILDS:
        raise UsageError("This build is not known.", where="build", allowed=BUILDS)
    with open_variants(path, _both(genes)) as variants:
        named = variants.build
        if named is not None:
            _refuse_other(path, given, named, "header")
            return named
        if CONTRADICTION in variants.notes and given is None:
            raise InputError(f"In this file {CONTRADICTION}.", where=path.name, next_step=WAY_OUT)
        seen = _by_bases(variants, genes)
    if seen is not None:
        _refuse_other(path, given, seen, "reference bases")
    found = given or seen
    if found is None:
        raise InputError(
            "Which build of the genome this file has cannot be told: the header does not say, and "
            "too few reference bases at known positions decide it.",
            where=path.name,
            allowed=BUILDS,
            next_step=WAY_OUT,
        )
    return found


def _refuse_other(path: Path, given: str | None, found: str, source: str) -> None:
    if given is not None and given != found:
        raise InputError(
            f"You say the file is {given}, but by its {source} it is {found}.",
            where=path.name,
            next_step=f"Leave --build out, or correct the file's {source}.",
        )


def _both(genes: Sequence[str]) -> Places:
    return Places(
        {
            definition(gene).chromosome: [
                site.start
                for gene_too in genes
                if definition(gene_too).chromosome == definition(gene).chromosome
                for build in BUILDS
                if is_known(gene_too, build)
                for site in _single(gene_too, build)
            ]
            for gene in genes
        }
    )


def _single(gene: str, build: str) -> list[Site]:
    return [site for site in gene_layout(gene, build).sites if not site.is_indel]


def confirm_build(path: Path, genes: Sequence[str], build: str) -> None:
    """Refuse to read silence as the reference where nothing shows that the build is right.

    In a file of the other build no record lies at a needed position: everybody would be normal.
    The lengths of the header's contigs, or reference bases at needed positions, show the build; a
    name in the header or a word of the user does not.

    Raises
    ------
    InputError : the bases are those of the other build, nothing is there to tell, or the end of the
        file is missing.
    """
    with open_variants(path, _both(genes)) as variants:
        lengths = variants.contigs.items()
        measured = any(LENGTHS[build].get(name) == length for name, length in lengths)
        if NO_END_MARK in variants.notes:
            raise InputError(
                f"No position may count as the reference: {NO_END_MARK}.",
                where=path.name,
                next_step="Copy the file again, or leave --assume-reference out.",
            )
        same = Counter[str]()
        for same, _ in _compared(variants, genes):
            if same[build] >= FEWEST and same[build] == max(same.values()):
                return
    if same[build] < max(same.values(), default=0) or not (same[build] or measured):
        raise InputError(
            f"Nothing shows that this file is {build}: no position may count as the reference only "
            "because it has no record.",
            where=path.name,
            next_step="Leave --assume-reference out, or check the build and use a file whose "
            "header has the lengths of the chromosomes.",
        )


def _by_bases(variants: VariantFile, genes: Sequence[str]) -> str | None:
    """The build whose reference bases the file has, if that is clear."""
    same, other = Counter[str](), Counter[str]()
    for same, other in _compared(variants, genes):
        decided = [build for build in BUILDS if _fits(same[build], other[build], ENOUGH)]
        if len(decided) == 1:
            break
    fits = [build for build in BUILDS if _fits(same[build], other[build], FEWEST)]
    return fits[0] if len(fits) == 1 else None


def _compared(
    variants: VariantFile, genes: Sequence[str]
) -> Iterator[tuple[Counter[str], Counter[str]]]:
    """After each record: how often REF was, and was not, the base of each build."""
    expected = {
        build: {
            (definition(gene).chromosome, site.start): site.local
            for gene in genes
            if is_known(gene, build)
            for site in _single(gene, build)
        }
        for build in BUILDS
    }
    same, other = Counter[str](), Counter[str]()
    for record in variants:
        for build in BUILDS:
            letter = expected[build].get((record.chromosome, record.position))
            if letter is not None:
                (same if record.ref.startswith(letter) else other)[build] += 1
        yield same, other


def _fits(same: int, other: int, fewest: int) -> bool:
    return same >= fewest and same >= AGREEMENT * (same + other)
