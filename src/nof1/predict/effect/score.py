"""One patient, one comparison: the outcome under either option, or an open refusal.

A number about a person appears only when people like this one took both options, the interval does
not span benefit and harm, and differences between people were validated. When they were not, the
average of all is what may be said, and it is called that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
import polars as pl
from msgspec import structs
from numpy.typing import NDArray

from nof1.core.artefacts import Artefact
from nof1.core.finding import (
    Basis,
    Coding,
    Evidence,
    Finding,
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
from nof1.predict.effect.model import StoredEffect
from nof1.predict.effect.no_choice import region_words, share_words
from nof1.predict.effect.question import EffectTask
from nof1.predict.eligible import find_place, members
from nof1.predict.question import Index
from nof1.record.events import known_time

Refusal = tuple[Status, str, str]
COMPARE = "Compare the options by other evidence; this model has none for such a patient."


@dataclass(frozen=True)
class Options:
    """What is expected of one patient.

    Attributes
    ----------
    effect, low, high : strategy minus comparator, with its interval.
    comparator, strategy : expected outcome under either.
    average : whether these are the averages of all people.
    evidence : what makes the effect larger or smaller than the average.
    """

    effect: float
    low: float
    high: float
    comparator: float
    strategy: float
    average: bool
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class EffectScorer:
    """A stored effect, ready to be asked about single patients."""

    stored: StoredEffect
    question: EffectTask
    basis: Basis

    @classmethod
    def load(cls, artefact: Artefact) -> EffectScorer:
        """Make a stored effect ready.

        Raises
        ------
        ModelError : when it was written by another version of nof1.
        """
        stored = StoredEffect.read(artefact)
        basis = Basis(
            kind="model",
            id=artefact.name,
            version=str(artefact.version),
            content_hash=artefact.content_hash,
            knowledge_date=stored.data_date,
            validated_in=stored.validated_in,
        )
        return cls(stored, EffectTask.parse(stored.text, f"{artefact.name} (stored)"), basis)

    @cached_property
    def places(self) -> NDArray[np.int64]:
        """Where the learner's columns stand among all features."""
        return np.array([self.stored.spec.number(name) for name in self.stored.columns], np.int64)

    def finding(
        self,
        subject: Subject,
        events: pl.DataFrame,
        at: datetime,
        names: Mapping[str, str] | None = None,
    ) -> Finding:
        """What is to be expected of either option for one patient.

        Parameters
        ----------
        events : the patient's events (``nof1.record.events.SCHEMA``), sorted by time.
        at : the moment of asking, UTC without zone; nothing known later is used.
        names : words for codes, beside those that the model brings.
        """
        ask = _Asked(self, subject, at, {**(names or {}), **self.stored.codes})
        if self.stored.withheld:
            why = f"The comparison may not speak about single people: {self.stored.withheld[0]}"
            return ask.refused(Status.WITHHELD, why, f"nof1 card {self.stored.name}")
        visible = events.filter(known_time().fill_null(at) <= at)
        refusal = self._not_asked(visible, at)
        if refusal is not None:
            return ask.refused(*refusal)
        found = self.options(visible, at, ask.names)
        if not isinstance(found, Options):
            return ask.refused(*found)
        return ask.answered(found)

    def _not_asked(self, visible: pl.DataFrame, at: datetime) -> Refusal | None:
        """Why the question is not this patient's: not eligible, or an option has begun."""
        task, treatment = self.question.task, self.question.treatment
        codes = members(task.code_sets(), self.stored.code_sets, visible)
        asked = replace(task, prediction_offset_days=0.0)
        if not self.question.own_index:
            asked = replace(asked, index=Index(on=at))
        if begun := self._begun(visible, at - timedelta(days=treatment.washout_days)):
            label, since = begun
            return (
                Status.NOT_CHECKED,
                f"{label} stands in the record since {since:%Y-%m-%d}; the comparison is about "
                "people who begin one of the options.",
                "Ask as of a moment before the start.",
            )
        place = find_place(asked, visible, at, codes)
        if place.prediction_time is None:
            return Status.NOT_CHECKED, place.reason, place.resolve
        latest = place.prediction_time + timedelta(days=treatment.grace_days)
        if self.question.own_index and at > latest:
            why = f"The time to begin one of the options ended on {latest:%Y-%m-%d}."
            return Status.NOT_CHECKED, why, "Ask as of an earlier moment."
        return None

    def _begun(self, visible: pl.DataFrame, since: datetime) -> tuple[str, datetime] | None:
        for label, codes in zip(self.question.treatment.labels, self.stored.arms, strict=True):
            used = visible.filter(pl.col("code").is_in(list(codes)) & (pl.col("time") >= since))
            if used.height:
                return label, used["time"].min()  # type: ignore[return-value]
        return None

    def options(
        self, visible: pl.DataFrame, at: datetime, names: Mapping[str, str]
    ) -> Options | Refusal:
        """Expected outcomes from the patient's events until ``at``, or why there are none."""
        spec = self.stored.spec
        whole = features.row(features.encode(visible, spec), at, spec)
        x = whole[self.places][None, :]
        stranger = self._stranger(x, names)
        if stranger is not None:
            return stranger
        values = dict(zip(self.stored.columns, x[0].tolist(), strict=True))
        patient = reasons.Patient(values, visible, at, names, spec)
        return self.expected(x, patient)

    def expected(self, x: FloatArray, patient: reasons.Patient | None = None) -> Options | Refusal:
        """Expected outcomes of one row of features (1, n)."""
        stored = self.stored
        if not stored.validated:
            base, other = (one.value or 0.0 for one in stored.means)
            figure = stored.average.at_level(stored.level)
            assert figure.value is not None
            assert figure.low is not None
            assert figure.high is not None
            made = Options(figure.value, figure.low, figure.high, base, other, average=True)
            return self._undecided(made) or made
        raw, bags = stored.effect.effect(x), stored.effect.bags(x)
        effect = float(stored.calibrated.effect(raw)[0])
        low, high = stored.calibrated.interval(raw, bags, stored.level)
        base, other = self._pair(float(stored.base.mean(x)[0]) + stored.base_shift, effect)
        evidence = _evidence(stored, x, patient) if patient else ()
        made = Options(effect, float(low[0]), float(high[0]), base, other, False, evidence)
        return self._undecided(made) or made

    def _pair(self, base: float, effect: float) -> tuple[float, float]:
        """Both outcomes inside the bounds of the measure; the effect stays as it is."""
        estimand = self.question.estimand
        top = 1.0 if estimand.measure == "risk_difference" else estimand.horizon_days
        base = float(np.clip(base, max(0.0, -effect), min(top, top - effect)))
        return base, float(np.clip(base + effect, 0.0, top))

    def _undecided(self, made: Options) -> Refusal | None:
        if not made.low <= 0 <= made.high:
            return None
        whom = "on average" if made.average else "for this patient"
        mean = self.stored.average
        besides = ""
        if not made.average and mean.low is not None and mean.high is not None:
            ends = f"{self._amount(mean.low)} to {self._amount(mean.high)}"
            besides = f" The average of all people lies in {ends}."
        return (
            Status.WITHHELD,
            f"Either option could be better {whom}: the difference lies between "
            f"{self._amount(made.low)} and {self._amount(made.high)} "
            f"({self.stored.level:.0%} interval).{besides}",
            "More people who began either option, or a randomised trial.",
        )

    def _amount(self, value: float) -> str:
        if self.question.estimand.measure == "risk_difference":
            return f"{100 * value:+.1f} points"
        return f"{value:+.0f} days"

    def _stranger(self, x: FloatArray, names: Mapping[str, str]) -> Refusal | None:
        stored = self.stored
        if stored.domain is not None and not (found := stored.domain.check(x)).inside:
            what = "; ".join(
                f"{_words(stored, one.feature, names)}: {one.reason}" for one in found.unusual
            )
            why = f"Outside what the comparison has seen (p = {found.p_value:.3g}): {what}"
            return Status.WITHHELD, why, COMPARE
        labels = self.question.treatment.labels
        for region in stored.regions:
            if region.inside(x)[0]:
                why = (
                    f"Hardly anybody like this patient began {labels[region.option]}: "
                    f"{region_words(region, stored.spec, names)} ({share_words(region)} did), so "
                    "the options cannot be compared."
                )
                return Status.WITHHELD, why, COMPARE
        chance = float(stored.option.mean(x)[0])
        if bool(stored.overlap.supported([chance])[0]):
            return None
        rare = labels[1] if chance < 0.5 else labels[0]
        return (
            Status.WITHHELD,
            f"Hardly anybody like this patient began {rare} "
            f"({100 * min(chance, 1 - chance):.0f} of 100; at least "
            f"{100 * stored.overlap.least:.0f} are needed), so the options cannot be compared.",
            COMPARE,
        )


@dataclass(frozen=True)
class _Asked:
    """One patient asked about at one moment."""

    scorer: EffectScorer
    subject: Subject
    at: datetime
    names: Mapping[str, str]

    def refused(self, status: Status, reason: str, resolve: str) -> Finding:
        return self._finding(status=status, reason=reason, resolve=resolve)

    def answered(self, made: Options) -> Finding:
        stored, risk = self.scorer.stored, self.scorer.question.estimand.harm
        interval = Interval(low=made.low, high=made.high, level=stored.level)
        return self._finding(
            status=Status.FOUND,
            value=Value(amount=made.effect, unit="1" if risk else "d", interval=interval),
            evidence=made.evidence,
            notes=tuple(self._notes(made)),
        )

    def _notes(self, made: Options) -> list[str]:
        other, name = self.scorer.question.treatment.labels
        notes = [self._either(made, other, name), self._better(made, other, name)]
        if made.average:
            notes.append(
                "This is the average of all people in the comparison: differences between people "
                "could not be validated, so nothing more personal is said."
            )
        notes.append(
            "From observed care, not from a randomised trial: causes that were not recorded may "
            "explain a part of it."
        )
        return notes

    def _either(self, made: Options, other: str, name: str) -> str:
        estimand = self.scorer.question.estimand
        if estimand.harm:
            a, b = (
                natural_frequency(risk, risk, risk) for risk in (made.comparator, made.strategy)
            )
            return (
                f"Of people like this, {a.count} of {a.denominator} with {other} and {b.count} of "
                f"{b.denominator} with {name} have it within {estimand.horizon_days:g} days."
            )
        return (
            f"Days free of it within {estimand.horizon_days:g}: {made.comparator:.0f} with "
            f"{other}, {made.strategy:.0f} with {name}."
        )

    def _better(self, made: Options, other: str, name: str) -> str:
        harm = self.scorer.question.estimand.harm
        best = name if (made.effect < 0) == harm else other
        if not harm:
            return f"{best} is expected to be better."
        need = sorted(1 / abs(end) for end in (made.low, made.high) if end)
        treated = f"{1 / abs(made.effect):.0f} (range {need[0]:.0f} to {need[-1]:.0f})"
        return f"{best} is expected to be better: one event less for every {treated} people."

    def _finding(self, **answer: object) -> Finding:
        question, stored = self.scorer.question, self.scorer.stored
        other, name = question.treatment.labels
        words = (question.task.description or question.task.name).strip()
        return Finding(
            subject=self.subject,
            as_of=utc(self.at),
            kind=Kind.EFFECT,
            what=Coding(code=f"TASK//{question.task.name}", display=f"{words} {name} or {other}"),
            horizon_days=question.estimand.horizon_days,
            basis=self.scorer.basis,
            synthetic=stored.synthetic,
            **answer,  # type: ignore[arg-type]
        )


def _evidence(
    stored: StoredEffect, x: FloatArray, patient: reasons.Patient
) -> tuple[Evidence, ...]:
    """What moves this patient's effect away from the average, by feature."""
    moved = getattr(stored.effect, "contributions", None)
    if moved is None:
        return ()
    parts = [reasons.Part(columns, part) for columns, part in moved(x) if part and columns]
    unit = "1" if stored.measure == "risk_difference" else "d"
    return tuple(structs.replace(one, unit=unit) for one in reasons.explain(parts, patient))


def _words(stored: StoredEffect, column: str, names: Mapping[str, str]) -> str:
    if column not in stored.spec.column_numbers:
        return column
    code = stored.spec.field(column).code
    return column if code is None else reasons.words(code, names)
