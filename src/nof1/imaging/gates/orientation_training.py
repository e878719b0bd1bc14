"""Train the orientation check on a site's own films; labels are free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.core.errors import InputError
from nof1.imaging.gates.orientation import GRID, ORIENTATION_LEVEL, Orientation, strangeness
from nof1.imaging.gates.ranks import Ranks
from nof1.imaging.gates.turning import CLASSES, examples
from nof1.imaging.nets.export import head_of, to_onnx
from nof1.imaging.nets.folder import write_folder
from nof1.imaging.nets.prepare import prepare
from nof1.imaging.nets.residual import SMALL
from nof1.imaging.training.course import Course, OnEpoch
from nof1.imaging.training.fitting import fit
from nof1.imaging.training.splits import inner_part, patient_codes

SIDE = 32
MOST_FILMS = 800  # more films make it slower, hardly better
HELD_OUT = 0.25  # share of the patients for the ranks
FEWEST_FILMS = 200
COURSE = Course(epochs=10, patience=10, rate=4e-3, precision="float32")


def train_orientation(
    folder: str | Path,
    images: Sequence[NDArray[Any]],
    *,
    patients: ArrayLike | None = None,
    held_out: ArrayLike | None = None,
    seeds: Sequence[int] = (1,),
    course: Course = COURSE,
    on_epoch: OnEpoch | None = None,
) -> Orientation:
    """Train on upright films and write the check into ``folder``.

    Parameters
    ----------
    images : upright grey films (rows, columns) as they come.
    patients : (n,) id of each film's patient.
    held_out : (n,) True for films that only set the limit; default a quarter of the patients.

    Raises
    ------
    InputError : fewer than 200 films.
    """
    if len(images) < FEWEST_FILMS:
        raise InputError(
            f"{len(images)} films are too few to learn what upright is.",
            allowed=f"{FEWEST_FILMS} or more",
        )
    squares = np.stack([prepare(np.asarray(image), SIDE) for image in images])
    person = patient_codes(patients, len(squares))
    if held_out is None:
        apart = inner_part(np.zeros(len(squares)), person, HELD_OUT, seed=17)
    else:
        apart = np.asarray(held_out, dtype=bool)
    chosen = np.random.default_rng(0).permutation(np.flatnonzero(~apart))[:MOST_FILMS]
    pictures, labels, groups = examples(squares[chosen], person[chosen])
    fitted = fit(
        pictures,
        labels,
        groups=groups,
        seeds=seeds,
        classes=CLASSES,
        plan=replace(SMALL, stem=1),
        course=course,
        on_epoch=on_epoch,
    )
    strange, _ = strangeness(fitted.decision(squares[apart]))
    ranks = Ranks.fit(GRID, strange, ORIENTATION_LEVEL)
    heads = [head_of(net) for net in fitted.nets]
    arrays: dict[str, NDArray[Any]] = {
        "head": np.stack([weight for weight, _ in heads]),
        "constant": np.stack([constant for _, constant in heads]),
        "counts": ranks.counts,
    }
    about = {
        "kind": "orientation",
        "classes": list(CLASSES),
        "size": SIDE,
        "films": {"training": len(chosen), "held_out": int(apart.sum())},
    }
    write_folder(folder, about, arrays, [to_onnx(net, SIDE, half=True) for net in fitted.nets])
    return Orientation.open(folder)
