"""A stored effect of treatment: its people found again, and each glass box in it as a small model.

An effect holds several glass boxes: of the option (propensity), of the outcome under the comparator
and under the treatment. Each has learned from people of its own; what rests on few of them, and
who was among them, is asked of each by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.core.artefacts import Artefact
from nof1.core.errors import Nof1Error
from nof1.core.workspace import Workspace
from nof1.federation.egress.trainer import Ints, Scorer, Target
from nof1.learn.calibration import to_logit
from nof1.learn.effect.nuisance import Response, load_response
from nof1.learn.effect.recipe import Recipe
from nof1.learn.sums import FloatArray
from nof1.predict.crossfit import Rows
from nof1.predict.dataset import Dataset, on_columns
from nof1.predict.effect.estimate import rows_of
from nof1.predict.effect.model import StoredEffect
from nof1.predict.effect.question import EffectTask
from nof1.predict.effect.table import without_options
from nof1.predict.effect.trial import compile_trial
from nof1.predict.splits import folds_by_patient
from nof1.record.store import Record

TOGETHER = "hospitals that showed each other no row"  # as ``federation.effects`` says it
# Who has taught a glass box of this file: 0 comparator, 1 treatment, None everybody.
ARM = {"option": None, "line_propensity": None, "outcome": None, "effect": None, "base": 0,
       "arm_comparator": 0, "line_comparator": 0, "arm_treated": 1, "line_treated": 1}  # fmt: skip
BLIND = (
    "Of an effect the glass boxes of the option and of the outcome under the comparator are "
    "attacked; the line of modifiers, its draws and the calibration are not."
)


@dataclass(frozen=True)
class People:
    """Who was compared at this site.

    Attributes
    ----------
    data : their features. folds : (n,) of the cross-fitting.
    treated : (n,) 1 treatment, 0 comparator. y, known : (n,) outcome, and whether it is known.
    """

    data: Dataset
    folds: Rows
    treated: FloatArray
    y: FloatArray
    known: NDArray[np.bool_]

    def taught(self, part: str) -> NDArray[np.bool_]:
        """(n,) whose outcome or option a glass box has seen."""
        arm = ARM.get(part)
        if arm is None:
            return np.ones(len(self.treated), bool) if part in OPTION else self.known
        inside: NDArray[np.bool_] = self.known & (self.treated == arm)
        return inside


OPTION = ("option", "line_propensity")  # also people whose outcome is not known


@dataclass(frozen=True)
class Part:
    """A glass box that is attacked: ``rows`` (k,) that taught it, and what it was taught."""

    name: str
    rows: Rows
    target: Target
    response: Response
    recipe: Recipe

    def __call__(self, X: FloatArray, target: Target, keys: Ints) -> Scorer:
        """Train such a glass box (``trainer.Trainer``)."""
        from nof1.learn.glassbox import GlassBoxClassifier

        box = self.recipe.nuisance
        made = GlassBoxClassifier(
            n_bags=box.n_bags, max_bins=box.max_bins, max_pairs=box.max_pairs,
            pair_bins=box.pair_bins, smallest_group=box.smallest_group,
            learning_rate=box.boost.learning_rate, max_cycles=box.boost.max_cycles,
            batches=box.boost.batches, seed=self.recipe.seed + 1,
        )  # fmt: skip
        made.fit(X, target.label, keys=keys)
        return lambda rows: made.decision_function(rows)

    def stored(self, X: FloatArray) -> FloatArray:
        """Log odds that the file gives (n,)."""
        return to_logit(self.response.mean(X))


@dataclass(frozen=True)
class Effect:
    """A stored effect, and its people here; None where they cannot be found again."""

    stored: StoredEffect
    people: People | None
    same: bool | None
    why: str

    @property
    def federated(self) -> bool:
        """Whether several sites estimated it."""
        return TOGETHER in self.stored.validated_in

    def parts(self, files: Mapping[str, bytes]) -> Iterator[Part]:
        """The glass boxes of chances, with the people who taught them."""
        people = self.people
        if people is None:
            return
        question = EffectTask.parse(self.stored.text).task
        recipe = Recipe(folds=question.split.folds, seed=question.split.seed)
        for name, label in (("option", people.treated), ("base", people.y)):
            response = load_response(files, name)
            rows = np.flatnonzero(people.taught(name))
            if response.chance and len(rows):
                yield Part(name, rows, _target(label), response, recipe)


def opened(workspace: Workspace, artefact: Artefact, card: Mapping[str, Any]) -> Effect:
    """The effect of an artefact, and its people.

    Raises
    ------
    ModelError : it was written by another version of nof1.
    """
    stored = StoredEffect.read(artefact)
    try:
        people = _people(workspace, stored)
    except Nof1Error as error:
        reason = error.message.splitlines()[0]
        why = f"The people of the comparison cannot be found again in this record: {reason}"
        return Effect(stored, None, None, why)
    told = card.get("people") or {}
    counts = (int(people.treated.sum()), int((1 - people.treated).sum()))
    same = (told.get("treatment"), told.get("comparator")) == counts
    return Effect(stored, people, None if TOGETHER in stored.validated_in else same, "")


def part_of(place: str) -> str:
    """Name of the glass box that stands at a place of a file."""
    return place.partition(".json")[0]


def _people(workspace: Workspace, stored: StoredEffect) -> People:
    question, record = EffectTask.parse(stored.text), Record(workspace.record)
    trial = compile_trial(question, record)
    task = without_options(question, record, trial)
    made = on_columns(task, record, trial.cohort, stored.spec, stored.columns)
    data = replace(made, task=question.task)
    arms, known = rows_of(question, data, trial)
    frame, plan = trial.cohort.frame, question.task.split
    folds = folds_by_patient(frame, np.ones(frame.height, bool), plan)
    return People(data, folds, trial.treated, arms.y, known.weight > 0)


def _target(label: FloatArray) -> Target:
    n = len(label)
    return Target("binary", label, np.ones(n, bool), np.zeros(n), label.astype(np.int64))
