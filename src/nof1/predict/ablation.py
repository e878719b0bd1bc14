"""What each group of information adds: the model trained again without it, and on it alone.

The kept learner is trained again with the same settings, seed, folds and rows, on fewer columns;
recalibration and figures follow the way of the model itself. So the figures differ by the columns
alone, and their difference has an interval that is paired by patient (``learn.comparison``).

What it does not say: nothing about causes; and a group can add nothing because another carries
the same information. The interval holds the chance of *who was judged*, not of who was trained on:
two models are compared, not two ways to make one.

Reference: DeLong et al., Biometrics 44 (1988) 837, for the paired interval.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nof1.learn.censoring import horizon_labels
from nof1.learn.comparison import difference
from nof1.learn.concordance import harrell_c
from nof1.learn.discrimination import auroc, auroc_figure, brier
from nof1.learn.figures import LEVEL, Estimate, Figure
from nof1.learn.recalibrate import LogisticRecalibration
from nof1.learn.sums import FloatArray
from nof1.predict.codesets import resolve_all
from nof1.predict.cohort import Source
from nof1.predict.dataset import Dataset, Rows
from nof1.predict.fitting import train
from nof1.predict.modelling import AblationPlan, matches
from nof1.predict.splits import Splits
from nof1.record.events import BIRTH

# Where somebody lives stands with the surroundings: it is how exposures reach a patient, so a
# model that keeps the region keeps most of what they say.
PREFIXES = {
    "genes": ("GENE//", "PGS//"),
    "lifestyle": ("LIFESTYLE//",),
    "surroundings": ("EXPOSURE//", "REGION//"),
    "people": ("GENDER//", "SEX//", "BIRTHSEX//", "RACE//", "ETHNICITY//", "MARITAL_STATUS//"),
}
PEOPLE, HISTORY = "people", "history"
DEFAULT = ("genes", "lifestyle", "surroundings", HISTORY, PEOPLE)
READING = (
    "This is association in these data, not cause: changing what a group measures need not change "
    "the risk. Groups overlap: one can add nothing because another carries the same information. "
    "The intervals hold the chance of who was judged, not of who was trained on."
)
NO_COLUMN = "no column (not recorded, or too rare)"
NOTHING_LEFT = "nothing is left without it"
QUICK = "not trained alone (the task says `ablation: quick`)"


@dataclass(frozen=True)
class Group:
    """Columns of one kind of information: their places in ``Dataset.columns``, maybe none."""

    name: str
    places: tuple[int, ...]


@dataclass(frozen=True)
class Trial:
    """The model that is taken apart.

    Attributes
    ----------
    learner : name of the kept learner.
    days : the horizon that is judged, the main one.
    decision : (n,) honest decisions of the model itself, log odds; NaN for rows not in use.
    alone : whether each group is also tried alone.
    """

    data: Dataset
    splits: Splits
    learner: str
    days: float
    decision: FloatArray
    alone: bool = True

    @property
    def judged_on(self) -> Rows:
        """The rows that the figures come from: the test rows, or all rows out of fold."""
        return self.splits.test if len(self.splits.test) else self.splits.train


@dataclass(frozen=True)
class Part:
    """One group: how the model does without it and on it alone, and what it adds.

    Attributes
    ----------
    columns : how many the group has; with 0 there is no figure.
    without, alone : AUROC or Harrell's C of the other columns, and of these.
    difference : AUROC or C, all minus without; above 0 the group adds something.
    brier_difference : Brier score, all minus without; below 0 the group adds something.
    note : why figures are missing.
    """

    group: str
    columns: int
    without: Figure
    alone: Figure
    difference: Figure
    brier_difference: Figure
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        figures = ("without", "alone", "difference", "brier_difference")
        return {
            "group": self.group,
            "columns": self.columns,
            **{name: getattr(self, name).to_dict() for name in figures},
            "note": self.note,
        }


@dataclass(frozen=True)
class Ablation:
    """All groups, what adds most first; those without a column last.

    Attributes
    ----------
    measure : ``auroc`` or ``harrell_c``.
    full, full_brier : figures of the model itself.
    ungrouped : columns in no group; every model without a group keeps them.
    """

    measure: str
    learner: str
    horizon_days: float
    rows: int
    columns: int
    ungrouped: int
    full: Figure
    full_brier: Figure
    parts: tuple[Part, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON form, ``ablation`` on the card."""
        return {
            "measure": self.measure,
            "learner": self.learner,
            "horizon_days": self.horizon_days,
            "rows": self.rows,
            "columns": self.columns,
            "ungrouped": self.ungrouped,
            "full": self.full.to_dict(),
            "full_brier": self.full_brier.to_dict(),
            "groups": [part.to_dict() for part in self.parts],
            "reading": READING,
        }


def groups_of(plan: AblationPlan | None, data: Dataset, record: Source) -> tuple[Group, ...]:
    """The groups of a task with their columns; no group at all without a plan.

    Raises
    ------
    InputError : an own group without any code in the record.
    """
    if plan is None:
        return ()
    codes = [data.spec.field(column).code or BIRTH for column in data.columns]
    if not plan.groups:
        names = [group_of(code) for code in codes]
        return tuple(Group(name, _places([name == one for one in names])) for name in DEFAULT)
    known = {*record.codes()["code"].to_list(), BIRTH}
    found = resolve_all(plan.groups, known, record.ancestors())
    return tuple(
        Group(one.name, _places([code in members for code in codes]))
        for one, members in ((one, set(found[one])) for one in plan.groups)
    )


def group_of(code: str) -> str:
    """The default group of a code; the code of the age is that of the birth.

    >>> group_of("PGS//PGS000018"), group_of("FAMILY//SNOMED//22298006"), group_of("MEDS_BIRTH")
    ('genes', 'history', 'people')
    """
    if code == BIRTH:
        return PEOPLE
    return next((name for name, begin in PREFIXES.items() if code.startswith(begin)), HISTORY)


def _places(chosen: Sequence[bool]) -> tuple[int, ...]:
    return tuple(place for place, one in enumerate(chosen) if one)


def ablate(
    trial: Trial, groups: Sequence[Group], say: Callable[[str], None] = lambda text: None
) -> Ablation:
    """Train and judge without each group, and on each alone.

    Raises
    ------
    ModelError : as training does.
    """
    risk = _risk(trial, trial.decision)
    parts = []
    for group in groups:
        if group.places:
            more = ", and on it alone" if trial.alone else ""
            say(f"Training without {group.name} ({len(group.places)} columns){more}")
        parts.append(_part(trial, risk, group))
    grouped = {place for group in groups for place in group.places}
    return Ablation(
        measure="auroc" if trial.data.outcome.kind == "binary" else "harrell_c",
        learner=trial.learner,
        horizon_days=trial.days,
        rows=len(trial.judged_on),
        columns=len(trial.data.columns),
        ungrouped=len(trial.data.columns) - len(grouped),
        full=_order_figure(trial, risk),
        full_brier=_figure(trial, _brier(trial, risk)),
        parts=tuple(sorted(parts, key=_weight)),
    )


def _weight(part: Part) -> tuple[bool, bool, float]:
    """What adds most first; then what cannot be compared, then what has no column."""
    value = part.difference.value
    return part.columns == 0, value is None, -(value or 0.0)


def _part(trial: Trial, full: FloatArray, group: Group) -> Part:
    """One group; groups without a column, or with every column, have less to compare."""
    others = sorted(set(range(len(trial.data.columns))) - set(group.places))
    if not group.places:
        none = Figure.missing(NO_COLUMN)
        return Part(group.name, 0, none, none, none, none, NO_COLUMN)
    if not others:
        none = Figure.missing(NOTHING_LEFT)
        alone = _order_figure(trial, full)
        return Part(group.name, len(group.places), none, alone, none, none, NOTHING_LEFT)
    without = _risk(trial, decisions(trial, others))
    alone = Figure.missing(QUICK)
    if trial.alone:
        alone = _order_figure(trial, _risk(trial, decisions(trial, group.places)))
    return Part(
        group.name,
        len(group.places),
        _order_figure(trial, without),
        alone,
        _gap(trial, _order, full, without),
        _gap(trial, _brier, full, without),
    )


def decisions(trial: Trial, places: Sequence[int]) -> FloatArray:
    """Decisions (n,) of the learner on some columns, as honest as those of the model itself.

    Rows of development are judged out of fold, test rows by a model of all rows of development.
    """
    data, rows, folds = _narrowed(trial.data, places), trial.splits.train, trial.splits.folds
    made = np.full(len(data.X), np.nan)
    rounds = [(rows[folds[rows] != k], np.flatnonzero(folds == k)) for k in np.unique(folds[rows])]
    if len(trial.splits.test):
        rounds.append((rows, trial.splits.test))
    for seen, unseen in rounds:
        model = train(trial.learner, data, seen, data.task.split.seed)
        made[unseen] = model.decision(data.X[unseen], trial.days)
    return made


def _narrowed(data: Dataset, places: Sequence[int]) -> Dataset:
    """Some columns, and of the monotone rules those that still name one."""
    columns = tuple(data.columns[place] for place in places)
    rules = [rule for rule in data.task.monotone if any(matches(rule[0], name) for name in columns)]
    task = replace(data.task, monotone=tuple(rules))
    return replace(data, task=task, columns=columns, X=data.X[:, list(places)])


def _risk(trial: Trial, decision: FloatArray) -> FloatArray:
    """Risks of the judged rows, recalibrated on rows of other folds, as for the model itself."""
    y, weight = trial.data.outcome.labels(trial.days)
    rows, test, folds = trial.splits.train, trial.splits.test, trial.splits.folds

    def recalibrated(others: Rows, here: Rows) -> FloatArray:
        fitted = LogisticRecalibration.fit(decision[others], y[others], weight[others])
        return fitted.risk(decision[here])

    if len(test):
        return recalibrated(rows, test)
    risk = np.full(len(decision), np.nan)
    for fold in np.unique(folds[rows]):
        here = folds == fold
        risk[here] = recalibrated(rows[folds[rows] != fold], np.flatnonzero(here))
    judged: FloatArray = risk[rows]
    return judged


def _order(trial: Trial, risk: FloatArray) -> Estimate:
    """AUROC, or Harrell's C."""
    outcome, rows = trial.data.outcome, trial.judged_on
    if outcome.kind == "binary":
        return auroc(outcome.label[rows], risk)
    return harrell_c(outcome.duration_days[rows], outcome.cause[rows], risk)


def _brier(trial: Trial, risk: FloatArray) -> Estimate:
    outcome, rows = trial.data.outcome, trial.judged_on
    if outcome.kind == "binary":
        return brier(outcome.label[rows], risk)
    y, weight = horizon_labels(outcome.duration_days[rows], outcome.cause[rows], trial.days)
    return brier(y, risk, weight)


def _order_figure(trial: Trial, risk: FloatArray) -> Figure:
    outcome, rows = trial.data.outcome, trial.judged_on
    if outcome.kind == "binary":  # with the exact limit when separation is perfect
        return auroc_figure(outcome.label[rows], risk, patients=trial.data.patients[rows])
    return _figure(trial, _order(trial, risk), unit_interval=True)


def _figure(trial: Trial, found: Estimate, unit_interval: bool = False) -> Figure:
    patients = trial.data.patients[trial.judged_on]
    return found.figure(level=LEVEL, patients=patients, unit_interval=unit_interval)


def _gap(
    trial: Trial,
    measure: Callable[[Trial, FloatArray], Estimate],
    full: FloatArray,
    without: FloatArray,
) -> Figure:
    patients = trial.data.patients[trial.judged_on]
    first, second = measure(trial, full), measure(trial, without)
    return difference(first, second, patients=patients, level=LEVEL)
