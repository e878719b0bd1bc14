"""One film in every way it can be wrong: the labels of the orientation net come for free."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nof1.imaging.gates.negatives import negatives

Squares = NDArray[np.float32]
UPRIGHT, OTHER = "upright", "other"
CLASSES = (UPRIGHT, "upside_down", "rotated_90", "rotated_270", "inverted", OTHER)


def upside_down(squares: Squares) -> Squares:
    """Turned by 180 degrees."""
    return np.asarray(squares[:, ::-1, ::-1])


def flipped(squares: Squares) -> Squares:
    """Mirrored top to bottom (also upside down, but with the heart where it was)."""
    return np.asarray(squares[:, ::-1])


def rotated_90(squares: Squares) -> Squares:
    """Turned by 90 degrees clockwise."""
    return np.asarray(np.rot90(squares, -1, axes=(1, 2)))


def rotated_270(squares: Squares) -> Squares:
    """Turned by 90 degrees counter-clockwise."""
    return np.asarray(np.rot90(squares, 1, axes=(1, 2)))


def inverted(squares: Squares, *, keep_padding: bool = False) -> Squares:
    """Dark for bright. ``keep_padding``: rows and columns at the edges that are all 0 stay 0."""
    turned = (1 - squares).astype(np.float32)
    if keep_padding:
        for before, after in zip(squares, turned, strict=True):
            after[~before.any(axis=1)] = 0
            after[:, ~before.any(axis=0)] = 0
    return turned


def examples(
    squares: Squares, groups: NDArray[np.int64], seed: int = 0
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
    """Pictures (6 n, size, size) uint8, class of each (see ``CLASSES``), patient of each."""
    count, rng = len(squares), np.random.default_rng(seed)
    half = rng.random(count) < 0.5
    upset = np.where(half[:, None, None], upside_down(squares), flipped(squares))
    dark = np.where(half[:, None, None], inverted(squares), inverted(squares, keep_padding=True))
    kinds = (squares, upset, rotated_90(squares), rotated_270(squares), dark)
    every = [*kinds, negatives(squares, count, seed)]
    images = np.rint(np.concatenate(every) * 255).astype(np.uint8)
    labels = np.repeat(np.arange(len(CLASSES)), count)
    return images, labels, np.tile(groups, len(CLASSES))
