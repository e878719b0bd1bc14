"""Polygenic scores of people, with everything that has to be said beside the number."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from nof1.core.errors import UsageError
from nof1.genome.scoreheader import ScoreHeader

Floats = npt.NDArray[np.float64]

ALONE = (
    "A raw sum means nothing alone: it has no unit, and only a comparison with other people's sums "
    "that were computed in the same way says whether it is high or low."
)
TRANSFER = (
    "Polygenic scores transfer poorly between ancestries: they are less accurate, and shifted, in "
    "people unlike those they were developed in."
)
TRANSFER_CITATION = "Martin et al., Nature Genetics 51 (2019) 584, PMID 30926966"
UNSAID_POPULATION = "The scoring file does not say in which population the score was developed."


@dataclass(frozen=True)
class ScoreMatch:
    """How a score's rows were found in the genotype file.

    Attributes
    ----------
    total : rows of the scoring file, those set aside included, repeated rows counted once.
    matched : rows that count in the sum; weight_share : what they can move the sum, as a share of
        what all readable rows can (0 to 1).
    counts : how they matched, or why not, by name.
    refused : why there is no sum; None when there is one.
    """

    header: ScoreHeader
    total: int
    matched: int
    weight_share: float
    counts: Mapping[str, int]
    refused: str | None = None


@dataclass(frozen=True)
class ScoreResult:
    """One score of one person.

    Attributes
    ----------
    sample, score_id, name, trait, file : whose, and which.
    sum, average : weighted sum of allele copies; average is the sum over twice the matched rows.
        None when refused. Higher means more of what the score was made for, nothing more.
    low, high, level : interval of the sum that the person would have with all variants known.
    z, z_low, z_high, percentile, percentile_low, percentile_high : place in the supplied reference
        distribution, taken for normal; None without one (``not_normalised`` says why).
    reference, group : source of that distribution, and the group of people in it.
    matched, total : rows of the score that were found, of all; used : those with a genotype of
        this person; weight_share : what the used rows can move the sum, as a share of all (0 to 1).
    developed_in : population of the score's development, if the file says it.
    refused : why there is no sum. notes : what has to be said beside it, in sentences.
    """

    sample: str
    score_id: str
    name: str | None
    trait: str | None
    file: str
    sum: float | None
    average: float | None
    low: float | None
    high: float | None
    level: float
    z: float | None
    z_low: float | None
    z_high: float | None
    percentile: float | None
    percentile_low: float | None
    percentile_high: float | None
    reference: str | None
    group: str | None
    not_normalised: str | None
    matched: int
    total: int
    used: int
    weight_share: float
    build: str | None
    weight_type: str | None
    developed_in: str | None
    citation: str | None
    refused: str | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Normalised:
    """z values (scores, people), nan where there is none, and why, by (score, group)."""

    z: Floats
    low: Floats
    high: Floats
    source: str | None = None
    groups: tuple[str | None, ...] = ()
    reasons: Mapping[tuple[int, str | None], str] = field(default_factory=dict)
    too_wide: str = ""


@dataclass(frozen=True)
class Scores:
    """Many scores of many people. Arrays are (scores, people); nan where a score is refused.

    Attributes
    ----------
    samples : names of the people; matches : what is said about each score.
    sums, averages, low, high, used, weight_share : as in ``ScoreResult``; level of the interval.
    normalised : places in the reference distribution, if one was supplied.
    unmatched : rows that were not found: ``score``, ``line``, ``reason``.
    notes : what was noticed in the genotype file, with counts.
    """

    samples: tuple[str, ...]
    matches: tuple[ScoreMatch, ...]
    sums: Floats
    averages: Floats
    low: Floats
    high: Floats
    level: float
    used: npt.NDArray[np.int64]
    weight_share: Floats
    normalised: Normalised
    unmatched: pl.DataFrame
    notes: Mapping[str, int] = field(default_factory=dict)

    def of(self, sample: str) -> tuple[ScoreResult, ...]:
        """All scores of one person.

        Raises
        ------
        UsageError : no sample has this name.
        """
        if sample not in self.samples:
            raise UsageError(
                "The genotype file has no sample of this name.",
                where=repr(sample),  # a hostile name must not steer a terminal
                next_step=f"It has {len(self.samples):,} samples; check the spelling.",
            )
        column = self.samples.index(sample)
        return tuple(self.result(row, column) for row in range(len(self.matches)))

    def result(self, score: int, person: int) -> ScoreResult:
        """One score of one person, by their places in ``matches`` and ``samples``."""
        match, place = self.matches[score], (score, person)
        header, normalised = match.header, self.normalised
        z, low, high = (
            _number(values[place]) for values in (normalised.z, normalised.low, normalised.high)
        )
        group = normalised.groups[person] if normalised.groups else None
        reason = None if z is not None else self._why_not(score, group)
        return ScoreResult(
            sample=self.samples[person],
            score_id=header.id,
            name=header.name,
            trait=header.trait,
            file=header.file,
            sum=_number(self.sums[place]),
            average=_number(self.averages[place]),
            low=_number(self.low[place]),
            high=_number(self.high[place]),
            level=self.level,
            z=z,
            z_low=low if z is not None else None,
            z_high=high if z is not None else None,
            percentile=_percentile(z),
            percentile_low=_percentile(low if z is not None else None),
            percentile_high=_percentile(high if z is not None else None),
            reference=normalised.source if z is not None else None,
            group=group,
            not_normalised=reason,
            matched=match.matched,
            total=match.total,
            used=int(self.used[place]),
            weight_share=float(self.weight_share[place]),
            build=header.build,
            weight_type=header.weight_type,
            developed_in=header.developed_in,
            citation=header.citation,
            refused=match.refused,
            notes=self._notes(match, normalised=z is not None),
        )

    def _why_not(self, score: int, group: str | None) -> str:
        if self.matches[score].refused:
            return "There is no sum to compare."
        if not self.normalised.source:
            return "No reference distribution was supplied."
        return self.normalised.reasons.get((score, group), self.normalised.too_wide)

    def _notes(self, match: ScoreMatch, *, normalised: bool) -> tuple[str, ...]:
        header = match.header
        notes = [] if normalised or match.refused else [ALONE]
        developed = f"The score was developed in: {header.developed_in}."
        notes.append(developed if header.developed_in else UNSAID_POPULATION)
        notes.append(f"{TRANSFER} ({TRANSFER_CITATION})")
        if header.variants_number not in (None, match.total):
            notes.append(
                f"The scoring file promises {header.variants_number:,} variants and holds "
                f"{match.total:,} rows: it may be a part of the score only."
            )
        if (header.weight_type or "").upper() in ("OR", "HR"):
            notes.append(f"The weights are said to be {header.weight_type}, not their logarithms.")
        if not header.build:
            notes.append("The scoring file does not say its genome build.")
        notes += [f"{count:,} rows: {name}." for name, count in sorted(match.counts.items())]
        return tuple(notes)


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _percentile(z: float | None) -> float | None:
    return None if z is None else 50 * math.erfc(-z / math.sqrt(2))
