"""What each site's laboratory sends: a VCF of its patients, and the score that goes with it.

    genome/cohort.vcf.gz     genotypes (VCF 4.3, GRCh38, BGZF) of the site's sequenced patients
    genome/SYNTH1.txt        the score's weights (PGS Catalog format)
    genome/reference.tsv     how the score is distributed in people (nof1/pgs-reference/1)
    genome/samples.csv       sample and patient, where the laboratory has names of its own

An array knows the variants that were drawn. A genome knows every position that names an allele of a
pharmacogene; where nothing was drawn, it is as in the reference of GRCh38.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from nof1.knowledge import alleles
from nof1.knowledge import phenotypes as tables
from nof1.synthetic.genes import (
    ANCESTRIES,
    GENES,
    SCORE_ID,
    VARIANTS,
    Genomes,
    polygenic_score,
)
from nof1.synthetic.people import Site
from nof1.synthetic.truth import Truth
from nof1.synthetic.vcf import NO_COPY, Line, write_scoring_file, write_vcf


def write_genome(truth: Truth, site: Site, folder: Path) -> None:
    """Write the files of one site."""
    folder.mkdir(parents=True, exist_ok=True)
    here = truth.sequenced & (truth.patients["site"] == site.name).to_numpy()
    names = sample_names(truth).filter(pl.Series(here))
    lines = [*_pharmacogenes(truth, site, here), *_of_score(truth.genes, here)]
    samples = names["sample"].to_list()
    write_vcf(folder / "cohort.vcf.gz", samples, lines, phased=site.phased)
    write_scoring_file(folder / f"{SCORE_ID}.txt", polygenic_score())
    write_reference(folder / "reference.tsv")
    if site.own_sample_names:
        table = names.select("sample", "patient", origin=pl.lit("synthetic"))
        table.sort("sample").write_csv(folder / "samples.csv")


def sample_names(truth: Truth) -> pl.DataFrame:
    """Rows of site, patient and sample: what the laboratory of the site calls it."""
    own = [site.name for site in truth.sites if site.own_sample_names]
    patient = pl.col("patient_id")
    numbered = patient.map_elements(_number, return_dtype=pl.String)
    sample = pl.when(pl.col("site").is_in(own)).then(numbered).otherwise(patient)
    return truth.patients.select("site", patient=patient, sample=sample)


def _number(patient: str) -> str:
    """A number of the laboratory that tells nothing of the patient's."""
    return f"SYN-LAB-{hashlib.sha256(patient.encode()).hexdigest()[:12].upper()}"


def _pharmacogenes(truth: Truth, site: Site, here: np.ndarray) -> Iterator[Line]:
    haplotypes = truth.genes.haplotypes[here]
    if site.genotyping == "array":
        for index, variant in enumerate(VARIANTS):
            yield Line(*variant[:4], (variant.alt,), haplotypes[:, index])
        return
    drawn = {variant[:2]: index for index, variant in enumerate(VARIANTS)}
    men = (truth.people.male > 0)[here]
    for gene in alleles.genes():
        for place in alleles.definition(gene).all_positions:
            copies = np.zeros((len(men), 2), np.int8)
            if place[:2] in drawn:
                index = drawn[place[:2]]
                copies += haplotypes[:, index] * np.int8(place.alleles.index(VARIANTS[index].alt))
            if place.chromosome == "chrX":
                copies[men, 1] = NO_COPY
            reference, *others = place.alleles
            yield Line(*place[:2], place.rsid or ".", reference, tuple(others), copies)


def _of_score(genes: Genomes, here: np.ndarray) -> Iterator[Line]:
    for index, variant in enumerate(polygenic_score().variants):
        yield Line(*variant[:4], (variant.alt,), genes.polygenic[here, index])


def write_reference(path: Path) -> None:
    """Write how the score is distributed: in everybody, and in each group of ancestry.

    Everybody is a population of the four groups in equal parts, with the mean of their variances.
    """
    score = polygenic_score()
    mean, sd = score.by_group()
    rows = [("", score.mean, score.sd), *zip(ANCESTRIES, mean.tolist(), sd.tolist(), strict=True)]
    lines = [
        "# schema=nof1/pgs-reference/1",
        "# source=SYNTHETIC reference population of nof1's synthetic hospital",
        "score\tgroup\tmean\tsd\tvariants",
        *(f"{SCORE_ID}\t{name}\t{m:.6f}\t{s:.6f}\t{len(score.variants)}" for name, m, s in rows),
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def true_genes(truth: Truth) -> pl.DataFrame:
    """One row per sequenced patient: site, patient, sample, score, diplotypes and phenotypes."""
    genes = truth.genes
    columns = [
        pl.Series(f"polygenic_score_{SCORE_ID}", genes.score),
        pl.Series("polygenic_z", genes.polygenic_z()),
        *[pl.Series(gene, genes.diplotypes(gene)) for gene in GENES],
        *[
            pl.Series(f"{gene}_phenotype", genes.phenotypes(gene))
            for gene in GENES
            if gene in tables.genes()
        ],
        pl.Series("CYP2C9_activity_score", genes.cyp2c9_activity_score()),
        pl.lit("synthetic").alias("origin"),
    ]
    return sample_names(truth).with_columns(columns).filter(pl.Series(truth.sequenced))
