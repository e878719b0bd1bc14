"""Who comes to the five sites: populations, lifestyle, and how each site keeps its records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from nof1.synthetic.causes import Array
from nof1.synthetic.genes import ANCESTRIES
from nof1.synthetic.surroundings import REGIONS_PER_SITE


@dataclass(frozen=True)
class Site:
    """One hospital: its people, and its habits of recording.

    Attributes
    ----------
    share : part of all patients; male : part of its patients.
    ancestry : parts of ``ANCESTRIES``.
    deprivation_z : mean of its regions, in standard deviations; higher is more deprived.
    sequenced : part of its patients with a genome.
    new_medicines : log odds of choosing the newer medicine.
    coding : vocabularies of its diagnoses: ``"snomed"``, ``"icd10"`` or ``"both"``.
    units : laboratory test -> unit, where the site differs from the usual one.
    molar_codes : whether it gives tests in moles the LOINC code of the moles.
    medication_style : ``"concept"``, ``"contained"`` or ``"referenced"``.
    utc_offset_hours : of its written times.
    compressed : whether its files are gzipped.
    tests_genes : whether its doctors know CYP2C19 before they choose an antiplatelet.
    genotyping : how it reads genes: ``"array"`` (the variants that were drawn) or ``"genome"``
        (every position that names an allele).
    phased : whether it knows which variants lie on one chromosome.
    own_sample_names : whether its laboratory names samples otherwise than the patients.
    """

    name: str
    share: float
    mean_age: float
    male: float
    ancestry: tuple[float, float, float, float]
    deprivation_z: float
    sequenced: float
    new_medicines: float
    coding: str
    units: Mapping[str, str] = field(default_factory=dict)
    molar_codes: bool = False
    medication_style: str = "concept"
    utc_offset_hours: int = 0
    compressed: bool = False
    tests_genes: bool = False
    genotyping: str = "array"
    phased: bool = True
    own_sample_names: bool = False


_SI = {"creatinine": "umol/L", "glucose": "mmol/L", "ldl": "mmol/L", "haemoglobin": "g/L"}

SITES = (
    Site(
        name="site-a",
        share=0.30,
        mean_age=66,
        male=0.56,
        ancestry=(0.10, 0.05, 0.75, 0.10),
        deprivation_z=-0.3,
        sequenced=0.90,
        new_medicines=0.3,
        coding="snomed",
    ),
    Site(
        name="site-b",
        share=0.22,
        mean_age=69,
        male=0.60,
        ancestry=(0.05, 0.05, 0.80, 0.10),
        deprivation_z=-0.6,
        sequenced=0.90,
        new_medicines=0.5,
        coding="icd10",
        units=_SI,
        molar_codes=True,
        medication_style="contained",
        tests_genes=True,
        genotyping="genome",
    ),
    Site(
        name="site-c",
        share=0.20,
        mean_age=63,
        male=0.54,
        ancestry=(0.35, 0.05, 0.45, 0.15),
        deprivation_z=0.6,
        sequenced=0.80,
        new_medicines=-0.3,
        coding="both",
        medication_style="referenced",
        compressed=True,
        phased=False,
    ),
    Site(
        name="site-d",
        share=0.16,
        mean_age=64,
        male=0.58,
        ancestry=(0.05, 0.45, 0.40, 0.10),
        deprivation_z=0.0,
        sequenced=0.85,
        new_medicines=0.1,
        coding="snomed",
        units={"glucose": "mmol/L"},
        utc_offset_hours=2,
        own_sample_names=True,
    ),
    Site(
        name="site-e",
        share=0.12,
        mean_age=61,
        male=0.55,
        ancestry=(0.15, 0.05, 0.30, 0.50),
        deprivation_z=0.8,
        sequenced=0.60,
        new_medicines=-0.6,
        coding="icd10",
        units={"creatinine": "umol/L"},
        compressed=True,
    ),
)


@dataclass(frozen=True)
class People:
    """Everybody at the start of the records; all arrays have shape (patients,).

    Attributes
    ----------
    site : index into the hospital's sites; number : 1-based number within the site.
    region : index into the regions; ancestry : index into ``ANCESTRIES``.
    birth : date of birth; male : 1 or 0; age_years : at the start.
    smoking : 0 never, 1 former, 2 current.
    activity_min_per_week : moderate or vigorous activity; audit_c : 0 to 12, higher = more alcohol.
    """

    site: npt.NDArray[np.int64]
    number: npt.NDArray[np.int64]
    region: npt.NDArray[np.int64]
    ancestry: npt.NDArray[np.int64]
    birth: npt.NDArray[np.datetime64]
    age_years: Array
    male: Array
    smoking: npt.NDArray[np.int64]
    activity_min_per_week: Array
    audit_c: Array

    def identifiers(self) -> list[str]:
        """``"Synthetic-a-0001"``, which is also the VCF sample name of the patient."""
        return [
            f"Synthetic-{chr(97 + site)}-{number:04d}"
            for site, number in zip(self.site.tolist(), self.number.tolist(), strict=True)
        ]


def people(
    rng: np.random.Generator,
    patients: int,
    sites: tuple[Site, ...],
    start: np.datetime64,
    deprivation_z_by_region: Array,
) -> People:
    """Draw ``patients`` people; each site is given its share, and at least one patient."""
    site = site_of_each(patients, sites)
    number = np.arange(patients) - np.searchsorted(site, site) + 1
    region = site * REGIONS_PER_SITE + rng.integers(0, REGIONS_PER_SITE, patients)
    cumulative = np.cumsum([s.ancestry for s in sites], axis=1)[site]
    ancestry = (rng.random(patients)[:, None] > cumulative[:, : len(ANCESTRIES) - 1]).sum(axis=1)
    mean_age = np.array([s.mean_age for s in sites])[site]
    age = np.clip(rng.normal(mean_age, 10.0), 30.0, 92.0)
    male = (rng.random(patients) < np.array([s.male for s in sites])[site]).astype(float)
    z = deprivation_z_by_region[region]
    return People(
        site=site,
        number=number,
        region=region,
        ancestry=ancestry,
        birth=start.astype("datetime64[D]") - (age * 365.25).astype(int),
        age_years=age,
        male=male,
        smoking=_smoking(rng, z, male),
        activity_min_per_week=_activity(rng, z, age),
        audit_c=_alcohol(rng, male),
    )


def site_of_each(patients: int, sites: tuple[Site, ...]) -> npt.NDArray[np.int64]:
    """Site of each patient, sorted, the sites in proportion to their shares."""
    shares = np.cumsum([site.share for site in sites])
    bounds = np.round(shares / shares[-1] * patients)
    return np.asarray(np.searchsorted(bounds, np.arange(patients), side="right"))


def _smoking(rng: np.random.Generator, deprivation_z: Array, male: Array) -> npt.NDArray[np.int64]:
    """Current smokers are more frequent in deprived regions."""
    current = 1 / (1 + np.exp(1.3 - 0.5 * deprivation_z - 0.2 * male))
    draw = rng.random(len(male))
    return np.asarray(np.where(draw < current, 2, np.where(draw < current + 0.33, 1, 0)))


def _activity(rng: np.random.Generator, deprivation_z: Array, age: Array) -> Array:
    mean_log = 4.6 - 0.12 * deprivation_z - 0.012 * (age - 65)
    return np.asarray(np.clip(np.exp(rng.normal(mean_log, 0.75)), 0, 900).round(-1))


def _alcohol(rng: np.random.Generator, male: Array) -> Array:
    return np.clip(rng.poisson(2.4 + 1.2 * male), 0, 12).astype(float)
