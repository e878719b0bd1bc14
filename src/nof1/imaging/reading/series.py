"""Which files belong to one volume, and in which order: by place in the patient, never by name.

A volume that lacks a slice, or has two different slices in one place, is refused: a finding could
lie in what is missing, and every millilitre would be wrong.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.imaging.reading.description import Description, Plane
from nof1.imaging.reading.refusal import Unreadable

SAME_DIRECTION = 1e-3  # of a unit vector
SAME_PLACE_MM = 1e-3
UNEVEN = 0.02  # of the distance between slices; scanners round to about a hundredth of a mm
ROUNDING_MM = 0.011
TILT_DEGREES = 0.2
EXPORT = "Export the whole series again."


@dataclass(frozen=True, eq=False)
class Item:
    """One described file."""

    path: Any
    description: Description
    header: bytes = b""


@dataclass(frozen=True, eq=False)
class Stack:
    """Frames in order along the normal, and the way from one to the next.

    ``order`` indexes the frames given; ``step`` is the vector (mm, L P S) from slice to slice,
    which leaves the normal where the gantry was tilted; ``distance`` is along the normal.
    """

    order: tuple[int, ...]
    step: NDArray[np.float64]
    distance: float
    notes: tuple[str, ...] = ()


def groups(items: list[Item]) -> list[list[Item]]:
    """Files that may form one volume together; every other file is alone.

    Apart stay: other series, frame of reference, modality, size, colour, direction, pixel size,
    turned values, and localizers.
    """
    found: dict[Any, list[Item]] = defaultdict(list)
    for number, item in enumerate(items):
        one = item.description
        key = _key(item) if one.stackable and not one.localizer else ("alone", number)
        found[key].append(item)
    return [part for group in found.values() for part in _apart(group)]


def stack(planes: list[Plane]) -> Stack:
    """The order of frames with one direction.

    Raises
    ------
    Unreadable : when two lie in one place, or one is missing between two others.
    """
    normal = _normal(planes[0])
    positions = np.array([plane.position for plane in planes], dtype=float)
    along = positions @ normal
    order = np.argsort(along, kind="stable")
    gaps = np.diff(along[order])
    if (gaps < SAME_PLACE_MM).any():
        twice = int((gaps < SAME_PLACE_MM).sum())
        raise Unreadable(f"Two slices lie in one place ({twice} times).", EXPORT)
    usual = float(np.median(gaps))
    notes = _check_gaps(gaps, usual)
    first, last = positions[order[0]], positions[order[-1]]
    step = (last - first) / len(gaps)
    notes += _check_line(positions[order], first, step, usual)
    return Stack(
        tuple(int(i) for i in order), step, float(step @ normal), notes + _tilt(step, normal)
    )


def numbering(items: list[Item]) -> tuple[str, ...]:
    """A note when the files' own numbers do not run from 1 on: places cannot show a cut-off end."""
    numbers = sorted(n for item in items if (n := item.description.number) is not None)
    if not numbers or (numbers[0] <= 1 and numbers[-1] - numbers[0] == len(numbers) - 1):
        return ()
    return (
        f"The pictures are numbered {numbers[0]} to {numbers[-1]} and are {len(items)}: "
        "some of the series may be missing.",
    )


def sorts(planes: tuple[Plane, ...]) -> bool:
    """Whether frames have places and one direction in common, so that ``stack`` can order them."""
    if len(planes) < 2 or any(p.position is None or p.across is None for p in planes):
        return False
    first = np.array([planes[0].across, planes[0].down])
    return all(np.abs(np.array([p.across, p.down]) - first).max() < SAME_DIRECTION for p in planes)


def _key(item: Item) -> tuple[Any, ...]:
    one = item.description
    plane = one.planes[0]
    directions = np.round(np.array([plane.across, plane.down]) / SAME_DIRECTION).astype(int)
    spacing = tuple(round(v, 4) for v in one.spacing or ())
    # a file without a series identifier belongs with its neighbours in the folder
    series = one.series or str(item.path.parent)
    return (
        *(series, one.frame_of_reference, one.header.modality, one.shape, one.unit, one.turned),
        *(tuple(map(int, directions.ravel())), spacing),
    )


def _apart(group: list[Item]) -> list[list[Item]]:
    """Several stacks in one place (echoes, phases) as stacks of their own, if they tell apart."""
    if len(group) < 2 or _places(group) == len(group):
        return [group]
    keys = {key for item in group for key in item.description.splits}
    for key in (k for k in group[0].description.splits if k in keys):
        parts: dict[str, list[Item]] = defaultdict(list)
        for item in group:
            parts[item.description.splits.get(key, "")].append(item)
        even = len({len(part) for part in parts.values()}) == 1
        if len(parts) > 1 and even and all(_places(p) == len(p) > 1 for p in parts.values()):
            return list(parts.values())
    return [group]


def _places(group: list[Item]) -> int:
    """How many different places along the normal the files of a group have."""
    plane = group[0].description.planes[0]
    normal = _normal(plane)
    along = np.sort([np.array(i.description.planes[0].position) @ normal for i in group])
    return 1 + int((np.diff(along) >= SAME_PLACE_MM).sum())


def _normal(plane: Plane) -> NDArray[np.float64]:
    """The direction in which the planes of a stack lie behind one another."""
    return np.cross(np.array(plane.across, dtype=float), np.array(plane.down, dtype=float))


def _check_gaps(gaps: NDArray[np.float64], usual: float) -> tuple[str, ...]:
    away = np.abs(gaps - usual)
    bad = away > max(UNEVEN * usual, ROUNDING_MM)
    if not bad.any():
        return ()
    where = int(np.argmax(bad))
    times = gaps[where] / usual
    if round(times) > 1 and abs(times - round(times)) < 0.1:
        missing = round(times) - 1
        raise Unreadable(
            f"{missing} slice{'s are' if missing > 1 else ' is'} missing after slice {where + 1}: "
            f"the next one is {gaps[where]:.2f} mm away instead of {usual:.2f}.",
            EXPORT,
        )
    raise Unreadable(
        f"Its slices have uneven distances: {gaps.min():.2f} to {gaps.max():.2f} mm.", EXPORT
    )


def _check_line(
    positions: NDArray[np.float64],
    first: NDArray[np.float64],
    step: NDArray[np.float64],
    usual: float,
) -> tuple[str, ...]:
    """All first pixels on one line; a table that moved sideways in between gives no volume."""
    line = first + np.arange(len(positions))[:, None] * step
    away = float(np.linalg.norm(positions - line, axis=1).max())
    if away > max(0.1 * usual, 0.1):
        raise Unreadable(f"Its slices do not lie in one line ({away:.2f} mm away).", EXPORT)
    return ()


def _tilt(step: NDArray[np.float64], normal: NDArray[np.float64]) -> tuple[str, ...]:
    cosine = abs(float(step @ normal)) / float(np.linalg.norm(step))
    degrees = float(np.degrees(np.arccos(min(1.0, cosine))))
    if degrees <= TILT_DEGREES:
        return ()
    return (f"The gantry was tilted by {degrees:.1f} degrees; the volume is sheared.",)
