"""The synthetic hospital: patients over years at five sites, from a known causal model.

>>> truth = Hospital(seed=1, patients=50).generate()
>>> len(truth.patients)
50
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl

from nof1.core.errors import UsageError
from nof1.synthetic.causes import MONTH_DAYS
from nof1.synthetic.chart import chart, moment
from nof1.synthetic.course import Course, simulate
from nof1.synthetic.files import Written, write_hospital
from nof1.synthetic.genes import genomes
from nof1.synthetic.imperfections import Imperfections, spoil
from nof1.synthetic.people import SITES, People, people
from nof1.synthetic.radiology import Imaging, film_orders
from nof1.synthetic.surroundings import Surroundings, surroundings
from nof1.synthetic.truth import Truth, index_dates

START = np.datetime64("2019-01-01")
SHORTEST_YEARS, LONGEST_YEARS = 3, 30
# One stream of random numbers per step: a new step goes to the end and moves nothing else.
STREAMS = (
    "surroundings", "people", "genes", "sequencing", "course", "chart", "imperfections", "films",
)  # fmt: skip


@dataclass(frozen=True)
class Hospital:
    """A hospital that does not exist, the same every time for one seed.

    Attributes
    ----------
    seed : non-negative; patients : at all sites together; sites : 1 to 5.
    years : length of the records, 3 to 30; index dates begin in the second year.
    imperfections : the planted faults; ``Imperfections.none()`` for clean records.
    imaging : the films and CT series; ``Imaging.none()`` for none.

    Raises
    ------
    UsageError : one of these is out of its range.
    """

    seed: int
    patients: int = 6000
    sites: int = len(SITES)
    years: int = 5
    imperfections: Imperfections = field(default_factory=Imperfections)
    imaging: Imaging = field(default_factory=Imaging)

    def __post_init__(self) -> None:
        _check("seed", self.seed, 0, 2**63 - 1)
        _check("patients", self.patients, self.sites, 10_000_000)
        _check("sites", self.sites, 1, len(SITES))
        _check("years", self.years, SHORTEST_YEARS, LONGEST_YEARS)

    def generate(self) -> Truth:
        """Draw everything: people, genes, surroundings, the course of health, and the chart."""
        children = np.random.SeedSequence(self.seed).spawn(len(STREAMS))
        streams = [np.random.default_rng(child) for child in children]
        rng = dict(zip(STREAMS, streams, strict=True))
        sites, months = SITES[: self.sites], 12 * self.years
        around = surroundings(
            rng["surroundings"], START, months, [site.deprivation_z for site in sites]
        )
        regions = np.arange(len(around.regions))
        everybody = people(
            rng["people"], self.patients, sites, START, around.deprivation_z(regions, 0)
        )
        genes = genomes(rng["genes"], everybody.ancestry)
        course = simulate(rng["course"], everybody, sites, genes, around, months)
        patients = _patients(everybody, course, around)
        clean = chart(rng["chart"], course, everybody, sites, START, months, genes.polygenic_z())
        written, planted = spoil(
            rng["imperfections"],
            clean,
            self.imperfections,
            patients["site_index"],
            patients["death"],
            _month_starts(months),
        )
        part = np.array([site.sequenced for site in sites])[everybody.site]
        return Truth(
            sites=sites,
            people=everybody,
            around=around,
            genes=genes,
            sequenced=rng["sequencing"].random(self.patients) < part,
            course=course,
            patients=patients,
            chart=written,
            planted=planted,
            index_dates=index_dates(course, patients, START, months),
            films=film_orders(
                rng["films"],
                self.imaging,
                clean.encounters,
                course,
                everybody,
                sites,
                patients,
                START,
            ),
        )

    def write(self, folder: Path | str) -> Written:
        """Generate, and write all files under ``folder`` (see ``files.py`` for its layout)."""
        about = {
            "seed": self.seed,
            "patients": self.patients,
            "sites": self.sites,
            "years": self.years,
            "start": str(START),
        }
        return write_hospital(self.generate(), Path(folder), about, self.imaging)


def write(
    folder: Path | str, seed: int = 1, patients: int = 6000, imaging: Imaging | None = None
) -> Written:
    """Write the hospital of the demo; ingest each folder of ``Written.sites`` as that site.

    Parameters
    ----------
    imaging : number and size of films and CT series; default: ``Imaging()``.
    """
    plan = imaging or Imaging()
    return Hospital(seed=seed, patients=patients, imaging=plan).write(folder)


def _check(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise UsageError(
            f"The synthetic hospital's {name} is out of range.",
            where=f"Hospital({name}=...)",
            allowed=f"{least} to {most}",
            next_step=f"Choose another {name}.",
        )


def _patients(everybody: People, course: Course, around: Surroundings) -> pl.DataFrame:
    """One row per patient: patient, patient_id, site, site_index, region, birth, male, death."""
    died = course.exits.filter(pl.col("reason") == "death")
    table = pl.DataFrame(
        {
            "patient": np.arange(len(everybody.site)),
            "patient_id": everybody.identifiers(),
            "site": [SITES[index].name for index in everybody.site.tolist()],
            "site_index": everybody.site,
            "region": [around.regions[index] for index in everybody.region.tolist()],
            "birth": everybody.birth,
            "male": everybody.male > 0,
        }
    )
    death = died.select("patient", death=moment(pl.col("day"), START))
    return table.join(death, on="patient", how="left", maintain_order="left")


def _month_starts(months: int) -> list[datetime]:
    days = pl.DataFrame({"day": np.arange(months + 1) * MONTH_DAYS})
    return days.select(moment(pl.col("day"), START)).to_series().to_list()
