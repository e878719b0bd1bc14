"""What is looked at: a stored model, the patients of this site who trained it, and its claims."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from nof1.core import artefacts
from nof1.core.artefacts import Artefact
from nof1.core.errors import ModelError, Nof1Error, UsageError
from nof1.core.workspace import Workspace
from nof1.federation.egress import effects
from nof1.federation.egress.effects import Effect
from nof1.federation.egress.trainer import Registered, Target, Trainer
from nof1.predict.cohort import compile_cohort
from nof1.predict.crossfit import Rows
from nof1.predict.dataset import Dataset, on_columns
from nof1.predict.effect.model import SCHEMA as EFFECT
from nof1.predict.effect.question import EffectTask
from nof1.predict.model import SCHEMA, Model
from nof1.predict.splits import folds_by_patient, split
from nof1.predict.task import Task
from nof1.record.store import Record

KINDS = {
    "models": "patients",
    "images": "pictures",
    "laboratory": "compounds or cell lines",
    "effects": "effects of treatment",
}
# What the schema of a stored model begins with, by shelf; anything else is refused.
KNOWN = {
    "models": (SCHEMA,),
    "images": ("nof1/imaging",),
    "laboratory": ("nof1/compounds-model/", "nof1/response-model/"),
    "effects": (EFFECT,),
}
# Folders of models that are no stored artefacts: they cannot be looked at, and say so.
ELSEWHERE = {
    "images/models": "a model of pictures",
    "surveillance/federated": "a forecaster",
}
PROMISE = re.compile(r"epsilon (\d[\d.]*(?:e[+-]?\d+)?) at delta (\d[\d.]*(?:e[+-]?\d+)?)")


@dataclass(frozen=True)
class Claim:
    """What a private model promises: a loss of at most epsilon at delta, for each patient."""

    epsilon: float
    delta: float


@dataclass(frozen=True)
class Table:
    """This site's rows as the model sees them.

    Attributes
    ----------
    folds : (n,) fold of each row that trained; -1 for rows that did not.
    same : whether the patients are as many as the card says; None when the card counts other
        sites' too.
    """

    data: Dataset
    folds: Rows
    horizon_days: float
    same: bool | None

    @cached_property
    def rows(self) -> Rows:
        """Rows that trained."""
        return np.flatnonzero(self.folds >= 0)

    @cached_property
    def target(self) -> Target:
        """What happened to each row, by the last horizon."""
        outcome = self.data.outcome
        label, weight = outcome.labels(self.horizon_days)
        return Target(outcome.kind, label, weight > 0, outcome.duration_days, outcome.cause)


@dataclass(frozen=True)
class Subject:
    """A stored model with all that can be asked about it here.

    Attributes
    ----------
    shelf : folder of the workspace that holds it: a key of ``KINDS``.
    model : None for a model that is not about patients' records, and for an effect.
    effect : None unless it is an effect of treatment.
    table, why : the rows that trained it, or why there are none.
    sites : of how many sites the rows were; claim : None when nothing is promised.
    """

    workspace: Workspace
    artefact: Artefact
    shelf: str
    card: Mapping[str, Any]
    model: Model | None
    table: Table | None
    why: str
    sites: int
    claim: Claim | None
    effect: Effect | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the features; none where there is no table."""
        if self.effect is not None:
            return self.effect.stored.columns
        return self.model.columns if self.model is not None else ()

    @property
    def task_yaml(self) -> str:
        """Text of its task file; empty where it has none."""
        if self.effect is not None:
            return self.effect.stored.text
        return self.model.task_yaml if self.model is not None else ""

    @property
    def federated(self) -> bool:
        """Whether several sites trained it."""
        if self.effect is not None:
            return self.effect.federated
        return self.sites > 1 and ("federation" in self.card or self.claim is not None)

    def trainer(self) -> Trainer:
        """The recipe that made the model.

        Raises
        ------
        ModelError : the recipe cannot be run at one site.
        """
        assert self.model is not None
        task = Task.parse(self.model.task_yaml)
        if self.claim is not None:
            from nof1.federation.egress.private import private_trainer

            return private_trainer(task, self.model.columns, self.claim.epsilon, self.claim.delta)
        return Registered(
            self.model.pair.trained.name,
            self.model.columns,
            task.monotone,
            task.split.seed,
            max(self.model.voices),
        )


def load(
    workspace: Workspace, name: str, version: int | None = None, kind: str | None = None
) -> Subject:
    """Find a model of any kind by its name, and the rows that trained it.

    Parameters
    ----------
    kind : a key of ``KINDS``, where models of several kinds have the name.

    Raises
    ------
    ModelError : there is none, its files are not those that were stored, or it is of a kind that
        is not known here. UsageError : several have the name.
    """
    shelf = _shelf(workspace, name, kind)
    artefact = artefacts.load(_root(workspace, shelf), name, version)
    card = _json(artefact, "card.json")
    about = _json(artefact, "model.json")
    _require_known(artefact, shelf)
    if shelf == "effects":
        return _effect(workspace, artefact, card)
    if about.get("schema") != SCHEMA:
        why = f"It is a model of {KINDS[shelf]}: it has no table of patients to check against."
        return Subject(workspace, artefact, shelf, card, None, None, why, 1, None)
    model = Model.read(artefact)
    sites = int((card.get("data") or {}).get("sites") or 1)
    table, why = _table(workspace, model, card)
    return Subject(
        workspace, artefact, shelf, card, model, table, why, sites, claim_of(card, about)
    )


def claim_of(*parts: Mapping[str, Any]) -> Claim | None:
    """Epsilon and delta that a card or model states; None when they state nothing."""
    for part in parts:
        stated = part.get("privacy")
        if isinstance(stated, Mapping) and stated.get("epsilon") is not None:
            return Claim(float(stated["epsilon"]), float(stated.get("delta") or 0.0))
        told = PROMISE.search(stated) if isinstance(stated, str) else None
        if told is not None:
            return Claim(float(told[1]), float(told[2]))
    return None


def _shelf(workspace: Workspace, name: str, kind: str | None) -> str:
    """Where the model lies."""
    found = [one for one in KINDS if name in artefacts.names(_root(workspace, one))]
    if kind is not None:
        return kind
    if len(found) > 1:
        raise UsageError(
            f"Models of several kinds are called {name}.",
            where="nof1 federation egress",
            allowed=", ".join(found),
            next_step=f"Say which one: --kind {found[0]}",
        )
    for folder, words in ELSEWHERE.items():
        if not found and name and (workspace.root / folder / name).is_dir():
            raise ModelError(
                f"{name} is {words}: this check does not know that kind and has looked at nothing.",
                where=str(workspace.root / folder),
                allowed=", ".join(KINDS),
                next_step="Do not send it before a person has looked at its files.",
            )
    return found[0] if found else "models"


def _require_known(artefact: Artefact, shelf: str) -> None:
    """Nothing when a file names a schema that belongs on the shelf."""
    said = [_json(artefact, one).get("schema") for one in artefact.files if one.endswith(".json")]
    if not any(isinstance(one, str) and one.startswith(KNOWN[shelf]) for one in said):
        raise ModelError(
            f"{artefact.name} is of a kind that this check does not know; nothing was looked at.",
            where=f"{shelf}/{artefact.name}",
            allowed=", ".join(KNOWN[shelf]),
            next_step="Do not send it before a person has looked at its files.",
        )


def _effect(workspace: Workspace, artefact: Artefact, card: Mapping[str, Any]) -> Subject:
    """A stored effect of treatment, with the people of the comparison as its table."""
    found = effects.opened(workspace, artefact, card)
    sites = 2 if found.federated else 1
    table = None
    if found.people is not None:
        horizon = EffectTask.parse(found.stored.text).estimand.horizon_days
        table = Table(found.people.data, found.people.folds, horizon, found.same)
    return Subject(workspace, artefact, "effects", card, None, table, found.why, sites, None, found)


def _root(workspace: Workspace, shelf: str) -> Any:
    return getattr(workspace, shelf)


def _json(artefact: Artefact, name: str) -> dict[str, Any]:
    try:
        found = json.loads(artefact.files.get(name, b"{}"))
    except ValueError:
        raise ModelError(f"{name} of the model is not JSON.", where=artefact.name) from None
    return found if isinstance(found, dict) else {}


def _table(workspace: Workspace, model: Model, card: Mapping[str, Any]) -> tuple[Table | None, str]:
    """The rows of this site, made again from the record by the stored task and features."""
    try:
        task, record = Task.parse(model.task_yaml), Record(workspace.record)
        cohort = compile_cohort(task, record)
        data = on_columns(task, record, cohort, model.spec, model.columns)
        horizon = max(model.voices)
        if "federation" in card or claim_of(card) is not None:
            everybody = np.ones(cohort.frame.height, bool)
            folds = folds_by_patient(cohort.frame, everybody, task.split)
            return Table(data, folds, horizon, None), ""
        folds = split(cohort.frame, task.split, end_days=horizon).folds
    except Nof1Error as error:
        reason = error.message.splitlines()[0]
        return None, f"The rows that trained it cannot be made again from this record: {reason}"
    told = card.get("data") or {}
    patients = cohort.frame["subject_id"].n_unique()
    same = (told.get("patients"), told.get("rows")) == (patients, cohort.frame.height)
    return Table(data, folds, horizon, same), ""
