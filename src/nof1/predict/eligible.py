"""Is this patient one of those the model speaks about, and from which moment on?

The same rules as for the cohort, on what is known about one patient at the moment of asking. What
happened later plays no part: nobody is left out because of what is still to come.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from nof1.predict import timeline as timelines
from nof1.predict.codesets import CodeSet
from nof1.predict.selection import select
from nof1.predict.task import Task


@dataclass(frozen=True)
class Place:
    """The patient's place in a task.

    Attributes
    ----------
    prediction_time : the latest one at or before the moment of asking, or None.
    reason, resolve : why there is none, and what would change that.
    """

    prediction_time: datetime | None
    reason: str = ""
    resolve: str = ""


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
            f"The model speaks only about people {rule}, and this patient is not one of them.",
            "Nothing, if that is so; otherwise add what is missing to the record.",
        )
    return _in_time(task, sieve.frame["at"].max(), at)  # type: ignore[arg-type]


def _in_time(task: Task, moment: datetime, at: datetime) -> Place:
    end = task.time_at_risk.end_days
    if math.isfinite(end) and at > moment + timedelta(days=end):
        return Place(
            None,
            f"The time at risk began on {moment:%Y-%m-%d} and ended after {end:g} days.",
            "Ask as of an earlier moment, with --at.",
        )
    return Place(moment)


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
