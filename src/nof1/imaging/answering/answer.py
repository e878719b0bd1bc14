"""What one model says about one picture: every gate's verdict, and what it answered, if it may."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nof1.imaging.explaining.heatmap import Heatmap
from nof1.imaging.explaining.placing import Frame, Grid
from nof1.imaging.explaining.regions import Region, regions
from nof1.imaging.gates.verdict import Verdict
from nof1.imaging.image import Image

Chosen = Literal["yes", "no", "both", "none", "not known"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Mark:
    """What can be drawn of an answer.

    Attributes
    ----------
    name : of the finding.
    heatmap : where the evidence lies, on the net's grid.
    unit : of the evidence.
    legend : what the evidence speaks for, where that is not the name.
    """

    name: str
    heatmap: Heatmap
    unit: str = "log odds"
    legend: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {"finding": self.name}


@dataclass(frozen=True, eq=False, kw_only=True)
class Label(Mark):
    """One finding's answer with a probability.

    Attributes
    ----------
    probability, low, high : calibrated, 0 to 1, and its interval at ``level``.
    chosen : what the conformal set holds at ``set_level``. ``none``: such a score is unusual among
        both kinds of calibration pictures (atypical for this model). ``not known``: the model had
        too few calibration pictures for a set.
    """

    probability: float
    low: float
    high: float
    level: float
    chosen: Chosen
    set_level: float

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {"finding": self.name, "chosen": self.chosen, "probability": self.probability}


@dataclass(frozen=True, eq=False, kw_only=True)
class Answer:
    """All that came of one picture.

    Attributes
    ----------
    verdicts : of the gates, in the order they were asked.
    labels : empty when a gate refused.
    others : what was answered without a probability (see ``anomalies``).
    grid : where the places of a heatmap lie in the net's input.
    """

    image: Image
    verdicts: tuple[Verdict, ...]
    labels: tuple[Label, ...] = ()
    others: tuple[Mark, ...] = ()
    grid: Grid | None = None
    size: int = 0

    @property
    def refusal(self) -> Verdict | None:
        """The first gate that refused the picture, if one did."""
        return next((one for one in self.verdicts if one.status == "refused"), None)

    @property
    def doubts(self) -> tuple[Verdict, ...]:
        """Gates that neither passed nor refused."""
        return tuple(one for one in self.verdicts if one.status not in ("passed", "refused"))

    @property
    def marks(self) -> tuple[Mark, ...]:
        """Everything that can be drawn."""
        return (*self.labels, *self.others)

    @cached_property
    def frame(self) -> Frame:
        """Where the film lies in the net's input."""
        rows, columns = self.image.pixels.shape
        return Frame.of((rows, columns), self.size)

    def evidence(self, label: Mark) -> NDArray[np.float64]:
        """(rows, columns) evidence on the film's own pixels; above 0 speaks for the finding."""
        return label.heatmap.on_film(self.frame, self.grid)

    def regions(self, label: Mark) -> tuple[Region, ...]:
        """The places that speak for a finding, in words."""
        header = self.image.header
        lateral = header.view in ("LL", "RL", "LATERAL")
        return regions(self.evidence(label), position=header.position, lateral=lateral)
