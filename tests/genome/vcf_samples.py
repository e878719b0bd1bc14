"""Small VCF files made by hand, and large ones that hold every position of the definitions."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from nof1.genome.builds import gene_layout, to_grch37
from nof1.genome.genotypes import Flag, read_calls
from nof1.genome.header import LENGTHS
from nof1.knowledge.alleles import Position, definition, genes
from nof1.synthetic.vcf import write_bgzf

COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"


def header(
    samples: Sequence[str] = ("s1",), build: str | None = "GRCh38", extra: Sequence[str] = ()
) -> str:
    """The lines down to #CHROM, with contigs of the build (none: a silent header)."""
    lengths = LENGTHS[build] if build else {}
    contigs = [f"##contig=<ID={name},length={length}>" for name, length in lengths.items()]
    names = "\t".join([COLUMNS, "FORMAT", *samples]) if samples else COLUMNS
    return "\n".join(["##fileformat=VCFv4.2", *contigs, *extra, names]) + "\n"


def line(
    place: str,
    ref: str,
    alt: str,
    *calls: str,
    form: str = "GT",
    filters: str = "PASS",
    info: str = ".",
) -> str:
    """One line: ``line("chr10:94781859", "G", "A", "0/1")``."""
    chromosome, position = place.rsplit(":", 1)
    fixed = [chromosome, position, ".", ref, alt, ".", filters, info]
    return "\t".join([*fixed, form, *calls] if calls else fixed) + "\n"


def write(folder: Path, text: str | bytes, packed: str = "plain") -> Path:
    """Write text as a plain, gzip or bgzip file; the name says nothing about it."""
    path = folder / "variants"
    content = text.encode() if isinstance(text, str) else text
    if packed == "bgzip":
        write_bgzf(path, [content])
    else:
        path.write_bytes(gzip.compress(content) if packed == "gzip" else content)
    return path


def all_positions(names: Iterable[str] = ()) -> list[tuple[str, int, Position]]:
    """Gene, column and position, sorted by chromosome and place."""
    found = [
        (gene, column, position)
        for gene in (names or genes())
        for column, position in enumerate(definition(gene).all_positions)
    ]
    return sorted(found, key=lambda each: (each[2].chromosome, each[2].position))


def every_position(
    call: Callable[[str, int, Position], Sequence[str]],
    samples: Sequence[str] = ("s1",),
    build: str = "GRCh38",
    names: Iterable[str] = (),
    head: str | None = None,
) -> str:
    """A VCF with one line for each position; ``call`` gives the genotypes of all samples."""
    lines = [head or header(samples, build)]
    for gene, column, position in all_positions(names):
        ref, alts, place = position.alleles[0], position.alleles[1:], position.position
        if build == "GRCh37":
            place = to_grch37(gene, place)
            site = next((s for s in gene_layout(gene, build).sites if s.column == column), None)
            if site is not None and not site.is_indel and site.local != ref:
                ref = site.local
                alts = tuple(allele for allele in position.alleles if allele != ref)
        calls = call(gene, column, position)
        lines.append(line(f"{position.chromosome}:{place}", ref, ",".join(alts) or ".", *calls))
    return "".join(lines)


# CYP2C19: rs4244285 (*2) G>A; rs12248560 (*17) C>T; rs4986893 (*3) G>A. TPMT: rs1142345 T>C,G
TWO, SEVENTEEN, THREE = "chr10:94781859", "chr10:94761900", "chr10:94780653"
TPMT = "chr6:18130687"


class Read:
    """What came out of a file, by place."""

    def __init__(self, path, **options):
        self.calls = read_calls(path, **options)
        self.genes = {gene.gene: gene for gene in self.calls}
        self.notes = self.calls.notes

    def at(self, place: str, sample: int = 0) -> tuple[list[int], int, Flag]:
        """Alleles, phase and flags at a place."""
        for gene, column, position in all_positions(self.genes):
            if f"{position.chromosome}:{position.position}" == place:
                own = self.genes[gene]
                return (
                    own.alleles[sample, column].tolist(),
                    int(own.phase[sample, column]),
                    Flag(int(own.flags[sample, column])),
                )
        raise AssertionError(f"no position {place}")


def read(folder, body, people=("s1",), **options):
    """Read a GRCh38 file with these lines."""
    options.setdefault("genes", ["CYP2C19"])
    return Read(write(folder, header(people) + body), **options)
