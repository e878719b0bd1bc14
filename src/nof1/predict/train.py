"""From a task file to a stored model: cohort, features, audit, learners, gate, card."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from nof1.core import artefacts
from nof1.core.artefacts import Artefact
from nof1.core.engine import Engine
from nof1.core.workspace import Workspace
from nof1.learn.card import Card
from nof1.learn.comparison import Choice, choose_learner
from nof1.learn.concordance import harrell_c
from nof1.learn.discrimination import auroc
from nof1.learn.evaluate import Evaluation, evaluate, evaluate_survival
from nof1.learn.figures import Estimate, Figure
from nof1.learn.gate import gate
from nof1.predict import leakage
from nof1.predict.ablation import Ablation, Group, Trial, ablate, groups_of
from nof1.predict.card import Verdict, make_card, shown, silent_groups, terms_of, withheld
from nof1.predict.cohort import Cohort, compile_cohort
from nof1.predict.crossfit import Decisions, Judged, Scorer, Voice, applied, judged, out_of_fold
from nof1.predict.dataset import Dataset, Rows, assemble
from nof1.predict.fitting import Pair, names_for, train
from nof1.predict.guards import fit_domain, fit_drift
from nof1.predict.leakage import LeakageReport
from nof1.predict.model import Model
from nof1.predict.splits import Splits, split
from nof1.predict.task import Task
from nof1.record.store import Record

Say = Callable[[str], None]


@dataclass(frozen=True)
class TrainResult:
    """What training made.

    Attributes
    ----------
    verdicts : one for each horizon; the model speaks when all of them passed.
    learners : learner -> figures at the main horizon.
    """

    artefact: Artefact
    model: Model
    card: Card
    cohort: Cohort
    splits: Splits
    audit: LeakageReport
    verdicts: tuple[Verdict, ...]
    learners: Mapping[str, Mapping[str, Figure]]
    choice: Choice


@dataclass(frozen=True)
class _Run:
    """What all steps of one training share."""

    text: str
    task: Task
    data: Dataset
    splits: Splits
    horizons: tuple[float, ...]

    @property
    def developed_on(self) -> Rows:
        """Rows that train and calibrate."""
        return self.splits.train

    @property
    def judged_on(self) -> Rows:
        """Rows that the figures come from: the test rows, or all rows out of fold."""
        return self.splits.test if len(self.splits.test) else self.developed_on

    @property
    def main(self) -> float:
        """The horizon by which learners are compared: the last."""
        return self.horizons[-1]


def train_task(
    workspace: Workspace, path: Path, engine: Engine | None = None, say: Say = lambda text: None
) -> TrainResult:
    """Train, judge and store a model for the task file at ``path``.

    Raises
    ------
    InputError, ModelError : the cohort is empty, the outcome never or always happens, the leakage
        audit failed, or the learning table holds nothing that varies.
    """
    task, text = Task.load(path), path.read_text(encoding="utf-8")
    record = Record(workspace.record)
    horizons = task.horizons_days or (task.time_at_risk.end_days,)
    say("Finding the cohort")
    cohort = compile_cohort(task, record, engine)
    splits = split(cohort.frame, task.split, end_days=max(horizons))
    say(f"Computing features of {cohort.frame.height:,} rows")
    data = assemble(task, record, cohort, pl.Series(splits.folds >= 0), engine)
    groups = groups_of(task.ablation, data, record)
    say(f"Auditing {len(data.columns):,} features for leaks")
    report = leakage.audit(task, cohort, data, splits, record.shards())
    report.require()
    run = _Run(text, task, data, splits, horizons)
    pairs, found = _fit_all(run, say)
    choice, learners = _compare(run, found)
    ablation = _ablation(run, groups, choice.kept, found[choice.kept][run.main], say)
    say("Judging")
    verdicts = tuple(_verdict(run, found[choice.kept][days], days, report) for days in horizons)
    model = _model(workspace, run, record, pairs[choice.kept], verdicts)
    version = max(artefacts.versions(workspace.models, model.name), default=0) + 1
    card = make_card(
        workspace,
        data,
        model,
        version,
        shown(verdicts),
        learners,
        choice,
        report,
        terms_of(pairs[choice.kept].trained, data, run.developed_on, model.codes),
        ablation,
    )
    artefact = _stored(workspace, model, card)
    return TrainResult(artefact, model, card, cohort, splits, report, verdicts, learners, choice)


def _fit_all(run: _Run, say: Say) -> tuple[dict[str, Pair], dict[str, dict[float, Decisions]]]:
    """Final models of all learners, and their honest decisions for all rows, per horizon."""
    pairs: dict[str, Pair] = {}
    found: dict[str, dict[float, Decisions]] = {}
    boxes: dict[bytes, Any] = {}
    for name in names_for(run.data):
        say(f"Training {name}, {len(np.unique(run.splits.folds[run.developed_on]))} folds and all")

        def fit(rows: Rows, name: str = name) -> Pair:
            key = rows.tobytes()
            trained = train(name, run.data, rows, run.task.split.seed)
            boxes.setdefault(key, trained)  # the glass box comes first
            return Pair(trained, boxes[key])

        pairs[name] = fit(run.developed_on)
        found[name] = _decisions(run, fit, pairs[name])
    return pairs, found


def _decisions(run: _Run, fit: Callable[[Rows], Pair], final: Pair) -> dict[float, Decisions]:
    """Out of fold for the rows of development; by the final model for test rows."""
    rows, test, X = run.developed_on, run.splits.test, run.data.X
    models: dict[bytes, Pair] = {}

    def of_fold(others: Rows) -> Pair:
        key = others.tobytes()
        if key not in models:
            models[key] = fit(rows[others])
        return models[key]

    made = {}
    for days in run.horizons:

        def scorer(others: Rows, days: float = days) -> Scorer:
            return lambda x: of_fold(others).decisions(x, days)

        inside = out_of_fold(scorer, X[rows], run.splits.folds[rows])
        model = np.full(len(X), np.nan)
        bags = np.full((len(X), inside.bags.shape[1]), np.nan)
        model[rows], bags[rows] = inside.model, inside.bags
        if len(test):
            outside = final.decisions(X[test], days)
            model[test], bags[test] = outside.model, outside.bags
        made[days] = Decisions(model, bags)
    return made


def _compare(
    run: _Run, found: Mapping[str, Mapping[float, Decisions]]
) -> tuple[Choice, dict[str, dict[str, Figure]]]:
    """Which learner is kept, and the figures of all of them on the same rows."""
    rows, patients = run.judged_on, run.data.patients[run.judged_on]
    estimates = {name: _order(run, at[run.main].model[rows]) for name, at in found.items()}
    figures = {}
    for name, at in found.items():
        made = _evaluated(run, *_judge(run, at[run.main], run.main), run.main, grouped=False)
        figures[name] = made.figures
    level = run.task.interval_level
    return choose_learner(estimates, patients=patients, level=max(level, 0.95)), figures


def _order(run: _Run, decision: Any) -> Estimate:
    """How well decisions order the judged rows: AUROC, or Harrell's C."""
    outcome, rows = run.data.outcome, run.judged_on
    if outcome.kind == "binary":
        return auroc(outcome.label[rows], decision)
    return harrell_c(outcome.duration_days[rows], outcome.cause[rows], decision)


def _ablation(
    run: _Run, groups: tuple[Group, ...], kept: str, found: Decisions, say: Say
) -> Ablation | None:
    """What each group of information adds to the kept learner, at the main horizon."""
    plan = run.task.ablation
    if plan is None:
        return None
    trial = Trial(run.data, run.splits, kept, run.main, found.model, plan.alone)
    return ablate(trial, groups, say)


def _judge(run: _Run, found: Decisions, days: float) -> tuple[Judged, Voice]:
    """The judged rows as seen by others, and the voice that is stored."""
    y, weight = run.data.outcome.labels(days)
    rows = run.developed_on
    voice = Voice.fit(found.at(rows), y[rows], weight[rows])
    if len(run.splits.test):
        return applied(voice, found.at(run.splits.test), run.task.interval_level), voice
    honest = judged(
        found.at(rows), y[rows], weight[rows], run.splits.folds[rows], run.task.interval_level
    )
    return honest, voice


def _evaluated(
    run: _Run, honest: Judged, voice: Voice, days: float, *, grouped: bool = True
) -> Evaluation:
    rows, outcome = run.judged_on, run.data.outcome
    groups = {name: labels[rows] for name, labels in run.data.groups.items()} if grouped else {}
    common: dict[str, Any] = {
        "sets": honest.sets,
        "conformal": voice.conformal,
        "patients": run.data.patients[rows],
        "groups": groups,
        "seed": run.task.split.seed,
    }
    if outcome.kind == "binary":
        return evaluate(outcome.label[rows], honest.risk, **common)
    return evaluate_survival(
        outcome.duration_days[rows], outcome.cause[rows], honest.risk, days, **common
    )


def _verdict(run: _Run, found: Decisions, days: float, report: LeakageReport) -> Verdict:
    honest, voice = _judge(run, found, days)
    evaluation = _evaluated(run, honest, voice, days)
    return Verdict(days, voice, evaluation, gate(evaluation, leakage_passed=report.passed))


def _model(
    workspace: Workspace,
    run: _Run,
    record: Record,
    pair: Pair,
    verdicts: tuple[Verdict, ...],
) -> Model:
    rows = run.developed_on
    risk = verdicts[-1].voice.interval.risk(pair.decisions(run.data.X[rows], run.main).model)
    codes = record.codes().drop_nulls("description")
    fields = [run.data.spec.field(column).code or "" for column in run.data.columns]
    used = {part for code in fields for part in (code, code.partition("//")[2])}
    return Model(
        name=run.task.name.lower(),
        task_yaml=run.text,
        code_sets=tuple(run.data.cohort.codes[each] for each in run.task.code_sets()),
        pair=pair,
        spec=run.data.spec,
        columns=run.data.columns,
        voices={verdict.horizon_days: verdict.voice for verdict in verdicts},
        domain=fit_domain(run.data, run.splits.folds),
        drift=fit_drift(run.data, rows, risk),
        withheld=withheld(verdicts),
        silent_groups=silent_groups(verdicts),
        level=run.task.interval_level,
        codes={
            code: text
            for code, text in codes.select("code", "description").iter_rows()
            if code in used
        },
        data_date=_data_date(record),
        validated_in=_validated_in(run),
        synthetic=workspace.synthetic,
    )


def _data_date(record: Record) -> str:
    last = record.scan().select(pl.col("time").max()).collect().item()
    return f"{last:%Y-%m-%d}" if last is not None else "undated"


def _validated_in(run: _Run) -> str:
    rows = run.judged_on
    patients = len(np.unique(run.data.patients[rows]))
    sites = run.data.cohort.frame["site"].gather(rows).n_unique()
    how = {
        "patient": f"{run.task.split.folds}-fold cross-validation by patient (internal)",
        "site": "leaving one site out at a time",
        "time": f"later patients (from {run.task.split.at} on)",
    }[run.task.split.method]
    return f"{patients:,} patients of {sites} site{'s' * (sites != 1)}, {how}"


def _stored(workspace: Workspace, model: Model, card: Card) -> Artefact:
    notes = {
        "card.json": json.dumps(card.to_dict()).encode(),
        "card.md": card.to_markdown().encode(),
    }
    return artefacts.save(workspace.models, model.name, model.files(), notes)
