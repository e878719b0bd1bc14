"""The bytes of a DICOM file as a pydicom data set, and the part of them before the pixels.

Source: DICOM PS3.5 section 10 and annex A (transfer syntaxes), PS3.10 section 7 (file format).
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from nof1.core.extras import require
from nof1.imaging.reading.refusal import Unreadable

pydicom: Any = require("pydicom", "imaging")
pixels: Any = require("pydicom.pixels", "imaging")
filewriter: Any = require("pydicom.filewriter", "imaging")
uid: Any = require("pydicom.uid", "imaging")

PIXEL_TAGS = (0x7FE00008, 0x7FE00009, 0x7FE00010)
UNDEFINED = 0xFFFFFFFF
EXPORT_PLAIN = "Export it without compression."
MOST_META = 4096
MOST_HEADER = 32 * 2**20
STARTS = (  # start of a codestream -> transfer syntax
    (b"\xff\x4f\xff\x51", "JPEG2000"),
    (b"\xff\xd8\xff\xf7", "JPEGLSNearLossless"),
)
FRAME_MARKS = {
    0xC0: "JPEGBaseline8Bit",
    0xC1: "JPEGExtended12Bit",
    0xC3: "JPEGLossless",
    0xF7: "JPEGLSNearLossless",
}


@dataclass(frozen=True)
class DicomFile:
    """A parsed file: the data set without pixels, its transfer syntax, and where pixels start.

    ``content`` are the bytes with a deflated part inflated; ``start`` is where the pixel element
    begins, None without one.
    """

    content: bytes
    dataset: Any
    syntax: str
    start: int | None
    notes: tuple[str, ...]

    @property
    def header_bytes(self) -> bytes:
        """The file up to its pixels, which pydicom reads as a data set of its own."""
        return self.content[: self.start]


def parse(content: bytes, most: int) -> DicomFile:
    """Read a file's data set up to its pixels; at most ``most`` bytes after inflating.

    Raises
    ------
    Unreadable : when the bytes are no DICOM data set with rows and columns.
    """
    content = _inflated(content, most)
    stream = BytesIO(content)
    dataset = pydicom.dcmread(stream, stop_before_pixels=True, force=True)
    if not len(dataset):
        raise Unreadable("It holds no DICOM data elements.", "Export the file again.")
    start = stream.tell() if _pixels_at(content, stream.tell(), dataset) else None
    syntax, notes = _syntax(dataset, content, start)
    return DicomFile(content, dataset, syntax, start, notes)


def with_pixels(file: DicomFile) -> Any:
    """The whole data set, ready for pydicom's decoders."""
    dataset = pydicom.dcmread(BytesIO(file.content), force=True)
    if not hasattr(dataset, "file_meta"):
        dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = uid.UID(file.syntax)
    return dataset


def is_decodable(syntax: str) -> bool:
    """Whether a decoder for a transfer syntax is installed."""
    try:
        return bool(pixels.get_decoder(uid.UID(syntax)).is_available)
    except RuntimeError:  # pydicom does not know it
        return False


def _inflated(content: bytes, most: int) -> bytes:
    """A deflated file as a plain one: inflated here, because pydicom knows no limit."""
    if content[128:132] != b"DICM":
        return content
    if str(uid.DeflatedExplicitVRLittleEndian).encode() not in content[132:MOST_META]:
        return content
    start = _after_meta(content)
    meta = pydicom.filereader.read_dataset(BytesIO(content[132:start]), False, True)
    if meta.get("TransferSyntaxUID") != uid.DeflatedExplicitVRLittleEndian:
        return content
    try:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        plain = inflater.decompress(content[start:], most)
    except zlib.error:
        raise Unreadable("Its compressed data set is damaged.", "Copy the file again.") from None
    if inflater.unconsumed_tail:
        raise Unreadable(
            f"It grows beyond {most:,} bytes when it is inflated.",
            "If you trust this file, inflate it yourself and read that.",
        )
    if not inflater.eof:
        raise Unreadable("Its compressed data set ends too early.", "Copy the file again.")
    out = BytesIO()
    out.write(content[:132])
    meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    meta = pydicom.dataset.FileMetaDataset(meta)
    filewriter.write_file_meta_info(out, meta, enforce_standard=False)
    return out.getvalue() + plain


def _after_meta(content: bytes) -> int:
    """Where the data set starts: after the group length element and what it counts."""
    tag = struct.unpack_from("<HH2sHI", content, 132)
    if tag[:2] != (0x0002, 0x0000):
        raise Unreadable("Its file header has no length.", "Export the file again.")
    return int(132 + 12 + tag[4])


def _pixels_at(content: bytes, at: int, dataset: Any) -> bool:
    order = "<" if dataset.original_encoding[1] is not False else ">"
    if at + 4 > len(content):
        return False
    group, element = struct.unpack_from(order + "HH", content, at)
    return (group << 16 | element) in PIXEL_TAGS


def _syntax(dataset: Any, content: bytes, start: int | None) -> tuple[str, tuple[str, ...]]:
    """The transfer syntax that is said, or the one that the bytes show where none is said."""
    said = str(getattr(getattr(dataset, "file_meta", None), "TransferSyntaxUID", "") or "")
    if start is None:
        return said, ()
    packed = _encapsulated(content, start, dataset)
    if not said:
        guess = _codestream(content[start : start + 2**16]) if packed else _plain(dataset)
        return guess, (f"The transfer syntax is not stated; read as {uid.UID(guess).name}.",)
    if uid.UID_dictionary.get(said, ("", ""))[1] != "Transfer Syntax":
        # a maker's own syntax may order bytes in a way that nobody else knows
        raise Unreadable("Its transfer syntax is not one of the standard.", EXPORT_PLAIN)
    if packed and not uid.UID(said).is_encapsulated:
        guess = _codestream(content[start : start + 2**16])
        return guess, (f"The transfer syntax contradicts its pixels; {uid.UID(guess).name} read.",)
    if not packed and uid.UID(said).is_encapsulated:
        raise Unreadable(
            "Its pixels are not compressed although its transfer syntax says so.",
            "Export the file again.",
        )
    return said, ()


def _encapsulated(content: bytes, start: int, dataset: Any) -> bool:
    implicit, little = dataset.original_encoding
    order = "<" if little is not False else ">"
    at = start + (4 if implicit else 8)
    if at + 4 > len(content):
        raise Unreadable("It ends where its pixels should start.", "Copy the file again.")
    return bool(struct.unpack_from(order + "I", content, at)[0] == UNDEFINED)


def _plain(dataset: Any) -> str:
    implicit, little = dataset.original_encoding
    if implicit:
        return str(uid.ImplicitVRLittleEndian)
    return str(uid.ExplicitVRLittleEndian if little is not False else uid.ExplicitVRBigEndian)


def _codestream(window: bytes) -> str:
    """The transfer syntax of the first compressed picture, by its own start."""
    for mark, name in STARTS:
        if mark in window:
            return str(getattr(uid, name))
    at = window.find(b"\xff\xd8\xff")
    at += 2
    while 1 < at < len(window) - 4 and window[at] == 0xFF:
        if window[at + 1] in FRAME_MARKS:
            return str(getattr(uid, FRAME_MARKS[window[at + 1]]))
        at += 2 + int.from_bytes(window[at + 2 : at + 4], "big")
    raise Unreadable(
        "It does not say how its pixels are compressed, and they do not show it.",
        "Export the file again with its file header.",
    )
