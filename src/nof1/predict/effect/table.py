"""The learning table of a trial, without what must not be adjusted for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import polars as pl

from nof1.core.engine import Engine
from nof1.core.errors import ModelError
from nof1.predict import leakage
from nof1.predict.codesets import resolve_all
from nof1.predict.cohort import Source
from nof1.predict.dataset import Dataset, assemble, narrowed
from nof1.predict.effect.question import EffectTask
from nof1.predict.effect.trial import Trial
from nof1.predict.splits import Splits, folds_by_patient


def learning_table(
    question: EffectTask, record: Source, trial: Trial, engine: Engine | None = None
) -> tuple[Dataset, Splits]:
    """Features at time zero, the option's own codes left out, audited for leaks.

    Raises
    ------
    ModelError : no feature varies, a feature is a flagged collider, or the audit failed.
    """
    task, frame = question.task, trial.cohort.frame
    data = assemble(task, record, trial.cohort, pl.Series(np.ones(frame.height, bool)), engine)
    _refuse_colliders(question, record, data)
    data = without(data, {*trial.arms[0], *trial.arms[1]})
    folds = folds_by_patient(frame, np.ones(frame.height, bool), task.split)
    none = np.zeros(0, np.int64)
    splits = Splits(folds, none, none, f"{task.split.folds} folds by patient")
    leakage.audit(task, trial.cohort, data, splits, record.shards()).require()
    return data, splits


def without(data: Dataset, codes: Iterable[str]) -> Dataset:
    """The table without the columns of some codes: who began an option has its code.

    Raises
    ------
    ModelError : when no column is left.
    """
    banned = set(codes)
    ends = tuple(f"//{code}" for code in banned)  # END//RxNorm//3355 tells it as well
    kept = [
        place
        for place, column in enumerate(data.columns)
        if (code := _code(data, column)) not in banned and not code.endswith(ends)
    ]
    if not kept:
        raise ModelError(
            "Nothing but the options themselves is known of these people: nothing to adjust for.",
            where=f"task {data.task.name}, features",
            next_step="Import more of the record.",
        )
    columns = tuple(data.columns[place] for place in kept)
    return replace(data, columns=columns, X=np.ascontiguousarray(data.X[:, kept]),
                   spec=narrowed(data.spec, columns))  # fmt: skip


def _refuse_colliders(question: EffectTask, record: Source, data: Dataset) -> None:
    if question.colliders is None:
        return
    sets = (replace(question.colliders, may_be_empty=True),)
    found = resolve_all(sets, record.codes()["code"].to_list(), record.ancestors())
    codes = set(found[sets[0]])
    used = sorted({_code(data, column) for column in data.columns} & codes)
    if used:
        raise ModelError(
            f"{len(used)} flagged colliders are among the features: adjusting for them makes a "
            "bias where there was none.",
            where=f"task {question.task.name}, colliders",
            next_step=f"Leave {', '.join(used[:3])} out: `features: {{exclude: [...]}}`.",
        )


def _code(data: Dataset, column: str) -> str:
    return data.spec.field(column).code or ""
