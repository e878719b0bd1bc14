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
from nof1.learn.effect.nuisance import fit_arm
from nof1.learn.effect.scores import average, scores
from nof1.learn.figures import Figure
from nof1.learn.sums import SecureSum, local_sum
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
    total: SecureSum = local_sum,
) -> Control:  # fmt: skip
    """The same comparison for another outcome, with the same propensities.

    With several sites, called at each of them at the same time; it has no figure when a site
    cannot find the outcome, because all have to take the same steps.
    """
    task = replace(question.task, outcome=one.event, competing=())
    frame, why = None, "another site cannot find it"
    try:
        frame = compile_cohort(task, record, engine).frame
    except Nof1Error as error:
        why = error.message.splitlines()[0]
    if total(np.array([float(frame is None)]))[0] > 0 or frame is None:
        return _none(one, why, analysis)
    try:
        other, known = _outcome(question, trial, data, frame, task.kind, total)
        return _compared(one.name, other, known, arms, analysis, total)
    except Nof1Error as error:
        return _none(one, error.message.splitlines()[0], analysis)


def _none(one: Competing, why: str, analysis: Analysis) -> Control:
    return Control(one.name, Figure.missing(why, analysis.recipe.level), 0, why)


def _outcome(
    question: EffectTask, trial: Trial, data: Dataset, frame: pl.DataFrame, kind: str,
    total: SecureSum,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
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
    known = outcome(asked, made, trial.treated, trial.left_days, data.patients, total)
    return known.y, known.weight * present


def _compared(
    name: str, y: np.ndarray, weight: np.ndarray, arms: Arms, analysis: Analysis, total: SecureSum
) -> Control:
    made = arms.another(y, weight, total)
    recipe, folds = analysis.recipe, analysis.nuisance.folds
    mean = np.zeros((len(y), 2))
    for fold in range(recipe.folds):
        here = folds == fold
        for arm in (0, 1):
            response = fit_arm(made, arm, (~here).astype(float), recipe, total)
            mean[here, arm] = response.placed_mean(made.bins(recipe.nuisance, total).at(here))
    nuisance = replace(analysis.nuisance, mean=mean, bags=np.zeros((len(y), 2, 1)))
    effect = scores(made, nuisance).effect
    found = average(effect, made, analysis.rows > 0, total, recipe.level)
    events = round(total(np.array([((y == 1) & (weight > 0)).sum()], dtype=np.float64))[0])
    if found.value is None:
        raise ModelError("There is no figure.", where="negative_controls")
    return Control(name, found, events)
