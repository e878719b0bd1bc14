"""A trained model with its gates, ready to read films: no score before every gate was asked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax, stdtrit

from nof1.imaging.answering.answer import Answer, Chosen, Label
from nof1.imaging.explaining.heatmap import Heatmap, heatmaps
from nof1.imaging.explaining.placing import Grid, measured_grid
from nof1.imaging.gates.door import Door
from nof1.imaging.gates.verdict import Verdict
from nof1.imaging.image import Image
from nof1.imaging.nets.ensemble import Ensemble, Outputs
from nof1.imaging.nets.prepare import Square, prepare
from nof1.imaging.training.calibrating import Calibration
from nof1.learn.conformal import CONFORMAL_LEVEL
from nof1.learn.intervals import INTERVAL_LEVEL

SETS: dict[tuple[bool, bool], Chosen] = {
    (True, False): "no",
    (False, True): "yes",
    (True, True): "both",
    (False, False): "none",
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Gated(ABC):
    """An opened model of films behind its gates; each kind of model answers in its own way."""

    ensemble: Ensemble
    door: Door

    @property
    def about(self) -> dict[str, Any]:
        """``model.json``."""
        return self.ensemble.folder.about

    @property
    def sha256(self) -> str:
        """Of the whole model."""
        return self.ensemble.folder.sha256

    @property
    def may_speak(self) -> bool:
        """Whether the model has passed its own trial."""
        return bool((self.about.get("may_speak") or {}).get("passed", False))

    @property
    def synthetic(self) -> bool:
        """Whether the model learned from SYNTHETIC pictures."""
        return bool(self.about.get("synthetic", False))

    @cached_property
    def grid(self) -> Grid:
        """Where the places of the last maps lie in the net's input; asked of the first member.

        A model keeps what was measured when it was built: asking again costs a third of a second.
        """
        kept = self.about.get("grid")
        if kept:
            return Grid(float(kept["first"]), float(kept["stride"]))

        def maps(squares: NDArray[np.float32]) -> NDArray[np.float32]:
            found: NDArray[np.float32] = self.ensemble.run(squares).maps[0]
            return found

        return measured_grid(maps, self.ensemble.size)

    def read(self, image: Image) -> Answer:
        """Ask the gates, then answer, for one film; a withheld model answers nothing."""
        first = _before(image, self)
        if first is not None:
            return Answer(image=image, verdicts=(first,))
        quality = self.door.quality.check(image.pixels)
        if not quality.passed:
            doubts = self.door.population.check(image.header)
            return Answer(image=image, verdicts=(quality, *doubts))
        square = prepare(image.pixels, self.ensemble.size)
        outputs = self.ensemble.run(square[None, None])
        verdicts = self.door.check_image(image, outputs.features[:, 0])
        if not self.may_speak or any(one.status == "refused" for one in verdicts):
            return Answer(image=image, verdicts=verdicts)
        empty = Answer(image=image, verdicts=verdicts, grid=self.grid, size=self.ensemble.size)
        return self.answered(empty, square, outputs)

    @abstractmethod
    def answered(self, empty: Answer, square: Square, outputs: Outputs) -> Answer:
        """The answer for a film that every gate let pass."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Reader(Gated):
    """An opened model of findings: a calibrated probability for each."""

    calibration: Calibration

    @classmethod
    def open(cls, folder: str | Path) -> Reader:
        """Open a model's folder and check all of it.

        Raises
        ------
        ModelError : no model, one without gates, damaged, or changed since it was trained.
        MissingExtra : onnxruntime is not installed.
        """
        ensemble = Ensemble.open(folder)
        calibration = Calibration.from_dict(ensemble.folder.about["calibration"])
        return cls(ensemble=ensemble, calibration=calibration, door=Door.open(ensemble.folder))

    def answered(self, empty: Answer, square: Square, outputs: Outputs) -> Answer:
        """One label for each class."""
        return replace(empty, labels=self._labels(outputs))

    def _labels(self, outputs: Outputs) -> tuple[Label, ...]:
        classes, exclusive = self.ensemble.classes, self.calibration.question == "kinds"
        maps = heatmaps(
            outputs.maps, self.ensemble.head, outputs.logits, classes, exclusive=exclusive
        )[0]
        risk = self.calibration.risk(outputs.logits)[0]
        low, high = _interval(self.calibration, outputs.logits, risk)
        return tuple(
            self._label(number, outputs, (risk, low, high), heat)
            for number, heat in enumerate(maps)
        )

    def _label(
        self, number: int, outputs: Outputs, figures: tuple[Any, Any, Any], heat: Heatmap
    ) -> Label:
        sets = self.calibration.sets(outputs.logits, number)
        chosen: Chosen = "not known"
        if sets is not None:
            chosen = SETS[bool(sets[0, 0]), bool(sets[0, 1])]
        probability, low, high = (float(one[number]) for one in figures)
        return Label(
            name=self.ensemble.classes[number],
            probability=probability,
            low=min(low, probability),
            high=max(high, probability),
            level=INTERVAL_LEVEL,
            chosen=chosen,
            set_level=CONFORMAL_LEVEL,
            heatmap=heat,
        )


def _before(image: Image, reader: Gated) -> Verdict | None:
    """What rules a picture out before its pixels are looked at."""
    if not image.is_film:
        return Verdict(
            gate="kind",
            status="refused",
            code="not_a_film",
            reason="This is a volume, a loop or a colour picture; the model reads grey films.",
            next_step="Give a film, or one slice. CT volumes are measured without a model.",
        )
    if reader.synthetic and not image.is_synthetic:
        return Verdict(
            gate="population",
            status="refused",
            code="synthetic_model",
            reason="The model learned from SYNTHETIC films only: it may not read a real one.",
            next_step="Train a model on films of your site: nof1 imaging train TASK.yaml",
        )
    return None


def _interval(
    calibration: Calibration, logits: NDArray[np.float32], risk: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Limits (K,) of the probabilities of one picture; 0 to 1 with one member: nothing is known."""
    found = calibration.interval(logits)
    if found is not None:
        return found[0][0], found[1][0]
    members = logits[:, 0].astype(np.float64)
    if len(members) < 2:
        return np.zeros_like(risk), np.ones_like(risk)
    shares = softmax(members / calibration.temperature, axis=1)
    reach = stdtrit(len(shares) - 1, (1 + INTERVAL_LEVEL) / 2) * shares.std(axis=0, ddof=1)
    return np.clip(risk - reach, 0, 1), np.clip(risk + reach, 0, 1)
