"""Polygenic scores: weighted sums of allele copies, for many scores and many people at once.

    files = read_scorefiles(["PGS000018_hmPOS_GRCh38.txt.gz"])
    scores = score(files, read_dosages("people.pgen", wanted(files)), build="GRCh38")
    scores.of("sample 7")[0].sum

The sum is that of PLINK 2 and of the PGS Catalog's calculator: rows that are not found add nothing,
a missing genotype counts as what is expected of it (see ``scoresums``).

What is not known makes the interval. Rows not found and genotypes missing are taken as independent,
each with the mean and variance that the allele's frequency gives; where no frequency is known, with
the least and the most that 0 to 2 copies could add. The interval reaches 1.64 standard deviations
(at the level 0.9) to both sides of the sum that is expected with all rows, and always covers the
sum itself. Neighbours on a chromosome are not independent, so where a whole stretch is missing the
interval is too narrow. That is one reason to refuse a score of which less than ``MIN_OVERLAP`` of
the rows is found; the figure is pgsc_calc's default.

A z value compares like with like only: the reference's sums must rest on the same variants, or what
the missing ones would add must be known well enough (``scoreinterval``). No risk is made of it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from nof1.core.errors import UsageError
from nof1.genome import scorematch
from nof1.genome.dosages import Dosages, Wanted, read_dosages
from nof1.genome.scorefile import ScoreFiles, read_scorefiles
from nof1.genome.scoreheader import ScoreHeader, genome_build
from nof1.genome.scoreinterval import interval, normalise, people_groups, unmatched_parts
from nof1.genome.scorematch import Ambiguous, Matches, match
from nof1.genome.scorereference import Reference
from nof1.genome.scoreresult import Floats, ScoreMatch, ScoreResult, Scores
from nof1.genome.scoresums import Terms, sums

__all__ = ["ScoreMatch", "ScoreResult", "Scores", "score", "score_files", "wanted"]

MIN_OVERLAP = 0.75
LEVEL = 0.9
SEVERAL = "found at a site with several alternatives"
KEPT = "A/T or C/G: kept as they stand"
KINDS = {
    scorematch.EXACT: "both alleles agree",
    scorematch.SWAPPED: "both alleles agree, swapped",
    scorematch.FLIPPED: "both alleles agree on the other strand",
    scorematch.FLIPPED_SWAPPED: "both alleles agree on the other strand",
}
EFFECT_ALONE = "the effect allele agrees, the other is not given"
REFERENCE_ALONE = "the genotype file knows only the reference allele, and it agrees"

Groups = str | Mapping[str, str] | None


def wanted(files: ScoreFiles) -> Wanted:
    """The variants that scores need."""
    placed = files.rows.filter(pl.col("position").is_not_null())
    by_chromosome = placed.select("chromosome", "position").unique().group_by("chromosome").all()
    names = files.rows.filter(pl.col("position").is_null())["id"].drop_nulls()
    return Wanted(dict(by_chromosome.iter_rows()), frozenset(names.to_list()))


def score_files(
    paths: Sequence[str | Path],
    genotypes: str | Path,
    *,
    build: str | None = None,
    min_overlap: float = MIN_OVERLAP,
    ambiguous: Ambiguous = "keep",
    reference: Reference | None = None,
    group: Groups = None,
    frequencies: pl.DataFrame | None = None,
    level: float = LEVEL,
) -> Scores:
    """Read scoring files and genotypes, and score; see ``score``."""
    files = read_scorefiles(paths)
    return score(
        files,
        read_dosages(genotypes, wanted(files)),
        build=build,
        min_overlap=min_overlap,
        ambiguous=ambiguous,
        reference=reference,
        group=group,
        frequencies=frequencies,
        level=level,
    )


def score(
    files: ScoreFiles,
    genotypes: Dosages,
    *,
    build: str | None = None,
    min_overlap: float = MIN_OVERLAP,
    ambiguous: Ambiguous = "keep",
    reference: Reference | None = None,
    group: Groups = None,
    frequencies: pl.DataFrame | None = None,
    level: float = LEVEL,
) -> Scores:
    """Score everybody.

    Parameters
    ----------
    build : genome build of the genotypes, for files that do not say it (PLINK's).
    min_overlap : smallest share of a score's rows that must be found, 0 to 1.
    ambiguous : "keep" or "drop" A/T and C/G variants; see ``scorematch``.
    reference : distributions to compare with (``read_reference``); group : the group of people in
        it, one for all or by sample. Nobody's group is guessed.
    frequencies : allele frequencies of a panel (``read_frequencies``).
    level : of the interval, above 0 and below 1.

    Raises
    ------
    UsageError : the genotype file says another build than ``build``, or a value is out of range.
        What is wrong with one score refuses that score only: see ``ScoreMatch.refused``.
    """
    own_build = _build(genotypes, genome_build(build))
    _check(min_overlap, level, ambiguous)
    number = len(files.headers)
    rows = _with_frequencies(files.rows, frequencies)
    found = match(rows, genotypes.variants, ambiguous)
    size, size_found = _sizes(rows, number), _sizes(found.found, number)
    about = _about(files, found, size_found / np.maximum(size, 1e-300), own_build, min_overlap)
    kept = np.array([one.refused is None for one in about], dtype=np.bool_)
    added = sums(_terms(found.found, kept), number, genotypes.copies)
    unmatched = unmatched_parts(found.unmatched, number)
    _, low, high = interval(added, unmatched, level)
    nothing = np.where(kept, 0.0, np.nan)[:, None]
    matched = np.array([[one.matched] for one in about], dtype=np.int64).reshape(number, 1)
    share = (size_found[:, None] - added.missing_size) / np.maximum(size, 1e-300)[:, None]
    groups = people_groups(genotypes.samples, group)
    return Scores(
        samples=genotypes.samples,
        matches=about,
        sums=added.total + nothing,
        averages=added.total / np.maximum(2 * matched, 1) + nothing,
        low=np.minimum(low, added.total) + nothing,
        high=np.maximum(high, added.total) + nothing,
        level=level,
        used=matched - np.rint(added.missing).astype(np.int64),
        weight_share=share,
        normalised=normalise(about, added, unmatched, reference, groups, level),
        unmatched=found.unmatched.select("score", "line", "reason"),
        notes=genotypes.notes,
    )


def _build(genotypes: Dosages, build: str | None) -> str | None:
    """The build of the genotypes: what the file says, else what was said about it."""
    if genotypes.build and build and genotypes.build != build:
        raise UsageError(
            f"The genotype file speaks of {genotypes.build}, and {build} was given.",
            where=genotypes.file,
            next_step="Leave the build out.",
        )
    return genotypes.build or build


def _check(min_overlap: float, level: float, ambiguous: str) -> None:
    if not (0 <= min_overlap <= 1 and 0 < level < 1 and ambiguous in ("keep", "drop")):
        raise UsageError(
            "A setting of the scores is out of range.",
            allowed="min_overlap 0 to 1, level between 0 and 1, ambiguous keep or drop",
        )


def _with_frequencies(rows: pl.DataFrame, panel: pl.DataFrame | None) -> pl.DataFrame:
    """The panel's frequency of the effect allele where it has one, else the scoring file's."""
    if panel is None:
        return rows
    key = ["chromosome", "position", "effect", "other"]
    own = pl.col("frequency")
    known = pl.concat([
        panel.select("chromosome", "position", panel=own, effect="alt", other="ref"),
        panel.select("chromosome", "position", panel=1 - own, effect="ref", other="alt"),
    ]).unique(key, keep="first", maintain_order=True)  # fmt: skip
    rows = rows.join(known, on=key, how="left", maintain_order="left")
    return rows.with_columns(frequency=pl.coalesce("panel", "frequency")).drop("panel")


def _sizes(rows: pl.DataFrame, scores: int) -> Floats:
    """By score, what its rows can move the sum: the most less the least of 0 to 2 copies."""
    spread = pl.max_horizontal("w0", "w1", "w2") - pl.min_horizontal("w0", "w1", "w2")
    moved = rows.select(spread).to_series().to_numpy()
    size = np.bincount(rows["score"].to_numpy(), weights=moved, minlength=scores)
    return size.astype(np.float64)


def _terms(found: pl.DataFrame, kept: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Terms:
    rows = found.filter(pl.Series(kept[found["score"].to_numpy()], dtype=pl.Boolean))
    return Terms(
        rows["score"].to_numpy(),
        rows["target"].to_numpy(),
        rows.select("v0", "v1", "v2").to_numpy(),
        rows["frequency"].fill_null(np.nan).to_numpy(),
    )


def _about(
    files: ScoreFiles, found: Matches, share: Floats, build: str | None, min_overlap: float
) -> tuple[ScoreMatch, ...]:
    """What is said about each score."""
    counts = _counts(files, found)
    matched = np.bincount(found.found["score"].to_numpy(), minlength=len(files.headers))
    placed = files.rows.filter(pl.col("position").is_not_null())["score"].to_numpy()
    places = np.bincount(placed, minlength=len(files.headers))
    return tuple(
        ScoreMatch(
            header,
            total := files.totals[number],
            own := int(matched[number]),
            float(share[number]),
            dict(counts[number]),
            _refused(header, own, total, bool(places[number]), build, min_overlap),
        )
        for number, header in enumerate(files.headers)
    )


def _refused(
    header: ScoreHeader,
    matched: int,
    total: int,
    placed: bool,
    build: str | None,
    min_overlap: float,
) -> str | None:
    if placed and header.build and build and header.build != build:
        return (
            f"The score's positions are those of {header.build}, the genotypes' of {build}. Use "
            f"the PGS Catalog's file harmonised to {build}."
        )
    if matched < min_overlap * total or not matched:
        return (
            f"Only {matched:,} of {total:,} rows ({matched / max(total, 1):.1%}) were found in the "
            f"genotype file; at least {min_overlap:.0%} are needed. Check the build, and impute "
            "genotypes or use a file with all sites if it lists differences only."
        )
    return None


def _counts(files: ScoreFiles, found: Matches) -> dict[int, Counter[str]]:
    """How rows matched, or why they did not, by score."""
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    kinds = found.found.group_by("score", "kind").len()
    for number, kind, count in kinds.iter_rows():
        alone = REFERENCE_ALONE if kind >= scorematch.ONE_ALLELE else EFFECT_ALONE
        counts[number][KINDS.get(kind, alone)] += count
    for column, name in (("ambiguous", KEPT), ("several", SEVERAL)):
        marked = found.found.filter(pl.col(column)).group_by("score").len()
        for number, count in marked.iter_rows():
            counts[number][name] += count
    for table in (found.unmatched, files.set_aside):
        for number, reason, count in table.group_by("score", "reason").len().iter_rows():
            counts[number][reason] += count
    return counts
