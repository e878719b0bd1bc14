"""Writing genotypes: a multi-sample VCF 4.3 in BGZF blocks, and a PGS Catalog scoring file.

References: VCF 4.3 and SAM/BGZF specifications (samtools.github.io/hts-specs), PGS Catalog scoring
file format 2.0.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nof1.synthetic.genes import SCORE_ID, Dosages, PolygenicScore

FIXED_COLUMNS = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT")
BLOCK_BYTES = 65_280
END_OF_FILE = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
NO_COPY = -1

# Lengths of the chromosomes of GRCh38, which the header must name.
CONTIG_LENGTHS = dict(
    zip(
        [f"chr{number}" for number in (*range(1, 23), "X")],
        (
            248956422, 242193529, 198295559, 190214555, 181538259, 170805979, 159345973, 145138636,
            138394717, 133797422, 135086622, 133275309, 114364328, 107043718, 101991189, 90338345,
            83257441, 80373285, 58617616, 64444167, 46709983, 50818468, 156040895,
        ),
        strict=True,
    )
)  # fmt: skip


class Line(NamedTuple):
    """One position of a VCF and its genotypes.

    Attributes
    ----------
    alts : the other alleles; calls : (samples, 2), 0 is ``ref``, 1 the first of ``alts``;
        ``NO_COPY`` in the second column where there is one copy.
    """

    chromosome: str
    position: int
    name: str
    ref: str
    alts: tuple[str, ...]
    calls: Dosages


def write_vcf(
    path: Path, samples: Sequence[str], lines: Iterable[Line], *, phased: bool = True
) -> None:
    """Write genotypes, sorted by place; unphased ones with the lower allele first."""
    write_bgzf(path, _text(samples, lines, phased))


def _text(samples: Sequence[str], lines: Iterable[Line], phased: bool) -> Iterator[bytes]:
    yield _header(samples).encode()
    order = list(CONTIG_LENGTHS)
    for line in sorted(lines, key=lambda one: (order.index(one.chromosome), one.position)):
        fixed = [line.chromosome, str(line.position), line.name, line.ref, ",".join(line.alts)]
        words = _genotypes(len(line.alts), phased)
        calls = words[line.calls[:, 0], line.calls[:, 1]].tolist()
        yield ("\t".join([*fixed, ".", "PASS", ".", "GT", *calls]) + "\n").encode()


def _genotypes(alts: int, phased: bool) -> np.ndarray:
    """(alleles, alleles + 1) words of genotypes; the last column, index -1, is for one copy."""
    words = [["" for _ in range(alts + 2)] for _ in range(alts + 1)]
    for one, two in product(range(alts + 1), repeat=2):
        words[one][two] = f"{one}|{two}" if phased else f"{min(one, two)}/{max(one, two)}"
    for one in range(alts + 1):
        words[one][NO_COPY] = str(one)
    return np.array(words)


def _header(samples: Sequence[str]) -> str:
    contigs = [
        f"##contig=<ID={name},length={length},assembly=GRCh38>"
        for name, length in CONTIG_LENGTHS.items()
    ]
    lines = [
        "##fileformat=VCFv4.3",
        "##source=nof1-synthetic-hospital",
        "##note=Synthetic genotypes. No real person.",
        "##reference=GRCh38",
        *contigs,
        '##FILTER=<ID=PASS,Description="All filters passed">',
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
        "\t".join([*FIXED_COLUMNS, *samples]),
    ]
    return "\n".join(lines) + "\n"


def write_bgzf(path: Path, pieces: Iterable[bytes]) -> None:
    """Write bytes as BGZF: gzip members of at most 64 KiB that say how long they are."""
    waiting = bytearray()
    with path.open("wb") as file:
        for piece in pieces:
            waiting += piece
            while len(waiting) >= BLOCK_BYTES:
                file.write(bgzf_block(bytes(waiting[:BLOCK_BYTES])))
                del waiting[:BLOCK_BYTES]
        if waiting:
            file.write(bgzf_block(bytes(waiting)))
        file.write(END_OF_FILE)


def bgzf_block(content: bytes) -> bytes:
    """One gzip member with the extra field ``BC`` that holds its size."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    packed = packer.compress(content) + packer.flush()
    head = b"\x1f\x8b\x08\x04" + bytes(4) + b"\x00\xff\x06\x00BC\x02\x00"
    size = len(head) + 2 + len(packed) + 8 - 1
    tail = struct.pack("<II", zlib.crc32(content), len(content))
    return head + struct.pack("<H", size) + packed + tail


def write_scoring_file(path: Path, score: PolygenicScore) -> None:
    """Write the score's weights in the format of the PGS Catalog."""
    head = [
        "###PGS CATALOG SCORING FILE - see www.pgscatalog.org/downloads/#dl_ftp for the format",
        "#format_version=2.0",
        f"#pgs_id={SCORE_ID}",
        "#pgs_name=synthetic_coronary_score",
        "#trait_reported=Coronary artery disease (synthetic)",
        "#genome_build=GRCh38",
        f"#variants_number={len(score.variants)}",
        "#weight_type=log(HR)",
        "#citation=Synthetic; no study",
        "rsID\tchr_name\tchr_position\teffect_allele\tother_allele\teffect_weight",
    ]
    rows = [
        f"{v.name}\t{v.chromosome[3:]}\t{v.position}\t{v.alt}\t{v.ref}\t{weight:.4f}"
        for v, weight in zip(score.variants, score.weights, strict=True)
    ]
    path.write_text("\n".join([*head, *rows]) + "\n", encoding="utf-8", newline="\n")
