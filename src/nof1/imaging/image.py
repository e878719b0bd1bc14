"""One image as every part of the room sees it: numbers, their unit, and what the file says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Unit = Literal["HU", "raw"]
SYNTHETIC = "SYNTHETIC"
SAYS_SYNTHETIC = ("PatientName", "SeriesDescription", "ImageComments")


@dataclass(frozen=True, kw_only=True)
class Header:
    """What a file says about its picture; None where it does not say. Never a name or a date.

    ``age_years`` and ``sex`` (M, F) are the patient's at the time of the picture; ``view`` is
    PA, AP, LL ...; ``position`` the row and column direction (DICOM Patient Orientation).
    """

    modality: str | None = None
    body_part: str | None = None
    view: str | None = None
    position: tuple[str, ...] | None = None
    laterality: str | None = None
    age_years: float | None = None
    sex: str | None = None
    burned_in: bool | None = None
    photometric: str | None = None
    transfer_syntax: str | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Image:
    """A picture, ready to be measured.

    Attributes
    ----------
    pixels : float32. A film is (rows, columns), a volume or a film loop (slices, rows, columns);
        a colour picture has a last axis of 3. High is bright: MONOCHROME1 is turned over here.
        CT is in Hounsfield units after the rescale; films keep the modality's values (no window).
    unit : "HU" for CT, otherwise "raw".
    window : (low, high) of the display window the file asks for, in ``unit``; None without one.
    curve : display value (0 dark to 1 bright) at even steps from window[0] to window[1], where the
        file asks for more than a straight line (VOI LUT, sigmoid); None for a straight line.
    spacing_mm : distance of neighbours along each axis of ``pixels`` (colour excepted), or None.
    affine : 4 x 4, index (slice, row, column) -> millimetres in DICOM's patient axes (L, P, S);
        None where the file does not say.
    header : what the file says.
    sources : names of the files, in order of the slices (names only, never a folder).
    sha256 : of the file's bytes; of several files, the hash of their hex hashes in that order.
    notes : what was changed or doubtful, in words, for the reader of the answer.
    datasets : pydicom datasets of the slices without pixels, for DICOM output; empty otherwise.
    """

    pixels: NDArray[np.float32] = field(repr=False)
    unit: Unit = "raw"
    window: tuple[float, float] | None = None
    curve: NDArray[np.float32] | None = None
    spacing_mm: tuple[float, ...] | None = None
    affine: NDArray[np.float64] | None = None
    header: Header = field(default_factory=Header)
    sources: tuple[str, ...] = ()
    sha256: str = ""
    notes: tuple[str, ...] = ()
    datasets: tuple[Any, ...] = field(default=(), repr=False)  # names must not reach a log

    @property
    def is_synthetic(self) -> bool:
        """Whether every file of the picture says that it is SYNTHETIC, as our phantoms do."""
        return bool(self.datasets) and all(map(_says_synthetic, self.datasets))

    @property
    def is_film(self) -> bool:
        """Whether it is one grey picture (rows, columns)."""
        return self.pixels.ndim == 2


def _says_synthetic(dataset: Any) -> bool:
    return any(SYNTHETIC in str(dataset.get(one) or "").upper() for one in SAYS_SYNTHETIC)
