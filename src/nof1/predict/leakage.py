"""The leakage audit: a run fails when a feature may know the answer.

=================  ===============================================================================
rule               what it looks for
=================  ===============================================================================
later              a feature counts events dated or recorded after the prediction time
outcome code       a code of the outcome is a feature
same as outcome    one feature nearly determines the label; or a code always comes with the outcome
presence           whether a datum exists depends on the outcome
marker             a value found (nearly) only in people with, or only in people without, it
echo               a number that equals the days until the outcome
too good           one feature alone separates better than ``audit.max_auroc``
known name         a datum known to be made from the outcome or after it (``leakage_names.csv``)
both sides         a patient, or a copy of one, on both sides of a split
unit drift         numbers of the test set outside the range of the training set
stands out         a warning: one feature far better than all others
=================  ===============================================================================

Every figure is computed on one feature at a time, over at most ``MOST_ROWS`` rows per class, from a
table of its bins (at most 20, missing values in one of their own) by outcome. In a survival task
the outcome is "happened by the horizon", for each horizon, among people whose status is known.
A person who has looked at a finding can accept it in the task file, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nof1.core.errors import ModelError
from nof1.predict import leakage_columns as columns_
from nof1.predict import leakage_events as events_
from nof1.predict import leakage_rows as rows_
from nof1.predict.cohort import Cohort
from nof1.predict.leakage_columns import Target
from nof1.predict.modelling import matches
from nof1.predict.problem import Matrix, Problem
from nof1.predict.splits import Splits
from nof1.predict.task import Task

MOST_ROWS = 10_000
COLUMNS_AT_ONCE = 64

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LeakageReport:
    """What the audit found.

    Attributes
    ----------
    passed : whether no problem fails the run.
    problems : all of them, failures first.
    accepted : problems that the task's author has accepted, with the reason appended.
    n_columns : how many features were looked at.
    """

    passed: bool
    problems: tuple[Problem, ...]
    accepted: tuple[Problem, ...] = ()
    n_columns: int = 0

    def codes(self) -> tuple[str, ...]:
        """The codes (or columns) of all failures, each once, in alphabetical order."""
        return tuple(sorted({problem.code for problem in self.problems if problem.fails}))

    def text(self) -> str:
        """For a terminal: one line per problem."""
        if not self.problems:
            return f"Leakage audit passed: {self.n_columns:,} features, no problem."
        head = "passed with warnings" if self.passed else "failed"
        return "\n".join([f"Leakage audit {head}:", *(each.text() for each in self.problems)])

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "passed": self.passed,
            "n_columns": self.n_columns,
            "problems": [asdict(each) for each in self.problems],
            "accepted": [asdict(each) for each in self.accepted],
        }

    def require(self) -> None:
        """Stop the run when the audit failed.

        Raises
        ------
        ModelError : listing every failure.
        """
        if not self.passed:
            raise ModelError(
                self.text(),
                where=", ".join(self.codes()),
                next_step="Exclude these codes below `features: exclude:`, date them properly in "
                "the import mapping, or accept them with a reason below `audit: accepted:`.",
            )


def audit(
    task: Task,
    cohort: Cohort,
    matrix: Matrix,
    splits: Splits | None = None,
    shards: Sequence[Path] = (),
) -> LeakageReport:
    """Look for leaks in the features of a cohort.

    Parameters
    ----------
    task, cohort : the question and its rows.
    matrix : the features, rows in the order of ``cohort.frame``.
    splits : where given, its two sides are compared.
    shards : parquet files of the event table; where given, counts are counted again by another
        way, and codes that always come with the outcome are looked for.
    """
    found = list(columns_.outcome_codes(task, cohort, matrix.columns))
    found += columns_.known_names(matrix.columns)
    found += _column_problems(task, cohort, matrix)
    if splits is not None:
        found += rows_.both_sides(cohort, splits)
        found += rows_.twins(matrix, splits)
        found += rows_.unit_drift(matrix, splits)
    if shards:
        found += events_.recount(cohort, matrix, shards)
        found += events_.companions(task, cohort, matrix.columns, shards)
    return _report(task, found, len(matrix.columns))


def targets(task: Task, cohort: Cohort) -> list[Target]:
    """The yes-or-no questions whose answers features must not know; see ``Target``."""
    cause, days = cohort.frame["cause"].to_numpy(), cohort.frame["duration_days"].to_numpy()
    if task.kind == "binary":
        label = cohort.frame["label"].to_numpy() == 1
        return [Target("the label", *_sampled(np.arange(len(label)), label))]
    found = []
    for horizon in task.horizons_days:
        rows = np.flatnonzero((days >= horizon) | (cause > 0))
        happened = (cause[rows] == 1) & (days[rows] <= horizon)
        if happened.any() and not happened.all():
            name = f"the outcome by day {horizon:g}"
            found.append(Target(name, *_sampled(rows, happened)))
    return found


def _sampled(
    rows: npt.NDArray[np.int64], label: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """At most ``MOST_ROWS`` rows of each class; ratios between classes do not change."""
    random = np.random.default_rng(0)
    kept = []
    for wanted in (True, False):
        mine = np.flatnonzero(label == wanted)
        if len(mine) > MOST_ROWS:
            mine = random.choice(mine, MOST_ROWS, replace=False)
        kept.append(mine)
    chosen = np.sort(np.concatenate(kept))
    return rows[chosen], label[chosen]


def _column_problems(task: Task, cohort: Cohort, matrix: Matrix) -> Iterator[Problem]:
    """Everything that is seen in one column; the strongest figures also side by side."""
    asked = targets(task, cohort)
    strengths: dict[str, float] = {}
    for names, values in chunks(matrix):
        for position, name in enumerate(names):
            figures = [columns_.figures(values[:, position], target) for target in asked]
            strengths[name] = max((each.auroc for each in figures), default=0.5)
            for target, each in zip(asked, figures, strict=True):
                yield from columns_.judge(task.audit, name, target, each)
            yield from columns_.echo(name, values[:, position], cohort.frame)
    yield from columns_.stand_out(strengths)


def chunks(matrix: Matrix) -> Iterator[tuple[tuple[str, ...], Floats]]:
    """The matrix, a few columns at a time."""
    for first in range(0, len(matrix.columns), COLUMNS_AT_ONCE):
        names = matrix.columns[first : first + COLUMNS_AT_ONCE]
        yield names, matrix.dense(names)


def _report(task: Task, found: Sequence[Problem], n_columns: int) -> LeakageReport:
    """One problem per column and rule, the strongest; accepted ones apart."""
    strongest: dict[tuple[str, str], Problem] = {}
    for problem in found:
        key = (problem.column, problem.rule)
        if key not in strongest or problem.figure > strongest[key].figure:
            strongest[key] = problem
    open_, accepted = [], []
    for problem in strongest.values():
        reason = next(
            (
                why
                for what, why in task.audit.accepted
                if matches(what, problem.column) or matches(what, problem.code)
            ),
            None,
        )
        if reason is None:
            open_.append(problem)
        else:
            accepted.append(problem.accept(reason))
    open_.sort(key=lambda each: (not each.fails, each.code, each.column, each.rule))
    passed = not any(problem.fails for problem in open_)
    return LeakageReport(passed, tuple(open_), tuple(accepted), n_columns)
