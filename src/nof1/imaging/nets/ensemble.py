"""A trained model at work: onnxruntime only, one thread, no torch.

Each member gives its logits, the features before the last layer, and the maps before the mean. As
that last layer is linear, ``logits[m, i, k] = mean over the map of head[m, k] . maps[m, i] +
constant[m, k]``: the picture's answer splits exactly over its places.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.core.errors import InputError, ModelError
from nof1.imaging.nets.folder import ModelFolder, read_folder
from nof1.imaging.nets.runtime import OUTPUTS, open_session

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Outputs:
    """Answers of all members.

    Attributes
    ----------
    logits : (members, n, K).
    features : (members, n, D), zero or above.
    maps : (members, n, D, h, w), zero or above; their mean over h and w is ``features``.
    """

    logits: Floats
    features: Floats
    maps: Floats


@dataclass(frozen=True, eq=False)
class Ensemble:
    """An opened model.

    Attributes
    ----------
    folder : what was read; ``folder.about`` is ``model.json``.
    classes : K names.
    size : side of the squares.
    head : (members, K, D) weights of the last layer; ``constant`` (members, K).
    """

    folder: ModelFolder
    classes: tuple[str, ...]
    size: int
    head: Floats
    constant: Floats
    sessions: Sequence[Any]

    @classmethod
    def open(cls, path: str | Path) -> Ensemble:
        """Open a model's folder and check every file of it.

        Raises
        ------
        ModelError : no model, damaged, or changed since it was trained.
        MissingExtra : onnxruntime is not installed.
        """
        found = read_folder(path)
        try:
            head, constant = found.arrays["head"], found.arrays["constant"]
            classes, size = tuple(found.about["classes"]), int(found.about["size"])
        except (KeyError, TypeError, ValueError):
            raise ModelError("The model is not whole.", where=found.path.name) from None
        sessions = [open_session(content) for content in found.networks]
        if len(sessions) != len(head) or head.shape[1:2] != (len(classes),):
            raise ModelError("The parts of the model do not fit together.", where=found.path.name)
        return cls(found, classes, size, head, constant, sessions)

    def run(self, batch: ArrayLike) -> Outputs:
        """Answers for (n, 1, size, size) float32 squares from 0 to 1 (see ``prepare``).

        Raises
        ------
        InputError : squares of another shape, or out of range.
        """
        squares = np.asarray(batch, dtype=np.float32)
        if squares.ndim != 4 or squares.shape[1:] != (1, self.size, self.size):
            raise InputError(
                f"Squares of shape {squares.shape}.", allowed=f"(n, 1, {self.size}, {self.size})"
            )
        if len(squares) and not (squares.min() >= 0 and squares.max() <= 1):
            raise InputError("The squares are not from 0 to 1.", next_step="Use prepare() first.")
        every = [session.run(list(OUTPUTS), {"squares": squares}) for session in self.sessions]
        logits, features, maps = (np.stack(parts) for parts in zip(*every, strict=True))
        return Outputs(logits, features, maps)

    def features(self, squares: ArrayLike, at_once: int = 64) -> Floats:
        """(members, n, D) features of many squares."""
        return self._each(squares, at_once, "features")

    def logits(self, squares: ArrayLike, at_once: int = 64) -> Floats:
        """(members, n, K) logits of many squares; maps are not kept, so memory stays small."""
        return self._each(squares, at_once, "logits")

    def _each(self, squares: ArrayLike, at_once: int, name: str) -> Floats:
        stack = np.asarray(squares, dtype=np.float32)
        parts: list[Floats] = [
            getattr(self.run(stack[start : start + at_once]), name)
            for start in range(0, len(stack), at_once)
        ]
        return np.concatenate(parts, axis=1)
