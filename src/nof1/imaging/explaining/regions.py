"""Where the evidence lies, in words: "lower right zone, 4 % of the film".

Right and left are the patient's. On a frontal film hung as usual the patient's right is on the left
side of the picture; the file's Patient Orientation (DICOM PS3.3 C.7.6.1.1.1) decides where it is
there. No lung is outlined here: a zone is a third of the picture, and the words never claim more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

FloatMap = NDArray[np.float64]
HALF = 0.5  # a region reaches down to this share of the highest evidence
EDGE = 0.08  # share of the side that counts as the edge of the film
MOST = 3  # regions that are named
FINEST = 256  # pixels along a side that are looked at
EDGE_NOTE = (
    "The evidence lies at the edge of the film, where no lung is expected: "
    "look for a side marker, a device, or the frame."
)


@dataclass(frozen=True, slots=True)
class Region:
    """One connected region of evidence for the finding.

    Attributes
    ----------
    words : zone and size.
    share : of the film's pixels, 0 to 1.
    weight : share of all supporting evidence that lies in it, 0 to 1.
    row, column : its centre of evidence, film pixels.
    at_edge : the centre lies in the outer frame of the film.
    """

    words: str
    share: float
    weight: float
    row: float
    column: float
    at_edge: bool


def regions(
    evidence: ArrayLike, *, position: Sequence[str] | None = None, lateral: bool = False
) -> tuple[Region, ...]:
    """The regions that speak for the finding, strongest first; none when nothing does.

    Parameters
    ----------
    evidence : (rows, columns) on the film's own pixels, above 0 speaks for the finding.
    position : Patient Orientation, for example ("L", "F"); None: hung as usual.
    lateral : a side view, where right and left lung lie on each other.
    """
    whole = np.asarray(evidence, dtype=np.float64)
    step = max(1, min(whole.shape) // FINEST)  # evidence is smooth; a coarse look is enough
    values = np.maximum(whole[step // 2 :: step, step // 2 :: step], 0.0)
    if not values.any():  # a speck between the looks must not be missed
        step, values = 1, np.maximum(whole, 0.0)
    total, top = float(values.sum()), float(values.max(initial=0.0))
    if top <= 0:
        return ()
    marks, count = ndimage.label(values >= HALF * top)
    numbers = np.arange(1, count + 1)
    weights = np.asarray(ndimage.sum_labels(values, marks, numbers))
    chosen = numbers[np.argsort(-weights, kind="stable")[:MOST]]
    centres = ndimage.center_of_mass(values, marks, chosen)
    return tuple(
        _region(values, marks == number, centre, total, step, (position, lateral))
        for number, centre in zip(chosen, centres, strict=True)
    )


def _region(
    values: FloatMap,
    mask: NDArray[np.bool_],
    centre: tuple[float, float],
    total: float,
    step: int,
    hung: tuple[Sequence[str] | None, bool],
) -> Region:
    rows, columns = values.shape
    down, across = (centre[0] + 0.5) / rows, (centre[1] + 0.5) / columns
    at_edge = min(down, across, 1 - down, 1 - across) < EDGE
    share = float(mask.mean())
    size = f"{100 * share:.0f} %" if share >= 0.01 else "less than 1 %"
    name = "edge of the film, " if at_edge else ""
    words = f"{name}{zone(down, across, *hung)}, {size} of the film"
    weight = float(values[mask].sum() / total)
    row, column = (float(place) * step + step // 2 for place in centre)
    return Region(words, share, weight, row, column, at_edge)


def zone(
    down: float, across: float, position: Sequence[str] | None = None, lateral: bool = False
) -> str:
    """Name of a place; ``down`` and ``across`` from 0 (upper left) to 1.

    >>> zone(0.8, 0.2)
    'lower right zone'
    >>> zone(0.8, 0.2, ("R", "F"))
    'lower left zone'
    >>> zone(0.8, 0.2, ("H", "R"))
    'lower part, left side of the picture'
    """
    height = "upper" if down < 1 / 3 else "middle" if down < 2 / 3 else "lower"
    usual = _upright(position)
    if lateral or usual is None:
        side = "left side" if across < 0.4 else "right side" if across > 0.6 else "centre"
        return f"{height} part, {side} of the picture"
    if 0.4 <= across <= 0.6:
        return f"{height} central zone"
    return f"{height} {'right' if (across < 0.4) == usual else 'left'} zone"


def _upright(position: Sequence[str] | None) -> bool | None:
    """True: the patient's right is on the left of the picture; None: turned or unknown axes."""
    if position is None:
        return True
    first, second = (str(one)[:1].upper() for one in (*position, "", "")[:2])
    if second != "F" or first not in ("L", "R"):
        return None
    return first == "L"


def described(found: Sequence[Region], label: str) -> str:
    """One sentence for the evidence of a finding.

    >>> described((), "opacity")
    'No place of the film speaks for opacity.'
    """
    if not found:
        return f"No place of the film speaks for {label}."
    main = found[0]
    text = f"Speaks for {label}: {main.words} ({100 * main.weight:.0f} % of the support)"
    if len(found) > 1:
        text += "; also " + "; ".join(one.words for one in found[1:])
    return text + "." + (f" {EDGE_NOTE}" if main.at_edge else "")
