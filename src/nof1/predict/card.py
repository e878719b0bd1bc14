"""What a training run knows, put on the model card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl

from nof1 import __version__
from nof1.core.artefacts import content_hash
from nof1.core.workspace import Workspace
from nof1.learn.card import Card
from nof1.learn.comparison import Choice
from nof1.learn.evaluate import Evaluation
from nof1.learn.figures import Figure
from nof1.learn.gate import GateResult
from nof1.predict.ablation import Ablation
from nof1.predict.crossfit import Voice
from nof1.predict.dataset import Dataset, Rows
from nof1.predict.fitting import Trained
from nof1.predict.leakage import LeakageReport
from nof1.predict.model import Model
from nof1.predict.reasons import column_words
from nof1.predict.spec import AGE
from nof1.predict.task import Task

MOST_FEATURES = 40
NOTES = {
    "preparation": (
        "Units were harmonised at import (unknown units stay apart); events count from the "
        "moment they were recorded; windows end at the prediction time."
    ),
    "missing_data": (
        "Nothing was filled in. A missing value is a bin of its own in the glass box and the "
        "trees; the linear baseline takes the mean and a sign that the value is missing."
    ),
    "recalibration": (
        "Risks were recalibrated (intercept and slope) on out-of-fold decisions; each figure "
        "on this card comes from rows that took no part in training or recalibration."
    ),
    "output": "A risk by the horizon with an interval, signed reasons, or an open refusal.",
    "code": f"nof1 {__version__}, Apache-2.0",
}
INTENDED_USE = (
    "Research and education: to study and discuss the risk of one patient at the moment "
    "of the index event, together with its reasons."
)
LIMITS = (
    "An association is not an effect: changing a reason need not change the risk.",
    "People unlike the training data get a refusal, not a number.",
    "The interval is about the risk given what was recorded, not about unrecorded causes.",
)
INTERNAL = "It was validated inside its own data only; outside performance is unknown."
SYNTHETIC = "The data are synthetic: no figure says anything about real people."


@dataclass(frozen=True)
class Verdict:
    """One horizon: what turns decisions into risks there, its figures, and the gate's answer."""

    horizon_days: float
    voice: Voice
    evaluation: Evaluation
    gate: GateResult


def withheld(verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """Why a model may not speak at all; empty when it may."""
    return tuple(
        f"{check.name} at {verdict.horizon_days:g} days: {check.reason}"
        for verdict in verdicts
        for check in verdict.gate.checks
        if not check.passed
    )


def silent_groups(verdicts: Sequence[Verdict]) -> dict[str, str]:
    """``attribute=group`` -> why a model may not speak about that group."""
    return {
        group: why for verdict in verdicts for group, why in verdict.gate.withheld_groups.items()
    }


def shown(verdicts: Sequence[Verdict]) -> Verdict:
    """The horizon on the card: the first that failed, or else the main one."""
    return next((one for one in verdicts if not one.gate.passed), verdicts[-1])


def outcome_words(task: Task, days: float) -> str:
    """What is predicted, by when."""
    return (
        f"{task.outcome.codes.name} between day {task.time_at_risk.start_days:g} and day "
        f"{days:g} after the prediction time."
    )


def make_card(
    workspace: Workspace,
    data: Dataset,
    model: Model,
    version: int,
    verdict: Verdict,
    learners: Mapping[str, Mapping[str, Figure]],
    choice: Choice,
    audit: LeakageReport,
    terms: Sequence[Mapping[str, Any]],
    ablation: Ablation | None = None,
) -> Card:
    """The card of a model that was just trained.

    Parameters
    ----------
    verdict : the horizon whose figures are on the card.
    terms : name and importance of each term, the weightiest first.
    ablation : what each group of information adds, where the task asks for it.
    """
    task = data.task
    internal = task.split.method == "patient"
    limits = [*LIMITS, *([INTERNAL] * internal), *([SYNTHETIC] * model.synthetic)]
    limits += [*data.cohort.notes, *_accepted(audit)]
    return Card(
        name=model.name,
        version=str(version),
        content_hash=content_hash(model.files()),
        created=f"{datetime.now(UTC):%Y-%m-%d}",
        purpose=task.description or f"Risk of {task.outcome.codes.name}.",
        intended_use=INTENDED_USE,
        outcome=outcome_words(task, verdict.horizon_days),
        synthetic=workspace.synthetic,
        data=_data(data, model),
        population=f"Validated in {model.validated_in}.",
        attrition=[(step.rule, step.patients) for step in data.cohort.attrition.steps],
        features=terms[:MOST_FEATURES],
        learners=learners,
        choice=choice,
        evaluation=verdict.evaluation,
        gate=verdict.gate,
        notes=NOTES,
        drift={
            "inputs": f"baseline of {len(data.columns)} features and of the risk is stored",
            "compare": "Drift.compare tells which features have moved, and how far",
        },
        limits=limits,
        ablation=ablation.to_dict() if ablation is not None else None,
    )


def terms_of(trained: Trained, data: Dataset, rows: Rows, codes: Mapping[str, str]) -> list[Any]:
    """Each term in words, its columns and its mean absolute contribution, weightiest first."""
    parts = np.abs(trained.contributions(data.X[rows])).mean(axis=0)
    made = []
    for k in np.argsort(-parts, kind="stable"):
        columns = trained.term_columns()[k]
        if parts[k] > 0 and columns:
            words = [column_words(data.spec.field(column), codes) for column in columns]
            made.append(
                {
                    "name": " with ".join(words),
                    "columns": list(columns),
                    "importance": round(float(parts[k]), 4),
                    "missing": _missing(data, columns),
                }
            )
    return made


def _missing(data: Dataset, columns: tuple[str, ...]) -> float:
    """Share of rows in which any of the columns is missing."""
    places = [data.columns.index(column) for column in columns]
    return round(float(np.isnan(data.X[:, places]).any(axis=1).mean()), 4)


def _data(data: Dataset, model: Model) -> dict[str, Any]:
    frame = data.cohort.frame
    first, last = frame.select(
        pl.col("prediction_time").min().alias("first"), pl.col("prediction_time").max()
    ).row(0)
    return {
        "period": f"{first:%Y-%m-%d} to {last:%Y-%m-%d} (prediction times)",
        "data_date": model.data_date,
        "sites": frame["site"].n_unique(),
        "patients": frame["subject_id"].n_unique(),
        "rows": frame.height,
        "events": int((frame["cause"] == 1).sum()),
        "features": len(data.columns) if AGE in data.columns else f"{len(data.columns)}, no age",
        "split": model.validated_in,
    }


def _accepted(audit: LeakageReport) -> list[str]:
    return [f"Accepted by the author: {problem.text()}" for problem in audit.accepted]
