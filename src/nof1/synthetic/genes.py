"""Genes: star alleles of pharmacogenes, and the variants of one polygenic score.

Names, positions and variants of the alleles are those of the definitions in ``nof1.knowledge`` (a
test holds them together). Allele frequencies are rounded to the order of 1000 Genomes. The
polygenic variants are invented: their place is on the genome, their meaning is not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nof1.knowledge.phenotypes import phenotypes
from nof1.synthetic.causes import Array

ANCESTRIES = ("AFR", "EAS", "EUR", "SAS")
POLYGENIC_VARIANTS = 100
SCORE_ID = "SYNTH1"

Dosages = npt.NDArray[np.int8]


class Variant(NamedTuple):
    """One position: chromosome, 1-based GRCh38 position, name, reference and other allele."""

    chromosome: str
    position: int
    name: str
    ref: str
    alt: str


VARIANTS = (
    Variant("chr1", 97082391, "rs67376798", "T", "A"),
    Variant("chr1", 97450058, "rs3918290", "C", "T"),
    Variant("chr6", 18130687, "rs1142345", "T", "C"),
    Variant("chr6", 18138997, "rs1800460", "C", "T"),
    Variant("chr7", 99672916, "rs776746", "T", "C"),
    Variant("chr10", 94761900, "rs12248560", "C", "T"),
    Variant("chr10", 94775367, "rs12769205", "A", "G"),
    Variant("chr10", 94780653, "rs4986893", "G", "A"),
    Variant("chr10", 94781859, "rs4244285", "G", "A"),
    Variant("chr10", 94842866, "rs3758581", "A", "G"),
    Variant("chr10", 94942290, "rs1799853", "C", "T"),
    Variant("chr10", 94942309, "rs7900194", "G", "A"),
    Variant("chr10", 94981296, "rs1057910", "A", "C"),
    Variant("chr12", 21176804, "rs2306283", "A", "G"),
    Variant("chr12", 21178615, "rs4149056", "T", "C"),
    Variant("chr13", 48045719, "rs116855232", "C", "T"),
    Variant("chr16", 31096368, "rs9923231", "C", "T"),
    Variant("chr19", 15879621, "rs2108622", "C", "T"),
)


class StarAllele(NamedTuple):
    """One named allele: its variants and its frequency in AFR, EAS, EUR and SAS."""

    name: str
    variants: tuple[str, ...]
    frequencies: tuple[float, float, float, float]


# The first allele of each gene takes what the frequencies of the others leave.
GENES: dict[str, tuple[StarAllele, ...]] = {
    "CYP2C19": (
        StarAllele("*1", ("rs3758581",), (0, 0, 0, 0)),
        StarAllele("*2", ("rs12769205", "rs4244285", "rs3758581"), (0.17, 0.28, 0.15, 0.32)),
        StarAllele("*3", ("rs4986893", "rs3758581"), (0.003, 0.07, 0.001, 0.01)),
        StarAllele("*17", ("rs12248560", "rs3758581"), (0.22, 0.02, 0.22, 0.15)),
    ),
    "CYP2C9": (
        StarAllele("*1", (), (0, 0, 0, 0)),
        StarAllele("*2", ("rs1799853",), (0.02, 0.002, 0.13, 0.04)),
        StarAllele("*3", ("rs1057910",), (0.01, 0.04, 0.07, 0.11)),
        StarAllele("*8", ("rs7900194",), (0.06, 0.0, 0.002, 0.001)),
    ),
    "VKORC1": (
        StarAllele("rs9923231 reference (C)", (), (0, 0, 0, 0)),
        StarAllele("rs9923231 variant (T)", ("rs9923231",), (0.06, 0.89, 0.40, 0.16)),
    ),
    "SLCO1B1": (
        StarAllele("*1", (), (0, 0, 0, 0)),
        StarAllele("*37", ("rs2306283",), (0.72, 0.62, 0.24, 0.48)),
        StarAllele("*5", ("rs4149056",), (0.0, 0.0, 0.02, 0.01)),
        StarAllele("*15", ("rs2306283", "rs4149056"), (0.02, 0.13, 0.14, 0.05)),
    ),
    "DPYD": (
        StarAllele("Reference", (), (0, 0, 0, 0)),
        StarAllele("c.1905+1G>A (*2A)", ("rs3918290",), (0.001, 0.0, 0.008, 0.003)),
        StarAllele("c.2846A>T", ("rs67376798",), (0.001, 0.0, 0.006, 0.001)),
    ),
    "TPMT": (
        StarAllele("*1", (), (0, 0, 0, 0)),
        StarAllele("*3A", ("rs1142345", "rs1800460"), (0.003, 0.0, 0.035, 0.004)),
        StarAllele("*3C", ("rs1142345",), (0.05, 0.02, 0.004, 0.013)),
    ),
    "NUDT15": (
        StarAllele("*1", (), (0, 0, 0, 0)),
        StarAllele("*3", ("rs116855232",), (0.001, 0.09, 0.004, 0.07)),
    ),
    "CYP3A5": (
        StarAllele("*1", (), (0, 0, 0, 0)),
        StarAllele("*3", ("rs776746",), (0.29, 0.74, 0.94, 0.67)),
    ),
    "CYP4F2": (
        StarAllele("*1", (), (0, 0, 0, 0)),
        StarAllele("*3", ("rs2108622",), (0.08, 0.21, 0.29, 0.41)),
    ),
}

CYP2C9_ACTIVITY = {"*1": 1.0, "*2": 0.5, "*3": 0.0, "*8": 0.5}


@dataclass(frozen=True)
class PolygenicScore:
    """A score that everybody computes the same way: a fixed table, whatever the hospital's seed.

    Attributes
    ----------
    variants : the invented variants; weights : log odds per copy of ``alt``.
    frequencies : of ``alt`` in each of ``ANCESTRIES``, shape (4, variants).
    mean, sd : of the weighted sum in a population made of the four groups in equal parts.
    """

    variants: tuple[Variant, ...]
    weights: Array
    frequencies: Array
    mean: float
    sd: float

    def by_group(self) -> tuple[Array, Array]:
        """Mean and standard deviation of the weighted sum in each of ``ANCESTRIES``."""
        return _moments(self.frequencies, self.weights)


@dataclass(frozen=True)
class Genomes:
    """The genes of all patients.

    Attributes
    ----------
    alleles : gene -> index into ``GENES[gene]``, shape (patients, 2).
    haplotypes : copies of ``alt`` on each chromosome of each of ``VARIANTS``,
        shape (patients, variants, 2), 0 or 1.
    polygenic : the same for the variants of the polygenic score.
    score : weighted sum of ``alt`` copies; higher means a higher inherited risk.
    """

    alleles: dict[str, npt.NDArray[np.int64]]
    haplotypes: Dosages
    polygenic: Dosages
    score: Array

    def copies(self, gene: str, *names: str) -> Array:
        """How many of the two alleles carry one of these names: 0, 1 or 2."""
        wanted = [i for i, allele in enumerate(GENES[gene]) if allele.name in names]
        return np.asarray(np.isin(self.alleles[gene], wanted).sum(axis=1), np.float64)

    def diplotypes(self, gene: str) -> list[str]:
        """``"*1/*2"`` of each patient, the alleles by their number."""
        order = sorted((allele.name for allele in GENES[gene]), key=_number)
        made = _pairs(gene, lambda *pair: "/".join(sorted(pair, key=order.index)))
        return [made[a][b] for a, b in self.alleles[gene].tolist()]

    def phenotypes(self, gene: str) -> list[str]:
        """The phenotype of each patient in the words of CPIC; for genes that have a table."""
        table = phenotypes(gene)
        made = _pairs(gene, lambda *pair: table.result(*map(table.value, pair)).phenotype)
        return [made[a][b] for a, b in self.alleles[gene].tolist()]

    def cyp2c9_activity_score(self) -> Array:
        """Sum of the activity of both alleles: 2 = normal, 0 = none."""
        activity = np.array([CYP2C9_ACTIVITY[allele.name] for allele in GENES["CYP2C9"]])
        return np.asarray(activity[self.alleles["CYP2C9"]].sum(axis=1))

    def polygenic_z(self) -> Array:
        """The score in standard deviations above the mean of ``polygenic_score()``."""
        table = polygenic_score()
        return np.asarray((self.score - table.mean) / table.sd)


def _pairs(gene: str, say: Callable[[str, str], str]) -> list[list[str]]:
    """What is said of every pair of alleles, by their indices."""
    names = [allele.name for allele in GENES[gene]]
    return [[say(one, two) for two in names] for one in names]


def _number(name: str) -> int:
    """``*17`` -> 17; names without a star keep their order."""
    return int("".join(filter(str.isdigit, name))) if name.startswith("*") else 0


def polygenic_score() -> PolygenicScore:
    """The table of the score ``SYNTH1``."""
    rng = np.random.default_rng(20190101)
    count = POLYGENIC_VARIANTS
    chromosomes = np.sort(rng.integers(1, 23, count))
    positions = rng.integers(2_000_000, 30_000_000, count)
    letters = np.array(["A", "C", "G", "T"])
    ref = rng.integers(0, 4, count)
    alt = (ref + rng.integers(1, 4, count)) % 4
    order = np.lexsort((positions, chromosomes))
    variants = tuple(
        Variant(f"chr{c}", int(p), f"synthetic_{i + 1:03d}", str(letters[r]), str(letters[a]))
        for i, (c, p, r, a) in enumerate(
            zip(chromosomes[order], positions[order], ref, alt, strict=True)
        )
    )
    weights = rng.normal(0, 0.12, count).round(4)
    ancestral = rng.uniform(0.08, 0.92, count)
    drift = rng.normal(0, 0.10, (len(ANCESTRIES), count))
    frequencies = np.clip(ancestral + drift, 0.02, 0.98).round(3)
    mean, sd = _moments(frequencies, weights)
    everybody = float(np.sqrt((sd**2).mean()))
    return PolygenicScore(variants, weights, frequencies, float(mean.mean()), everybody)


def _moments(frequencies: Array, weights: Array) -> tuple[Array, Array]:
    """Mean and standard deviation by group, the variants independent of each other."""
    variance = (2 * frequencies * (1 - frequencies) * weights**2).sum(axis=1)
    return (2 * frequencies * weights).sum(axis=1), np.sqrt(variance)


def genomes(rng: np.random.Generator, ancestry: npt.NDArray[np.int64]) -> Genomes:
    """Draw both chromosomes of every patient; ``ancestry`` indexes ``ANCESTRIES``."""
    alleles = {gene: _draw_alleles(rng, gene, ancestry) for gene in GENES}
    column = {variant.name: i for i, variant in enumerate(VARIANTS)}
    haplotypes = np.zeros((len(ancestry), len(VARIANTS), 2), np.int8)
    for gene, drawn in alleles.items():
        for index, allele in enumerate(GENES[gene]):
            for name in allele.variants:
                haplotypes[:, column[name], :] |= (drawn == index).astype(np.int8)
    table = polygenic_score()
    chance = table.frequencies[ancestry][:, :, None]
    polygenic = (rng.random((len(ancestry), POLYGENIC_VARIANTS, 2)) < chance).astype(np.int8)
    score = (polygenic.sum(axis=2) * table.weights).sum(axis=1)
    return Genomes(alleles, haplotypes, polygenic, score)


def _draw_alleles(
    rng: np.random.Generator, gene: str, ancestry: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Two independent alleles per patient, by the frequencies of the patient's group."""
    table = np.array([allele.frequencies for allele in GENES[gene]]).T
    table[:, 0] = 1 - table[:, 1:].sum(axis=1)
    bounds = table.cumsum(axis=1)[ancestry][:, None, :]
    draws = rng.random((len(ancestry), 2))[:, :, None]
    return np.asarray((draws > bounds[:, :, :-1]).sum(axis=2))
