"""Writing a synthetic hospital to a folder, in the formats that real hospitals send.

    <folder>/README.txt
    <folder>/tasks/*.yaml                             questions to ask of it
    <folder>/sources/site-a/fhir/*.ndjson             FHIR R4 bulk data
    <folder>/sources/site-a/genome/cohort.vcf.gz      genotypes of its patients, and a score to
                                                      compute (see ``genome_files``)
    <folder>/sources/site-a/surroundings/*.csv        exposures by region and date
    <folder>/sources/site-a/images/*.dcm              chest films, a CT series (``image_files``)
    ... site-b to site-e
    <folder>/truth/                                   never ingested: the answers

Each folder of a site is ingested with that site's name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from nof1.synthetic import codes
from nof1.synthetic.fhir import as_fhir_times, write_resources
from nof1.synthetic.genome_files import true_genes, write_genome
from nof1.synthetic.image_files import WrittenImages, write_images
from nof1.synthetic.people import Site
from nof1.synthetic.radiology import Imaging
from nof1.synthetic.truth import Truth

TASKS = ("heart_attack", "major_bleed")
NOTICE = (
    "SYNTHETIC DATA. Invented by nof1's synthetic hospital from a known causal model.\n"
    "No person in these files exists. Not for clinical use; teaches nothing about real medicine.\n"
)


@dataclass(frozen=True)
class Written:
    """Where a hospital was written.

    Attributes
    ----------
    sites : name of each site -> the folder to ingest with that name.
    truth : folder of the answers.
    tasks : name of each task file, without ending -> its path.
    resources : site -> FHIR type -> number of resources.
    images : films and CT series; ingest passes them over (``nof1 imaging read`` opens them).
    """

    folder: Path
    sites: dict[str, Path]
    truth: Path
    tasks: dict[str, Path]
    resources: dict[str, dict[str, int]]
    images: WrittenImages = field(default_factory=WrittenImages)


def write_hospital(truth: Truth, folder: Path, about: dict[str, Any], imaging: Imaging) -> Written:
    """Write all files; ``about`` (seed, size, years) goes into the truth."""
    sources = folder / "sources"
    sites = {site.name: sources / site.name for site in truth.sites}
    written = Written(
        folder=folder,
        sites=sites,
        truth=folder / "truth",
        tasks={name: folder / "tasks" / f"{name}.yaml" for name in TASKS},
        resources={
            site.name: _write_site(truth, index, site, sources / site.name)
            for index, site in enumerate(truth.sites)
        },
        images=write_images(truth, imaging, sites, folder / "truth"),
    )
    for name, path in written.tasks.items():
        _describe(path.parent, f"{name}.yaml")
    _write_truth(truth, written, about)
    for place in (folder, sources, *written.sites.values()):
        (place / "README.txt").write_text(NOTICE, encoding="utf-8")
    return written


def _write_site(truth: Truth, index: int, site: Site, folder: Path) -> dict[str, int]:
    here = truth.patients.filter(pl.col("site_index") == index)
    write_genome(truth, site, folder / "genome")
    _write_surroundings(truth, here["region"], folder / "surroundings")
    return {
        kind: write_resources(folder / "fhir", site, kind, as_fhir_times(table, site))
        for kind, table in _site_tables(truth, here).items()
        if kind != "Medication" or site.medication_style == "referenced"
    }


def _describe(folder: Path, name: str) -> None:
    """Put one of the packaged YAML files into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    text = files("nof1.synthetic").joinpath("descriptions", name).read_text(encoding="utf-8")
    (folder / name).write_text(text, encoding="utf-8", newline="\n")


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


def _write_surroundings(truth: Truth, regions: pl.Series, folder: Path) -> None:
    _describe(folder, "exposures.yaml")
    tables = {
        "air_quality": truth.around.air_quality(),
        "deprivation": truth.around.deprivation_scores(),
    }
    for name, table in tables.items():
        here = table.filter(pl.col("region").is_in(regions.unique().to_list()))
        here.with_columns(origin=pl.lit("synthetic")).write_csv(folder / f"{name}.csv")


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
    true_genes(truth).write_csv(written.truth / "genes.csv", float_precision=6)
