"""From the net's grid back to the film's own pixels, without a shift.

Three coordinate systems lie behind a heatmap, each counted from the upper left, pixel centres at
whole numbers: *film* (rows, columns), *input* (size, size; the film shrunk and padded) and *grid*
(h, w; the places of the net's last map). A net that halves with padded convolutions has the centre
of its first place at input pixel 0, one that halves by averaging at (stride - 1) / 2; the
difference is half a place, which on a small net is centimetres on the film. :func:`measured_grid`
therefore asks the net itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from nof1.core.errors import InputError
from nof1.imaging.nets.prepare import inner_box

if TYPE_CHECKING:
    from nof1.imaging.nets.ensemble import Ensemble

FloatMap = NDArray[np.float64]
Maps = Callable[[NDArray[np.float32]], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the film lies inside the square net input.

    Parameters
    ----------
    rows, columns : of the film.
    size : side of the input, pixels.
    top, left : input row and column where the film begins.
    height, width : input pixels that the film covers.
    """

    rows: int
    columns: int
    size: int
    top: int
    left: int
    height: int
    width: int

    @classmethod
    def of(cls, shape: tuple[int, int], size: int) -> Frame:
        """Where :func:`nof1.imaging.nets.prepare.prepare` puts a film of this shape."""
        top, left, height, width = inner_box(shape, size)
        return cls(shape[0], shape[1], size, top, left, height, width)

    def input_row(self, row: ArrayLike) -> FloatMap:
        """Input row of a film row (both counted at pixel centres)."""
        return _scaled(row, self.height / self.rows, self.top)

    def input_column(self, column: ArrayLike) -> FloatMap:
        """Input column of a film column."""
        return _scaled(column, self.width / self.columns, self.left)


@dataclass(frozen=True, slots=True)
class Grid:
    """Input pixel at the centre of the first place, and the distance of neighbours, pixels."""

    first: float
    stride: float

    @classmethod
    def blocks(cls, size: int, places: int) -> Grid:
        """Each place stands for its own block of the input."""
        stride = size / places
        return cls((stride - 1) / 2, stride)


def _scaled(position: ArrayLike, scale: float, start: float) -> FloatMap:
    placed: FloatMap = (np.asarray(position, dtype=np.float64) + 0.5) * scale + start - 0.5
    return placed


def on_film(places: ArrayLike, frame: Frame, grid: Grid | None = None) -> FloatMap:
    """A map of the net's grid on the film's own pixels (..., rows, columns), bilinear.

    Parameters
    ----------
    places : (..., h, w) one value for each place.
    grid : where the places lie in the input; default: each in the middle of its block.

    The value at a place's centre is kept; beyond the outermost centres the nearest value holds.
    """
    values = np.asarray(places, dtype=np.float64)
    h, w = values.shape[-2:]
    down = grid or Grid.blocks(frame.size, h)
    across = grid or Grid.blocks(frame.size, w)
    by_row = _weights((frame.input_row(np.arange(frame.rows)) - down.first) / down.stride, h)
    at = (frame.input_column(np.arange(frame.columns)) - across.first) / across.stride
    placed: FloatMap = by_row @ values @ _weights(at, w).T
    return placed


def _weights(position: FloatMap, places: int) -> FloatMap:
    """(n, places) weights of a linear interpolation; each row sums to 1."""
    inside = np.clip(position, 0, places - 1)
    low = np.minimum(inside.astype(np.int64), max(places - 2, 0))
    share = inside - low
    weights = np.zeros((len(position), places))
    own = np.arange(len(position))
    weights[own, low] = 1 - share
    weights[own, np.minimum(low + 1, places - 1)] += share
    return weights


def covered(frame: Frame, shape: tuple[int, int], grid: Grid | None = None) -> NDArray[np.bool_]:
    """(h, w) places whose centre lies on the film; the others stand for padding."""
    down = grid or Grid.blocks(frame.size, shape[0])
    across = grid or Grid.blocks(frame.size, shape[1])
    row = down.first + down.stride * np.arange(shape[0])
    column = across.first + across.stride * np.arange(shape[1])
    half = (down.stride / 2, across.stride / 2)  # a place counts when it touches the film
    by_row = (row > frame.top - half[0]) & (row < frame.top + frame.height - 1 + half[0])
    by_column = (column > frame.left - half[1]) & (column < frame.left + frame.width - 1 + half[1])
    inside: NDArray[np.bool_] = by_row[:, None] & by_column
    return inside


def measured_grid(maps: Maps, size: int, *, probes: int = 32) -> Grid:
    """Ask the net where its places lie: change one small spot at a time and see what answers.

    Parameters
    ----------
    maps : (n, 1, size, size) input in 0..1 -> (n, D, h, w) maps of the last layer.
    probes : spots, spread over the inner half of mottled grey pictures.

    The centre of the answer, in places, is a straight line of the spot's position; its value in
    the middle of the picture gives the shift. Falls back to blocks when there is no such line (a
    dead net): the slope must be between 0.5 and 1.3 of what the sizes ask for. It is a little low
    in a good net, because wide answers are cut off by the border.

    Raises
    ------
    InputError : fewer than 8 probes.
    """
    if probes < 8:
        raise InputError("Too few probes for a line.", allowed="8 or more")
    rng = np.random.default_rng(0)
    spots = rng.uniform(0.25, 0.75, (probes, 2)) * (size - 1)
    ground = _mottled(rng, probes, size)
    lift = 0.2 * _bumps(spots, size)
    answers = [maps(np.clip(ground + step, 0, 1)[:, None]) for step in (lift, -lift)]
    base = maps(ground[:, None]).astype(np.float64)
    blocks = Grid.blocks(size, base.shape[-1])
    change = sum(np.abs(one - base).sum(axis=1) for one in answers)  # (n, h, w)
    centres = _centres(np.asarray(change, dtype=np.float64)).ravel()
    usable = np.isfinite(centres)
    if usable.sum() < probes:
        return blocks
    slope, start = np.polyfit(spots.ravel()[usable], centres[usable], 1)
    if not 0.5 < slope * blocks.stride < 1.3:
        return blocks
    middle = (size - 1) / 2  # the stride is known from the sizes; only the shift is measured
    return Grid(middle - blocks.stride * float(start + slope * middle), blocks.stride)


def grid_of(ensemble: Ensemble) -> Grid:
    """Where the places of an opened model lie: 96 pictures through it, so keep it with the model.

    ``asdict(grid)`` is its JSON form, ``Grid(**data)`` reads it back.
    """

    def maps(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
        seen = ensemble.run(pictures).maps  # (members, n, D, h, w)
        return np.concatenate(list(seen), axis=1)

    return measured_grid(maps, ensemble.size)


def _mottled(rng: np.random.Generator, count: int, size: int) -> NDArray[np.float32]:
    """(count, size, size) grey pictures with soft texture, so that every channel is awake."""
    noise = rng.standard_normal((count, size, size))
    soft = ndimage.gaussian_filter(noise, (0, size / 20, size / 20))
    mottled: NDArray[np.float32] = np.clip(0.45 + 0.12 * soft / soft.std(), 0, 1)
    return mottled.astype(np.float32)


def _bumps(places: FloatMap, size: int) -> NDArray[np.float32]:
    """(count, size, size) one soft spot of height 1 in each."""
    away = (np.arange(size) - places[:, :, None]) ** 2 / (2 * (size / 32) ** 2)
    down, across = np.exp(-away[:, 0]), np.exp(-away[:, 1])
    drawn: NDArray[np.float32] = (down[:, :, None] * across[:, None, :]).astype(np.float32)
    return drawn


def _centres(change: FloatMap) -> FloatMap:
    """(n, 2) mean row and column of the change, in places; NaN where nothing answers."""
    total = change.sum(axis=(1, 2))
    place = np.arange(change.shape[-1])
    with np.errstate(invalid="ignore", divide="ignore"):
        down = change.sum(axis=2) @ place / total
        across = change.sum(axis=1) @ place / total
    return np.stack([down, across], axis=1)
