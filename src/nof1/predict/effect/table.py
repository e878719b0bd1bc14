"""The learning table of a trial, without what must not be adjusted for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from nof1.core.engine import Engine
from nof1.core.errors import ModelError
from nof1.predict import leakage
from nof1.predict.codesets import CodeSet, resolve_all
from nof1.predict.cohort import Source
from nof1.predict.dataset import Dataset, assemble
from nof1.predict.effect.question import EffectTask
from nof1.predict.effect.trial import Trial
from nof1.predict.splits import Splits, folds_by_patient
from nof1.predict.task import Task


def learning_table(
    question: EffectTask, record: Source, trial: Trial, engine: Engine | None = None
) -> tuple[Dataset, Splits]:
    """Features at time zero, the option's own codes left out, audited for leaks.

    Raises
    ------
    ModelError : no feature varies, a feature is a flagged collider, or the audit failed.
    """
    task, frame = question.task, trial.cohort.frame
    asked = without_options(question, record, trial)
    known = pl.Series(np.ones(frame.height, bool))
    data = replace(assemble(asked, record, trial.cohort, known, engine), task=task)
    refuse_colliders(question, record, data)
    folds = folds_by_patient(frame, np.ones(frame.height, bool), task.split)
    none = np.zeros(0, np.int64)
    splits = Splits(folds, none, none, f"{task.split.folds} folds by patient")
    leakage.audit(task, trial.cohort, data, splits, record.shards()).require()
    return data, splits


def without_options(question: EffectTask, record: Source, trial: Trial) -> Task:
    """The task without the options among its features: who began an option has its code.

    They are left out before columns are compared: of equal columns one is kept, and a feature that
    decides the option must not disappear together with the option.
    """
    task, codes = question.task, record.codes()["code"].to_list()
    banned = {*trial.arms[0], *trial.arms[1]}
    ends = tuple(f"//{code}" for code in banned)  # END//RxNorm//3355 tells it as well
    banned |= {code for code in codes if code.endswith(ends)}
    if task.features.exclude is not None:
        sets = (task.features.exclude,)
        banned |= set(resolve_all(sets, codes, record.ancestors())[sets[0]])
    never = CodeSet("options", codes=tuple(sorted(banned)), may_be_empty=True)
    return replace(task, features=replace(task.features, exclude=never))


def refuse_colliders(question: EffectTask, record: Source, data: Dataset) -> None:
    """Stop when a flagged collider is among the features.

    Raises
    ------
    ModelError : naming the codes, and the ``exclude`` that cures it.
    """
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
