"""What a scoring file says about itself: identity, trait, genome build, kind of weights, source.

The header lines are those of the PGS Catalog's scoring files (formats 1.0 and 2.0 and the
``HmPOS`` lines of harmonised files): Lambert et al., Nature Genetics 53 (2021) 420.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

_LINE = re.compile(r"#+\s*([A-Za-z][\w .]*?)\s*=\s*(.*?)\s*")
_OLD_NAMES = {  # format 1.0 wrote its keys as words
    "pgs_name": "pgs_name",
    "reported_trait": "trait_reported",
    "original_genome_build": "genome_build",
    "number_of_variants": "variants_number",
}
_UNKNOWN = {"", "nr", "na", "n/a", "none", "unknown", "not reported"}
_BUILDS = {
    "GRCh37": ("grch37", "hg19", "b37", "37", "build37", "hs37d5"),
    "GRCh38": ("grch38", "hg38", "b38", "38", "build38"),
    "NCBI36": ("ncbi36", "hg18", "b36", "36"),
    "NCBI35": ("ncbi35", "hg17", "35"),
}
_BUILD_OF = {word: build for build, words in _BUILDS.items() for word in words}
_POPULATION_KEYS = ("ancestry", "ancestry_development", "development_ancestry", "population")


@dataclass(frozen=True)
class ScoreHeader:
    """Who a score is.

    Attributes
    ----------
    id, name, trait : the PGS Catalog's identifier (else the name, else the file's name), the
        authors' name and the trait as they report it.
    build : genome build of the positions that are used ("GRCh37", "GRCh38", ...); None if unsaid.
    harmonised : whether these are the PGS Catalog's own positions (``hm_chr``, ``hm_pos``).
    weight_type : what the weights are, as written ("beta", "log(OR)", "NR").
    variants_number : how many variants the header promises.
    citation, licence : as written.
    developed_in : population in which the score was developed; None when the file does not say,
        which is the rule: the PGS Catalog keeps it in its web pages.
    file : name of the file; fields : every header line.
    """

    id: str
    file: str
    name: str | None = None
    trait: str | None = None
    build: str | None = None
    harmonised: bool = False
    weight_type: str | None = None
    variants_number: int | None = None
    citation: str | None = None
    licence: str | None = None
    developed_in: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


def genome_build(text: str | None) -> str | None:
    """The build that a text names; an unknown word stays as it is, nothing is None.

    >>> genome_build("hg19"), genome_build("NR"), genome_build("T2T-CHM13")
    ('GRCh37', None, 'T2T-CHM13')
    """
    if text is None or text.strip().lower() in _UNKNOWN:
        return None
    word = re.sub(r"[ _]|\.p\d+$", "", text.strip().lower())
    return _BUILD_OF.get(word, text.strip())


def header_fields(lines: Sequence[str]) -> dict[str, str]:
    """``#key=value`` lines as a dictionary with lower-case keys."""
    found: dict[str, str] = {}
    for line in lines:
        if match := _LINE.fullmatch(line):
            key = re.sub(r"[ .]+", "_", match[1].strip().lower())
            found.setdefault(_OLD_NAMES.get(key, key), match[2])
    return found


def score_header(
    fields: Mapping[str, str], file: str, stem: str, *, harmonised: bool
) -> ScoreHeader:
    """Sort the header lines. ``stem`` names a score whose file does not."""

    def said(*keys: str) -> str | None:
        values = (fields[key] for key in keys if key in fields)
        return next((value for value in values if value.lower() not in _UNKNOWN), None)

    number = (said("variants_number") or "").replace(",", "")
    build = said("hmpos_build") if harmonised else said("genome_build")
    return ScoreHeader(
        id=said("pgs_id", "pgs_name") or stem,
        file=file,
        name=said("pgs_name"),
        trait=said("trait_reported", "trait_mapped"),
        build=genome_build(build),
        harmonised=harmonised,
        weight_type=said("weight_type"),
        variants_number=int(number) if number.isdecimal() else None,
        citation=said("citation"),
        licence=said("license", "licence"),
        developed_in=said(*_POPULATION_KEYS),
        fields=dict(fields),
    )


def with_own_names(headers: Sequence[ScoreHeader], stems: Sequence[str]) -> list[ScoreHeader]:
    """Two files may use one id ("custom"); results need to be told apart, so each gets its file."""
    count = Counter(header.id for header in headers)
    seen: Counter[str] = Counter()
    named = []
    for header, stem in zip(headers, stems, strict=True):
        own = header.id if count[header.id] == 1 else f"{header.id}:{stem}"
        seen[own] += 1
        named.append(replace(header, id=own if seen[own] == 1 else f"{own}:{seen[own]}"))
    return named
