"""Leaks that show only in the events themselves: a second count, and companions of the outcome."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl

from nof1.predict.cohort import Cohort
from nof1.predict.problem import Matrix, Problem, code_of
from nof1.predict.spec import FULL_WIDTH, width_us
from nof1.predict.task import Task

SAMPLE = 200
NEAR = timedelta(minutes=10)
MAX_COMPANION = 0.8  # of a code's events that stand beside an outcome
MIN_COMPANION = 0.5  # of the outcomes that have this code beside them
MIN_OUTCOMES = 20


def recount(cohort: Cohort, matrix: Matrix, shards: Sequence[Path]) -> Iterator[Problem]:
    """Count the events of a sample of rows again, in another way, and compare.

    A feature with more events than were known at the prediction time has seen the future.
    """
    counts = [name for name in matrix.columns if name.endswith("/count")]
    if not counts:
        return
    rows = np.sort(np.random.default_rng(0).permutation(cohort.frame.height)[:SAMPLE])
    sample = cohort.frame[rows].select("subject_id", at="prediction_time").with_row_index("row")
    known = _known_events(sample, {code_of(name) for name in counts}, shards)
    by_window = {}
    for window in {name.rsplit("/", 2)[1] for name in counts}:
        width = width_us(window)
        age = (pl.col("at") - pl.col("time")).dt.total_microseconds()
        inside = known if width == FULL_WIDTH else known.filter(age < width)
        found = inside.group_by("row", "code").len()
        by_window[window] = {(row, code): n for row, code, n in found.iter_rows()}
    for first in range(0, len(counts), 64):
        chosen = counts[first : first + 64]
        values = matrix.dense(chosen)[rows]
        for name, column in zip(chosen, values.T, strict=True):
            code, window, _ = name.rsplit("/", 2)
            expected = [by_window[window].get((row, code), 0) for row in range(len(rows))]
            if more := int(np.sum(column > np.array(expected))):
                yield Problem(
                    "later",
                    name,
                    code,
                    float(more),
                    1.0,
                    f"counts events that were not yet known in {more} of {len(rows)} rows.",
                    "Build the features again at the prediction time of this cohort.",
                )


def _known_events(sample: pl.DataFrame, codes: set[str], shards: Sequence[Path]) -> pl.DataFrame:
    """row, at, time, code of the events known at the prediction time of each sampled row."""
    found = []
    for path in shards:
        events = pl.scan_parquet(path)
        recorded = pl.col("recorded") if "recorded" in events.collect_schema() else pl.lit(None)
        joined = (
            events.filter(pl.col("code").is_in(sorted(codes)))
            .select("subject_id", "time", "code", recorded.cast(pl.Datetime("us")).alias("rec"))
            .join(sample.lazy(), on="subject_id")
            .filter(pl.col("time") <= pl.col("at"))
            .filter(pl.col("rec").is_null() | (pl.col("rec") <= pl.col("at")))
        )
        found.append(joined.select("row", "at", "time", "code").collect())
    return pl.concat(found)


def companions(
    task: Task, cohort: Cohort, columns: Sequence[str], shards: Sequence[Path]
) -> Iterator[Problem]:
    """Codes that stand beside the outcome, and hardly anywhere else: its second name.

    Beside means within ``NEAR``, at any time in the record of the people of the cohort.
    """
    outcome = set(cohort.codes.get(task.outcome.codes, ()))
    codes = {code_of(name) for name in columns} - outcome
    people = cohort.frame.select("subject_id").unique().lazy()
    tallies, n_outcomes = [], 0
    for path in shards:
        events = pl.scan_parquet(path).select("subject_id", "time", "code")
        events = events.filter(pl.col("time").is_not_null()).join(
            people, on="subject_id", how="semi"
        )
        outcomes = events.filter(pl.col("code").is_in(sorted(outcome))).collect()
        n_outcomes += outcomes.height
        tallies.append(_tally(events.filter(pl.col("code").is_in(sorted(codes))), outcomes))
    if n_outcomes < MIN_OUTCOMES:
        return
    total = pl.concat(tallies).group_by("code").agg(pl.col("n", "near", "cases").sum()).sort("code")
    for code, n, near, cases in total.iter_rows():
        if near / n >= MAX_COMPANION and cases / n_outcomes >= MIN_COMPANION:
            column = next(name for name in columns if code_of(name) == code)
            yield Problem(
                "same as outcome",
                column,
                code,
                near / n,
                MAX_COMPANION,
                f"{near / n:.0%} of its events stand within minutes of the outcome, beside "
                f"{cases / n_outcomes:.0%} of all outcomes.",
                "Add the code to the outcome's code set, or exclude it.",
            )


def _tally(events: pl.LazyFrame, outcomes: pl.DataFrame) -> pl.DataFrame:
    """For each code: its events ``n``, those ``near`` an outcome, and the outcomes it is near."""
    times = outcomes.sort("time").select("subject_id", pl.col("time").alias("outcome"))
    joined = (
        events.sort("time")
        .join_asof(
            times.lazy(),
            left_on="time",
            right_on="outcome",
            by="subject_id",
            strategy="nearest",
            check_sortedness=False,
        )
        .with_columns(
            ((pl.col("time") - pl.col("outcome")).abs() <= NEAR).fill_null(False).alias("near")
        )
    )
    beside = pl.struct("subject_id", "outcome").filter("near").n_unique()
    return (
        joined.group_by("code")
        .agg(pl.len().alias("n"), pl.col("near").sum(), beside.alias("cases"))
        .collect()
    )
