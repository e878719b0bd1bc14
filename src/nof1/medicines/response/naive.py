"""The naive predictors that every model has to beat: averages, and nothing personal.

overall           the mean of all responses
drug              the mean of the drug
effects           mean of the drug + mean deviation of the line
tissue_drug       mean of the drug among lines of this tissue, shrunk to the drug's mean
subtype_drug      the same, one level finer (only where a subtype is given)
tissue_drug_line  tissue_drug + mean deviation of the line from it
class_line        effects + mean deviation of the line over the drugs of this drug's class; a new
                  drug has the mean of its class (only where classes are given)
tissue_smooth     tissue_drug smoothed over drugs that behave alike: the model of hidden traits with
                  the omics taken away (``components``). What does not beat it is a better average,
                  and nothing personal
naive_average     an average of tissue_smooth and the best of the others (``crossing``)

Cells with few lines are unsure, so a mean deviation of n lines counts n / (n + k); k is chosen on
the training pairs, each predicted from the others of its cell (leave-one-out).
Source: the need for these competitors is argued by the DrEval benchmark (daisybio/drevalpy).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nof1.learn.sums import FloatArray
from nof1.medicines.response.screen import UNKNOWN, Screen, places, positions, take

SHRINKAGES = (0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 40.0)
NAIVE = (
    "overall",
    "drug",
    "effects",
    "tissue_drug",
    "subtype_drug",
    "tissue_drug_line",
    "class_line",
)
SMOOTH = "tissue_smooth"


@dataclass(frozen=True, eq=False)
class Cells:
    """Mean deviations (groups, drugs) of groups of lines, already shrunk."""

    groups: tuple[str, ...]
    deviation: FloatArray = field(repr=False)
    shrinkage: float

    def of(self, groups: Sequence[str], drug_at: Any) -> FloatArray:
        """(groups asked for, columns at ``drug_at``) deviations; 0 for what is unknown (-1)."""
        rows = take(self.deviation, places(groups, positions(self.groups)))
        return take(rows.T, drug_at).T


@dataclass(frozen=True, eq=False)
class Classes:
    """Means of target classes: ``level`` (classes, 1) and ``by_line`` (classes, lines)."""

    level: Cells
    by_line: Cells


@dataclass(frozen=True, eq=False)
class Naive:
    """All naive predictors of one screen.

    Attributes
    ----------
    overall : mean of all responses; ``drug_mean`` (drugs,) of each drug.
    line_effect, line_beyond : (lines,) deviation from the drug means, and from ``tissue_drug``.
    """

    lines: tuple[str, ...]
    drugs: tuple[str, ...]
    overall: float
    drug_mean: FloatArray
    line_effect: FloatArray
    line_beyond: FloatArray
    tissue: Cells
    subtype: Cells | None
    classes: Classes | None

    @property
    def names(self) -> tuple[str, ...]:
        """The predictors that can be made here."""
        absent = {"subtype_drug"} if self.subtype is None else set()
        absent |= {"class_line"} if self.classes is None else set()
        return tuple(name for name in NAIVE if name not in absent)

    def predict(self, screen: Screen) -> dict[str, FloatArray]:
        """Predictor -> (lines, drugs) of any screen; what is new is filled from the level above."""
        drug_at = places(screen.drugs, positions(self.drugs))
        line_at = places(screen.lines, positions(self.lines))
        shape = (len(screen.lines), len(screen.drugs))
        drug = np.broadcast_to(take(self.drug_mean, drug_at, self.overall), shape)
        tissue = drug + self.tissue.of(screen.tissues, drug_at)
        made = {
            "overall": np.full(shape, self.overall),
            "drug": drug.copy(),
            "effects": drug + take(self.line_effect, line_at)[:, None],
            "tissue_drug": tissue,
            "tissue_drug_line": tissue + take(self.line_beyond, line_at)[:, None],
        }
        if self.subtype is not None:
            made["subtype_drug"] = tissue + self.subtype.of(subtype_labels(screen), drug_at)
        if self.classes is not None:
            level = self.overall + self.classes.level.of(screen.classes, np.zeros(1, int))[:, 0]
            made["class_line"] = (
                take(self.drug_mean, drug_at, level)
                + take(self.line_effect, line_at)[:, None]
                + self.classes.by_line.of(screen.classes, line_at).T
            )
        return {name: made[name] for name in self.names}


def fit_naive(screen: Screen) -> Naive:
    """Fit all of them on the responses of a screen (at least one)."""
    seen = screen.known()
    overall = float(np.nanmean(seen.response))
    drug_mean = np.nanmean(seen.response, axis=0)
    beyond_drug = seen.response - drug_mean
    tissue = cells(beyond_drug, seen.tissues)
    everywhere = np.arange(len(seen.drugs))
    beyond_tissue = beyond_drug - tissue.of(seen.tissues, everywhere)
    subtype = cells(beyond_tissue, subtype_labels(seen)) if seen.has_subtypes() else None
    effects, beyond = _line_effect(beyond_drug), _line_effect(beyond_tissue)
    classes = None
    if any(seen.classes):
        rest = beyond_drug - effects[:, None]
        level = cells((drug_mean - overall)[:, None], seen.classes)
        classes = Classes(level, cells(rest.T, seen.classes))
    levels = overall, drug_mean, effects, beyond
    return Naive(seen.lines, seen.drugs, *levels, tissue, subtype, classes)


def subtype_labels(screen: Screen) -> list[str]:
    """Subtypes within their tissue, so that equal names in two tissues stay apart."""
    pairs = zip(screen.tissues, screen.subtypes, strict=True)
    return [f"{tissue} / {sub}" if sub else UNKNOWN for tissue, sub in pairs]


def cells(deviation: FloatArray, groups: Sequence[str]) -> Cells:
    """Mean deviation of each group and drug, shrunk to 0 by n / (n + k) with the best k."""
    names = tuple(sorted({name for name in groups if name != UNKNOWN}))
    at = places(groups, positions(names))
    filled = np.where(np.isfinite(deviation), deviation, 0.0)
    sums = np.zeros((len(names), deviation.shape[1]))
    counts = np.zeros_like(sums)
    inside = at >= 0
    np.add.at(sums, at[inside], filled[inside])
    np.add.at(counts, at[inside], np.isfinite(deviation)[inside].astype(float))
    losses = [_left_out_loss(deviation[inside], at[inside], sums, counts, k) for k in SHRINKAGES]
    best = SHRINKAGES[int(np.argmin(losses))]
    return Cells(names, sums / (counts + best), best)


def _left_out_loss(
    deviation: FloatArray, at: Any, sums: FloatArray, counts: FloatArray, k: float
) -> float:
    """Squared error when each pair is predicted from the others of its cell."""
    guess = (sums[at] - np.nan_to_num(deviation)) / (np.maximum(counts[at] - 1, 0) + k)
    return float(np.nansum((deviation - guess) ** 2))


def _line_effect(deviation: FloatArray) -> FloatArray:
    """Mean deviation of each line over its drugs, with one drug's worth of shrinkage."""
    counts = np.isfinite(deviation).sum(axis=1)
    effect: FloatArray = np.nansum(deviation, axis=1) / (counts + 1.0)
    return effect
