"""What an answer leaves as files: SR, SEG, masks, and the film with its evidence drawn on it."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import InputError
from nof1.core.extras import require
from nof1.imaging.answering.answer import Answer, Mark
from nof1.imaging.answering.organs import BASIS
from nof1.imaging.answering.study import Picture
from nof1.imaging.answering.telling import basis
from nof1.imaging.explaining.drawing import grey, overlay_png
from nof1.imaging.explaining.heatmap import for_segmentation
from nof1.imaging.image import SYNTHETIC

if TYPE_CHECKING:  # highdicom is slow to import: only who writes DICOM pays for it
    from nof1.imaging.output.seg import Segment

LARGEST_SIDE = 640  # of a film on a page
Writer = Callable[[Picture, Path, datetime], None]


def report(picture: Picture, path: Path, at: datetime) -> None:
    """The DICOM Structured Report of all findings, withheld ones too."""
    from nof1.imaging.output.sr import write_sr

    write_sr(picture.image, picture.findings, at=at).save(path)


def segmentation(picture: Picture, path: Path, at: datetime) -> None:
    """The DICOM Segmentation: organs of a CT volume, or where the model looked on a film.

    Raises
    ------
    InputError : nothing was answered, so there is nothing to mark.
    """
    from nof1.imaging.output.seg import write_seg

    segments = _segments(picture)
    if not segments:
        raise InputError("Nothing was answered: there is nothing to mark in a segmentation.")
    write_seg(picture.image, segments, at=at).save(path)


def _segments(picture: Picture) -> list[Segment]:
    from nof1.imaging.output.seg import heatmap, organ

    named = picture.masks.named() if picture.masks is not None else {}
    found = [organ(name, mask, BASIS) for name, mask in named.items()]
    found += [one for reader, marked in picture.learned for one in reader.segments(marked)]
    for reader, answer, label in picture.marks():
        values = for_segmentation(answer.evidence(label))
        if values.any():
            found.append(heatmap(label.name, values, basis(reader)))
    return found


def masks(picture: Picture, path: Path, at: datetime) -> None:
    """The masks of a volume as one NIfTI label volume; a .txt beside it names the labels.

    Where masks overlap, the later one stands: organs first, then what models have learned.

    Raises
    ------
    InputError : the picture is no volume with masks.
    """
    from nof1.imaging.output.nifti import write_nifti

    named = picture.masks.named() if picture.masks is not None else {}
    for reader, marked in picture.learned:
        named |= {f"{name} ({reader.name})": mask for name, mask in marked.items()}
    if not named:
        raise InputError(
            "There are no masks of this picture.",
            allowed="a CT volume in Hounsfield units, or a volume that a model of volumes knows",
        )
    content, names = write_nifti(picture.image, named)
    path.write_bytes(content)
    lines = [f"{number} {name}" for number, name in enumerate(names, 1)]
    path.with_name(f"{path.name}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def overlay(picture: Picture, path: Path, at: datetime) -> None:
    """The film with the evidence of the first finding, as PNG.

    Raises
    ------
    InputError : nothing was answered.
    """
    found = next(picture.marks(), None)
    if found is None:
        raise InputError("Nothing was answered: there is no evidence to draw.")
    path.write_bytes(drawn(found[1], found[2]))


WRITERS: dict[str, Writer] = {
    "sr": report,
    "seg": segmentation,
    "masks": masks,
    "overlay": overlay,
}


def drawn(answer: Answer, label: Mark, largest: int | None = None) -> bytes:
    """PNG of the film and the evidence for a label; ``largest``: most pixels of a side."""
    image, evidence = answer.image, answer.evidence(label)
    step = 1 if largest is None else max(1, -(-max(image.pixels.shape) // largest))
    note = f"{SYNTHETIC} film: no real patient." if image.is_synthetic else ""
    return overlay_png(
        _shrunk(image.pixels, step),
        _shrunk(evidence, step),
        label.legend or label.name,
        window=image.window,
        note=note,
        unit=label.unit,
    )


def _shrunk(values: NDArray[Any], step: int) -> NDArray[np.float64]:
    """Means of blocks of step x step pixels; a rest at the lower and right edge is cut."""
    rows, columns = (side // step for side in values.shape)
    cut = values[: rows * step, : columns * step].astype(np.float64)
    small: NDArray[np.float64] = cut.reshape(rows, step, columns, step).mean(axis=(1, 3))
    return small


def drawings(pictures: Iterable[Picture]) -> list[dict[str, str]]:
    """For a page: picture, finding, and the drawing as base64 PNG."""
    return [
        {
            "source": picture.image.sources[0],
            "finding": label.name,
            "png": base64.b64encode(drawn(answer, label, LARGEST_SIDE)).decode(),
        }
        for picture in pictures
        for _, answer, label in picture.marks()
    ]


def films(pictures: Iterable[Picture]) -> list[dict[str, str]]:
    """For a page: each film as it was read, without anything drawn on it, as base64 PNG."""
    found = []
    for picture in pictures:
        image = picture.image
        if image.is_film:
            step = max(1, -(-max(image.pixels.shape) // LARGEST_SIDE))
            png = _png(grey(_shrunk(image.pixels, step), image.window))
            found.append({"source": image.sources[0], "png": base64.b64encode(png).decode()})
    return found


def _png(levels: NDArray[np.uint8]) -> bytes:
    """Grey levels (rows, columns, 3 alike) as PNG."""
    stream = io.BytesIO()
    require("PIL.Image", "imaging").fromarray(levels[:, :, 0]).save(stream, "PNG", compress_level=3)
    return stream.getvalue()
