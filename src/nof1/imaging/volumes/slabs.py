"""What a small net sees of a volume: each slice with its two neighbours, scaled to 0 to 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.float32]
Labels = NDArray[np.uint8]
NEIGHBOURS = 3
HU_PERCENTILES = (0.5, 99.5)
OWN_PERCENTILES = (1.0, 99.0)
MARKED_SHARE = 0.7  # of the patches lie around a marked voxel


@dataclass(frozen=True)
class Scaling:
    """How numbers become 0 to 1: one window for Hounsfield units, else each volume its own."""

    unit: Literal["HU", "raw"]
    low: float = 0.0
    high: float = 1.0

    @classmethod
    def fit(cls, volumes: Sequence[Pixels], unit: Literal["HU", "raw"]) -> Scaling:
        """The window that holds the middle 99 % of the training numbers."""
        if unit != "HU":
            return cls(unit)
        low, high = np.mean([np.percentile(one, HU_PERCENTILES) for one in volumes], axis=0)
        return cls(unit, float(low), float(high))

    def __call__(self, volume: Pixels) -> Pixels:
        """The volume, clipped to 0 to 1."""
        low, high = self.low, self.high
        if self.unit != "HU":
            low, high = (float(one) for one in np.percentile(volume, OWN_PERCENTILES))
        scaled = (volume - np.float32(low)) / np.float32(max(high - low, 1e-6))
        return np.asarray(np.clip(scaled, 0, 1), dtype=np.float32)

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)


def slabs(volume: Pixels) -> Pixels:
    """(slices, 3, rows, columns): the slice before, the slice, the slice after; ends repeat."""
    padded = np.pad(volume, ((1, 1), (0, 0), (0, 0)), mode="edge")
    return np.stack([padded[:-2], padded[1:-1], padded[2:]], axis=1)


class Patches:
    """Square patches of training volumes with their labels, most of them around something marked.

    Parameters
    ----------
    volumes, labels : scaled (slices, rows, columns), and whole numbers of the same shape.
    size : side of a patch in pixels; smaller slices are padded with zeros.
    """

    def __init__(self, volumes: Sequence[Pixels], labels: Sequence[Labels], size: int) -> None:
        self.size = size
        self.slabs = [slabs(_padded(one, size)) for one in volumes]
        self.labels = [_padded(one, size) for one in labels]
        self.marked = [_places(one) for one in self.labels]

    def draw(self, rng: np.random.Generator, count: int) -> tuple[Pixels, NDArray[np.int64]]:
        """(count, 3, size, size) pixels and (count, 1, size, size) labels."""
        pairs = [self._one(rng) for _ in range(count)]
        pixels, labels = zip(*pairs, strict=True)
        return np.stack(pixels), np.stack(labels)[:, None].astype(np.int64)

    def _one(self, rng: np.random.Generator) -> tuple[Pixels, Labels]:
        number = int(rng.integers(len(self.slabs)))
        shape = self.labels[number].shape
        places = self.marked[number]
        if places and rng.random() < MARKED_SHARE:
            kind = list(places)[int(rng.integers(len(places)))]
            centre = places[kind][int(rng.integers(len(places[kind])))]
        else:
            centre = np.array([rng.integers(side) for side in shape])
        jitter = rng.integers(-self.size // 4, self.size // 4 + 1, size=2)
        row, column = (
            int(np.clip(centre[i + 1] + jitter[i] - self.size // 2, 0, shape[i + 1] - self.size))
            for i in range(2)
        )
        window = (slice(row, row + self.size), slice(column, column + self.size))
        pixels = self.slabs[number][(int(centre[0]), slice(None), *window)]
        contrast, brightness = rng.uniform(0.9, 1.1), rng.uniform(-0.05, 0.05)
        changed = (pixels * contrast + brightness).astype(np.float32)
        return changed, self.labels[number][(int(centre[0]), *window)]


def _padded(volume: NDArray[Any], size: int) -> NDArray[Any]:
    short = [max(0, size - side) for side in volume.shape[1:]]
    return np.pad(volume, ((0, 0), *((0, one) for one in short)))


def _places(labels: Labels) -> dict[int, NDArray[np.int64]]:
    """Up to some thousand places of each label."""
    found = {}
    for kind in np.unique(labels[labels > 0]):
        places = np.argwhere(labels == kind)
        found[int(kind)] = places[:: max(1, len(places) // 4096)]
    return found
