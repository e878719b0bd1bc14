"""One DICOM file: what it is, and its pixels."""

from __future__ import annotations

from typing import Any

from nof1.imaging.image import Header
from nof1.imaging.reading import dicomfile, dicomgeometry, dicomvalues
from nof1.imaging.reading.description import Description, Plane
from nof1.imaging.reading.dicomfile import DicomFile, uid
from nof1.imaging.reading.dicomheader import header, is_localizer, text, values
from nof1.imaging.reading.dicomvalues import number
from nof1.imaging.reading.limits import Limits
from nof1.imaging.reading.refusal import Unreadable

SEGMENTATIONS = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
KNOWN_PHOTOMETRIC = (
    *("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "RGB", "YBR_FULL"),
    *("YBR_FULL_422", "YBR_ICT", "YBR_RCT", "YBR_PARTIAL_420", "YBR_PARTIAL_422"),
)
BITS = (1, 8, 16, 32, 64)  # PS3.5 8.1.1
SPLITS = (  # what tells several stacks of one series apart, most telling first
    *("AcquisitionNumber", "EchoNumbers", "EchoTime", "TemporalPositionIdentifier"),
    *("TriggerTime", "DiffusionBValue", "InversionTime", "AcquisitionTime"),
)
EXPORT = "Export the file again, or ask whoever made it."


def describe(file: DicomFile, sha256: str, limits: Limits) -> Description:
    """Everything about the file but its pixels.

    Raises
    ------
    Unreadable : when it holds no picture, or one that is too large.
    """
    dataset = file.dataset
    shape, frames = _shape(dataset, limits, _pixels(file))
    head, notes = header(dataset, file.syntax)
    planes = dicomgeometry.planes(dataset, frames)
    spacing, about_spacing = dicomgeometry.spacing(dataset)
    rescaled = dicomvalues.rescale(dataset, 0) is not None
    unit, about_unit = dicomvalues.unit(dataset, rescaled)
    window, curve, about_window = dicomvalues.window(dataset)
    about = about_spacing + about_unit + about_window
    turned = head.photometric == "MONOCHROME1"
    return Description(
        kind="dicom",
        sha256=sha256,
        shape=shape,
        unit=unit,
        header=_placed(head, planes[0]),
        turned=turned,
        stored=dicomvalues.stored_range(dataset),
        padding=None if len(shape) > 2 and shape[-1] == 3 else dicomvalues.padding(dataset),
        planes=planes,
        spacing=spacing,
        thickness=dicomgeometry.thickness(dataset),
        window=window,
        curve=curve,
        series=str(dataset.get("SeriesInstanceUID") or ""),
        frame_of_reference=str(dataset.get("FrameOfReferenceUID") or ""),
        instance=str(dataset.get("SOPInstanceUID") or ""),
        number=_integer(dataset, "InstanceNumber"),
        splits=_splits(dataset),
        localizer=is_localizer(dataset),
        stackable=frames == 1 and None not in (planes[0].position, planes[0].across),
        notes=(*file.notes, *notes, *about, *_placing(head, planes)),
    )


def _pixels(file: DicomFile) -> str:
    """What the file is, if it holds pixels that are a picture.

    Raises
    ------
    Unreadable : for reports, plans, presentation states, masks and the like.
    """
    kind = uid.UID(str(file.dataset.get("SOPClassUID") or ""))
    name = kind.name if kind.is_valid and kind.name != kind else "no named kind"
    if file.start is None:
        raise Unreadable(f"It holds no pixels (DICOM: {name}).", "Read the pictures beside it.")
    if not dicomfile.is_decodable(file.syntax):
        raise Unreadable(
            f"No decoder here knows its transfer syntax ({uid.UID(file.syntax).name}).",
            dicomfile.EXPORT_PLAIN,
        )
    if str(kind) in SEGMENTATIONS:
        raise Unreadable("It holds a mask (segmentation), not a picture.", "Read its source.")
    return str(name)


def _shape(dataset: Any, limits: Limits, kind: str) -> tuple[tuple[int, ...], int]:
    rows, columns = _integer(dataset, "Rows") or 0, _integer(dataset, "Columns") or 0
    frames = _integer(dataset, "NumberOfFrames") or 1
    samples = _integer(dataset, "SamplesPerPixel") or 1
    if rows < 1 or columns < 1 or frames < 1:
        raise Unreadable("It does not say how many rows and columns it has.", EXPORT)
    if samples not in (1, 3):
        raise Unreadable(f"It has {samples} colours a pixel; 1 and 3 are known.", EXPORT)
    if _integer(dataset, "BitsAllocated") not in BITS:
        raise Unreadable("It does not say, in a known way, how many bits a pixel has.", EXPORT)
    photometric = text(dataset, "PhotometricInterpretation")
    if photometric not in KNOWN_PHOTOMETRIC:
        raise Unreadable("It does not say, in a known way, what its numbers mean.", EXPORT)
    if (photometric in ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR")) != (samples == 1):
        raise Unreadable("Its number of colours contradicts their meaning.", EXPORT)
    colours = 3 if photometric == "PALETTE COLOR" else samples
    size = frames * rows * columns * colours
    if size > limits.voxels:
        raise Unreadable(
            f"It asks for {size:,} numbers; the limit is {limits.voxels:,}.",
            "Raise the limit `voxels` if you trust this file.",
        )
    shape = (rows, columns) if frames == 1 else (frames, rows, columns)
    return (shape if colours == 1 else (*shape, 3)), frames


def _integer(dataset: Any, keyword: str) -> int | None:
    found = number(dataset, keyword)
    return int(found) if found is not None and abs(found) < 2**53 else None


def _placed(head: Header, plane: Plane) -> Header:
    """The header with Patient Orientation taken from the plane where only that is given."""
    if head.position is not None or (found := dicomgeometry.letters(plane)) is None:
        return head
    return Header(**{**{k: getattr(head, k) for k in head.__dataclass_fields__}, "position": found})


def _placing(head: Header, planes: tuple[Plane, ...]) -> tuple[str, ...]:
    if head.position is None and dicomgeometry.letters(planes[0]) is None:
        return ("The file does not say how the patient lies in the picture.",)
    return ()


def _splits(dataset: Any) -> dict[str, str]:
    found = {key: "\\".join(values(dataset, key))[:64] for key in SPLITS}
    found["ImageType"] = "\\".join(values(dataset, "ImageType"))[:128]
    return {key: value for key, value in found.items() if value}
