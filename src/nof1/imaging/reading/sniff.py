"""What a file is, by its first bytes and never by its name."""

from __future__ import annotations

import struct
from typing import Literal

Form = Literal["dicom", "nifti", "gzip", "picture", "other"]
SNIFFED = 352  # bytes that are enough for every mark below
PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"
GZIP = b"\x1f\x8b"
NIFTI_MARKS = {344: (b"n+1\0", b"ni1\0"), 4: (b"n+2\0", b"ni2\0")}
FOREIGN = {
    b"PK\x03\x04": "a zip archive",
    b"PK\x05\x06": "an empty zip archive",
    b"%PDF": "a PDF document",
    b"GIF8": "a GIF picture",
    b"BM": "a BMP picture",
    b"II*\0": "a TIFF picture",
    b"MM\0*": "a TIFF picture",
    b"\x7fELF": "a program",
    b"MZ": "a program",
    b"7z\xbc\xaf": "a 7z archive",
    b"NRRD": "an NRRD volume",
    b"{": "JSON text",
    b"<": "XML or HTML text",
}
FIRST_GROUPS = (0x0002, 0x0004, 0x0008)  # a DICOM data set without preamble starts with these


def form(start: bytes) -> Form:
    """What ``start`` (the first 352 bytes, or all of a shorter file) looks like."""
    if start.startswith((PNG, JPEG)):
        return "picture"
    if start[128:132] == b"DICM":
        return "dicom"
    if start.startswith(GZIP):
        return "gzip"
    if any(start[at : at + 4] in marks for at, marks in NIFTI_MARKS.items()):
        return "nifti"
    return "dicom" if _bare_dicom(start) else "other"


def _bare_dicom(start: bytes) -> bool:
    """A data set without the 128 byte preamble: first tag, then a value type or a small length."""
    if len(start) < 16:
        return False
    for order in ("<", ">"):
        group, element, length = struct.unpack(order + "HHI", start[:8])
        if group in FIRST_GROUPS and element < 0x0100:
            return (start[4:6].isalpha() and start[4:6].isupper()) or length <= 4096
    return False


def words(start: bytes) -> str:
    """What a file that is no picture is, in words."""
    if not start:
        return "an empty file"
    for mark, name in FOREIGN.items():
        if start.startswith(mark):
            return name
    printable = sum(32 <= byte < 127 or byte in b"\t\r\n" for byte in start)
    return "text" if printable == len(start) else "no picture that nof1 knows"
