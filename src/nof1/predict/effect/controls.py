"""Negative controls: an effect on an outcome that no option can change is bias, seen directly.

Reference: Lipsitch, Tchetgen Tchetgen & Cohen, Epidemiology 21 (2010) 383.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from nof1.core.engine import Engine
from nof1.core.errors import ModelError, Nof1Error
from nof1.learn.effect.analysis import Analysis
from nof1.learn.effect.arms import Arms
from nof1.learn.effect.nuisance import Nuisance, fit_arm
from nof1.learn.effect.scores import average, scores
from nof1.learn.figures import Figure
from nof1.predict.cohort import Source, compile_cohort
from nof1.predict.dataset import Dataset, Outcome
from nof1.predict.effect.outcome import outcome
from nof1.predict.effect.question import EffectTask, Estimand
from nof1.predict.effect.trial import Trial
from nof1.predict.question import Competing

ROW = ["subject_id", "prediction_time"]


@dataclass(frozen=True)
class Control:
    """An outcome that cannot be changed, and the risk difference that was found for it.

    ``note`` says why there is none.
    """

    name: str
    effect: Figure
    events: int
    note: str = ""


def control(
    one: Competing, question: EffectTask, trial: Trial, data: Dataset, arms: Arms,
    analysis: Analysis, record: Source, engine: Engine | None = None,
) -> Control:  # fmt: skip
    """The same comparison for another outcome, with the same propensities."""
    task = replace(question.task, outcome=one.event, competing=())
    try:
        frame = compile_cohort(task, record, engine).frame
        other, known = _outcome(question, trial, data, frame, task.kind)
        return _compared(one.name, other, known, arms, analysis)
    except Nof1Error as error:
        words = error.message.splitlines()[0]
        return Control(one.name, Figure.missing(words, analysis.recipe.level), 0, words)


def _outcome(
    question: EffectTask, trial: Trial, data: Dataset, frame: pl.DataFrame, kind: str
) -> tuple[np.ndarray, np.ndarray]:
    """Outcome and weight of the trial's rows; 0 where the control is not known."""
    columns = [*ROW, "label", "duration_days", "cause"]
    rows = trial.cohort.frame.select(*ROW)
    joined = rows.join(frame.select(columns), on=ROW, how="left", maintain_order="left")
    present = joined["duration_days"].is_not_null().to_numpy()
    days = joined["duration_days"].fill_null(1.0).to_numpy().astype(np.float64)
    cause = joined["cause"].fill_null(0).to_numpy().astype(np.int64)
    label = joined["label"].fill_null(0).to_numpy().astype(np.float64)
    made = replace(data, outcome=Outcome(kind, label, days, cause))
    asked = replace(question, estimand=Estimand("risk_difference", question.estimand.horizon_days))
    known = outcome(asked, made, trial.treated, trial.left_days, data.patients)
    return known.y, known.weight * present


def _compared(
    name: str, y: np.ndarray, weight: np.ndarray, arms: Arms, analysis: Analysis
) -> Control:
    made = Arms.of(arms.X, arms.treated, y, names=arms.names, weight=weight,
                   keys=arms.keys, binary=True)  # fmt: skip
    recipe, folds = analysis.recipe, analysis.nuisance.folds
    mean = np.zeros((len(y), 2))
    for fold in range(recipe.folds):
        here = folds == fold
        for arm in (0, 1):
            mean[here, arm] = fit_arm(made, arm, (~here).astype(float), recipe).mean(made.X[here])
    nuisance = Nuisance(analysis.nuisance.propensity, mean, np.zeros((len(y), 2, 1)), folds)
    found = average(scores(made, nuisance).effect, made, analysis.rows > 0, level=recipe.level)
    events = int(((y == 1) & (weight > 0)).sum())
    if found.value is None:
        raise ModelError("There is no figure.", where="negative_controls")
    return Control(name, found, events)
