"""Leaks that show in one column: see the table in ``nof1.predict.leakage``.

A column is cut into at most 20 bins of equal size (or its few values), plus one for "missing"; all
figures come from the counts of cases and others in these bins. The AUROC is that of the best order
of the bins, so that U-shaped, categorical and missing-value leaks show like linear ones.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
import numpy.typing as npt
import polars as pl

from nof1.predict.cohort import Cohort
from nof1.predict.modelling import AuditLimits
from nof1.predict.problem import Problem, code_of
from nof1.predict.task import Task

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

MOST_BINS = 20
CASES_PER_BIN = 5
MAX_DETERMINED = 0.8  # share of the label's entropy that one feature may explain
MIN_MARKER_RATIO = 30.0  # odds of the outcome, with against without the marker
MIN_MARKER_SHARE = 0.05  # of the cases (or the others) that have the marker
Z = 4.0  # lower bound of a proportion; strict, since thousands of bins are looked at
MIN_ECHO, ECHO_FACTOR, ECHO_DAYS = 0.05, 5.0, 0.5
STANDS_OUT_AUROC, STANDS_OUT_SPREAD, STANDS_OUT_COLUMNS = 0.8, 3.0, 20

_EXCLUDE = "Exclude the code, or date it in the import mapping at the time it became known."


@dataclass(frozen=True)
class Target:
    """A yes-or-no question: ``rows`` of the cohort whose answer is known, and the ``label``."""

    name: str
    rows: npt.NDArray[np.int64]
    label: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Figures:
    """How one column goes with one target.

    Attributes
    ----------
    auroc : 0.5 to 1, of the best order of the bins.
    determined : share of the label's entropy that the bins explain, 0 to 1.
    presence_gap : share of cases that have the datum minus share of others, -1 to 1.
    marker_ratio : largest odds ratio of a bin (or of presence), by its lower bound.
    """

    auroc: float
    determined: float
    presence_gap: float
    marker_ratio: float


def figures(values: Floats, target: Target) -> Figures:
    """Measure one column against one target.

    Parameters
    ----------
    values : float64 (n_rows of the cohort,), NaN is missing. In counts, 0 is absence.
    """
    chosen = values[target.rows]
    counts = table(chosen, target.label)
    absent = np.isnan(chosen) if np.isnan(chosen).any() else chosen == 0
    by_presence = np.array(
        [[np.sum(flag & target.label), np.sum(flag & ~target.label)] for flag in (absent, ~absent)]
    )
    shares = by_presence[1] / np.maximum(by_presence.sum(axis=0), 1)
    return Figures(
        auroc=_best_auroc(counts),
        determined=_determined(counts),
        presence_gap=float(shares[0] - shares[1]),
        marker_ratio=max(_marker_ratio(counts), _marker_ratio(by_presence)),
    )


def table(values: Floats, label: npt.NDArray[np.bool_]) -> Counts:
    """Cases and others in each bin, the last bin for missing: int64 (n_bins, 2)."""
    present = ~np.isnan(values)
    smaller_class = int(min(label.sum(), (~label).sum()))
    most = int(np.clip(smaller_class // CASES_PER_BIN, 2, MOST_BINS))
    edges = np.unique(values[present])
    if len(edges) > most:
        edges = np.unique(np.quantile(values[present], np.linspace(0, 1, most + 1)[1:]))
    bins = np.where(present, np.searchsorted(edges, values), len(edges))
    cases = np.bincount(bins[label], minlength=len(edges) + 1)
    others = np.bincount(bins[~label], minlength=len(edges) + 1)
    return np.stack([cases, others], axis=1)


def _best_auroc(counts: Counts) -> float:
    """Bins in rising order of their share of cases; ties within a bin count half."""
    rate = counts[:, 0] / np.maximum(counts.sum(axis=1), 1)
    cases, others = counts[np.argsort(rate, kind="stable")].T
    below = np.cumsum(others) - others
    pairs = float(cases.sum()) * float(others.sum())
    return float(np.sum(cases * (below + others / 2)) / pairs) if pairs else 0.5


def _determined(counts: Counts) -> float:
    """Mutual information over entropy, corrected for the number of bins.

    Reference: Miller, Note on the bias of information estimates, 1955.
    """
    n = counts.sum()
    used = counts[counts.sum(axis=1) > 0]
    whole = float(_entropy(used.sum(axis=0, keepdims=True))[0])
    if n == 0 or whole == 0:
        return 0.0
    left = float(np.sum(used.sum(axis=1) / n * _entropy(used)))
    return float(max(0.0, (whole - left - (len(used) - 1) / (2 * n)) / whole))


def _entropy(counts: Counts) -> Floats:
    share = counts / counts.sum(axis=1, keepdims=True)
    logs = np.log(share, where=share > 0, out=np.zeros_like(share))
    found: Floats = -(share * logs).sum(axis=1)
    return found


def _marker_ratio(counts: Counts) -> float:
    """Lower bound (Wilson) of a bin's odds against the overall odds, for either class.

    Reference: Wilson, Probable inference, the law of succession, and statistical inference, 1927.
    """
    totals = counts.sum(axis=0)
    size = np.maximum(counts.sum(axis=1), 1)
    best = 0.0
    for mine in (0, 1):
        if totals.min() == 0:
            break
        share = counts[:, mine] / size
        spread = np.sqrt(share * (1 - share) / size + Z**2 / (4 * size**2))
        lower = (share + Z**2 / (2 * size) - Z * spread) / (1 + Z**2 / size)
        ratio = lower / (1 - lower) / (totals[mine] / totals[1 - mine])
        frequent = counts[:, mine] >= MIN_MARKER_SHARE * totals[mine]
        best = max(best, float(np.max(ratio[frequent], initial=0.0)))
    return best


def judge(limits: AuditLimits, column: str, target: Target, found: Figures) -> Iterator[Problem]:
    """The problems that these figures mean."""
    code = code_of(column)
    if found.determined >= MAX_DETERMINED:
        yield Problem(
            "same as outcome",
            column,
            code,
            found.determined,
            MAX_DETERMINED,
            f"explains {found.determined:.0%} of {target.name} (limit {MAX_DETERMINED:.0%}).",
            _EXCLUDE,
        )
    if found.auroc >= limits.max_auroc:
        yield Problem(
            "too good",
            column,
            code,
            found.auroc,
            limits.max_auroc,
            f"alone it separates {target.name} with AUROC {found.auroc:.3f} "
            f"(limit {limits.max_auroc:g}).",
            _EXCLUDE,
        )
    if abs(found.presence_gap) >= limits.max_presence_gap:
        yield Problem(
            "presence",
            column,
            code,
            abs(found.presence_gap),
            limits.max_presence_gap,
            f"its presence differs by {abs(found.presence_gap):.0%} of people between the answers "
            f"to {target.name} (limit {limits.max_presence_gap:.0%}).",
            _EXCLUDE,
        )
    if found.marker_ratio >= MIN_MARKER_RATIO:
        yield Problem(
            "marker",
            column,
            code,
            found.marker_ratio,
            MIN_MARKER_RATIO,
            f"one of its values multiplies the odds of an answer to {target.name} by "
            f"{found.marker_ratio:,.0f} or more (limit {MIN_MARKER_RATIO:g}).",
            _EXCLUDE,
        )


def echo(column: str, values: Floats, frame: pl.DataFrame) -> Iterator[Problem]:
    """A number that is the days until the event, in more people than chance would give.

    Chance is measured by giving every person the days of another.
    """
    cases = frame["cause"].to_numpy() == 1
    usable = cases & np.isfinite(values) & (values > 0)
    number, days = values[usable], frame["duration_days"].to_numpy()[usable]
    if len(number) < 50:
        return
    equal = float(np.mean(np.abs(number - days) <= ECHO_DAYS))
    others = np.random.default_rng(0).permutation(days)
    chance = float(np.mean(np.abs(number - others) <= ECHO_DAYS))
    limit = max(MIN_ECHO, ECHO_FACTOR * chance)
    if equal >= limit:
        yield Problem(
            "echo",
            column,
            code_of(column),
            equal,
            limit,
            f"it equals the days until the event in {equal:.0%} of the cases "
            f"(by chance {chance:.1%}).",
            _EXCLUDE,
        )


def stand_out(strengths: Mapping[str, float]) -> Iterator[Problem]:
    """Warn of a code far better than all others: perhaps another model's answer."""
    best: dict[str, tuple[float, str]] = {}
    for column, auroc in strengths.items():
        best[code_of(column)] = max(best.get(code_of(column), (0.0, "")), (auroc, column))
    if len(best) < STANDS_OUT_COLUMNS:
        return
    low, high = np.quantile([auroc for auroc, _ in best.values()], [0.25, 0.75])
    limit = max(STANDS_OUT_AUROC, float(high + STANDS_OUT_SPREAD * (high - low)))
    for code, (auroc, column) in best.items():
        if auroc >= limit:
            yield Problem(
                "stands out",
                column,
                code,
                auroc,
                limit,
                f"alone it reaches AUROC {auroc:.3f}, far above all other codes.",
                "Ask how and when this datum is made.",
                fails=False,
            )


def outcome_codes(task: Task, cohort: Cohort, columns: Sequence[str]) -> Iterator[Problem]:
    """Features made from a code of the outcome; a bounded outcome's measurements may be used."""
    if task.outcome.bounded or task.features.allow_outcome_history:
        return
    outcome = set(cohort.codes.get(task.outcome.codes, ()))
    for column in columns:
        if code_of(column) in outcome:
            yield Problem(
                "outcome code",
                column,
                code_of(column),
                1.0,
                1.0,
                "this code is the outcome itself.",
                "Exclude it, or say `features: allow_outcome_history: true`.",
            )


def known_names(columns: Sequence[str]) -> Iterator[Problem]:
    """Features with a name that is known to mean trouble."""
    for column in columns:
        words = [part.strip().lower() for part in code_of(column).split("//")]
        for pattern, reason in _names():
            if any(pattern.fullmatch(word) for word in words[1:] or words):
                yield Problem(
                    "known name",
                    column,
                    code_of(column),
                    1.0,
                    1.0,
                    f"{reason}.",
                    "Exclude it, date it in the import mapping, or accept it with a reason.",
                )
                break


@lru_cache(maxsize=1)
def _names() -> tuple[tuple[re.Pattern[str], str], ...]:
    source = resources.files("nof1.predict").joinpath("leakage_names.csv")
    with source.open(encoding="utf-8") as stream:
        return tuple((re.compile(row["pattern"]), row["reason"]) for row in csv.DictReader(stream))
