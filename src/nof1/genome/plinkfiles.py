"""Copies of alleles from PLINK 1 and PLINK 2 files; see ``nof1.genome.dosages``.

The lists of variants and samples are read here; the genotypes by ``bed-reader`` (Apache-2.0) and
``pgenlib`` (LGPL-3.0), both of the optional extra ``genome``. PLINK 1 does not say which allele is
the reference: A2 is taken for it, as PLINK 2 does.

References: PLINK 1.9 and 2.0 file format descriptions (.bed, .bim, .fam, .pgen, .pvar, .psam).
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from nof1.core.errors import InputError
from nof1.core.extras import require
from nof1.genome.chromosomes import chromosome_names
from nof1.genome.dosages import ALLELE_SCHEMA, Copies, Dosages, Wanted, assemble
from nof1.genome.header import LENGTHS, entries
from nof1.genome.places import chromosome_name

EXTRA = "genome"
BED_MARK = b"\x6c\x1b\x01"  # PLINK 1, one variant after another
IMPUTED = "the file carries imputed dosages: the hard calls were taken"
AGAIN = "Copy the three files again; they must come from one run of PLINK."
LOOKED_AT = 64  # variants looked at for imputed dosages
NO_ALLELE = ("0", ".", "")
BIM = ("chromosome", "id", "cm", "position", "alt", "ref")
PVAR = ("chromosome", "position", "id", "ref", "alt")
FAM = ("fid", "iid", "father", "mother", "sex", "phenotype")
_NAMES = {"#CHROM": "chromosome", "POS": "position", "ID": "id", "REF": "ref", "ALT": "alt"}
_NAMES |= {"#FID": "fid", "#IID": "iid", "FID": "fid", "IID": "iid"}

Indices = npt.NDArray[np.int64]


def read_bed(bed: Path, bim: Path, fam: Path, wanted: Wanted) -> Dosages:
    """PLINK 1: A1 is the counted allele.

    Raises
    ------
    InputError : the files do not belong together, or are cut off.
    MissingExtra : ``bed-reader`` is not installed.
    """
    library = require("bed_reader", EXTRA)
    variants, samples = _variants(bim, BIM)[0], _samples(fam)
    rows = _rows(variants, wanted)
    size = len(BED_MARK) + (len(samples) + 3) // 4 * len(variants)
    with bed.open("rb") as file:
        mark = file.read(len(BED_MARK))
    if mark != BED_MARK or bed.stat().st_size != size:
        raise _other_size(bed, variants, samples, f"{size:,} bytes, variants one after another")
    with library.open_bed(
        bed, iid_count=len(samples), sid_count=len(variants), skip_format_check=True
    ) as opened:
        read = opened.read(np.s_[:, rows], dtype="int8", num_threads=1)
    copies = np.ascontiguousarray(np.where(read < 0, -1, read).astype(np.int8).T)
    return assemble(bed.name, samples, _alleles(variants[rows]), copies)


def read_pgen(pgen: Path, pvar: Path, psam: Path, wanted: Wanted) -> Dosages:
    """PLINK 2; a variant with several alternatives gives one row for each.

    Raises
    ------
    InputError : the files do not belong together, or are cut off.
    MissingExtra : ``pgenlib`` is not installed.
    """
    library = require("pgenlib", EXTRA)
    (variants, build), samples = _variants(pvar, PVAR), _samples(psam)
    rows = _rows(variants, wanted)
    alts = variants["alt"].fill_null(".").str.split(",")
    starts = np.concatenate([[0], np.cumsum(1 + alts.list.len().to_numpy())]).astype(np.uintp)
    several = int(starts[-1]) > 2 * len(variants)
    try:
        reader = library.PgenReader(
            os.fsencode(pgen),
            raw_sample_ct=len(samples),
            variant_ct=len(variants),
            allele_idx_offsets=starts if several else None,
        )
        copies = _read_alleles(reader, rows, alts[rows].list.len().to_numpy(), len(samples))
        notes = {IMPUTED: 1} if _imputed(reader, rows, len(samples)) else {}
        reader.close()
    except RuntimeError:  # its message holds the whole path
        raise _other_size(pgen, variants, samples, None) from None
    table = variants[rows].with_columns(alt=alts[rows]).explode("alt")
    return assemble(pgen.name, samples, _alleles(table), copies, build=build, notes=notes)


def _read_alleles(reader: Any, rows: Indices, alternatives: Indices, samples: int) -> Copies:
    """Copies of each alternative, variant after variant."""
    copies = np.empty((int(alternatives.sum()), samples), np.int8)
    firsts = np.cumsum(alternatives) - alternatives
    for allele in range(1, int(alternatives.max(initial=0)) + 1):
        own = np.flatnonzero(alternatives >= allele)
        read = np.empty((len(own), samples), np.int8)
        reader.read_list(rows[own].astype(np.uint32), read, allele_idx=allele)
        copies[firsts[own] + allele - 1] = read
    return np.where(copies < 0, -1, copies).astype(np.int8)


def _imputed(reader: Any, rows: Indices, samples: int) -> bool:
    some = rows[:LOOKED_AT].astype(np.uint32)
    dosages = np.empty((len(some), samples), np.float32)
    if len(some):
        reader.read_dosages_list(some, dosages)
    return bool((dosages != np.rint(dosages)).any())


def _variants(path: Path, columns: tuple[str, ...]) -> tuple[pl.DataFrame, str | None]:
    """The list of variants with columns of ``ALLELE_SCHEMA``, and the build it speaks of."""
    table, comments = _table(path, columns, "#CHROM")
    position = table["position"].cast(pl.Int64, strict=False)
    short = table["ref"].is_null() | table["alt"].is_null() | position.is_null()
    if short.any():
        raise InputError(
            f"{int(short.sum()):,} variants have no position or no alleles.",
            where=f"{path.name}, line {len(comments) + int(short.arg_max() or 0) + 1}",
            allowed=list(columns),
            next_step=AGAIN,
        )
    chromosome = chromosome_names(table["chromosome"])
    lengths = [entries(line) for line in comments if line.startswith("##contig=<")]
    builds = {
        build
        for build, known in LENGTHS.items()
        for entry in lengths
        if str(known.get(chromosome_name(entry.get("ID", "")))) == entry.get("length")
    }
    table = table.with_columns(chromosome=chromosome, position=position)
    return table.select(*ALLELE_SCHEMA), builds.pop() if len(builds) == 1 else None


def _alleles(table: pl.DataFrame) -> pl.DataFrame:
    """Upper-case alleles, missing where PLINK writes that there is none."""
    alt = pl.when(~pl.col("alt").is_in(NO_ALLELE)).then(pl.col("alt").str.to_uppercase())
    name = pl.when(pl.col("id") != ".").then("id")
    return table.with_columns(pl.col("ref").str.to_uppercase(), alt=alt, id=name)


def _rows(variants: pl.DataFrame, wanted: Wanted) -> Indices:
    """Which variants are wanted, by place or by name."""
    found = pl.Series([False]).new_from_index(0, len(variants))
    for chromosome, positions in wanted.positions.items():
        asked = pl.Series(list(positions), dtype=pl.Int64).implode()
        found |= (variants["chromosome"] == chromosome) & variants["position"].is_in(asked)
    if wanted.ids:
        found |= variants["id"].is_in(pl.Series(list(wanted.ids)).implode()).fill_null(False)
    return np.flatnonzero(found.to_numpy())


def _samples(path: Path) -> tuple[str, ...]:
    """Names of samples: IID, or FID_IID where IID alone is not unique."""
    table, _ = _table(path, FAM, "#FID", "#IID")
    names = table["iid"].to_list() if "iid" in table.columns else [None]
    if len(set(names)) < len(names) and "fid" in table.columns:
        pairs = zip(table["fid"].to_list(), names, strict=True)
        names = [f"{family}_{name}" for family, name in pairs]
    if None in names or len(set(names)) < len(names):
        raise InputError(
            "The samples do not all have a name of their own.",
            where=path.name,
            allowed="one IID for each sample, or one pair of FID and IID",
        )
    return tuple(names)


def _table(path: Path, columns: tuple[str, ...], *headers: str) -> tuple[pl.DataFrame, list[str]]:
    """A table of text with or without a line of column names; and the comment lines above."""
    content = _content(path)
    comments = []
    while content.startswith(b"##"):
        line, _, content = content.partition(b"\n")
        comments.append(line.decode(errors="replace"))
    first = content.partition(b"\n")[0].decode(errors="replace")
    if first.startswith(headers):
        columns = tuple(_NAMES.get(cell, cell) for cell in re.split(r"\s+", first.strip()))
        content = content.partition(b"\n")[2]
        comments.append(first)
    elif columns == PVAR:  # without its header, such a list is written like a .bim
        columns = BIM
    if "\t" not in first:
        content = re.sub(rb"[ \t]+", b"\t", re.sub(rb"(?m)^[ \t]+|[ \t]+$", b"", content))
    if not content.strip():
        raise InputError("The file is empty.", where=path.name, next_step=AGAIN)
    schema = dict.fromkeys(columns, pl.String)
    table = pl.read_csv(
        content,
        has_header=False,
        schema=schema,
        separator="\t",
        quote_char=None,
        truncate_ragged_lines=True,
    )
    missing = sorted(set(PVAR) - set(columns))
    if missing and "#CHROM" in headers:
        raise InputError(
            f"The list of variants has no column for: {', '.join(missing)}.",
            where=path.name,
            allowed=list(_NAMES)[:5],
        )
    return table, comments


def _content(path: Path) -> bytes:
    if path.suffix != ".zst":
        return path.read_bytes().replace(b"\r\n", b"\n")
    import pyarrow

    try:
        with pyarrow.input_stream(str(path), compression="zstd") as stream:
            return bytes(stream.read())
    except OSError as error:
        raise InputError("The packed file is damaged.", where=path.name, next_step=AGAIN) from error


def _other_size(
    path: Path, variants: pl.DataFrame, samples: tuple[str, ...], allowed: str | None
) -> InputError:
    return InputError(
        f"The file does not hold {len(variants):,} variants of {len(samples):,} samples, as the "
        "files beside it say, or it is cut off.",
        where=path.name,
        allowed=allowed,
        next_step=AGAIN,
    )
