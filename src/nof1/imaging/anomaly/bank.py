"""A memory of what normal places look like; the distance to it is how unusual a place is.

PatchCore (Roth et al., CVPR 2022): features of all places of normal films, thinned to a coreset
by greedy k-centre (Gonzalez, Theor. Comput. Sci. 38 (1985) 293), and the distance to the nearest
entry. Two changes. Each entry is the *mean* of the places nearest to it, from several films, so
that no entry is one patient's; entries with places of too few films are dropped. And features are
brought to one scale first, so that no single channel decides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from nof1.core.errors import ModelError

FloatMap = NDArray[np.float64]
ENTRIES = 300
FEWEST_FILMS = 5  # in each entry
CANDIDATES = 6000  # places among which the centres are chosen
SMALLEST = 5  # entries; fewer are no memory


@dataclass(frozen=True, eq=False)
class Bank:
    """The memory of one net.

    Attributes
    ----------
    entries : (k, D) mean features, standardised.
    centre, spread : (D,) of the features of normal places.
    """

    entries: FloatMap
    centre: FloatMap
    spread: FloatMap

    @classmethod
    def fit(cls, maps: ArrayLike, *, entries: int = ENTRIES, seed: int = 0) -> Bank:
        """Remember normal films.

        Parameters
        ----------
        maps : (n, D, h, w) of one net on normal films.

        Raises
        ------
        ModelError : fewer than 5 entries are left, for example because all places look alike (a
            dead net) or there are too few films.
        """
        places = _places(maps)  # (n, p, D)
        centre, spread = places.mean(axis=(0, 1)), places.std(axis=(0, 1))
        spread = np.where(spread > 1e-6 * max(float(spread.max()), 1e-30), spread, np.inf)
        flat = ((places - centre) / spread).reshape(-1, places.shape[2])
        film = np.repeat(np.arange(places.shape[0]), places.shape[1])
        chosen = _centres(flat, entries, np.random.default_rng(seed))
        kept = _means(flat, film, chosen)
        if len(kept) < SMALLEST:
            raise ModelError(
                f"Only {len(kept)} kinds of normal places are shared by {FEWEST_FILMS} films.",
                allowed=f"{SMALLEST} or more",
                next_step="Use more normal films, or train the net; a dead net sees no difference.",
            )
        return cls(kept, centre, spread)

    def distance(self, maps: ArrayLike) -> FloatMap:
        """(n, h, w) distance of each place to the nearest entry, in standard deviations."""
        places = _places(maps)
        flat = ((places - self.centre) / self.spread).reshape(-1, places.shape[2])
        nearest = np.concatenate(
            [_squared(part, self.entries).min(axis=1) for part in _parts(flat)]
        )
        shape = np.asarray(maps).shape
        found: FloatMap = np.sqrt(nearest / flat.shape[1]).reshape(len(places), *shape[2:])
        return found


def _places(maps: ArrayLike) -> FloatMap:
    """(n, places, D): each place averaged with its neighbours (3 x 3)."""
    values = ndimage.uniform_filter(np.asarray(maps, dtype=np.float64), (1, 1, 3, 3))
    n, depth, h, w = values.shape
    spread: FloatMap = values.transpose(0, 2, 3, 1).reshape(n, h * w, depth)
    return spread


def _parts(flat: FloatMap) -> list[FloatMap]:
    return np.array_split(flat, max(1, len(flat) // 4096))


def _squared(points: FloatMap, centres: FloatMap) -> FloatMap:
    """(points, centres) squared distances."""
    both = (points**2).sum(axis=1)[:, None] + (centres**2).sum(axis=1)
    squared: FloatMap = np.maximum(both - 2 * points @ centres.T, 0.0)
    return squared


def _centres(flat: FloatMap, count: int, rng: np.random.Generator) -> FloatMap:
    """Greedy k-centre: always the place that is farthest from those already chosen."""
    pool = flat[rng.permutation(len(flat))[:CANDIDATES]]
    chosen = [int(np.argmin((pool**2).sum(axis=1)))]  # the most usual place first
    gap = np.full(len(pool), np.inf)
    for _ in range(min(count, len(pool)) - 1):
        gap = np.minimum(gap, ((pool - pool[chosen[-1]]) ** 2).sum(axis=1))
        farthest = int(np.argmax(gap))
        if gap[farthest] <= 1e-12:
            break
        chosen.append(farthest)
    return pool[chosen]


def _means(flat: FloatMap, film: NDArray[np.int64], centres: FloatMap) -> FloatMap:
    """Mean of the places nearest to each centre; centres of fewer than 5 films are dropped."""
    nearest = np.concatenate([_squared(part, centres).argmin(axis=1) for part in _parts(flat)])
    kept = [
        flat[mine].mean(axis=0)
        for mine in (nearest == number for number in range(len(centres)))
        if len(np.unique(film[mine])) >= FEWEST_FILMS
    ]
    return np.array(kept).reshape(-1, flat.shape[1])
