"""From a film of any size and range to the square the networks see. The only way in.

Training, reading and the gates all call :func:`prepare`: a network that is trained on one kind of
square and asked about another is wrong without a sign of it.

1. Shrink by area: every pixel of the result is the mean of the part of the film it covers, so
   nothing between two sample points is lost and no pattern is invented. Enlarging is linear.
2. Range by robust percentiles of the film itself (1 % and 99 %): exposure, bit depth and a bright
   side marker do not change the square.
3. Square by padding the shorter side with 0, centred; the shape of the body is kept.
4. Round to 256 levels, so that a square kept as ``uint8`` is exactly the square used later.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.core.errors import InputError

LOW, HIGH = 1.0, 99.0  # percentiles of the shrunk film that become 0 and 1
SMALLEST_SIDE = 8
FLAT = 1e-5  # differences below this share of the grey itself are rounding

Square = NDArray[np.float32]


def prepare(pixels: ArrayLike, size: int) -> Square:
    """The (size, size) float32 square of one film, 0 (dark) to 1 (bright), in steps of 1/255.

    Parameters
    ----------
    pixels : (rows, columns), any range and unit; high is bright.
    size : side of the square in pixels, 8 or more.

    Raises
    ------
    InputError : not one grey picture, smaller than 8 pixels, or pixels that are not numbers.

    >>> prepare(np.eye(16), 8).shape
    (8, 8)
    """
    film = _checked(pixels, size)
    rows, columns = _fitted(film.shape, size)
    shrunk = _weights(film.shape[0], rows) @ film @ _weights(film.shape[1], columns).T
    low, high = np.percentile(shrunk, [LOW, HIGH])
    square = np.zeros((size, size), dtype=np.float32)
    if high - low > FLAT * max(abs(high), abs(low)):  # a film of one grey only stays dark
        top, left = (size - rows) // 2, (size - columns) // 2
        levels = np.rint(np.clip((shrunk - low) / (high - low), 0, 1) * 255)
        square[top : top + rows, left : left + columns] = levels / 255
    return square


def stored(square: Square) -> NDArray[np.uint8]:
    """The same square as ``uint8``, a quarter of the memory; loses nothing.

    >>> float(stored(np.full((8, 8), 0.2, dtype=np.float32))[0, 0])
    51.0
    """
    return np.rint(np.asarray(square) * 255).astype(np.uint8)


def inner_box(shape: tuple[int, int], size: int) -> tuple[int, int, int, int]:
    """(top, left, rows, columns) of the film inside its square; the rest is padding."""
    rows, columns = _fitted(shape, size)
    return (size - rows) // 2, (size - columns) // 2, rows, columns


def _checked(pixels: ArrayLike, size: int) -> NDArray[np.float32]:
    film = np.asarray(pixels, dtype=np.float32)
    if film.ndim != 2 or min(film.shape) < SMALLEST_SIDE:
        raise InputError(
            f"A picture of shape {film.shape} is no grey film.",
            allowed=f"rows x columns, each {SMALLEST_SIDE} or more",
            next_step="Take one slice of a volume, and turn colour into grey, before this.",
        )
    if size < SMALLEST_SIDE:
        raise InputError(f"A square of {size} pixels is too small.", allowed="8 or more")
    if not np.isfinite(film).all():
        raise InputError("Some pixels are not finite numbers.", next_step="Export the film again.")
    return film


def _fitted(shape: tuple[int, ...], size: int) -> tuple[int, int]:
    """Rows and columns of the film inside the square."""
    longest = max(shape)
    rows, columns = (max(1, round(side * size / longest)) for side in shape)
    return rows, columns


@lru_cache(maxsize=32)
def _weights(old: int, new: int) -> NDArray[np.float32]:
    """(new, old) matrix that resamples one axis; each row sums to 1."""
    if new >= old:
        return _linear(old, new)
    edges = np.arange(new + 1) * (old / new)
    start, stop = edges[:-1, None], edges[1:, None]
    cell = np.arange(old)[None, :]
    overlap = np.minimum(stop, cell + 1) - np.maximum(start, cell)
    shares: NDArray[np.float32] = (np.maximum(overlap, 0) / (old / new)).astype(np.float32)
    return shares


def _linear(old: int, new: int) -> NDArray[np.float32]:
    centre = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
    below = np.minimum(centre.astype(np.int64), old - 2)
    matrix = np.zeros((new, old), dtype=np.float32)
    matrix[np.arange(new), below] = 1 - (centre - below)
    matrix[np.arange(new), below + 1] = centre - below
    return matrix
