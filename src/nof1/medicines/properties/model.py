"""A trained model as it is stored and asked: prediction, interval, domain, neighbour - or withheld.

Files of the artefact: ``property.json`` (labels, columns, limits, domain, gate),
``numbers.safetensors`` (fingerprints, forests, kernels), one ``trees-N.lgb.txt`` a label,
``compounds.json`` (canonical SMILES of the training compounds, to name the nearest one; no
labels). Notes: ``card.json``, ``card.md``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.core.artefacts import Artefact
from nof1.core.errors import ModelError
from nof1.learn.arrays import pack, unpack
from nof1.learn.files import need_file, read_json
from nof1.learn.recalibrate import LogisticRecalibration
from nof1.medicines.chemistry.toolkit import VERSION, Molecule
from nof1.medicines.properties.compounds import Compounds
from nof1.medicines.properties.conformal import Bounds
from nof1.medicines.properties.domain import OUTSIDE, Domain, Verdict
from nof1.medicines.properties.features import Columns
from nof1.medicines.properties.fitting import Fitted
from nof1.medicines.properties.forest import Forest
from nof1.medicines.properties.kernel import Kernel
from nof1.medicines.properties.learner import Learner
from nof1.medicines.properties.table import CLASSIFICATION, Label

SCHEMA = "nof1/compounds-model/2"


@dataclass(frozen=True)
class Answer:
    """One label of one compound.

    Attributes
    ----------
    value : value, or probability of class 1; None when withheld (``withheld`` says why).
    low, high : limits of a regression.
    classes : classes that the answer does not exclude; both means: the model cannot tell.
    """

    label: Label
    value: float | None
    low: float | None = None
    high: float | None = None
    classes: tuple[int, ...] = ()
    withheld: str | None = None


@dataclass(frozen=True)
class Prediction:
    """Everything about one compound.

    Attributes
    ----------
    neighbour : canonical SMILES of the most similar training compound.
    known : the compound itself was in training.
    """

    smiles: str
    verdict: Verdict
    neighbour: str | None
    known: bool
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class PropertyModel:
    """All labels of one table.

    Attributes
    ----------
    compounds : canonical SMILES of the training compounds, in the order of the fingerprints.
    failed : label -> why it may not speak at all (no better than the naive answer).
    """

    labels: tuple[Label, ...]
    fitted: tuple[Fitted, ...]
    columns: Columns
    domain: Domain
    compounds: tuple[str, ...]
    failed: Mapping[str, str]

    def predict(self, smiles: Sequence[str], molecules: Sequence[Molecule]) -> list[Prediction]:
        """Answer about standardised compounds (``Standardised.smiles`` and ``.molecules``)."""
        if not molecules:
            return []
        seen = Compounds.of(molecules, electronic=self.columns.electronic > 0)
        verdicts = self.domain.judge(seen.shape)
        table = self.columns.table(seen.raw)
        zones = [one.zone for one in verdicts]
        columns = [
            self._answers(label, fitted, table, zones, verdicts)
            for label, fitted in zip(self.labels, self.fitted, strict=True)
        ]
        return [
            self._prediction(text, verdict, answers)
            for text, verdict, answers in zip(
                smiles, verdicts, zip(*columns, strict=True), strict=True
            )
        ]

    def _prediction(self, smiles: str, verdict: Verdict, answers: tuple[Answer, ...]) -> Prediction:
        near = self.compounds[verdict.neighbour] if verdict.neighbour >= 0 else None
        return Prediction(smiles, verdict, near, near == smiles, answers)

    def _answers(
        self,
        label: Label,
        fitted: Fitted,
        table: NDArray[np.float32],
        zones: Sequence[str],
        verdicts: Sequence[Verdict],
    ) -> list[Answer]:
        values = fitted.predict(table)
        if label.kind == CLASSIFICATION:
            members = fitted.bounds.members(values, zones)
            found = [
                Answer(label, float(value), classes=tuple(np.flatnonzero(row).tolist()))
                for value, row in zip(values, members, strict=True)
            ]
        else:
            low, high = fitted.bounds.interval(values, zones)
            found = [
                Answer(label, float(values[row]), float(low[row]), float(high[row]))
                for row in range(len(values))
            ]
        return [
            self._withheld(answer, verdict) for answer, verdict in zip(found, verdicts, strict=True)
        ]

    def _withheld(self, answer: Answer, verdict: Verdict) -> Answer:
        reason = self.failed.get(answer.label.name)
        if reason is None and verdict.zone == OUTSIDE:
            reason = f"outside of the model's domain: {verdict.reason}"
        return answer if reason is None else Answer(answer.label, None, withheld=reason)

    def files(self) -> dict[str, bytes]:
        """What is stored."""
        arrays: dict[str, NDArray[Any]] = {"prints": self.domain.prints}
        texts: dict[str, bytes] = {}
        labels = []
        for number, (label, one) in enumerate(zip(self.labels, self.fitted, strict=True)):
            arrays |= one.learner.forest.arrays(f"forest-{number}")
            if one.learner.kernel is not None:
                arrays |= one.learner.kernel.arrays(f"kernel-{number}")
            texts[f"trees-{number}.lgb.txt"] = one.learner.text.encode()
            labels.append(
                {
                    "name": label.name,
                    "kind": label.kind,
                    "bounds": one.bounds.to_dict(),
                    "calibration": None if one.calibration is None else one.calibration.to_dict(),
                    "calibrated_on": one.calibrated_on,
                }
            )
        about = {
            "schema": SCHEMA,
            "rdkit": VERSION,
            "labels": labels,
            "columns": self.columns.to_dict(),
            "domain": self.domain.to_dict(),
            "failed": dict(self.failed),
        }
        return {
            "property.json": json.dumps(about).encode(),
            "numbers.safetensors": pack(arrays),
            "compounds.json": json.dumps(list(self.compounds)).encode(),
            **texts,
        }

    @classmethod
    def read(cls, artefact: Artefact) -> PropertyModel:
        """The model of an artefact.

        Raises
        ------
        ModelError : when the artefact is no property model, or is damaged.
        """
        if "numbers.safetensors" not in artefact.files:
            raise ModelError(
                f"{artefact.name} is no model of compounds.",
                next_step="Train one: nof1 compounds train FILE --label COLUMN",
            )
        about = read_json(artefact.files, "property.json")
        if about.get("schema") != SCHEMA:
            raise ModelError(
                f"The model has schema {about.get('schema')!r}.",
                allowed=SCHEMA,
                next_step="Train it again: nof1 compounds train FILE --label COLUMN",
            )
        arrays = unpack(need_file(dict(artefact.files), "numbers.safetensors"))
        return cls(
            tuple(Label(one["name"], one["kind"]) for one in about["labels"]),
            tuple(
                _fitted(one, number, artefact.files, arrays, about["columns"]["electronic"])
                for number, one in enumerate(about["labels"])
            ),
            Columns(
                tuple(about["columns"]["bins"]),
                tuple(about["columns"]["fill"]),
                about["columns"]["electronic"],
            ),
            Domain.from_dict(about["domain"], arrays["prints"]),
            tuple(read_json(artefact.files, "compounds.json")),
            about["failed"],
        )


def _fitted(
    about: Mapping[str, Any],
    number: int,
    files: Mapping[str, bytes],
    arrays: Mapping[str, NDArray[Any]],
    electronic: int,
) -> Fitted:
    calibration = about["calibration"]
    return Fitted(
        Learner(
            need_file(dict(files), f"trees-{number}.lgb.txt").decode(),
            Forest.from_arrays(arrays, f"forest-{number}"),
            Kernel.from_arrays(arrays, f"kernel-{number}"),
            electronic,
        ),
        Bounds.from_dict(about["bounds"]),
        None if calibration is None else LogisticRecalibration.from_dict(calibration),
        about["calibrated_on"],
    )
