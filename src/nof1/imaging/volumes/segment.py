"""Masks that a small net learns from the user's own: train it, and measure it on held-out patients.

The split is by patient: a third of them is never learnt from. Dice is reported for each label over
their volumes, with an interval. Too few patients, or too few with a label, are refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.core.errors import InputError
from nof1.imaging.image import Image
from nof1.imaging.nets.runtime import open_session
from nof1.imaging.training.splits import folds, patient_codes
from nof1.imaging.volumes import unet
from nof1.imaging.volumes.dice import dice, mean_dice
from nof1.imaging.volumes.segmenter import Segmenter, check_volume
from nof1.imaging.volumes.slabs import Labels, Patches, Scaling
from nof1.learn.figures import Figure

FEWEST_PATIENTS = 9  # six to learn from, three to be measured on
FEWEST_WITH_LABEL = 3  # patients with the label, on each side of the split
PARTS = 3  # one of so many parts is held out
LARGEST_PATCH = 96


@dataclass(frozen=True, eq=False, kw_only=True)
class Marked:
    """A volume with its labels: 0 is background, 1 is the first name, and so on."""

    image: Image
    labels: Labels
    patient: str


def train(
    volumes: Sequence[Marked],
    names: Sequence[str],
    *,
    steps: int = 600,
    seed: int = 0,
    progress: unet.Progress | None = None,
) -> Segmenter:
    """Learn masks from marked volumes and measure them on patients that were held out.

    Parameters
    ----------
    volumes : at least 9 patients; all of one unit.
    names : of the labels 1, 2, ...; each must occur in at least 3 patients on either side.
    steps : patches of 8 to learn from.
    progress : called with (step, steps).

    Raises
    ------
    InputError : when there are too few patients or labels, or shapes, units or labels do not fit.
    """
    unit = _check_training(volumes, names)
    held = _held_out(volumes, names, seed)
    learnt = [one for one, out in zip(volumes, held, strict=True) if not out]
    scaling = Scaling.fit([one.image.pixels for one in learnt], unit)
    patch = _patch(learnt)
    pixels = [scaling(one.image.pixels) for one in learnt]
    patches = Patches(pixels, [one.labels.astype(np.uint8) for one in learnt], patch)
    net = unet.fit(patches, len(names) + 1, steps=steps, seed=seed, progress=progress)
    content = unet.to_onnx(net, patch)
    tested = [one for one, out in zip(volumes, held, strict=True) if out]
    spacing = np.array([one.image.spacing_mm for one in learnt], dtype=np.float64)
    return Segmenter(
        names=tuple(names),
        scaling=scaling,
        spacing_mm=(tuple(spacing.min(axis=0).tolist()), tuple(spacing.max(axis=0).tolist())),
        patch=patch,
        figures=_measured(content, scaling, patch, tested, names, seed),
        counts=_counts(learnt, tested),
        seed=seed,
        onnx=content,
        weights=unet.weights(net),
    )


def _measured(
    content: bytes,
    scaling: Scaling,
    patch: int,
    tested: Sequence[Marked],
    names: Sequence[str],
    seed: int,
) -> dict[str, Figure]:
    session = open_session(content)
    scores: dict[str, list[float]] = {name: [] for name in names}
    for one in tested:
        best = unet.run(session, scaling(one.image.pixels), patch).argmax(axis=0)
        for number, name in enumerate(names, 1):
            scores[name].append(dice(best == number, one.labels == number))
    patients = patient_codes([one.patient for one in tested], len(tested))
    return {name: mean_dice(scores[name], patients, seed=seed) for name in names}


def _counts(learnt: Sequence[Marked], tested: Sequence[Marked]) -> dict[str, int]:
    return {
        "volumes": len(learnt),
        "patients": len({one.patient for one in learnt}),
        "held_out_volumes": len(tested),
        "held_out_patients": len({one.patient for one in tested}),
    }


def _patch(learnt: Sequence[Marked]) -> int:
    smallest = min(int(side) for one in learnt for side in one.image.pixels.shape[1:])
    return max(unet.STEP * 4, min(LARGEST_PATCH, smallest // unet.STEP * unet.STEP))


def _held_out(volumes: Sequence[Marked], names: Sequence[str], seed: int) -> NDArray[np.bool_]:
    """Which volumes are held out: whole patients, labels spread evenly.

    Raises
    ------
    InputError : when a label occurs in too few patients on one side.
    """
    strata = ["".join(str(n) for n in np.unique(one.labels)) for one in volumes]
    patients: ArrayLike = [one.patient for one in volumes]
    held: NDArray[np.bool_] = folds(strata, patients, PARTS, seed=seed) == 0
    for number, name in enumerate(names, 1):
        for side, word in ((held, "held out"), (~held, "to learn from")):
            having = {
                one.patient
                for one, inside in zip(volumes, side, strict=True)
                if inside and (one.labels == number).any()
            }
            if len(having) < FEWEST_WITH_LABEL:
                raise InputError(
                    f"Only {len(having)} patients {word} have the label {name!r}.",
                    where="labels",
                    allowed=f"at least {FEWEST_WITH_LABEL} on each side of the split",
                    next_step="Mark more patients, or leave this label out.",
                )
    return held


def _check_training(volumes: Sequence[Marked], names: Sequence[str]) -> Literal["HU", "raw"]:
    people = len({one.patient for one in volumes})
    if people < FEWEST_PATIENTS:
        raise InputError(
            f"There are {people} patients; that is too few to learn from and to be measured on.",
            allowed=f"at least {FEWEST_PATIENTS}",
            next_step="Mark more patients.",
        )
    if not 0 < len(names) < 255 or len(set(names)) < len(names):
        raise InputError("The names of the labels are missing or not different.", where="names")
    unit = volumes[0].image.unit
    for number, one in enumerate(volumes, 1):
        check_volume(one.image, unit)
        if one.labels.shape != one.image.pixels.shape or one.labels.dtype.kind not in "ui":
            raise InputError(
                f"The labels of volume {number} are not whole numbers of its shape.",
                where="labels",
                allowed=f"{one.image.pixels.shape}",
            )
        if int(one.labels.max()) > len(names) or int(one.labels.min()) < 0:
            raise InputError(
                f"Volume {number} has a label without a name.",
                where="labels",
                allowed=f"0 to {len(names)}",
            )
    return unit
