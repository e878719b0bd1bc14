"""One PNG or JPEG file: what it is, and its pixels. Read by Pillow."""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.core.extras import require
from nof1.imaging.image import Header
from nof1.imaging.reading.description import Description
from nof1.imaging.reading.limits import Limits
from nof1.imaging.reading.refusal import Unreadable
from nof1.imaging.reading.sniff import PNG

Array = NDArray[Any]
GREY = ("1", "L", "LA", "I", "I;16", "I;16B")
UPRIGHT = 1  # EXIF orientation
ORIENTATION = 0x0112
TURNED = (5, 6, 7, 8)  # EXIF orientations that swap rows and columns
COPY_AGAIN = "Copy or export the file again."


def describe(content: bytes, sha256: str, limits: Limits) -> Description:
    """Everything about the file but its pixels.

    Raises
    ------
    Unreadable : when it is damaged or too large.
    """
    picture = _open(content)
    width, height = picture.size
    grey = picture.mode in GREY
    size = width * height * (1 if grey else 3)
    if size > limits.voxels:
        raise Unreadable(
            f"It asks for {size:,} numbers; the limit is {limits.voxels:,}.",
            "Raise the limit `voxels` if you trust this file.",
        )
    turn = _turn(picture)
    shape = (width, height) if turn in TURNED else (height, width)
    return Description(
        kind="picture",
        sha256=sha256,
        shape=shape if grey else (*shape, 3),
        header=Header(photometric="GREY" if grey else "RGB", transfer_syntax=picture.format),
        notes=_notes(picture, content, turn),
    )


def decode(content: bytes) -> tuple[Array, tuple[str, ...]]:
    """The pixels, (rows, columns) or (rows, columns, 3), turned upright by the camera's mark.

    Raises
    ------
    Unreadable : when the file is damaged or ends early.
    """
    picture = _open(content)
    try:
        picture.load()
    except (OSError, SyntaxError, ValueError):
        raise Unreadable("Its pixels are damaged or cut off.", COPY_AGAIN) from None
    picture = require("PIL.ImageOps", "imaging").exif_transpose(picture)
    if picture.mode not in GREY:
        return np.asarray(picture.convert("RGB")), ()
    if picture.mode in ("1", "LA"):
        picture = picture.convert("L")
    pixels = np.asarray(picture)
    return pixels.astype(np.uint16 if pixels.dtype.itemsize > 1 else np.uint8), ()


def _open(content: bytes) -> Any:
    module: Any = require("PIL.Image", "imaging")
    module.MAX_IMAGE_PIXELS = None  # our own limit is checked before any pixel is decoded
    warnings.simplefilter("ignore")
    try:
        return module.open(BytesIO(content), formats=("PNG", "JPEG"))
    except MemoryError:
        raise
    except Exception:  # Pillow raises several kinds; each means that the file is damaged
        raise Unreadable("It is a damaged picture.", COPY_AGAIN) from None


def _turn(picture: Any) -> int:
    try:
        return int(picture.getexif().get(ORIENTATION, UPRIGHT))
    except Exception:  # damaged EXIF data have no say
        return UPRIGHT


def _notes(picture: Any, content: bytes, turn: int) -> tuple[str, ...]:
    notes = ["The file does not say how the patient lies in the picture, nor how large a pixel is."]
    if picture.format == "JPEG":
        notes.append("The picture was compressed with loss: fine detail may be changed.")
    if turn != UPRIGHT:
        notes.append("The picture was turned as the camera's mark says.")
    if getattr(picture, "n_frames", 1) > 1:
        notes.append("Only the first of several frames was read.")
    if "A" in picture.mode or "transparency" in picture.info:
        notes.append("Its transparency was left out.")
    if content.startswith(PNG) and content[24] == 16 and picture.mode not in ("I;16", "I;16B", "I"):
        notes.append("Its 16 bit colours were read as 8 bit.")
    return tuple(notes)
