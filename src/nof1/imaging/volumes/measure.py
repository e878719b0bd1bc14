"""Measures of one mask on one volume: millilitres, densities, place, and what limits them.

A mask that reaches the first or last slice, row or column may go on outside the picture: its
volume is then "at least" this. What the grid itself makes doubtful (thick slices, missing slices,
a tilted gantry, numbers that are not Hounsfield units) is said in ``notes``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import InputError
from nof1.imaging.image import Image
from nof1.imaging.volumes import regions
from nof1.imaging.volumes.grid import Grid, grid_of
from nof1.imaging.volumes.regions import Mask

PERCENTILES = (5, 25, 50, 75, 95)
THICK_MM = 5.0
ANISOTROPY = 4.0  # slice distance over pixel size
TILT_DEGREES = 0.5
UNEVEN_SHARE = 0.05  # a slice distance this much off the usual one is a gap
FACES = ("first", "last")
AXES = ("slice", "row", "column")


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What was measured of one mask.

    Attributes
    ----------
    volume_ml : voxels times the volume of one.
    at_least : the mask reaches a border of the picture: the real volume may be larger.
    borders : which borders, for example "last slice".
    edge_ml : by how much the volume changes when its edge moves by half a voxel (its resolution).
    mean, sd, percentiles : of the picture's numbers inside, in ``unit``; None for an empty mask.
    box : first and last slice, row and column, counted from 0, in the axes of ``pixels``.
    """

    name: str
    volume_ml: float
    voxels: int
    at_least: bool
    borders: tuple[str, ...]
    edge_ml: float
    unit: str
    mean: float | None
    sd: float | None
    percentiles: Mapping[int, float]
    box: tuple[tuple[int, int], ...] | None
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON form; percentiles by their number as text."""
        made = asdict(self)
        made["percentiles"] = {str(key): value for key, value in self.percentiles.items()}
        return made

    def __str__(self) -> str:
        least = "at least " if self.at_least else ""
        mean = "" if self.mean is None else f", mean {self.mean:.0f} {self.unit}"
        return f"{self.name}: {least}{self.volume_ml:.1f} mL (edge {self.edge_ml:.1f}){mean}"


def measure(image: Image, mask: Mask, name: str) -> Measurement:
    """Volume, densities and place of a mask on a volume.

    Parameters
    ----------
    mask : yes/no, of the shape of ``image.pixels``.
    name : what it is, for the reader.

    Raises
    ------
    InputError : when the shapes differ, or the file does not say how large a voxel is.
    """
    grid = grid_of(image)
    if mask.shape != image.pixels.shape or mask.dtype != np.bool_:
        raise InputError(
            f"The mask has the shape {mask.shape} and the type {mask.dtype}.",
            where=name,
            allowed=f"yes/no of the shape {image.pixels.shape}",
        )
    box = regions.box_of(mask)
    inside = image.pixels[box][mask[box]]
    voxels = int(inside.size)
    borders = _borders(mask)
    return Measurement(
        name=name,
        volume_ml=voxels * grid.voxel_ml,
        voxels=voxels,
        at_least=bool(borders),
        borders=borders,
        edge_ml=_edge(mask[regions.box_of(mask, margin=1)]) * grid.voxel_ml,
        unit="HU" if image.unit == "HU" else "raw values",
        mean=float(inside.mean(dtype=np.float64)) if voxels else None,
        sd=float(inside.std(dtype=np.float64)) if voxels else None,
        percentiles=_percentiles(inside),
        box=tuple((part.start, part.stop - 1) for part in box) if voxels else None,
        notes=_notes(image, grid, voxels, borders),
    )


def measure_all(image: Image, masks: Mapping[str, Mask]) -> tuple[Measurement, ...]:
    """One measurement for each named mask."""
    return tuple(measure(image, mask, name) for name, mask in masks.items())


def slice_gaps(positions: Sequence[Sequence[float]]) -> int:
    """How many distances between neighbouring slices differ from the usual one.

    ``positions``: (x, y, z) in mm of the first pixel of each slice, in order.
    """
    points = np.asarray(positions, dtype=np.float64)
    if len(points) < 3:
        return 0
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    usual = float(np.median(steps))
    return int((np.abs(steps - usual) > UNEVEN_SHARE * max(usual, 1e-6)).sum())


def _percentiles(inside: NDArray[np.float32]) -> dict[int, float]:
    if not inside.size:
        return {}
    values = np.percentile(inside, PERCENTILES)
    return {number: float(value) for number, value in zip(PERCENTILES, values, strict=True)}


def _borders(mask: Mask) -> tuple[str, ...]:
    found = []
    for axis, word in enumerate(AXES):
        for place, face in zip((0, -1), FACES, strict=True):
            if np.take(mask, place, axis=axis).any():
                found.append(f"{face} {word}")
    return tuple(found)


def _edge(mask: Mask) -> float:
    """Voxels that half a voxel of movement of the edge adds or takes.

    A smooth surface of area A shows about 1.5 A of faces on a grid of unit voxels (mean over its
    directions), so half a voxel of movement is A / 2 = faces / 3.
    """
    return sum(int(np.diff(mask, axis=axis).sum()) for axis in range(3)) / 3


def _notes(image: Image, grid: Grid, voxels: int, borders: tuple[str, ...]) -> tuple[str, ...]:
    notes = []
    if not voxels:
        notes.append("Nothing of this was found here.")
    if borders:
        notes.append(f"Cut off at the {', '.join(borders)}: the volume is at least this.")
    if image.unit != "HU":
        notes.append("The picture's numbers are not Hounsfield units: their mean has no unit.")
    return (*notes, *_grid_notes(image, grid))


def _grid_notes(image: Image, grid: Grid) -> list[str]:
    notes = []
    depth, fine = grid.spacing_mm[0], min(grid.spacing_mm[1:])
    thickest = max(grid.spacing_mm)
    if thickest >= THICK_MM or max(depth, fine) >= ANISOTROPY * min(grid.spacing_mm):
        notes.append(f"Thick slices ({thickest:.1f} mm): the volume is less exact.")
    if grid.shear_degrees > TILT_DEGREES:
        notes.append(f"Tilted by {grid.shear_degrees:.1f} degrees: the volume allows for it.")
    gaps = slice_gaps(_positions(image))
    if gaps:
        notes.append(f"Slices are missing or uneven ({gaps} gaps): the volume is doubtful.")
    return notes


def _positions(image: Image) -> list[tuple[float, ...]]:
    places = [one.get("ImagePositionPatient") for one in image.datasets]
    if len(places) != len(image.pixels) or any(place is None for place in places):
        return []
    return [tuple(float(number) for number in place) for place in places if place is not None]
