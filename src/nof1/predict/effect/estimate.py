"""From a task file with a treatment to a stored effect: trial, features, analysis, checks, card."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from nof1.core import artefacts
from nof1.core.artefacts import Artefact, content_hash
from nof1.core.engine import Engine
from nof1.core.workspace import Workspace
from nof1.learn.effect.analysis import Analysis, analyse, fit
from nof1.learn.effect.arms import Arms
from nof1.learn.effect.learners import challenger
from nof1.learn.effect.recipe import Recipe
from nof1.learn.figures import Figure
from nof1.learn.sums import FloatArray, SecureSum, local_sum
from nof1.predict.dataset import Dataset, Rows
from nof1.predict.effect import card as cards
from nof1.predict.effect.controls import Control, control
from nof1.predict.effect.model import StoredEffect
from nof1.predict.effect.outcome import Known, outcome
from nof1.predict.effect.question import EffectTask
from nof1.predict.effect.table import learning_table
from nof1.predict.effect.trial import Trial, compile_trial
from nof1.predict.guards import fit_domain
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
    challengers: tuple[str, ...] = (),
) -> EffectResult:
    """Estimate and store the effect of the task file at ``path``.

    Parameters
    ----------
    challengers : learners that the one which speaks is compared with, such as ``forest``.

    Raises
    ------
    InputError, ModelError : the file is wrong, an arm is empty, hardly anybody has a counterpart,
        or the leakage audit failed.
    """
    for name in challengers:
        challenger(name)  # refused before the work, not after it
    question, record = EffectTask.load(path), Record(workspace.record)
    say("Finding the people of both options")
    trial = compile_trial(question, record, engine)
    say(f"Computing features of {trial.cohort.frame.height:,} rows")
    data, splits = learning_table(question, record, trial, engine)
    arms, known = rows_of(question, data, trial)
    plan = question.task.split
    recipe = recipe or Recipe(folds=plan.folds, seed=plan.seed, level=question.task.interval_level)
    recipe = replace(recipe, challengers=challengers or recipe.challengers)
    say(f"Estimating over {recipe.folds} folds: propensity, outcomes, effects")
    analysis = analyse(arms, recipe, harm=question.estimand.harm)
    say("Checking outcomes that no option can change")
    controls = tuple(
        control(one, question, trial, data, arms, analysis, record, engine)
        for one in question.negative_controls
    )
    said = _said(workspace, question, record, trial, data, recipe)
    stored = stored_effect(question, said, data, splits.folds, arms, analysis, controls)
    counts = cards.Counts.of(trial, known, analysis)
    artefact, made = kept(workspace, question, counts, data, analysis, controls, stored)
    return EffectResult(artefact, stored, made, trial, analysis, controls)


def rows_of(
    question: EffectTask, data: Dataset, trial: Trial, total: SecureSum = local_sum
) -> tuple[Arms, Known]:
    """The rows of the comparison, and what is known of their outcome.

    Raises
    ------
    ModelError : an arm is (almost) empty, or the outcome never or always happens.
    """
    treated = trial.treated
    known = outcome(question, data, treated, trial.left_days, data.patients, total)
    binary = question.estimand.measure == "risk_difference"
    made = Arms.of(
        data.X, treated, known.y, names=data.columns, weight=known.weight, keys=data.patients,
        binary=binary, kin=[data.spec.field(name).code or name for name in data.columns],
        secure_sum=total,
    )  # fmt: skip
    return made, known


@dataclass(frozen=True)
class Said:
    """What a stored effect holds besides numbers.

    Attributes
    ----------
    code_sets : codes of each of the task's sets; arms : those of comparator and strategy.
    words : for codes.
    """

    code_sets: tuple[tuple[str, ...], ...]
    arms: tuple[tuple[str, ...], tuple[str, ...]]
    words: Mapping[str, str]
    data_date: str
    validated_in: str
    synthetic: bool


def _said(
    workspace: Workspace, question: EffectTask, record: Record, trial: Trial, data: Dataset,
    recipe: Recipe,
) -> Said:  # fmt: skip
    described = record.codes().drop_nulls("description").select("code", "description")
    people = len(np.unique(data.patients))
    return Said(
        code_sets=code_sets(question, trial),
        arms=trial.arms,
        words=dict(described.iter_rows()),
        data_date=last_day(record),
        validated_in=f"{people:,} people who began one of the options, "
        f"{recipe.folds}-fold cross-fitting by patient (observational, internal)",
        synthetic=workspace.synthetic,
    )


def code_sets(question: EffectTask, trial: Trial) -> tuple[tuple[str, ...], ...]:
    """The codes of each of the task's sets, as found in this record."""
    known = {**trial.cohort.codes}
    treatment = question.treatment
    known[treatment.comparator.codes], known[treatment.strategy.codes] = trial.arms
    return tuple(tuple(known.get(each, ())) for each in question.task.code_sets())


def last_day(record: Record) -> str:
    """The day of the youngest event."""
    last = record.scan().select(pl.col("time").max()).collect().item()
    return f"{last:%Y-%m-%d}" if last is not None else "undated"


def stored_effect(
    question: EffectTask, said: Said, data: Dataset, folds: Rows, arms: Arms, analysis: Analysis,
    controls: tuple[Control, ...], total: SecureSum = local_sum,
) -> StoredEffect:  # fmt: skip
    """What is stored; with several sites, called at each of them at the same time."""
    models = fit(arms, analysis, total)
    used = {data.spec.field(column).code or "" for column in data.columns}
    return StoredEffect(
        name=question.task.name.lower(),
        text=question.text,
        code_sets=said.code_sets,
        arms=said.arms,
        measure=question.estimand.measure,
        spec=data.spec,
        columns=data.columns,
        option=models.propensity,
        regions=models.regions,
        base=models.comparator,
        base_shift=_shift(models.comparator.mean(arms.X), analysis, total),
        learner=analysis.chosen,
        effect=models.effect,
        calibrated=analysis.calibrated,
        overlap=analysis.overlap,
        average=analysis.effect,
        means=analysis.means,
        validated=analysis.validated,
        domain=fit_domain(data, folds, total),
        withheld=tuple(_withheld(analysis, controls)),
        level=analysis.recipe.level,
        codes={code: said.words[code] for code in sorted(used & set(said.words))},
        data_date=said.data_date,
        validated_in=said.validated_in,
        synthetic=said.synthetic,
    )


def kept(
    workspace: Workspace, question: EffectTask, counts: cards.Counts, data: Dataset,
    analysis: Analysis, controls: tuple[Control, ...], stored: StoredEffect,
) -> tuple[Artefact, cards.EffectCard]:  # fmt: skip
    """Store it with its card, as the next version."""
    files = stored.files()
    version = max(artefacts.versions(workspace.effects, stored.name), default=0) + 1
    made = cards.make_card(
        question, counts, data, analysis, controls, stored, version, content_hash(files)
    )
    return artefacts.save(workspace.effects, stored.name, files, made.files()), made


def _shift(base: FloatArray, analysis: Analysis, total: SecureSum) -> float:
    rows = analysis.rows
    first, mass = total(np.array([rows @ base, rows.sum()]))
    return float((analysis.means[0].value or 0.0) - first / max(mass, 1.0))


def _withheld(analysis: Analysis, controls: tuple[Control, ...]) -> list[str]:
    """Why nothing may be said about single people."""
    found = []
    for arm, people in zip(("comparator", "treatment"), analysis.overlap.effective, strict=True):
        if people < LEAST_EFFECTIVE:
            found.append(
                f"the {arm} group counts as {people:.0f} people after weighting (at least "
                f"{LEAST_EFFECTIVE:.0f} are needed)"
            )
    looked_at = len(analysis.balance)  # of hundreds, some differ by chance among few people
    apart = [row for row in analysis.balance if row.apart(FAR_APART, looked_at)]
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
