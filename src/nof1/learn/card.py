"""The model card: everything a reader needs to decide whether to listen to a model.

A card is data first (``to_dict``, schema ``nof1/card/1``); the Markdown and the web page are made
from that dictionary, so they can never say different things.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nof1.learn.comparison import Choice
from nof1.learn.evaluate import Evaluation
from nof1.learn.figures import Figure
from nof1.learn.gate import GateResult

SCHEMA = "nof1/card/1"
NOTICE = "Research and education use; not a medical device."
NOT_VALIDATED = "nobody: no clinician has reviewed this model"


@dataclass(frozen=True)
class Card:
    """One model's card.

    Parameters
    ----------
    name, version, content_hash : which model this is about.
    created : date of training, ISO, UTC.
    purpose, intended_use, outcome : what it predicts, for whom and when; one or two sentences each.
    synthetic : True when any training row is synthetic; shown loudly.
    data : sources, period, data_date, sites, patients, rows, events, split.
    population : who was eligible, and where the model was validated.
    attrition : (step, people left) in order.
    features : one mapping per feature, at least ``name``; also importance, description, missing.
    learners : per learner its figures by name.
    choice : which learner was kept, and why.
    evaluation, gate : figures and verdict on the test rows.
    drift : the watch that was set up, for example {"inputs": ..., "calibration": ...}.
    notes : further parts that TRIPOD+AI asks for, by name: preparation, missing_data,
        recalibration, heterogeneity, output, characteristics, model_file, code.
    limits : what a reader must not conclude.
    tripod : TRIPOD+AI item number to the author's answer.
    validated_by : who checked it clinically.
    ablation : what each group of information adds (docs/model-cards.md has its shape); None when
        it was not asked for.
    """

    name: str
    version: str
    content_hash: str
    created: str
    purpose: str
    intended_use: str
    outcome: str
    synthetic: bool
    data: Mapping[str, Any]
    population: str
    attrition: Sequence[tuple[str, int]]
    features: Sequence[Mapping[str, Any]]
    learners: Mapping[str, Mapping[str, Figure]]
    choice: Choice
    evaluation: Evaluation
    gate: GateResult
    drift: Mapping[str, Any] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    limits: Sequence[str] = ()
    tripod: Mapping[str, str] = field(default_factory=dict)
    validated_by: str = NOT_VALIDATED
    ablation: Mapping[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON form; ``status`` is "speaks" or "withheld"."""
        from nof1.learn.tripod import answered

        card: dict[str, Any] = {
            "schema": SCHEMA,
            "notice": NOTICE,
            "name": self.name,
            "version": self.version,
            "content_hash": self.content_hash,
            "created": self.created,
            "status": "speaks" if self.gate.passed else "withheld",
            "synthetic": self.synthetic,
            "validated_by": self.validated_by,
            "purpose": self.purpose,
            "intended_use": self.intended_use,
            "outcome": self.outcome,
            "population": self.population,
            "data": dict(self.data),
            "attrition": [{"step": step, "people": people} for step, people in self.attrition],
            "features": [dict(one) for one in self.features],
            "learners": {
                name: {figure: one.to_dict() for figure, one in figures.items()}
                for name, figures in self.learners.items()
            },
            "choice": self.choice.to_dict(),
            "ablation": None if self.ablation is None else dict(self.ablation),
            "evaluation": self.evaluation.to_dict(),
            "gate": self.gate.to_dict(),
            "drift": dict(self.drift),
            **{name: text for name, text in self.notes.items()},
            "limits": list(self.limits),
        }
        items = answered(card, self.tripod)
        blank = [item["item"] for item in items if item["answer"] is None]
        card["tripod"] = {"items": items, "filled": len(items) - len(blank), "blank": blank}
        return card

    def to_markdown(self) -> str:
        """The card as Markdown that also reads well unrendered, at most 80 columns."""
        from nof1.learn.card_text import card_markdown

        return card_markdown(self.to_dict())
