"""From a genotype file to calls at the positions of the star alleles, gene by gene.

    calls = read_calls("cohort.vcf.gz")
    for gene in calls: gene.alleles  # (samples, positions, 2)

A gene is handed out as soon as its chromosome is done, so memory holds the genes of one chromosome
at most. Nothing is ever taken for the reference unless a record says so, or ``assume_reference`` is
asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from nof1.core.errors import InputError, UsageError
from nof1.genome.builds import confirm_build, find_build, gene_layout, is_known, wanted
from nof1.genome.collecting import Collected
from nof1.genome.genecalls import ABSENT, MISSING, OTHER, Flag, GeneCalls
from nof1.genome.header import GRCH37, GRCH38
from nof1.genome.sites import Layout
from nof1.genome.vcf import VariantFile, open_variants
from nof1.knowledge.alleles import definition
from nof1.knowledge.alleles import genes as all_genes

__all__ = ["ABSENT", "MISSING", "OTHER", "Calls", "Flag", "GeneCalls", "read_calls"]

ASSUMED = "positions without a record count as the reference, as you asked (assume_reference)"
FEW_STRANGE = 3  # so many records with a wrong REF, and more than fit: it is another build


class Calls:
    """The genes of a file; iterating reads the file and gives every gene once.

    Attributes
    ----------
    samples : in file order.
    build : "GRCh38" or "GRCh37".
    notes : what was strange, with counts; complete after the last gene.
    """

    def __init__(
        self, path: Path, genes: Sequence[str], samples: Sequence[str] | None, build: str | None
    ) -> None:
        self.path, self.genes = path, tuple(genes)
        self._chosen = samples
        self.assume_reference = False
        self.build = find_build(path, self.genes, build)
        self.notes: Counter[str] = Counter()
        with self._open([]) as variants:
            self.samples = variants.samples
        if not self.samples:
            raise InputError(
                "The file has no samples.",
                where=path.name,
                allowed="a VCF or BCF with at least one column of genotypes",
            )
        self._known = [gene for gene in self.genes if is_known(gene, self.build)]

    def _open(self, genes: Sequence[str]) -> VariantFile:
        return open_variants(self.path, wanted(genes, self.build), self._chosen)

    def __iter__(self) -> Iterator[GeneCalls]:
        self.notes.clear()
        if self.assume_reference:
            self.notes[ASSUMED] += 1
        left = list(self.genes)
        fitting = strange = 0
        with self._open(self._known) as variants:
            self._chromosome = ""
            open_genes: list[Collected] = []
            for record in variants:
                if record.chromosome != self._chromosome:
                    yield from self._done(open_genes, variants, left)
                    open_genes = self._begin(record.chromosome, record.line, left)
                for gene in open_genes:
                    before = gene.fitting, gene.strange
                    gene.add(record, self.notes)
                    fitting += gene.fitting - before[0]
                    strange += gene.strange - before[1]
                if strange >= FEW_STRANGE and strange > fitting:
                    raise self._other_build()
            yield from self._done(open_genes, variants, left)
            for name in list(left):
                yield from self._done([self._collected(name)], variants, left)
            self.notes.update(variants.notes)

    def _begin(self, chromosome: str, line: int, left: list[str]) -> list[Collected]:
        self._chromosome = chromosome
        own = [name for name in self._known if definition(name).chromosome == chromosome]
        if set(own) - set(left):
            raise InputError(
                f"The records of {chromosome} do not stand together.",
                where=f"{self.path.name}, line {line}",
                next_step="Sort the file by chromosome and position.",
            )
        return [self._collected(name) for name in own]

    def _collected(self, name: str) -> Collected:
        nowhere = Layout((), len(definition(name).all_positions), {})
        placed = gene_layout(name, self.build) if name in self._known else nowhere
        return Collected(definition(name), placed, len(self.samples))

    def _done(
        self, finished: list[Collected], variants: VariantFile, left: list[str]
    ) -> Iterator[GeneCalls]:
        while finished:
            one = finished.pop(0)
            name, chromosome = one.gene.gene, one.gene.chromosome
            left.remove(name)
            if name not in self._known:
                self.notes[f"{name}: its place in {self.build} is not known (all missing)"] += 1
            elif chromosome not in variants.seen:
                self.notes[f"{name}: the file has no record of {chromosome} (all missing)"] += 1
            assumed = self.assume_reference and chromosome in variants.seen
            yield one.finished(assume_reference=assumed)

    def _other_build(self) -> InputError:
        other = GRCH37 if self.build == GRCH38 else GRCH38
        return InputError(
            f"The reference bases of this file are not those of {self.build}.",
            where=self.path.name,
            allowed=f"a file of {self.build} whose REF column is the reference",
            next_step=f"Check whether it is {other}, or whether REF and ALT were exchanged.",
        )


def read_calls(
    path: Path | str,
    genes: Sequence[str] | None = None,
    *,
    samples: Sequence[str] | None = None,
    build: str | None = None,
    assume_reference: bool = False,
) -> Calls:
    """Read the genotypes at the positions of the star alleles.

    Parameters
    ----------
    genes : None reads all genes with a definition.
    samples : read only these.
    build : "GRCh38" or "GRCh37" where the file does not tell; is held against what it tells.
    assume_reference : positions that no record speaks of count as the reference, on chromosomes of
        which the file has any record. For files that were written with variants only, and where all
        positions are known to be covered. Phase is not touched.

    Raises
    ------
    InputError : the file is no VCF or BCF, has no samples, is damaged, or its build is not known or
        another than ``build``, or is not shown by anything while references are to be assumed;
        while iterating also for a damaged line.
    UsageError : an unknown gene, sample or build.
    """
    chosen = all_genes() if genes is None else tuple(dict.fromkeys(genes))
    if unknown := [gene for gene in chosen if gene not in all_genes()]:
        raise UsageError(
            f"No alleles are defined for {unknown[0]!r}.", where="genes", allowed=all_genes()
        )
    calls = Calls(Path(path), chosen, samples, build)
    if assume_reference:
        confirm_build(calls.path, all_genes(), calls.build)
    calls.assume_reference = assume_reference
    return calls
