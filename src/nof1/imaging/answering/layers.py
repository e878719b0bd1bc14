"""The evidence of a kept answer alone: stored as it is, drawn as a layer that lies over a film.

Stored is a grey PNG of 16 bits, film pixel for film pixel: 32,768 is no evidence, above it speaks
for the finding, below it against; 65,535 is as strong as the strongest place of this film. So a
page can fade the evidence in and out without asking the model again, and a DICOM SEG can be made
of it later. The layer is a transparent PNG in the colours of ``explaining.drawing``.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.core.errors import InputError
from nof1.core.extras import require
from nof1.imaging.explaining.drawing import AGAINST, FAINTEST, FOR, OUTLINE, outline, scale_limit

NOTHING, FULL = 32_768, 32_767
MOST_PIXELS = 64 * 2**20  # of a stored map; the largest films have about 25 million
MOST_BYTES = 64 * 2**20

Levels = NDArray[np.float32]


def encode(evidence: ArrayLike) -> bytes:
    """A map of evidence (rows, columns), any unit, as a grey PNG of 16 bits.

    Raises
    ------
    InputError : the map has not two axes.
    """
    values = np.asarray(evidence, dtype=np.float64)
    if values.ndim != 2:
        raise InputError(f"A map of shape {values.shape} is no film's.", allowed="rows, columns")
    top = scale_limit(values) or 1.0
    levels = NOTHING + np.rint(FULL * np.clip(values / top, -1, 1)).astype(np.int64)
    return _png(levels.astype(np.uint16))


def decode(path: Path) -> Levels:
    """A stored map, (rows, columns), -1 (strongest against) to 1 (strongest for).

    Raises
    ------
    InputError : it is none.
    """
    pillow = require("PIL.Image", "imaging")
    damaged = InputError("The stored evidence is damaged.", where=path.name,
                         next_step="Read the picture again with --keep.")  # fmt: skip
    if path.stat().st_size > MOST_BYTES:
        raise damaged
    try:
        with pillow.open(path, formats=("PNG",)) as image:
            if image.size[0] * image.size[1] > MOST_PIXELS or not image.mode.startswith("I"):
                raise damaged
            stored = np.asarray(image).astype(np.float32)
    except (OSError, ValueError, SyntaxError):  # what Pillow raises for a broken PNG
        raise damaged from None
    levels: Levels = (stored - np.float32(NOTHING)) / np.float32(FULL)
    return levels


def layer(levels: Levels, largest: int | None = None) -> bytes:
    """A transparent PNG: orange speaks for it, blue against, a white line around the strongest.

    The strongest place is opaque: whoever shows the layer chooses how much of it is seen.

    Parameters
    ----------
    largest : most pixels of a side; larger maps are shrunk by a whole number.
    """
    step = 1 if largest is None else max(1, -(-max(levels.shape) // largest))
    rows, columns = (side // step for side in levels.shape)
    cut = levels[: rows * step, : columns * step].reshape(rows, step, columns, step)
    values = cut.mean(axis=(1, 3)).astype(np.float64)
    strength = np.clip(np.abs(values), 0, 1)
    painted = np.zeros((rows, columns, 4), np.uint8)
    painted[:, :, :3] = np.where((values > 0)[:, :, None], np.array(FOR), np.array(AGAINST))
    painted[:, :, 3] = np.rint(255 * np.where(strength < FAINTEST, 0, strength))
    painted[outline(values)] = (*OUTLINE, 255)
    return _png(painted)


def supporting(levels: Levels) -> Levels:
    """What speaks for the finding, 0 to 1 of its strongest place: as a DICOM SEG holds it."""
    found: Levels = np.maximum(levels, np.float32(0))
    top = np.float32(found.max(initial=0.0))
    if top > 0:
        found /= top
    return found


def _png(pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> bytes:
    stream = io.BytesIO()
    require("PIL.Image", "imaging").fromarray(pixels).save(stream, "PNG", compress_level=3)
    return stream.getvalue()
