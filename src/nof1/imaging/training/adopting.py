"""A network with weights from elsewhere, calibrated on the site's own pictures.

What such a network gives is a score, not a probability: torchxrayvision scales its outputs so that
0.5 is its authors' working point. Only the site's own cases make a probability of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from numpy.typing import ArrayLike

from nof1.core.errors import InputError
from nof1.imaging.nets.residual import Plan
from nof1.imaging.nets.squares import as_squares, logits_of
from nof1.imaging.nets.weights import Loaded
from nof1.imaging.training.course import Course
from nof1.imaging.training.fitting import Fitted
from nof1.imaging.training.labels import checked_labels
from nof1.imaging.training.precision import threads
from nof1.imaging.training.splits import NO_PATIENTS

FEWEST = 200  # pictures of the site


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
