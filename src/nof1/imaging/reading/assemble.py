"""From descriptions and stored numbers to an ``Image``: values, place, window, notes.

Works only on arrays and shapes that were checked when they came over the pipe.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.core.extras import require
from nof1.core.quiet import quiet
from nof1.imaging.image import Header, Image
from nof1.imaging.reading.description import Description, Plane
from nof1.imaging.reading.limits import Limits
from nof1.imaging.reading.marks import text_like_marks
from nof1.imaging.reading.refusal import Unreadable
from nof1.imaging.reading.series import Item, Stack, numbering, sorts, stack

AIR_HU = -1024.0  # what stands for "nothing was here" on the Hounsfield scale
EXACT = 2**24  # larger whole numbers are rounded in float32
Pixels = Callable[[Item], tuple[NDArray[Any], tuple[str, ...]]]
Values = NDArray[np.float32]


def images(group: list[Item], pixels: Pixels, limits: Limits) -> list[Image]:
    """The pictures of one group: a volume, or the one or several pictures of one file.

    Raises
    ------
    Unreadable : when it cannot be decoded, or its slices form no volume.
    """
    if len(group) > 1:
        return [_volume(group, pixels, limits)]
    item = group[0]
    if item.description.kind == "nifti":
        return _nifti(item, pixels)
    if len(item.description.planes) > 1:
        return [_frames(item, pixels)]
    return [_single(item, pixels)]


def _single(item: Item, pixels: Pixels) -> Image:
    one = item.description
    stored, notes = pixels(item)
    values, more = _values(stored, one, one.planes[:1])
    plane = one.planes[0] if one.planes else Plane()
    affine = _affine(plane, one.spacing, _alone(plane, one.thickness))
    return _image([item], values, one.spacing, affine, notes + more + _marks(values, one))


def _frames(item: Item, pixels: Pixels) -> Image:
    """Frames of one file: a volume where they have places in order, else a loop of pictures."""
    one = item.description
    order, place, notes = _try_stack(one)
    stored, more = pixels(item)
    if order is not None and list(order) != sorted(order):
        stored = stored[list(order)]
    planes = one.planes if order is None else tuple(one.planes[i] for i in order)
    values, doubts = _values(stored, one, planes)
    if place is None:
        marks = _marks(values[0], one)
        return _image([item], values, None, None, (*notes, *more, *doubts, *marks))
    affine = _affine(planes[0], one.spacing, place.step)
    return _image([item], values, _along(place, one), affine, (*notes, *more, *doubts))


def _marks(values: Values, one: Description) -> tuple[str, ...]:
    """A look for drawn text, unless the file says that there is none, or it is a CT slice."""
    sure = one.header.burned_in is False or one.stackable
    return () if sure else text_like_marks(values)


def _try_stack(one: Description) -> tuple[tuple[int, ...] | None, Stack | None, tuple[str, ...]]:
    if not sorts(one.planes):
        return None, None, ("The frames have no common place; they are a loop, not a volume.",)
    try:
        place = stack(list(one.planes))
    except Unreadable as error:
        return None, None, (f"The frames are a loop, not a volume: {error.reason}",)
    return place.order, place, place.notes


def _volume(group: list[Item], pixels: Pixels, limits: Limits) -> Image:
    first = group[0].description
    size = len(group) * int(np.prod(first.shape))
    if size > limits.voxels:
        raise Unreadable(
            f"The series asks for {size:,} numbers; the limit is {limits.voxels:,}.",
            "Raise the limit `voxels` if you trust these files.",
        )
    place = stack([item.description.planes[0] for item in group])
    ordered = [group[i] for i in place.order]
    volume: Values | None = None
    notes: list[str] = [*place.notes, *numbering(group)]
    for number, item in enumerate(ordered):
        stored, more = pixels(item)
        values, doubts = _values(stored, item.description, item.description.planes)
        if volume is None:
            volume = np.empty((len(ordered), *values.shape), np.float32)
        if values.shape != volume.shape[1:]:
            raise Unreadable("Some of its slices are grey and some are in colour.", "")
        volume[number] = values
        notes += [*more, *doubts]
    assert volume is not None
    head = ordered[0].description
    affine = _affine(head.planes[0], head.spacing, place.step)
    return _image(ordered, volume, _along(place, head), affine, tuple(notes))


def _nifti(item: Item, pixels: Pixels) -> list[Image]:
    one = item.description
    stored, notes = pixels(item)
    values, doubts = _values(stored, one, ())
    affine = None if one.affine is None else np.array([*one.affine], dtype=float)
    several = values if values.ndim == 4 else values[None]
    image = _image([item], several[0], one.spacing_nd, affine, notes + doubts)
    if len(several) == 1:
        return [image]
    return [
        replace(image, pixels=part, notes=(*image.notes, f"Volume {n} of {len(several)}."))
        for n, part in enumerate(several, 1)
    ]


def _values(
    stored: NDArray[Any], one: Description, planes: tuple[Plane, ...]
) -> tuple[Values, tuple[str, ...]]:
    """Stored numbers as values: rescaled, turned over, padding set to the darkest."""
    notes: list[str] = []
    if _is_rounded(stored):
        notes.append("Numbers above 16,777,216 are rounded.")
    empty = _padding(stored, one)
    if stored.dtype.kind == "f" and not np.isfinite(stored).all():
        bad = ~np.isfinite(stored)
        stored = np.where(bad, stored[~bad].min() if not bad.all() else 0, stored)
        notes.append(f"{int(bad.sum()):,} numbers were not finite; they were set to the lowest.")
    values = _rescaled(stored, one, planes)
    if one.turned:
        values = _turned(values, one, planes)
        notes.append("The file stores bright as low (MONOCHROME1); it was turned over.")
    if empty is not None:
        rest = values[~empty]
        values[empty] = AIR_HU if one.unit == "HU" else rest.min() if rest.size else 0.0
        share = 100 * float(empty.mean())
        notes.append(f"{share:.0f} % of the picture is padding; it was set to the darkest value.")
    if one.unit == "HU" and float(values.min()) < AIR_HU:
        notes.append("Some values lie below -1,024 HU: probably unmarked padding, not the body.")
    return values, tuple(notes)


def _is_rounded(stored: NDArray[Any]) -> bool:
    if stored.dtype.itemsize < 4 or stored.dtype.kind not in "iu":
        return False
    return max(int(stored.max()), -int(stored.min())) > EXACT


def _rescaled(stored: NDArray[Any], one: Description, planes: tuple[Plane, ...]) -> Values:
    if all(plane.slope == 1 and plane.intercept == 0 for plane in planes):
        return stored.astype(np.float32)
    first = planes[0]
    if all((plane.slope, plane.intercept) == (first.slope, first.intercept) for plane in planes):
        return _line(stored, first)
    return np.stack([_line(frame, plane) for frame, plane in zip(stored, planes, strict=True)])


def _line(stored: NDArray[Any], plane: Plane) -> Values:
    if plane.slope == int(plane.slope) and plane.intercept == int(plane.intercept):
        values = stored.astype(np.float32)  # whole numbers stay exact
        values *= np.float32(plane.slope)
        values += np.float32(plane.intercept)
        return values
    return (stored.astype(np.float64) * plane.slope + plane.intercept).astype(np.float32)


def _ends(one: Description, planes: tuple[Plane, ...]) -> float:
    """Lowest plus highest possible value: value v turned over is this minus v."""
    plane = planes[0] if planes else Plane()
    return plane.slope * (one.stored[0] + one.stored[1]) + 2 * plane.intercept


def _turned(values: Values, one: Description, planes: tuple[Plane, ...]) -> Values:
    return np.subtract(np.float32(_ends(one, planes)), values, out=values)


def _padding(stored: NDArray[Any], one: Description) -> NDArray[np.bool_] | None:
    if one.padding is None:
        return None
    low, high = one.padding
    empty = stored == low if low == high else (stored >= low) & (stored <= high)
    return empty if empty.any() else None


def _along(place: Stack, one: Description) -> tuple[float, ...] | None:
    return None if one.spacing is None else (place.distance, *one.spacing)


def _alone(plane: Plane, thickness: float | None) -> NDArray[np.float64] | None:
    """The way to the next slice, had there been one: along the normal."""
    if plane.across is None or plane.down is None:
        return None
    return np.cross(plane.across, plane.down) * (thickness or 1.0)


def _affine(
    plane: Plane, spacing: tuple[float, float] | None, step: NDArray[np.float64] | None
) -> NDArray[np.float64] | None:
    """index (slice, row, column) -> mm in L, P, S. PS3.3 C.7.6.2.1.1, equation C.7.6.2.1-1."""
    if plane.position is None or plane.down is None or spacing is None or step is None:
        return None
    affine = np.eye(4)
    affine[:3, 0] = step
    affine[:3, 1] = np.array(plane.down) * spacing[0]
    affine[:3, 2] = np.array(plane.across) * spacing[1]
    affine[:3, 3] = plane.position
    return affine


def _image(
    items: list[Item],
    values: Values,
    spacing: tuple[float, ...] | None,
    affine: NDArray[np.float64] | None,
    notes: Iterable[str],
) -> Image:
    one = items[0].description
    window, curve = _window(one)
    told = _together([item.description.notes for item in items], len(items))
    return Image(
        pixels=values,
        unit=one.unit,
        window=window,
        curve=curve,
        spacing_mm=spacing,
        affine=affine,
        header=one.header if isinstance(one.header, Header) else Header(),
        sources=tuple(item.path.name for item in items),
        sha256=_sha256([item.description.sha256 for item in items]),
        notes=_unique((*told, *notes)),
        datasets=_datasets(items),
    )


def _window(one: Description) -> tuple[tuple[float, float] | None, NDArray[np.float32] | None]:
    """The window in the values' own unit and direction."""
    curve = None if one.curve is None else np.array(one.curve, np.float32)
    if one.window is None or not one.turned:
        return one.window, curve
    ends = _ends(one, one.planes[:1])
    low, high = ends - one.window[1], ends - one.window[0]
    return (low, high), None if curve is None else 1 - curve[::-1]


def _together(notes: list[tuple[str, ...]], files: int) -> list[str]:
    """Each note once; one that holds for some files only says for how many."""
    counts: dict[str, int] = {}
    for several in notes:
        for note in several:
            counts[note] = counts.get(note, 0) + 1
    return [n if count == files else f"{n} ({count} of {files})" for n, count in counts.items()]


def _unique(notes: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(notes))


def _sha256(hashes: list[str]) -> str:
    """The file's own hash, or for several files the hash of their hashes, in order."""
    if len(hashes) == 1:
        return hashes[0]
    return hashlib.sha256("".join(hashes).encode()).hexdigest()


def _datasets(items: list[Item]) -> tuple[Any, ...]:
    """The headers as pydicom data sets; the guarded process has parsed these bytes before."""
    if not all(item.header for item in items):
        return ()
    pydicom: Any = require("pydicom", "imaging")
    try:
        with quiet():  # warnings quote the file, and so the patient
            return tuple(pydicom.dcmread(BytesIO(item.header), force=True) for item in items)
    except Exception:  # pydicom raises many kinds; the picture itself is good
        return ()
