"""Simple features of a picture, cell by cell: what a plain learner needs to find a shortcut.

The picture is cut into 16 x 16 cells; each gives its mean, its spread and how its edges point. The
frame is the outer two cells on each side (an eighth of the side): for a chest film that is nearly
everything but the lungs. Frame features are computed with the middle painted over, so nothing of
the middle can leak into them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.imaging.nets.prepare import prepare

GRID = 16  # cells along a side
FRAME = 2  # of them, from each side, are the frame
SIDE = 96  # pixels of the square that is cut up
AT_ONCE = 64  # pictures
TURNS = 8  # directions of edges that are told apart

Cells = NDArray[np.float32]


def squares_of(images: Sequence[NDArray[Any]], size: int = SIDE) -> NDArray[np.float32]:
    """(n, size, size) prepared squares."""
    return np.stack([prepare(np.asarray(image), size) for image in images])


def frame_mask(size: int = SIDE) -> NDArray[np.bool_]:
    """(size, size) True in the outer frame."""
    wide = size * FRAME // GRID
    mask = np.ones((size, size), dtype=bool)
    mask[wide:-wide, wide:-wide] = False
    return mask


def only_frame(squares: NDArray[np.float32]) -> NDArray[np.float32]:
    """Copies with the middle painted in the mean of their own frame."""
    mask = frame_mask(squares.shape[1])
    mean = squares[:, mask].mean(axis=1)
    painted: NDArray[np.float32] = np.where(mask, squares, mean[:, None, None])
    return painted


def frame_levels(image: NDArray[Any]) -> tuple[float, float, float]:
    """The 5 %, 50 % and 95 % grey levels of the frame, as the file has them (not stretched)."""
    rows, columns = (max(1, side * FRAME // GRID) for side in image.shape)
    inside = image[rows:-rows, columns:-columns]
    parts = [image[:rows], image[-rows:], image[:, :columns], image[:, -columns:]]
    frame = np.concatenate([part.ravel() for part in parts]) if inside.size else image.ravel()
    low, middle, high = np.percentile(frame, [5, 50, 95])
    return float(low), float(middle), float(high)


def cell_features(squares: NDArray[np.float32]) -> Cells:
    """(n, (2 + TURNS) * GRID * GRID) features of prepared squares whose side GRID divides."""
    parts = [
        _features(squares[start : start + AT_ONCE]) for start in range(0, len(squares), AT_ONCE)
    ]
    return np.concatenate(parts)


def _features(squares: NDArray[np.float32]) -> Cells:
    count, size = len(squares), squares.shape[1]
    cut = squares.reshape(count, GRID, size // GRID, GRID, size // GRID)
    mean, spread = cut.mean(axis=(2, 4)), cut.std(axis=(2, 4))
    edges = _edges(squares)
    edges = np.sqrt(edges / (edges.sum(axis=1, keepdims=True) + np.float32(0.02)))
    parts = [mean[:, None], spread[:, None], edges]
    features: Cells = np.concatenate(parts, axis=1).reshape(count, -1).astype(np.float32)
    return features


def _edges(squares: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, TURNS, GRID, GRID): mean strength of the edges of each direction in each cell.

    An edge between two directions counts for both, by its nearness.
    """
    count, size = len(squares), squares.shape[1]
    down, across = np.gradient(squares, axis=(1, 2))
    strength = np.hypot(down, across)
    turn = np.arctan2(down, across) * np.float32(TURNS / np.pi) % np.float32(TURNS)
    layers = []
    for direction in range(TURNS):
        away = np.abs(turn - np.float32(direction))
        near = np.maximum(1 - np.minimum(away, np.float32(TURNS) - away), 0)
        cut = (strength * near).reshape(count, GRID, size // GRID, GRID, size // GRID)
        layers.append(cut.mean(axis=(2, 4)))
    return np.stack(layers, axis=1)


def useful(features: Cells) -> Cells:
    """The columns that vary at all."""
    kept: Cells = features[:, features.std(axis=0) > 1e-6]
    return kept
