"""Pictures that are no chest film, drawn or made from the site's own films: what to refuse.

They only teach the orientation net what "something else" may be. They are made, not collected, so
no site needs a collection of other pictures; whether the net refuses real CT or MR slices, which
it never saw, is measured in the docs.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Square = NDArray[np.float32]
Squares = NDArray[np.float32]
Draw = np.random.Generator


def negatives(films: Squares, count: int, seed: int = 0) -> Squares:
    """(count, size, size) squares of many kinds, 0 to 1; ``films`` (n, size, size) lend parts."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        film = films[int(rng.integers(len(films)))]
        made.append(_stretched(kind(film, rng)))
    return np.stack(made)


def _stretched(square: NDArray[np.float64] | Square) -> Square:
    """To 0 to 1 by percentiles, as every prepared square is."""
    low, high = np.percentile(square, [1, 99])
    if high <= low:
        return np.zeros(square.shape, dtype=np.float32)
    stretched: Square = np.clip((square - low) / (high - low), 0, 1).astype(np.float32)
    return stretched


def _axes(size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    line = np.linspace(-1, 1, size)
    return line[None, :], line[:, None]


def white_noise(film: Square, rng: Draw) -> NDArray[np.float64]:
    """Independent pixels."""
    return rng.standard_normal(film.shape)


def clouds(film: Square, rng: Draw) -> NDArray[np.float64]:
    """Noise whose power falls with frequency: soft to grainy."""
    size = len(film)
    far = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.fftfreq(size)[None]) + 0.5 / size
    waves = np.fft.fft2(rng.standard_normal(film.shape)) / far ** rng.uniform(0.5, 2.5)
    return np.real(np.fft.ifft2(waves))


def film_waves(film: Square, rng: Draw) -> NDArray[np.float64]:
    """The frequencies of a film with phases of chance: its statistics without its anatomy."""
    turned = np.exp(1j * np.angle(np.fft.fft2(rng.standard_normal(film.shape))))
    return np.real(np.fft.ifft2(np.abs(np.fft.fft2(film)) * turned))


def scrambled(film: Square, rng: Draw) -> Square:
    """Pieces of a film in another order."""
    cells = int(rng.choice([2, 4, 7]))
    step = len(film) // cells
    cut = film[: step * cells, : step * cells].reshape(cells, step, cells, step)
    pieces = cut.transpose(0, 2, 1, 3).reshape(cells * cells, step, step)
    mixed = pieces[rng.permutation(len(pieces))].reshape(cells, cells, step, step)
    whole = mixed.transpose(0, 2, 1, 3).reshape(step * cells, step * cells)
    return np.asarray(np.pad(whole, (0, len(film) - step * cells), mode="edge"))


def close_up(film: Square, rng: Draw) -> Square:
    """A small part of a film, enlarged."""
    size = len(film)
    part = int(size * rng.uniform(0.2, 0.4))
    top, left = rng.integers(0, size - part, 2)
    rows = top + np.arange(size) * part // size
    columns = left + np.arange(size) * part // size
    return np.asarray(film[np.ix_(rows, columns)])


def ellipses(film: Square, rng: Draw) -> NDArray[np.float64]:
    """A bright or dark round body with smaller ones in it: like a slice of a head or a trunk."""
    x, y = _axes(len(film))
    wide, high = rng.uniform(0.45, 0.95, 2)
    shell = (x / wide) ** 2 + (y / high) ** 2
    picture = np.where(shell < 1, rng.uniform(0.3, 0.8), 0.0)
    picture = picture + np.where((shell < 1) & (shell > rng.uniform(0.75, 0.95)), 0.6, 0.0)
    for _ in range(int(rng.integers(2, 9))):
        centre, half = rng.uniform(-0.5, 0.5, 2), rng.uniform(0.05, 0.35, 2)
        inside = ((x - centre[0]) / half[0]) ** 2 + ((y - centre[1]) / half[1]) ** 2 < 1
        picture = picture + np.where(inside & (shell < 1), rng.uniform(-0.5, 0.5), 0)
    return picture + 0.1 * rng.uniform() * rng.standard_normal(film.shape)


def limbs(film: Square, rng: Draw) -> NDArray[np.float64]:
    """Bars with bright edges on a soft ground: like bones of a hand or a leg."""
    x, y = _axes(len(film))
    picture = np.zeros(film.shape)
    turn = rng.uniform(0, np.pi)
    across, along = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    for _ in range(int(rng.integers(1, 6))):
        half, centre = rng.uniform(0.06, 0.25), rng.uniform(-0.7, 0.7)
        off = (across + rng.uniform(-0.3, 0.3) * along - centre) / half
        soft = 0.4 * np.exp(-((off / 2) ** 2)) * (np.abs(along) < rng.uniform(0.6, 1.4))
        bone = np.where(np.abs(off) < 1, 0.4 + 0.5 * off**2, 0) * (np.abs(along) < 0.9)
        picture = picture + soft + bone
    return picture + 0.05 * rng.standard_normal(film.shape)


def stripes(film: Square, rng: Draw) -> NDArray[np.float64]:
    """Waves in one direction, with a slope."""
    x, y = _axes(len(film))
    turn, waves = rng.uniform(0, np.pi), rng.uniform(0.3, 12)
    phase = waves * np.pi * (x * np.cos(turn) + y * np.sin(turn)) + rng.uniform(0, 6)
    return np.asarray(np.sin(phase) + rng.uniform(-1, 1) * x + rng.uniform(-1, 1) * y)


def boxes(film: Square, rng: Draw) -> NDArray[np.float64]:
    """Rectangles and lines: like a page, a form or a test picture."""
    size = len(film)
    picture = np.full(film.shape, rng.uniform(0, 1))
    for _ in range(int(rng.integers(3, 25))):
        top, left = rng.integers(0, size, 2)
        rows, columns = rng.integers(1, max(2, size // 2), 2)
        picture[top : top + rows, left : left + columns] = rng.uniform(0, 1)
    return picture


def fan(film: Square, rng: Draw) -> NDArray[np.float64]:
    """A speckled sector on black: like ultrasound."""
    x, y = _axes(len(film))
    far, angle = np.hypot(x, y + 1), np.abs(np.arctan2(x, y + 1))
    speckle = clouds(film, rng)
    speckle = (speckle - float(speckle.min())) * rng.uniform(0.3, 1)
    sector = (far < 1.9) & (angle < rng.uniform(0.4, 0.9))
    return np.asarray(np.where(sector, speckle + 0.2, 0))


def many_small(film: Square, rng: Draw) -> Square:
    """A sheet of small copies of one film."""
    count = int(rng.choice([2, 3]))
    size = len(film)
    rows = (np.arange(size) * count) % size
    return np.asarray(film[np.ix_(rows, rows)])


def blank_parts(film: Square, rng: Draw) -> NDArray[np.float64]:
    """Nearly nothing: a slope with a little noise."""
    x, y = _axes(len(film))
    slope = rng.uniform(-1, 1) * x + rng.uniform(-1, 1) * y
    return slope + rng.uniform(0.01, 0.5) * rng.standard_normal(film.shape)


def body_slice(film: Square, rng: Draw) -> NDArray[np.float64]:
    """Two dark holes side by side in a bright oval with a bright spot: like a CT slice."""
    x, y = _axes(len(film))
    wide, deep = rng.uniform(0.7, 1.0), rng.uniform(0.45, 0.8)
    picture = np.where((x / wide) ** 2 + (y / deep) ** 2 < 1, 0.6, 0.0)
    for side in (-1, 1):
        hole = ((x - side * 0.45 * wide) / (0.33 * wide)) ** 2 + (y / (0.7 * deep)) ** 2
        picture = np.where(hole < rng.uniform(0.4, 1.0), rng.uniform(0.0, 0.5), picture)
    spine = (x / 0.14) ** 2 + ((y - 0.62 * deep) / 0.14) ** 2 < 1
    noise = rng.uniform(0, 0.1) * rng.standard_normal(film.shape)
    return np.asarray(np.where(spine, 1.0, picture) + noise)


KINDS: tuple[Callable[[Square, Draw], NDArray[np.floating]], ...] = (
    white_noise,
    clouds,
    film_waves,
    scrambled,
    close_up,
    ellipses,
    limbs,
    stripes,
    boxes,
    fan,
    many_small,
    blank_parts,
    body_slice,
)
