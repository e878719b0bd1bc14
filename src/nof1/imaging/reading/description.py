"""What the guarded process says about one file before any pixel is decoded.

These are the only shapes that cross from the process that touches strangers' bytes into ours;
msgspec checks every field, so that a process taken over by a hostile file cannot hand over more.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from nof1.imaging.image import Header, Unit

Kind = Literal["dicom", "nifti", "picture"]
Vector = tuple[float, float, float]


class Plane(msgspec.Struct, frozen=True, kw_only=True):
    """Where one frame lies and how its stored numbers become values.

    ``position`` is the middle of the first pixel, in mm, in the patient axes L, P, S. ``across``
    and ``down`` are the directions in which columns and rows count up. ``value`` = ``slope`` *
    stored + ``intercept``.
    """

    position: Vector | None = None
    across: Vector | None = None
    down: Vector | None = None
    slope: float = 1.0
    intercept: float = 0.0


class Description(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file, from its header.

    Attributes
    ----------
    sha256 : of the file's bytes.
    shape : of the array that decoding will give, stored order; colour last.
    stored : lowest and highest stored number that the header allows; what is turned over for
        MONOCHROME1 is turned over within these.
    padding : lowest and highest stored number that mean "nothing was here".
    planes : one for each frame, or none where the file has no frames in space.
    spacing : mm between (rows, columns); ``thickness`` mm of one slice.
    series, instance : identifiers of the file format, never of the patient.
    splits : what tells stacks of one series apart (echo, acquisition, time ...).
    curve : display value (0 to 1) at even steps from window[0] to window[1], for windows that
        are not a straight line.
    """

    kind: Kind
    sha256: str
    shape: tuple[int, ...]
    unit: Unit = "raw"
    header: Header
    turned: bool = False
    stored: tuple[float, float] = (0.0, 0.0)
    padding: tuple[float, float] | None = None
    planes: tuple[Plane, ...] = ()
    spacing: tuple[float, float] | None = None
    thickness: float | None = None
    affine: tuple[tuple[float, float, float, float], ...] | None = None
    spacing_nd: tuple[float, ...] | None = None
    window: tuple[float, float] | None = None
    curve: tuple[float, ...] | None = None
    series: str = ""
    frame_of_reference: str = ""
    instance: str = ""
    number: int | None = None
    splits: dict[str, str] = {}
    localizer: bool = False
    stackable: bool = False
    notes: tuple[str, ...] = ()


class Decoded(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The form of an array of pixels, and what decoding found out."""

    dtype: Literal["u1", "i1", "<u2", "<i2", "<u4", "<i4", "<f4"]
    shape: tuple[int, ...]
    notes: tuple[str, ...] = ()
