"""A stored effect: all that is needed to speak about one patient, and nothing of any patient.

effect_model.json      question, features, learner, calibration, overlap, averages, domain
option.json, base.json glass boxes of the propensity and of the outcome under the comparator
others                 the learner's own glass boxes
card.json              the card; card.md the same as text
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nof1.core.artefacts import Artefact
from nof1.core.errors import ModelError
from nof1.learn.domain import Domain
from nof1.learn.effect.calibrated import Calibrated
from nof1.learn.effect.learners import EffectModel, learner
from nof1.learn.effect.nuisance import Response, load_response, save_response
from nof1.learn.effect.overlap import Overlap
from nof1.learn.effect.regions import Region
from nof1.learn.figures import Figure
from nof1.predict.spec import FeatureSpec

SCHEMA = "nof1/effect/1"


@dataclass(frozen=True)
class StoredEffect:
    """A trained effect with its voice.

    Attributes
    ----------
    name : of the task; text : of its file.
    code_sets : codes of each of the question's sets, as found in the record.
    arms : codes of comparator and strategy.
    measure : ``risk_difference`` or ``restricted_mean``.
    columns : of the features, in the learners' order.
    option, base : glass boxes of the propensity and of the outcome under the comparator.
    regions : where hardly anybody took one of the options.
    learner, effect : name, and the trained effect; ``calibrated`` its voice.
    average, means : effect, and mean outcome under comparator and strategy.
    base_shift : added to what ``base`` says, so that its mean is right.
    validated : whether differences between people may be shown.
    withheld : reasons why nothing may be said about anybody; empty when it may.
    level : of the intervals.
    """

    name: str
    text: str
    code_sets: tuple[tuple[str, ...], ...]
    arms: tuple[tuple[str, ...], tuple[str, ...]]
    measure: str
    spec: FeatureSpec
    columns: tuple[str, ...]
    option: Response
    regions: tuple[Region, ...]
    base: Response
    base_shift: float
    learner: str
    effect: EffectModel
    calibrated: Calibrated
    overlap: Overlap
    average: Figure
    means: tuple[Figure, Figure]
    validated: bool
    domain: Domain | None
    withheld: tuple[str, ...]
    level: float
    codes: Mapping[str, str]
    data_date: str
    validated_in: str
    synthetic: bool

    def files(self) -> dict[str, bytes]:
        """The files to store, without the card."""
        return {
            **self.effect.save(),
            "option.json": save_response(self.option),
            "base.json": save_response(self.base),
            "effect_model.json": json.dumps(self._to_dict()).encode(),
        }

    def _to_dict(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "name": self.name,
            "task_yaml": self.text,
            "code_sets": [list(codes) for codes in self.code_sets],
            "arms": [list(codes) for codes in self.arms],
            "measure": self.measure,
            "spec": self.spec.to_dict(),
            "columns": list(self.columns),
            "regions": [one.to_dict() for one in self.regions],
            "base_shift": self.base_shift,
            "learner": self.learner,
            "calibrated": self.calibrated.to_dict(),
            "overlap": self.overlap.to_dict(),
            "average": self.average.to_dict(),
            "means": [one.to_dict() for one in self.means],
            "validated": self.validated,
            "domain": self.domain and self.domain.to_dict(),
            "withheld": list(self.withheld),
            "level": self.level,
            "codes": dict(self.codes),
            "data_date": self.data_date,
            "validated_in": self.validated_in,
            "synthetic": self.synthetic,
        }

    @classmethod
    def read(cls, artefact: Artefact) -> StoredEffect:
        """Read a stored effect.

        Raises
        ------
        ModelError : when it was written by another version of nof1.
        """
        data = artefact.json("effect_model.json")
        if data.get("schema") != SCHEMA:
            raise ModelError(
                "The effect was written by another version of nof1.",
                where=artefact.name,
                allowed=SCHEMA,
                next_step="Estimate it again: nof1 effect TASK.yaml",
            )
        comparator, strategy = (tuple(codes) for codes in data["arms"])
        first, second = (Figure(**one) for one in data["means"])
        return cls(
            name=data["name"],
            text=data["task_yaml"],
            code_sets=tuple(tuple(codes) for codes in data["code_sets"]),
            arms=(comparator, strategy),
            measure=data["measure"],
            spec=FeatureSpec.from_dict(data["spec"]),
            columns=tuple(data["columns"]),
            option=load_response(artefact.files, "option"),
            regions=tuple(Region.from_dict(one) for one in data.get("regions", ())),
            base=load_response(artefact.files, "base"),
            base_shift=data["base_shift"],
            learner=data["learner"],
            effect=learner(data["learner"]).load(artefact.files),
            calibrated=Calibrated.from_dict(data["calibrated"]),
            overlap=Overlap.from_dict(data["overlap"]),
            average=Figure(**data["average"]),
            means=(first, second),
            validated=data["validated"],
            domain=Domain.from_dict(data["domain"]) if data["domain"] else None,
            withheld=tuple(data["withheld"]),
            level=data["level"],
            codes=data["codes"],
            data_date=data["data_date"],
            validated_in=data["validated_in"],
            synthetic=data["synthetic"],
        )
