"""Is this patient one of those the model speaks about, and from which moment on?

The same rules as for the cohort, on what is known about one patient at the moment of asking. What
happened later plays no part: nobody is left out because of what is still to come.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from nof1.predict import timeline as timelines
from nof1.predict.codesets import CodeSet
from nof1.predict.selection import select
from nof1.predict.task import Task
from nof1.predict.timeline import Timeline
from nof1.record.events import TIME


@dataclass(frozen=True)
class Place:
    """The patient's place in a task.

    Attributes
    ----------
    prediction_time : the latest one at or before the moment of asking, or None.
    reason, resolve : why there is none, and what would change that.
    since : what happened after the prediction time and bears on it: the outcome, or death.
    """

    prediction_time: datetime | None
    reason: str = ""
    resolve: str = ""
    since: tuple[str, ...] = ()


def find_place(
    task: Task, events: pl.DataFrame, at: datetime, codes: Mapping[CodeSet, tuple[str, ...]]
) -> Place:
    """The patient's latest prediction time at or before ``at``.

    Parameters
    ----------
    events : one patient's events that are known at ``at``.
    codes : the codes of each set of the task.
    """
    timeline = timelines.of(events, codes)
    if task.index.event is None:  # whoever is asked about is observed until then
        seen = timeline.people.with_columns(last_time=pl.lit(at, TIME))
        timeline = replace(timeline, people=seen)
    sieve = select(task, timeline)
    offset = timedelta(days=task.prediction_offset_days)
    sieve.frame = sieve.frame.with_columns(pl.col("at") + offset)
    sieve.keep("whose prediction time has come", pl.col("at") <= at)
    alive = pl.col("death").is_null() | (pl.col("death") > pl.col("at"))
    sieve.keep("alive at the prediction time", alive)
    if task.prior_outcome == "exclude":
        outcomes = timelines.known_until(sieve.frame, timeline.times(task.outcome))
        sieve.keep(f"without an earlier {task.outcome.codes.name}", ~outcomes)
    if sieve.frame.is_empty():
        rule = next(step.rule for step in sieve.steps if step.patients == 0)
        return Place(
            None,
            f"The model speaks only about people {rule}. As of {at:%Y-%m-%d}, the record does not "
            "show that for this patient.",
            "Nothing, if that is so; otherwise complete the record, or ask as of another moment.",
        )
    last = sieve.frame.sort("at").row(-1, named=True)
    return _in_time(task, last["at"], at, _since(task, timeline, last))


def _since(task: Task, timeline: Timeline, row: Mapping[str, Any]) -> tuple[str, ...]:
    """What the record shows after the prediction time: a risk read without it would mislead."""
    outcomes = sorted(
        time
        for time, known in timeline.times(task.outcome).select("time", "known").iter_rows()
        if time is not None and known > row["at"]
    )
    found = [f"the outcome ({time:%Y-%m-%d})" for time in outcomes[:1]]
    if row["death"] is not None:
        found.append(f"the patient's death ({row['death']:%Y-%m-%d})")
    return tuple(f"After the start of this time span, the record shows {what}." for what in found)


def _in_time(task: Task, moment: datetime, at: datetime, since: tuple[str, ...]) -> Place:
    end = task.time_at_risk.end_days
    if math.isfinite(end) and at > moment + timedelta(days=end):
        return Place(
            None,
            f"The time at risk began on {moment:%Y-%m-%d} and ended after {end:g} days.",
            "Ask as of an earlier moment.",
        )
    return Place(moment, since=since)


def members(
    sets: Sequence[CodeSet], stored: Sequence[Sequence[str]], events: pl.DataFrame
) -> dict[CodeSet, tuple[str, ...]]:
    """The codes of each set: those met in training, and this patient's own that fit by name."""
    own = events["code"].unique().to_list()
    made = {}
    for codeset, known in zip(sets, stored, strict=True):
        minus = codeset.minus
        fits = {code for code in own if _named(codeset, code)}
        fits -= {code for code in fits if minus is not None and _named(minus, code)}
        made[codeset] = tuple(sorted(fits | set(known)))
    return made


def _named(codeset: CodeSet, code: str) -> bool:
    return code in codeset.codes or (bool(codeset.prefixes) and code.startswith(codeset.prefixes))
