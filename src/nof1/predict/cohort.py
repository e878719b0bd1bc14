"""The cohort: who is asked about, when, and what happened to them.

``compile_cohort`` turns a task and a record into one row per index event, shard by shard, with an
attrition table that accounts for everybody who was left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import polars as pl

from nof1.core.engine import Engine, LocalEngine
from nof1.core.errors import ModelError
from nof1.predict import timeline as _timeline
from nof1.predict.attrition import Attrition
from nof1.predict.codesets import CodeSet, resolve_all
from nof1.predict.followup import deaths_as_censoring, follow
from nof1.predict.question import EventRule
from nof1.predict.selection import select
from nof1.predict.task import Task
from nof1.record.events import BIRTH, DEATH

Codes = Mapping[CodeSet, tuple[str, ...]]


class Source(Protocol):
    """What is asked of a record; ``nof1.record.store.Record`` is one."""

    def shards(self) -> list[Path]:
        """Parquet files of the event table, every subject in one of them."""
        ...

    def codes(self) -> pl.DataFrame:
        """A table with a column ``code``."""
        ...

    def ancestors(self) -> pl.DataFrame:
        """A table of ``ancestor`` and ``code``."""
        ...


@dataclass(frozen=True)
class Cohort:
    """The rows of a task.

    Attributes
    ----------
    frame : sorted by subject_id and prediction_time, one row per index event:

        ===============  =======================================================================
        subject_id       Int64
        prediction_time  when the question is answered, UTC
        label            Int8, 1 the outcome happens in the time at risk, else 0; null in survival
        duration_days    from the prediction time to the event or the end of observation
        cause            Int8, 0 no event (censored), 1 the outcome, 2 and more: competing events
        site             where the patient's record comes from
        ===============  =======================================================================

    attrition : what each rule removed.
    notes : what a reader must know about the data, in sentences, without any patient's values.
    codes : the codes of each code set that occur in the record.
    """

    frame: pl.DataFrame
    attrition: Attrition
    notes: tuple[str, ...]
    codes: Codes


@dataclass(frozen=True)
class _Part:
    frame: pl.DataFrame
    attrition: Attrition
    other_unit: int
    deaths: int


def compile_cohort(
    task: Task, record: Source, engine: Engine | None = None, *, usable: bool = True
) -> Cohort:
    """Find the people of a task and label them.

    Parameters
    ----------
    task : the question.
    record : the events.
    engine : where the shards are worked on (default: this process, one after another).
    usable : refuse a cohort from which nothing can be learnt; False where a refusal would tell
        something about a patient (jobs with noise).

    Raises
    ------
    InputError : a code set that names nothing in the record, or a damaged shard.
    ModelError : nobody is left, or the outcome never or always happens; with the attrition table.
    """
    known = [*record.codes()["code"].to_list(), BIRTH, DEATH]
    codes = resolve_all(task.code_sets(), known, record.ancestors())
    paths = record.shards()
    work = partial(_compile_shard, task=task, codes=codes)
    parts = list((engine or LocalEngine()).map(work, paths, names=[path.name for path in paths]))
    frame = pl.concat([part.frame for part in parts]).sort("subject_id", "prediction_time")
    attrition = Attrition.total(part.attrition for part in parts)
    cohort = Cohort(frame, attrition, _notes(task, parts), codes)
    if usable:
        _refuse_unusable(task, cohort)
    return cohort


def _compile_shard(path: Path, task: Task, codes: Codes) -> _Part:
    """One shard; this runs in a worker."""
    timeline = _timeline.read(path, codes)
    sieve = select(task, timeline)
    follow(task, timeline, sieve)
    skipped = sum(timeline.other_unit(rule) for rule in _rules(task))
    deaths = deaths_as_censoring(task, timeline, sieve.frame)
    return _Part(sieve.frame, Attrition(tuple(sieve.steps)), skipped, deaths)


def _rules(task: Task) -> list[EventRule]:
    histories = (*task.eligibility.must_have, *task.eligibility.must_not_have)
    rules = [task.outcome, *(each.event for each in task.competing)]
    rules += [each.event for each in histories]
    return [*rules, task.index.event] if task.index.event else rules


def _notes(task: Task, parts: Sequence[_Part]) -> tuple[str, ...]:
    notes = []
    if other := sum(part.other_unit for part in parts):
        notes.append(
            f"{other:,} values in another unit, or without one, were passed over by rules that "
            "name a unit."
        )
    if deaths := sum(part.deaths for part in parts):
        notes.append(
            f"{deaths:,} rows end by a death that is neither outcome nor competing event: they "
            "count as free of the outcome. Name it below `competing:` if it prevents the outcome."
        )
    if task.index.which == "last" and task.index.event:
        notes.append(
            "The index is the *last* event: nobody can know at the time that it was the last."
        )
    return tuple(notes)


def _refuse_unusable(task: Task, cohort: Cohort) -> None:
    outcomes = cohort.frame.filter(pl.col("cause") == 1).height
    table = cohort.attrition.text()
    notes = "".join(f"\nNote: {note}" for note in cohort.notes)
    if cohort.frame.is_empty():
        loss = cohort.attrition.largest_loss()
        raise ModelError(
            f"The cohort is empty.\n{table}{notes}",
            where=f"task {task.name}" + (f", rule: {loss.rule}" if loss else ""),
            next_step="Loosen the rule after which nobody was left, or import more of the record.",
        )
    if outcomes == 0 or (task.kind == "binary" and outcomes == cohort.frame.height):
        often = "never" if outcomes == 0 else "always"
        raise ModelError(
            f"The outcome {often} happens in this cohort: there is nothing to learn.\n"
            f"{table}{notes}",
            where=f"task {task.name}, outcome {task.outcome.codes.name}",
            allowed="some people with and some without the outcome",
            next_step="Check the code set and the bounds of the outcome, the time at risk, "
            "`prior_outcome` and `incomplete_follow_up`.",
        )
