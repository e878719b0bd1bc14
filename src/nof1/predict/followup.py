"""What happens after the prediction time: observation, outcome, competing events, labels.

The time at risk is open at its start and closed at its end. When several things happen at one
moment, the outcome comes first, then competing events in the task's order, then the end of
observation.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import polars as pl

from nof1.predict.attrition import Sieve
from nof1.predict.question import Censoring
from nof1.predict.task import Task
from nof1.predict.timeline import Timeline, known_until, next_after
from nof1.record.events import DEATH, TIME

COLUMNS = ("subject_id", "prediction_time", "label", "duration_days", "cause", "site")
_DAY = timedelta(days=1)


def follow(task: Task, timeline: Timeline, sieve: Sieve) -> None:
    """Turn the index events of a sieve (see ``selection.select``) into labelled rows, in place."""
    offset = timedelta(days=task.prediction_offset_days)
    sieve.frame = sieve.frame.with_columns((pl.col("at") + offset).alias("at"))
    _observe(task, timeline, sieve)
    _remove_earlier_outcomes(task, timeline, sieve)
    sieve.frame = _events_at_risk(task, timeline, sieve.frame)
    if task.competing:
        free = pl.col("early").is_null()
        sieve.keep("no competing event before the time at risk", free)
    if task.kind == "survival":
        start = pl.col("at") + timedelta(days=task.time_at_risk.start_days)
        seen = (pl.col("end") > start) | (pl.col("cause") > 0)
        sieve.keep("observed in the time at risk", seen)
    else:
        _label(task, sieve)
    sieve.frame = _finished(task, sieve.frame)


def _observe(task: Task, timeline: Timeline, sieve: Sieve) -> None:
    """Add ``end`` (of observation) and ``open_until``; remove who is dead or out of sight.

    An end at midnight is a date without a time of day: that whole day still counts.
    """
    sieve.keep(
        "alive at the prediction time",
        pl.col("death").is_null() | (pl.col("death") > pl.col("at")),
    )
    end = _observation_end(task.censoring, timeline, sieve.frame)
    sieve.frame = sieve.frame.with_columns(end.alias("end")).with_columns(
        pl.min_horizontal("end", "death").alias("end")
    )
    is_date = pl.col("end") == pl.col("end").dt.truncate("1d")
    whole_day = pl.col("end") + _DAY - timedelta(microseconds=1)
    open_until = pl.when(is_date).then(whole_day).otherwise(pl.col("end"))
    sieve.frame = sieve.frame.with_columns(open_until.alias("open_until"))
    sieve.keep("observed at the prediction time", pl.col("open_until") >= pl.col("at"))


def _observation_end(rules: Censoring, timeline: Timeline, rows: pl.DataFrame) -> pl.Series:
    if rules.until is not None:
        day = datetime(rules.until.year, rules.until.month, rules.until.day)
        return pl.select(pl.repeat(pl.lit(day).cast(TIME), rows.height)).to_series()
    if rules.end is None:
        return rows["last_time"]
    today = rows.with_columns(pl.col("at").dt.truncate("1d"))
    marked = next_after(today, timeline.marks(rules.end), at_too=True)
    return marked.zip_with(marked.is_not_null(), rows["death"])


def _remove_earlier_outcomes(task: Task, timeline: Timeline, sieve: Sieve) -> None:
    if task.prior_outcome == "keep":
        return
    outcomes = timeline.times(task.outcome)
    name = task.outcome.codes.name
    sieve.keep(f"no {name} known before", ~known_until(sieve.frame, outcomes))
    if (gap := task.time_at_risk.start_days) > 0:
        first = next_after(sieve.frame, outcomes)
        late = first.is_null() | (first > sieve.frame["at"] + timedelta(days=gap))
        sieve.keep(f"no {name} before the time at risk starts", late)


def _events_at_risk(task: Task, timeline: Timeline, rows: pl.DataFrame) -> pl.DataFrame:
    """Add ``cause`` and ``when`` of the first event in the time at risk (0 and null if none).

    ``early`` is the first competing event between prediction time and time at risk.
    """
    start = timedelta(days=task.time_at_risk.start_days)
    limit = pl.col("open_until")
    if math.isfinite(task.time_at_risk.end_days):
        limit = pl.min_horizontal(pl.col("at") + timedelta(days=task.time_at_risk.end_days), limit)
    at_risk = rows.with_columns(pl.col("at") + start)
    rules = (task.outcome, *(each.event for each in task.competing))
    firsts = [next_after(at_risk, timeline.times(rule)) for rule in rules]
    names = [f"event{cause}" for cause in range(1, len(rules) + 1)]
    rows = rows.with_columns(
        *(found.alias(name) for found, name in zip(firsts, names, strict=True))
    )
    in_time = [pl.when(pl.col(name) <= limit).then(pl.col(name)).alias(name) for name in names]
    rows = rows.with_columns(*in_time).with_columns(
        pl.min_horizontal(*names).alias("when"), _earliest_competing(task, timeline, rows)
    )
    cause = pl.lit(0)
    for number in range(len(names), 0, -1):  # at one moment the first in the list wins
        happened = pl.col(f"event{number}") == pl.col("when")
        cause = pl.when(happened).then(pl.lit(number)).otherwise(cause)
    return rows.with_columns(cause.cast(pl.Int8).alias("cause"))


def _earliest_competing(task: Task, timeline: Timeline, rows: pl.DataFrame) -> pl.Series:
    start = rows["at"] + timedelta(days=task.time_at_risk.start_days)
    early = pl.Series("early", [None] * rows.height, TIME)
    for each in task.competing:
        first = next_after(rows, timeline.times(each.event))
        early = first.zip_with((first <= start).fill_null(False), early)
    return early.alias("early")


def _label(task: Task, sieve: Sieve) -> None:
    """Who has no event and is not observed to the end has no known label: see ``Censoring``."""
    rules, days = task.censoring, timedelta(days=task.time_at_risk.end_days)
    if task.competing and rules.competing_event == "exclude":
        sieve.keep("no competing event in the time at risk", pl.col("cause") < 2)
    if rules.incomplete_follow_up == "exclude":
        complete = pl.col("open_until") >= pl.col("at") + days
        died = (pl.col("end") == pl.col("death")).fill_null(False)
        sieve.keep(
            "with the outcome, or observed to the end of the time at risk",
            (pl.col("cause") > 0) | complete | died,
        )


def _finished(task: Task, rows: pl.DataFrame) -> pl.DataFrame:
    limit = pl.col("end")
    if math.isfinite(task.time_at_risk.end_days):
        full = pl.col("at") + timedelta(days=task.time_at_risk.end_days)
        negative = task.kind == "binary" and task.censoring.incomplete_follow_up == "negative"
        limit = full if negative else pl.min_horizontal(full, limit)
    stop = pl.coalesce("when", limit)
    duration = (stop - pl.col("at")).dt.total_microseconds() / 86_400e6
    label = (pl.col("cause") == 1).cast(pl.Int8) if task.kind == "binary" else pl.lit(None, pl.Int8)
    return rows.select(
        "subject_id",
        pl.col("at").alias("prediction_time"),
        label.alias("label"),
        duration.clip(lower_bound=0.0).alias("duration_days"),
        "cause",
        "site",
    )


def deaths_as_censoring(task: Task, timeline: Timeline, rows: pl.DataFrame) -> int:
    """Rows that end by a death which the task neither predicts nor names as competing."""
    named = {
        code
        for rule in (task.outcome, *(each.event for each in task.competing))
        for code in timeline.codes[rule.codes]
    }
    if DEATH in named:
        return 0
    died = rows.filter(pl.col("cause") == 0).join(timeline.lives, on="subject_id")
    lived_days = (pl.col("death") - pl.col("prediction_time")).dt.total_microseconds() / 86_400e6
    return died.filter(lived_days <= task.time_at_risk.end_days).height
