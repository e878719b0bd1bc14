"""One patient, one model: a risk with interval and reasons, or an open refusal.

The features come from the kernel that made the training table, and the scores from the same code,
so a patient gets bit for bit the number that a batch would give.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nof1.core.artefacts import Artefact
from nof1.core.finding import (
    Basis,
    Coding,
    Evidence,
    Finding,
    Frequency,
    Interval,
    Kind,
    Status,
    Subject,
    Value,
    utc,
)
from nof1.learn.frequency import natural_frequency
from nof1.learn.sums import FloatArray
from nof1.predict import features, reasons
from nof1.predict.crossfit import Voice
from nof1.predict.dataset import SEX, age_bands
from nof1.predict.eligible import Place, find_place, members
from nof1.predict.model import Model
from nof1.predict.shards import NEVER
from nof1.predict.spec import AGE
from nof1.predict.task import Task
from nof1.record.events import known_time

READINGS = {
    "likely": "At this level the outcome cannot be called unlikely for such a patient.",
    "unlikely": "At this level the outcome can be called unlikely for such a patient.",
    "undecided": "The model cannot tell the two outcomes apart for such a patient.",
    "atypical": "Few patients of the training data had such a score.",
}
RETRAIN = "Train a model that passes the gate: nof1 card {name} tells what failed."


@dataclass(frozen=True)
class Scorer:
    """A stored model, ready to be asked about single patients."""

    model: Model
    task: Task
    basis: Basis

    @classmethod
    def load(cls, artefact: Artefact) -> Scorer:
        """Make a stored model ready.

        Raises
        ------
        ModelError : when it was written by another version of nof1.
        """
        model = Model.read(artefact)
        basis = Basis(
            kind="model",
            id=artefact.name,
            version=str(artefact.version),
            content_hash=artefact.content_hash,
            knowledge_date=model.data_date,
            validated_in=model.validated_in,
        )
        return cls(model, Task.parse(model.task_yaml, f"{artefact.name} (stored)"), basis)

    @cached_property
    def places(self) -> NDArray[np.int64]:
        """Where the learner's columns stand among all features."""
        return np.array([self.model.spec.number(name) for name in self.model.columns], np.int64)

    @cached_property
    def terms(self) -> list[tuple[str, ...]]:
        """The feature columns of each term of the learner."""
        return self.model.pair.trained.term_columns()

    def findings(
        self,
        subject: Subject,
        events: pl.DataFrame,
        at: datetime,
        names: Mapping[str, str] | None = None,
    ) -> list[Finding]:
        """What the model says about one patient: one finding for each horizon.

        Parameters
        ----------
        events : the patient's events (``nof1.record.events.SCHEMA``), sorted by time.
        at : the moment of asking, UTC without zone; nothing known later is used.
        names : words for codes, beside those that the model brings.
        """
        ask = _Question(self, subject, at, {**(names or {}), **self.model.codes})
        if self.model.withheld:
            return ask.refused(
                Status.WITHHELD,
                f"The model did not pass the gate: {'; '.join(self.model.withheld)}",
                RETRAIN.format(name=self.model.name),
            )
        visible = _known(events, at)
        codes = members(self.task.code_sets(), self.model.code_sets, visible)
        place = find_place(self.task, visible, at, codes)
        if place.prediction_time is None:
            return ask.refused(Status.NOT_CHECKED, place.reason, place.resolve)
        return ask.answered(_known(visible, place.prediction_time), place)


@dataclass(frozen=True)
class _Question:
    """One patient asked about at one moment."""

    scorer: Scorer
    subject: Subject
    at: datetime
    names: Mapping[str, str]

    def refused(self, status: Status, reason: str, resolve: str) -> list[Finding]:
        """The same refusal for every horizon."""
        return [
            self._finding(days, status=status, reason=reason, resolve=resolve)
            for days in self.scorer.model.voices
        ]

    def answered(self, events: pl.DataFrame, place: Place) -> list[Finding]:
        """Score the patient at the prediction time, unless the model has not seen such people."""
        model, moment = self.scorer.model, place.prediction_time
        assert moment is not None
        whole = features.row(features.encode(events, model.spec), moment, model.spec)
        x = whole[self.scorer.places][None, :]
        values = dict(zip(model.columns, x[0].tolist(), strict=True))
        stranger = self._stranger(x, values)
        if stranger is not None:
            return self.refused(Status.WITHHELD, *stranger)
        patient = reasons.Patient(values, events, moment, self.names, model.spec)
        evidence = tuple(self._evidence(x, patient))
        return [self._risk(days, voice, x, place, evidence) for days, voice in model.voices.items()]

    def _stranger(self, x: FloatArray, values: Mapping[str, float]) -> tuple[str, str] | None:
        """Why the model must not speak about this patient, and what would change that."""
        model = self.scorer.model
        for group in (
            f"sex={_sex(values)}",
            f"site={self.subject.site}",
            _age(self.scorer, values),
        ):
            if group in model.silent_groups:
                why = model.silent_groups[group]
                return f"The model is silent about {group}: {why}", "More such people in training."
        if model.domain is None:
            return None
        found = model.domain.check(x)
        if found.inside:
            return None
        what = "; ".join(f"{self._words(one.feature)}: {one.reason}" for one in found.unusual)
        return (
            f"Outside what the model has seen (p = {found.p_value:.3g}): {what}",
            "Check these data; if they are right, this patient needs another model.",
        )

    def _words(self, column: str) -> str:
        spec = self.scorer.model.spec
        if column not in spec.column_numbers:
            return column
        code = spec.field(column).code
        return column if code is None else reasons.words(code, self.names)

    def _risk(
        self,
        days: float,
        voice: Voice,
        x: FloatArray,
        place: Place,
        evidence: tuple[Evidence, ...],
    ) -> Finding:
        model = self.scorer.model
        found = model.pair.decisions(x, days)
        risk = float(voice.interval.risk(found.model)[0])
        low, high = voice.interval.interval(found.model, found.bags, model.level)
        interval = Interval(low=float(low[0]), high=float(high[0]), level=model.level)
        reading = voice.conformal.readings(found.model, model.level)[0]
        return self._finding(
            days,
            status=Status.FOUND,
            value=Value(amount=risk, unit="1", interval=interval),
            frequency=_frequency(risk, interval),
            evidence=evidence,
            counted_from=place.prediction_time and utc(place.prediction_time),
            notes=(*place.since, f"{READINGS[reading]} ({model.level:.0%} prediction set)"),
        )

    def _evidence(self, x: FloatArray, patient: reasons.Patient) -> list[Evidence]:
        added = self.scorer.model.pair.trained.contributions(x)[0].tolist()
        parts = [
            reasons.Part(columns, part)
            for columns, part in zip(self.scorer.terms, added, strict=True)
            if part and columns
        ]
        return reasons.explain(parts, patient)

    def _finding(self, days: float, **answer: object) -> Finding:
        task = self.scorer.task
        return Finding(
            subject=self.subject,
            as_of=utc(self.at),
            kind=Kind.RISK,
            what=Coding(code=f"TASK//{task.name}", display=task.description or task.name),
            horizon_days=days,
            basis=self.scorer.basis,
            synthetic=self.scorer.model.synthetic,
            **answer,  # type: ignore[arg-type]
        )


def _known(events: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """What is known at a moment: static facts, and events dated and recorded by then."""
    known = events.select(_KNOWN).to_series().to_numpy() <= np.datetime64(at, "us").astype(int)
    return events if known.all() else events.filter(known)


_KNOWN = known_time().to_physical().fill_null(int(NEVER))


def _frequency(risk: float, interval: Interval) -> Frequency:
    words = natural_frequency(risk, interval.low, interval.high)
    return Frequency(
        events=words.count, of=words.denominator, low=words.low, high=words.high, text=words.text
    )


def _sex(values: Mapping[str, float]) -> str:
    found = [
        name.removeprefix(SEX) for name, value in values.items() if name.startswith(SEX) and value
    ]
    return found[0] if found else "other or unknown"


def _age(scorer: Scorer, values: Mapping[str, float]) -> str:
    edges = scorer.task.groups.age_years
    if AGE not in values or not edges:
        return "age=unknown"
    return f"age={age_bands(np.array([values[AGE]]), edges)[0]}"
