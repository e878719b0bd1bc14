"""From a task file with a treatment to a stored effect: trial, features, analysis, checks, card."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from nof1.core import artefacts
from nof1.core.artefacts import Artefact, content_hash
from nof1.core.engine import Engine
from nof1.core.workspace import Workspace
from nof1.learn.effect.analysis import Analysis, analyse, fit
from nof1.learn.effect.arms import Arms
from nof1.learn.effect.recipe import Recipe
from nof1.learn.figures import Figure
from nof1.learn.sums import FloatArray
from nof1.predict.dataset import Dataset
from nof1.predict.effect import card as cards
from nof1.predict.effect.controls import Control, control
from nof1.predict.effect.model import StoredEffect
from nof1.predict.effect.outcome import Known, outcome
from nof1.predict.effect.question import EffectTask
from nof1.predict.effect.table import learning_table
from nof1.predict.effect.trial import Trial, compile_trial
from nof1.predict.guards import fit_domain
from nof1.predict.splits import Splits
from nof1.record.store import Record

Say = Callable[[str], None]
LEAST_EFFECTIVE = 50.0
"""Fewest effective people in an arm for a word about a single person."""
FAR_APART = 0.25
"""A column that still differs by so many standard deviations after weighting is no fair race."""


@dataclass(frozen=True)
class EffectResult:
    """What the estimation made.

    Attributes
    ----------
    analysis : holds rows; it stays in memory and is never stored.
    controls : what was found for outcomes that no option can change.
    """

    artefact: Artefact
    stored: StoredEffect
    card: cards.EffectCard
    trial: Trial
    analysis: Analysis
    controls: tuple[Control, ...]


def estimate(
    workspace: Workspace,
    path: Path,
    engine: Engine | None = None,
    say: Say = lambda text: None,
    recipe: Recipe | None = None,
) -> EffectResult:
    """Estimate and store the effect of the task file at ``path``.

    Raises
    ------
    InputError, ModelError : the file is wrong, an arm is empty, hardly anybody has a counterpart,
        or the leakage audit failed.
    """
    question, record = EffectTask.load(path), Record(workspace.record)
    say("Finding the people of both options")
    trial = compile_trial(question, record, engine)
    say(f"Computing features of {trial.cohort.frame.height:,} rows")
    data, splits = learning_table(question, record, trial, engine)
    arms, known = _arms(question, data, trial)
    plan = question.task.split
    recipe = recipe or Recipe(folds=plan.folds, seed=plan.seed, level=question.task.interval_level)
    say(f"Estimating over {recipe.folds} folds: propensity, outcomes, effects")
    analysis = analyse(arms, recipe, harm=question.estimand.harm)
    say("Checking outcomes that no option can change")
    controls = tuple(
        control(one, question, trial, data, arms, analysis, record, engine)
        for one in question.negative_controls
    )
    stored = _stored(workspace, question, record, trial, data, splits, arms, analysis, controls)
    made = cards.make_card(question, trial, data, known, analysis, controls, stored, _version(
        workspace, stored.name), content_hash(stored.files()))  # fmt: skip
    artefact = artefacts.save(workspace.effects, stored.name, stored.files(), made.files())
    return EffectResult(artefact, stored, made, trial, analysis, controls)


def _version(workspace: Workspace, name: str) -> int:
    return max(artefacts.versions(workspace.effects, name), default=0) + 1


def _arms(question: EffectTask, data: Dataset, trial: Trial) -> tuple[Arms, Known]:
    treated = trial.treated
    known = outcome(question, data, treated, trial.left_days, data.patients)
    binary = question.estimand.measure == "risk_difference"
    made = Arms.of(
        data.X, treated, known.y, names=data.columns, weight=known.weight, keys=data.patients,
        binary=binary,
    )  # fmt: skip
    return made, known


def _stored(
    workspace: Workspace, question: EffectTask, record: Record, trial: Trial, data: Dataset,
    splits: Splits, arms: Arms, analysis: Analysis, controls: tuple[Control, ...],
) -> StoredEffect:  # fmt: skip
    models = fit(arms, analysis)
    words = {
        code: text
        for code, text in record.codes().drop_nulls("description").select("code", "description")
        .iter_rows()
    }  # fmt: skip
    used = {data.spec.field(column).code or "" for column in data.columns}
    last = record.scan().select(pl.col("time").max()).collect().item()
    people = len(np.unique(data.patients))
    return StoredEffect(
        name=question.task.name.lower(),
        text=question.text,
        code_sets=tuple(_codes(question, trial, record)),
        arms=trial.arms,
        measure=question.estimand.measure,
        spec=data.spec,
        columns=data.columns,
        option=models.propensity,
        base=models.comparator,
        base_shift=_shift(models.comparator.mean(arms.X), analysis),
        learner=analysis.chosen,
        effect=models.effect,
        calibrated=analysis.calibrated,
        overlap=analysis.overlap,
        average=analysis.effect,
        means=analysis.means,
        validated=analysis.validated,
        domain=fit_domain(data, splits.folds),
        withheld=tuple(_withheld(analysis, controls)),
        level=analysis.recipe.level,
        codes={code: words[code] for code in sorted(used & set(words))},
        data_date=f"{last:%Y-%m-%d}" if last is not None else "undated",
        validated_in=f"{people:,} people who began one of the options, "
        f"{analysis.recipe.folds}-fold cross-fitting by patient (observational, internal)",
        synthetic=workspace.synthetic,
    )


def _codes(question: EffectTask, trial: Trial, record: Record) -> list[tuple[str, ...]]:
    known = {**trial.cohort.codes}
    treatment = question.treatment
    known[treatment.comparator.codes], known[treatment.strategy.codes] = trial.arms
    return [tuple(known.get(each, ())) for each in question.task.code_sets()]


def _shift(base: FloatArray, analysis: Analysis) -> float:
    rows = analysis.rows
    return float((analysis.means[0].value or 0.0) - rows @ base / max(rows.sum(), 1.0))


def _withheld(analysis: Analysis, controls: tuple[Control, ...]) -> list[str]:
    """Why nothing may be said about single people."""
    found = []
    for arm, people in zip(("comparator", "treatment"), analysis.overlap.effective, strict=True):
        if people < LEAST_EFFECTIVE:
            found.append(
                f"the {arm} group counts as {people:.0f} people after weighting (at least "
                f"{LEAST_EFFECTIVE:.0f} are needed)"
            )
    apart = [row for row in analysis.balance if row.apart(FAR_APART)]
    if apart:
        found.append(
            f"{len(apart)} features still differ by more than {FAR_APART:g} standard deviations "
            f"after weighting, beyond chance; first {apart[0].name}"
        )
    for one in controls:
        if _off(one.effect):
            found.append(f"there is an effect on {one.name}, which no option can change")
    return found


def _off(figure: Figure) -> bool:
    return figure.value is not None and not figure.contains(0.0)
