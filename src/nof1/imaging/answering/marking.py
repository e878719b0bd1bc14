"""From a task file to a model of masks: read volumes and masks, train, measure, write."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import InputError, UsageError
from nof1.imaging.answering.building import Say
from nof1.imaging.gates.population import Population
from nof1.imaging.image import Image
from nof1.imaging.nets.folder import ABOUT
from nof1.imaging.reading.decoder import Decoder
from nof1.imaging.reading.study import open_study
from nof1.imaging.training.loading import read_table
from nof1.imaging.training.masktask import MaskTask
from nof1.imaging.volumes.segment import Marked, train
from nof1.imaging.volumes.segmenter import LEAST_DICE, Segmenter
from nof1.imaging.volumes.unet import Progress

ALIGNED = 0.1  # voxels by which a mask may lie off its volume
ENDINGS = (".nii.gz", ".nii")
LIMITS = (
    "The Dice holds for volumes like those marked here; another site or protocol needs its own.",
    f"A label with a Dice below {LEAST_DICE:g} on held-out patients is withheld.",
)


@dataclass(frozen=True, eq=False)
class Trained:
    """A finished model of masks.

    Attributes
    ----------
    passed : at least one label may be told; reasons : why others are withheld.
    """

    folder: Path
    segmenter: Segmenter
    passed: bool
    reasons: tuple[str, ...]


def build(
    task: MaskTask,
    out: str | Path,
    *,
    progress: Progress | None = None,
    say: Say = lambda _: None,
) -> Trained:
    """Train the model of a task on marked volumes and measure it on patients that it never saw.

    Parameters
    ----------
    out : the model's folder; new.
    progress : told (step, steps). say : told what is being done.

    Raises
    ------
    InputError, UsageError : the task's files do not fit, too few patients, or ``out`` holds a
        model.
    """
    place = Path(out)
    if (place / ABOUT).exists():
        raise UsageError(
            "There is already a model here.", where=place.name, next_step="Choose another folder."
        )
    say("reading the volumes")
    volumes, aside = load_volumes(task)
    say("training")
    made = train(
        volumes, tuple(task.labels.values()), steps=task.steps, seed=task.seed, progress=progress
    )
    reasons = tuple(
        f"{name}: Dice {figure}, {LEAST_DICE:g} is needed"
        for name, figure in made.figures.items()
        if figure.value is None or figure.value < LEAST_DICE
    )
    passed = len(reasons) < len(made.names)
    sections = {
        "name": task.name,
        "description": task.description,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "question": "masks",
        "population": Population.fit([one.image.header for one in volumes]).to_dict(),
        "synthetic": any(one.image.is_synthetic for one in volumes),
        "set_aside": dict(aside),
        "may_speak": {"passed": passed, "reasons": list(reasons)},
        "limits": list(LIMITS),
    }
    _write(place, made, sections)
    return Trained(place, made, passed, reasons)


def _write(place: Path, made: Segmenter, sections: dict[str, Any]) -> None:
    """The model's files, ``model.json`` last: without it there is no model."""
    files = made.to_files()
    about = {**json.loads(files.pop(ABOUT)), **sections}
    place.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (place / name).write_bytes(content)
    (place / ABOUT).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def load_volumes(task: MaskTask) -> tuple[list[Marked], Counter[str]]:
    """Every volume with its mask; what cannot be used is set aside: reason -> count.

    Raises
    ------
    InputError : no table or folder, a missing column, nothing left, or one volume under two
        patients.
    """
    found: list[Marked] = []
    aside: Counter[str] = Counter()
    with Decoder() as decoder:
        for image, mask, patient in _rows(task):
            try:
                found.append(_marked(task, (image, mask), patient, decoder))
            except InputError as error:
                aside[error.message] += 1
    if not found:
        raise InputError(
            f"No volume could be used: {'; '.join(aside) or 'there is none'}",
            where=task.path.name,
        )
    whose = {one.image.sha256: one.patient for one in found}
    twice = sum(whose[one.image.sha256] != one.patient for one in found)
    if twice:
        raise InputError(f"{twice} volumes stand under two patients.", where=task.path.name)
    return found, aside


def _rows(task: MaskTask) -> list[tuple[Path, Path, str]]:
    """Volume, mask and patient, from the table or from one folder for each patient."""
    if task.is_table:
        rows = read_table(task.path)
        for name in task.columns:
            if name not in rows[0]:
                raise InputError(
                    f"There is no column {name!r}.", where=task.path.name, allowed=list(rows[0])
                )
        image, mask, patient = task.columns
        folder = task.path.parent
        return [(folder / row[image], folder / row[mask], row[patient].strip()) for row in rows]
    if not task.path.is_dir():
        raise InputError("There is no such folder of volumes.", where=task.path.name)
    inner = sorted(one for one in task.path.iterdir() if one.is_dir())
    return [(_named(one, "image"), _named(one, "mask"), one.name) for one in inner]


def _named(folder: Path, word: str) -> Path:
    """``image.nii.gz``, ``image.nii``, or a folder ``image`` with a DICOM series."""
    tries = [*(folder / f"{word}{ending}" for ending in ENDINGS), folder / word]
    return next((one for one in tries if one.exists()), tries[0])


def _marked(task: MaskTask, paths: tuple[Path, Path], patient: str, decoder: Decoder) -> Marked:
    if not patient:
        raise InputError("The volume has no patient.")
    image = _one(paths[0], decoder, task.modality)
    values = aligned(_one(paths[1], decoder, None), image)
    labels = np.zeros(values.shape, dtype=np.uint8)
    for number, value in enumerate(task.labels, 1):
        labels[values == value] = number
    if ((labels == 0) & (values != 0)).any():
        raise InputError("The mask has a label without a name.")
    return Marked(image=image, labels=labels, patient=patient)


def _one(path: Path, decoder: Decoder, modality: str | None) -> Image:
    study = open_study(path, decoder=decoder, modality=modality)
    if len(study.images) != 1 or study.images[0].pixels.ndim != 3:
        reason = study.refused[0].reason if study.refused else "There is not exactly one volume."
        raise InputError(reason)
    return study.images[0]


def aligned(mask: Image, image: Image) -> NDArray[np.float32]:
    """The mask's numbers on the volume's own grid; axes that are swapped or turned are undone.

    Raises
    ------
    InputError : the mask lies elsewhere, or on another grid.
    """
    if mask.affine is None or image.affine is None:
        if mask.affine is image.affine and mask.pixels.shape == image.pixels.shape:
            return mask.pixels
        raise InputError("The mask or its volume does not say where it lies.")
    step = np.linalg.inv(image.affine) @ mask.affine  # index in the mask -> index in the volume
    turn = np.rint(step[:3, :3])
    one_each = (np.abs(turn).sum(axis=0) == 1).all() and (np.abs(turn).sum(axis=1) == 1).all()
    if not one_each or np.abs(step[:3, :3] - turn).max() > ALIGNED / max(mask.pixels.shape):
        raise InputError("The mask lies on another grid than its volume.")
    source = np.abs(turn).argmax(axis=1)  # the mask's axis that is each axis of the volume
    back = [axis for axis in range(3) if turn[axis, source[axis]] < 0]
    values: NDArray[np.float32] = np.flip(mask.pixels.transpose(source), tuple(back))
    corner = np.array([0.0, 0.0, 0.0, 1.0])
    for axis in back:
        corner[source[axis]] = mask.pixels.shape[source[axis]] - 1
    if values.shape != image.pixels.shape or np.abs((step @ corner)[:3]).max() > ALIGNED:
        raise InputError("The mask lies on another grid than its volume.")
    return values
