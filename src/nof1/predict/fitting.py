"""Learners as training uses them: one call to train, decisions in log odds, uncertainty for all.

A learner without bags of its own (LightGBM, logistic regression) borrows the spread of the glass
box that was trained on the same rows: how far the data leave the risk open is a property of the
data more than of the learner. ``RiskInterval`` then scales that spread by what calibration rows
show.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nof1.learn.calibration import to_logit
from nof1.learn.learners import REGISTRY
from nof1.learn.sums import FloatArray, SecureSum, local_sum
from nof1.predict.crossfit import Decisions
from nof1.predict.dataset import Dataset, Rows
from nof1.predict.modelling import directions

GLASSBOX = "glassbox"
JOINT = " & "


@dataclass(frozen=True)
class Trained:
    """A trained learner, asked about one horizon at a time.

    Attributes
    ----------
    name : key of the registry.
    kind : ``binary`` or ``survival``.
    learner : the trained learner itself.
    """

    name: str
    kind: str
    learner: Any

    def decision(self, X: FloatArray, horizon_days: float) -> FloatArray:
        """Log odds of the outcome by the horizon (n,)."""
        if self.kind == "survival":
            return to_logit(self.learner.risk(X, horizon_days))
        return to_logit(self.learner.predict(X))

    def bags(self, X: FloatArray, horizon_days: float) -> FloatArray | None:
        """Log odds of each bag (n, bags), or None for a learner without bags."""
        learner = self.learner
        survival = self.kind == "survival"
        risks = learner.bag_risks(X, horizon_days) if survival else learner.bag_predictions(X)
        return None if risks is None else to_logit(risks)

    def contributions(self, X: FloatArray) -> FloatArray:
        """Signed parts of the score (n, terms): log odds, or log hazard in survival."""
        made: FloatArray = self.learner.contributions(X)
        return made

    def term_columns(self) -> list[tuple[str, ...]]:
        """The one or two feature columns of each term; time since prediction is no column."""
        known = set(self.learner.names)
        return [_columns_of(name, known) for name in self.learner.term_names]

    def save(self) -> dict[str, bytes]:
        """Files by name, none of them a pickle."""
        files: dict[str, bytes] = self.learner.save()
        return files

    @classmethod
    def load(cls, name: str, kind: str, files: Mapping[str, bytes]) -> Trained:
        """Read what ``save`` gave."""
        return cls(name, kind, _make(name, kind).load(files))


@dataclass(frozen=True)
class Pair:
    """A learner and the glass box of the same rows, whose bags it borrows if it has none."""

    trained: Trained
    glassbox: Trained

    def decisions(self, X: FloatArray, horizon_days: float) -> Decisions:
        """The learner's decisions with bags, its own or borrowed."""
        model = self.trained.decision(X, horizon_days)
        bags = self.trained.bags(X, horizon_days)
        if bags is None:
            open_box = self.glassbox.bags(X, horizon_days)
            assert open_box is not None
            bags = model[:, None] + open_box - self.glassbox.decision(X, horizon_days)[:, None]
        return Decisions(model, bags)


def train(
    name: str, data: Dataset, rows: Rows, seed: int, secure_sum: SecureSum = local_sum
) -> Trained:
    """Train one learner on some rows of the learning table.

    Raises
    ------
    ModelError : when the outcome (almost) never or always happens in these rows.
    """
    made = _make(name, data.task.kind).fit(
        data.X[rows],
        data.outcome.target(rows),
        data.columns,
        monotone=np.array(directions(data.task.monotone, data.columns), dtype=np.int8),
        seed=seed,
        keys=data.patients[rows],
        secure_sum=secure_sum,
    )
    return Trained(name, data.task.kind, made)


def names_for(data: Dataset) -> tuple[str, ...]:
    """The learners of the task, the glass box always first."""
    fit = [name for name, entry in REGISTRY.items() if getattr(entry, data.task.kind) is not None]
    wanted = data.task.learners or tuple(fit)
    return (GLASSBOX, *(name for name in fit if name in wanted and name != GLASSBOX))


def _columns_of(term: str, known: set[str]) -> tuple[str, ...]:
    """One column, or the two of a pair; names of columns may hold " & " themselves."""
    if term in known:
        return (term,)
    parts = term.split(JOINT)
    for place in range(1, len(parts)):
        both = (JOINT.join(parts[:place]), JOINT.join(parts[place:]))
        if known & set(both):
            return tuple(column for column in both if column in known)
    return ()


def _make(name: str, kind: str) -> Any:
    from nof1.learn.learners import learner

    return getattr(learner(name), kind)()
