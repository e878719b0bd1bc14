"""Phantom CT volumes: a body, two lungs, bone and a nodule, with their true volumes in millilitres.

The body is an elliptic cylinder, the lungs and the nodule are ellipsoids, bone is a spine and a rib
ring. The true volumes are counted on the voxels that were drawn (before the noise): a segmentation
that finds exactly those voxels has exactly these volumes. Written as a DICOM series (CT Image IOD,
PS3.3 A.3) and as NIfTI: both hold the same Hounsfield units.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import UsageError
from nof1.core.extras import require
from nof1.synthetic.film_files import (
    add_person,
    made_uid,
    set_pixels,
    set_time,
    synthetic_dataset,
)

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
LABELS = {"body": 1, "lung_right": 2, "lung_left": 3, "bone": 4, "nodule": 5}
HU = {"air": -1000.0, "body": 40.0, "lung": -850.0, "bone": 600.0, "nodule": 30.0}
INTERCEPT = -1024


@dataclass(frozen=True, eq=False)
class Phantom:
    """One drawn volume.

    Attributes
    ----------
    hu : (slices, rows, columns) float32, Hounsfield units; slices go to the head, rows to the back,
        columns to the patient's left.
    labels : uint8, 0 outside, else ``LABELS`` (each voxel once; the nodule is not in its lung).
    spacing_mm : between slices, rows, columns.
    volumes_ml : name -> millilitres. ``lungs`` is both with the nodule, ``body_whole`` everything.
    patient : made-up id; ``age_years``, ``sex``.
    """

    hu: NDArray[np.float32]
    labels: NDArray[np.uint8]
    spacing_mm: tuple[float, float, float]
    volumes_ml: dict[str, float]
    patient: str
    age_years: float
    sex: str


def draw_ct(
    seed: int = 0,
    *,
    shape: tuple[int, int, int] = (40, 96, 96),
    noise_hu: float = 15.0,
    nodule_mm: float | None = None,
) -> Phantom:
    """Draw one phantom about 360 mm wide.

    Parameters
    ----------
    shape : slices, rows, columns; each 16 or more.
    noise_hu : standard deviation of the noise.
    nodule_mm : diameter of the nodule; drawn between 12 and 30 mm by default.

    Raises
    ------
    UsageError : when the volume is smaller than 16 voxels along an axis.
    """
    if min(shape) < 16:
        raise UsageError("The phantom is too small.", where="shape", allowed="16 or more each")
    rng = np.random.default_rng(seed)
    spacing = (300.0 / shape[0], 300.0 / shape[1], 400.0 / shape[2])
    z, y, x = _millimetres(shape, spacing)
    labels = _draw_labels(rng, z, y, x, nodule_mm)
    hu = _hounsfield(labels) + rng.normal(0, noise_hu, shape)
    return Phantom(
        hu=np.clip(np.round(hu), -1024, 3071).astype(np.float32),
        labels=labels,
        spacing_mm=spacing,
        volumes_ml=volumes_ml(labels, spacing),
        patient=f"SYN-CT-{seed:05d}",
        age_years=float(rng.integers(30, 85)),
        sex="MF"[int(rng.random() < 0.5)],
    )


def _millimetres(shape: tuple[int, ...], spacing: tuple[float, ...]) -> list[NDArray[np.float64]]:
    """Distance of each voxel from the middle of the volume along each axis, ready to broadcast."""
    lines = [(np.arange(n) - (n - 1) / 2) * step for n, step in zip(shape, spacing, strict=True)]
    return list(np.meshgrid(*lines, indexing="ij", sparse=True))


def _draw_labels(
    rng: np.random.Generator,
    z: NDArray[np.float64],
    y: NDArray[np.float64],
    x: NDArray[np.float64],
    nodule_mm: float | None,
) -> NDArray[np.uint8]:
    wide, deep = 170 + rng.normal(0, 5), 110 + rng.normal(0, 4)
    shell = (x / wide) ** 2 + (y / deep) ** 2 + 0 * z
    labels = np.where(shell <= 1, LABELS["body"], 0).astype(np.uint8)
    ring = (shell > 0.72) & (shell < 0.80) & (np.abs(np.mod(z, 30) - 15) < 6)
    spine = (x / 18) ** 2 + ((y - 0.72 * deep) / 18) ** 2 + 0 * z <= 1
    labels[ring | spine] = LABELS["bone"]
    centres = {"lung_right": -75.0, "lung_left": 75.0}
    half = {name: rng.uniform(0.94, 1.02) * np.array([105.0, 66.0, 52.0]) for name in centres}
    for name, centre in centres.items():
        far = (z / half[name][0]) ** 2 + (y / half[name][1]) ** 2
        labels[far + ((x - centre) / half[name][2]) ** 2 <= 1] = LABELS[name]
    side = ("lung_right", "lung_left")[int(rng.integers(2))]
    radius = (rng.uniform(12, 30) if nodule_mm is None else nodule_mm) / 2
    place = (rng.uniform(-40, 40), rng.uniform(-20, 20), centres[side] + rng.uniform(-12, 12))
    distance = (z - place[0]) ** 2 + (y - place[1]) ** 2 + (x - place[2]) ** 2
    labels[distance <= radius**2] = LABELS["nodule"]
    return labels


def _hounsfield(labels: NDArray[np.uint8]) -> NDArray[np.float64]:
    table = np.full(len(LABELS) + 1, HU["air"])
    for name, label in LABELS.items():
        table[label] = HU[name.split("_")[0]]
    return table[labels]


def volumes_ml(
    labels: NDArray[np.uint8], spacing_mm: tuple[float, float, float]
) -> dict[str, float]:
    """Millilitres of each label, of both lungs with the nodule, and of everything."""
    counts = np.bincount(labels.ravel(), minlength=len(LABELS) + 1)
    voxel = float(np.prod(spacing_mm)) / 1000
    found = {name: float(counts[label]) * voxel for name, label in LABELS.items()}
    found["lungs"] = found["lung_right"] + found["lung_left"] + found["nodule"]
    found["body_whole"] = float(counts[1:].sum()) * voxel
    return found


def write_series(folder: Path, phantom: Phantom, *, taken: datetime | None = None) -> list[Path]:
    """Write one DICOM file for each slice (file names do not follow the slices' order).

    ``taken`` is UTC (without: a day in 2030).
    """
    folder.mkdir(parents=True, exist_ok=True)
    count = len(phantom.hu)
    paths = []
    for number in range(count):
        paths.append(folder / f"{(number * 7919 + 13) % 100003:06d}.dcm")
        dataset = _slice(phantom, number)
        if taken is not None:
            set_time(dataset, taken)
        dataset.save_as(paths[-1], enforce_file_format=True)
    return paths


def _slice(phantom: Phantom, number: int) -> Any:
    between, row, column = phantom.spacing_mm
    name = f"{phantom.patient}-{number:04d}"
    dataset = synthetic_dataset(CT_IMAGE, name, phantom.patient, series="ct")
    add_person(dataset, phantom.age_years, phantom.sex)
    dataset.Modality, dataset.BodyPartExamined = "CT", "CHEST"
    dataset.ImageType = ["DERIVED", "PRIMARY", "AXIAL"]
    dataset.InstanceNumber = number + 1
    dataset.FrameOfReferenceUID = made_uid(phantom.patient, "frame")
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    z, y, x = first_voxel_mm(phantom)
    dataset.ImagePositionPatient = [f"{v:.6g}" for v in (x, y, z + number * between)]
    dataset.PixelSpacing = [f"{row:.6g}", f"{column:.6g}"]
    dataset.SliceThickness = f"{between:.6g}"
    dataset.PhotometricInterpretation = "MONOCHROME2"
    stored = (phantom.hu[number] - INTERCEPT).astype(np.uint16)
    set_pixels(dataset, stored, bits=12)
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = INTERCEPT, 1, "HU"
    dataset.WindowCenter, dataset.WindowWidth = 40, 400
    return dataset


def first_voxel_mm(phantom: Phantom) -> tuple[float, float, float]:
    """Patient position (slice, row, column axis) of the centre of voxel (0, 0, 0), millimetres."""
    first = [
        -(n - 1) / 2 * step for n, step in zip(phantom.hu.shape, phantom.spacing_mm, strict=True)
    ]
    return first[0], first[1], first[2]


def write_nifti(path: Path, phantom: Phantom, *, labels: bool = False) -> None:
    """Write the volume (or its labels) as NIfTI: axes column, row, slice in RAS+ millimetres."""
    nibabel = require("nibabel", "imaging")
    between, row, column = phantom.spacing_mm
    z, y, x = first_voxel_mm(phantom)
    affine = np.diag([-column, -row, between, 1.0])  # DICOM's L, P are NIfTI's -R, -A
    affine[:3, 3] = (-x, -y, z)
    voxels = phantom.labels if labels else phantom.hu.astype(np.int16)
    image = nibabel.Nifti1Image(np.ascontiguousarray(voxels.transpose(2, 1, 0)), affine)
    image.header["descrip"] = b"SYNTHETIC phantom, nof1"
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(image, path)
