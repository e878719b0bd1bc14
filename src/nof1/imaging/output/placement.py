"""Does a written segmentation lie on its source? Read the bytes again and compare.

Viewers have shown masks turned or shifted because row and column, or the order of slices, were
exchanged on the way out. So each frame of the object must say which source image it belongs to,
hold the very pixels of that slice (pixel (0, 0) at the same corner, not flipped, not turned), and
lie at the place and along the directions that the source image states.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread

from nof1.core.errors import InputError
from nof1.imaging.output.sources import Source, positions

PLACE_MM = 1e-3
COSINE = 1e-4


def check_placement(content: bytes, source: Source, stack: NDArray[Any], steps: int) -> None:
    """Refuse an object that does not lie on its source.

    Parameters
    ----------
    content : the file.
    stack : (slices, rows, columns, segments) that was to be written.
    steps : the number that stands for 1 (255 for a heatmap, 1 for a mask).

    Raises
    ------
    InputError : with the first difference that was found.
    """
    seg = dcmread(BytesIO(content))
    frames = seg.pixel_array.reshape(-1, *stack.shape[1:3])
    slices = {str(one.SOPInstanceUID): number for number, one in enumerate(source.datasets)}
    places = positions(source)
    seen = np.zeros((stack.shape[0], stack.shape[3]), dtype=bool)
    for frame, group in zip(frames, seg.PerFrameFunctionalGroupsSequence, strict=True):
        index = _slice_of(group, slices)
        segment = _segment_of(group, seg) - 1
        seen[index, segment] = True
        if _differ(frame, stack[index, :, :, segment], steps):
            raise _refusal("its pixels are not those of the slice it names")
        if places is not None:
            _check_position(_position_of(group, seg), places[index])
    if (stack.any(axis=(1, 2)) & ~seen & (stack.max(axis=(1, 2)) * steps >= 1)).any():
        raise _refusal("a marked slice is missing")
    _check_directions(seg, source)


def _differ(frame: NDArray[Any], wanted: NDArray[Any], steps: int) -> bool:
    """Whether pixels differ by more than the rounding to steps."""
    if steps == 1:
        return bool((frame != wanted).any())
    return bool(np.abs(frame - wanted * np.float32(steps)).max() > 0.5 + 1e-3)


def _check_position(found: Any, expected: NDArray[np.float64]) -> None:
    if found is None:
        return
    if np.abs(np.array([float(number) for number in found]) - expected).max() > PLACE_MM:
        raise _refusal("a frame does not lie at the place of its slice")


def _slice_of(group: Dataset, slices: dict[str, int]) -> int:
    named = group.DerivationImageSequence[0].SourceImageSequence[0]
    if "ReferencedFrameNumber" in named:
        return int(named.ReferencedFrameNumber) - 1
    return slices[str(named.ReferencedSOPInstanceUID)]


def _segment_of(group: Dataset, seg: Dataset) -> int:
    return int(_either(group, seg, "SegmentIdentificationSequence").ReferencedSegmentNumber)


def _position_of(group: Dataset, seg: Dataset) -> Any:
    return _either(group, seg, "PlanePositionSequence").get("ImagePositionPatient")


def _either(group: Dataset, seg: Dataset, keyword: str) -> Dataset:
    """The item of a frame's own group, or of the shared one."""
    for holder in (group, seg.SharedFunctionalGroupsSequence[0]):
        if holder.get(keyword):
            found: Dataset = holder[keyword][0]
            return found
    return Dataset()


def _check_directions(seg: Dataset, source: Source) -> None:
    """Row and column directions, against the image or its shared groups."""
    ours = _orientation(seg.SharedFunctionalGroupsSequence[0])
    theirs = source.first.get("ImageOrientationPatient")
    shared = source.first.get("SharedFunctionalGroupsSequence")
    if theirs is None and shared:
        theirs = _orientation(shared[0])
    if ours is None or theirs is None:
        return
    if np.abs(np.array(ours, dtype=float) - np.array(theirs, dtype=float)).max() > COSINE:
        raise _refusal("its rows and columns do not run as those of the source")


def _orientation(group: Dataset) -> Any:
    planes = group.get("PlaneOrientationSequence")
    return planes[0].get("ImageOrientationPatient") if planes else None


def _refusal(reason: str) -> InputError:
    return InputError(
        f"The segmentation would not lie on its source: {reason}.",
        next_step="Do not use this file; report the series' geometry (no patient data) to us.",
    )
