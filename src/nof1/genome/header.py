"""What the header of a VCF or BCF says: samples, contigs, and the build of the genome.

Reference: VCF 4.3 specification, sections 1.2 to 1.5.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from nof1.core.errors import InputError
from nof1.genome.places import chromosome_name

GRCH38, GRCH37 = "GRCh38", "GRCh37"
BUILDS = (GRCH38, GRCH37)
FIXED = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO")

# Bases of each chromosome (Genome Reference Consortium). No length occurs in both builds.
_ORDER = [f"chr{name}" for name in (*range(1, 23), "X", "Y")]
_LENGTHS_38 = (
    248956422, 242193529, 198295559, 190214555, 181538259, 170805979, 159345973, 145138636,
    138394717, 133797422, 135086622, 133275309, 114364328, 107043718, 101991189, 90338345,
    83257441, 80373285, 58617616, 64444167, 46709983, 50818468, 156040895, 57227415,
)  # fmt: skip
_LENGTHS_37 = (
    249250621, 243199373, 198022430, 191154276, 180915260, 171115067, 159138663, 146364022,
    141213431, 135534747, 135006516, 133851895, 115169878, 107349540, 102531392, 90354753,
    81195210, 78077248, 59128983, 63025520, 48129895, 51304566, 155270560, 59373566,
)  # fmt: skip
LENGTHS = {
    GRCH38: dict(zip(_ORDER, _LENGTHS_38, strict=True)),
    GRCH37: dict(zip(_ORDER, _LENGTHS_37, strict=True)),
}
_NAMES = {
    GRCH38: re.compile(r"grch38|hg38|hs38|b38(?!\d)|gca_000001405\.(1[5-9]|2\d)", re.IGNORECASE),
    GRCH37: re.compile(
        r"grch37|hg19|hs37|b37(?!\d)|human_g1k_v37|gca_000001405\.([1-9]|1[0-4])(?!\d)",
        re.IGNORECASE,
    ),
}
_ENTRY = re.compile(r"(\w+)=(\"(?:[^\"\\]|\\.)*\"|[^,<>]*)")
CONTRADICTION = "the header speaks of two builds of the genome"


@dataclass(frozen=True)
class Header:
    """What the header says.

    Attributes
    ----------
    build : "GRCh38", "GRCh37", or None: it does not say, or contradicts itself (then a note).
    contigs : length in bases, or None, by the normalised name of the chromosome.
    notes : what is strange, with counts.
    """

    samples: tuple[str, ...]
    build: str | None
    contigs: dict[str, int | None]
    notes: Counter[str] = field(default_factory=Counter)


def parse_header(lines: Sequence[bytes], where: str) -> Header:
    """Read the lines from ``##fileformat`` to ``#CHROM``.

    Raises
    ------
    InputError : this is no VCF; the line of column names is missing or wrong; a sample has no name,
        or two have the same.
    """
    texts = [line.rstrip(b"\r\n").decode("utf-8", "replace") for line in lines]
    if not texts or not texts[-1].startswith("#CHROM"):
        raise InputError(
            "This is no VCF: the line of column names (#CHROM, POS, ...) was not found.",
            where=f"{where}, line {len(texts) + 1}",
            allowed="VCF 4 text, or BCF 2",
        )
    notes: Counter[str] = Counter()
    if not texts[0].startswith("##fileformat=VCF"):
        notes["the first line names no version of VCF"] += 1
    samples = _samples(texts[-1], f"{where}, line {len(texts)}")
    contigs = _contigs(texts)
    build = _build(texts, contigs, notes)
    return Header(samples, build, contigs, notes)


def _samples(line: str, where: str) -> tuple[str, ...]:
    columns = line.split("\t")
    if tuple(columns[:8]) != FIXED or (len(columns) > 8 and columns[8] != "FORMAT"):
        raise InputError(
            "The columns of this VCF are not named as they should be.",
            where=where,
            allowed=[*FIXED, "FORMAT", "then the samples, separated by tabs"],
            next_step="Check that columns are separated by tabs, not by spaces.",
        )
    samples = tuple(columns[9:])
    empty = sum(not name.strip() for name in samples)
    if empty:
        raise InputError(
            f"{empty} of {len(samples)} samples have no name.",
            where=where,
            next_step="Name every sample; look for a tab at the end of the line.",
        )
    if twice := len(samples) - len(set(samples)):
        raise InputError(
            f"{twice} samples have a name that another sample has too.",
            where=where,
            next_step="Give each sample its own name.",
        )
    return samples


def entries(line: str) -> dict[str, str]:
    """The entries of a structured line: ``##contig=<ID=chr1,length=5>``."""
    inside = line.partition("<")[2].removesuffix(">")
    return {key: value.strip('"') for key, value in _ENTRY.findall(inside)}


def _contigs(lines: Iterable[str]) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    for line in lines:
        if line.startswith("##contig=<"):
            given = entries(line)
            length = given.get("length", "")
            if "ID" in given:
                known = int(length) if length.isascii() and length.isdigit() else None
                found[chromosome_name(given["ID"])] = known
    return found


def _build(lines: Sequence[str], contigs: dict[str, int | None], notes: Counter[str]) -> str | None:
    """Lengths of chromosomes are facts and come first; names of files come second."""
    spoken = [line for line in lines if line.startswith(("##reference", "##contig", "##assembly"))]
    named = {build for build in BUILDS if any(_NAMES[build].search(line) for line in spoken)}
    measured = {
        build
        for build in BUILDS
        if any(LENGTHS[build].get(name) == length for name, length in contigs.items() if length)
    }
    if len(measured | named) > 1:
        notes[CONTRADICTION] += 1
        return None
    return next(iter(measured | named), None)
