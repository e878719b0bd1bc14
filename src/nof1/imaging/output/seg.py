"""Masks and heatmaps over a film or a series as a DICOM Segmentation object.

A mask is written as a BINARY segment, a heatmap (0 to 1) as a FRACTIONAL one in 255 steps. Every
segment is AUTOMATIC and names its model. What was written is read again and compared with the
source before it is handed out: same row, same column, same slice, same place in the patient.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import highdicom as hd
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.sr.coding import Code

from nof1.core.errors import InputError
from nof1.core.finding import NOTICE, Basis
from nof1.imaging.image import Image
from nof1.imaging.output import codes
from nof1.imaging.output.placement import check_placement
from nof1.imaging.output.sources import Source, source_of, spacing_of
from nof1.imaging.output.sr import own_scheme
from nof1.imaging.output.written import (
    MAKER,
    Written,
    built,
    digest,
    equipment,
    finished,
    quiet,
    stamped,
)

STEPS = 255
LONGEST_LABEL = 64
UNKNOWN_MM = 1.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Segment:
    """One mask (yes/no) or heatmap (numbers 0 to 1) of the shape of the picture.

    ``category`` and ``kind`` are codes (DICOM CID 7150 and 7151).
    """

    label: str
    array: NDArray[Any]
    category: Code
    kind: Code
    basis: Basis


def organ(name: str, mask: NDArray[np.bool_], basis: Basis) -> Segment:
    """A segment of one of our classical masks: body, lungs, left lung, right lung, bone."""
    return Segment(
        label=name, array=mask, category=codes.ANATOMY, kind=codes.ORGANS[name], basis=basis
    )


def heatmap(finding: str, values: NDArray[Any], basis: Basis) -> Segment:
    """A segment that says where a model looked; it is no outline of a lesion."""
    return Segment(
        label=f"Where the model looked: {finding}"[:LONGEST_LABEL],
        array=values,
        category=codes.RELATION,
        kind=codes.ATTENTION,
        basis=basis,
    )


@quiet()
def write_seg(
    image: Image, segments: Sequence[Segment], *, at: datetime, series_number: int = 9002
) -> Written:
    """The segmentation object of one picture.

    Parameters
    ----------
    segments : all masks, or all heatmaps; each of the shape of ``image.pixels``.
    at : the time of the object, with its zone.

    Raises
    ------
    InputError : for a picture that is not from DICOM, for arrays of another shape or kind, when
        nothing is marked at all, or when the written object does not lie on its source.
    """
    moment = stamped(at)
    source = source_of(image)
    stack = source.by_frame(_stack(segments, source))
    heat = stack.dtype != np.bool_
    content = _content(segments, moment)
    made = built(lambda: _object(source, segments, stack, content, series_number, moment))
    _name_dimensions(made, source.uid("dimensions", source.identity(), content))
    written = finished(made, moment, source.notes)
    check_placement(written.content, source, stack, STEPS if heat else 1)
    return written


def _name_dimensions(made: Dataset, uid: str) -> None:
    """Replace the one UID that the library draws at random, wherever it stands."""
    for keyword in ("DimensionOrganizationSequence", "DimensionIndexSequence"):
        for item in made.get(keyword, ()):
            item.DimensionOrganizationUID = uid


def _content(segments: Sequence[Segment], at: datetime) -> str:
    parts = [
        part
        for one in segments
        for part in (
            one.label.encode(),
            one.basis.content_hash.encode(),
            np.ascontiguousarray(one.array).tobytes(),
        )
    ]
    return digest(*parts) + str(at)


def _stack(segments: Sequence[Segment], source: Source) -> NDArray[Any]:
    """(slices, rows, columns, segments): yes/no, or float32 from 0 to 1."""
    if not segments:
        raise InputError("A segmentation needs at least one segment.")
    shape = (source.frames, int(source.first.Rows), int(source.first.Columns))
    arrays = [_checked(one, shape) for one in segments]
    if len({array.dtype for array in arrays}) > 1:
        raise InputError("Masks and heatmaps cannot lie in one object.", next_step="Write two.")
    stack = np.stack(arrays, axis=-1)
    if not stack.any():
        raise InputError("Nothing is marked in any segment: there is nothing to write.")
    return stack


def _checked(segment: Segment, shape: tuple[int, int, int]) -> NDArray[Any]:
    array = segment.array
    if array.shape not in (shape, shape[1:] if shape[0] == 1 else shape):
        raise InputError(
            f"A segment has the shape {array.shape}.",
            where=segment.label,
            allowed=f"the shape of the picture, {shape if shape[0] > 1 else shape[1:]}",
        )
    array = array.reshape(shape)
    if array.dtype == np.bool_:
        return array
    values = array.astype(np.float32)
    if not np.isfinite(values).all() or values.min() < 0 or values.max() > 1:
        raise InputError("A heatmap has values that are not between 0 and 1.", where=segment.label)
    return values


def _object(
    source: Source,
    segments: Sequence[Segment],
    stack: NDArray[Any],
    content: str,
    series_number: int,
    at: datetime,
) -> Dataset:
    heat = stack.dtype != np.bool_
    described = [_described(source, one, n, content) for n, one in enumerate(segments, 1)]
    return hd.seg.Segmentation(
        source_images=list(source.datasets),
        pixel_array=stack if heat else stack.view(np.uint8),
        segmentation_type="FRACTIONAL" if heat else "BINARY",
        fractional_type="PROBABILITY",
        max_fractional_value=STEPS,
        segment_descriptions=described,
        series_instance_uid=source.uid("SEG series", content),
        series_number=series_number,
        sop_instance_uid=source.uid("SEG", source.identity(), content),
        instance_number=1,
        device_serial_number=segments[0].basis.content_hash[:LONGEST_LABEL],
        content_label="HEATMAP" if heat else "MASKS",
        content_description=NOTICE,
        pixel_measures=_measures(source),
        coding_schemes=[own_scheme()],
        **equipment(at),
    )


def _measures(source: Source) -> hd.PixelMeasuresSequence | None:
    """Distances of a film that has no frame of reference; highdicom copies those of a slice."""
    if "FrameOfReferenceUID" in source.first and "ImagePositionPatient" in source.first:
        return None
    if int(source.first.get("NumberOfFrames") or 1) > 1:
        return None
    spacing = spacing_of(source.first)
    if spacing is None:
        return None
    return hd.PixelMeasuresSequence(pixel_spacing=spacing, slice_thickness=UNKNOWN_MM)


def _described(
    source: Source, segment: Segment, number: int, content: str
) -> hd.seg.SegmentDescription:
    basis = segment.basis
    algorithm = hd.AlgorithmIdentificationSequence(
        name=basis.id,
        version=basis.version,
        family=codes.FAMILIES[basis.kind],
        source=MAKER,
        parameters={"content hash (SHA-256)": basis.content_hash},
    )
    return hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=segment.label,
        segmented_property_category=segment.category,
        segmented_property_type=segment.kind,
        algorithm_type="AUTOMATIC",
        algorithm_identification=algorithm,
        tracking_uid=source.uid("segment", source.identity(), content, str(number)),
        tracking_id=f"segment {number}",
    )
