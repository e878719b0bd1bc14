"""A network with weights from elsewhere, calibrated on the site's own pictures.

What such a network gives is a score, not a probability: torchxrayvision scales its outputs so that
0.5 is its authors' working point. Only the site's own cases make a probability of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

from numpy.typing import ArrayLike

from nof1.core.errors import InputError
from nof1.imaging.nets.residual import Plan
from nof1.imaging.nets.squares import as_squares, logits_of
from nof1.imaging.nets.torchkit import torch
from nof1.imaging.nets.weights import Loaded, load_bundle, load_densenet, load_resnet, read_state
from nof1.imaging.training.course import Course
from nof1.imaging.training.fitting import Fitted
from nof1.imaging.training.labels import checked_labels
from nof1.imaging.training.precision import threads
from nof1.imaging.training.splits import NO_PATIENTS

FEWEST = 200  # pictures of the site


def open_weights(path: str | Path) -> Loaded:
    """The network of a local file or of a MONAI bundle's folder; the file's tensors say which.

    Raises
    ------
    InputError, ModelError : as :mod:`nof1.imaging.nets.weights`.
    """
    if Path(path).is_dir():
        return load_bundle(path)
    state, _ = read_state(path)
    return load_resnet(path) if "fc.weight" in state else load_densenet(path)


def chosen(loaded: Loaded, outputs: Sequence[int]) -> Loaded:
    """The same network with some of its outputs only, in the order given; counted from 0.

    Raises
    ------
    InputError : an output that the network does not have, or one that is named twice.
    """
    if len(set(outputs)) < len(outputs) or any(not 0 <= one < loaded.classes for one in outputs):
        raise InputError(
            "The network has no such outputs.",
            where="outputs",
            allowed=f"0 to {loaded.classes - 1}, each once",
        )
    net = deepcopy(loaded.net)
    head, rows = net.head, torch.tensor(list(outputs))
    head.weight = torch.nn.Parameter(head.weight.detach()[rows].clone())
    head.bias = torch.nn.Parameter(head.bias.detach()[rows].clone())
    head.out_features = len(rows)
    return replace(loaded, net=net.eval(), classes=len(rows))


def adopted(
    loaded: Loaded,
    images: ArrayLike,
    labels: ArrayLike,
    *,
    classes: Sequence[str],
    groups: ArrayLike | None = None,
) -> Fitted:
    """The network as a trained ensemble of one member, for ``save`` and for figures.

    Parameters
    ----------
    images : (n, size, size) squares of the site, 200 or more; all of them are used to calibrate, so
        figures need other pictures.
    labels : as for ``fit``; one column for each of the network's classes, -1 where not known.
    classes : the network's classes, in its order.

    Raises
    ------
    InputError : fewer pictures, another number of classes, or what ``fit`` refuses.
    """
    squares = as_squares(images)
    if len(squares) < FEWEST or len(classes) != loaded.classes:
        raise InputError(
            f"There are {len(squares)} pictures and {len(classes)} classes.",
            allowed=f"{FEWEST} or more pictures, and {loaded.classes} classes",
        )
    asked = checked_labels(labels, classes, len(squares))
    course = Course(precision="float32")
    with threads(course.threads):
        logits = logits_of(loaded.net, squares[asked.known], batch=16)[None]
    notes = [
        f"Weights from elsewhere ({loaded.layout}, SHA-256 {loaded.sha256}); not trained here."
    ]
    return Fitted(
        classes=asked.classes,
        question=asked.question,
        size=int(squares.shape[-1]),
        plan=Plan(kind=loaded.net.kind),
        course=course,
        seeds=(0,),
        nets=(loaded.net,),
        inner=asked.known,
        inner_logits=logits,
        inner_values=asked.values[asked.known],
        precision="float32",
        history=((),),
        notes=tuple(notes if groups is not None else [*notes, NO_PATIENTS]),
    )
