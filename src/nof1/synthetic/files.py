"""Writing a synthetic hospital to a folder, in the formats that real hospitals send.

    <folder>/README.txt
    <folder>/sources/site-a/fhir/*.ndjson ... site-e    FHIR R4 bulk data
    <folder>/sources/genome/cohort.vcf.gz               genotypes (VCF 4.3, GRCh38, BGZF)
    <folder>/sources/genome/SYNTH1.txt                  polygenic score (PGS Catalog format)
    <folder>/sources/genome/scores.csv                  score and diplotypes, ready to join
    <folder>/sources/surroundings/*.csv                 exposures by region and date
    <folder>/truth/                                     never ingested: the answers

Only ``sources`` is meant to be ingested.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl

from nof1.synthetic import codes, vcf
from nof1.synthetic.fhir import as_fhir_times, write_resources
from nof1.synthetic.genes import GENES, SCORE_ID, VARIANTS, polygenic_score
from nof1.synthetic.people import Site
from nof1.synthetic.truth import Truth

NOTICE = (
    "SYNTHETIC DATA. Invented by nof1's synthetic hospital from a known causal model.\n"
    "No person in these files exists. Not for clinical use; teaches nothing about real medicine.\n"
)


@dataclass(frozen=True)
class Written:
    """Where a hospital was written, and how many resources of each type per site."""

    folder: Path
    sources: Path
    truth: Path
    resources: dict[str, dict[str, int]]


def write_hospital(truth: Truth, folder: Path, about: dict[str, Any]) -> Written:
    """Write all files; ``about`` (seed, size, years) goes into the truth."""
    sources, answers = folder / "sources", folder / "truth"
    resources = {
        site.name: _write_site(truth, index, site, sources / site.name / "fhir")
        for index, site in enumerate(truth.sites)
    }
    _write_genome(truth, sources / "genome")
    _write_surroundings(truth, sources / "surroundings")
    written = Written(folder, sources, answers, resources)
    _write_truth(truth, written, about)
    for place in (folder, sources):
        (place / "README.txt").write_text(NOTICE, encoding="utf-8")
    return written


def _write_site(truth: Truth, index: int, site: Site, folder: Path) -> dict[str, int]:
    here = truth.patients.filter(pl.col("site_index") == index)
    tables = _site_tables(truth, here)
    return {
        kind: write_resources(folder, site, kind, as_fhir_times(table, site))
        for kind, table in tables.items()
        if kind != "Medication" or site.medication_style == "referenced"
    }


def _site_tables(truth: Truth, here: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """FHIR type -> rows of one site, with the patient's id."""
    names = here.select("patient", "patient_id")

    def of_site(table: pl.DataFrame) -> pl.DataFrame:
        return table.join(names, on="patient", how="inner", maintain_order="left")

    chart = truth.chart
    observations = of_site(chart.observations)
    panel = observations.filter(pl.col("test").is_in(["creatinine", "glucose", "potassium"]))
    results = panel.unique("id", maintain_order=True).group_by("encounter").agg(results="id")
    reports = of_site(chart.reports).join(
        results, on="encounter", how="left", maintain_order="left"
    )
    medicines = pl.DataFrame({"medicine": list(codes.MEDICINES)})
    medicine_names = [f"syn-{name}" for _, name in codes.MEDICINES.values()]
    return {
        "Patient": here.with_columns(id="patient_id"),
        "Encounter": of_site(chart.encounters),
        "Condition": of_site(chart.conditions),
        "Observation": observations,
        "Medication": medicines.with_columns(id=pl.Series(medicine_names)),
        "MedicationRequest": of_site(chart.medications),
        "Procedure": of_site(chart.procedures),
        "Immunization": of_site(chart.immunizations),
        "AllergyIntolerance": of_site(chart.allergies),
        "FamilyMemberHistory": of_site(chart.family),
        "DiagnosticReport": reports,
    }


def _write_genome(truth: Truth, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.txt").write_text(NOTICE, encoding="utf-8")
    score, chosen = polygenic_score(), truth.sequenced
    haplotypes = np.concatenate([truth.genes.haplotypes, truth.genes.polygenic], axis=1)[chosen]
    samples = truth.patients["patient_id"].filter(pl.Series(chosen)).to_list()
    vcf.write_vcf(folder / "cohort.vcf.gz", samples, VARIANTS + score.variants, haplotypes)
    vcf.write_scoring_file(folder / f"{SCORE_ID}.txt", score)
    _scores(truth).write_csv(folder / "scores.csv", float_precision=4)


def _scores(truth: Truth) -> pl.DataFrame:
    """One row per sequenced patient: polygenic score, diplotypes, phenotype."""
    genes = truth.genes
    table = truth.patients.select(
        "site",
        pl.col("patient_id").alias("patient"),
        pl.Series("polygenic_score_SYNTH1", genes.score),
        *[pl.Series(gene, genes.diplotypes(gene)) for gene in GENES],
        pl.Series("CYP2C19_phenotype", genes.cyp2c19_phenotypes()),
        pl.Series("CYP2C9_activity_score", genes.cyp2c9_activity_score()),
        pl.lit("synthetic").alias("origin"),
    )
    return table.filter(pl.Series(truth.sequenced))


def _write_surroundings(truth: Truth, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.txt").write_text(NOTICE, encoding="utf-8")
    origin = pl.lit("synthetic").alias("origin")
    tables = {
        "air_quality": truth.around.air_quality(),
        "deprivation": truth.around.deprivation_scores(),
    }
    for name, table in tables.items():
        table.with_columns(origin).write_csv(folder / f"{name}.csv")


def _write_truth(truth: Truth, written: Written, about: dict[str, Any]) -> None:
    written.truth.mkdir(parents=True, exist_ok=True)
    content = {
        "notice": NOTICE,
        "hospital": about,
        "model": truth.model(),
        "planted": truth.planted,
        "resources": written.resources,
    }
    encoded = msgspec.json.format(msgspec.json.encode(content), indent=1)
    (written.truth / "truth.json").write_bytes(encoded)
    truth.index_dates.write_csv(written.truth / "index_dates.csv", float_precision=6)
