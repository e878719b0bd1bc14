"""Is this an upright picture of the kind that the site takes - and if not, what is wrong with it?

A small network that was trained on the site's own films: turned, inverted, and beside pictures that
are something else (see :mod:`nof1.imaging.gates.turning`). A picture is refused when it looks less
upright than all but a few of the site's own held-out films (conformal); the reason is the most
likely of the other kinds. Left and right are *not* checked: a mirrored film may be a true mirrored
heart, and looks alike at this size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp

from nof1.core.errors import ModelError
from nof1.imaging.gates.ranks import Ranks
from nof1.imaging.gates.turning import CLASSES, OTHER, UPRIGHT
from nof1.imaging.gates.verdict import Verdict
from nof1.imaging.nets.ensemble import Ensemble
from nof1.imaging.nets.prepare import prepare

GATE = "orientation"
GRID = np.linspace(-20.0, 20.0, 2001)  # log odds against upright
ORIENTATION_LEVEL = 0.02  # share of the site's own films that may be refused
REASONS = {
    "upside_down": "The picture stands on its head.",
    "rotated_90": "The picture is turned by 90 degrees clockwise.",
    "rotated_270": "The picture is turned by 90 degrees counter-clockwise.",
    "inverted": "Dark and bright are exchanged.",
    OTHER: "This is not a picture of the kind that the model knows.",
}
NEXT_STEPS = {
    "upside_down": "Turn the picture and ask again.",
    "rotated_90": "Turn the picture and ask again.",
    "rotated_270": "Turn the picture and ask again.",
    "inverted": "Check MONOCHROME1 and the display table of the file; exchange dark and bright.",
    OTHER: "Check that this is the right file, body part and view.",
}


@dataclass(frozen=True, eq=False)
class Orientation:
    """The trained check: ``net`` answers with ``CLASSES``; ``ranks`` of held-out upright films."""

    net: Ensemble
    ranks: Ranks

    def strangeness(self, squares: NDArray[np.float32]) -> tuple[NDArray[np.float64], list[str]]:
        """Log odds against upright (n,), and the most likely other kind of each."""
        return strangeness(self.net.logits(squares[:, None]).mean(axis=0))

    def check(self, pixels: NDArray[Any], level: float = ORIENTATION_LEVEL) -> Verdict:
        """The verdict on one grey picture (rows, columns)."""
        return self.check_all([pixels], level)[0]

    def check_all(
        self, images: Sequence[NDArray[Any]], level: float = ORIENTATION_LEVEL
    ) -> list[Verdict]:
        """The verdicts on many pictures."""
        squares = np.stack([prepare(np.asarray(image), self.net.size) for image in images])
        strange, kinds = self.strangeness(squares)
        p_values = self.ranks.p_values(strange)
        return [_verdict(p, kind, level) for p, kind in zip(p_values, kinds, strict=True)]

    @classmethod
    def open(cls, folder: str | Path) -> Orientation:
        """Open the folder that training wrote.

        Raises
        ------
        ModelError : it is no orientation check, or was changed.
        """
        net = Ensemble.open(folder)
        if net.classes != CLASSES or "counts" not in net.folder.arrays:
            raise ModelError("This is no orientation check.", where=Path(folder).name)
        return cls(net, Ranks(GRID, net.folder.arrays["counts"]))


def strangeness(logits: ArrayLike) -> tuple[NDArray[np.float64], list[str]]:
    """Log odds against upright, and the most likely other kind, from logits (n, classes)."""
    table = np.asarray(logits, dtype=np.float64)
    others = [place for place, name in enumerate(CLASSES) if name != UPRIGHT]
    odds = logsumexp(table[:, others], axis=1) - table[:, CLASSES.index(UPRIGHT)]
    likely = [CLASSES[others[place]] for place in table[:, others].argmax(axis=1)]
    return odds, likely


def _verdict(p_value: float, kind: str, level: float) -> Verdict:
    if p_value > level:
        return Verdict(gate=GATE, status="passed", value=float(p_value), limit=level)
    return Verdict(
        gate=GATE,
        status="refused",
        code=kind,
        reason=REASONS[kind],
        next_step=NEXT_STEPS[kind],
        value=float(p_value),
        limit=level,
    )
