"""One NIfTI file (.nii or .nii.gz): what it is, and its numbers.

The file counts its numbers (i, j, k) and places them in the axes R, A, S. Here the order is
(slice, row, column) = (k, j, i) and the axes are DICOM's L, P, S; nothing is flipped or resampled.
Source: the NIfTI-1 and NIfTI-2 headers (nifti.nimh.nih.gov), read by nibabel.
"""

from __future__ import annotations

import math
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.core.extras import require
from nof1.imaging.image import Header
from nof1.imaging.reading.description import Description
from nof1.imaging.reading.limits import Limits
from nof1.imaging.reading.refusal import Unreadable
from nof1.imaging.reading.sniff import GZIP, form

Array = NDArray[Any]
BLOCK = 2**20
HEADER_BYTES = 1024  # more than either header; enough to know the size
MILLIMETRES = {"meter": 1000.0, "micron": 0.001}
KINDS = "iuf"
COPY_AGAIN = "Copy or export the file again."


def describe(content: bytes, sha256: str, limits: Limits) -> Description:
    """Everything about the file but its numbers.

    Raises
    ------
    Unreadable : when it is no NIfTI volume of plain numbers, or too large.
    """
    header = _header(_start(content))
    volumes, shape = _shape(header)
    size = math.prod(shape)
    if size > limits.voxels:
        raise Unreadable(
            f"It asks for {size:,} numbers; the limit is {limits.voxels:,}.",
            "Raise the limit `voxels` if you trust this file.",
        )
    affine, spacing, notes = _place(header)
    if volumes > 1:
        notes = (*notes, f"The file holds {volumes} volumes.")
    return Description(
        kind="nifti",
        sha256=sha256,
        shape=shape,
        header=Header(),
        affine=affine,
        spacing_nd=spacing,
        notes=(*notes, "A NIfTI file does not say what made it, nor in which unit it is."),
    )


def decode(content: bytes) -> tuple[Array, tuple[str, ...]]:
    """The numbers as (slices, rows, columns), or (volumes, slices, rows, columns), scaled.

    Raises
    ------
    Unreadable : when the file is damaged or shorter than it states.
    """
    header = _header(_start(content))
    offset = max(int(header.get_data_offset()), int(header["sizeof_hdr"]) + 4)
    kind = header.get_data_dtype()
    _, shape = _shape(header)
    needed = math.prod(shape) * kind.itemsize
    plain = _plain(content, offset + needed)
    if len(plain) < offset + needed:
        raise Unreadable("It ends before its numbers do.", COPY_AGAIN)
    stored = np.frombuffer(plain, dtype=kind, count=math.prod(shape), offset=offset)
    return _scaled(stored.reshape(shape), header)


def _scaled(stored: Array, header: Any) -> tuple[Array, tuple[str, ...]]:
    slope, intercept = header.get_slope_inter()
    if slope is None or (slope == 1 and not intercept):
        if stored.dtype.kind == "f" or stored.dtype.itemsize > 4:
            return stored.astype(np.float32), ()
        return stored.astype(stored.dtype.newbyteorder("<"), copy=False), ()
    out = np.empty(stored.shape, np.float32)
    for part, whole in zip(stored, out, strict=True):  # one by one: float64 takes much memory,
        whole[:] = part.astype(np.float64) * slope + (intercept or 0.0)  # float32 would round
    return out, ()


def _start(content: bytes) -> bytes:
    """The first bytes of the plain file."""
    return bytes(_plain(content, HEADER_BYTES)[:HEADER_BYTES])


def _plain(content: bytes, needed: int) -> bytes | bytearray:
    """At most the ``needed`` first bytes of the plain file: a bomb beyond them never explodes."""
    if not content.startswith(GZIP):
        return content
    out, rest = bytearray(), memoryview(content)
    inflater = zlib.decompressobj(wbits=31)
    try:
        while len(out) < needed and len(rest):
            out += inflater.decompress(rest[:BLOCK], needed - len(out))
            rest = _rest(inflater, rest)
            if inflater.eof:
                inflater = zlib.decompressobj(wbits=31)
    except zlib.error:
        raise Unreadable("It is a damaged gzip file.", COPY_AGAIN) from None
    return out


def _rest(inflater: Any, rest: memoryview) -> memoryview:
    """What is still to inflate: what was not taken, or what follows the end of one gzip member."""
    taken = len(rest[:BLOCK])
    left = len(inflater.unused_data) if inflater.eof else len(inflater.unconsumed_tail)
    return rest[taken - left :]


def _header(start: bytes) -> Any:
    if form(start) != "nifti":
        raise Unreadable("It is a gzip file that holds no NIfTI volume.", "Unpack it first.")
    nibabel: Any = require("nibabel", "imaging")
    second = start[4:7] in (b"n+2", b"ni2")
    if start[4:8] == b"ni2\0" or start[344:348] == b"ni1\0":
        raise Unreadable("Its numbers are in a second file (.img).", "Save it as one .nii file.")
    kind = nibabel.Nifti2Header if second else nibabel.Nifti1Header
    size = 540 if second else 348
    try:
        return kind(start[:size])
    except Exception:  # nibabel raises several kinds; each means that the header is damaged
        raise Unreadable("Its NIfTI header is damaged.", COPY_AGAIN) from None


def _shape(header: Any) -> tuple[int, tuple[int, ...]]:
    """Number of volumes, and the shape that ``decode`` gives."""
    try:
        shape = tuple(int(n) for n in header.get_data_shape())
        kind = header.get_data_dtype()
    except Exception:
        raise Unreadable("Its NIfTI header is damaged.", COPY_AGAIN) from None
    if kind.kind not in KINDS or kind.itemsize > 8:
        raise Unreadable("Its numbers are colours or complex.", "Save one part as real numbers.")
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    if not 2 <= len(shape) <= 4 or min(shape) < 1:
        raise Unreadable("It has no 2, 3 or 4 axes.", "Save it as one volume.")
    shape = shape if len(shape) > 2 else (*shape, 1)
    return (shape[3] if len(shape) == 4 else 1), shape[::-1]


Affine = tuple[tuple[float, float, float, float], ...]


def _place(header: Any) -> tuple[Affine | None, tuple[float, ...] | None, tuple[str, ...]]:
    """index (slice, row, column) -> mm in L, P, S; the distances; what is doubtful."""
    scale = MILLIMETRES.get(header.get_xyzt_units()[0], 1.0)
    zooms = [float(z) * scale for z in header.get_zooms()[:3]]
    zooms += [1.0] * (3 - len(zooms))
    spacing = (zooms[2], zooms[1], zooms[0])
    if not all(math.isfinite(z) and z > 0 for z in zooms):
        return None, None, ("The file does not say how large a voxel is.",)
    if int(header["sform_code"]) == 0 and int(header["qform_code"]) == 0:
        return None, spacing, ("The file does not say how the patient lies in the picture.",)
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ np.asarray(header.get_best_affine(), float)
    affine[:3] *= scale
    affine = affine[:, [2, 1, 0, 3]]
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-9:
        return None, spacing, ("The file places its voxels in an impossible way.",)
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    rows = tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in affine)
    return rows, tuple(float(v) for v in lengths), _skew(affine[:3, :3] / lengths)


def _skew(axes: Array) -> tuple[str, ...]:
    askew = np.abs(axes.T @ axes - np.eye(3)).max() > 0.01
    return ("The axes of the volume are not at right angles.",) if askew else ()
