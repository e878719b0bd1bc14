"""A stored model: all that is needed to speak about one patient, and nothing of any patient.

model.json     task, features, horizons with recalibration and conformal tables, domain, drift
shapes.json    (or trees.json with trees.lgb.txt, linear.json) the learner
card.json      the model card; card.md the same as text
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nof1.core.artefacts import Artefact
from nof1.core.errors import ModelError
from nof1.learn.conformal import Conformal
from nof1.learn.domain import Domain
from nof1.learn.drift import Drift
from nof1.learn.intervals import RiskInterval
from nof1.predict.crossfit import Voice
from nof1.predict.fitting import GLASSBOX, Pair, Trained
from nof1.predict.spec import FeatureSpec

SCHEMA = "nof1/model/1"
BORROWED = "glassbox-"


@dataclass(frozen=True)
class Model:
    """A trained model with its voice.

    Attributes
    ----------
    name : of the task; the model's folder.
    task_yaml : text of the task file.
    code_sets : the codes of each of the task's code sets, as found in the training record.
    spec, columns : features, and those that the learner sees, in its order.
    voices : horizon in days -> recalibration, interval and prediction sets.
    withheld : reasons why the model may not speak at all; empty when it may.
    silent_groups : "attribute=group" -> why it may not speak about that group.
    level : of the intervals.
    codes : code -> words, of the codes among the features.
    data_date : day of the youngest event it was trained on.
    """

    name: str
    task_yaml: str
    code_sets: tuple[tuple[str, ...], ...]
    pair: Pair
    spec: FeatureSpec
    columns: tuple[str, ...]
    voices: Mapping[float, Voice]
    domain: Domain | None
    drift: Drift | None
    withheld: tuple[str, ...]
    silent_groups: Mapping[str, str]
    level: float
    codes: Mapping[str, str]
    data_date: str
    validated_in: str
    synthetic: bool

    def files(self) -> dict[str, bytes]:
        """The files to store, without the card."""
        files = {_renamed(name): content for name, content in self.pair.trained.save().items()}
        if self.pair.trained.name != GLASSBOX:
            borrowed = self.pair.glassbox.save()
            files |= {BORROWED + _renamed(name): text for name, text in borrowed.items()}
        return files | {"model.json": json.dumps(self._to_dict()).encode()}

    def _to_dict(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "name": self.name,
            "task_yaml": self.task_yaml,
            "code_sets": [list(codes) for codes in self.code_sets],
            "learner": self.pair.trained.name,
            "kind": self.pair.trained.kind,
            "spec": self.spec.to_dict(),
            "columns": list(self.columns),
            "voices": [
                {
                    "horizon_days": days,
                    "interval": voice.interval.to_dict(),
                    "conformal": voice.conformal.to_dict(),
                }
                for days, voice in self.voices.items()
            ],
            "domain": self.domain and self.domain.to_dict(),
            "drift": self.drift and self.drift.to_dict(),
            "withheld": list(self.withheld),
            "silent_groups": dict(self.silent_groups),
            "level": self.level,
            "codes": dict(self.codes),
            "data_date": self.data_date,
            "validated_in": self.validated_in,
            "synthetic": self.synthetic,
        }

    @classmethod
    def read(cls, artefact: Artefact) -> Model:
        """Read a stored model.

        Raises
        ------
        ModelError : when it was written by another version of nof1.
        """
        data = artefact.json("model.json")
        if data.get("schema") != SCHEMA:
            raise ModelError(
                "The model was written by another version of nof1.",
                where=artefact.name,
                allowed=SCHEMA,
                next_step="Train it again: nof1 train TASK.yaml",
            )
        return cls(
            name=data["name"],
            task_yaml=data["task_yaml"],
            code_sets=tuple(tuple(codes) for codes in data["code_sets"]),
            pair=_pair(data["learner"], data["kind"], artefact.files),
            spec=FeatureSpec.from_dict(data["spec"]),
            columns=tuple(data["columns"]),
            voices={one["horizon_days"]: _voice(one) for one in data["voices"]},
            domain=Domain.from_dict(data["domain"]) if data["domain"] else None,
            drift=Drift.from_dict(data["drift"]) if data["drift"] else None,
            withheld=tuple(data["withheld"]),
            silent_groups=data["silent_groups"],
            level=data["level"],
            codes=data["codes"],
            data_date=data["data_date"],
            validated_in=data["validated_in"],
            synthetic=data["synthetic"],
        )


def _voice(data: Mapping[str, Any]) -> Voice:
    return Voice(RiskInterval.from_dict(data["interval"]), Conformal.from_dict(data["conformal"]))


def _pair(learner: str, kind: str, files: Mapping[str, bytes]) -> Pair:
    own = {_original(name): content for name, content in files.items()}
    trained = Trained.load(learner, kind, own)
    if learner == GLASSBOX:
        return Pair(trained, trained)
    borrowed = {
        _original(name.removeprefix(BORROWED)): content
        for name, content in files.items()
        if name.startswith(BORROWED)
    }
    return Pair(trained, Trained.load(GLASSBOX, kind, borrowed))


def _renamed(name: str) -> str:
    """The artefact store knows LightGBM's text by its own suffix."""
    return name.replace("trees.txt", "trees.lgb.txt")


def _original(name: str) -> str:
    return name.replace("trees.lgb.txt", "trees.txt")
