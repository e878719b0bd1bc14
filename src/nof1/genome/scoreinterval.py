"""How far the true sum may lie from the one computed, and where a sum lies among other people's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import ndtri

from nof1.genome.scorereference import Distribution, Reference
from nof1.genome.scoreresult import Floats, Normalised, ScoreMatch
from nof1.genome.scoresums import Sums, hardy_weinberg, moments

WIDEST_Z = 2.0  # an interval of z wider than this places nobody
TOO_WIDE = (
    f"Too much is missing: the interval of the z value would be wider than {WIDEST_Z:g} standard "
    "deviations."
)


@dataclass(frozen=True)
class Unmatched:
    """What rows that were not found would add, by score.

    Attributes
    ----------
    mean, variance : of the rows whose allele frequency is known.
    lowest, highest : the least and the most that all others could add.
    rows : how many rows there are.
    """

    mean: Floats
    variance: Floats
    lowest: Floats
    highest: Floats
    rows: Floats


def unmatched_parts(rows: pl.DataFrame, scores: int) -> Unmatched:
    """Add up, by score, what ``Matches.unmatched`` says is missing."""
    score = rows["score"].to_numpy()
    value = rows.select("w0", "w1", "w2").to_numpy()
    mean, variance = moments(value, hardy_weinberg(rows["frequency"].fill_null(np.nan).to_numpy()))
    known = ~np.isnan(mean)

    def added(values: Floats) -> Floats:
        return np.bincount(score, weights=values, minlength=scores).astype(np.float64)

    return Unmatched(
        added(np.where(known, mean, 0.0)),
        added(np.where(known, variance, 0.0)),
        added(np.where(known, 0.0, value.min(axis=1, initial=np.inf))),
        added(np.where(known, 0.0, value.max(axis=1, initial=-np.inf))),
        added(np.ones(len(value))),
    )


def interval(
    sums: Sums, unmatched: Unmatched | None, level: float
) -> tuple[Floats, Floats, Floats]:
    """Best value, low and high of the sum (scores, people).

    With ``unmatched`` it is about the sum over all rows of a score, without about the sum over the
    rows that were found.
    """
    reach = float(ndtri(0.5 + level / 2))
    best, variance = sums.total, sums.variance
    lowest, highest = sums.lowest, sums.highest
    if unmatched is not None:
        best = best + unmatched.mean[:, None]
        variance = variance + unmatched.variance[:, None]
        lowest = lowest + unmatched.lowest[:, None]
        highest = highest + unmatched.highest[:, None]
    half = reach * np.sqrt(variance)
    return best, best + lowest - half, best + highest + half


def normalise(
    matches: Sequence[ScoreMatch],
    sums: Sums,
    unmatched: Unmatched,
    reference: Reference | None,
    groups: tuple[str | None, ...],
    level: float,
) -> Normalised:
    """z values against a reference; nan with a reason where there is none."""
    z, low, high = (np.full(sums.total.shape, np.nan) for _ in range(3))
    if reference is None:
        return Normalised(z, low, high)
    reasons: dict[tuple[int, str | None], str] = {}
    found, complete = interval(sums, None, level), interval(sums, unmatched, level)
    own = np.array([group or "" for group in groups])
    for number, match in enumerate(matches):
        for group in sorted(set(groups), key=str) if match.refused is None else ():
            people = np.flatnonzero(own == (group or ""))
            one = reference.of(match.header, group)
            if one is None:
                reasons[number, group] = _no_distribution(reference, match, group)
                continue
            usable = match.matched + int(unmatched.rows[number])
            if reason := _unlike(one, match, usable):
                reasons[number, group] = reason
                continue
            parts = found if one.variants == match.matched else complete
            for into, values in zip((z, low, high), parts, strict=True):
                into[number, people] = (values[number, people] - one.mean) / one.sd
    wide = high - low > WIDEST_Z
    for values in (z, low, high):
        values[wide] = np.nan
    return Normalised(z, low, high, reference.source, groups, reasons, TOO_WIDE)


def _no_distribution(reference: Reference, match: ScoreMatch, group: str | None) -> str:
    known = ", ".join(reference.groups(match.header))
    if group is not None:
        return f"The reference has no distribution of this score for this group; it has: {known}."
    if known:
        return (
            f"The reference has this score by group only, and no group was named; it has: {known}."
        )
    return "The reference has no distribution of this score."


def _unlike(one: Distribution, match: ScoreMatch, usable: int) -> str | None:
    """Why sums of the reference and of this file are not of the same kind; None when they are."""
    if one.variants is not None and one.variants not in (match.matched, usable):
        return (
            f"The reference's sums rest on {one.variants:,} variants; here {match.matched:,} of "
            f"{match.total:,} were found."
        )
    if one.variants is None and usable < match.total:
        return f"{match.total - usable:,} rows of the score cannot be scored here."
    promised = match.header.variants_number
    if one.variants is None and promised is not None and promised > match.total:
        return f"The scoring file holds {match.total:,} of the {promised:,} variants it promises."
    return None


def people_groups(
    samples: Sequence[str], group: str | Mapping[str, str] | None
) -> tuple[str | None, ...]:
    """The reference group of each person: one for all, by name, or none."""
    if group is None or isinstance(group, str):
        return (group,) * len(samples)
    return tuple(group.get(name) for name in samples)
