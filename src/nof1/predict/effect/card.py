"""The card of an effect: the target trial, the comparison, and what may be said from it.

It is data first (schema ``nof1/effect-card/1``); text and pages are made from the dictionary.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from nof1.core.finding import NOTICE
from nof1.learn.effect.analysis import DEFAULT, Analysis
from nof1.learn.effect.learners import REGISTRY
from nof1.learn.effect.ordered import Ordered
from nof1.learn.effect.sensitivity import e_values
from nof1.learn.figures import Figure
from nof1.learn.sums import SecureSum, local_sum
from nof1.predict.dataset import Dataset
from nof1.predict.effect.controls import Control
from nof1.predict.effect.model import StoredEffect
from nof1.predict.effect.no_choice import region_words
from nof1.predict.effect.outcome import Known
from nof1.predict.effect.question import EffectTask
from nof1.predict.effect.trial import Trial
from nof1.predict.reasons import column_words

SCHEMA = "nof1/effect-card/1"
MISSING = " is missing"
SHARES = tuple(n / 10 for n in range(11))
SYNTHETIC = "SYNTHETIC DATA: no real patient is behind any number."
LIMITS = (
    "From observed care: causes of both choice and outcome that were not recorded make a bias that "
    "no figure here can show; the E-value says how strong they would have to be.",
    "The interval of a person is that of the mean effect in people who look alike in the record.",
    "Validated inside these data only; not shown to help a patient.",
)


@dataclass(frozen=True)
class EffectCard:
    """A card as a dictionary; see docs/effects.md for its parts."""

    data: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return dict(self.data)

    def files(self) -> dict[str, bytes]:
        """``card.json`` and ``card.md``."""
        from nof1.predict.effect.card_text import text

        return {
            "card.json": json.dumps(self.to_dict()).encode(),
            "card.md": text(self.data).encode(),
        }


@dataclass(frozen=True)
class Counts:
    """Who is compared, of all sites: the table of rules, people by kind, notes on the cohort."""

    attrition: Sequence[Mapping[str, Any]]
    people: Mapping[str, int]
    notes: Sequence[str] = ()

    @classmethod
    def of(
        cls, trial: Trial, known: Known, analysis: Analysis, total: SecureSum = local_sum
    ) -> Counts:
        """Counts of this site, or of all of them."""
        steps, treated = trial.cohort.attrition.to_dict(), trial.treated == 1
        people = {
            "treatment": treated.sum(),
            "comparator": (~treated).sum(),
            "outcome_known": (known.weight > 0).sum(),
            "left_the_option": known.left,
            "compared": analysis.rows.sum(),
        }
        numbers = [[step[key] for key in step if key != "rule"] for step in steps]
        own = [count for row in (*numbers, people.values()) for count in row]
        sums = iter(total(np.array(own, dtype=np.float64)))
        table = [{k: v if k == "rule" else round(next(sums)) for k, v in step.items()}
                 for step in steps]  # fmt: skip
        return cls(table, {k: round(next(sums)) for k in people}, trial.cohort.notes)


def make_card(
    question: EffectTask, counts: Counts, data: Dataset, analysis: Analysis,
    controls: Sequence[Control], stored: StoredEffect, version: int, content_hash: str,
) -> EffectCard:  # fmt: skip
    """The card of an analysis."""
    other, name = question.treatment.labels
    return EffectCard({
        "schema": SCHEMA,
        "notice": NOTICE,
        "synthetic": stored.synthetic,
        "name": stored.name,
        "version": str(version),
        "content_hash": content_hash,
        "created": f"{datetime.now(UTC):%Y-%m-%d}",
        "data_date": stored.data_date,
        "validated_in": stored.validated_in,
        "options": {"comparator": other, "treatment": name},
        "target_trial": target_trial(question),
        "attrition": list(counts.attrition),
        "people": dict(counts.people),
        "effect": _effect(question, analysis),
        "negative_controls": [_control(one) for one in controls],
        "overlap": {**analysis.overlap.to_dict(), "regions": _regions(question, stored)},
        "balance": [
            row.to_dict() | {"apart": row.apart(), "feature": _feature(row.name, stored, data)}
            for row in analysis.balance
        ],
        "learner": _learner(analysis),
        "heterogeneity": _heterogeneity(analysis),
        "policy": _policy(analysis.ordered),
        "modifiers": _modifiers(stored, data),
        "withheld": list(stored.withheld),
        "limits": [*LIMITS, *([SYNTHETIC] if stored.synthetic else []), *counts.notes],
    })  # fmt: skip


def target_trial(question: EffectTask) -> dict[str, str]:
    """The trial that is emulated, part by part (Hernán & Robins 2016)."""
    task, treatment, estimand = question.task, question.treatment, question.estimand
    other, name = treatment.labels
    rules = task.eligibility
    ages = (rules.min_age_years, rules.max_age_years)
    bounds = [f"age {'from' if k == 0 else 'to'} {age:g}" for k, age in enumerate(ages)
              if age is not None]  # fmt: skip
    with_ = [f"with {one.event.codes.name}" for one in rules.must_have]
    without = [f"without {one.event.codes.name}" for one in rules.must_not_have]
    history = [f"{rules.history_days:g} days of record"] if rules.history_days else []
    start = (
        f"{task.index.event.codes.name}, the option begun within {treatment.grace_days:g} days"
        if question.own_index and task.index.event
        else f"the first {other} or {name}"
    )
    stays = {
        "intention_to_treat": "from the start, whatever is taken later (intention to treat)",
        "per_protocol": "until the option is left; those who stay stand for those who left, by "
        "inverse probability (per protocol)",
    }[treatment.analysis]
    measure = {
        "risk_difference": f"difference of the risk within {estimand.horizon_days:g} days",
        "restricted_mean": f"difference of the days free of the outcome, of "
        f"{estimand.horizon_days:g}",
    }[estimand.measure]
    return {
        "eligibility": ", ".join([*bounds, *with_, *without, *history]) or "everybody",
        "strategies": f"begin {name}, or begin {other}; neither in the "
        f"{treatment.washout_days:g} days before",
        "assignment": "not randomised: taken as random given what is recorded at time zero",
        "time_zero": start
        + (f", follow-up from day {task.prediction_offset_days:g} on"
           if task.prediction_offset_days else ""),
        "outcome": task.outcome.codes.name,
        "follow_up": stays,
        "estimand": measure,
        "analysis": "doubly robust, cross-fitted; effect per person by the learner that fits best",
    }  # fmt: skip


def _effect(question: EffectTask, analysis: Analysis) -> dict[str, Any]:
    pair = e_values(analysis.ratio) if analysis.ratio is not None else None
    return {
        "measure": question.estimand.measure,
        "horizon_days": question.estimand.horizon_days,
        "comparator": analysis.means[0].to_dict(),
        "treatment": analysis.means[1].to_dict(),
        "difference": analysis.effect.to_dict(),
        "ratio": analysis.ratio.to_dict() if analysis.ratio else None,
        "e_value": {"estimate": pair[0], "limit": pair[1]} if pair else None,
        "number_needed_to_treat": _needed(analysis.effect) if analysis.harm else None,
    }


def _needed(effect: Figure) -> dict[str, Any] | None:
    """None where the interval holds 0: then there is no such number."""
    if effect.value is None or effect.low is None or effect.high is None or effect.contains(0.0):
        return None
    ends = sorted(1 / abs(end) for end in (effect.low, effect.high))
    return {"value": 1 / abs(effect.value), "low": ends[0], "high": ends[1],
            "event_less_with": "treatment" if effect.value < 0 else "comparator"}  # fmt: skip


def _control(one: Control) -> dict[str, Any]:
    return {"name": one.name, "events": one.events, "difference": one.effect.to_dict(),
            "note": one.note}  # fmt: skip


def _learner(analysis: Analysis) -> dict[str, Any]:
    """Which learner speaks, and how much further from the scores than the default others are."""
    return {
        "chosen": analysis.chosen,
        "title": REGISTRY[analysis.chosen].title,
        "default": DEFAULT,
        "further_from_the_scores": {k: one.to_dict() for k, one in analysis.worse.items()},
        "challengers": {k: REGISTRY[k].title for k in analysis.recipe.challengers},
    }


def _heterogeneity(analysis: Analysis) -> dict[str, Any]:
    return {
        "validated": analysis.validated,
        "autoc": analysis.ordered.autoc().to_dict(),
        "qini": analysis.ordered.qini().to_dict(),
        "slope": analysis.slope.to_dict(),
        "c_for_benefit": analysis.matched.to_dict(),
        "groups": [
            {"people": size, "predicted": predicted, "observed": observed.to_dict()}
            for size, predicted, observed in analysis.ordered.groups()
        ],
    }


def _policy(found: Ordered) -> list[dict[str, Any]]:
    """Mean benefit over everybody when a share of the people get the option, best first."""
    return [
        {
            "share": share,
            "benefit": found.treated_first(share).to_dict(),
            "over_random": found.over_random(share).to_dict(),
        }
        for share in SHARES
    ]


def _modifiers(stored: StoredEffect, data: Dataset) -> list[dict[str, Any]]:
    """Features by how much they move the effect; of the line of modifiers only."""
    line = getattr(stored.effect, "line", None)
    if line is None:
        return []
    table = line.modifiers()
    return [
        {
            "feature": _feature(name, stored, data),
            "column": name,
            "modifier": value,
            "low": low,
            "high": high,
        }
        for name, value, low, high in table[:20]
    ]


def _regions(question: EffectTask, stored: StoredEffect) -> list[dict[str, Any]]:
    """Where hardly anybody took an option, in words."""
    return [
        {
            "where": region_words(one, stored.spec, stored.codes),
            "option": question.treatment.labels[one.option],
            "people": one.people,
            "most": one.most,
        }
        for one in stored.regions
    ]


def _feature(name: str, stored: StoredEffect, data: Dataset) -> str:
    column = name.removesuffix(MISSING)
    words = column_words(data.spec.field(column), stored.codes)
    return words + MISSING if name.endswith(MISSING) else words
