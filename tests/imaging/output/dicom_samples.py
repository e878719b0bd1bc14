"""Small DICOM sources made by hand: a film (with and without names), a CT series, an MR frame."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from pydicom import Dataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    CTImageStorage,
    DigitalXRayImageStorageForPresentation,
    MRImageStorage,
    generate_uid,
)

from nof1.core.finding import Basis, Coding, Finding, Interval, Kind, Status, Subject, Value
from nof1.imaging.image import Header, Image

AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
BASIS = Basis(
    kind="model",
    id="film-model",
    version="3",
    content_hash="ab" * 32,
    knowledge_date="2026-01-01",
    validated_in="synthetic films only",
)
CLASSES = {
    "DX": DigitalXRayImageStorageForPresentation,
    "CR": ComputedRadiographyImageStorage,
    "CT": CTImageStorage,
    "MR": MRImageStorage,
}


def uid(*words):
    return generate_uid(entropy_srcs=list(words))


def dataset(modality, number=0, *, rows=20, columns=30, series="a"):
    """One image without pixels; no frame of reference."""
    made = Dataset()
    made.SOPClassUID = CLASSES[modality]
    made.SOPInstanceUID = uid(modality, series, str(number))
    made.StudyInstanceUID = uid("study")
    made.SeriesInstanceUID = uid(modality, series)
    made.SpecificCharacterSet = "ISO_IR 100"
    made.PatientName = "Müller^Änne"
    made.PatientID = "P-77"
    made.PatientBirthDate = "19500203"
    made.PatientSex = "F"
    made.AccessionNumber = "A1"
    made.StudyID = "S1"
    made.StudyDate = "20260301"
    made.StudyTime = "101112"
    made.StudyDescription = "Chest"
    made.ReferringPhysicianName = ""
    made.Modality = modality
    made.Rows, made.Columns = rows, columns
    made.InstanceNumber = number + 1
    return made


def film(modality="DX", *, rows=20, columns=30, **changes):
    """A film and its dataset."""
    one = dataset(modality, rows=rows, columns=columns)
    one.PatientOrientation = ["L", "F"]
    one.ImagerPixelSpacing = [0.2, 0.2]
    for keyword, value in changes.items():
        if value is None:
            del one[keyword]
        else:
            setattr(one, keyword, value)
    return Image(
        pixels=np.zeros((rows, columns), np.float32),
        header=Header(modality=modality),
        datasets=(one,),
    )


def series(
    modality="CT", slices=5, *, rows=20, columns=30, directions=(1, 0, 0, 0, 1, 0), upward=True
):
    """A series with a frame of reference; ``directions`` as Image Orientation Patient."""
    along, down = np.array(directions[:3], float), np.array(directions[3:], float)
    normal = np.cross(along, down) * (1 if upward else -1)
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2] = normal * 3, down * 0.8, along * 0.7
    affine[:3, 3] = (-11.5, 22.25, -333.125)
    datasets = []
    for number in range(slices):
        one = dataset(modality, number, rows=rows, columns=columns)
        one.FrameOfReferenceUID = uid("frame of reference")
        one.PositionReferenceIndicator = ""
        one.ImageOrientationPatient = [float(x) for x in directions]
        one.ImagePositionPatient = [float(x) for x in affine[:3, 3] + number * affine[:3, 0]]
        one.PixelSpacing = [0.8, 0.7]
        one.SliceThickness = 3.0
        datasets.append(one)
    return Image(
        pixels=np.zeros((slices, rows, columns), np.float32),
        unit="HU" if modality == "CT" else "raw",
        affine=affine,
        spacing_mm=(3, 0.8, 0.7),
        header=Header(modality=modality),
        datasets=tuple(datasets),
    )


def with_changed(image, number, **changes):
    """The picture with one dataset changed; None deletes."""
    datasets = list(image.datasets)
    one = Dataset()
    for element in datasets[number]:
        one.add(element)
    for keyword, value in changes.items():
        if value is None:
            del one[keyword]
        else:
            setattr(one, keyword, value)
    datasets[number] = one
    return replace(image, datasets=tuple(datasets))


def finding(**changes):
    """Pneumonia with 31 % (22 to 45 %)."""
    fields = {
        "subject": Subject(id="P-77"),
        "as_of": AT,
        "kind": Kind.IMAGE,
        "what": Coding(code="SNOMED//233604007", display="Pneumonia"),
        "status": Status.FOUND,
        "basis": BASIS,
        "value": Value(amount=0.31, unit="1", interval=Interval(low=0.22, high=0.45, level=0.9)),
    }
    return Finding(**(fields | changes))


def withheld(**changes):
    """Pneumothorax, not answered."""
    fields = {
        "what": Coding(code="SNOMED//36118008", display="Pneumothorax"),
        "status": Status.WITHHELD,
        "value": None,
        "reason": "The film is upside down.",
        "resolve": "Turn the film and read it again.",
    }
    return finding(**(fields | changes))
