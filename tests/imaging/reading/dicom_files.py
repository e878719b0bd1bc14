"""Small DICOM files made by hand, one trap at a time. Nothing in them is a patient's."""

from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
)

NAME = "CANARY^NAME"  # must never be seen in what reading says
GREY = np.arange(64 * 48, dtype=np.uint16).reshape(64, 48) % 4096


def dataset(pixels=GREY, *, syntax=ExplicitVRLittleEndian, frames=None, uid="1.2.3.4", **tags):
    """A data set with ``pixels`` as stored; ``tags`` replace or (None) take away elements."""
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = syntax
    made.file_meta.MediaStorageSOPInstanceUID = uid
    rows, columns = pixels.shape[1 if frames else 0 :][:2]
    elements = {
        "SOPClassUID": DigitalXRayImageStorageForPresentation,
        "SOPInstanceUID": uid,
        "StudyInstanceUID": "1.2.3",
        "SeriesInstanceUID": "1.2.3.1",
        "Modality": "DX",
        "PatientName": NAME,
        "PatientID": "CANARY-ID",
        "PatientOrientation": ["L", "F"],
        "BurnedInAnnotation": "NO",
        "PixelSpacing": [0.5, 0.25],
        "PhotometricInterpretation": "MONOCHROME2",
        "SamplesPerPixel": 1,
        "Rows": rows,
        "Columns": columns,
        "NumberOfFrames": frames,
        "BitsAllocated": pixels.dtype.itemsize * 8,
        "BitsStored": pixels.dtype.itemsize * 8,
        "HighBit": pixels.dtype.itemsize * 8 - 1,
        "PixelRepresentation": int(pixels.dtype.kind == "i"),
        "PixelData": pixels.tobytes() + b"\0" * (pixels.nbytes % 2),
        **tags,
    }
    made.file_meta.MediaStorageSOPClassUID = elements["SOPClassUID"]
    for keyword, value in elements.items():
        if value is not None:
            setattr(made, keyword, value)
    if "PixelData" in made:
        made["PixelData"].VR = "OB" if pixels.dtype.itemsize == 1 else "OW"
    return made


def write(path: Path, pixels=GREY, **tags) -> Path:
    """A DICOM file with these stored pixels."""
    made = dataset(pixels, **tags)
    pydicom.dcmwrite(path, made, enforce_file_format=True)
    return path


def series(folder: Path, positions, *, names=None, **tags) -> list[Path]:
    """CT slices of 16 x 12 at these heights (mm); the stored value of a slice is its number."""
    paths = []
    folder.mkdir(exist_ok=True, parents=True)
    for number, height in enumerate(positions):
        position = [-10.0, -20.0, height] if np.isscalar(height) else list(height)
        own = {
            "SOPClassUID": CTImageStorage,
            "Modality": "CT",
            "RescaleSlope": 1,
            "RescaleIntercept": -1024,
            "ImagePositionPatient": position,
            "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
            "FrameOfReferenceUID": "1.2.9",
            "InstanceNumber": number + 1,
            "uid": f"1.2.3.{tags.get('SeriesInstanceUID') or '1'}.{number}",
            **tags,
        }
        pixels = own.pop("pixels", np.full((16, 12), number, np.int16))
        name = names[number] if names else f"{number:03}.dcm"
        paths.append(write(folder / name, pixels, **own))
    return paths
