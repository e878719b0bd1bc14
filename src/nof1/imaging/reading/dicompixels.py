"""The stored numbers of a DICOM file, decoded by pydicom and its plug-ins.

Colours come out as red, green, blue; grey pictures as stored, with a modality table applied.
Source: DICOM PS3.5 section 8 and annex A (encoding of pixel data), PS3.3 C.7.6.3.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.core.extras import require
from nof1.imaging.reading.dicomfile import DicomFile, uid, with_pixels
from nof1.imaging.reading.dicomheader import text
from nof1.imaging.reading.dicomvalues import has_modality_table, number, padding
from nof1.imaging.reading.refusal import Unreadable

processing: Any = require("pydicom.pixels.processing", "imaging")
encaps: Any = require("pydicom.encaps", "imaging")

Array = NDArray[Any]
END_OF_CODE = b"\xff\xd9"  # the last two bytes of every JPEG, JPEG-LS and JPEG 2000 picture
ENDED = "1.2.840.10008.1.2.4."  # start of the identifiers of all those
COPY_AGAIN = "Copy or export the file again."


def decode(file: DicomFile, shape: tuple[int, ...]) -> tuple[Array, tuple[str, ...]]:
    """Stored numbers in ``shape`` (colour last), and notes.

    Raises
    ------
    Unreadable : when pixels are missing, cut off, or of a kind that no decoder here knows.
    """
    dataset = with_pixels(file)
    if uid.UID(file.syntax).is_encapsulated:
        notes = _check_packed(dataset, file.syntax)
    else:
        notes = _check_plain(dataset)
    dataset.pixel_array_options(allow_excess_frames=False)
    stored, more = _stored(dataset, file.syntax)
    if stored.size != math.prod(shape):
        raise Unreadable("Its pixels do not fill the rows and columns it states.", COPY_AGAIN)
    return stored.reshape(shape), notes + more


def _stored(dataset: Any, syntax: str) -> tuple[Array, tuple[str, ...]]:
    one_colour = int(number(dataset, "SamplesPerPixel") or 1) == 1
    if text(dataset, "PhotometricInterpretation") == "PALETTE COLOR":
        return processing.apply_color_lut(dataset.pixel_array, dataset), ()
    if not one_colour or "PixelData" not in dataset:
        return dataset.pixel_array, ()
    stored, notes = _grey(dataset, packed=syntax.startswith(ENDED))
    if has_modality_table(dataset):
        stored = processing.apply_modality_lut(stored, dataset)
    return stored, notes


def _grey(dataset: Any, packed: bool) -> tuple[Array, tuple[str, ...]]:
    """Grey pixels with all bits that the file holds, then without those that mean nothing.

    pydicom would cut the numbers to Bits Stored. Where that is wrong, bright would become dark.
    """
    if packed:
        return _only_stored_bits(dataset.pixel_array, dataset, 0)
    bits, allocated = int(number(dataset, "BitsStored") or 0), int(dataset.BitsAllocated)
    high = int(number(dataset, "HighBit") or 0)
    dataset.BitsStored, dataset.HighBit = allocated, allocated - 1
    stored = dataset.pixel_array
    dataset.BitsStored = bits
    return _only_stored_bits(stored, dataset, high + 1 - bits)


def _check_plain(dataset: Any) -> tuple[str, ...]:
    """Not too few bytes; too many are noted, because a second picture may hide in them."""
    keyword = next(iter(_pixel_keywords(dataset)))
    found = len(dataset[keyword].value)
    bits = int(number(dataset, "BitsAllocated") or 0)
    samples = int(number(dataset, "SamplesPerPixel") or 1)
    frame = int(number(dataset, "Rows") or 0) * int(number(dataset, "Columns") or 0) * samples
    if text(dataset, "PhotometricInterpretation") == "YBR_FULL_422":
        frame = frame // 3 * 2
    needed = math.ceil(frame * int(number(dataset, "NumberOfFrames") or 1) * bits / 8)
    if found < needed:
        raise Unreadable(f"Its pixel data are cut off: {found:,} of {needed:,} bytes.", COPY_AGAIN)
    if found > needed + 1:
        dataset[keyword].value = dataset[keyword].value[: needed + needed % 2]
        return (f"{found - needed:,} bytes after the picture were left out.",)
    return ()


def _check_packed(dataset: Any, syntax: str) -> tuple[str, ...]:
    """As many compressed pictures as frames, and each with its end."""
    frames = int(number(dataset, "NumberOfFrames") or 1)
    count = 0
    for code in encaps.generate_frames(dataset.PixelData, number_of_frames=frames):
        count += 1
        if syntax.startswith(ENDED) and END_OF_CODE not in code[-66:]:
            raise Unreadable("Its compressed pixels are cut off: they have no end.", COPY_AGAIN)
    if count < frames:
        raise Unreadable(f"It holds {count:,} of the {frames:,} frames it states.", COPY_AGAIN)
    return (f"{count - frames:,} frames beyond those it states were left out.",) * (count > frames)


def _pixel_keywords(dataset: Any) -> list[str]:
    names = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
    return [name for name in names if name in dataset]


def _only_stored_bits(stored: Array, dataset: Any, shift: int) -> tuple[Array, tuple[str, ...]]:
    """Take away what the unused high bits hold, where it is clear what they hold.

    Old files keep a drawing there, and some leave out the sign. Anything else is kept and noted:
    then the header is doubtful, and cutting bits could turn bright into dark.
    """
    bits = int(number(dataset, "BitsStored") or 0)
    size = stored.dtype.itemsize * 8
    if not 1 <= bits < size:
        return stored, ()
    if 0 < shift <= size - bits:
        # the number does not end at the lowest bit: what lies above and below it is cut away
        return _cut(np.right_shift(stored, shift), bits), ()
    signed = stored.dtype.kind == "i"
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    least, most = int(stored.min()), int(stored.max())
    if low <= least and most <= high:
        return stored, ()
    drawn = any(
        element.element == 0x0102 and int(dataset[element].value or 0) >= bits
        for element in tuple(dataset.keys())
        if 0x6000 <= element.group <= 0x60FF
    )
    if drawn or (signed and least >= 0 and most < 2**bits):
        return _cut(stored, bits), ("Bits beyond the stored ones were taken away.",)
    if _only_padding(stored, dataset, low, high):
        return stored, ()
    return stored, ("Some numbers are larger than the header allows; they were kept.",)


def _only_padding(stored: Array, dataset: Any, low: int, high: int) -> bool:
    ends = padding(dataset)
    if ends is None:
        return False
    outside = stored[(stored < low) | (stored > high)]
    return bool(((outside >= ends[0]) & (outside <= ends[1])).all())


def _cut(stored: Array, bits: int) -> Array:
    spare = stored.dtype.itemsize * 8 - bits
    return np.right_shift(np.left_shift(stored, spare), spare)
