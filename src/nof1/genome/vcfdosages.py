"""Copies of alleles from VCF and BCF; see ``nof1.genome.dosages``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl

from nof1.core.errors import InputError
from nof1.genome.dosages import (
    ALLELE_SCHEMA,
    FILTERED,
    HAPLOID,
    MISSING,
    MIXED,
    Copies,
    Dosages,
    Wanted,
    assemble,
)
from nof1.genome.places import Places
from nof1.genome.vcf import Record, open_variants

NO_SECOND_COPY = -2
IN_BLOCK = "wanted positions inside a reference block: the file does not write their base"
ONLY_REFERENCE = {"<NON_REF>", "<*>", "*", "."}


def read(path: Path, wanted: Wanted) -> Dosages:
    """Read the records that begin at a wanted position.

    Variants that are wanted by rsID alone are not found: a VCF is read by place.

    Raises
    ------
    InputError : no VCF or BCF, damaged, or without samples.
    """
    places = Places(wanted.positions)
    asked = {name: set(places.positions(name).tolist()) for name in places.chromosomes}
    variants: list[tuple[str, int, str | None, str, str | None]] = []
    copies: list[Copies] = []
    notes: Counter[str] = Counter()
    with open_variants(path, places) as file:
        if not file.samples:
            raise InputError("The file holds no samples.", where=path.name)
        for record in file:
            if record.end >= record.position + len(record.ref):
                inside = places.positions(record.chromosome)
                low, high = np.searchsorted(inside, [record.position + 1, record.end + 1])
                notes[IN_BLOCK] += int(high - low)
            if record.position in asked[record.chromosome]:
                _add(record, variants, copies, notes)
        notes.update(file.notes)
    table = pl.DataFrame(variants, schema=ALLELE_SCHEMA, orient="row")
    array = np.stack(copies) if copies else np.empty((0, len(file.samples)), np.int8)
    counted = {name: count for name, count in notes.items() if count}
    return assemble(path.name, file.samples, table, array, build=file.build, notes=counted)


def _add(
    record: Record,
    variants: list[tuple[str, int, str | None, str, str | None]],
    copies: list[Copies],
    notes: Counter[str],
) -> None:
    """One row for each alternative; one row without an allele when there is none."""
    first, second = record.alleles[:, 0], record.alleles[:, 1]
    haploid = (second == NO_SECOND_COPY) & (first >= 0)
    missing = (first == MISSING) | (second == MISSING)
    notes[HAPLOID] += int(haploid.sum())
    notes[MIXED] += int((missing & ((first >= 0) | (second >= 0))).sum())
    notes[FILTERED] += record.filters not in ("PASS", ".", "")
    name = record.name if record.name not in (".", "") else None
    known = [alt for alt in record.alts if alt not in ONLY_REFERENCE]
    for allele, alt in enumerate(record.alts or (".",), 1):
        if known and alt in ("<NON_REF>", "<*>"):
            continue  # beside a real alternative it says nothing of its own
        number = (first == allele).astype(np.int8) + np.where(haploid, first, second).__eq__(allele)
        copies.append(np.where(missing, MISSING, number).astype(np.int8))
        shown = None if alt in ONLY_REFERENCE and not known else alt
        variants.append((record.chromosome, record.position, name, record.ref, shown))
