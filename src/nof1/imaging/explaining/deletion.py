"""Does the net really need the places that its heatmap names? Hide them and see.

The most important pixels are hidden first, step by step, and the score is read again (Samek et al.,
IEEE TNNLS 28 (2017) 2660; Petsiuk et al., BMVC 2018). If the map is right, the score falls faster
than when places are hidden in a random order. The random order is as coarse as the map itself:
single hidden pixels would be seen as noise, and the comparison would be unfair.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.core.errors import InputError
from nof1.learn.discrimination import mean_estimate
from nof1.learn.figures import Figure

FloatMap = NDArray[np.float64]
Square = NDArray[np.float32]
Score = Callable[[Square], FloatMap]  # (n, 1, s, s) -> (n,) higher = speaks for the finding


@dataclass(frozen=True, eq=False)
class Deletion:
    """The score of one picture while it is hidden bit by bit.

    Attributes
    ----------
    hidden : (steps + 1,) share of the picture that is hidden, 0 to 1.
    by_importance, at_random : (steps + 1,) score; the first is the whole picture. ``at_random`` is
        the mean over several random orders.
    """

    hidden: FloatMap
    by_importance: FloatMap
    at_random: FloatMap

    @property
    def gain(self) -> float:
        """Area between the curves, score units: above 0, the map's order is better than chance."""
        return float(np.trapezoid(self.at_random - self.by_importance, self.hidden))


def deletion_curve(
    score: Score,
    picture: ArrayLike,
    importance: ArrayLike,
    *,
    places: int,
    steps: int = 10,
    orders: int = 5,
    seed: int = 0,
) -> Deletion:
    """Hide the most important pixels first, and in random orders, and read the score.

    Parameters
    ----------
    score : of a batch of pictures (n, 1, s, s); log odds are best, a probability is flat near 1.
    picture : (s, s) as the net sees it, 0 to 1.
    importance : (s, s) high = speaks for the finding.
    places : side of the grid on which random orders are drawn; that of the map.
    orders : number of random orders.

    Hidden pixels take the value of a strongly blurred copy, so that no hard edge is added.

    Raises
    ------
    InputError : picture and map are not squares of one size.
    """
    whole, rank = np.asarray(picture, dtype=np.float32), np.asarray(importance, dtype=np.float64)
    if whole.shape != rank.shape or whole.ndim != 2 or whole.shape[0] != whole.shape[1]:
        raise InputError(f"Picture {whole.shape} and map {rank.shape} are not one square size.")
    rng = np.random.default_rng(seed)
    random = [_random_order(rng, places, whole.shape[0]) for _ in range(orders)]
    hidden = np.linspace(0, 1, steps + 1)
    pictures = np.concatenate([_hidden(whole, order, hidden) for order in (rank, *random)])
    scores = np.asarray(score(pictures[:, None]), dtype=np.float64).reshape(orders + 1, steps + 1)
    return Deletion(hidden, scores[0], scores[1:].mean(axis=0))


def deletion_gain(curves: Sequence[Deletion], *, patients: ArrayLike | None = None) -> Figure:
    """Mean gain over films with its interval; an interval above 0 proves the maps useful."""
    gains = np.array([one.gain for one in curves], dtype=np.float64)
    if len(gains) < 2:
        return Figure.missing("needs two films or more")
    return mean_estimate(gains, np.ones(len(gains))).figure(patients=patients)


def _hidden(picture: Square, order: FloatMap, shares: FloatMap) -> Square:
    """(steps + 1, s, s): the picture with a growing share of its pixels blurred away."""
    falling = np.argsort(-order, axis=None, kind="stable")
    place = np.empty(falling.size, dtype=np.int64)
    place[falling] = np.arange(falling.size)
    gone = place.reshape(picture.shape) < np.rint(shares * falling.size)[:, None, None]
    made: Square = np.where(gone, blurred(picture, picture.shape[0] // 5), picture)
    return made


def _random_order(rng: np.random.Generator, places: int, size: int) -> FloatMap:
    """A random order of the places, each with all its pixels together."""
    block = np.arange(size) * places // size
    order = rng.permutation(places * places).reshape(places, places).astype(np.float64)
    return order[block][:, block]


def blurred(picture: ArrayLike, radius: int) -> Square:
    """The mean over a square of side 2 radius + 1 around each pixel; the edge value goes on."""
    values = np.asarray(picture, dtype=np.float64)
    for axis in (0, 1):
        values = _running_mean(values, radius, axis)
    return values.astype(np.float32)


def _running_mean(values: FloatMap, radius: int, axis: int) -> FloatMap:
    length = values.shape[axis]
    width = [(radius + 1, radius) if one == axis else (0, 0) for one in (0, 1)]
    total = np.cumsum(np.pad(values, width, mode="edge"), axis=axis)
    low = np.take(total, np.arange(length), axis=axis)
    high = np.take(total, np.arange(length) + 2 * radius + 1, axis=axis)
    mean: FloatMap = (high - low) / (2 * radius + 1)
    return mean
