"""Phantom films as files: DICOM digital X-ray images, with the truth beside them.

    films/film-00000.dcm ...      16 bits allocated, 12 stored, MONOCHROME2 or MONOCHROME1
    truth/films.csv               one row per film (see :class:`nof1.synthetic.films.FilmSet`)
    truth/masks.npz               film -> packed mask of its opacity

Every file says SYNTHETIC in the patient's name, the series and the comments. Identifiers are made
from the film's id with a hash, so the same films give the same bytes. Attributes after DICOM PS3.3,
A.26 (Digital X-Ray Image IOD).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.core.extras import require
from nof1.synthetic.films import Film, truth_table

SYNTHETIC = "SYNTHETIC"
COMMENT = "SYNTHETIC: drawn by nof1, no person; not for clinical use"
UID_ROOT = "2.25."  # UUID-derived UIDs, PS3.5 annex B.2
STORED_BITS = 12
DX_FOR_PRESENTATION = "1.2.840.10008.5.1.4.1.1.1.1"
CHEST_WIDTH_MM = 400.0


def write_films(folder: Path, films: Sequence[Film], *, monochrome1_every: int = 4) -> list[Path]:
    """Write films and their truth; every ``monochrome1_every``-th is MONOCHROME1 (0: none)."""
    (folder / "films").mkdir(parents=True, exist_ok=True)
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    paths = []
    for number, film in enumerate(films):
        name = f"film-{number:05d}"
        turned = bool(monochrome1_every) and number % monochrome1_every == monochrome1_every - 1
        paths.append(folder / "films" / f"{name}.dcm")
        write_film(paths[-1], film, name, monochrome1=turned)
    truth_table(list(films)).write_csv(folder / "truth" / "films.csv", float_precision=4)
    masks: dict[str, Any] = {
        f"film-{n:05d}": np.packbits(film.mask) for n, film in enumerate(films)
    }
    np.savez_compressed(folder / "truth" / "masks.npz", allow_pickle=False, **masks)
    return paths


def write_film(
    path: Path,
    film: Film,
    name: str,
    *,
    monochrome1: bool = False,
    taken: datetime | None = None,
) -> None:
    """Write one film as DICOM; ``taken`` is UTC (without: a day in 2030)."""
    dataset = film_dataset(film, name, monochrome1=monochrome1)
    if taken is not None:
        set_time(dataset, taken)
    dataset.save_as(path, enforce_file_format=True)


def film_dataset(film: Film, name: str, *, monochrome1: bool = False) -> Any:
    """The film as a pydicom dataset, ready to be saved.

    With MONOCHROME1 the stored values are turned over, as such detectors send them.
    """
    dataset = synthetic_dataset(DX_FOR_PRESENTATION, name, film.person.patient)
    add_person(dataset, film.person.age_years, film.person.sex)
    dataset.Modality = "DX"
    dataset.BodyPartExamined = "CHEST"
    dataset.ViewPosition = film.view
    dataset.PatientOrientation = ["L", "F"]
    dataset.ImageLaterality = "U"
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.PixelIntensityRelationship = "LOG"
    dataset.PixelIntensityRelationshipSign = 1
    dataset.ImageType = ["DERIVED", "PRIMARY"]
    dataset.BurnedInAnnotation = "NO"
    dataset.InstitutionName = f"{SYNTHETIC} {film.person.site}"
    dataset.PhotometricInterpretation = "MONOCHROME1" if monochrome1 else "MONOCHROME2"
    dataset.PresentationLUTShape = "INVERSE" if monochrome1 else "IDENTITY"
    spacing = CHEST_WIDTH_MM / film.pixels.shape[1]
    dataset.ImagerPixelSpacing = [f"{spacing:.5g}", f"{spacing:.5g}"]
    top = 2**STORED_BITS - 1
    stored = np.round(np.clip(film.pixels, 0, 1) * top).astype(np.uint16)
    set_pixels(dataset, top - stored if monochrome1 else stored, bits=STORED_BITS)
    dataset.WindowCenter, dataset.WindowWidth = 2 ** (STORED_BITS - 1), 2**STORED_BITS
    return dataset


def add_person(dataset: Any, age_years: float, sex: str) -> None:
    """Age (DICOM AS: months below two years) and sex."""
    months = int(age_years * 12)
    dataset.PatientAge = f"{months:03d}M" if months < 24 else f"{int(age_years):03d}Y"
    dataset.PatientSex = sex


def set_time(dataset: Any, taken: datetime) -> None:
    """When the picture was taken, UTC."""
    day, clock = f"{taken:%Y%m%d}", f"{taken:%H%M%S}"
    dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = dataset.ContentDate = day
    dataset.StudyTime = dataset.SeriesTime = dataset.AcquisitionTime = dataset.ContentTime = clock
    dataset.TimezoneOffsetFromUTC = "+0000"


def set_pixels(dataset: Any, stored: NDArray[Any], *, bits: int) -> None:
    """One grey frame of 16 bits allocated, ``bits`` stored; signed when the array is."""
    dataset.Rows, dataset.Columns = stored.shape
    dataset.SamplesPerPixel = 1
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, bits, bits - 1
    dataset.PixelRepresentation = int(stored.dtype.kind == "i")
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = 0, 1, "US"
    dataset.PixelData = stored.astype("<i2" if stored.dtype.kind == "i" else "<u2").tobytes()


def synthetic_dataset(sop_class: str, name: str, patient: str, *, series: str = "") -> Any:
    """A dataset with identifiers and the word SYNTHETIC, without a picture."""
    pydicom = require("pydicom", "imaging")
    meta = require("pydicom.dataset", "imaging").FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = made_uid(name, patient, "image")
    meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"  # explicit little endian, not compressed
    dataset = pydicom.Dataset()
    dataset.file_meta = meta
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    dataset.StudyInstanceUID = made_uid(series or name, patient, "study")
    dataset.SeriesInstanceUID = made_uid(series or name, patient, "series")
    dataset.PatientName, dataset.PatientID = f"{SYNTHETIC}^{patient}", patient
    dataset.PatientBirthDate = ""
    dataset.StudyDate, dataset.StudyTime = "20300101", "000000"
    dataset.StudyID, dataset.SeriesNumber, dataset.InstanceNumber = "1", 1, 1
    dataset.AccessionNumber, dataset.ReferringPhysicianName = "", ""
    dataset.Manufacturer = "nof1 synthetic hospital"
    dataset.SeriesDescription, dataset.ImageComments = f"{SYNTHETIC} phantom", COMMENT
    return dataset


def made_uid(*parts: str) -> str:
    """A UID that the same parts always give."""
    digest = hashlib.sha256("/".join(parts).encode()).digest()[:16]
    return UID_ROOT + str(int.from_bytes(digest, "big"))
