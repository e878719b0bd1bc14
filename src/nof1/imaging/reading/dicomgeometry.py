"""Where the frames of a DICOM file lie, in millimetres in the patient.

Source: DICOM PS3.3 C.7.6.2 (image plane), C.7.6.16.2 (functional groups), 10.7 (pixel spacing).
"""

from __future__ import annotations

import math
from typing import Any

from nof1.imaging.reading.description import Plane, Vector
from nof1.imaging.reading.dicomvalues import group, number, numbers, rescale

UNIT_TOLERANCE = 0.01  # of a direction's length, and of the angle between two directions
FARTHEST_MM = 1e5  # farther from the patient is no place
NARROWEST_MM = 1e-6
SPACINGS = (
    ("PixelSpacing", ""),
    ("ImagerPixelSpacing", "The pixel size is that at the detector: the body appears enlarged."),
    ("NominalScannedPixelSpacing", "The pixel size is that of the scanned film."),
)


def planes(dataset: Any, frames: int) -> tuple[Plane, ...]:
    """One plane for each frame: its place where the file says one, and its rescale."""
    return tuple(_plane(dataset, frame) for frame in range(frames))


def spacing(dataset: Any) -> tuple[tuple[float, float] | None, tuple[str, ...]]:
    """mm between (rows, columns), and what is doubtful about it."""
    measures = group(dataset, 0, "PixelMeasuresSequence")
    for holder in (measures, dataset):
        for keyword, note in SPACINGS if holder is not None else ():
            found = numbers(holder, keyword)
            if len(found) == 2 and min(found) > NARROWEST_MM and max(found) < FARTHEST_MM:
                return (found[0], found[1]), (note,) if note else ()
    return None, ("The file does not say how large a pixel is.",)


def thickness(dataset: Any) -> float | None:
    """mm from slice to slice as far as one file knows: the distance, else the thickness."""
    measures = group(dataset, 0, "PixelMeasuresSequence")
    for keyword in ("SpacingBetweenSlices", "SliceThickness"):
        for holder in (measures, dataset):
            found = number(holder, keyword) if holder is not None else None
            if found is not None and NARROWEST_MM < abs(found) < FARTHEST_MM:
                return abs(found)
    return None


def letters(plane: Plane) -> tuple[str, ...] | None:
    """Where the rows and columns of a plane run to, such as ("L", "P")."""
    if plane.across is None or plane.down is None:
        return None
    return _letter(plane.across), _letter(plane.down)


def _plane(dataset: Any, frame: int) -> Plane:
    slope, intercept = rescale(dataset, frame) or (1.0, 0.0)
    place = group(dataset, frame, "PlanePositionSequence")
    turn = group(dataset, frame, "PlaneOrientationSequence")
    origin = numbers(dataset if place is None else place, "ImagePositionPatient")
    axes = numbers(dataset if turn is None else turn, "ImageOrientationPatient")
    across, down = _axes(axes)
    near = len(origin) == 3 and max(abs(v) for v in origin) < FARTHEST_MM
    position = _vector(origin) if near else None
    return Plane(position=position, across=across, down=down, slope=slope, intercept=intercept)


def _axes(axes: tuple[float, ...]) -> tuple[Vector | None, Vector | None]:
    """The two directions as unit vectors, or none where they are not at right angles."""
    if len(axes) != 6:
        return None, None
    across, down = _vector(axes[:3]), _vector(axes[3:])
    lengths = math.hypot(*across), math.hypot(*down)
    if max(abs(length - 1) for length in lengths) > UNIT_TOLERANCE:
        return None, None
    if abs(sum(a * b for a, b in zip(across, down, strict=True))) > UNIT_TOLERANCE:
        return None, None
    return _unit(across, lengths[0]), _unit(down, lengths[1])


def _vector(parts: tuple[float, ...]) -> Vector:
    return parts[0], parts[1], parts[2]


def _unit(direction: Vector, length: float) -> Vector:
    return direction[0] / length, direction[1] / length, direction[2] / length


def _letter(direction: Vector) -> str:
    axis = max(range(3), key=lambda i: abs(direction[i]))
    return ("RL", "AP", "FH")[axis][direction[axis] > 0]
