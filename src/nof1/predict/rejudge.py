"""The figures of a model after an edit, from the rows and the split it was judged on at training.

Where the split was a cross-validation, the models of all folds are trained again (the same rows
and seed give the same models), each is edited in the same way, and each row is judged by models
that never saw it. Recalibration and prediction sets stay those of before the edit, so an edit that
spoils the calibration shows. Nothing is judged unless the record still holds the same rows and the
model of before the edit gets its own figures again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nof1.core.errors import ModelError
from nof1.core.workspace import Workspace
from nof1.learn.comparison import difference
from nof1.learn.concordance import harrell_c
from nof1.learn.discrimination import auroc
from nof1.learn.evaluate import Evaluation, evaluate, evaluate_survival
from nof1.learn.figures import Estimate, Figure
from nof1.learn.gate import gate
from nof1.predict.card import Verdict
from nof1.predict.cohort import Cohort, compile_cohort
from nof1.predict.crossfit import Decisions, Judged, Scorer, Voice, applied, out_of_fold
from nof1.predict.dataset import Dataset, Rows, on_columns
from nof1.predict.edit import Edit, edited_learner
from nof1.predict.fitting import GLASSBOX, Pair, train
from nof1.predict.model import Model
from nof1.predict.splits import Splits, split
from nof1.predict.task import Task
from nof1.record.store import Record

Say = Callable[[str], None]
CLOSE = 1e-4  # how near the figure of before the edit must come to the one on the card
FIGURE = {"binary": "auroc", "survival": "harrell_c"}


@dataclass(frozen=True)
class Rejudged:
    """What was found.

    Attributes
    ----------
    verdicts : one for each horizon of the model.
    gained : AUROC (in survival Harrell's C) after the edit minus before, paired.
    data, rows : the learning table, and its rows that trained the model.
    """

    verdicts: tuple[Verdict, ...]
    gained: Figure
    data: Dataset
    rows: Rows


@dataclass(frozen=True)
class _Bench:
    """What the parts of one evaluation share."""

    model: Model
    after: Model
    edit: Edit
    data: Dataset
    splits: Splits

    @property
    def rows(self) -> Rows:
        """Rows that the figures come from."""
        return self.splits.test if len(self.splits.test) else self.splits.train

    @property
    def seed(self) -> int:
        return self.data.task.split.seed


def rejudge(
    workspace: Workspace,
    model: Model,
    after: Model,
    edit: Edit,
    card: Mapping[str, Any],
    say: Say = lambda text: None,
) -> Rejudged:
    """Judge an edited model on the rows that its unedited form was judged on.

    Parameters
    ----------
    model, after : the glass box before and after the edit. card : of before the edit.

    Raises
    ------
    Nof1Error : the rows are not those any more, or the figures of before cannot be had again.
    """
    task = Task.parse(model.task_yaml, f"{model.name} (stored)")
    record = Record(workspace.record)
    say("Finding the cohort again")
    cohort = compile_cohort(task, record)
    _same_people(cohort, card)
    splits = split(cohort.frame, task.split, end_days=max(model.voices))
    say(f"Computing features of {cohort.frame.height:,} rows")
    data = on_columns(task, record, cohort, model.spec, model.columns)
    bench = _Bench(model, after, edit, data, splits)
    found = {days: _decisions(bench, days, say) for days in model.voices}
    say("Judging")
    shown = _shown(card, model)
    old = _evaluated(bench, shown, *(found[shown][0],) * 2)
    _same_figure(old, card)
    passed = all(one["passed"] for one in card["gate"]["checks"] if one["name"] == "leakage")
    verdicts = []
    for days, (before, now) in found.items():
        made = _evaluated(bench, days, before, now)
        verdicts.append(Verdict(days, model.voices[days], made, gate(made, leakage_passed=passed)))
    main = max(found)
    order = [_order(bench, one.model[bench.rows]) for one in found[main]]
    patients = data.patients[bench.rows]
    gained = difference(order[1], order[0], patients=patients)
    return Rejudged(tuple(verdicts), gained, data, splits.train)


def _same_people(cohort: Cohort, card: Mapping[str, Any]) -> None:
    frame, told = cohort.frame, card["data"]
    now = {
        "patients": frame["subject_id"].n_unique(),
        "rows": frame.height,
        "events": int((frame["cause"] == 1).sum()),
    }
    for name, value in now.items():
        if told.get(name) != value:
            raise ModelError(
                f"The record has changed since training: {value:,} {name}, at training "
                f"{told.get(name, 'not known')}.",
                next_step="Train the model again: nof1 train TASK.yaml. Then edit that version.",
            )


def _same_figure(old: Evaluation, card: Mapping[str, Any]) -> None:
    """The model of before the edit must get the figure on its card again."""
    name = FIGURE[old.kind]
    told, now = card["evaluation"]["figures"][name]["value"], old.figures[name].value
    if told is None or now is None or abs(told - now) > CLOSE:
        raise ModelError(
            "The figures of before the edit cannot be had again from this record and this "
            "version of nof1.",
            where=name,
            next_step="Train the model again: nof1 train TASK.yaml. Then edit that version.",
        )


def _shown(card: Mapping[str, Any], model: Model) -> float:
    """The horizon that the card shows."""
    days = card["evaluation"]["horizon_days"]
    return max(model.voices) if days is None else float(days)


def _decisions(bench: _Bench, days: float, say: Say) -> tuple[Decisions, Decisions]:
    """Decisions on all judged rows before and after the edit, by models that did not see them."""
    X, folds = bench.data.X, bench.splits.folds
    rows, test = bench.splits.train, bench.splits.test
    found = []
    if len(test):
        for one in (bench.model, bench.after):
            found.append(_spread(len(X), test, one.pair.decisions(X[test], days)))
        return found[0], found[1]
    kept: dict[bytes, tuple[Pair, Pair]] = {}

    def pairs(others: Rows) -> tuple[Pair, Pair]:
        key = others.tobytes()
        if key not in kept:
            say(f"Training the model of fold {len(kept) + 1} again")
            box = train(GLASSBOX, bench.data, rows[others], bench.seed)
            new = edited_learner(box, bench.edit, exact=False)
            kept[key] = (Pair(box, box), Pair(new, new))
        return kept[key]

    for which in (0, 1):

        def scorer(others: Rows, which: int = which) -> Scorer:
            pair = pairs(others)[which]
            return lambda x: pair.decisions(x, days)

        found.append(_spread(len(X), rows, out_of_fold(scorer, X[rows], folds[rows])))
    return found[0], found[1]


def _spread(size: int, rows: Rows, found: Decisions) -> Decisions:
    model = np.full(size, np.nan)
    bags = np.full((size, found.bags.shape[1]), np.nan)
    model[rows], bags[rows] = found.model, found.bags
    return Decisions(model, bags)


def _evaluated(bench: _Bench, days: float, before: Decisions, now: Decisions) -> Evaluation:
    """Figures of the decisions ``now``, with voices that were fitted on those of ``before``."""
    rows, outcome, data = bench.rows, bench.data.outcome, bench.data
    honest = _judged(bench, days, before, now)
    common: dict[str, Any] = {
        "sets": honest.sets,
        "conformal": bench.model.voices[days].conformal,
        "patients": data.patients[rows],
        "groups": {name: labels[rows] for name, labels in data.groups.items()},
        "seed": bench.seed,
    }
    if outcome.kind == "binary":
        return evaluate(outcome.label[rows], honest.risk, **common)
    return evaluate_survival(
        outcome.duration_days[rows], outcome.cause[rows], honest.risk, days, **common
    )


def _judged(bench: _Bench, days: float, before: Decisions, now: Decisions) -> Judged:
    level, test = bench.model.level, bench.splits.test
    if len(test):
        return applied(bench.model.voices[days], now.at(test), level)
    rows = bench.splits.train
    y, weight = (part[rows] for part in bench.data.outcome.labels(days))
    folds = bench.splits.folds[rows]
    risk, low, high = np.empty((3, len(rows)))
    sets = np.empty((len(rows), 2), dtype=bool)
    for fold in np.unique(folds):
        inside, others = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        voice = Voice.fit(before.at(rows[others]), y[others], weight[others])
        here = applied(voice, now.at(rows[inside]), level)
        risk[inside], low[inside], high[inside] = here.risk, here.low, here.high
        sets[inside] = here.sets
    return Judged(risk, low, high, sets)


def _order(bench: _Bench, decision: Any) -> Estimate:
    outcome, rows = bench.data.outcome, bench.rows
    if outcome.kind == "binary":
        return auroc(outcome.label[rows], decision)
    return harrell_c(outcome.duration_days[rows], outcome.cause[rows], decision)
