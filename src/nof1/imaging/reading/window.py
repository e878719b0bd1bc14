"""How a picture is meant to be looked at: values as brightness, 0 (black) to 1 (white).

Source: DICOM PS3.3 C.11.2 (VOI LUT, window centre and width).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nof1.imaging.image import Image


def brightness(
    image: Image, window: tuple[float, float] | None = None, *, levels: int | None = None
) -> NDArray[np.float32]:
    """Brightness of every pixel, 0 to 1, float32, in the shape of ``image.pixels``.

    Without ``window`` (low, high; in the image's unit) the file's own is used, with its curve where
    it has one; a picture without any is stretched from its lowest to its highest value. For
    pictures to look at only: a model measures ``image.pixels``.

    Parameters
    ----------
    levels : round to so many steps, such as 256 for a screen.
    """
    low, high = window or image.window or _ends(image)
    out: NDArray[np.float32] = (image.pixels - np.float32(low)) / np.float32(max(high - low, 1e-12))
    np.clip(out, 0, 1, out=out)
    if window is None and image.window is not None and image.curve is not None:
        steps = np.linspace(0, 1, len(image.curve), dtype=np.float32)
        out = np.interp(out, steps, image.curve).astype(np.float32)
    if levels is not None:
        np.round(out * (levels - 1), out=out)
        out /= np.float32(levels - 1)
    return out


def _ends(image: Image) -> tuple[float, float]:
    return float(image.pixels.min()), float(image.pixels.max())
