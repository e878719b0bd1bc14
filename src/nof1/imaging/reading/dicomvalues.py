"""How stored numbers of a DICOM file become values, and which of them the file wants displayed.

Source: DICOM PS3.3 C.7.6.3 (image pixel), C.7.5.1.1.2 (padding), C.8.2.1 (CT), C.11.1 (modality
LUT), C.11.2 (VOI LUT and window), C.7.6.16.2.9 (rescale of frames).
"""

from __future__ import annotations

import math
from typing import Any

from nof1.imaging.image import Unit
from nof1.imaging.reading.dicomheader import is_localizer, is_secondary, text, values
from nof1.imaging.reading.refusal import Unreadable

SIGMOID_STEPS = 513
LARGEST_TABLE = 65536
LARGEST = 1e20  # float32 ends at 3e38; no measured value comes near
Window = tuple[float, float]


def numbers(dataset: Any, keyword: str) -> tuple[float, ...]:
    """The finite numbers of an element; empty where it is absent or damaged."""
    try:
        found = tuple(float(part) for part in values(dataset, keyword))
    except (ValueError, TypeError):
        return ()
    return found if all(math.isfinite(v) for v in found) else ()


def number(dataset: Any, keyword: str) -> float | None:
    """The first number of an element, or None."""
    return next(iter(numbers(dataset, keyword)), None)


def group(dataset: Any, frame: int, sequence: str) -> Any:
    """The functional group ``sequence`` of one frame: its own, else the shared one, else None."""
    own = dataset.get("PerFrameFunctionalGroupsSequence")
    shared = dataset.get("SharedFunctionalGroupsSequence")
    for holder in (own[frame] if own and frame < len(own) else None, shared[0] if shared else None):
        found = holder.get(sequence) if holder is not None else None
        if found:
            return found[0]
    return None


def rescale(dataset: Any, frame: int) -> tuple[float, float] | None:
    """(slope, intercept) of one frame, or None where the file gives none that can be used."""
    holder = group(dataset, frame, "PixelValueTransformationSequence")
    holder = dataset if holder is None else holder
    slope, intercept = number(holder, "RescaleSlope"), number(holder, "RescaleIntercept")
    if slope is None and intercept is None:
        return None
    slope = 1.0 if slope is None else slope
    if max(abs(slope), abs(intercept or 0.0)) > LARGEST:
        raise Unreadable("Its rescale gives impossible values.", "Export the file again.")
    return None if abs(slope) < 1 / LARGEST else (slope, intercept or 0.0)


def has_modality_table(dataset: Any) -> bool:
    """Whether a table, and not a straight line, turns stored numbers into values."""
    return bool(dataset.get("ModalityLUTSequence"))


def unit(dataset: Any, rescaled: bool) -> tuple[Unit, tuple[str, ...]]:
    """Hounsfield units for a CT whose header allows them.

    A missing Rescale Type means HU for CT (PS3.3 C.8.2.1.1.2) but not for a screen copy.
    """
    if text(dataset, "Modality") != "CT":
        return "raw", ()
    holder = group(dataset, 0, "PixelValueTransformationSequence")
    kind = (text(dataset if holder is None else holder, "RescaleType") or "").strip()
    if not rescaled or has_modality_table(dataset):
        return "raw", ("A CT without rescale: its values are no Hounsfield units.",)
    if kind not in ("", "HU"):
        return "raw", ("A CT whose values are in another unit than Hounsfield's.",)
    if is_localizer(dataset) or (is_secondary(dataset) and not kind):
        return "raw", ("This CT picture has no Hounsfield units.",)
    if text(dataset, "MultienergyCTAcquisition") == "YES" and not kind:
        return "raw", ("A multi-energy CT that does not name its unit.",)
    return "HU", ()


def stored_range(dataset: Any) -> tuple[float, float]:
    """Lowest and highest stored number: by Bits Stored, or by the modality table."""
    if has_modality_table(dataset):
        return 0.0, 2.0 ** _table_bits(dataset.ModalityLUTSequence[0]) - 1
    bits = int(number(dataset, "BitsStored") or number(dataset, "BitsAllocated") or 16)
    if not 1 <= bits <= 32:
        bits = 16
    signed = number(dataset, "PixelRepresentation") == 1
    return (-(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1) if signed else (0.0, 2.0**bits - 1)


def padding(dataset: Any) -> Window | None:
    """Lowest and highest stored number that mean "no picture here", or None."""
    first = number(dataset, "PixelPaddingValue")
    if first is None or has_modality_table(dataset):
        return None
    last = number(dataset, "PixelPaddingRangeLimit")
    ends = (_as_stored(dataset, first), _as_stored(dataset, first if last is None else last))
    return min(ends), max(ends)


def _as_stored(dataset: Any, value: float) -> float:
    """Padding written with the wrong sign (63536 for -2000): common, and without other meaning."""
    bits = int(number(dataset, "BitsAllocated") or 16)
    if number(dataset, "PixelRepresentation") == 1 and value >= 2.0 ** (bits - 1):
        return value - 2.0**bits
    if number(dataset, "PixelRepresentation") == 0 and value < 0:
        return value + 2.0**bits
    return value


def window(dataset: Any) -> tuple[Window | None, tuple[float, ...] | None, tuple[str, ...]]:
    """(low, high) of the first display window, its curve if it is no line, and notes.

    A table comes before centre and width, as the standard leaves the choice to the reader.
    """
    holder = group(dataset, 0, "FrameVOILUTSequence")
    holder = dataset if holder is None else holder
    if holder.get("VOILUTSequence"):
        found = _table(holder.VOILUTSequence[0], number(dataset, "PixelRepresentation") == 1)
        if found is not None:
            return (*found, ("The display window is a table (VOI LUT).",))
    centres, widths = numbers(holder, "WindowCenter"), numbers(holder, "WindowWidth")
    if not centres or not widths or not 0 < widths[0] < LARGEST or abs(centres[0]) > LARGEST:
        return None, None, ()
    return (*_line(centres[0], widths[0], text(holder, "VOILUTFunction")), ())


def _line(
    centre: float, width: float, function: str | None
) -> tuple[Window, tuple[float, ...] | None]:
    if function == "SIGMOID":
        steps = [4 * i / (SIGMOID_STEPS - 1) - 2 for i in range(SIGMOID_STEPS)]
        curve = tuple(1 / (1 + math.exp(-4 * step)) for step in steps)
        return (centre - 2 * width, centre + 2 * width), curve
    if function == "LINEAR_EXACT":
        return (centre - width / 2, centre + width / 2), None
    half = max(width - 1, 1e-6) / 2  # PS3.3 C.11.2.1.2.1: black at c - 0.5 - (w - 1) / 2
    return (centre - 0.5 - half, centre - 0.5 + half), None


def _table(item: Any, signed: bool) -> tuple[Window, tuple[float, ...]] | None:
    """A VOI table: the values of its first and last entry, and its entries as 0 to 1."""
    parts, data = numbers(item, "LUTDescriptor"), item.get("LUTData")
    if len(parts) != 3 or data is None:
        return None
    size = int(parts[0]) % LARGEST_TABLE or LARGEST_TABLE
    first = parts[1] - 65536 if signed and parts[1] > 32767 else parts[1]
    entries = _entries(data, size)
    if entries is None or size < 2:
        return None
    # the stated number of bits is often wrong; the table's own maximum is what it can show
    bits = int(parts[2]) if 8 <= parts[2] <= 16 else 16
    top = 2**bits - 1 if max(entries) < 2**bits else 65535
    return (first, first + size - 1), tuple(entry / top for entry in entries)


def _entries(data: Any, size: int) -> list[int] | None:
    if isinstance(data, (bytes, bytearray)):
        width = 2 if len(data) >= 2 * size else 1
        found = [
            int.from_bytes(data[i : i + width], "little") for i in range(0, width * size, width)
        ]
    else:
        found = [int(v) for v in data][:size]
    return found if len(found) == size else None


def _table_bits(item: Any) -> int:
    parts = numbers(item, "LUTDescriptor")
    return int(parts[2]) if len(parts) == 3 and 8 <= parts[2] <= 16 else 16
