"""A trained segmenter: what it may be used for, its masks of a volume, its files.

A label whose Dice on held-out patients is below ``LEAST_DICE`` is withheld, and a volume that is
unlike the training volumes in unit or voxel size is refused. The files hold no pickle:
``model.json``, ``net.onnx``, ``net.safetensors``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import InputError, ModelError
from nof1.core.finding import NOTICE
from nof1.imaging.image import Image
from nof1.imaging.nets.runtime import open_session
from nof1.imaging.volumes import unet
from nof1.imaging.volumes.regions import Mask
from nof1.imaging.volumes.slabs import Scaling
from nof1.learn.figures import Figure

SCHEMA = "nof1/segmenter/1"
LEAST_DICE = 0.7
SPACING_SLACK = 0.25  # a voxel may be this much larger or smaller than those learnt from


@dataclass(frozen=True, eq=False)
class Segmented:
    """Masks by label name; ``withheld`` says which labels have none, and why."""

    masks: Mapping[str, Mask]
    probabilities: Mapping[str, NDArray[np.float32]]
    withheld: Mapping[str, str]


@dataclass(frozen=True, eq=False, kw_only=True)
class Segmenter:
    """A trained net with what it may be used for.

    Attributes
    ----------
    names : of the labels 1, 2, ...
    spacing_mm : smallest and largest distance along (slice, row, column) in training.
    figures : Dice of each label over held-out volumes.
    counts : volumes and patients, learnt from and held out.
    """

    names: tuple[str, ...]
    scaling: Scaling
    spacing_mm: tuple[tuple[float, ...], tuple[float, ...]]
    patch: int
    figures: Mapping[str, Figure]
    counts: Mapping[str, int]
    seed: int
    onnx: bytes
    weights: bytes

    def segment(self, image: Image) -> Segmented:
        """Masks of a volume.

        Raises
        ------
        InputError : for a volume of another unit or voxel size than those learnt from.
        """
        self._check(image)
        session = open_session(self.onnx)
        chances = unet.run(session, self.scaling(image.pixels), self.patch)
        best = chances.argmax(axis=0)
        withheld = {name: why for name in self.names if (why := self._weakness(name))}
        spoken = [(n, one) for n, one in enumerate(self.names, 1) if one not in withheld]
        return Segmented(
            {name: best == number for number, name in spoken},
            {name: chances[number] for number, name in spoken},
            withheld,
        )

    def _weakness(self, name: str) -> str | None:
        value = self.figures[name].value
        if value is None:
            return f"Its Dice could not be measured: {self.figures[name].note}."
        if value < LEAST_DICE:
            return f"Dice on held-out patients {value:.2f}, below {LEAST_DICE:g}."
        return None

    def _check(self, image: Image) -> None:
        check_volume(image, self.scaling.unit)
        low, high = (np.array(one) for one in self.spacing_mm)
        spacing = np.array(image.spacing_mm)
        if (spacing < low * (1 - SPACING_SLACK)).any() or (
            spacing > high * (1 + SPACING_SLACK)
        ).any():
            raise InputError(
                f"Voxels of {_mm(spacing)} mm are unlike those the model learnt from.",
                where="spacing_mm",
                allowed=f"{_mm(low)} to {_mm(high)} mm, {SPACING_SLACK:.0%} more or less",
                next_step="Resample the volume, or train with volumes like it.",
            )

    def to_files(self) -> dict[str, bytes]:
        """The model's files; no patient's name, id or voxel is in them."""
        files = {"net.onnx": self.onnx, "net.safetensors": self.weights}
        card = {
            "schema": SCHEMA,
            "notice": NOTICE,
            "labels": list(self.names),
            "scaling": self.scaling.to_dict(),
            "spacing_mm": [list(one) for one in self.spacing_mm],
            "patch": self.patch,
            "dice": {name: figure.to_dict() for name, figure in self.figures.items()},
            "counts": dict(self.counts),
            "seed": self.seed,
            "sha256": {name: sha256(one).hexdigest() for name, one in files.items()},
        }
        return {"model.json": json.dumps(card, indent=1).encode(), **files}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Segmenter:
        """Read back what :meth:`to_files` gave.

        Raises
        ------
        ModelError : when a file is missing or is not the one that was stored.
        """
        try:
            card = json.loads(files["model.json"])
            same = all(
                sha256(files[name]).hexdigest() == wanted for name, wanted in card["sha256"].items()
            )
            if not same or set(card["sha256"]) != {"net.onnx", "net.safetensors"}:
                raise ValueError
            return cls(
                names=tuple(card["labels"]),
                scaling=Scaling(**card["scaling"]),
                spacing_mm=(tuple(card["spacing_mm"][0]), tuple(card["spacing_mm"][1])),
                patch=int(card["patch"]),
                figures={name: Figure(**one) for name, one in card["dice"].items()},
                counts=card["counts"],
                seed=int(card["seed"]),
                onnx=files["net.onnx"],
                weights=files["net.safetensors"],
            )
        except (KeyError, ValueError, TypeError, IndexError):
            raise ModelError(
                "This is not a segmentation model, or one of its files was changed.",
                next_step="Train it again, or restore it.",
            ) from None


def check_volume(image: Image, unit: str) -> None:
    """Refuse what is not a volume of this unit with a known voxel size.

    Raises
    ------
    InputError : with what was found.
    """
    if image.pixels.ndim != 3 or image.spacing_mm is None:
        raise InputError("This is not a volume with a known voxel size.", where="pixels")
    if image.unit != unit:
        raise InputError(
            f"The numbers of this volume are in {image.unit!r}, the others in {unit!r}.",
            where="unit",
            next_step="Do not mix CT in Hounsfield units with other volumes.",
        )


def _mm(spacing: NDArray[np.float64]) -> str:
    return " x ".join(f"{one:.2f}" for one in spacing)
