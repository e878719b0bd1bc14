"""The ward: a synthetic hospital's people, its model, and what is true, opened for teaching.

Everything is the workspace's own: the record, the model that answers, and the features that the
model reads. Only the truth comes from elsewhere, the generator.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nof1.academy import truth as answers
from nof1.advice.hospital import Hospital
from nof1.core.errors import ModelError
from nof1.core.workspace import Workspace
from nof1.learn.binary import GlassBoxBinary
from nof1.learn.sums import FloatArray
from nof1.predict import features
from nof1.predict.cohort import compile_cohort
from nof1.predict.score import Scorer
from nof1.record.store import Record

Made = TypeVar("Made")
AGAIN = 20261126  # seed
OWN, OTHER = "antiplatelet", "anticoagulant"


@dataclass(frozen=True)
class Person:
    """One invented patient at one index date.

    Attributes
    ----------
    row : row in the ward's table of features; -1 for people whom the model was not made for.
    at : moment of the card, UTC without zone: the index date.
    risk, outcome, followed : what the generator knows, see ``truth``.
    """

    row: int
    subject: int
    site: str
    medicine: str
    at: datetime
    risk: float
    outcome: bool
    followed: bool


@dataclass(frozen=True, eq=False)
class Ward:
    """The opened workspace.

    Attributes
    ----------
    scorer : the model that answers, as the adviser loads it.
    people : the model's own cohort, row by row as in ``X``.
    others : people who start an anticoagulant and never took an antiplatelet before.
    X : (n, p) features of ``people`` at their index dates; columns as ``scorer.model.columns``.
    """

    workspace: Workspace
    scorer: Scorer
    record: Record
    names: Mapping[str, str]
    people: tuple[Person, ...]
    others: tuple[Person, ...]
    X: FloatArray
    _events: dict[int, pl.DataFrame] = field(default_factory=dict, repr=False)
    _made: dict[Hashable, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def open(cls, workspace: Workspace, truth: Path | str | None = None) -> Ward:
        """Open a synthetic workspace with its truth.

        Raises
        ------
        InputError : the workspace is not synthetic, or its truth is missing or another one.
        ModelError : no model may speak, or it is not a glass box.
        WorkspaceError : nothing was imported.
        """
        answers.refuse_unless_synthetic(workspace)
        folder = answers.find(workspace, truth)
        hospital = Hospital(workspace)
        scorer = _scorer(hospital)
        record = hospital.record
        known = answers.known(folder, scorer.model.name).join(
            record.subjects().rename({"patient": "patient_id"}),
            on=["patient_id", "site"],
            how="inner",
        )
        cohort = compile_cohort(scorer.task, record).frame
        own = cohort.join(
            known.filter(pl.col("group") == OWN),
            left_on=["subject_id", "prediction_time"],
            right_on=["subject_id", "time"],
            how="inner",
            maintain_order="left",
        ).rename({"prediction_time": "time"})
        model = scorer.model
        table = own.select("subject_id", prediction_time="time")
        X = features.build(record.shards(), table, model.spec).dense(model.columns)
        early = known.filter(pl.col("group") == OWN).select("subject_id", earlier="time")
        others = known.filter(pl.col("group") == OTHER).join(early, on="subject_id", how="left")
        never = others.filter(pl.col("earlier").is_null() | (pl.col("earlier") > pl.col("time")))
        return cls(
            workspace,
            scorer,
            record,
            hospital.names,
            tuple(_person(number, row) for number, row in enumerate(own.iter_rows(named=True))),
            tuple(_person(-1, row) for row in never.iter_rows(named=True)),
            X,
        )

    @cached_property
    def told(self) -> FloatArray:
        """(n,) what the sound model says about each of ``people``."""
        return risks(self.scorer, self.X)

    @cached_property
    def strongest(self) -> FloatArray:
        """(n,) size of the strongest reason for or against, in log odds, of the sound model."""
        spec, totals = self.scorer.model.spec, dict[frozenset[str], FloatArray]()
        parts = self.scorer.model.pair.trained.contributions(self.X)
        for columns, part in zip(self.scorer.terms, parts.T, strict=True):
            topic = frozenset(spec.field(column).code or column for column in columns)
            totals[topic] = totals.get(topic, 0.0) + part
        largest: FloatArray = np.abs(np.stack(list(totals.values()), axis=1)).max(axis=1)
        return largest

    @cached_property
    def again(self) -> FloatArray:
        """(n,) outcomes of ``people`` drawn once more from their true risks.

        The model has seen what was drawn first; held against that, any model looks worse
        calibrated than it is (or better). These outcomes are as new to it as next year's.
        """
        risk = np.array([one.risk for one in self.people])
        return (np.random.default_rng(AGAIN).random(len(risk)) < risk).astype(np.float64)

    def events(self, person: Person) -> pl.DataFrame:
        """All events of a person, sorted by time, as they stand in the record."""
        if person.subject not in self._events:
            self.fetch([person])
        return self._events[person.subject]

    def fetch(self, people: list[Person]) -> None:
        """Read the events of several people in one go."""
        wanted = [one.subject for one in people if one.subject not in self._events]
        found = self.record.scan().filter(pl.col("subject_id").is_in(wanted)).collect()
        for part in found.partition_by("subject_id"):
            self._events[int(part["subject_id"][0])] = part

    def kept(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Something costly, made once."""
        if key not in self._made:
            self._made[key] = make()
        made: Made = self._made[key]
        return made

    def column(self, name: str) -> FloatArray:
        """(n,) one feature of ``people``."""
        return self.X[:, self.scorer.model.columns.index(name)]

    def recent(self, at: datetime, most: int) -> NDArray[np.int64]:
        """Rows of the last people before a moment, at most ``most`` of them."""
        before = np.flatnonzero(self._times <= np.datetime64(at, "us"))
        return before[np.argsort(self._times[before], kind="stable")][-most:]

    @cached_property
    def _times(self) -> NDArray[np.datetime64]:
        return np.array([one.at for one in self.people], dtype="datetime64[us]")


def risks(scorer: Scorer, X: FloatArray) -> FloatArray:
    """(n,) calibrated risks of rows of features, 0 to 1, by the scorer's longest horizon."""
    days, voice = list(scorer.model.voices.items())[-1]
    return voice.interval.risk(scorer.model.pair.trained.decision(X, days))


def features_of(scorer: Scorer, events: pl.DataFrame, at: datetime) -> FloatArray:
    """(1, p) features of one person at a moment, as the scorer computes them."""
    spec = scorer.model.spec
    seen = events.filter(
        pl.max_horizontal("time", "recorded").is_null()
        | (pl.max_horizontal("time", "recorded") <= at)
    )
    row: FloatArray = features.row(features.encode(seen, spec), at, spec)[scorer.places][None, :]
    return row


def _person(number: int, row: Mapping[str, object]) -> Person:
    return Person(
        row=number,
        subject=int(row["subject_id"]),  # type: ignore[call-overload]
        site=str(row["site"]),
        medicine=str(row["medicine"]),
        at=row["time"],  # type: ignore[arg-type]
        risk=float(row["risk"]),  # type: ignore[arg-type]
        outcome=bool(row["outcome"]),
        followed=bool(row["followed"]),
    )


def _scorer(hospital: Hospital) -> Scorer:
    """The model whose question has a known truth, if it may speak and is a glass box."""
    known = [one for one in hospital.adviser.scorers if one.model.name in answers.TASKS]
    if not known:
        raise ModelError(
            "The workspace has no model whose question has a known truth.",
            where="models/",
            allowed=list(answers.TASKS),
            next_step="Train the task of the hospital: nof1 train tasks/heart_attack.yaml",
        )
    scorer = known[0]
    if scorer.model.withheld or not isinstance(scorer.model.pair.trained.learner, GlassBoxBinary):
        raise ModelError(
            "The model cannot be used for teaching: it is withheld, or it is no glass box.",
            where=f"model {scorer.model.name}",
            allowed="a glass box that passed the gate",
            next_step="Train it on more invented patients: nof1 demo makes 6,000.",
        )
    return scorer
