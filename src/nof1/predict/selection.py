"""Who enters a cohort: index events and eligibility, for one shard.

Nothing here looks past the index: an event counts only when it was known then.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from nof1.predict.attrition import Sieve, Step
from nof1.predict.question import Eligibility, History, Index
from nof1.predict.task import Task
from nof1.predict.timeline import Timeline, known_within, last_until

DAYS_PER_YEAR = 365.25


def select(task: Task, timeline: Timeline) -> Sieve:
    """Index events of eligible people.

    Returns
    -------
    A sieve whose frame has subject_id, site, first_time, last_time, birth, death, sex and ``at``,
    the time of the index; one row per index event, sorted by subject and time.
    """
    people = timeline.people.join(timeline.lives, on="subject_id", how="left")
    rows = _index_rows(task.index, timeline, people).sort("subject_id", "at")
    found = rows["subject_id"].n_unique()
    steps = (
        Step("in the record", people.height, 0),
        Step(_index_words(task.index), found, rows.height, people.height - found),
    )
    sieve = Sieve(rows, steps)
    _basics(sieve, task.eligibility, task, timeline)
    for history in task.eligibility.must_have:
        sieve.keep(f"with {_words(history)}", _has(sieve, history, timeline))
    for history in task.eligibility.must_not_have:
        sieve.keep(f"without {_words(history)}", ~_has(sieve, history, timeline))
    return sieve


def _index_rows(index: Index, timeline: Timeline, people: pl.DataFrame) -> pl.DataFrame:
    """An event becomes an index when it is known; nobody could have asked before."""
    if index.event is None:
        return people.with_columns(_fixed(index).alias("at")).filter(
            pl.col("at").is_between("first_time", "last_time")
        )
    known = timeline.times(index.event).filter(pl.col("time").is_not_null())
    if index.which == "every":
        times = known.select("subject_id", pl.col("known").alias("at")).unique()
    else:
        edge = pl.col("known").min() if index.which == "first" else pl.col("known").max()
        times = known.group_by("subject_id").agg(edge.alias("at"))
    return people.join(times, on="subject_id", how="inner")


def _fixed(index: Index) -> pl.Expr:
    if index.on is not None:
        on = index.on
        moment = on if isinstance(on, datetime) else datetime(on.year, on.month, on.day)
        return pl.lit(moment).cast(pl.Datetime("us"))
    return pl.col("birth") + timedelta(days=DAYS_PER_YEAR * (index.age_years or 0))


def _index_words(index: Index) -> str:
    if index.on is not None:
        return f"observed on {index.on.isoformat()}"
    if index.event is None:
        return f"observed at age {index.age_years:g}"
    return f"with an index event: {index.which} {index.event.codes.name}"


def _basics(sieve: Sieve, rules: Eligibility, task: Task, timeline: Timeline) -> None:
    """Age, sex and length of history."""
    age = (pl.col("at") - pl.col("birth")).dt.total_microseconds() / (86_400e6 * DAYS_PER_YEAR)
    if rules.min_age_years is not None:
        sieve.keep(f"age known and at least {rules.min_age_years:g}", age >= rules.min_age_years)
    if rules.max_age_years is not None:
        # A person is 65 until the 66th birthday.
        sieve.keep(f"age known and at most {rules.max_age_years:g}", age < rules.max_age_years + 1)
    if rules.sex:
        sieve.keep(f"sex known and {' or '.join(rules.sex)}", pl.col("sex").is_in(rules.sex))
    if task.censoring.start is not None:
        opened = last_until(sieve.frame, timeline.marks(task.censoring.start))
        sieve.frame = sieve.frame.with_columns(opened.alias("first_time"))
        sieve.keep("in an observation period at the index", pl.col("first_time").is_not_null())
    if rules.history_days:
        since = pl.col("at") - pl.col("first_time")
        enough = since >= timedelta(days=rules.history_days)
        sieve.keep(f"observed for {rules.history_days:g} days before the index", enough)


def _has(sieve: Sieve, history: History, timeline: Timeline) -> pl.Series:
    events = timeline.times(history.event)
    return known_within(sieve.frame, events, history.from_days, history.to_days)


def _words(history: History) -> str:
    start = "ever" if history.from_days is None else f"from day {history.from_days:g}"
    end = "the index" if history.to_days == 0 else f"day {history.to_days:g}"
    return f"{history.event.codes.name}, {start} until {end}"
