"""The pointing game: does the highest place of a heatmap lie in the box that a radiologist drew?

Zhang et al., IJCV 126 (2018) 1084. A hit rate alone says little, because boxes may be large and lie
where every net looks. So two answers of chance stand beside it: the share of the film that the
boxes cover (a random point), and the hit rate of the *other films'* heatmaps on these boxes (a map
that has learned only where lesions usually are).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.core.errors import InputError
from nof1.learn.figures import Figure, bootstrap, percentile_figure

FloatMap = NDArray[np.float64]
FEWEST = 5  # patients (or films); below that there is no interval


@dataclass(frozen=True, slots=True)
class Box:
    """A box in film pixels; may be fractional. ``top``, ``left`` are its outer edges."""

    top: float
    left: float
    height: float
    width: float

    def scaled(self, factor: float) -> Box:
        """The box on a film that is ``factor`` times as large."""
        return Box(*(factor * side for side in (self.top, self.left, self.height, self.width)))

    def holds(self, row: float, column: float) -> bool:
        """Whether the centre of a pixel lies inside."""
        inside_rows = self.top <= row + 0.5 <= self.top + self.height
        return inside_rows and self.left <= column + 0.5 <= self.left + self.width


@dataclass(frozen=True)
class Pointing:
    """Hits against chance, over films.

    Attributes
    ----------
    films, hits : counts.
    rate : share of films whose peak lies in a box, with a patient bootstrap interval.
    chance : mean share of the film that its boxes cover.
    ratio : rate / chance with its interval; 1 is chance, 2 or more the aim.
    elsewhere : mean hit rate of the other films' peaks on each film's boxes; a rate no better
        than this shows knowledge of the usual place only.
    over_elsewhere : rate - elsewhere, with its interval.
    """

    films: int
    hits: int
    rate: Figure
    chance: float
    ratio: Figure
    elsewhere: float
    over_elsewhere: Figure

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "films": self.films,
            "hits": self.hits,
            "rate": self.rate.to_dict(),
            "chance": self.chance,
            "ratio": self.ratio.to_dict(),
            "elsewhere": self.elsewhere,
            "over_elsewhere": self.over_elsewhere.to_dict(),
        }


def peak(evidence: ArrayLike) -> tuple[int, int]:
    """Row and column of the highest value; of the first, if several are equal."""
    values = np.asarray(evidence, dtype=np.float64)
    row, column = np.unravel_index(int(np.argmax(values)), values.shape)
    return int(row), int(column)


def pointing_game(
    evidence: Sequence[ArrayLike],
    boxes: Sequence[Sequence[Box]],
    *,
    patients: ArrayLike | None = None,
    resamples: int = 2000,
    seed: int = 0,
) -> Pointing:
    """Play it on films with boxes.

    Parameters
    ----------
    evidence : for each film the map on its own pixels (rows, columns), high = for the finding.
    boxes : for each film its boxes in the same pixels; a hit in any of them counts.
    patients : who each film belongs to; patients are resampled as a whole.

    Raises
    ------
    InputError : without films, or when a film has no box.
    """
    if not evidence or len(evidence) != len(boxes) or not all(boxes):
        raise InputError(
            "The pointing game needs films, each with its map and one box or more.",
            allowed="one map and one list of boxes for each film",
        )
    maps = [np.asarray(one, dtype=np.float64) for one in evidence]
    shares = np.array([_share(b, one.shape) for b, one in zip(boxes, maps, strict=True)])
    table = _hit_table(maps, boxes)
    own = np.diag(table).astype(np.float64)
    others = (table.sum(axis=1) - own) / max(len(maps) - 1, 1)

    def statistics(weight: FloatMap) -> tuple[FloatMap, FloatMap, FloatMap]:
        rate, chance = weight @ own, weight @ shares
        total = weight.sum(axis=-1)
        return rate / total, rate / chance, weight @ (own - others) / total

    whole = [float(one) for one in statistics(np.ones(len(maps)))]
    draws = [
        bootstrap(
            lambda weight, k=number: statistics(weight)[k],  # type: ignore[misc]
            len(maps),
            resamples=resamples,
            seed=seed,
            patients=patients,
        )
        for number in range(3)
    ]
    units = len(maps) if patients is None else len(np.unique(np.asarray(patients)))
    rate = _rate(whole[0], draws[0], units)
    return Pointing(
        films=len(maps),
        hits=int(own.sum()),
        rate=rate,
        chance=float(shares.mean()),
        ratio=_ratio(whole[1], draws[1], rate, float(shares.mean())),
        elsewhere=float(others.mean()),
        over_elsewhere=_figure(whole[2], draws[2], units),
    )


def _figure(value: float, draws: FloatMap, units: int) -> Figure:
    few = f"only {units} patients or films, fewer than {FEWEST}"
    return Figure.missing(few) if units < FEWEST else percentile_figure(value, draws)


def _rate(value: float, draws: FloatMap, units: int) -> Figure:
    """All or none hit: the bootstrap sees no spread, which is not certainty (exact limit)."""
    figure = _figure(value, draws, units)
    if figure.value not in (0.0, 1.0):
        return figure
    limit = ((1 - figure.level) / 2) ** (1 / units)
    low, high = (limit, 1.0) if value == 1.0 else (0.0, 1 - limit)
    return Figure(value, low, high, figure.level, "all or none of the films")


def _ratio(value: float, draws: FloatMap, rate: Figure, chance: float) -> Figure:
    if rate.value is None or rate.low is None or rate.high is None:
        return Figure.missing(rate.note)
    if rate.note:
        return Figure(value, rate.low / chance, rate.high / chance, rate.level, rate.note)
    return percentile_figure(value, draws)


def _share(boxes: Sequence[Box], shape: tuple[int, ...]) -> float:
    """Share of the film's pixels whose centre lies in one of the boxes."""
    return float(mask_of(boxes, (shape[0], shape[1])).mean())


def mask_of(boxes: Sequence[Box], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """(rows, columns) pixels whose centre lies in one of the boxes."""
    row, column = np.arange(shape[0]) + 0.5, np.arange(shape[1]) + 0.5
    mask = np.zeros(shape, dtype=np.bool_)
    for box in boxes:
        down = (row >= box.top) & (row <= box.top + box.height)
        across = (column >= box.left) & (column <= box.left + box.width)
        mask |= down[:, None] & across[None, :]
    return mask


def _hit_table(maps: Sequence[FloatMap], boxes: Sequence[Sequence[Box]]) -> NDArray[np.int64]:
    """(films, films): does the peak of film j (moved to film i's size) lie in a box of film i."""
    peaks = [((r + 0.5) / m.shape[0], (c + 0.5) / m.shape[1]) for m in maps for r, c in [peak(m)]]
    table = np.zeros((len(maps), len(maps)), dtype=np.int64)
    for i, (own, film_boxes) in enumerate(zip(maps, boxes, strict=True)):
        for j, (down, across) in enumerate(peaks):
            place = (down * own.shape[0] - 0.5, across * own.shape[1] - 0.5)
            table[i, j] = any(box.holds(*place) for box in film_boxes)
    return table
