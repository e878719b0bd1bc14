"""A detector of unusual films behind the gates: a rank among the site's normal films, in words.

A conformal p-value has no interval, so the finding holds no number: it says in words how many of
the held-out normal films the film exceeds. "Found" means that a rank was found, never that the
patient is ill.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from nof1.core.errors import ModelError
from nof1.core.finding import Evidence, Finding, Status, Subject
from nof1.imaging.anomaly.detector import Detector, Look
from nof1.imaging.anomaly.sight import Sight
from nof1.imaging.anomaly.storing import open_detector
from nof1.imaging.anomaly.trial import NOT_A_DIAGNOSIS
from nof1.imaging.answering.answer import Answer, Mark
from nof1.imaging.answering.reader import Gated
from nof1.imaging.answering.telling import (
    coding,
    gates_passed,
    notes_of,
    shared_fields,
    withheld,
)
from nof1.imaging.explaining.heatmap import Heatmap
from nof1.imaging.explaining.regions import EDGE_NOTE, Region
from nof1.imaging.gates.door import Door
from nof1.imaging.nets.ensemble import Ensemble, Outputs
from nof1.imaging.nets.prepare import Square
from nof1.imaging.training.task import UNUSUAL

WHAT = coding(UNUSUAL)
SHOWN_FROM = 1.0  # standard deviations of normal places; below it a place is as usual
UNIT = "standard deviations"


@dataclass(frozen=True, eq=False, kw_only=True)
class Rank(Mark):
    """How unusual a film is among the held-out normal films.

    Attributes
    ----------
    unusual : the rank is at or below the detector's level.
    p_value : share of normal films at least as unusual, in (0, 1].
    exceeded, normal : how many of how many held-out normal films are less unusual.
    """

    unusual: bool
    p_value: float
    level: float
    score: float
    exceeded: int
    normal: int

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        chosen = "unusual" if self.unusual else "not unusual"
        return {"finding": self.name, "chosen": chosen, "p_value": self.p_value}

    def __str__(self) -> str:
        return (
            f"{'Unusual' if self.unusual else 'Not unusual'}: more unusual than {self.exceeded} of "
            f"{self.normal} held-out normal films of the site (p {self.p_value:.3f}; "
            f"{self.level:g} or less counts as unusual)."
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class AnomalyReader(Gated):
    """An opened detector of unusual films."""

    sight: Sight
    detector: Detector

    @classmethod
    def open(cls, folder: str | Path) -> AnomalyReader:
        """Open a detector's folder and check all of it.

        Raises
        ------
        ModelError : no detector, one without gates, damaged, or changed since it was trained.
        MissingExtra : onnxruntime is not installed.
        """
        ensemble = Ensemble.open(folder)
        found = open_detector(ensemble)
        if found is None:
            raise ModelError("There is no detector here.", where=Path(folder).name)
        sight, detector = found
        door = Door.open(ensemble.folder)
        return cls(ensemble=ensemble, door=door, sight=sight, detector=detector)

    def answered(self, empty: Answer, square: Square, outputs: Outputs) -> Answer:
        """The film's rank and its unusual places; the nets are not run again."""
        seen = replace(self.sight, maps=lambda _: outputs.maps)
        look = self.detector.look(seen, square)
        return empty if look.answer == "withheld" else replace(empty, others=(self._rank(look),))

    def _rank(self, look: Look) -> Rank:
        if look.places is None or look.p_value is None or look.score is None:
            raise ModelError("The detector gave no rank.", where=str(self.about["name"]))
        normal = int(self.detector.counts.sum())
        places = np.where(look.places >= SHOWN_FROM, look.places, 0.0)
        return Rank(
            name=WHAT.display,
            heatmap=Heatmap(label=WHAT.display, places=places, disagreement=None, bias=0.0),
            unit=UNIT,
            legend="being unusual",
            unusual=look.answer == "unusual",
            p_value=look.p_value,
            level=self.detector.level,
            score=look.score,
            exceeded=normal - round(look.p_value * (normal + 1)) + 1,
            normal=normal,
        )


def findings(
    reader: AnomalyReader, answer: Answer, subject: Subject, at: datetime
) -> list[Finding]:
    """One finding: the rank in words, or withheld with the reason."""
    shared = shared_fields(reader, answer, subject, at)
    if stopped := withheld(reader, answer, [WHAT], shared):
        return stopped
    return [
        Finding(
            what=WHAT,
            status=Status.FOUND,
            reason=f"{rank} {reader.detector.proof.reason or NOT_A_DIAGNOSIS}",
            evidence=tuple(_evidence(answer, rank)),
            notes=notes_of(answer),
            **shared,
        )
        for rank in answer.others
    ]


def _evidence(answer: Answer, rank: Mark) -> Iterable[Evidence]:
    if isinstance(rank, Rank):
        yield Evidence(
            text=_places(answer.regions(rank)),
            contribution=rank.score,
            unit=UNIT,
        )
    yield Evidence(text=gates_passed(answer.verdicts))


def _places(found: Sequence[Region]) -> str:
    """The places that stand out, in words."""
    if not found:
        return "No place of the film stands out."
    text = f"Stands out: {'; also '.join(one.words for one in found)}."
    return f"{text} {EDGE_NOTE}" if found[0].at_edge else text
