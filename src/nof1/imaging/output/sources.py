"""The source of a DICOM answer: checked, completed and positioned copies of its datasets.

An SR or SEG belongs to one study and one series of images. What it copies from them (patient,
study, geometry) must be there; empty type 2 attributes are filled in as empty, values that DICOM
does not allow are left out, and both are said. Source: DICOM PS3.3, sections C.7.1 to C.7.6.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.uid import generate_uid
from pydicom.valuerep import DA, TM, DSfloat

from nof1.core.errors import InputError
from nof1.imaging.image import Image

UIDS = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
TYPE_2 = (
    "PatientID",
    "PatientName",
    "PatientBirthDate",
    "PatientSex",
    "AccessionNumber",
    "StudyID",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
)
# What highdicom reads from the images after the first.
GEOMETRY = (
    *UIDS,
    *TYPE_2,
    "Modality",
    "Rows",
    "Columns",
    "NumberOfFrames",
    "FrameOfReferenceUID",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "SliceThickness",
    "SpacingBetweenSlices",
)
PLACE_MM = 0.1  # how far a slice may lie from where the affine puts it
SEXES = ("", "M", "F", "O")
NEXT_STEP = "Use the files as they came from the scanner or the archive."


@dataclass(frozen=True, eq=False)
class Source:
    """Datasets in the order of the slices, ready for highdicom, and what was left out of them.

    ``order``: for a file of several frames, the frame (from 0) of each slice of the picture; a
    reader may have sorted them by place. Empty when they are in the same order.
    """

    datasets: tuple[Dataset, ...]
    notes: tuple[str, ...]
    order: tuple[int, ...] = ()

    @property
    def first(self) -> Dataset:
        """The first image: patient and study are copied from it."""
        return self.datasets[0]

    @property
    def frames(self) -> int:
        """Slices in all: files, or frames of one file."""
        return max(len(self.datasets), int(self.first.get("NumberOfFrames") or 1))

    def by_frame(self, stack: NDArray[Any]) -> NDArray[Any]:
        """An array over the picture's slices, in the order of the file's frames."""
        if not self.order:
            return stack
        out = np.empty_like(stack)
        out[list(self.order)] = stack
        return out

    def uid(self, *entropy: str) -> str:
        """A UID that depends only on these images and these words."""
        return str(generate_uid(entropy_srcs=[str(self.first.StudyInstanceUID), *entropy]))

    def identity(self) -> str:
        """The images, as text."""
        return "|".join(str(one.SOPInstanceUID) for one in self.datasets)


def source_of(image: Image) -> Source:
    """The datasets of a picture, checked and completed.

    Raises
    ------
    InputError : when the picture does not come from DICOM, or its files lack what an answer needs
        to be filed into their study; the message says what.
    """
    if not image.datasets:
        raise InputError(
            "This picture does not come from DICOM: there is no study to file an answer into.",
            allowed="a DICOM file or series",
            next_step="Read the DICOM files, or write the masks as NIfTI.",
        )
    _check_uids(image.datasets)
    first, notes = _completed(_plain(image.datasets[0]))
    rest = [_completed(_chosen(one))[0] for one in image.datasets[1:]]
    source = Source((first, *rest), notes)
    return replace(source, order=_order(image, source))


def _check_uids(datasets: tuple[Any, ...]) -> None:
    for keyword in UIDS:
        if not all(one.get(keyword) for one in datasets):
            raise _refusal(f"A file has no {keyword}: nothing can refer to it.")
    for keyword, word in (("StudyInstanceUID", "study"), ("SeriesInstanceUID", "series")):
        if len({one.get(keyword) for one in datasets}) > 1:
            raise _refusal(f"The files belong to more than one {word}.")
    if len({one.SOPInstanceUID for one in datasets}) < len(datasets):
        raise _refusal("Two files carry the same SOPInstanceUID.")


def _order(image: Image, source: Source) -> tuple[int, ...]:
    """The frame of each slice: as many as slices, of the same shape, where the affine says."""
    shape = image.pixels.shape if image.pixels.ndim >= 3 else (1, *image.pixels.shape)
    if image.pixels.ndim == 3 and image.pixels.shape[-1] == 3 and source.frames == 1:
        shape = (1, *image.pixels.shape[:2])  # a colour picture
    wanted = (source.frames, int(source.first.Rows), int(source.first.Columns))
    if shape[:3] != wanted:
        raise _refusal(f"The picture has the shape {shape}, its files say {wanted}.")
    places = positions(source)
    if image.affine is None or places is None:
        return ()
    expected = image.affine[:3, 3] + np.arange(len(places))[:, None] * image.affine[:3, 0]
    distance = np.abs(expected[:, None] - places[None]).max(axis=2)  # (slices, frames)
    order = distance.argmin(axis=1)
    in_place = (order == np.arange(len(order))).all()
    if distance.min(axis=1).max() > PLACE_MM or len(set(order.tolist())) < len(order):
        raise _refusal("The slices do not lie where the picture's affine puts them.")
    if not in_place and len(source.datasets) > 1:
        raise _refusal("The files are not in the order of the picture's slices.")
    return () if in_place else tuple(order.tolist())


def positions(source: Source) -> NDArray[np.float64] | None:
    """(slices, 3): mm of the middle of each slice's first pixel, or None where it is not said."""
    if len(source.datasets) < source.frames:
        groups = source.first.get("PerFrameFunctionalGroupsSequence") or ()
        found = [_frame_position(group) for group in groups]
    else:
        found = [one.get("ImagePositionPatient") for one in source.datasets]
    if not found or any(place is None for place in found):
        return None
    return np.array([[float(number) for number in place] for place in found])


def _frame_position(group: Dataset) -> Any:
    planes = group.get("PlanePositionSequence") or (Dataset(),)
    return planes[0].get("ImagePositionPatient")


def _plain(dataset: Any) -> Dataset:
    """A copy without pixels and private elements."""
    made = Dataset()
    for element in dataset:
        if not element.tag.is_private and element.tag.group != 0x7FE0:
            made.add(element)
    return made


def _chosen(dataset: Any) -> Dataset:
    """A copy with what an answer needs of an image after the first."""
    made = Dataset()
    for keyword in GEOMETRY:
        if keyword in dataset:
            made.add(dataset[keyword])
    return made


def _completed(dataset: Dataset) -> tuple[Dataset, tuple[str, ...]]:
    """The dataset with its type 2 attributes present and valid, and which were emptied."""
    emptied = []
    for keyword in TYPE_2:
        if keyword not in dataset:
            setattr(dataset, keyword, "")
        elif not _valid(keyword, dataset.get(keyword)):
            setattr(dataset, keyword, "")
            emptied.append(f"{keyword} of the source is not valid DICOM and was left empty.")
    return dataset, tuple(emptied)


def _valid(keyword: str, value: Any) -> bool:
    try:
        if keyword.endswith("Date"):
            DA(value)
        elif keyword.endswith("Time"):
            TM(value)
        elif keyword == "PatientSex":
            return value is None or str(value) in SEXES
    except (ValueError, TypeError):
        return False
    return True


def spacing_of(dataset: Dataset) -> tuple[float, float] | None:
    """(row, column) distance in mm of a film or slice; None where it is not said."""
    for keyword in ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing"):
        value = dataset.get(keyword)
        if value and len(value) == 2 and min(DSfloat(one) for one in value) > 0:
            return float(value[0]), float(value[1])
    return None


def _refusal(message: str) -> InputError:
    return InputError(message, where="the DICOM source", next_step=NEXT_STEP)
