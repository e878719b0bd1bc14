"""The film with its evidence drawn over it, pixel for pixel, as PNG.

The film keeps its own size and its upper left corner; the legend lies below it and says the
direction in words. Orange speaks for the finding, blue against it (Okabe-Ito colours); the stronger
the evidence, the less of the film shines through. Where there is no evidence the film is untouched.
A thin line runs around what is at least half as strong as the strongest place, so that the picture
can also be read without colours.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from nof1.core.errors import InputError
from nof1.core.extras import require
from nof1.imaging.explaining.heatmap import DIRECTION
from nof1.imaging.explaining.pointing import Box

FloatMap = NDArray[np.float64]
Colours = NDArray[np.uint8]  # (rows, columns, 3)
FOR, AGAINST, OUTLINE, BOX = (230, 159, 0), (0, 114, 178), (255, 255, 255), (86, 180, 233)
STRONGEST = 0.65  # opacity of the strongest evidence
FAINTEST = 0.05  # evidence below this share of the scale is not drawn
LEGEND_WIDTH, LEGEND_HEIGHT = 360, 64


def grey(film: ArrayLike, window: tuple[float, float] | None = None) -> Colours:
    """The film in grey levels, (rows, columns, 3).

    ``window`` (low, high) as the file asks for; default the 0.5 % and 99.5 % percentiles.

    Raises
    ------
    InputError : the picture has not two axes.
    """
    pixels = np.asarray(film, dtype=np.float32)
    if pixels.ndim != 2:
        raise InputError(f"A picture of shape {pixels.shape} is no film.", allowed="rows, columns")
    low, high = window or tuple(np.percentile(pixels, (0.5, 99.5)))
    levels = np.clip((pixels - low) / max(high - low, 1e-9), 0, 1)
    return np.repeat(np.rint(255 * levels).astype(np.uint8)[:, :, None], 3, axis=2)


def coloured(base: Colours, evidence: ArrayLike, limit: float | None = None) -> Colours:
    """The film with the evidence over it, same size.

    Parameters
    ----------
    base : grey film.
    evidence : (rows, columns) above 0 speaks for the finding.
    limit : evidence that gets the full colour; default the largest on this film, either sign.

    Raises
    ------
    InputError : film and evidence differ in size.
    """
    values = np.asarray(evidence, dtype=np.float64)
    if values.shape != base.shape[:2]:
        raise InputError(f"Evidence {values.shape} and film {base.shape[:2]} differ in size.")
    top = limit or scale_limit(values)
    strength = np.clip(np.abs(values) / top, 0, 1) if top > 0 else np.zeros(values.shape)
    strength = np.where(strength < FAINTEST, 0, STRONGEST * strength).astype(np.float32)
    mixed = np.empty_like(base)
    for channel in range(3):
        paint = np.where(values > 0, np.float32(FOR[channel]), np.float32(AGAINST[channel]))
        mixed[:, :, channel] = np.rint(base[:, :, channel] * (1 - strength) + paint * strength)
    mixed[outline(values)] = OUTLINE
    return mixed


def scale_limit(evidence: ArrayLike) -> float:
    """Largest evidence for or against on a film, logit units; 0 for an empty map."""
    return float(np.abs(np.asarray(evidence, dtype=np.float64)).max(initial=0.0))


def outline(values: FloatMap) -> NDArray[np.bool_]:
    """The line around what is at least half as strong as the strongest place that speaks for it."""
    top = float(values.max(initial=0.0))
    if top <= 0:
        return np.zeros(values.shape, dtype=np.bool_)
    inside = values >= top / 2
    line: NDArray[np.bool_] = inside & ~ndimage.binary_erosion(inside, border_value=1)
    return line


def overlay_png(
    film: ArrayLike,
    evidence: ArrayLike,
    label: str,
    *,
    window: tuple[float, float] | None = None,
    boxes: Sequence[Box] = (),
    limit: float | None = None,
    note: str = "",
    unit: str = "log odds",
) -> bytes:
    """PNG of the film with evidence and legend; film pixel (0, 0) is picture pixel (0, 0).

    ``label`` names the finding; ``note`` is one more line of the legend (for example SYNTHETIC);
    ``unit`` of the evidence.
    """
    pillow = require("PIL.Image", "imaging")
    top = limit or scale_limit(evidence)
    picture = coloured(grey(film, window), evidence, top)
    rows, columns = picture.shape[:2]
    canvas = np.full((rows + LEGEND_HEIGHT, max(columns, LEGEND_WIDTH), 3), 255, dtype=np.uint8)
    canvas[:rows, :columns] = picture
    canvas[rows + 8 : rows + 20, 12 : LEGEND_WIDTH - 12] = _bar(LEGEND_WIDTH - 24)
    image = pillow.fromarray(canvas)
    _write(image, rows, (label, unit), top, note, boxes)
    about = require("PIL.PngImagePlugin", "imaging").PngInfo()
    about.add_text("Description", f"Evidence for {label}: {DIRECTION}. {note}".strip())
    stream = io.BytesIO()
    image.save(stream, "PNG", pnginfo=about, compress_level=3)
    return stream.getvalue()


def _bar(width: int) -> Colours:
    """(1, width, 3): the scale on middle grey, strongest against on the left."""
    values = np.linspace(-1, 1, width)[None, :]
    strength = np.abs(values)[:, :, None] * STRONGEST
    paint = np.where(values[:, :, None] > 0, np.array(FOR), np.array(AGAINST))
    bar: Colours = np.rint(128 * (1 - strength) + paint * strength).astype(np.uint8)
    return bar


def _write(
    image: Any, rows: int, words: tuple[str, str], top: float, note: str, boxes: Sequence[Box]
) -> None:
    pen = require("PIL.ImageDraw", "imaging").Draw(image)
    for box in boxes:
        corner = (box.left, box.top, box.left + box.width - 1, box.top + box.height - 1)
        pen.rectangle(corner, outline=BOX)
    label, unit = words
    ink, middle, last = (27, 31, 35), LEGEND_WIDTH // 2, LEGEND_WIDTH - 12
    shown = label if len(label) <= 24 else label[:23] + "…"
    pen.text((12, rows + 23), f"against ({-top:.2g})", fill=ink)
    pen.text((middle, rows + 23), "0", fill=ink, anchor="ma")
    pen.text((last, rows + 23), f"for {shown} (+{top:.2g})", fill=ink, anchor="ra")
    pen.text((12, rows + 37), f"{unit} of a place; line: half of the strongest", fill=ink)
    if note:
        pen.text((12, rows + 50), note[:58], fill=ink)
