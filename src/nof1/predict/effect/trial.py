"""The emulated trial: who began which option at time zero, and how long each stayed with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nof1.core.engine import Engine
from nof1.core.errors import ModelError
from nof1.predict.attrition import Attrition, Sieve
from nof1.predict.codesets import CodeSet, resolve_all
from nof1.predict.cohort import Cohort, Source, compile_cohort
from nof1.predict.effect.question import EffectTask
from nof1.record.events import known_time

DAY = timedelta(days=1)
FAR = 10**9  # days; later than any follow-up


@dataclass(frozen=True)
class Trial:
    """The people of the comparison.

    Attributes
    ----------
    cohort : as of a task; its frame has a column ``treated`` (1 strategy, 0 comparator).
    left_days : (n,) days from the start of follow-up until the option was left; infinite when it
        never was, or when the analysis does not ask.
    arms : codes of comparator and strategy, as found in the record.
    """

    cohort: Cohort
    left_days: NDArray[np.float64]
    arms: tuple[tuple[str, ...], tuple[str, ...]]

    @property
    def treated(self) -> NDArray[np.float64]:
        """(n,) 1 strategy, 0 comparator."""
        made: NDArray[np.float64] = self.cohort.frame["treated"].to_numpy().astype(np.float64)
        return made


def compile_trial(question: EffectTask, record: Source, engine: Engine | None = None) -> Trial:
    """Find the people, and which option each began.

    Raises
    ------
    InputError : a code set that names nothing, or options that share a code.
    ModelError : nobody is left, with the attrition table.
    """
    task, treatment = question.task, question.treatment
    sets = (treatment.comparator.codes, treatment.strategy.codes)
    codes = _arm_codes(sets, record)
    cohort = compile_cohort(task, record, engine)
    uses = _uses(record, codes)
    sieve = Sieve(_begun(question, cohort.frame, uses), cohort.attrition.steps)
    other, name = treatment.labels
    sieve.keep(f"no {other} or {name} in {treatment.washout_days:g} days before", ~pl.col("before"))
    sieve.keep(f"{other} or {name} was begun", pl.col("first").is_not_null())
    sieve.keep("only one of them was begun", pl.col("arms") == 1)
    frame = sieve.frame.sort("subject_id", "prediction_time")
    if frame.is_empty():
        table = Attrition(tuple(sieve.steps)).text()
        raise ModelError(
            f"Nobody is left for the comparison.\n{table}",
            where=f"task {task.name}, treatment",
            next_step="Check the washout, the grace period and the code sets of both options.",
        )
    left = _left(question, frame, uses)
    kept = frame.select(*cohort.frame.columns, pl.col("first").cast(pl.Int8).alias("treated"))
    made = replace(cohort, frame=kept, attrition=Attrition(tuple(sieve.steps)))
    return Trial(made, left, codes)


def _arm_codes(
    sets: tuple[CodeSet, CodeSet], record: Source
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    found: Mapping[CodeSet, tuple[str, ...]] = resolve_all(
        sets, record.codes()["code"].to_list(), record.ancestors()
    )
    comparator, strategy = found[sets[0]], found[sets[1]]
    if shared := sorted(set(comparator) & set(strategy)):
        raise ModelError(
            f"{len(shared)} codes belong to both options.",
            where="treatment",
            allowed="two sets without a common code",
            next_step=f"Take {shared[0]} out of one of them.",
        )
    return comparator, strategy


def _uses(record: Source, codes: tuple[tuple[str, ...], tuple[str, ...]]) -> pl.DataFrame:
    """subject_id, known (when it was known), arm (1 strategy); sorted by time."""
    both = [*codes[0], *codes[1]]
    scans = [pl.scan_parquet(path) for path in record.shards()]
    found = (
        pl.concat(scans, how="diagonal_relaxed")
        .filter(pl.col("code").is_in(both))
        .select("subject_id", known_time(), pl.col("code").is_in(codes[1]).alias("arm"))
        .drop_nulls("known")
        .collect()
    )
    return found.sort("subject_id", "known")


def _begun(question: EffectTask, frame: pl.DataFrame, uses: pl.DataFrame) -> pl.DataFrame:
    """With ``before`` (use in the washout), ``first`` (arm begun) and ``arms`` (how many)."""
    treatment = question.treatment
    offset = timedelta(days=question.task.prediction_offset_days)
    rows = frame.with_row_index("row").with_columns(
        (pl.col("prediction_time") - offset).alias("at")
    )
    joined = rows.select("row", "subject_id", "at").join(uses, on="subject_id", how="left")
    washout, grace = DAY * treatment.washout_days, DAY * treatment.grace_days
    known, at = pl.col("known"), pl.col("at")
    # A use at the very moment of the index is the start itself, not an earlier use.
    early = (known < at) & (known >= at - washout)
    begins = (known >= at) & (known <= at + grace)
    told = joined.group_by("row").agg(
        early.any().fill_null(False).alias("before"),
        pl.col("arm").filter(begins).first().alias("first"),
        pl.col("arm").filter(begins).n_unique().alias("arms"),
    )
    return rows.join(told, on="row", how="left").drop("row", "at")


def _left(question: EffectTask, frame: pl.DataFrame, uses: pl.DataFrame) -> NDArray[np.float64]:
    """Days until the other option was begun, or the own one was not renewed in time."""
    treatment = question.treatment
    if treatment.analysis == "intention_to_treat":
        return np.full(frame.height, np.inf)
    rows = frame.with_row_index("row").select("row", "subject_id", "prediction_time", "first")
    # From the index on: who began during the grace and never came back has left as well.
    offset = timedelta(days=question.task.prediction_offset_days)
    later = rows.join(uses, on="subject_id", how="left").filter(
        pl.col("known") >= pl.col("prediction_time") - offset
    )
    days = (pl.col("known") - pl.col("prediction_time")).dt.total_microseconds() / 86_400e6
    told = later.with_columns(days.alias("days"), own=pl.col("arm") == pl.col("first"))
    switch = told.group_by("row").agg(pl.col("days").filter(~pl.col("own")).min().alias("switch"))
    ends: Any = rows.join(switch, on="row", how="left")
    if treatment.gap_days is not None:
        ends = ends.join(_lapsed(told, treatment.gap_days), on="row", how="left")
    else:
        ends = ends.with_columns(pl.lit(None, pl.Float64).alias("lapse"))
    first = ends.sort("row").select(pl.min_horizontal("switch", "lapse").fill_null(np.inf))
    left: NDArray[np.float64] = first.to_series().to_numpy().astype(np.float64)
    return np.maximum(left, 1e-3)


def _lapsed(told: pl.DataFrame, gap: float) -> pl.DataFrame:
    """row, lapse: the end of the first stretch of ``gap`` days without the own option."""
    own = told.filter("own").sort("row", "days")
    until = pl.col("days").shift(-1).over("row").fill_null(FAR)
    return (
        own.filter(until - pl.col("days") > gap)
        .group_by("row")
        .agg((pl.col("days").min() + gap).alias("lapse"))
    )
