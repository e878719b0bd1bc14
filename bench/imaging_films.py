"""Public pictures for the gates: films of adults and children, other pictures, changed copies."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from scipy.ndimage import rotate

from bench.measured import ROOT
from nof1.core.errors import Nof1Error
from nof1.imaging.image import Header
from nof1.imaging.reading.decoder import Decoder
from nof1.imaging.reading.study import open_study
from nof1.imaging.training.splits import folds

DATA = ROOT.parent / "shared" / "data" / "imaging"
SLICES = 12  # of a volume along each axis
Films = NDArray[np.uint8]
Picture = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Collection:
    """Upright films (n, rows, columns) with labels, patients and headers.

    ``part`` is 0 for films to learn from, 1 for those that set the limits, 2 for those shown.
    """

    name: str
    images: Films
    labels: NDArray[np.int64]
    patients: NDArray[np.int64]
    part: NDArray[np.int64]
    side: int
    epochs: int
    headers: list[Header] | None = None


@cache
def nih() -> Collection:
    """760 films of 505 adults, in four parts by patient: two to learn from."""
    held = np.load(DATA / "nih_films_160px.npz")
    with (DATA / "nih_entries.csv").open(newline="") as file:
        entries = {row["Image Index"]: row for row in csv.DictReader(file)}
    labels = (held["label"] == "pneumonia").astype(np.int64)
    patients = np.unique(held["patient"], return_inverse=True)[1]
    part = np.array([2, 1, 0, 0])[folds(labels, patients, 4, seed=1)]
    headers = [_header(entries[name]) for name in held["name"]]
    return Collection("nih", held["images"], labels, patients, part, 64, 20, headers)


def _header(row: dict[str, str]) -> Header:
    return Header(
        modality="DX",
        body_part="CHEST",
        view=row["View Position"],
        age_years=float(row["Patient Age"]),
        sex=row["Patient Gender"],
    )


@cache
def child() -> Collection:
    """PneumoniaMNIST without its test part; its validation part is shown. No patient is known."""
    held = np.load(DATA / "pneumoniamnist_train_val.npz")
    images = np.concatenate([held["train_images"], held["val_images"]])
    labels = np.concatenate([held["train_labels"], held["val_labels"]])[:, 0].astype(np.int64)
    part = (np.random.default_rng(0).random(len(images)) < 0.2).astype(np.int64)
    part[len(held["train_images"]) :] = 2
    return Collection("child", images, labels, np.arange(len(images)), part, 28, 8)


COLLECTIONS: dict[str, Callable[[], Collection]] = {"nih": nih, "child": child}


@cache
def other_pictures() -> list[Picture]:
    """Real pictures that are no chest film: pydicom's test files and slices of public volumes."""
    files = [*sorted((DATA / "dicom").iterdir()), *sorted((DATA / "volumes").glob("*_dicom/*"))]
    volumes = sorted((DATA / "volumes").glob("example_??*.nii.gz"))
    files += [file for file in volumes if not file.name.startswith("example_seg")]
    found, refused = [], 0
    with Decoder() as decoder:
        for file in files:
            try:
                images = open_study(file, decoder=decoder).images
            except Nof1Error:
                images = ()
            refused += not images
            found += [grey for image in images for grey in slices(image.pixels, file)]
    print(f"other pictures: {len(found)} from {len(files) - refused} files, {refused} not read")
    return found


def slices(pixels: Picture, file: Path) -> Iterator[Picture]:
    """Grey pictures of a film, a colour picture or a volume (along three axes for NIfTI)."""
    if pixels.ndim == 4 or (pixels.ndim == 3 and pixels.shape[-1] == 3):
        pixels = pixels.mean(axis=-1)
    stack = pixels.reshape(-1, *pixels.shape[-2:])
    views = [stack]
    if file.name.endswith(".nii.gz") and min(stack.shape) > 30:
        views += [stack.transpose(1, 0, 2)[:, ::-1], stack.transpose(2, 0, 1)[:, ::-1]]
    for view in views:
        for grey in view[:: max(1, len(view) // SLICES)]:
            if min(grey.shape) >= 16 and grey.std() > 0:
                yield np.asarray(grey, dtype=np.float32)


def changes(films: Films) -> Iterator[tuple[str, Sequence[Picture]]]:
    """(What was done, the changed films)."""
    grey, side = films.astype(np.float64), films.shape[1]
    rng = np.random.default_rng(0)
    yield "brightness", grey * 0.8 + 20
    yield "gamma 0.7", 255 * (grey / 255) ** 0.7
    yield "JPEG quality 40", [_jpeg(film) for film in films]
    yield "noise of 8 grey levels", grey + rng.normal(0, 8, grey.shape)
    half = (side // 2, side // 2)
    small = [Pillow.fromarray(film).resize(half, Pillow.Resampling.BILINEAR) for film in films]
    yield "half the size", [np.asarray(film) for film in small]
    yield "turned by 2 degrees", [rotate(film, 2, reshape=False, mode="nearest") for film in grey]
    for cut in sorted({max(1, round(side * share)) for share in (0.01, 0.03, 0.05)}):
        yield f"{cut} of {side} px of each side cut", grey[:, cut:-cut, cut:-cut]


def _jpeg(film: Films) -> Films:
    stream = io.BytesIO()
    Pillow.fromarray(film).save(stream, "JPEG", quality=40)
    return np.asarray(Pillow.open(stream))
