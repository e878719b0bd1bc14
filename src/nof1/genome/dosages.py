"""How many copies of which allele each person carries, at the wanted places of a genotype file.

From VCF and BCF, PLINK 1 (.bed with .bim and .fam) and PLINK 2 (.pgen with .pvar and .psam). Only
hard calls are read: 0, 1 or 2 copies, or missing. A haploid call counts twice, as PLINK does for
the X chromosome of men by default, so that all three formats give the same numbers.

A site with several alternative alleles has one row for each, and one more row that counts the
reference allele, since 2 minus one alternative is not the reference there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from nof1.core.errors import InputError
from nof1.record.reading import require_regular

Copies = npt.NDArray[np.int8]
MISSING = -1
ALLELE_SCHEMA = {
    "chromosome": pl.String,
    "position": pl.Int64,
    "id": pl.String,
    "ref": pl.String,
    "alt": pl.String,
}
TWICE = "variants that stand twice in the file: the first was taken"
HAPLOID = "haploid calls: counted as two copies"
MIXED = "half-called or damaged genotypes: taken as missing"
FILTERED = "variants that failed a filter of the file: used all the same"
PLINK_1, PLINK_2 = (".bed", ".bim", ".fam"), (".pgen", ".pvar", ".psam")


@dataclass(frozen=True)
class Wanted:
    """Which variants to read: positions (1-based) by chromosome, and rsIDs without a position."""

    positions: Mapping[str, Sequence[int]]
    ids: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Dosages:
    """Copies of alleles.

    Attributes
    ----------
    file : name of the file; samples : names in file order.
    variants : one row for each row of ``copies``: ``chromosome`` ("chr1"), ``position``, ``id``,
        ``ref``, ``alt`` (the counted allele; missing when the file knows no alternative),
        ``ref_row`` (where the reference allele is counted; missing means 2 minus this row).
        Rows that count a reference allele stand at the end, their ``alt`` is missing and
        ``counts_ref`` is true.
    copies : (variants, samples), 0 to 2, or -1 for missing.
    build : genome build that the file speaks of ("GRCh37"); None when it does not.
    notes : what was noticed, and how often.
    """

    file: str
    samples: tuple[str, ...]
    variants: pl.DataFrame
    copies: Copies
    build: str | None = None
    notes: Mapping[str, int] = field(default_factory=dict)


def read_dosages(path: str | Path, wanted: Wanted) -> Dosages:
    """Read the wanted variants of all samples.

    Parameters
    ----------
    path : a VCF or BCF; one file of a PLINK set, or the name that the set's files share.

    Raises
    ------
    InputError : a file is missing, cut off or not what its name promises.
    MissingExtra : BED and PGEN need the extra ``genome``.
    """
    from nof1.genome import plinkfiles, vcfdosages

    path = Path(path)
    suffixes = _suffixes(path)
    if suffixes is None:
        require_regular(path)
        return vcfdosages.read(path, wanted)
    own = path.suffix if path.suffix in (*suffixes, ".zst") else ""
    stem = path.with_name(path.name.removesuffix(own).removesuffix(".pvar")) if own else path
    members = [_member(stem, suffix) for suffix in suffixes]
    reader = plinkfiles.read_bed if suffixes == PLINK_1 else plinkfiles.read_pgen
    return reader(members[0], members[1], members[2], wanted)


def _suffixes(path: Path) -> tuple[str, str, str] | None:
    """The suffixes of the PLINK set that a path belongs to; None for anything else."""
    for suffixes in (PLINK_2, PLINK_1):
        if path.suffix in suffixes or path.name.endswith(f"{suffixes[1]}.zst"):
            return suffixes
        if not path.is_file() and path.with_name(path.name + suffixes[0]).is_file():
            return suffixes
    return None


def _member(stem: Path, suffix: str) -> Path:
    """One file of a PLINK set; the list of variants of PLINK 2 may be packed with zstd."""
    path = stem.with_name(stem.name + suffix)
    packed = stem.with_name(f"{stem.name}{suffix}.zst")
    if suffix == ".pvar" and packed.is_file() and not path.is_file():
        return packed
    if not path.is_file():
        raise InputError(
            f"The file {path.name} is missing; a PLINK set has three files of one name.",
            where=stem.name,
            allowed=" with ".join(PLINK_1) + ", or " + " with ".join(PLINK_2),
            next_step=f"Put {path.name} beside the others.",
        )
    require_regular(path)
    return path


def assemble(
    file: str,
    samples: tuple[str, ...],
    variants: pl.DataFrame,
    copies: Copies,
    *,
    build: str | None = None,
    notes: Mapping[str, int] | None = None,
) -> Dosages:
    """Leave out repeated variants and count the reference allele where there are several others.

    ``variants`` has the columns of ``ALLELE_SCHEMA``, ``copies`` (variants, samples) the copies of
    ``alt``.
    """
    found = dict(notes or {})
    key = pl.struct("chromosome", "position", "ref", "alt")
    first = variants.select(key.is_first_distinct()).to_series().to_numpy()
    if not first.all():
        found[TWICE] = int((~first).sum())
        variants, copies = variants.filter(pl.Series(first)), copies[first]
    variants = variants.with_columns(
        pl.lit(None, pl.Int64).alias("ref_row"), pl.lit(False).alias("counts_ref")
    )
    site = pl.struct("chromosome", "position", "ref")
    several = variants.with_row_index("row").filter(site.len().over(site) > 1)
    groups = several.group_by("chromosome", "position", "ref", maintain_order=True).agg("row")
    if groups.height:
        variants, copies = _with_references(variants, copies, groups)
    variants = variants.with_columns(pl.col("ref").str.to_uppercase())
    return Dosages(file, samples, variants, copies, build, found)


def _with_references(
    variants: pl.DataFrame, copies: Copies, groups: pl.DataFrame
) -> tuple[pl.DataFrame, Copies]:
    """Add one row for each site with several alternatives: the copies of its reference allele."""
    place = np.full(len(variants), -1, np.int64)
    added = np.empty((groups.height, copies.shape[1]), np.int8)
    for number, rows in enumerate(groups["row"].to_list()):
        own = copies[rows]
        rest = 2 - own.sum(axis=0, dtype=np.int16)
        added[number] = np.where((own < 0).any(axis=0) | (rest < 0), MISSING, rest)
        place[rows] = len(variants) + number
    refs = groups.select("chromosome", "position", "ref").with_columns(
        pl.lit(None, pl.String).alias("id"),
        pl.lit(None, pl.String).alias("alt"),
        pl.lit(None, pl.Int64).alias("ref_row"),
        pl.lit(True).alias("counts_ref"),
    )
    variants = variants.with_columns(
        ref_row=pl.when(pl.Series(place) >= 0).then(pl.Series(place)).otherwise(None)
    )
    return pl.concat([variants, refs.select(variants.columns)]), np.concatenate([copies, added])
